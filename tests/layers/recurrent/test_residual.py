"""The residual cell keeps what it has, and lets the gradient through."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from forecast.layers import ElmanCell, ResidualCell
from tests.checks import gradient, normal, same
from tests.layers.recurrent.equations import UNITS, random_cell, record, run, unroll, weights

pytestmark = pytest.mark.backend


def test_adds_the_simple_network_to_its_state() -> None:
    cell = random_cell(ResidualCell(UNITS))
    w = weights(cell)

    def step(x: np.ndarray, h: np.ndarray) -> tuple[np.ndarray]:
        return (h + np.tanh(x @ w["kernel"] + h @ w["recurrent_kernel"] + w["bias"]),)

    same(run(cell, record()), unroll(step, record(), UNITS), rtol=5e-6)


def test_a_network_that_is_zero_keeps_the_state_for_ever() -> None:
    cell = random_cell(ResidualCell(UNITS))
    cell.set_weights([0 * weight for weight in cell.get_weights()])
    x, h = normal((2, 1000, 2), dtype="float32"), normal((2, UNITS), seed=1, dtype="float32")
    same(keras.layers.RNN(cell)(x, initial_state=[h]), h, rtol=0, atol=0)


def slope_of_the_first_state(cell: keras.layers.Layer, steps: int) -> np.ndarray:
    """d sum(h_T) / d h_0, with h_0 the weight of a layer without bias on an input of one."""
    x, one = keras.Input((steps, 2)), keras.Input((1,))
    h = keras.layers.Dense(UNITS, use_bias=False, name="first")(one)
    model = keras.Model([x, one], keras.layers.RNN(cell)(x, initial_state=[h]))
    names = [weight.path for weight in model.trainable_variables]
    inputs = [normal((1, steps, 2), dtype="float32"), np.ones((1, 1), "float32")]
    return gradient(model, inputs, ops.sum)[names.index("first/kernel")]


def test_the_gradient_starts_as_exactly_one_through_a_thousand_steps() -> None:
    same(slope_of_the_first_state(ResidualCell(UNITS), 1000), np.ones((1, UNITS)), rtol=0, atol=0)
    assert np.abs(slope_of_the_first_state(ElmanCell(UNITS), 1000)).max() < 1e-6
