"""What predict asks for: rows by position, covariates in their place, and what is missing by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.panel import Panel, build_request, future_frame

DAYS = pd.date_range("2024-01-01", periods=20, freq="D")
X = pd.DataFrame({"temp": np.arange(20.0), "rain": np.arange(20.0) ** 2}, DAYS)
Y = pd.Series(np.arange(20.0), DAYS, name="sales")
LEVELS = pd.MultiIndex.from_product([["a", "b"], DAYS], names=["shop", "day"])
WIDE = pd.DataFrame({"temp": np.arange(40.0), "rain": 1.0}, LEVELS)
TARGET = pd.Series(np.arange(40.0), LEVELS, name="sales")
PAST = LEVELS.get_level_values(1) < DAYS[15]

ALONE = Panel.from_data(Y.iloc[:15])
DRIVEN = Panel.from_data(X.iloc[:15], Y.iloc[:15])
SHOPS = Panel.from_data(TARGET[PAST])
DRIVEN_SHOPS = Panel.from_data(WIDE[PAST], TARGET[PAST])
PLAIN = Panel.from_data(X.to_numpy()[:15], Y.to_numpy()[:15])
DRIVEN_BY_ARRAY = Panel.from_data(X.to_numpy()[:15], Y.iloc[:15])
LONG_FRAME = WIDE.assign(y=TARGET).reset_index(names=["unique_id", "ds"])
LONG = Panel.from_data(LONG_FRAME[PAST])
FUTURE, FUTURE_SHOPS = X.iloc[15:], WIDE[~PAST]
FUTURE_LONG = LONG_FRAME[~PAST].drop(columns="y")
NUMBERED = Panel.from_data(pd.Series(np.arange(5.0), range(1900, 1910, 2)))
NUMBERED_SHOPS = Panel.from_data(TARGET[PAST].rename({"a": 1, "b": 2}, level=0))

CASES: dict[str, tuple[Panel, Any, type[Exception], list[str]]] = {
    "horizon 0": (ALONE, 0, ValueError, ["horizon", "at least 1", "received 0", "predict(12)"]),
    "negative horizon": (ALONE, -3, ValueError, ["horizon", "received -3"]),
    "fractional horizon": (ALONE, 2.5, TypeError, ["horizon", "2.5 of type float", "predict(12)"]),
    "whole float": (ALONE, np.float64(2), TypeError, ["horizon", "float"]),
    "truth value": (ALONE, True, TypeError, ["horizon", "bool"]),
    "text": (ALONE, "12", TypeError, ["horizon", "'12' of type str"]),
    "covariates needed": (
        DRIVEN,
        3,
        ValueError,
        ["'temp', 'rain'", "3 future steps", "make_future_frame(3)"],
    ),
    "covariates needed for an index": (
        DRIVEN,
        DAYS[15:17],
        ValueError,
        ["covariates", "make_future_frame(2)"],
    ),
    "missing column": (
        DRIVEN,
        FUTURE[["temp"]],
        ValueError,
        ["yet now missing:\n- rain", "X[['temp', 'rain']]"],
    ),
    "extra column": (
        DRIVEN,
        FUTURE.assign(wind=1.0),
        ValueError,
        ["unseen at fit time:\n- wind", "X[['temp'"],
    ),
    "other order of columns": (
        DRIVEN,
        FUTURE[["rain", "temp"]],
        ValueError,
        ["same order as they were in fit"],
    ),
    "extra column without any": (ALONE, FUTURE, ValueError, ["unseen at fit time:\n- rain\n- temp"]),
    "array too narrow": (
        PLAIN,
        X.to_numpy()[:, :1],
        ValueError,
        ["X has 1 features, but Forecaster is expecting 2"],
    ),
    "array for none": (ALONE, X.to_numpy(), ValueError, ["X has 2 features", "expecting 0"]),
    "frame too narrow": (PLAIN, pd.DataFrame({"temp": [1.0]}, [15]), ValueError, ["X has 1 features"]),
    "one dimension": (PLAIN, np.arange(2.0), ValueError, ["Reshape your data"]),
    "Series of covariates": (DRIVEN, FUTURE["temp"], ValueError, ["Reshape your data", "make_future_frame"]),
    "no rows": (DRIVEN, FUTURE.iloc[:0], ValueError, ["0 sample(s)", "Check"]),
    "no timestamps": (ALONE, DAYS[:0], ValueError, ["0 sample(s)"]),
    "missing future row": (
        DRIVEN,
        FUTURE.drop(DAYS[17]),
        ValueError,
        ["1 missing timestamp: 2024-01-18", "Add"],
    ),
    "missing row of one series": (
        DRIVEN_SHOPS,
        FUTURE_SHOPS.drop(("b", DAYS[16])),
        ValueError,
        ["of series 'b'", "1 missing timestamp: 2024-01-17", "make_future_frame"],
    ),
    "NaN": (DRIVEN, FUTURE.where(FUTURE != 16), ValueError, ["X:", "NaN in column 'temp' at 2024-01-17"]),
    "infinity": (DRIVEN, FUTURE.replace(16, np.inf), ValueError, ["X:", "infinity in column 'temp'"]),
    "NaN in an array": (PLAIN, np.full((2, 2), np.nan), ValueError, ["X:", "NaN"]),
    "frame not filled": (LONG, future_frame(LONG, 2), ValueError, ["NaN in column 'temp'", "of series 'a'"]),
    "text in a column": (DRIVEN, FUTURE.astype(str), TypeError, ["X:", "real numbers"]),
    "series missing": (
        SHOPS,
        TARGET[~PAST].loc[["a"]].index,
        ValueError,
        ["every series", "no row of b", "Add"],
    ),
    "series missing with covariates": (DRIVEN_SHOPS, FUTURE_SHOPS.loc[["b"]], ValueError, ["no row of a"]),
    "series missing in a long frame": (LONG, FUTURE_LONG.iloc[:5], ValueError, ["no row of b"]),
    "unknown series": (
        SHOPS,
        pd.MultiIndex.from_product([["a", "q"], DAYS[15:]]),
        ValueError,
        ["unknown series q"],
    ),
    "series of another type": (
        NUMBERED_SHOPS,
        pd.MultiIndex.from_product([["1", "2"], DAYS[15:]]),
        ValueError,
        ["unknown series 1, 2 of type str", "of type int", "astype"],
    ),
    "unknown series in a long frame": (LONG, FUTURE_LONG.replace("b", "q"), ValueError, ["unknown series q"]),
    "long frame without time": (LONG, FUTURE_LONG.drop(columns="ds"), ValueError, ["unique_id, ds", "'ds'"]),
    "array for a panel": (SHOPS, np.ones((3, 1)), ValueError, ["names the series", "make_future_frame"]),
    "one level for a panel": (DRIVEN_SHOPS, FUTURE, ValueError, ["MultiIndex (series, time)", "1 level"]),
    "two levels for one series": (DRIVEN, FUTURE_SHOPS, ValueError, ["single level", "2 level"]),
    "long frame for one series": (DRIVEN, FUTURE_LONG, ValueError, ["form given to fit", "long frame"]),
    "before the history": (
        ALONE,
        DAYS.shift(-3)[:5],
        ValueError,
        ["at or after 2024-01-01", "2023-12-29", "before"],
    ),
    "between the steps": (
        ALONE,
        DAYS[15:] + pd.Timedelta("1h"),
        ValueError,
        ["no step of the history", "01:00"],
    ),
    "between the numbers": (NUMBERED, pd.Index([1911]), ValueError, ["1911", "no step"]),
    "duplicates": (ALONE, DAYS[[15, 16, 16]], ValueError, ["duplicate timestamps: 2024-01-17", "Keep one"]),
    "NaT": (ALONE, pd.DatetimeIndex(["2024-01-16", None]), ValueError, ["NaT", "Drop"]),
    "periods for dates": (
        ALONE,
        DAYS[15:].to_period("D"),
        TypeError,
        ["timestamps", "PeriodIndex", "future_frame"],
    ),
    "a single timestamp": (ALONE, DAYS[16], TypeError, ["number of steps", "2024-01-17", "pd.Index"]),
    "a list of periods": (ALONE, list(DAYS[16:18].to_period("D")), TypeError, ["number of steps", "Period"]),
    "time zone for none": (ALONE, DAYS[15:].tz_localize("UTC"), TypeError, ["timestamps", "UTC"]),
    "numbers for dates": (DRIVEN, FUTURE.reset_index(drop=True), TypeError, ["int64", "make_future_frame"]),
}


@pytest.mark.parametrize(("panel", "asked", "kind", "words"), CASES.values(), ids=CASES.keys())
def test_bad_request_is_refused_with_help(
    panel: Panel, asked: Any, kind: type[Exception], words: list[str]
) -> None:
    with pytest.raises(kind) as caught:
        build_request(panel, asked, horizon=1)
    for word in words:
        assert word in str(caught.value)


def test_rows_of_the_history_have_the_covariates_that_are_given() -> None:
    changed = build_request(DRIVEN, X.iloc[3:5] + 1.0).history(DRIVEN)
    np.testing.assert_array_equal((changed.x - DRIVEN.x).T, [np.isin(np.arange(15), [3, 4])] * 2)
    assert build_request(DRIVEN, X + 1e-12).history(DRIVEN) is DRIVEN  # rounding changes nothing
    assert build_request(DRIVEN, FUTURE).history(DRIVEN) is DRIVEN
    with pytest.raises(ValueError, match="X: must be free of infinity"):
        build_request(DRIVEN, X.iloc[3:5] + np.inf)
    numbered = Panel.from_data(X.iloc[:15].reset_index(drop=True), Y.iloc[:15].reset_index(drop=True))
    with pytest.raises(ValueError, match=r"same in the history.*at 0\. Number new rows after the history"):
        build_request(numbered, FUTURE.reset_index(drop=True))


def test_gap_is_forecast_through_without_covariates() -> None:
    request = build_request(ALONE, DAYS[[17, 19]], horizon=1)
    assert request.horizon == 5 and request.position.tolist() == [17, 19]
    assert request.future_x.shape == (1, 5, 0)


def test_rows_may_come_in_any_order() -> None:
    shuffled = FUTURE.iloc[[3, 0, 4, 1, 2]]
    request = build_request(DRIVEN, shuffled, horizon=1)
    np.testing.assert_array_equal(request.future_x[0], FUTURE)
    restored = request.restore(shuffled[["temp"]].to_numpy())
    pd.testing.assert_index_equal(restored.index, shuffled.index)
    np.testing.assert_array_equal(restored, shuffled["temp"])


def test_history_and_future_in_one_frame() -> None:
    request = build_request(DRIVEN, X, horizon=1)
    assert request.horizon == 5
    np.testing.assert_array_equal(request.position, np.arange(20))
    np.testing.assert_array_equal(request.future_x[0], FUTURE)


def test_history_alone_needs_no_steps() -> None:
    for asked in (X.iloc[2:5], DAYS[2:5]):
        request = build_request(DRIVEN, asked, horizon=1)
        assert request.horizon == 0 and request.future_x.shape == (1, 0, 2)
        pd.testing.assert_index_equal(request.restore(np.ones((3, 1))).index, DAYS[2:5])


def start(panel: Panel, values: np.ndarray) -> int:
    return int(build_request(panel, values).position[0])


def test_arrays_follow_the_history_unless_they_are_a_stretch_of_it() -> None:
    values = X.to_numpy()
    assert build_request(PLAIN, values[15:]).position.tolist() == list(range(15, 20))
    for first, last in ((0, 15), (0, 14), (6, 9), (14, 15)):
        known = build_request(PLAIN, values[first:last].astype("float32").astype(float))
        assert known.horizon == 0 and known.position.tolist() == list(range(first, last))
    assert start(PLAIN, values[10:20]) == 15  # from the history into the future: no stretch of the history


def test_an_array_of_targets_that_is_the_history_means_it() -> None:
    for alone in (np.arange(5.0), np.array([1.0, 3.0, 1.0, 2.0])):
        assert build_request(Panel.from_data(alone), alone).horizon == 0
    assert start(Panel.from_data(np.ones(5)), np.zeros(5)) == 5


@pytest.mark.parametrize("x", [np.ones((6, 1)), np.tile([[0.0], [1.0]], (3, 1))], ids=["constant", "in turn"])
def test_arrays_of_recurring_rows_follow_with_a_warning(x: np.ndarray) -> None:
    panel = Panel.from_data(x, np.arange(6.0))
    for rows in (x, x[:2], x[:1]):
        with pytest.warns(
            UserWarning, match=r"where rows recur.*set_output\(transform=\"pandas\"\)"
        ) as caught:
            assert start(panel, rows) == 6
        assert len(caught) == 1


@pytest.mark.parametrize(
    "history", [Panel.from_data(X.iloc[:15], Y.iloc[:15]), DRIVEN_BY_ARRAY], ids=["X", "y"]
)
def test_array_asked_of_timestamps_is_a_stretch_of_them_or_refused(history: Panel) -> None:
    values = X.to_numpy()
    known = build_request(history, values[3:8])
    pd.testing.assert_index_equal(known.rows.index, DAYS[3:8], exact=False)
    for rows in (values[15:], values[17:], values[10:17]):
        with pytest.raises(
            ValueError, match=r"anywhere after the history.*set_output\(transform=\"pandas\"\)"
        ):
            build_request(history, rows)
    recurring = Panel.from_data(X.assign(temp=1.0, rain=0.0), Y)
    with pytest.raises(ValueError, match=r"old or new ones.*set_output"):
        build_request(recurring, np.array([[1.0, 0.0]]))


def test_future_frame_of_an_indexed_target_beside_an_array() -> None:
    blank = future_frame(DRIVEN_BY_ARRAY, 3)
    pd.testing.assert_index_equal(blank.index, DAYS[15:18])
    assert blank.columns.tolist() == ["x0", "x1"]
    filled = build_request(DRIVEN_BY_ARRAY, blank.fillna(1.0))
    assert filled.horizon == 3 and filled.future_x.shape == (1, 3, 2)


def test_covariates_are_held_in_a_gap_before_the_first_row() -> None:
    with pytest.warns(
        UserWarning, match="2024-01-16, 2024-01-17 between.*last known covariates are held"
    ) as caught:
        request = build_request(DRIVEN, FUTURE.iloc[2:])
    assert len(caught) == 1
    held = np.vstack([X.iloc[[14, 14]], FUTURE.iloc[2:]])
    np.testing.assert_array_equal(request.future_x[0], held)
    with pytest.warns(UserWarning, match="of series 'b'"):
        other = build_request(DRIVEN_SHOPS, FUTURE_SHOPS.drop(("b", DAYS[15])))
    np.testing.assert_array_equal(other.future_x[1, 0], WIDE.loc[("b", DAYS[14])])
    np.testing.assert_array_equal(other.future_x[0], FUTURE_SHOPS.loc["a"])


def test_series_may_ask_for_different_numbers_of_steps() -> None:
    asked = FUTURE_SHOPS.drop([("b", day) for day in DAYS[17:]])
    request = build_request(DRIVEN_SHOPS, asked, horizon=1)
    assert request.horizon == 5 and len(request.series) == 7
    np.testing.assert_array_equal(request.future_x[0], FUTURE_SHOPS.loc["a"])
    assert np.isfinite(request.future_x[1, :2]).all() and np.isnan(request.future_x[1, 2:]).all()


def test_long_frames_and_indexes_of_a_panel_ask_alike() -> None:
    request = build_request(LONG, FUTURE_LONG, horizon=1)
    other = build_request(DRIVEN_SHOPS, FUTURE_SHOPS, horizon=1)
    np.testing.assert_array_equal(request.future_x, other.future_x)
    np.testing.assert_array_equal(request.position, other.position)
    with_target = build_request(LONG, LONG_FRAME[~PAST], horizon=1)
    np.testing.assert_array_equal(with_target.future_x, other.future_x)


def test_other_time_zone_means_the_same_instants() -> None:
    hours = pd.date_range("2024-03-30", periods=48, freq="h", tz="Europe/Berlin")
    panel = Panel.from_data(pd.Series(1.0, hours[:40]))
    request = build_request(panel, hours[40:].tz_convert("UTC"), horizon=1)
    assert request.position.tolist() == list(range(40, 48))
    assert str(request.restore(np.ones((8, 1))).index.tz) == "UTC"


def test_other_resolution_means_the_same_instants() -> None:
    panel = Panel.from_data(Y.iloc[:15].set_axis(DAYS[:15].as_unit("s")))
    assert build_request(panel, DAYS[15:].as_unit("ns"), horizon=1).position.tolist() == list(range(15, 20))
    with pytest.raises(ValueError, match="no step"):
        build_request(panel, DAYS[15:].as_unit("ns") + pd.Timedelta(1, "ms"), horizon=1)


def test_intervals_are_a_frame_on_the_index() -> None:
    columns = ["NARX", "NARX-lo-80", "NARX-hi-80"]
    frame = build_request(ALONE, 2, horizon=1).restore(np.ones((2, 3)), columns=columns)
    pd.testing.assert_index_equal(frame.index, DAYS[15:17])
    assert frame.columns.tolist() == columns
    plain = build_request(PLAIN, X.to_numpy()[15:], horizon=1).restore(np.ones((5, 3)), columns=columns)
    assert plain.index.tolist() == [15, 16, 17, 18, 19]
