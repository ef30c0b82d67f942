"""The NARX cell is its equation."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from forecast.layers import NARXCell
from tests.checks import (
    check_gradient,
    check_layer,
    float64,
    normal,
    randomize,
    same,
    to_numpy,
)

pytestmark = pytest.mark.backend

CELLS = {
    "autoregression": dict(output_delays=2, hidden=()),
    "nonlinear autoregression": dict(output_delays=(1, 3), hidden=(4,)),
    "exogenous input": dict(input_delays=2, output_delays=(1, 2), hidden=(4, 3), inputs=1),
    "no linear path": dict(input_delays=(0, 3), output_delays=1, hidden=(4,), linear=False, inputs=2),
    "several targets": dict(input_delays=(1,), output_delays=(2, 1), hidden=(4,), targets=2, inputs=2),
    "input alone": dict(input_delays=(0, 1, 4), output_delays=(), hidden=(4,), inputs=1),
}


def equation(cell: NARXCell, x: np.ndarray, history: np.ndarray) -> np.ndarray:
    """y_t = A u + C tanh(... tanh(B u + b)) + c, step by step in numpy."""
    weights = {
        layer.name: [to_numpy(w) for w in layer.weights] for layer in cell.step.layers if layer.weights
    }
    record_y = list(history[:, :, : cell.targets].transpose(1, 0, 2))
    record_x = list(history[:, :, cell.targets :].transpose(1, 0, 2))
    for t in range(x.shape[1]):
        record_x.append(x[:, t, : cell.inputs])
        u = np.concatenate(
            [record_y[-lag] for lag in cell.output_delays]
            + [record_x[-1 - lag] for lag in cell.input_delays],
            -1,
        )
        record_y.append(output(weights, u))
    return np.stack(record_y[history.shape[1] :], axis=1)


def output(weights: dict[str, list[np.ndarray]], u: np.ndarray) -> np.ndarray:
    linear = weights.get("linear", [np.zeros((u.shape[1], 1))])
    if "output" not in weights:
        return u @ linear[0] + linear[1]
    hidden = u
    for name in sorted(name for name in weights if name.startswith("hidden")):
        hidden = np.tanh(hidden @ weights[name][0] + weights[name][1])
    return u @ linear[0] + hidden @ weights["output"][0] + weights["output"][1]


@pytest.mark.parametrize("options", CELLS.values(), ids=list(CELLS))
def test_cell_is_the_numpy_loop_of_its_equation(options: dict) -> None:
    cell = NARXCell(**options)
    randomize(cell, scale=0.3)
    x = normal((3, 9, max(cell.inputs, 1)), dtype="float32")
    history = normal((3, cell.length, cell.targets + cell.inputs), seed=1, dtype="float32")
    y = keras.layers.RNN(cell, return_sequences=True)(x, initial_state=history.reshape(3, -1))
    same(y, equation(cell, x, history), rtol=1e-5, atol=1e-5)


def test_int_delays_start_at_zero_for_inputs_and_at_one_for_outputs() -> None:
    cell = NARXCell(input_delays=2, output_delays=3, inputs=1)
    assert (cell.input_delays, cell.output_delays, cell.length) == ((0, 1, 2), (1, 2, 3), 3)


def test_zero_output_kernel_is_the_linear_path() -> None:
    options = dict(input_delays=1, output_delays=2, inputs=1)
    cell, linear = NARXCell(hidden=(6,), **options), NARXCell(hidden=(), **options)
    kernel = to_numpy(cell.step.get_layer("linear").kernel)
    linear.step.get_layer("linear").set_weights([kernel, np.zeros(1)])
    x = normal((3, 9, 1), dtype="float32")
    same(keras.layers.RNN(cell)(x), keras.layers.RNN(linear)(x))


def test_gradient_through_the_loop_is_that_of_finite_differences() -> None:
    with float64():
        cell = NARXCell(input_delays=1, output_delays=2, hidden=(3,), inputs=1, dtype="float64")
        symbol = keras.Input((6, 1), dtype="float64")
        model = keras.Model(symbol, keras.layers.RNN(cell, return_sequences=True, dtype="float64")(symbol))
        randomize(model)
        x = normal((2, 6, 1))

        def loss(y):
            return keras.ops.sum(keras.ops.square(y - 0.3))

        check_gradient(model, x, loss)


@pytest.mark.parametrize(("name", "teacher_forcing"), [("exogenous input", False), ("several targets", True)])
def test_check_layer(name: str, teacher_forcing: bool, tmp_path) -> None:
    options = {**CELLS[name], "teacher_forcing": teacher_forcing}
    targets = options.get("targets", 1)

    def make(dtype: str) -> keras.layers.Layer:
        cell = NARXCell(**options, dtype=dtype)
        return keras.layers.RNN(cell, return_sequences=True, zero_output_for_mask=True, dtype=dtype)

    columns = options["inputs"] + targets * teacher_forcing
    check_layer(make, input_shape=(3, 6, columns), output_shape=(3, 6, targets), folder=tmp_path)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (dict(output_delays=(0, 1)), ValueError, "output_delays: must be a whole number of at least 1"),
        (dict(input_delays=(-1,), inputs=1), ValueError, "input_delays: .*at least 0"),
        (dict(input_delays=1), ValueError, "input_delays: must be empty exactly when inputs=0"),
        (dict(inputs=1), ValueError, "input_delays: must be empty exactly when inputs=0"),
        (dict(output_delays=()), ValueError, "output_delays then not empty"),
        (dict(output_delays=1.0), TypeError, "output_delays: .*1.0 of type float"),
        (dict(hidden=(0,)), ValueError, "hidden: must be a whole number of at least 1"),
    ],
)
def test_errors_name_argument_allowed_and_received(options, error, words) -> None:
    with pytest.raises(error, match=words):
        NARXCell(**options)
