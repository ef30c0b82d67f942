"""The gradient with respect to states: powers of a number, differences, and what a model is made of."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from forecast.layers import ElmanCell, LSTMCell, RecurrentStack, ResidualCell, make_cell
from forecast.networks import RecurrentConfig
from forecast.training.gradient_flow import recurrent_layers, state_gradients
from tests.checks import float64, normal, randomize, same, to_numpy

pytestmark = pytest.mark.backend
T = 7


def linear(factor: float) -> ElmanCell:
    """h_t = factor * h_{t-1} + x_t."""
    cell = ElmanCell(1, activation="linear", dtype="float64")
    cell.build((None, 1))
    cell.kernel.assign([[1.0]])
    cell.recurrent_kernel.assign([[factor]])
    return cell


def test_a_linear_cell_gives_the_powers_of_its_factor() -> None:
    x, y = normal((3, T, 1)), normal((3, 1), seed=1)
    with float64():
        gradient = state_gradients(linear(0.8), x, y)
    last = x[:, :, 0] @ 0.8 ** np.arange(T)[::-1]  # h_T by hand; the loss is (y - h_T)^2
    expected = 2 * (last - y[:, 0])[:, None] * 0.8 ** np.arange(T)[::-1]
    np.testing.assert_allclose(gradient[:, :, 0], expected, rtol=1e-12)


def test_a_residual_cell_without_a_branch_passes_everything() -> None:
    cell = ResidualCell(2)
    cell.build((None, 1))
    cell.kernel.assign(np.zeros((1, 2)))
    gradient = state_gradients(cell, np.zeros((1, 40, 1)), np.ones((1, 2)))
    np.testing.assert_array_equal(gradient, np.broadcast_to(gradient[:, -1:], gradient.shape))
    np.testing.assert_array_equal(np.abs(gradient), 1.0)  # the mean of two squares of 1


def model_of(cells: list[Any], sequences: bool) -> keras.Model:
    x = keras.Input((T, 2), dtype="float64")
    h: Any = x
    for number, cell in enumerate(cells):
        more = sequences or number < len(cells) - 1
        h = keras.layers.RNN(cell, return_sequences=more, name=f"rnn_{number}", dtype="float64")(h)
    model = keras.Model(x, keras.layers.Dense(1, dtype="float64")(h))
    randomize(model)
    return model


def lstm_loss(model: keras.Model, x: np.ndarray, y: np.ndarray, start: list[np.ndarray], first: int) -> float:
    """The loss when the states after step `first` - 1 are `start`, and its LSTM goes on from there."""
    cell, states = model.get_layer("rnn_0").cell, start
    for t in range(first, T):
        output, states = cell(x[:, t], states)
    last = output if first < T else start[0]
    return float(np.sum((to_numpy(model.layers[-1](last)) - y) ** 2))


@pytest.mark.parametrize("k", [2, T - 1])
def test_the_gradient_of_both_states_of_an_lstm_equals_differences(k: int) -> None:
    with float64():
        model = model_of([LSTMCell(2, dtype="float64")], sequences=False)
        x, y, states = normal((1, T, 2)), normal((1, 1), seed=1), [np.zeros((1, 2)), np.zeros((1, 2))]
        gradient = state_gradients(model, x, y)[0, k]  # [h, c] after step k
        for t in range(k + 1):
            states = [to_numpy(s) for s in model.get_layer("rnn_0").cell(x[:, t], states)[1]]
        for place in range(4):
            ends = []
            for move in (-1e-6, 1e-6):
                moved = np.concatenate(states, axis=1)
                moved[0, place] += move
                ends.append(lstm_loss(model, x, y, np.split(moved, 2, axis=1), k + 1))
            np.testing.assert_allclose(gradient[place], (ends[1] - ends[0]) / 2e-6, rtol=1e-6, atol=1e-8)


@pytest.mark.slow
def test_layers_are_found_and_chosen_at_any_depth() -> None:
    with float64():
        model = model_of([make_cell("gru", 2, dtype="float64"), make_cell("elman", 3, dtype="float64")], True)
        assert [rnn.name for rnn in recurrent_layers(model)] == ["rnn_0", "rnn_1"]
        x, y = normal((2, T, 2)), normal((2, T, 1), seed=1)
        assert state_gradients(model, x, y).shape == (2, T, 3)
        assert state_gradients(model, x, y, layer="rnn_0", step=3).shape == (2, 4, 2)
        outer = keras.Sequential([keras.Input((T, 2), dtype="float64"), model])
        inside = state_gradients(outer, x, y)
        np.testing.assert_allclose(inside, state_gradients(model, x, y), rtol=1e-12)
        cells = [rnn.cell for rnn in recurrent_layers(model)]
        assert [type(cell).__name__ for cell in cells] == ["GRUCell", "ElmanCell"]  # as it was


@pytest.mark.parametrize(("bidirectional", "length"), [(None, 3), ("sum", 3), ("concat", 5)])
def test_a_forecaster_that_reads_a_part_of_its_window(bidirectional: str | None, length: int) -> None:
    """h_t = 0.8 h_{t-1} + x_t over the last `length` of five rows: powers, whatever the other direction says."""
    config = RecurrentConfig(
        cell="elman", units=(1,), length=length, lags=(5,), bidirectional=bidirectional, dtype="float64"
    )
    with float64():
        model = config.build()
        stack = model.get_layer("stack")
        for loop in (*stack.forwards, *stack.backwards):
            loop.cell.activation = keras.activations.linear
        stack.forwards[0].set_weights([np.array(value) for value in ([[1.0]], [[0.8]], [0.0])])
        model.get_layer("output").set_weights(
            [np.ones((2 if bidirectional == "concat" else 1, 1)), np.zeros(1)]
        )
        gradient = state_gradients(model, normal((2, 5, 1)), normal((2, 1, 1), seed=1))
    assert gradient.shape == (2, length, 1)
    same(gradient / gradient[:, -1:], np.tile(0.8 ** np.arange(length)[::-1, None], (2, 1, 1)))


def test_errors_name_what_is_wrong() -> None:
    x, y = np.zeros((1, 3, 1)), np.zeros((1, 1))
    dense = keras.Sequential([keras.Input((3, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match="layer: must be the name of a recurrent layer"):
        state_gradients(dense, x, y)
    both = RecurrentStack(2, cell="elman", bidirectional="sum")
    with pytest.raises(ValueError, match=r"layer: .*forwards, one of \['layer_1'\]; received 'layer_1_back"):
        state_gradients(both, x, y, layer="layer_1_backward")
    with pytest.raises(ValueError, match="model: .*runs once.*'layer_1', which runs 2 times. Leave truncate"):
        state_gradients(RecurrentStack(2, truncate=(1, 2)), x, y)
    with pytest.raises(TypeError, match=r"model: must be a keras\.Model.*received str"):
        state_gradients("model", x, y)
    with pytest.raises(ValueError, match="a gradient of zero"):
        state_gradients(keras.layers.SimpleRNNCell(1), x, y)
