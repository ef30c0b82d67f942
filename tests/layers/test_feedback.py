"""Open loop, closed loop, teacher forcing: one network, three ways to run it."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from forecast.layers import FeedbackCell, TimeDelay
from forecast.layers.feedback import pair as looped_pair
from forecast.windows import pair
from tests.checks import check_layer, normal, randomize, same, to_numpy

pytestmark = pytest.mark.backend

SIZES = [(1, 0), (1, 2), (2, 0), (2, 1)]  # targets, exogenous columns
LENGTH = 4


def network(targets: int, exog: int, dtype: str = "float32") -> keras.Model:
    """A window network with random weights."""
    window = keras.Input((LENGTH, targets + exog), dtype=keras.dtype_policies.get(dtype).compute_dtype)
    hidden = TimeDelay(5, (0, 1, 3), activation="tanh", padding="valid", dtype=dtype)(window)
    model = keras.Model(window, keras.layers.Dense(targets, dtype=dtype)(hidden))
    randomize(model)
    return model


def paired(y: np.ndarray, x: np.ndarray, t: int) -> np.ndarray:
    """Rows (y_{t-L+j}, x_{t-L+j+1}), j = 0, ..., L-1."""
    return np.concatenate([y[:, t - LENGTH : t], x[:, t - LENGTH + 1 : t + 1]], axis=-1)


def run(cell: FeedbackCell, inputs: np.ndarray, history: np.ndarray) -> np.ndarray:
    state = history.reshape(len(history), -1)
    return to_numpy(keras.layers.RNN(cell, return_sequences=True)(inputs, initial_state=state))


def inputs_of(x: np.ndarray) -> np.ndarray:
    return x if x.shape[2] else np.zeros((*x.shape[:2], 1), "float32")


@pytest.mark.parametrize(("targets", "exog"), SIZES)
def test_one_step_is_the_open_loop(targets: int, exog: int) -> None:
    step = network(targets, exog)
    y, x = (
        normal((3, LENGTH, targets), dtype="float32"),
        normal((3, LENGTH + 1, exog), seed=1, dtype="float32"),
    )
    history = np.concatenate([y, x[:, :LENGTH]], axis=-1)
    output = run(FeedbackCell(step, targets=targets), inputs_of(x[:, LENGTH:]), history)
    same(output, step(paired(y, x, LENGTH)))


@pytest.mark.parametrize(("targets", "exog"), SIZES)
def test_closed_loop_is_the_open_loop_repeated_with_its_outputs_appended(targets: int, exog: int) -> None:
    step, horizon = network(targets, exog), 7
    y = normal((3, LENGTH, targets), dtype="float32")
    x = normal((3, LENGTH + horizon, exog), seed=1, dtype="float32")
    history = np.concatenate([y, x[:, :LENGTH]], axis=-1)
    output = run(FeedbackCell(step, targets=targets), inputs_of(x[:, LENGTH:]), history)
    for t in range(LENGTH, LENGTH + horizon):
        y = np.concatenate([y, to_numpy(step(paired(y, x, t)))], axis=1)
    same(output, y[:, LENGTH:], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("targets", "exog"), SIZES)
def test_teacher_forcing_is_the_open_loop_on_the_record(targets: int, exog: int) -> None:
    step, length = network(targets, exog), 11
    y, x = normal((3, length, targets), dtype="float32"), normal((3, length, exog), seed=1, dtype="float32")
    history = np.concatenate([y, x], axis=-1)[:, :LENGTH]
    inputs = np.concatenate([x[:, LENGTH:], y[:, LENGTH - 1 : -1]], axis=-1)
    output = run(FeedbackCell(step, targets=targets, teacher_forcing=True), inputs, history)
    for t in range(LENGTH, length):
        same(output[:, t - LENGTH : t - LENGTH + 1], step(paired(y, x, t)))


def test_teacher_forcing_on_its_own_forecasts_is_the_closed_loop() -> None:
    step = network(1, 1)
    x, history = normal((2, 9, 1), dtype="float32"), normal((2, LENGTH, 2), seed=1, dtype="float32")
    closed = run(FeedbackCell(step), x, history)
    last = np.concatenate([history[:, -1:, :1], closed[:, :-1]], axis=1)
    forced = run(FeedbackCell(step, teacher_forcing=True), np.concatenate([x, last], axis=-1), history)
    same(forced, closed, rtol=1e-5, atol=1e-5)


def test_without_initial_state_the_history_is_zero() -> None:
    step, x = network(1, 1), normal((2, 6, 1), dtype="float32")
    free = keras.layers.RNN(FeedbackCell(step), return_sequences=True)(x)
    same(free, run(FeedbackCell(step), x, np.zeros((2, LENGTH, 2), "float32")))


def test_the_last_state_continues_the_run() -> None:
    step, x = network(2, 1), normal((2, 8, 1), dtype="float32")
    history = normal((2, LENGTH * 3), seed=1, dtype="float32")
    rnn = keras.layers.RNN(FeedbackCell(step, targets=2), return_sequences=True, return_state=True)
    whole, _ = rnn(x, initial_state=history)
    first, state = rnn(x[:, :3], initial_state=history)
    second, _ = rnn(x[:, 3:], initial_state=state)
    same(whole, np.concatenate([to_numpy(first), to_numpy(second)], axis=1), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("teacher_forcing", [False, True])
def test_left_padding_with_mask_is_the_trimmed_input(teacher_forcing: bool) -> None:
    cell = FeedbackCell(network(1, 1), teacher_forcing=teacher_forcing)
    rnn = keras.layers.RNN(cell, return_sequences=True, zero_output_for_mask=True)
    x = normal((2, 6, 1 + teacher_forcing), dtype="float32")
    padded = np.concatenate([np.full((2, 3, x.shape[2]), 50, "float32"), x], axis=1)
    mask = np.arange(9)[None].repeat(2, 0) >= 3
    same(to_numpy(rnn(padded, mask=mask))[:, 3:], rnn(x))


@pytest.mark.parametrize("teacher_forcing", [False, True])
def test_check_layer(teacher_forcing: bool, tmp_path) -> None:
    def make(dtype: str) -> Any:
        cell = FeedbackCell(network(1, 1, dtype), teacher_forcing=teacher_forcing, dtype=dtype)
        return keras.layers.RNN(cell, return_sequences=True, zero_output_for_mask=True, dtype=dtype)

    check_layer(make, input_shape=(3, 6, 2), output_shape=(3, 6, 1), folder=tmp_path)


def test_dtype_is_that_of_the_network() -> None:
    window = keras.Input((LENGTH, 1), dtype="float64")
    assert FeedbackCell(keras.Model(window, window[:, -1:])).compute_dtype == "float64"


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: FeedbackCell(keras.layers.Dense(1)), "step: must be a built network with one input"),
        (lambda: FeedbackCell(network(1, 0), targets=2), "targets: must be at most 1"),
        (
            lambda: FeedbackCell(network(1, 2)).build((3, 1)),
            "inputs: must be of at least 2 columns; received 1",
        ),
        (lambda: FeedbackCell(network(1, 2), teacher_forcing=True).build((3, 2)), "at least 3 columns"),
    ],
)
def test_errors_name_argument_allowed_and_received(build, words) -> None:
    with pytest.raises(ValueError, match=words):
        build()


def test_the_convention_of_time_is_the_same_in_numpy_and_in_a_compiled_loop() -> None:
    rng = np.random.default_rng(0)
    y, x = rng.normal(size=(2, 3, 1)), rng.normal(size=(2, 4, 2))
    rows = np.concatenate([y, x[:, :3]], axis=2)
    looped = to_numpy(looped_pair(rows, x[:, 3:], targets=1))
    np.testing.assert_allclose(looped, pair(y, x), rtol=1e-6)
    np.testing.assert_array_equal(pair(y, x)[:, -1], np.concatenate([y[:, 2], x[:, 3]], axis=1))
