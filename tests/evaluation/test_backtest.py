"""A backtest shows models what was known at each cutoff, no more, and returns their forecasts in place."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from joblib import parallel_config
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from forecast import AR, Drift, Naive, SeasonalNaive
from forecast.evaluation import RollingOrigin, backtest, coverage, leaderboard, mae

HORIZON, WINDOWS = 3, 2
LENGTH = 24


def values(length=LENGTH, seed=0):
    return np.random.default_rng(seed).normal(size=length).cumsum()


INDEXES = {
    "period": pd.period_range("2020-01", periods=LENGTH, freq="M"),
    "month start": pd.date_range("2020-01", periods=LENGTH, freq="MS"),
    "no freq": pd.DatetimeIndex(pd.date_range("2020-01", periods=LENGTH).to_numpy()),
    "business days": pd.date_range("2020-01-01", periods=LENGTH, freq="B"),
    "zone, DST": pd.date_range("2024-03-30 12:00", periods=LENGTH, freq="h", tz="Europe/Berlin"),
    "integer": pd.Index(range(10, 10 + 2 * LENGTH, 2)),
    "range": pd.RangeIndex(LENGTH),
}


@pytest.mark.parametrize("refit", [True, False, 2])
@pytest.mark.parametrize("gap", [0, 2])
@pytest.mark.parametrize("index", INDEXES)
def test_single_series_keeps_the_type_of_its_index(index, gap, refit):
    y = pd.Series(values(), index=INDEXES[index], name="sales")
    frame = backtest(Naive(), y, horizon=HORIZON, windows=WINDOWS, gap=gap, refit=refit)
    assert list(frame.columns) == ["unique_id", "ds", "cutoff", "y", "Naive"]
    assert frame["ds"].dtype == frame["cutoff"].dtype == y.index.dtype
    assert pd.Index(frame["ds"]).equals(y.index[-6:]) and set(frame["unique_id"]) == {"sales"}
    assert frame["y"].tolist() == y.iloc[-6:].tolist()
    assert pd.Index(frame["cutoff"]).equals(y.index[[-7] * 3 + [-4] * 3])
    assert frame["Naive"].tolist() == y.iloc[[-7 - gap] * 3 + [-4 - gap] * 3].tolist()


def long_panel(covariate=False):
    """a and b have 24 days, c begins 5 days before the end, d ends one row into the last window."""
    days = pd.date_range("2024-01-01", periods=LENGTH)
    spans = {"a": days, "b": days, "c": days[-5:], "d": days[:-2]}
    parts = [
        pd.DataFrame({"unique_id": name, "ds": span, "y": values(len(span), seed)})
        for seed, (name, span) in enumerate(spans.items())
    ]
    long = pd.concat(parts, ignore_index=True)
    return long.assign(x=values(len(long), 9)) if covariate else long


def expected_naive(long, gap=0):
    """Rows that can be tested and the last known value of each, straight from the definition."""
    days = np.sort(long["ds"].unique())
    rows = []
    for name, part in long.groupby("unique_id"):
        part = part.set_index("ds")
        for origin in (len(days) - 7, len(days) - 4):
            known = part.loc[: days[origin - gap], "y"]
            for day in days[origin + 1 : origin + 4]:
                if len(known) and day in part.index:
                    rows.append((name, day, days[origin], part.loc[day, "y"], known.iloc[-1]))
    return pd.DataFrame(rows, columns=["unique_id", "ds", "cutoff", "y", "Naive"])


FORMS = {
    "long": lambda long: (long, None),
    "polars": lambda long: (pl.from_pandas(long), None),
    "shuffled by time": lambda long: (
        long.iloc[::-1].sort_values("ds", kind="stable").reset_index(drop=True),
        None,
    ),
    "multiindex": lambda long: (long.set_index(["unique_id", "ds"]), None),
    "multiindex series": lambda long: (long.set_index(["unique_id", "ds"])["y"], None),
    "X and y": lambda long: (
        long.set_index(["unique_id", "ds"])["y"],
        long.set_index(["unique_id", "ds"]).drop(columns="y"),
    ),
}


@pytest.mark.parametrize("covariate", [False, True])
@pytest.mark.parametrize("gap", [0, 2])
@pytest.mark.parametrize("form", FORMS)
def test_panels_in_every_form(form, gap, covariate):
    long = long_panel(covariate)
    y, X = FORMS[form](long)
    frame = backtest(Naive(), y, X, horizon=HORIZON, windows=WINDOWS, gap=gap)
    frame = frame.sort_values(["unique_id", "ds"], ignore_index=True)
    pd.testing.assert_frame_equal(frame, expected_naive(long, gap), check_dtype=False)


@pytest.mark.parametrize("form", FORMS)
def test_update_between_refits_serves_the_series_it_learned(form):
    long = long_panel(covariate=True)
    y, X = FORMS[form](long)
    frame = backtest(Naive(), y, X, horizon=HORIZON, windows=WINDOWS, refit=False)
    frame = frame.sort_values(["unique_id", "ds"], ignore_index=True)
    expected = expected_naive(long)
    expected = expected[expected["unique_id"] != "c"].reset_index(drop=True)  # c began after the first window
    pd.testing.assert_frame_equal(frame, expected, check_dtype=False)


def test_align_end_tests_series_of_different_length():
    long = pd.DataFrame({"unique_id": ["a"] * 12 + ["b"] * 9, "ds": [*range(12), *range(9)], "y": range(21)})
    frame = backtest(Naive(), long, horizon=2, windows=2, align="end")
    assert frame["ds"].tolist() == [8, 9, 10, 11, 5, 6, 7, 8]
    assert frame["cutoff"].tolist() == [7, 7, 9, 9, 4, 4, 6, 6]
    assert frame["Naive"].tolist() == [7, 7, 9, 9, 16, 16, 18, 18]
    with pytest.warns(UserWarning, match="align: 1 of 2 series have no row after the first cutoff"):
        backtest(Naive(), long, horizon=1, windows=2)


def test_several_targets_become_series():
    wide = pd.DataFrame({"up": np.arange(10.0), "down": -np.arange(10.0)}, index=INDEXES["period"][:10])
    frame = backtest(Drift(), wide, horizon=2, windows=2)
    assert frame["unique_id"].tolist() == ["up"] * 4 + ["down"] * 4
    np.testing.assert_allclose(frame["Drift"], frame["y"])
    panel = pd.concat({"a": wide, "b": 2 * wide}, names=["unique_id", "ds"])
    frame = backtest(Drift(), panel, horizon=2, windows=2)
    assert frame["unique_id"].unique().tolist() == ["a/up", "a/down", "b/up", "b/down"]
    np.testing.assert_allclose(frame["Drift"], frame["y"])


@pytest.mark.parametrize("array", [False, True])
@pytest.mark.parametrize("refit", [True, False])
def test_covariates_of_the_forecast_rows_are_known(array, refit):
    x = values(60, 1)
    X = pd.DataFrame({"x": x}, index=pd.period_range("2020", periods=60, freq="M"))
    y = pd.Series(3.0 * x + 1.0, index=X.index)
    arguments = (y.to_numpy(), X.to_numpy()) if array else (y, X)
    models = {"regression": AR(lags=[1], exog_lags=[0])}
    frame = backtest(models, *arguments, horizon=4, windows=3, refit=refit)
    np.testing.assert_allclose(frame["regression"], frame["y"], atol=1e-6)


class Spy(RegressorMixin, BaseEstimator):
    """Forecasts zeros and writes down, in a list that clones share, what it was shown."""

    diary: list = []

    def fit(self, X, y=None):
        self.diary.append(("fit", X.copy(), None if y is None else y.copy()))
        return self

    def update(self, X, y=None):
        self.diary.append(("update", X.copy(), None if y is None else y.copy()))
        return self

    def predict(self, X):
        self.diary.append(("predict", X if isinstance(X, int) else X.copy(), None))
        return np.zeros(X if isinstance(X, int) else len(X))


@pytest.fixture
def diary():
    Spy.diary.clear()
    return Spy.diary


@pytest.mark.parametrize("gap", [0, 3])
@pytest.mark.parametrize("window", ["expanding", 6])
@pytest.mark.parametrize("refit", [True, False, 2])
def test_nothing_after_the_cutoff_reaches_a_model(diary, refit, window, gap):
    days = pd.period_range("2024-01-01", periods=LENGTH, freq="D")
    X = pd.DataFrame({"x": np.arange(LENGTH)}, index=days)
    y = pd.Series(np.arange(LENGTH), index=days)
    backtest(Spy(), y, X, horizon=2, windows=3, step=1, refit=refit, window=window, gap=gap)
    seen = None
    for window_number, ((learned, X_seen, y_seen), (_, asked, _)) in enumerate(
        zip(diary[::2], diary[1::2], strict=True)
    ):
        cutoff = LENGTH - 1 - 2 - (2 - window_number)
        last = cutoff - gap
        fits = window_number == 0 or refit is True or (refit == 2 and window_number % 2 == 0)
        assert learned == ("fit" if fits and not (refit is False and window_number) else "update")
        assert X_seen.index.equals(y_seen.index) and y_seen.index[-1] == days[last]
        first = (0 if window == "expanding" else last - 5) if learned == "fit" else seen + 1
        assert y_seen.index[0] == days[first] and y_seen.tolist() == list(range(first, last + 1))
        assert asked.index.equals(days[last + 1 : cutoff + 3]) and asked["x"].tolist() == list(
            range(last + 1, cutoff + 3)
        )
        seen = last
    assert len(diary) == 6


def test_panel_without_covariates_is_asked_for_steps(diary):
    long = long_panel()
    with pytest.raises(ValueError, match="one forecast for each of 3 series, 3 steps and 1 targets"):
        backtest(Spy(), long, horizon=HORIZON, windows=WINDOWS)
    kind, shown, _ = diary[0]
    assert kind == "fit" and shown["ds"].max() == pd.Timestamp("2024-01-18") and diary[1][1] == HORIZON


def test_cutting_equals_rolling_origin_by_hand():
    y = pd.Series(values(60), index=pd.period_range("2020", periods=60, freq="M"), name="y")
    frame = backtest(AR(lags=3), y, horizon=4, windows=5, step=2, window=30, gap=1)
    by_hand = [
        AR(lags=3).fit(y.iloc[train]).predict(5).iloc[1:].to_numpy()
        for train, _ in RollingOrigin(4, windows=5, step=2, window=30, gap=1).split(y)
    ]
    np.testing.assert_allclose(frame["AR"], np.concatenate(by_hand), rtol=1e-12)


def test_update_keeps_what_was_learned():
    y = pd.Series(values(60), index=pd.period_range("2020", periods=60, freq="M"))
    frame = backtest(AR(lags=2), y, horizon=2, windows=4, refit=False)
    model = AR(lags=2).fit(y.iloc[:52])
    for number in range(4):
        expected = model.predict(2)
        np.testing.assert_allclose(frame["AR"].iloc[2 * number : 2 * number + 2], expected, rtol=1e-12)
        model.update(y.iloc[52 + 2 * number : 54 + 2 * number])


def test_models_are_named_cloned_and_timed():
    y = pd.Series(values())
    model = AR(lags=2)
    frame = backtest([model, Naive()], y, horizon=2, windows=2)
    assert list(frame.columns[4:]) == ["AR", "Naive"] and not hasattr(model, "panel_")
    assert set(frame.attrs["seconds"]) == {"AR", "Naive"} and min(frame.attrs["seconds"].values()) > 0
    named = backtest({"short": AR(lags=1), "long": AR(lags=3)}, y, horizon=2, windows=2)
    assert list(named.columns[4:]) == ["short", "long"]


def test_scikit_learn_estimators():
    x = values(40)
    X = pd.DataFrame({"x": x}, index=pd.date_range("2020", periods=40))
    y = pd.Series(2.0 * x, index=X.index)
    models = {
        "plain": LinearRegression(),
        "pipeline": make_pipeline(StandardScaler(), AR(lags=[1])).set_output(transform="pandas"),
        "search": GridSearchCV(AR(), {"lags": [1, 2]}, cv=RollingOrigin(2, windows=2)),
    }
    frame = backtest(models, y, X, horizon=3, windows=2)
    for name in models:
        np.testing.assert_allclose(frame[name], frame["y"], atol=1e-6)


def test_intervals():
    y = pd.Series(values(120), index=pd.period_range("2010", periods=120, freq="M"))
    frame = backtest({"last": Naive()}, y, horizon=2, windows=3, level=[80, 95.0])
    bounds = ["last-lo-80", "last-hi-80", "last-lo-95", "last-hi-95"]
    assert list(frame.columns[4:]) == ["last", *bounds]
    inside = [frame[c] for c in ("last-lo-95", "last-lo-80", "last", "last-hi-80", "last-hi-95")]
    assert all((low <= high).all() for low, high in zip(inside[:-1], inside[1:], strict=True))
    assert 0 <= coverage(frame, level=95.0).loc["y", "last"] <= 1


def test_missing_values_reach_models_that_bear_them():
    y = pd.Series(values(), index=INDEXES["period"])
    y.iloc[[5, -1]] = np.nan
    frame = backtest(Naive(), y, horizon=2, windows=2)
    assert frame["y"].isna().tolist() == [False, False, False, True]


@pytest.mark.parametrize("refit", [True, 2, False])
def test_the_number_of_jobs_changes_no_forecast(refit):
    days = pd.date_range("2024-01-01", periods=80)
    y = pd.DataFrame({"a": values(80), "b": values(80, 1)}, index=days)
    models, options = (
        {"AR": AR(), "Naive": Naive()},
        {"horizon": 2, "windows": 3, "refit": refit, "level": 80},
    )
    one = backtest(models, y, **options)
    with parallel_config(backend="threading"):
        two = backtest(models, y, n_jobs=2, **options)
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    assert one.attrs.keys() == two.attrs.keys() and set(two.attrs["seconds"]) == {"AR", "Naive"}


def test_an_error_in_a_job_names_model_and_window():
    models = {"good": Naive(), "bad": moody("fit", 13.0)}
    with parallel_config(backend="threading"), pytest.raises(RuntimeError, match="fit met 13") as caught:
        backtest(models, np.arange(20.0), horizon=2, windows=4, n_jobs=2)
    assert caught.value.__notes__ == ["Raised by 'bad' in window 2 of a backtest."]
    assert caught.value.finished["good"].tolist() == [11, 11, 13, 13]


def test_progress(capsys):
    backtest(Naive(), values(), horizon=2, windows=2)
    assert capsys.readouterr() == ("", "")
    backtest(Naive(), values(), horizon=2, windows=2, verbose=1)
    assert "backtest: 100%" in capsys.readouterr().err


@pytest.mark.parametrize(
    "models, options, error, words",
    [
        (
            [Naive(), Naive()],
            {},
            ValueError,
            "models: must be one or more models of different names; received N",
        ),
        ([], {}, ValueError, "models: must be"),
        (Naive, {}, TypeError, "models: must be estimators with fit and predict"),
        ({"y": Naive()}, {}, ValueError, "models: must be named unlike the other columns; received 'y'"),
        (Naive(), {"refit": 0}, ValueError, "refit: must be a whole number of at least 1"),
        (LinearRegression(), {"refit": False}, TypeError, "refit: must be True for LinearRegression"),
        (LinearRegression(), {"level": [80]}, TypeError, "level: must be None for LinearRegression"),
        (Naive(), {"level": [180]}, ValueError, "level: must be between 0 and 100"),
        (Naive(), {"horizon": 0}, ValueError, "horizon: must be"),
        (5, {}, TypeError, "models: must be estimators with fit and predict; received 5"),
        (None, {}, TypeError, "models: must be estimators with fit and predict; received None"),
        ("AR", {}, TypeError, "models: must be estimators with fit and predict; received 'AR'"),
        ([("short", AR(lags=1))], {}, TypeError, "models: must be estimators .* or a dict such as"),
        ({1: Naive()}, {}, TypeError, "models: must be named by text; received 1"),
        (LogisticRegression(), {}, TypeError, "models: must be forecasters or regressors"),
        (Naive(), {"refit": "no"}, TypeError, "refit: must be True, False or a whole number"),
        (Naive(), {"refit": 1.0}, TypeError, "refit: must be True, False or a whole number"),
        (Naive(), {"verbose": "loud"}, ValueError, "verbose: must be one of"),
        (Naive(), {"step": 1.5}, TypeError, "step: must be a whole number"),
        (Naive(), {"gap": -1}, ValueError, "gap: must be a whole number of at least 0"),
        (Naive(), {"level": [80, 80]}, ValueError, "level: must be levels that differ"),
        (Naive(), {"error_score": "ignore"}, ValueError, "error_score: must be 'raise', or NaN"),
        (Naive(), {"error_score": 0.0}, ValueError, "error_score: must be 'raise', or NaN"),
        (Naive(), {"windows": 50}, ValueError, "windows: must be so few"),
    ],
)
def test_bad_arguments(models, options, error, words):
    with pytest.raises(error, match=words):
        backtest(models, values(), **{"horizon": 2, **options})


def test_an_error_of_a_model_names_model_and_window():
    with pytest.raises(ValueError) as caught:
        backtest({"long": AR(lags=15)}, values(), horizon=2, windows=2, window=10)
    assert caught.value.__notes__ == ["Raised by 'long' in window 1 of a backtest."]
    assert list(caught.value.finished.columns) == ["unique_id", "ds", "cutoff", "y", "long"]


class Moody(Naive):
    """Fails where it meets one of `bad` as the last value: in fit, in update or in predict."""

    bad: tuple = ()
    where: str = "fit"

    def _check(self, where, panel):
        if where == self.where and panel.y[-1, 0] in self.bad:
            raise RuntimeError(f"{where} met {panel.y[-1, 0]:g}")

    def fit(self, X, y=None):
        super().fit(X, y)
        self._check("fit", self.panel_)
        return self

    def update(self, X, y=None):
        super().update(X, y)
        self._check("update", self.panel_)
        return self

    def predict(self, X=None):
        self._check("predict", self.panel_)
        return super().predict(X)


def moody(where, *bad):
    return type("Moody", (Moody,), {"bad": bad, "where": where})()


@pytest.mark.parametrize("where", ["fit", "predict"])
def test_what_was_forecast_before_an_error_is_handed_on(where):
    y = np.arange(20.0)
    models = {"before": Naive(), "bad": moody(where, 13.0), "after": Drift()}
    with pytest.raises(RuntimeError, match=f"{where} met 13") as caught:
        backtest(models, y, horizon=2, windows=4)
    finished = caught.value.finished
    whole = backtest({**models, "bad": Naive()}, y, horizon=2, windows=4)
    assert finished["ds"].tolist() == [12, 13, 14, 15] and finished.attrs["horizon"] == 2
    assert finished["before"].tolist() == whole["before"].tolist()[:4]
    assert finished["bad"].fillna(-1).tolist() == [11, 11, -1, -1]
    assert finished["after"].fillna(-1).tolist() == [12, 13, -1, -1]
    assert mae(finished.query("ds < 14"), by=["cutoff"]).shape == (1, 3)


def test_an_interrupt_hands_on_what_was_forecast():
    class Interrupted(Moody):
        def _check(self, where, panel):
            if where == "fit" and panel.y[-1, 0] == 15:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        backtest(Interrupted(), np.arange(20.0), horizon=2, windows=4)
    assert caught.value.finished["Interrupted"].tolist() == [11, 11, 13, 13]


@pytest.mark.parametrize(
    ("where", "refit", "missing"),
    [
        ("fit", True, [13]),
        ("predict", True, [13]),
        ("predict", False, [13, 15, 17]),  # it missed rows, and never learns anew
        ("update", False, [13, 15, 17]),
        ("update", 2, [13]),
        ("fit", 2, []),  # it learns in the windows 1 and 3
    ],
)
def test_a_window_in_which_a_model_fails_is_missing_and_the_others_are_as_ever(where, refit, missing):
    y = np.arange(20.0)
    models = {"good": Naive(), "bad": moody(where, 13.0)}
    options = {"horizon": 2, "windows": 4, "refit": refit}
    if missing:
        with pytest.warns(
            UserWarning, match=f"bad first in window 2 with RuntimeError: {where} met 13"
        ) as all_:
            frame = backtest(models, y, error_score=np.nan, **options)
        assert len(all_) == 1 and all_[0].filename == __file__
    else:
        frame = backtest(models, y, error_score=np.nan, **options)
    whole = backtest({"good": Naive(), "bad": Naive()}, y, **options)
    assert frame["good"].equals(whole["good"]) and set(frame.attrs["seconds"]) == {"good", "bad"}
    assert frame.loc[frame["bad"].isna(), "cutoff"].unique().tolist() == missing
    known = frame["bad"].notna()
    assert frame.loc[known, "bad"].equals(whole.loc[known, "bad"])


def test_bounds_of_a_model_that_fails_are_missing_too():
    y = np.random.default_rng(0).normal(size=120).cumsum()
    with pytest.warns(UserWarning, match="bad first in window 1"):
        frame = backtest(
            {"bad": moody("fit", y[-3]), "good": Naive()},
            y,
            horizon=2,
            windows=1,
            level=80,
            error_score=np.nan,
        )
    assert frame[["bad", "bad-lo-80", "bad-hi-80"]].isna().all(axis=None)
    assert frame[["good", "good-lo-80", "good-hi-80"]].notna().all(axis=None)


def test_a_frame_survives_parquet_with_its_attributes(tmp_path):
    frame = backtest(Naive(), pd.Series(values(), index=INDEXES["month start"]), horizon=2, windows=2)
    frame.to_parquet(tmp_path / "frame.parquet")
    back = pd.read_parquet(tmp_path / "frame.parquet")
    assert back.attrs == frame.attrs and back.attrs["freq"] == "MS"
    assert back.attrs["models"] == {"Naive": "Naive()"}


def test_seasonal_naive_repeats_the_season():
    y = pd.Series(np.tile(np.arange(12.0), 5), index=pd.period_range("2020", periods=60, freq="M"))
    frame = backtest(SeasonalNaive(), y, horizon=12, windows=3, step=5, gap=4)
    assert frame["SeasonalNaive"].tolist() == frame["y"].tolist()


def test_holes_in_the_index_are_filled_when_asked_for():
    y = pd.Series(np.random.default_rng(0).normal(size=60), pd.date_range("2024-01-01", periods=60), name="y")
    X = pd.DataFrame({"x": np.cos(np.arange(60.0))}, y.index)
    holes, known = y.drop(y.index[[20, 21, 50]]), X.drop(X.index[[20, 21, 50]])
    with pytest.raises(ValueError, match=r"missing timestamps"):
        backtest(AR(lags=2), holes, horizon=3)
    how = {"horizon": 3, "windows": 5, "missing_rows": "fill"}
    for data in ((holes,), (holes, known)):
        frame = backtest(AR(lags=2), *data, **how)
        nan = tuple(part.reindex(y.index) for part in data)
        pd.testing.assert_frame_equal(frame, backtest(AR(lags=2), *nan, horizon=3, windows=5))
        assert frame["y"].isna().sum() == 1 and frame["AR"].notna().all()  # asked for, and not scored
    told = leaderboard(backtest({"AR": AR(lags=2), "Naive": Naive()}, holes, **how), holes)
    assert np.isfinite(leaderboard(Naive(), holes, **how).to_numpy()).all()
    assert told["RMSSE"]["Naive"] == leaderboard(Naive(), holes, **how)["RMSSE"]["Naive"]
    with pytest.raises(ValueError, match="missing_rows: must be one of 'raise', 'fill'"):
        backtest(AR(), y, horizon=3, missing_rows="drop")


@pytest.mark.parametrize("refit", [True, False])
def test_names_of_a_long_frame_change_no_error(refit):
    """Read, cut and asked under the user's names; the frame of the backtest has those that metrics expect."""
    days = pd.date_range("2024-01-01", periods=30)
    long = pd.DataFrame({"unique_id": ["b"] * 30 + ["a"] * 30, "ds": [*days] * 2, "z": np.arange(60.0) % 5})
    long["y"] = 10 + long["z"] + np.sin(np.arange(60))
    mine, names = {"unique_id": "store", "ds": "date", "y": "sales"}, {"series": "store", "time": "date"}
    options = {"horizon": 3, "windows": 2, "refit": refit}
    for columns, told in ((mine, {**names, "target": "sales"}), ({**mine, "y": "y", "z": "ds"}, names)):
        frame = long.rename(columns=columns)
        found = backtest(AR(lags=1), frame, level=[80], **options, **told)
        pd.testing.assert_frame_equal(found, backtest(AR(lags=1), long, level=[80], **options))
    frame = long.rename(columns=mine)
    table = leaderboard(found, frame, **names, target="sales")
    numbers = table.columns[:-1]
    pd.testing.assert_frame_equal(table[numbers], leaderboard(found, long)[numbers])
    models = leaderboard(Naive(), frame, **options, **names, target="sales")[numbers]
    pd.testing.assert_frame_equal(models, leaderboard(Naive(), long, **options)[numbers])


def test_a_frame_with_a_column_of_times_is_one_series():
    y = pd.Series(np.sin(np.arange(30)), pd.date_range("2024-01-01", periods=30, name="date"), name="sales")
    found = backtest(AR(lags=1), y.reset_index(), time="date", horizon=3, windows=2)
    expected = backtest(AR(lags=1), y, horizon=3, windows=2)
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    gone = y.reset_index().drop(index=20)
    filled = backtest(AR(lags=1), gone, time="date", horizon=3, windows=2, missing_rows="fill")
    pd.testing.assert_frame_equal(
        filled,
        backtest(AR(lags=1), y.drop(y.index[20]), horizon=3, windows=2, missing_rows="fill"),
        check_dtype=False,
    )
