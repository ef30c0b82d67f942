"""What goes in comes back: type, index class, frequency, time zone, names; history and forecast alike."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import polars.testing
import pytest

from forecast.panel import Panel, build_request, extend_panel, future_frame, panel_from_state, panel_state

ROWS, AHEAD = 30, 5
TOTAL = ROWS + AHEAD
VALUES = np.arange(TOTAL) + 0.5
CUSTOM = pd.offsets.CustomBusinessDay(holidays=["2024-03-29", "2024-04-01"])


def dates(freq: Any, start: str = "2024-01-01", tz: str | None = None) -> pd.DatetimeIndex:
    return pd.date_range(start, periods=TOTAL, freq=freq, tz=tz, name="when")


def unset(index: pd.DatetimeIndex) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(list(index), name=index.name)


INDEXES = {
    "default range": pd.RangeIndex(TOTAL),
    "range from 7 by 3": pd.RangeIndex(7, 7 + 3 * TOTAL, 3, name="n"),
    "integers": pd.Index(np.arange(1700, 1700 + TOTAL), name="year"),
    "integers of 32 bits by 10": pd.Index(np.arange(0, 10 * TOTAL, 10, dtype="int32")),
    "period M": pd.period_range("2020-01", periods=TOTAL, freq="M", name="month"),
    "period Q": pd.period_range("2020Q1", periods=TOTAL, freq="Q"),
    "period Q-NOV": pd.period_range("2020Q1", periods=TOTAL, freq="Q-NOV"),
    "period Y": pd.period_range("1900", periods=TOTAL, freq="Y"),
    "period W": pd.period_range("2024-01-01", periods=TOTAL, freq="W"),
    "period 2M": pd.period_range("2020-01", periods=TOTAL, freq="2M"),
    "days": dates("D"),
    "weeks": dates("W-WED"),
    "two weeks": dates("2W"),
    "month start": dates("MS"),
    "month end": dates("ME", "2020-01-31"),
    "two months": dates("2MS"),
    "quarter end": dates("QE-DEC"),
    "year start": dates("YS"),
    "business days": dates("B", "2024-03-01"),
    "business days of a calendar": dates(CUSTOM, "2024-02-26"),
    "business month end": dates("BME"),
    "half hours": dates("30min"),
    "two hours from 01:17": dates("2h", "2024-01-01 01:17"),
    "milliseconds": dates("250ms"),
    "seconds, other resolution": dates("s").as_unit("s"),
    "15th of each month": dates(pd.DateOffset(months=1), "2024-01-15"),
    "daily unset": unset(dates("D")),
    "weekly unset": unset(dates("W-WED")),
    "month start unset": unset(dates("MS")),
    "month end unset": unset(dates("ME")),
    "quarterly unset": unset(dates("QS")),
    "business days unset": unset(dates("B")),
    "hourly unset": unset(dates("h")),
    "hours into summer time": dates("h", "2024-03-30 00:00", "Europe/Berlin"),
    "hours out of summer time": dates("h", "2024-10-26 00:00", "Europe/Berlin"),
    "hours into summer time unset": unset(dates("h", "2024-03-30 00:00", "Europe/Berlin")),
    "days into summer time": dates("D", "2024-03-10", "Europe/Berlin"),
    "days out of summer time unset": unset(dates("D", "2024-10-01", "America/New_York")),
    "days forecast into summer time": dates("D", "2024-03-01", "Europe/Berlin"),
    "weeks across summer time": dates("W-SUN", "2024-01-01 12:00", "Europe/Berlin"),
    "months in a time zone": dates("MS", tz="Asia/Kolkata"),
    "business days in a time zone": dates("B", "2024-03-01", "America/New_York"),
    "utc": dates("h", tz="UTC"),
}


def series(index: pd.Index, name: Any = "sales") -> pd.Series:
    return pd.Series(VALUES, index=index, name=name)


def frame(index: pd.Index) -> pd.DataFrame:
    return pd.DataFrame({"a": VALUES, "b": -VALUES}, index=index)


def forecast_of(panel: Panel, steps: int, values: np.ndarray, **words: Any) -> Any:
    return build_request(panel, steps, horizon=1).restore(values, **words)


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES.keys())
def test_series_comes_back_and_continues(index: pd.Index) -> None:
    y = series(index)
    panel = Panel.from_data(y.iloc[:ROWS])
    none, back = panel.to_user()
    assert none is None
    pd.testing.assert_series_equal(back, y.iloc[:ROWS], check_freq=True)
    assert type(back.index) is type(y.iloc[:ROWS].index)
    continued = forecast_of(panel, AHEAD, VALUES[ROWS:, None])
    pd.testing.assert_series_equal(continued, y.iloc[ROWS:], check_freq=True)
    assert type(continued.index) is type(y.iloc[ROWS:].index)


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES.keys())
def test_frame_of_targets_comes_back_and_continues(index: pd.Index) -> None:
    y = frame(index)
    panel = Panel.from_data(y.iloc[:ROWS])
    assert panel.n_targets == 2 and panel.n_exog == 0
    pd.testing.assert_frame_equal(panel.to_user()[1], y.iloc[:ROWS], check_freq=True)
    pd.testing.assert_frame_equal(forecast_of(panel, AHEAD, y.iloc[ROWS:].to_numpy()), y.iloc[ROWS:])


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES.keys())
def test_covariates_come_back_and_ask_for_their_rows(index: pd.Index) -> None:
    X, y = frame(index), series(index)
    panel = Panel.from_data(X.iloc[:ROWS], y.iloc[:ROWS])
    back_x, back_y = panel.to_user()
    pd.testing.assert_frame_equal(back_x, X.iloc[:ROWS], check_freq=True)
    pd.testing.assert_series_equal(back_y, y.iloc[:ROWS], check_freq=True)
    request = build_request(panel, X.iloc[ROWS:], horizon=1)
    assert request.horizon == AHEAD
    np.testing.assert_array_equal(request.future_x[0], X.iloc[ROWS:].to_numpy())
    pd.testing.assert_series_equal(request.restore(VALUES[ROWS:, None]), y.iloc[ROWS:], check_freq=True)
    blank = future_frame(panel, AHEAD)
    pd.testing.assert_index_equal(blank.index, X.index[ROWS:], exact=True)
    assert blank.columns.tolist() == ["a", "b"] and blank.isna().all(axis=None)


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES.keys())
def test_state_and_pickle_make_the_same_panel(index: pd.Index) -> None:
    y = series(index)
    panel = Panel.from_data(y.iloc[:ROWS])
    expected = forecast_of(panel, AHEAD, VALUES[ROWS:, None])
    copies = [pickle.loads(pickle.dumps(panel)), copy.deepcopy(panel)]
    if "DateOffset" not in str(getattr(index, "freq", "")):
        copies.append(panel_from_state(*panel_state(panel)))
    for other in copies:
        pd.testing.assert_series_equal(other.to_user()[1], y.iloc[:ROWS], check_freq=True)
        pd.testing.assert_series_equal(forecast_of(other, AHEAD, VALUES[ROWS:, None]), expected)


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES.keys())
def test_slices_and_extensions_keep_time(index: pd.Index) -> None:
    y = series(index)
    whole = Panel.from_data(y)
    pd.testing.assert_series_equal(whole.head(ROWS).to_user()[1], y.iloc[:ROWS])
    pd.testing.assert_series_equal(whole.head(drop=AHEAD).to_user()[1], y.iloc[:ROWS])
    pd.testing.assert_series_equal(whole.slice(3, -4).to_user()[1], y.iloc[3:-4])
    new = Panel.from_data(y.iloc[ROWS:], like=whole)
    pd.testing.assert_series_equal(extend_panel(whole.head(ROWS), new).to_user()[1], y)
    one = Panel.from_data(y.iloc[ROWS : ROWS + 1], like=whole)
    pd.testing.assert_series_equal(extend_panel(whole.head(ROWS), one).to_user()[1], y.iloc[: ROWS + 1])


def test_arrays_come_back_as_arrays() -> None:
    flat, table = VALUES[:ROWS], np.column_stack([VALUES, -VALUES])[:ROWS]
    for data, width in ((flat, 1), (table, 2), (flat.tolist(), 1)):
        panel = Panel.from_data(data)
        _, back = panel.to_user()
        np.testing.assert_array_equal(back, data)
        ahead = forecast_of(panel, 2, np.ones((2, width)))
        assert type(ahead) is np.ndarray and ahead.shape == (2, *np.shape(data)[1:])
    back_x, back_y = Panel.from_data(table, flat).to_user()
    np.testing.assert_array_equal(back_x, table)
    np.testing.assert_array_equal(back_y, flat)
    column = Panel.from_data(table, flat[:, None])
    assert build_request(column, table[1:], horizon=1).restore(np.ones((ROWS - 1, 1))).shape == (ROWS - 1, 1)
    assert future_frame(column, 3).shape == (3, 2)


def test_array_of_covariates_keeps_the_index_of_y() -> None:
    y = series(INDEXES["month start"])
    x = np.column_stack([VALUES, VALUES])
    panel = Panel.from_data(x[:ROWS], y.iloc[:ROWS])
    ahead = pd.DataFrame(x[ROWS:], y.index[ROWS:])
    restored = build_request(panel, ahead, horizon=1).restore(VALUES[ROWS:, None])
    pd.testing.assert_series_equal(restored, y.iloc[ROWS:])


def test_array_of_targets_on_a_frame_is_an_array_again() -> None:
    X = frame(INDEXES["days"])
    panel = Panel.from_data(X.iloc[:ROWS], VALUES[:ROWS])
    restored = build_request(panel, X.iloc[ROWS:], horizon=1).restore(VALUES[ROWS:, None])
    assert type(restored) is np.ndarray
    pd.testing.assert_index_equal(panel.index(0), X.index[:ROWS])


def test_frame_without_columns_is_the_timeline() -> None:
    y = series(INDEXES["period M"])
    X = pd.DataFrame(index=y.index)
    panel = Panel.from_data(X.iloc[:ROWS], y.iloc[:ROWS])
    assert panel.n_exog == 0
    pd.testing.assert_frame_equal(panel.to_user()[0], X.iloc[:ROWS])
    restored = build_request(panel, X.iloc[ROWS:], horizon=1).restore(VALUES[ROWS:, None])
    pd.testing.assert_series_equal(restored, y.iloc[ROWS:])


# ---------------------------------------------------------------------- panels


def ragged(freq: str = "MS", kind: str = "dates") -> pd.Series:
    """Series a, b, c of 12, 5 and 8 months, not starting together."""
    parts = []
    for name, start, count in (("a", "2023-01-01", 12), ("c", "2023-06-01", 5), ("b", "2022-11-01", 8)):
        index = pd.date_range(start, periods=count, freq=freq)
        index = index.to_period("M") if kind == "periods" else index
        level = pd.MultiIndex.from_product([[name], index], names=["shop", "month"])
        parts.append(pd.Series(np.arange(count) + 0.25, index=level, name="sales"))
    return pd.concat(parts)


@pytest.mark.parametrize("kind", ["dates", "periods"])
def test_multiindex_comes_back_and_continues(kind: str) -> None:
    y = ragged(kind=kind)
    panel = Panel.from_data(y)
    assert panel.lengths.tolist() == [12, 5, 8] and panel.ids.tolist() == ["a", "c", "b"]
    pd.testing.assert_series_equal(panel.to_user()[1], y)
    ahead = forecast_of(panel, 2, np.arange(6.0)[:, None])
    assert ahead.name == "sales" and ahead.index.names == ["shop", "month"]
    assert [str(stamp)[:7] for stamp in ahead.loc["c"].index] == ["2023-11", "2023-12"]
    short = panel.slice(0, panel.lengths - 2)
    tail = build_request(short, y.groupby(level=0, sort=False).tail(2).index, horizon=1)
    np.testing.assert_array_equal(tail.position, [10, 11, 3, 4, 6, 7])
    pd.testing.assert_series_equal(extend_panel(short, panel.slice(panel.lengths - 2)).to_user()[1], y)


def test_rows_in_any_order_of_series_come_back_in_that_order() -> None:
    y = ragged().sort_index(level="month", kind="stable")
    panel = Panel.from_data(y)
    assert panel.order is not None
    for i, name in enumerate(panel.ids):
        rows = panel.y[panel.offsets[i] : panel.offsets[i + 1], 0]
        np.testing.assert_array_equal(rows, y.loc[name])
    pd.testing.assert_series_equal(panel.to_user()[1], y)
    kept = y.groupby(level=0, sort=False).cumcount() < 4
    pd.testing.assert_series_equal(panel.head(4).to_user()[1], y[kept.to_numpy()])
    np.testing.assert_array_equal(panel.user_rows(panel.panel_rows(y.to_numpy())), y)
    grown = extend_panel(panel.head(4), panel.slice(4))
    np.testing.assert_array_equal(grown.y, panel.y)


def test_multiindex_frames_joint_and_wide() -> None:
    y = ragged()
    joint = pd.DataFrame({"price": 2.0 * y, "y": y, "promo": 0.0})
    panel = Panel.from_data(joint)
    assert panel.layout.target_names == ["y"] and panel.layout.exog_names == ["price", "promo"]
    pd.testing.assert_frame_equal(panel.to_user()[1], joint)
    blank = future_frame(panel, 2)
    assert blank.columns.tolist() == ["price", "promo"] and len(blank) == 6
    request = build_request(panel, blank.fillna(1.0), horizon=1)
    assert request.future_x.shape == (3, 2, 2)
    assert request.restore(np.ones((6, 1))).columns.tolist() == ["y"]
    wide = joint.drop(columns="y")
    assert Panel.from_data(wide).n_targets == 2
    pd.testing.assert_frame_equal(Panel.from_data(wide).to_user()[1], wide)
    X, target = Panel.from_data(wide, y).to_user()
    pd.testing.assert_frame_equal(X, wide)
    pd.testing.assert_series_equal(target, y)


def long_frame(order: str = "series") -> pd.DataFrame:
    y = ragged().rename_axis(["unique_id", "ds"]).rename("y").reset_index()
    y = y.assign(price=2.0 * y["y"])[["ds", "unique_id", "price", "y"]]
    return y if order == "series" else y.sort_values("ds", kind="stable", ignore_index=True)


@pytest.mark.parametrize("order", ["series", "time"])
def test_long_frame_comes_back_and_continues(order: str) -> None:
    long = long_frame(order)
    panel = Panel.from_data(long)
    pd.testing.assert_frame_equal(panel.to_user()[1], long)
    future = future_frame(panel, 2)
    assert future.columns.tolist() == ["unique_id", "ds", "price"] and future["price"].isna().all()
    request = build_request(panel, future.assign(price=1.0), horizon=1)
    answer = request.restore(np.arange(6.0)[:, None], name="NARX")
    assert answer.columns.tolist() == ["unique_id", "ds", "NARX"]
    assert answer["ds"].dtype == long["ds"].dtype and answer["unique_id"].dtype == long["unique_id"].dtype
    intervals = request.restore(np.ones((6, 2)), columns=["NARX", "NARX-lo-80"], name="NARX")
    assert intervals.columns.tolist() == ["unique_id", "ds", "NARX", "NARX-lo-80"]
    other = panel_from_state(*panel_state(panel))
    pd.testing.assert_frame_equal(other.to_user()[1], long)


POLARS_TIMES = {
    "date": lambda c: c.cast(pl.Date),
    "datetime ms": lambda c: c.cast(pl.Datetime("ms")),
    "datetime us": lambda c: c.cast(pl.Datetime("us")),
    "datetime ns": lambda c: c.cast(pl.Datetime("ns")),
    "time zone": lambda c: c.cast(pl.Datetime("us")).dt.replace_time_zone("Europe/Berlin"),
    "number": lambda c: c.dt.year() * 12 + c.dt.month(),
}


@pytest.mark.parametrize("order", ["series", "time"])
@pytest.mark.parametrize("convert", POLARS_TIMES.values(), ids=POLARS_TIMES.keys())
def test_long_polars_frame_comes_back_and_continues(convert: Any, order: str) -> None:
    pandas = long_frame(order)
    columns = {name: pandas[name].to_numpy() for name in ("ds", "price", "y")}
    long = pl.DataFrame({**columns, "unique_id": pandas["unique_id"].tolist()})
    long = long.with_columns(convert(pl.col("ds"))).select(pandas.columns.tolist())
    panel = Panel.from_data(long)
    pl.testing.assert_frame_equal(panel.to_user()[1], long)
    future = future_frame(panel, 2)
    assert isinstance(future, pl.DataFrame) and future.columns == ["unique_id", "ds", "price"]
    assert future.schema["ds"] == long.schema["ds"]
    answer = build_request(panel, future.with_columns(price=1.0), horizon=1).restore(
        np.ones((6, 1)), name="AR"
    )
    assert answer.schema["unique_id"] == pl.String and answer.columns == ["unique_id", "ds", "AR"]
    pl.testing.assert_frame_equal(answer.select("unique_id", "ds"), future.select("unique_id", "ds"))
    pl.testing.assert_frame_equal(panel_from_state(*panel_state(panel)).to_user()[1], long)


def test_long_frame_with_categories_and_integer_labels() -> None:
    for ids in (pd.Categorical(["x", "x", "w", "w"], categories=["w", "x", "z"]), [3, 3, 1, 1]):
        long = pd.DataFrame({"unique_id": ids, "ds": [1, 2, 1, 2], "y": [1.0, 2.0, 3.0, 4.0]})
        for panel in (Panel.from_data(long), panel_from_state(*panel_state(Panel.from_data(long)))):
            pd.testing.assert_frame_equal(panel.to_user()[1], long, check_categorical=False)
            assert build_request(panel, 1, horizon=1).restore(np.ones((2, 1)), name="m")["ds"].tolist() == [
                3,
                3,
            ]


def test_types_of_numbers() -> None:
    assert Panel.from_data(VALUES.astype("float32")).y.dtype == np.float32
    assert Panel.from_data(pd.Series(VALUES, dtype="float32")).y.dtype == np.float32
    assert Panel.from_data(np.arange(5)).y.dtype == np.float64
    assert Panel.from_data(np.arange(5.0).astype("float16")).y.dtype == np.float64
    for kind in ("Float64", "Int64", "boolean", "object", "bool"):
        assert Panel.from_data(pd.Series([1, 0, 1], dtype=kind)).y[:, 0].tolist() == [1.0, 0.0, 1.0]
    missing = pd.Series([1, None, 3], dtype="Int64")
    assert np.isnan(Panel.from_data(missing, allow_missing=True).y[1, 0])
    narrow = Panel.from_data(pd.DataFrame({"a": [1, 2]}, dtype="float32"), pd.Series([1.0, 2.0]))
    assert (narrow.x.dtype, narrow.y.dtype) == (np.float32, np.float64)


def test_unnamed_series_stays_unnamed() -> None:
    panel = Panel.from_data(series(INDEXES["days"], name=None))
    assert panel.layout.target_names == ["y"]
    assert panel.to_user()[1].name is None
    assert forecast_of(panel, 1, np.ones((1, 1))).name is None


def test_two_timestamps_continue_once_a_frequency_is_lent() -> None:
    y = series(INDEXES["business days unset"])
    pair = Panel.from_data(y.iloc[9:11])  # Friday and Monday
    pd.testing.assert_series_equal(pair.to_user()[1], y.iloc[9:11])
    pd.testing.assert_series_equal(pair.slice(1).to_user()[1], y.iloc[10:11])
    pd.testing.assert_series_equal(panel_from_state(*panel_state(pair)).to_user()[1], y.iloc[9:11])
    with pytest.raises(ValueError, match=r"at least three.*asfreq"):
        build_request(pair, 1, horizon=1)
    history = Panel.from_data(y.iloc[:9])
    pd.testing.assert_series_equal(extend_panel(history, pair).to_user()[1], y.iloc[:11])
    longer = extend_panel(pair, Panel.from_data(y.iloc[11:25]))
    pd.testing.assert_index_equal(
        build_request(longer, 2, horizon=1).restore(np.ones((2, 1))).index, y.index[25:27]
    )


@pytest.mark.parametrize(
    ("freq", "season"),
    [("YS", 1), ("QE", 4), ("MS", 12), ("W-WED", 52), ("B", 5), ("D", 7), ("h", 24), ("30min", 48)]
    + [("15min", 96), ("min", 60), ("2MS", 6), ("s", 60)],
)
def test_season_follows_from_the_frequency(freq: str, season: int) -> None:
    assert Panel.from_data(series(dates(freq))).season_length == season
    assert Panel.from_data(series(unset(dates(freq)))).season_length == season


def test_season_without_a_clock_is_one() -> None:
    assert Panel.from_data(VALUES).season_length == 1
    assert Panel.from_data(series(INDEXES["period Q"])).season_length == 4


def test_rows_of_the_history_are_asked_for_by_position() -> None:
    y = series(INDEXES["days"])
    panel = Panel.from_data(y.iloc[:ROWS])
    request = build_request(panel, y.index[[2, ROWS + 1, 5]], horizon=1)
    assert request.position.tolist() == [2, ROWS + 1, 5] and request.horizon == 2
    assert build_request(panel, y.index[:3], horizon=1).horizon == 0
    assert build_request(panel, y.iloc[3:6], horizon=1).position.tolist() == [3, 4, 5]
    assert build_request(panel, None, horizon=4).position.tolist() == [30, 31, 32, 33]


def test_a_bare_index_means_all_series() -> None:
    y = ragged()
    panel = Panel.from_data(y)
    request = build_request(panel, pd.date_range("2024-01-01", periods=2, freq="MS"), horizon=1)
    assert request.horizon == 8 and request.position.tolist() == [12, 13, 7, 8, 14, 15]
    assert request.restore(np.ones((6, 1))).index.names == ["shop", "month"]
