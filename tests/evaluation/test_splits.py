"""RollingOrigin cuts where its equation says, in rows, in panels and inside scikit-learn."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score

from forecast.estimators.baselines.ar import AR
from forecast.evaluation import RollingOrigin


class Last(RegressorMixin, BaseEstimator):
    """Forecasts the training row `back` rows before its end."""

    def __init__(self, back=1):
        self.back = back

    def fit(self, X, y):
        self.value_ = np.asarray(y)[-self.back]
        return self

    def predict(self, X):
        return np.full(len(X), self.value_)


def splits(data, **options):
    return [(train.tolist(), test.tolist()) for train, test in RollingOrigin(**options).split(data)]


@pytest.mark.parametrize("windows, horizon, gap", [(3, 2, 0), (4, 1, 0), (2, 5, 3)])
def test_single_series_equals_time_series_split(windows, horizon, gap):
    rows = pd.Series(np.arange(30.0))
    ours = splits(rows, horizon=horizon, windows=windows, gap=gap)
    theirs = TimeSeriesSplit(windows, test_size=horizon, gap=gap).split(rows)
    assert ours == [(train.tolist(), test.tolist()) for train, test in theirs]


def test_sliding_equals_max_train_size():
    rows = np.arange(30.0)
    theirs = TimeSeriesSplit(3, test_size=4, max_train_size=7).split(rows)
    assert splits(rows, horizon=4, windows=3, window=7) == [(a.tolist(), b.tolist()) for a, b in theirs]


def test_step_moves_the_origin():
    cut = splits(np.arange(10.0), horizon=3, windows=3, step=1)
    assert [test for _, test in cut] == [[5, 6, 7], [6, 7, 8], [7, 8, 9]]
    assert [train[-1] for train, _ in cut] == [4, 5, 6]


def test_partition_tests_every_row_once():
    cut = splits(np.arange(10.0), horizon=2, windows=3, partition=True)
    assert cut[0] == ([0, 1, 2, 3], [0, 1, 2, 3, 4, 5])  # the first window also tests what it trains on
    assert cut[1:] == splits(np.arange(10.0), horizon=2, windows=2)
    for options in ({"gap": 1}, {"step": 1}, {"window": 3}):
        with pytest.raises(ValueError, match=r"partition.*Leave step, gap and window out"):
            splits(pd.Series(np.arange(20.0)), horizon=2, windows=3, partition=True, **options)


def test_get_n_splits_needs_no_data():
    assert RollingOrigin(windows=7).get_n_splits() == 7


def long_panel():
    """Series a has 8 days, b only the last 5, c ends 3 days early; rows of b come first."""
    days = pd.date_range("2024-01-01", periods=8)
    parts = [("b", days[3:]), ("a", days), ("c", days[:5])]
    return pd.concat(
        [pd.DataFrame({"unique_id": name, "ds": ds, "y": 1.0}) for name, ds in parts], ignore_index=True
    )


FORMS = {
    "long": lambda long: long,
    "polars": pl.from_pandas,
    "multiindex": lambda long: long.set_index(["unique_id", "ds"]),
    "multiindex series": lambda long: long.set_index(["unique_id", "ds"])["y"],
}


@pytest.mark.parametrize("form", FORMS)
def test_panels_are_cut_by_time(form):
    long = long_panel()
    for (train, test), days in zip(
        RollingOrigin(horizon=2, windows=2).split(FORMS[form](long)), ((3, 5), (5, 7)), strict=True
    ):
        cutoff = pd.Timestamp("2024-01-01") + pd.Timedelta(days=days[0])
        end = pd.Timestamp("2024-01-01") + pd.Timedelta(days=days[1])
        assert train.tolist() == np.flatnonzero(long["ds"] <= cutoff).tolist()
        assert test.tolist() == np.flatnonzero((long["ds"] > cutoff) & (long["ds"] <= end)).tolist()


def test_align_end_tests_the_last_rows_of_every_series():
    long = pd.DataFrame({"unique_id": ["a"] * 6 + ["b"] * 4, "ds": [*range(6), *range(4)], "y": 0.0})
    (train, test), *_ = RollingOrigin(horizon=2, windows=1, align="end").split(long)
    assert train.tolist() == [0, 1, 2, 3, 6, 7] and test.tolist() == [4, 5, 8, 9]
    (_, by_time), *_ = RollingOrigin(horizon=2, windows=1).split(long)
    assert by_time.tolist() == [4, 5]


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_the_index_class_does_not_matter(zone):
    stamps = pd.date_range("2024-03-30", periods=48, freq="h", tz=zone)
    panel = pd.DataFrame({"y": 0.0}, index=pd.MultiIndex.from_product([["a"], stamps]))
    assert splits(panel, horizon=6, windows=3) == splits(np.zeros(48), horizon=6, windows=3)


def test_rows_are_cut_by_their_time_wherever_they_stand():
    y = pd.Series(np.arange(12.0), pd.date_range("2024", periods=12))
    order = np.random.default_rng(0).permutation(12)
    for data in (y, y.to_frame(), y.set_axis(range(12)), y.set_axis(y.index.to_period("D"))):
        for (train, test), (sorted_train, sorted_test) in zip(
            RollingOrigin(2, windows=3).split(data.iloc[order]),
            RollingOrigin(2, windows=3).split(data),
            strict=True,
        ):
            assert order[train].tolist() == sorted_train.tolist()
            assert order[test].tolist() == sorted_test.tolist()
    long = pd.DataFrame({"unique_id": "a", "ds": y.index, "y": y.array})
    train, test = next(RollingOrigin(2, windows=1).split(long.iloc[order]))
    assert order[train].tolist() == list(range(10)) and order[test].tolist() == [10, 11]


@pytest.mark.parametrize("missing", ["ds", "unique_id"])
@pytest.mark.parametrize("form", FORMS)
def test_a_row_without_its_time_or_series_is_refused(form, missing):
    long = long_panel().astype({"unique_id": object})
    long.loc[4, missing] = None
    with pytest.raises(ValueError, match="known in every row; received a missing value in row 4"):
        splits(FORMS[form](long), horizon=2, windows=2)


def test_times_that_are_missing_in_an_index_or_text_are_refused():
    index = pd.DatetimeIndex([*pd.date_range("2024", periods=11), pd.NaT])
    with pytest.raises(ValueError, match="index: must be known in every row"):
        splits(pd.Series(0.0, index), horizon=2, windows=2)
    with pytest.raises(TypeError, match="ds: must be timestamps.*text such as '2024-01-04'.*to_datetime"):
        splits(long_panel().astype({"ds": str}), horizon=2, windows=2)


def test_gap_before_the_rows_of_an_array_is_refused():
    y = np.sin(np.arange(60.0))
    cv = RollingOrigin(5, windows=2, gap=3)
    with pytest.raises(ValueError, match="X: must be a Series or frame.*there is a gap.*pd.Series"):
        cross_val_score(AR(lags=1), y, cv=cv)
    numbered = cross_val_score(AR(lags=1), pd.Series(y), cv=cv)
    dated = pd.Series(y, pd.date_range("2024", periods=60))
    assert cross_val_score(AR(lags=1), dated, cv=cv) == pytest.approx(numbered)


def test_gap_is_known_from_the_index_of_y():
    noise = np.random.default_rng(0).normal(size=(60, 1))
    y = pd.Series(np.sin(np.arange(60.0)) + noise[:, 0], pd.date_range("2024", periods=60))
    cv = RollingOrigin(5, windows=2, gap=3)
    with pytest.warns(UserWarning, match="the last known covariates are held"):
        by_array = cross_val_score(AR(lags=1), noise, y, cv=cv, error_score="raise")
        framed = cross_val_score(AR(lags=1), pd.DataFrame(noise, y.index), y, cv=cv, error_score="raise")
    assert by_array == pytest.approx(framed)
    by_hand = []
    for train, test in cv.split(y):
        model = AR(lags=1).fit(noise[train], y.iloc[train])
        held = np.r_[np.repeat(noise[train[-1:]], 3, axis=0), noise[test]]
        answer = model.predict(model.make_future_frame(8).assign(x0=held))
        by_hand.append(r2_score(y.iloc[test], answer.iloc[3:]))
    assert by_array == pytest.approx(np.array(by_hand))


def test_inside_scikit_learn():
    y = pd.Series(np.arange(20.0), index=pd.period_range("2020", periods=20, freq="M"))
    X = pd.DataFrame(index=y.index)
    cv = RollingOrigin(horizon=2, windows=3)
    scores = cross_val_score(Last(), X, y, cv=cv, scoring="neg_mean_absolute_error")
    assert scores.tolist() == [-1.5, -1.5, -1.5]
    search = GridSearchCV(Last(), {"back": [1, 3]}, cv=cv, scoring="neg_mean_absolute_error").fit(X, y)
    assert search.best_params_ == {"back": 1}
    assert repr(clone(cv, safe=False)) == repr(cv)


@pytest.mark.parametrize(
    "options, error, words",
    [
        ({"horizon": 0}, ValueError, "horizon: must be a whole number of at least 1; received 0"),
        ({"horizon": 2.0}, TypeError, "horizon: must be a whole number"),
        ({"windows": 0}, ValueError, "windows: must be"),
        ({"step": 0}, ValueError, "step: must be"),
        ({"gap": -1}, ValueError, "gap: must be a whole number of at least 0; received -1"),
        ({"window": "sliding"}, ValueError, "window: must be one of 'expanding'"),
        ({"window": 0}, ValueError, "window: must be"),
        ({"align": "start"}, ValueError, "align: must be one of 'time', 'end'"),
        ({"horizon": 3, "windows": 4}, ValueError, "which need 13 steps. Pass fewer windows"),
        ({"horizon": 3, "windows": 2, "gap": 4}, ValueError, "which need 11 steps"),
        ({"horizon": 3, "windows": 2, "window": 5}, ValueError, "which need 11 steps"),
    ],
)
def test_bad_arguments(options, error, words):
    with pytest.raises(error, match=words.replace("(", r"\(")):
        splits(pd.Series(np.arange(10.0)), **options)


@pytest.mark.parametrize("library", [pd.DataFrame, pl.from_pandas])
def test_names_of_a_long_frame_in_a_search(library):
    long = pd.DataFrame(
        {"unique_id": ["b"] * 30 + ["a"] * 30, "ds": [*pd.date_range("2024-01-01", periods=30)] * 2}
    )
    long["y"] = np.sin(np.arange(60.0)) + np.random.default_rng(0).normal(size=60)
    mine = library(long.rename(columns={"unique_id": "store", "ds": "date", "y": "sales"}))
    cuts = RollingOrigin(3, windows=2, series="store", time="date")
    for found, expected in zip(cuts.split(mine), RollingOrigin(3, windows=2).split(long), strict=True):
        for part in (0, 1):
            np.testing.assert_array_equal(found[part], expected[part])
    grid = {"lags": [1, 2]}
    search = GridSearchCV(AR(), grid, cv=cuts, error_score="raise")
    search.fit(mine, series="store", time="date", target="sales")
    plain = GridSearchCV(AR(), grid, cv=RollingOrigin(3, windows=2), error_score="raise").fit(long)
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"])
    assert list(search.predict(3).columns) == ["store", "date", "AR"]
    with pytest.raises(ValueError, match="series: must be a column of the frame"):
        next(RollingOrigin(3, series="shop", time="date").split(mine))


@pytest.mark.parametrize("rows", [slice(None), slice(3, None)])
def test_rows_of_a_frame_whose_times_are_not_named_are_not_taken_for_steps(rows):
    dates = np.tile(pd.date_range("2024", periods=9), 2)
    frame = pd.DataFrame({"shop": np.repeat(["a", "b"], 9), "date": dates, "sales": 1.0})
    with pytest.raises(ValueError, match="series='shop', time='date'"):
        next(RollingOrigin(2, windows=1).split(frame[rows]))
