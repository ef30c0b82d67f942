"""Costs are those of Keras, and a closed loop feeds back the forecast that the outputs stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pytest
from scipy.stats import norm
from scipy.stats import t as student

from forecast.networks import NARXConfig
from forecast.training.objective import OBJECTIVES, CrossEntropy, Objective, Squared, objective_of
from forecast.training.window_program import WindowProgram

pytestmark = pytest.mark.backend
Y, F = np.random.default_rng(0).normal(size=(2, 5, 3))


@pytest.mark.parametrize(
    ("name", "function"),
    [("squared", keras.losses.mean_squared_error), ("absolute", keras.losses.mean_absolute_error)],
)
def test_costs_are_those_of_keras_in_numpy_and_on_the_backend(name: str, function: Any) -> None:
    cost = OBJECTIVES[name].cost
    expected = keras.ops.convert_to_numpy(function(Y, F))
    np.testing.assert_allclose(cost(Y, F).mean(axis=1), expected, rtol=1e-5)
    tensors = keras.ops.convert_to_tensor(Y), keras.ops.convert_to_tensor(F)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(cost(*tensors)), cost(Y, F), rtol=1e-6)


def test_shares_of_the_classes_sum_to_the_cross_entropy_of_keras_however_large_the_scores() -> None:
    target = np.eye(3, dtype="float32")[[0, 1, 2, 1, 0]]
    scores = (F * 300).astype("float32")
    shares = CrossEntropy().cost(*map(keras.ops.convert_to_tensor, (target, scores)))
    shares = keras.ops.convert_to_numpy(shares)
    expected = keras.losses.categorical_crossentropy(target, scores, from_logits=True)
    np.testing.assert_allclose(shares.sum(axis=1), keras.ops.convert_to_numpy(expected), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["squared", "absolute", "huber"])
def test_parabolas_of_levenberg_marquardt_touch_the_cost_from_above(name: str) -> None:
    objective, errors = OBJECTIVES[name], np.array([-3.0, -0.4, 0.2, 1.0, 2.5])
    assert "lm" in objective.solvers
    curvature, cost = objective.curvature(errors), objective.cost(errors, np.zeros(5))
    others = np.linspace(-4, 4, 81)
    above = curvature[:, None] * (others**2 - errors[:, None] ** 2) + cost[:, None]
    assert (above - objective.cost(others, np.zeros(81)) > -1e-9).all()


def test_quantiles_are_found_by_their_cost() -> None:
    """The best constants for 1, ..., 99 are the numbers of the levels; the median alone costs the absolute error."""
    y, objective = np.arange(1.0, 100.0)[:, None], objective_of([0.1, 0.5, 0.9])
    found = []
    for place in range(3):
        best = [np.full((99, 3), c) for c in np.arange(1.0, 100.0)]
        costs = [
            np.abs(y[:, 0] - c[:, 0]) + (2 * objective.levels[place] - 1) * (y[:, 0] - c[:, 0]) for c in best
        ]
        found.append(1 + int(np.argmin([cost.sum() for cost in costs])))
    assert found == [10, 50, 90]
    middle = objective_of([0.5])
    np.testing.assert_allclose(middle.cost(y, y[::-1]), np.abs(y - y[::-1]))
    np.testing.assert_allclose(objective.cost(y, np.tile(y[::-1], 3)), np.abs(y - y[::-1]))


@pytest.mark.parametrize(
    ("objective", "density"), [(OBJECTIVES["gaussian"], norm), (OBJECTIVES["student-t"], student(5))]
)
def test_likelihoods_are_those_of_scipy(objective: Objective, density: Any) -> None:
    y, mean, scale = np.random.default_rng(0).normal(size=(3, 7, 2))
    output = np.stack([mean, scale], axis=-1).reshape(7, 4)
    expected = -density.logpdf((y - mean) / np.exp(scale)) + scale
    np.testing.assert_allclose(objective.cost(y, output), expected)
    np.testing.assert_allclose(objective.point(output), mean)
    np.testing.assert_allclose(objective.quantiles(output)[..., 3], mean, atol=1e-12)
    tensors = (keras.ops.convert_to_tensor(part.astype("float32")) for part in (y, output))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(objective.cost(*tensors)), expected, rtol=1e-4)


def test_smape_is_that_of_the_metric_and_needs_zero() -> None:
    y, f = np.array([[2.0], [8.0]]), np.array([[4.0], [8.0]])
    np.testing.assert_allclose(OBJECTIVES["smape"].cost(y, f), [[2 / 3], [0.0]], atol=1e-6)
    moved = OBJECTIVES["smape"].cost_in(y - 5, f - 5, np.full((2, 1), -5.0), np.ones((2, 1)))
    np.testing.assert_allclose(moved, OBJECTIVES["smape"].cost(y, f))


def test_a_cost_in_units_of_a_window() -> None:
    unit, zero = np.full((5, 3), 4.0), np.zeros((5, 3))
    np.testing.assert_allclose(OBJECTIVES["squared"].cost_in(Y, F, zero, unit), (Y - F) ** 2 / 16)


@pytest.mark.parametrize("loss", ["log_cosh", keras.losses.LogCosh()])
def test_losses_of_keras_count_for_each_target(loss: Any) -> None:
    error = Y - F
    expected = np.log(np.cosh(error))
    found = objective_of(loss).cost(Y.astype("float32"), F.astype("float32"))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("loss", ["nothing", [], [0.5, 1.0], 3, None])
def test_a_loss_that_stands_for_nothing_is_refused(loss: Any) -> None:
    with pytest.raises(ValueError, match="loss"):
        objective_of(loss)


@dataclass(frozen=True)
class Halved(Squared):
    """The outputs are twice the forecast."""

    def point(self, output: Any) -> Any:
        return output / 2


@pytest.mark.parametrize(("objective", "steps"), [(Squared(), [2.0, 4.0, 8.0]), (Halved(), [1.0, 1.0, 1.0])])
def test_a_closed_loop_feeds_back_the_point_forecast(objective: Objective, steps: list[float]) -> None:
    config = NARXConfig(lags=(1,), hidden=(), dtype="float64")
    program = WindowProgram.of(config, jit=False, objective=objective)
    theta = np.array([2.0, 0.0])  # the output is twice the value before
    free = np.array([[-np.inf], [np.inf]])
    run = program.call("run", theta, free, np.ones((1, 1, 1)), np.zeros((1, 3, 1)))
    np.testing.assert_allclose(np.ravel(run), steps)


def test_equal_objectives_share_what_is_compiled() -> None:
    assert Squared() == Squared() and hash(Squared()) == hash(OBJECTIVES["squared"]) and Squared() != Halved()
