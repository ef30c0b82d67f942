"""An ensemble is what its models say: identities of the averages, exact models found, names and errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.tree import DecisionTreeRegressor

from forecast import AR, Drift, Ensemble, LagRegressor, Naive, OnlineRNN, SeasonalNaive, backtest, load
from forecast.estimators.ensemble import simplex_weights
from tests.checks_forecaster import covariates, long_frame, monthly

MODELS: dict[str, Any] = {"ar": AR(lags=3), "drift": Drift(), "season": SeasonalNaive()}
Y = monthly(72)
LINE = pd.Series(np.arange(60.0), pd.period_range("2020-01", periods=60, freq="M"))


def alone(steps: int, *data: Any) -> np.ndarray:
    """What each model forecasts by itself, with the models in the last axis."""
    return np.stack([clone(m).fit(*data).predict(steps) for m in MODELS.values()], axis=-1)


@pytest.mark.parametrize(("combine", "average"), [("median", np.median), ("mean", np.mean)])
def test_averages_are_those_of_the_models(combine: str, average: Any) -> None:
    fitted = Ensemble(MODELS, combine=combine).fit(Y)
    np.testing.assert_array_equal(fitted.predict(12), average(alone(12, Y), axis=-1))
    by_model = np.stack([m.predict(12) for m in fitted.named_estimators_.values()], axis=-1)
    np.testing.assert_array_equal(fitted.predict(12), average(by_model, axis=-1))
    inside = np.stack([clone(m).fit(Y).predict(Y.index[20:]) for m in MODELS.values()], axis=-1)
    np.testing.assert_array_equal(fitted.predict(Y.index[20:]), average(inside, axis=-1))


@pytest.mark.parametrize("combine", ["weights", LinearRegression()])
def test_the_exact_model_is_found(combine: Any) -> None:
    fitted = Ensemble(MODELS | {"ar": Naive()}, combine=combine, horizon=4).fit(LINE)
    np.testing.assert_allclose(fitted.predict(6), np.arange(60.0, 66.0))
    if combine == "weights":
        np.testing.assert_allclose(fitted.weights_, [0, 1, 0], atol=1e-9)


def test_a_regressor_sees_distances_from_the_mean_in_units_of_the_series() -> None:
    long = long_frame()
    long.loc[long["unique_id"] == "s1", "y"] *= 1000.0
    tree = Ensemble(MODELS, combine=DecisionTreeRegressor(max_depth=2, random_state=0), horizon=4)
    first = tree.fit(long).predict(3)["Ensemble"].to_numpy()
    long["y"] = long["y"] * 8 + np.where(long["unique_id"] == "s1", 1e5, -7)
    second = tree.fit(long).predict(3)["Ensemble"].to_numpy()
    np.testing.assert_allclose(second, first * 8 + np.repeat([-7, 1e5], 3), rtol=1e-6)


def test_weights_are_the_best_of_a_grid_and_add_up_to_one() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=200)
    forecasts = truth[:, None] + rng.normal(size=(200, 3)) * [0.5, 1.0, 3.0] + [0.1, -0.4, 0.0]
    found = simplex_weights(forecasts, truth)
    assert (found >= 0).all() and found.sum() == pytest.approx(1)
    steps = np.linspace(0, 1, 101)
    grid = np.array([(a, b, 1 - a - b) for a in steps for b in steps if a + b <= 1])
    least = grid[np.argmin(((truth[:, None] - forecasts @ grid.T) ** 2).sum(axis=0))]
    np.testing.assert_allclose(found, least, atol=0.011)
    exploding = np.column_stack([forecasts, 1e12 * rng.normal(size=200)])
    np.testing.assert_allclose(simplex_weights(exploding, truth)[:3], found, atol=1e-6)


def test_weights_are_learned_from_rows_that_the_models_have_not_seen() -> None:
    noise = np.random.default_rng(1).normal(
        size=120
    )  # nothing to learn: a model that learns by heart is worse
    models = {"tree": LagRegressor(estimator=DecisionTreeRegressor(random_state=0), lags=2), "ar": AR(lags=1)}
    assert Ensemble(models, combine="weights", horizon=3).fit(noise).weights_[1] > 0.8


def test_rows_come_back_in_the_order_and_form_they_were_asked_for() -> None:
    long = long_frame().sample(frac=1, random_state=0).sort_values("ds", kind="stable")
    fitted = Ensemble(MODELS).fit(long)
    asked = fitted.make_future_frame(3).sample(frac=1, random_state=1)
    by_model = [clone(m).fit(long).predict(asked) for m in MODELS.values()]
    answer = fitted.predict(asked)
    assert answer["unique_id"].tolist() == asked["unique_id"].tolist()
    values = np.stack(
        [frame[type(m).__name__] for frame, m in zip(by_model, MODELS.values(), strict=True)], axis=-1
    )
    np.testing.assert_array_equal(answer["Ensemble"], np.median(values, axis=-1))
    both = pd.DataFrame({"a": Y, "b": Y[::-1].to_numpy()}, Y.index)
    np.testing.assert_array_equal(Ensemble(MODELS).fit(both).predict(4), np.median(alone(4, both), axis=-1))


def test_arguments_of_the_models_are_set_as_in_scikit_learn() -> None:
    model = Ensemble({"a": AR(), "b": Naive()})
    assert model.get_params()["a__lags"] == "auto" and model.get_params()["b"] is model.estimators["b"]
    assert model.set_params(a__lags=5, b=AR(lags=7), horizon=2) is model
    assert (model.estimators["a"].lags, model.estimators["b"].lags, model.horizon) == (5, 7, 2)
    assert (
        model.set_params(b=Drift(), estimators={"b": AR()}).estimators["b"].get_params()
        == Drift().get_params()
    )
    listed = Ensemble([AR(), Naive(), AR(lags=1)])
    assert {"ar-1__lags", "ar-2__lags", "naive__horizon"} <= listed.get_params().keys()
    pairs = Ensemble([("x", AR()), ("y", Naive())])
    assert pairs.set_params(x__lags=2).estimators[0][1].lags == 2
    copy = clone(pairs)
    assert copy.estimators[0][1] is not pairs.estimators[0][1] and copy.get_params()["x__lags"] == 2
    with pytest.raises(ValueError, match="Invalid parameter 'z'"):
        pairs.set_params(z__lags=2)


def test_grid_search_over_the_models() -> None:
    grid = {"ar__lags": [1, 12], "combine": ["mean", "median"], "drift": [Drift(), Naive()]}
    search = GridSearchCV(
        Ensemble(MODELS), grid, cv=TimeSeriesSplit(2, test_size=6), error_score="raise"
    ).fit(Y)
    assert search.best_params_["ar__lags"] == 12 and len(search.cv_results_["params"]) == 8


def test_ar_ets_and_theta_are_the_models_where_none_are_named() -> None:
    fitted = Ensemble().fit(Y[:40])
    assert list(fitted.named_estimators_) == ["ar", "ets", "theta"]
    assert fitted.predict(3).notna().all() and "estimators" not in repr(fitted)


def test_jobs_change_no_forecast() -> None:
    X = covariates(Y.index)
    weights = np.linspace(0.1, 2, 60)
    one, two = (
        Ensemble(MODELS, combine="weights", horizon=4, n_jobs=jobs).fit(X[:60], Y[:60], sample_weight=weights)
        for jobs in (1, 2)
    )
    np.testing.assert_array_equal(one.predict(X[60:]), two.predict(X[60:]))
    np.testing.assert_array_equal(one.named_estimators_["ar"].sample_weight_, weights)


def test_models_move_and_learn_with_the_ensemble() -> None:
    fitted = Ensemble(MODELS).fit(Y[:60]).update(Y[60:66])
    by_hand = [clone(m).fit(Y[:60]).update(Y[60:66]).predict(4) for m in MODELS.values()]
    np.testing.assert_array_equal(fitted.predict(4), np.median(by_hand, axis=0))
    fitted.partial_fit(Y[66:])
    np.testing.assert_array_equal(fitted.predict(4), np.median(alone(4, Y), axis=-1))
    assert all(m.panel_ is fitted.panel_ for m in fitted.named_estimators_.values())


def test_an_error_while_moving_brings_every_model_back(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted = Ensemble(MODELS).fit(Y[:60])
    before = fitted.predict(3)
    monkeypatch.setattr(SeasonalNaive, "update", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError) as error:
        fitted.update(Y[60:66])
    assert "'season'" in error.value.__notes__[0]
    pd.testing.assert_series_equal(fitted.predict(3), before)
    assert all(m.panel_ is fitted.panel_ for m in fitted.named_estimators_.values())


def test_an_error_names_the_model() -> None:
    with pytest.raises(ValueError, match="model 'bad' of the ensemble: trend: must be"):
        Ensemble({"good": AR(), "bad": AR(trend="x")}).fit(Y)
    with pytest.raises(
        ValueError, match="model 'long' of the ensemble: model 'ar' of the ensemble: y: must be at least"
    ):
        Ensemble({"good": Naive(), "long": Ensemble([AR(lags=80)])}).fit(Y)
    with pytest.raises(ValueError, match="sample_weight: must be None, since none of the models"):
        Ensemble([Naive(), Drift()]).fit(Y, sample_weight=np.ones(72))


def test_missing_values_reach_the_models() -> None:
    gaps = Y.copy()
    gaps.iloc[[5, 40]] = np.nan
    assert Ensemble(MODELS, combine="weights").fit(gaps).predict(3).notna().all()
    both = Ensemble([AR(), LagRegressor()], combine="mean").fit(gaps).predict(3)
    alone = [model.fit(gaps).predict(3) for model in (AR(), LagRegressor())]
    pd.testing.assert_series_equal(both, (alone[0] + alone[1]) / 2)


@pytest.mark.parametrize(
    ("estimators", "words"),
    [
        ({"a": AR}, "received 'a': <class"),
        ({"a": LinearRegression()}, "received 'a': LinearRegression"),
        ({"horizon": AR()}, "unlike the arguments of Ensemble"),
        ({"a__b": AR()}, "without '__'"),
        ({1: AR()}, "named by text"),
        ([("a", AR()), ("a", Naive())], "of different names"),
    ],
)
def test_what_is_no_collection_of_forecasters(estimators: Any, words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"estimators: must be .*{words}"):
        Ensemble(estimators).fit(Y)


def test_backtest_and_intervals() -> None:
    frame = backtest([Ensemble(MODELS), *MODELS.values()], Y, horizon=6, windows=2, level=[80], refit=False)
    middle = frame[["AR", "Drift", "SeasonalNaive"]].median(axis=1)
    np.testing.assert_allclose(frame["Ensemble"], middle)
    assert (frame["Ensemble-lo-80"] < frame["Ensemble-hi-80"]).all()


def test_a_file_holds_the_models_and_one_history(tmp_path: Path) -> None:
    inner = Ensemble({"ar": AR(lags=2), "naive": Naive()}, combine="mean")
    fitted = Ensemble({"x": inner, "y": Drift()}, combine="weights", horizon=3).fit(long_frame())
    fitted.save(tmp_path / "model.zip")
    found = load(tmp_path / "model.zip")
    assert found.predict(5).equals(fitted.predict(5)) and found.get_params()["x__ar__lags"] == 2
    last = long_frame((49, 41)).groupby("unique_id").tail(1)
    assert found.update(last).predict(5).equals(fitted.update(last).predict(5))
    single = Ensemble([AR(lags=2), Naive()]).fit(np.arange(9000.0) % 7)
    single.save(tmp_path / "one.zip")
    AR(lags=2).fit(np.arange(9000.0) % 7).save(tmp_path / "two.zip")
    assert (tmp_path / "one.zip").stat().st_size < 1.5 * (tmp_path / "two.zip").stat().st_size


def test_a_model_may_keep_a_history_of_its_own(tmp_path: Path) -> None:
    fitted = Ensemble({"ar": AR(lags=2), "naive": Naive()}).fit(Y)
    fitted.named_estimators_["ar"].panel_ = fitted.panel_.slice(-30)  # as an OnlineRNN does
    fitted.save(tmp_path / "model.zip")
    found = load(tmp_path / "model.zip")
    assert found.named_estimators_["ar"].panel_.lengths == [30] and found.predict(3).equals(fitted.predict(3))


def test_what_cannot_be_saved_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"Ensemble\.save.*LinearRegression.*joblib.dump"):
        Ensemble(MODELS, combine=LinearRegression()).fit(Y).save(tmp_path / "model.zip")
    with pytest.raises(
        ValueError, match=r"model 'lag' of the ensemble: save: .*received LagRegressor.*joblib"
    ):
        Ensemble({"lag": LagRegressor()}).fit(Y).save(tmp_path / "model.zip")


@pytest.mark.backend
def test_a_model_with_a_state_moves_with_it() -> None:
    online = OnlineRNN(lags=2, units=2, jit_compile=False, random_state=0, keep=30)
    fitted = Ensemble({"online": online}).fit(Y[:60]).partial_fit(Y[60:])
    by_hand = clone(online).fit(Y[:60]).partial_fit(Y[60:])
    np.testing.assert_array_equal(fitted.predict(3), by_hand.predict(3))
