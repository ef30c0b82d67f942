"""MarkovSwitching: statsmodels' filter, all paths of regimes added up, the AR it contains."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression

from forecast import AR, MarkovSwitching
from forecast.datasets import load_lynx
from forecast.estimators.baselines.markov_switching import expected_path, stationary

TRANSITION = np.array([[0.95, 0.05], [0.1, 0.9]])
REGIMES = np.array([[0.5, 0.8, 0.3], [3.0, -0.4, 1.0]])  # intercept, lag weight, deviation


def switching(rows: int = 400, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    regime, y = 0, [0.0]
    for _ in range(rows - 1):
        regime = int(rng.random() < TRANSITION[regime, 1])
        intercept, weight, sigma = REGIMES[regime]
        y.append(intercept + weight * y[-1] + sigma * rng.normal())
    return np.array(y)


Y = switching()


@pytest.fixture(scope="module")
def fitted() -> MarkovSwitching:
    return MarkovSwitching().fit(Y)


def test_the_parameters_of_a_known_process_are_found(fitted: MarkovSwitching) -> None:
    order = np.argsort(-fitted.coefficients_[0, 0, :, 1])  # regimes by their lag weight
    np.testing.assert_allclose(fitted.coefficients_[0, 0][order], REGIMES, atol=0.3)
    np.testing.assert_allclose(fitted.transition_[0, 0][np.ix_(order, order)], TRANSITION, atol=0.06)
    assert fitted.converged_.all()


@pytest.mark.parametrize(("order", "regimes"), [(1, 2), (2, 3)])
def test_one_step_values_are_those_of_statsmodels(order: int, regimes: int) -> None:
    model = MarkovSwitching(order=order, regimes=regimes, iterations=10).fit(Y[:150])
    transition, coefficients = model.transition_[0, 0], model.coefficients_[0, 0]
    lags = np.column_stack([Y[order - lag : 150 - lag] for lag in range(1, order + 1)])
    reference = MarkovRegression(Y[order:150], regimes, exog=lags, switching_variance=True)
    values = coefficients.T.copy()
    values[-1] **= 2
    result = reference.smooth(np.concatenate([transition.T[:-1].ravel(), values.ravel()]))
    history = model._fitted(model.panel_)[order:, 0]
    np.testing.assert_allclose(history, result.predict(probabilities="predicted"), rtol=1e-8)


def test_the_forecast_adds_up_all_paths_of_regimes() -> None:
    rng = np.random.default_rng(1)
    count, order, horizon = 3, 2, 5
    transition = rng.dirichlet(np.ones(count), size=count)
    coefficients, chance = rng.normal(size=(count, order + 2)), rng.dirichlet(np.ones(count))
    latest = rng.normal(size=order)
    expected = np.zeros(horizon)
    for path in product(range(count), repeat=horizon + 1):
        weight, values = chance[path[0]], list(latest[::-1])
        for before, now in zip(path[:-1], path[1:], strict=True):
            weight *= transition[before, now]
            values.append(coefficients[now, 0] + coefficients[now, 1:-1] @ values[: -order - 1 : -1])
        expected += weight * np.array(values[order:])
    found = expected_path(latest, chance, transition, coefficients, horizon)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_predict_goes_on_from_the_regimes_at_the_end(fitted: MarkovSwitching) -> None:
    transition, coefficients = fitted.transition_[0, 0], fitted.coefficients_[0, 0]
    chance, past = stationary(transition), Y[0]
    for value in Y[1:]:
        density = np.exp(-0.5 * ((value - coefficients[:, :2] @ [1, past]) / coefficients[:, 2]) ** 2)
        chance, past = (chance @ transition) * density / coefficients[:, 2], value
        chance /= chance.sum()
    expected = expected_path(Y[-1:], chance, transition, coefficients, 7)
    np.testing.assert_allclose(fitted.predict(7), expected, rtol=1e-9)


def test_without_noise_all_regimes_are_the_autoregression() -> None:
    y = [1.0, 2.0]
    for _ in range(30):
        y.append(1.2 * y[-1] - 0.7 * y[-2] + 3.0)
    model = MarkovSwitching(order=2).fit(np.array(y))
    np.testing.assert_allclose(model.predict(6), AR(lags=2).fit(np.array(y)).predict(6), rtol=1e-6)


def test_a_short_series_falls_back_to_the_autoregression() -> None:
    model = MarkovSwitching().fit(Y[:7])
    assert not model.converged_.any()
    np.testing.assert_allclose(model.predict(3), AR(lags=1).fit(Y[:7]).predict(3))


def test_a_regime_that_collapses_on_a_few_rows_makes_all_share_one_deviation() -> None:
    lynx = np.log10(load_lynx().to_numpy())
    model = MarkovSwitching(order=2).fit(lynx)
    deviations = model.coefficients_[0, 0, :, -1]
    assert model.converged_.all() and deviations[0] == deviations[1] > 0.05


def test_constant_series_and_stationary_distribution() -> None:
    np.testing.assert_allclose(MarkovSwitching(order=3).fit(np.full(20, 3.0)).predict(4), 3.0)
    np.testing.assert_allclose(stationary(TRANSITION), [2 / 3, 1 / 3])


@pytest.mark.parametrize(("options", "name"), [(dict(regimes=1), "regimes"), (dict(order=0), "order")])
def test_errors(options: dict, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: must be a whole number of at least"):
        MarkovSwitching(**options).fit(Y)
