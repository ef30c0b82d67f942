"""Costs are those of Keras, and a closed loop feeds back the forecast that the outputs stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pytest

from forecast.networks import NARXConfig
from forecast.training.objective import OBJECTIVES, CrossEntropy, Objective, Squared
from forecast.training.window_program import Program

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


def test_only_squares_have_normal_equations() -> None:
    assert [name for name, objective in OBJECTIVES.items() if "lm" in objective.solvers] == ["squared"]


@dataclass(frozen=True)
class Halved(Squared):
    """The outputs are twice the forecast."""

    def point(self, output: Any) -> Any:
        return output / 2


@pytest.mark.parametrize(("objective", "steps"), [(Squared(), [2.0, 4.0, 8.0]), (Halved(), [1.0, 1.0, 1.0])])
def test_a_closed_loop_feeds_back_the_point_forecast(objective: Objective, steps: list[float]) -> None:
    config = NARXConfig(lags=(1,), hidden=(), dtype="float64")
    program = Program.of(config, jit=False, objective=objective)
    theta = np.array([2.0, 0.0])  # the output is twice the value before
    free = np.array([[-np.inf], [np.inf]])
    run = program.call("run", theta, free, np.ones((1, 1, 1)), np.zeros((1, 3, 1)))
    np.testing.assert_allclose(np.ravel(run), steps)


def test_equal_objectives_share_what_is_compiled() -> None:
    assert Squared() == Squared() and hash(Squared()) == hash(OBJECTIVES["squared"]) and Squared() != Halved()
