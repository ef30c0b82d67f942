"""Covariates as users have them: text in every estimator, and none asked for that cannot matter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge

from forecast.estimators.base import Forecaster
from forecast.estimators.baselines.ar import AR
from forecast.estimators.baselines.sarimax import SARIMAX
from forecast.estimators.ensemble import Ensemble
from forecast.estimators.lag_regressor import LagRegressor
from forecast.estimators.neural.narx import NARX
from forecast.estimators.neural.tdnn import TDNN
from forecast.estimators.saving import load
from forecast.evaluation.backtest import backtest
from forecast.evaluation.leaderboard import leaderboard
from forecast.panel.past_covariates import projected
from tests.checks_forecaster import forecasters

QUICK: dict[str, Any] = {
    "hidden": (2,),
    "epochs": 3,
    "selection": False,
    "jit_compile": False,
    "random_state": 0,
}
HOURS = pd.date_range("2024-01-01", periods=90, freq="h")
RNG = np.random.default_rng(0)
SKY = RNG.choice(["sun", "rain", "snow"], 90)
TEXT = pd.DataFrame({"sky": SKY, "t": RNG.normal(size=90)}, HOURS)
DUMMIES = pd.DataFrame({"rain": SKY == "rain", "snow": SKY == "snow", "t": TEXT["t"]}, HOURS).astype(float)
Y = pd.Series(
    2.0 * (SKY == "rain") - 3.0 * (SKY == "snow") + TEXT["t"] + 0.1 * RNG.normal(size=90), HOURS, name="y"
)
SKY_FIRST = TEXT["sky"].iloc[0]  # the category that has no indicator
LEARNERS = [
    AR(lags=2),
    AR(lags=2, difference=True),
    LagRegressor(lags=2),
    LagRegressor(lags=2, estimator=Ridge(alpha=1e-9)),
    SARIMAX(order=(1, 0, 0)),
    NARX(lags=2, **QUICK),
    TDNN(lags=2, delays=1, **QUICK),
    Ensemble({"ar": AR(lags=2), "lags": LagRegressor(lags=1)}),
]


def dummies() -> pd.DataFrame:
    """Indicators of all categories but the first that appears, in order of appearance."""
    seen = pd.unique(TEXT["sky"])[1:]
    return pd.DataFrame({**{f"sky={name}": (SKY == name) * 1.0 for name in seen}, "t": TEXT["t"]}, HOURS)


@pytest.mark.parametrize("model", LEARNERS, ids=repr)
def test_text_is_learned_as_its_indicators_are(model: Forecaster, tmp_path: Path) -> None:
    own, by_hand = clone(model).fit(TEXT[:80], Y[:80]), clone(model).fit(dummies()[:80], Y[:80])
    forecast = own.predict(TEXT[80:])
    pd.testing.assert_series_equal(forecast, by_hand.predict(dummies()[80:]))
    assert own.n_features_in_ == 2 and list(own.feature_names_in_) == ["sky", "t"]
    assert list(own.make_future_frame(2).columns) == ["sky", "t"]
    if not isinstance(model, LagRegressor | Ensemble):  # which hold foreign objects
        own.save(tmp_path / "model")
        pd.testing.assert_series_equal(load(tmp_path / "model").predict(TEXT[80:]), forecast)
    moved = own.update(TEXT[80:85], Y[80:85]).predict(TEXT[85:])
    pd.testing.assert_series_equal(moved, by_hand.update(dummies()[80:85], Y[80:85]).predict(dummies()[85:]))


def test_text_in_backtest_and_leaderboard() -> None:
    models = {"AR 2": AR(lags=2), "vectors": NARX(lags=2, categories={"sky": 1}, **QUICK)}
    frame = backtest(models, Y, TEXT, horizon=3, windows=2)
    expected = AR(lags=2).fit(TEXT[:87], Y[:87]).predict(TEXT[87:])
    np.testing.assert_allclose(frame["AR 2"][-3:], expected)
    assert np.isfinite(leaderboard(models, Y, TEXT, horizon=3, windows=2)["RMSE"]).all()


def test_text_in_a_long_frame_with_a_category_that_is_rare() -> None:
    long = pd.concat([TEXT.assign(unique_id=name, ds=HOURS, y=Y) for name in "ab"], ignore_index=True)
    long.loc[179, "sky"] = "hail"  # in the last row alone, unknown to every fit of the backtest
    frame = backtest({"AR": AR(lags=2), "E": LEARNERS[-1]}, long, horizon=3, windows=2)
    assert np.isfinite(frame[["AR", "E"]]).all(axis=None)


def test_numbers_that_are_named_are_categories() -> None:
    codes = TEXT.assign(sky=pd.factorize(SKY)[0])
    for given in (["sky"], {"sky": 1}):
        named = AR(lags=2, categories=given).fit(codes[:80], Y[:80]).predict(codes[80:])
        np.testing.assert_allclose(named, AR(lags=2).fit(TEXT[:80], Y[:80]).predict(TEXT[80:]))


def test_delays_of_a_column_of_text() -> None:
    model = AR(lags=1, exog_lags={"sky": [0, 1], "t": 0}).fit(TEXT, Y)
    assert (model.exog_coef_ != 0).sum() == 5  # two indicators at two lags, and t


def test_models_inside_an_ensemble_see_what_it_sees() -> None:
    words = "categories: must be None inside an ensemble[^$]*Pass categories to the Ensemble"
    with pytest.raises(ValueError, match=words):
        Ensemble({"n": NARX(lags=2, categories={"sky": 1}, **QUICK)}).fit(TEXT, Y)


# ---------------------------------------------------------------------- what is asked for


@pytest.mark.parametrize("model", [m for m in forecasters() if not m.uses_covariates], ids=repr)
def test_a_model_without_covariates_asks_for_none(model: Forecaster) -> None:
    y, X = Y.abs() + 1, TEXT[["t"]]
    fitted = clone(model).fit(X[:80], y[:80])
    assert fitted.make_future_frame(5).shape == (5, 0)
    given = fitted.predict(X[80:])
    pd.testing.assert_series_equal(fitted.predict(10), given)
    pd.testing.assert_series_equal(fitted.predict(X.index[80:]), given)
    pd.testing.assert_series_equal(fitted.predict(X[80:] * np.nan), given)
    assert len(fitted.predict_interval(3)) == 3


LATE = [
    AR(lags=1, exog_lags={"a": [24], "b": [3]}),
    AR(lags=1, exog_lags={"a": [24], "b": [3]}, difference=True),
    NARX(lags=1, exog_lags={"a": [24], "b": [3]}, **QUICK),
    Ensemble([AR(lags=1, exog_lags={"a": [24], "b": [3]}), LagRegressor(lags=1, exog_lags=[5])]),
]


@pytest.mark.parametrize("model", LATE, ids=repr)
def test_only_covariates_that_matter_are_asked_for(model: Forecaster) -> None:
    X = pd.DataFrame(RNG.normal(size=(90, 2)), HOURS, ["a", "b"])
    y = X["a"].shift(24).fillna(0) + X["b"].shift(3).fillna(0) + 0.1 * Y
    first_a = 5 if isinstance(model, Ensemble) else 24
    fitted = clone(model).fit(X[:60], y[:60])
    pd.testing.assert_series_equal(fitted.predict(3), fitted.predict(X[60:63]))
    assert fitted.make_future_frame(3).shape == (3, 0)
    assert list(fitted.make_future_frame(4).columns) == ["b"]
    with pytest.raises(ValueError, match="future covariates 'b'; received 4 future steps without them"):
        fitted.predict(4)
    whole = fitted.predict(X[60:65])
    pd.testing.assert_series_equal(fitted.predict(X[["b"]][60:65]), whole)
    late = X[60:65].copy()
    late.iloc[-3:, 1] = np.nan  # b of these rows matters three steps later
    late.iloc[:, 0] = np.inf
    pd.testing.assert_series_equal(fitted.predict(late), whole)
    with pytest.raises(ValueError, match="seen at fit time, yet now missing:\n- b"):
        fitted.predict(X[["a"]][60:65].assign(c=1.0))
    assert list(fitted.make_future_frame(first_a + 1).columns) == ["a", "b"]


def test_a_covariate_of_lag_0_is_asked_for() -> None:
    fitted = AR(lags=1, exog_lags={"sky": [5], "t": [0]}).fit(TEXT, Y)
    assert list(fitted.make_future_frame(5).columns) == ["t"]
    with pytest.raises(ValueError, match=r"X\[list\(model.feature_names_in_\)\]"):
        fitted.predict(TEXT[["sky"]])


# ---------------------------------------------------------------------- the calendar


@pytest.mark.parametrize("model", LEARNERS, ids=repr)
def test_the_calendar_is_learned_as_its_columns_are_and_never_asked_for(
    model: Forecaster, tmp_path: Path
) -> None:
    days = pd.date_range("2024-01-01", periods=90, name="day")
    y = pd.Series(np.where(days.day_of_week >= 5, 9.0, 2.0) + Y.to_numpy(), days, name="y")
    by_hand = pd.DataFrame({"weekend": (days.day_of_week >= 5) * 1.0}, days)
    own = clone(model).set_params(calendar=["weekend"]).fit(y[:80])
    expected = clone(model).fit(by_hand[:80], y[:80]).predict(by_hand[80:])
    pd.testing.assert_series_equal(own.predict(10), expected)
    pd.testing.assert_series_equal(own.predict(y.index[85:]), expected[5:])
    assert own.n_features_in_ == 0 and own.make_future_frame(3).shape == (3, 0)
    if not isinstance(model, LagRegressor | Ensemble):
        own.save(tmp_path / "model")
        pd.testing.assert_series_equal(load(tmp_path / "model").predict(10), own.predict(10))
    record = own.simulate(20, y[:15])
    assert len(record) == 20 and np.isfinite(record).all()


def test_the_calendar_in_backtests_panels_and_beside_columns_of_the_user() -> None:
    long = pd.concat([TEXT.assign(unique_id=name, ds=HOURS, y=Y) for name in "ab"], ignore_index=True)
    models = {"AR": AR(lags=1, calendar="auto"), "E": Ensemble({"ar": AR(lags=1)}, calendar="auto")}
    frame = backtest(models, long, horizon=3, windows=2)
    np.testing.assert_allclose(frame["AR"], frame["E"])
    fitted = models["AR"].fit(long)
    assert fitted.panel_.layout.calendar == ("hour",) and fitted.exog_coef_.shape[2] == 2 + 1 + 23
    assert list(fitted.make_future_frame(1).columns) == ["unique_id", "ds", "sky", "t"]
    with pytest.raises(ValueError, match="future covariates 'sky', 't'; received 2 future steps"):
        fitted.predict(2)


# ---------------------------------------------------------------------- known up to now alone


PAST: list[Forecaster] = [AR(lags=2), NARX(lags=2, **QUICK), LagRegressor(lags=2), Ensemble([AR(lags=2)])]


@pytest.mark.parametrize("model", PAST, ids=repr)
def test_a_covariate_of_the_past_is_neither_asked_for_nor_seen_ahead(model: Forecaster) -> None:
    own = clone(model).set_params(past=["t"]).fit(TEXT[:80], Y[:80])
    assert list(own.make_future_frame(4).columns) == ["sky"]
    alone = own.predict(TEXT[["sky"]][80:])
    pd.testing.assert_series_equal(own.predict(TEXT[80:].assign(t=99.0)), alone)
    columns = np.array([name == "t" for name in own.panel_.layout.exog_names])
    stands = TEXT[80:].assign(t=projected(own.panel_, columns, 10)[0, :, 0])
    pd.testing.assert_series_equal(alone, clone(model).fit(TEXT[:80], Y[:80]).predict(stands))


def test_intervals_and_backtests_know_no_more_than_the_past() -> None:
    noise = pd.DataFrame({"t": RNG.normal(size=300)}, pd.date_range("2024-01-01", periods=300))
    y = 5 * noise["t"] + 0.1 * RNG.normal(size=300)
    known, unknown = AR(lags=1).fit(noise, y), AR(lags=1, past=["t"]).fit(noise, y)
    bounds = unknown.predict_interval(1, level=80).iloc[0]
    assert 10 < bounds["AR-hi-80"] - bounds["AR-lo-80"] < 20  # of 5 t, not of the noise beside it
    after = noise.set_axis(noise.index + noise.index.freq * 300)
    told = known.predict_interval(after[:1], level=80).iloc[0]
    assert told["AR-hi-80"] - told["AR-lo-80"] < 1
    frames = [
        backtest(
            AR(lags=1, past=["t"]), y, noise.mask(np.arange(300)[:, None] >= 297, last), horizon=3, windows=1
        )
        for last in (0.0, 7.0)
    ]
    pd.testing.assert_frame_equal(*frames)


def test_a_column_of_the_past_is_a_covariate() -> None:
    with pytest.raises(
        ValueError, match=r"past: must be a list of the covariates \['sky', 't'\]; received 'wind'"
    ):
        AR(past=["wind"]).fit(TEXT, Y)


def test_static_columns_are_never_asked_for_again() -> None:
    long = pd.concat(
        [TEXT.assign(unique_id=name, ds=HOURS, y=Y, kind=name) for name in "ab"], ignore_index=True
    )
    head, rest = long[long["ds"] < HOURS[80]], long[long["ds"] >= HOURS[80]].drop(columns="y")
    own, asking = AR(lags=1, pooled=True, static=["kind"]).fit(head), AR(lags=1, pooled=True).fit(head)
    assert list(own.make_future_frame(1).columns) == ["unique_id", "ds", "sky", "t"]
    pd.testing.assert_frame_equal(own.predict(rest.drop(columns="kind")), asking.predict(rest))
    with pytest.raises(
        ValueError, match="static: must be columns of one value in each series; received 'sky' of series 'a'"
    ):
        AR(static=["sky"]).fit(long)


def test_an_ensemble_with_a_calendar_is_saved_and_fitted_again(tmp_path: Path) -> None:
    model, new = (
        Ensemble({"ar": AR(lags=1)}, calendar=["hour"]).fit(Y),
        pd.Series([1.0], HOURS[-1:] + HOURS.freq),
    )
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    pd.testing.assert_series_equal(again.predict(5), model.predict(5))
    pd.testing.assert_series_equal(again.fit(Y).update(new).predict(2), model.update(new).predict(2))
