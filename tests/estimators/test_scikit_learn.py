"""Forecasters inside scikit-learn's own tools."""

from __future__ import annotations

import gc
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import StackingRegressor, VotingRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  (switches HalvingGridSearchCV on)
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    RandomizedSearchCV,
    TimeSeriesSplit,
    cross_val_predict,
    cross_val_score,
    learning_curve,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from forecast.estimators.base import Forecaster
from forecast.estimators.baselines.ar import AR
from forecast.estimators.baselines.markov_switching import MarkovSwitching
from forecast.estimators.baselines.naive import Naive
from forecast.estimators.ensemble import Ensemble
from forecast.estimators.lag_regressor import LagRegressor
from forecast.estimators.neural.keras_forecaster import KerasForecaster
from forecast.estimators.neural.narx import NARX
from forecast.estimators.neural.online_rnn import OnlineRNN
from forecast.estimators.neural.seq2seq import Seq2Seq
from forecast.estimators.unweighted import Unweighted
from forecast.evaluation import RollingOrigin
from tests.checks_forecaster import cases, covariates, forecasters, monthly

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
every_forecaster = pytest.mark.parametrize("model", cases(broad=True))
weighted = pytest.mark.parametrize("model", cases(leave_out=Unweighted, broad=True))
# The other networks are searched by the code of NARX.
KINDS = ("NARX", "OnlineRNN", "Seq2Seq", "KerasForecaster")
of_every_kind = pytest.mark.parametrize(
    "model", [case for case in cases(broad=True) if not case.marks or case.id in KINDS]
)
Y = monthly(72)
X = covariates(Y.index)
LATER = pd.period_range(Y.index[-1] + 1, periods=4, freq="M")
FOLDS = TimeSeriesSplit(2, test_size=6)


@pytest.fixture
def routing() -> Iterator[None]:
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@every_forecaster
def test_pipeline_with_scaler(model: Forecaster) -> None:
    framed = make_pipeline(StandardScaler(), clone(model)).set_output(transform="pandas").fit(X[:60], Y[:60])
    forecast = framed.predict(X[60:])
    pd.testing.assert_index_equal(forecast.index, Y.index[60:])
    pd.testing.assert_index_equal(framed.predict(X[50:]).index, Y.index[50:])
    assert "StandardScaler" in framed._repr_html_()
    plain = make_pipeline(StandardScaler(), clone(model)).fit(X[:60], Y[:60])
    with pytest.raises(ValueError, match=r"no index.*set_output\(transform=\"pandas\"\)"):
        plain.predict(X[60:])  # the scaler dropped the index
    assert plain.score(X[60:], Y[60:]) == pytest.approx(framed.score(X[60:], Y[60:]))  # that of y remains
    pd.testing.assert_series_equal(plain.predict(X[40:50]), framed.predict(X[40:50]))


@of_every_kind
def test_grid_search_with_and_without_covariates(model: Forecaster) -> None:
    search = GridSearchCV(clone(model), {"horizon": [1, 2]}, cv=FOLDS, error_score="raise")
    alone = search.fit(Y)
    assert np.isfinite(alone.best_score_)
    best = clone(model).set_params(**alone.best_params_)
    pd.testing.assert_series_equal(alone.predict(3), best.fit(Y).predict(3))
    both = clone(search).set_params(scoring="neg_mean_absolute_error").fit(X, Y)
    assert np.isfinite(both.best_score_)


def test_grid_search_of_lags_in_a_pipeline() -> None:
    search = GridSearchCV(
        make_pipeline(StandardScaler(), AR()).set_output(transform="pandas"),
        {"ar__lags": [1, 12]},
        cv=FOLDS,
        scoring="neg_mean_absolute_error",
    ).fit(X, Y)
    assert search.best_params_ == {"ar__lags": 12}
    by_hand = [
        -np.abs(AR(lags=12).fit(X.iloc[train], Y.iloc[train]).predict(X.iloc[test]) - Y.iloc[test]).mean()
        for train, test in FOLDS.split(X)
    ]
    assert search.best_score_ == pytest.approx(np.mean(by_hand))
    nested = GridSearchCV(
        LagRegressor(estimator=Ridge(), lags=12), {"estimator__alpha": [1e-3, 1e6]}, cv=FOLDS
    )
    assert nested.fit(Y).best_params_ == {"estimator__alpha": 1e-3}


@of_every_kind
def test_halving_grid_search(model: Forecaster) -> None:
    search = HalvingGridSearchCV(
        clone(model),
        {"horizon": [1, 2]},
        cv=FOLDS,
        resource="n_samples",
        min_resources=36,
        factor=2,
        error_score="raise",
    )
    rows = np.arange(len(Y))  # halving draws rows at random; arrays stay regular in number
    search.fit(np.column_stack([rows, rows % 5]).astype(float), Y.to_numpy())  # two covariates, as X has
    assert search.n_iterations_ == 2
    assert search.n_resources_ == [36, 72] and search.n_candidates_ == [2, 1]


def test_rows_drawn_at_random_are_no_series() -> None:
    search = HalvingGridSearchCV(AR(), {"lags": [1, 2]}, cv=FOLDS, min_resources=36, error_score="raise")
    with pytest.raises(ValueError, match="sorted in time.*drawn at random.*another resource"):
        search.fit(X, Y)


def test_halving_with_another_resource_keeps_the_timeline() -> None:
    search = HalvingGridSearchCV(
        AR(),
        {"ic": ["bic", "aic"]},
        cv=FOLDS,
        resource="max_lags",
        min_resources=3,
        max_resources=12,
        factor=2,
    ).fit(X, Y)
    assert search.best_estimator_.max_lags == 6  # 3, then twice as many for the better half
    pd.testing.assert_index_equal(search.predict(covariates(LATER)).index, LATER)


@every_forecaster
def test_transformed_target(model: Forecaster) -> None:
    logs = TransformedTargetRegressor(clone(model), func=np.log, inverse_func=np.exp).fit(X[:60], Y[:60])
    expected = np.exp(np.asarray(clone(model).fit(X[:60], np.log(Y[:60])).predict(X[60:])))
    np.testing.assert_allclose(logs.predict(X[60:]), expected)


@weighted
def test_weights_are_routed(model: Forecaster, routing: None) -> None:
    weights = np.linspace(0.1, 2, len(Y))
    asking = clone(model).set_fit_request(sample_weight=True).set_score_request(sample_weight=False)
    scores = cross_val_score(asking, X, Y, cv=FOLDS, params={"sample_weight": weights})
    train, test = list(FOLDS.split(X))[-1]
    fitted = clone(model).fit(X.iloc[train], Y.iloc[train], sample_weight=weights[train])
    assert scores[-1] == pytest.approx(fitted.score(X.iloc[test], Y.iloc[test]))
    unweighted = clone(model).fit(X.iloc[train], Y.iloc[train])
    assert not np.allclose(fitted.predict(X.iloc[test]), unweighted.predict(X.iloc[test]))


def _weighted_by_hand(X: np.ndarray, y: np.ndarray, weights: np.ndarray, later: np.ndarray) -> np.ndarray:
    """Forecasts of y_t = c + a y_{t-1} + b x_t, the errors weighted."""
    root = np.sqrt(weights[1:])
    design = np.column_stack([np.ones(len(y) - 1), y[:-1], X[1:]])
    coefficients = np.linalg.lstsq(root[:, None] * design, root * y[1:], rcond=None)[0]
    forecast = [y[-1]]
    for row in later:
        forecast.append(coefficients @ np.array([1.0, forecast[-1], *row]))
    return np.array(forecast[1:])


def test_weights_reach_the_last_step_of_a_pipeline_in_a_search(routing: None) -> None:
    weights = np.linspace(0.1, 2, len(Y))
    scaler = StandardScaler().set_fit_request(sample_weight=False)
    steps = make_pipeline(scaler, AR(lags=1)).set_output(transform="pandas")
    steps[-1].set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    search = GridSearchCV(steps, {"ar__ic": ["bic"]}, cv=FOLDS).fit(X, Y, sample_weight=weights)
    train, test = list(FOLDS.split(X))[-1]
    values = X.to_numpy(), Y.to_numpy()
    by_hand = _weighted_by_hand(values[0][train], values[1][train], weights[train], values[0][test])
    expected = r2_score(values[1][test], by_hand, sample_weight=weights[test])
    assert search.cv_results_["split1_test_score"][0] == pytest.approx(expected, rel=1e-6)
    later = covariates(LATER)
    np.testing.assert_allclose(search.predict(later), _weighted_by_hand(*values, weights, later.to_numpy()))


SEARCHES = {
    "grid": GridSearchCV(AR(lags=1, exog_lags=0), {"ic": ["bic"]}, cv=FOLDS),
    "randomized": RandomizedSearchCV(AR(lags=1, exog_lags=0), {"ic": ["bic"]}, n_iter=1, cv=FOLDS),
    "halving": HalvingGridSearchCV(
        AR(lags=1, exog_lags=0), {"ic": ["bic", "aic"]}, cv=FOLDS, resource="max_lags", max_resources=4
    ),
}


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES.keys())
def test_weights_in_searches(search: Any, routing: None) -> None:
    weights = pd.Series(np.linspace(0.1, 2, len(Y)), Y.index)
    search = clone(search)
    search.estimator.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    search.fit(X, Y, sample_weight=weights)
    values, scores = (X.to_numpy(), Y.to_numpy(), weights.to_numpy()), []
    for train, test in FOLDS.split(X):
        by_hand = _weighted_by_hand(*(part[train] for part in values), values[0][test])
        scores.append(r2_score(values[1][test], by_hand, sample_weight=values[2][test]))
    assert search.best_score_ == pytest.approx(np.mean(scores), rel=1e-6)


SHOPS = pd.concat(
    {"b": X.assign(y=Y), "a": X[9:].assign(y=3 * Y[9:]), "c": X[:66].assign(y=Y[:66] + 5)},
    names=["unique_id", "ds"],
)
PANELS = {"long": SHOPS.reset_index(), "by time": SHOPS.reset_index().sort_values("ds"), "joint": SHOPS}


@pytest.mark.parametrize("panel", PANELS.values(), ids=PANELS.keys())
def test_a_search_on_a_panel_cuts_every_series(panel: pd.DataFrame) -> None:
    cv = RollingOrigin(4, windows=2, align="end")
    search = GridSearchCV(AR(), {"lags": [1, 2]}, cv=cv, error_score="raise").fit(panel)
    to_end = SHOPS.groupby("unique_id").cumcount(ascending=False) + 1
    for number, back in enumerate((8, 4)):
        train, test = SHOPS[to_end > back], SHOPS[(to_end <= back) & (to_end > back - 4)]
        model = AR(lags=2).fit(train.drop(columns="y"), train["y"])
        expected = model.score(test.drop(columns="y"), test["y"])
        assert search.cv_results_[f"split{number}_test_score"][1] == pytest.approx(expected)


@pytest.mark.parametrize("panel", [PANELS["long"], SHOPS], ids=["long", "joint"])
@pytest.mark.parametrize("cv", [TimeSeriesSplit(2, test_size=6), TimeSeriesSplit(3), KFold(3)], ids=str)
def test_folds_between_series_are_refused(panel: pd.DataFrame, cv: Any) -> None:
    with pytest.raises(ValueError, match=r"RollingOrigin"):
        GridSearchCV(AR(), {"lags": [1]}, cv=cv, error_score="raise").fit(panel)


def test_weights_reach_the_regressor_of_a_transformed_target(routing: None) -> None:
    weights, later = np.linspace(0.1, 2, len(Y)), covariates(LATER)
    asking = AR(lags=1).set_fit_request(sample_weight=True)
    logs = TransformedTargetRegressor(asking, func=np.log, inverse_func=np.exp)
    forecast = logs.fit(X, Y, sample_weight=weights).predict(later)
    by_hand = _weighted_by_hand(X.to_numpy(), np.log(Y.to_numpy()), weights, later.to_numpy())
    np.testing.assert_allclose(forecast, np.exp(by_hand))


def test_weights_cannot_be_requested_where_they_mean_nothing(routing: None) -> None:
    with pytest.raises(TypeError, match="Unexpected args"):
        Naive().set_fit_request(sample_weight=True)


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (np.ones(5), r"weights of shape \(5,\) for 72 rows"),
        (np.zeros(72), "weights that are all zero"),
        (-np.ones(72), "negative"),
        (np.full(72, np.nan), "NaN"),
    ],
)
def test_wrong_weights(weights: np.ndarray, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        AR().fit(Y, sample_weight=weights)


def test_weights_follow_the_rows_of_a_long_frame() -> None:
    mixed = pd.DataFrame(
        {
            "unique_id": ["a", "b"] * 40,
            "ds": np.repeat(np.arange(40), 2),
            "y": np.random.default_rng(0).normal(size=80),
        }
    )
    weights = np.random.default_rng(1).uniform(size=80)
    together = AR(lags=1).fit(mixed, sample_weight=weights)
    for number, name in enumerate("ab"):
        rows = (mixed["unique_id"] == name).to_numpy()
        alone = AR(lags=1).fit(mixed.loc[rows, "y"].to_numpy(), sample_weight=weights[rows])
        np.testing.assert_allclose(together.coef_[number], alone.coef_[0])


def _fit_and_forecast(model: Forecaster) -> np.ndarray:
    return np.asarray(clone(model).fit(Y).predict(3))


@pytest.mark.slow
def test_fifty_fits_leave_no_memory_behind() -> None:
    _fit_and_forecast(AR())
    gc.collect()
    tracemalloc.start()
    for _ in range(50):
        _fit_and_forecast(AR())
    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 200_000


def test_statsmodels_and_keras_are_loaded_only_when_needed() -> None:
    program = (
        "import sys; from forecast.estimators import AR, Drift, LagRegressor, Naive, SeasonalNaive\n"
        "AR().fit([1.0, 2.0, 4.0, 3.0]).predict(2)\n"
        "assert not {'statsmodels', 'keras', 'tensorflow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.slow
def test_joblib_workers_give_the_same_forecasts() -> None:
    # One model of each way of keeping what is learned.
    kinds = AR, MarkovSwitching, LagRegressor, Ensemble, NARX, OnlineRNN, Seq2Seq, KerasForecaster
    models = [model for model in forecasters() if type(model) in kinds]
    there = Parallel(n_jobs=2, backend="loky")(delayed(_fit_and_forecast)(model) for model in models)
    for model, forecast in zip(models, there, strict=True):
        np.testing.assert_allclose(forecast, _fit_and_forecast(model), rtol=1e-6)
    search = GridSearchCV(AR(), {"lags": [1, 2]}, cv=FOLDS, n_jobs=2).fit(Y)
    assert search.best_params_["lags"] in (1, 2)


ARRAYS = (X.to_numpy(), Y.to_numpy())
GAPS = {
    "time series split": TimeSeriesSplit(2, gap=3, test_size=6),
    "rolling origin": RollingOrigin(6, windows=2, gap=3),
}


def scores_by_hand(data: tuple[pd.DataFrame, pd.Series] | tuple[pd.Series], cv: Any) -> list[float]:
    """R2 of forecasts through the gap, in which the last known covariates are held."""
    scores = []
    for train, test in cv.split(data[0]):
        model = AR(lags=2).fit(*(part.iloc[train] for part in data))
        y = data[-1].iloc[test]
        if len(data) == 1:
            answer = model.predict(9)
        else:
            held = data[0].iloc[[train[-1]] * 3]
            values = np.vstack([held, data[0].iloc[test]])
            answer = model.predict(pd.DataFrame(values, Y.index[train[-1] + 1 : test[-1] + 1], X.columns))
        scores.append(r2_score(y, answer.iloc[3:]))
    return scores


@pytest.mark.filterwarnings("ignore:future rows of X:UserWarning")
@pytest.mark.parametrize("cv", GAPS.values(), ids=GAPS.keys())
@pytest.mark.parametrize("data", [(Y,), (X, Y)], ids=["series", "covariates"])
def test_rows_after_a_gap_are_the_rows_scored(data: Any, cv: Any) -> None:
    expected = pytest.approx(scores_by_hand(data, cv))
    assert cross_val_score(AR(lags=2), *data, cv=cv, error_score="raise").tolist() == expected
    if len(data) == 2:
        by_array = cross_val_score(AR(lags=2), ARRAYS[0], Y, cv=cv, error_score="raise")
        assert by_array.tolist() == expected
        piped = make_pipeline(StandardScaler(), AR(lags=2))
        kept = clone(piped).set_output(transform="pandas")
        assert np.isfinite(cross_val_score(piped, *data, cv=cv)).all()
        np.testing.assert_allclose(
            cross_val_score(kept, *data, cv=cv, scoring="r2"), cross_val_score(piped, *data, cv=cv)
        )


@pytest.mark.parametrize("data", [(Y,), (X, Y), (ARRAYS[0], Y)], ids=["series", "covariates", "index of y"])
def test_folds_out_of_the_middle_are_refused(data: Any) -> None:
    folds = KFold(3)
    for number, words in enumerate(
        ("before the history.*training rows must come first", "missing timestamps")
    ):
        train, test = list(folds.split(data[0]))[number]
        with pytest.raises(ValueError, match=words):
            cross_val_score(AR(lags=1), *data, cv=[(train, test)], error_score="raise")


@pytest.mark.filterwarnings("ignore:future rows of X:UserWarning")
@pytest.mark.parametrize(
    "data", [(Y, None), (X, Y), (ARRAYS[0], Y)], ids=["series", "covariates", "index of y"]
)
def test_learning_curve_scores_the_rows_it_says(data: Any) -> None:
    cv = TimeSeriesSplit(2, test_size=6)
    sizes, known, ahead = learning_curve(AR(lags=1), *data, cv=cv, train_sizes=[40, 60], error_score="raise")
    framed = (Y,) if data[1] is None else (X, Y)
    for row, size in enumerate(sizes):
        for column, (train, test) in enumerate(cv.split(Y)):
            model = AR(lags=1).fit(*(part.iloc[train[:size]] for part in framed))
            parts = [tuple(part.iloc[rows] for part in framed) for rows in (train[:size], test)]
            assert known[row, column] == pytest.approx(model.score(*parts[0]))
            assert ahead[row, column] == pytest.approx(model.score(*parts[1]))


def test_stacking_needs_folds_in_time() -> None:
    stack = StackingRegressor([("ar", AR(lags=1)), ("naive", Naive())], cv=3)
    with pytest.raises(ValueError, match="training rows must come first"):
        stack.fit(X, Y)
    members = [(name, clone(model).fit(X[:60], Y[:60].to_numpy())) for name, model in stack.estimators]
    stack = StackingRegressor(members, cv="prefit").fit(X[40:60], Y[40:60])
    assert stack.predict(X[60:]).shape == (12,)


def test_stacking_and_voting_on_frames() -> None:
    ramp = X.assign(ramp=np.arange(len(X)) / 10)
    y, later = ramp["ramp"] * 2 + 1, ramp[60:]
    models = [("naive", Naive()), ("line", LinearRegression())]
    folds = RollingOrigin(4, windows=14, partition=True)
    stack = StackingRegressor(models, LinearRegression(), cv=folds, passthrough=True).fit(ramp[:60], y[:60])
    np.testing.assert_allclose(stack.predict(later), y[60:])  # of a naive forecast and the line, the line
    naive = cross_val_predict(Naive(), ramp[:60], y[:60], cv=folds)
    steps = np.tile(np.arange(1, 5), 14)
    np.testing.assert_allclose(y[4:60] - naive[4:], 0.2 * steps)  # 1 to 4 steps ahead of each origin
    np.testing.assert_allclose(y[1:4] - naive[1:4], 0.2)  # one step ahead within the first training part
    both = VotingRegressor(models).fit(ramp[:60], y[:60])
    np.testing.assert_allclose(both.predict(later), (y.iloc[59] + y[60:]) / 2)


def test_partial_dependence_on_covariates() -> None:
    y = Y + 3 * X.iloc[:, 0]
    model = AR(lags=1, exog_lags=0).fit(X, y)
    design = np.column_stack([np.ones(len(y) - 1), y[:-1], X[1:]])
    effect = np.linalg.lstsq(design, y[1:], rcond=None)[0][2]
    for rows in (X, covariates(LATER)):
        curve = partial_dependence(model, rows, [0], grid_resolution=5)
        slopes = np.diff(curve["average"][0]) / np.diff(curve["grid_values"][0])
        np.testing.assert_allclose(slopes, slopes[0])  # a linear model
        if rows is X:
            assert slopes[0] == pytest.approx(effect * (len(y) - 1) / len(y))  # the first row has no past
    weak, strong = permutation_importance(model, X, y, random_state=0)["importances_mean"][[1, 0]]
    assert strong > 10 * abs(weak)


@pytest.mark.parametrize("data", [(None, Y), (Y,)], ids=["no X", "series"])
def test_the_index_of_y_is_the_timeline_without_X(data: Any) -> None:
    model = AR(lags=1).fit(*data)
    pd.testing.assert_series_equal(model.predict(4), AR(lags=1).fit(Y).predict(4))
    assert model.score(*data) == model.score(Y)
    folds = RollingOrigin(4, windows=2)
    assert [len(test) for _, test in folds.split(*data)] == [4, 4]


def test_transformer_that_drops_the_index_fails_clearly_in_a_search() -> None:
    search = GridSearchCV(
        make_pipeline(StandardScaler(), AR()), {"ar__lags": [1]}, cv=FOLDS, scoring="neg_mean_absolute_error"
    )
    with pytest.warns(UserWarning, match=r"(?s)no index.*set_output\(transform=.pandas.\)|non-finite"):
        search.fit(X, Y)
    assert np.isnan(search.best_score_)
