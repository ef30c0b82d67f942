"""The memory cell is its equations: addressing, erasing and writing in numpy, and what they do exactly."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from forecast.layers import MemoryCell
from forecast.layers.memory import content_weights, read, sharpened, shifted, written
from tests.checks import (
    check_gradient,
    check_layer,
    evaluate,
    float64,
    normal,
    randomize,
    same,
    to_numpy,
)

pytestmark = pytest.mark.backend
Array = np.ndarray


def tensor(values: Any) -> Any:
    """A tensor in single precision."""
    return keras.ops.convert_to_tensor(np.asarray(values, "float32"))


def softmax(z: Array) -> Array:
    powers = np.exp(z - z.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def softplus(z: Array) -> Array:
    return np.log1p(np.exp(z))


def sigmoid(z: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-z))


def addressed(memory: Array, before: Array, row: Array, reach: int) -> Array:
    """Weights (N,) of one head of one sequence, slot by slot; `row` holds k, beta, g, s and gamma."""
    slots, width = memory.shape
    key, beta, gate = np.tanh(row[:width]), softplus(row[width]), sigmoid(row[width + 1])
    shift, power = softmax(row[width + 2 : -1]), 1.0 + softplus(row[-1])
    cosines = [slot @ key / np.sqrt((slot @ slot + 1e-6) * (key @ key + 1e-6)) for slot in memory]
    mixed = gate * softmax(beta * np.array(cosines)) + (1.0 - gate) * before
    moved = np.zeros(slots)
    for i in range(slots):
        for j in range(-reach, reach + 1):
            moved[i] += shift[j + reach] * mixed[(i - j) % slots]
    return moved**power / (moved**power).sum()


def reference(cell: MemoryCell, x: Array) -> Array:
    """[h_t, r_t] of one sequence x (T, F), step by step; the controller is dense."""
    dense, offset, kernel, bias = (to_numpy(w) for w in (*cell.control.weights, cell.kernel, cell.bias))
    memory, outputs = np.full((cell.slots, cell.width), 1e-6), []
    weights = np.tile(np.eye(1, cell.slots), (cell.heads, 1))
    for t in range(len(x)):
        seen = (weights[: cell.read_heads] @ memory).ravel()
        hidden = np.tanh(np.concatenate([x[t], seen]) @ dense + offset)
        instructions = hidden @ kernel + bias
        cut = cell.heads * (cell.width + 2 * cell.reach + 4)
        rows = instructions[:cut].reshape(cell.heads, -1)
        weights = np.stack([addressed(memory, *pair, cell.reach) for pair in zip(weights, rows, strict=True)])
        changes = instructions[cut:].reshape(cell.write_heads, 2, cell.width)
        keep, added = np.ones_like(memory), np.zeros_like(memory)
        for w, (erase, add) in zip(weights[cell.read_heads :], changes, strict=True):
            keep *= 1.0 - np.outer(w, sigmoid(erase))
            added += np.outer(w, np.tanh(add))
        memory = memory * keep + added
        outputs.append(np.concatenate([hidden, (weights[: cell.read_heads] @ memory).ravel()]))
    return np.stack(outputs)


@pytest.mark.parametrize("heads", [(1, 1), (2, 3)])
def test_cell_is_the_numpy_loop_of_its_equations(heads: tuple[int, int]) -> None:
    with float64():
        cell = MemoryCell(
            5,
            slots=6,
            width=3,
            reach=2,
            read_heads=heads[0],
            write_heads=heads[1],
            controller="dense",
            dtype="float64",
        )
        x = normal((2, 7, 2))
        symbol = keras.Input((7, 2), dtype="float64")
        model = keras.Model(symbol, keras.layers.RNN(cell, return_sequences=True, dtype="float64")(symbol))
        randomize(model, scale=1.0)
        expected = np.stack([reference(cell, sequence) for sequence in x])
        same(evaluate(model, x), expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("controller", ["lstm", "gru"])
def test_the_controller_is_the_cell_of_keras(controller: str) -> None:
    """A memory in which nothing is written leaves h_t = the recurrent layer of Keras on [x_t, 0]."""
    cell = MemoryCell(4, slots=5, width=3, controller=controller)
    x = normal((2, 6, 2), dtype="float32")
    memory = keras.layers.RNN(cell, return_sequences=True)
    memory.build(x.shape)
    kernel, recurrent, bias = (to_numpy(w) for w in cell.control.weights)
    kernel[2:] = 0.0  # what is read is not heard
    cell.control.set_weights([kernel, recurrent, bias])
    layer = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[controller](4, return_sequences=True)
    layer.build(x.shape)
    layer.set_weights([kernel[:2], recurrent, bias])
    same(memory(x)[..., :4], layer(x))


def test_a_sure_shift_moves_a_sharp_head_exactly() -> None:
    """Ten steps around a ring of seven slots, forwards by two: at slot 20 mod 7, and nowhere else."""
    weights = tensor(np.eye(1, 7)[None])
    forward = tensor(np.eye(1, 5, k=4)[None])  # s of j = -2, ..., 2
    for step in range(1, 11):
        weights = sharpened(shifted(weights, forward), tensor([[[1.5]]]))
        same(weights, np.eye(1, 7, k=2 * step % 7)[None], rtol=0.0, atol=1e-9)


def test_sharpening_keeps_a_blurred_head_in_its_place() -> None:
    """A shift of 0.9 blurs the head away in 200 steps; with a power of 20 it is still where it should be."""
    shift = tensor([[[0.05, 0.05, 0.9]]])
    ends = []
    for power in (1.0, 20.0):
        weights = tensor(np.eye(1, 9)[None])
        for _ in range(200):
            weights = sharpened(shifted(weights, shift), tensor([[[power]]]))
        ends.append(to_numpy(weights)[0, 0, 200 % 9])
    assert ends[0] < 0.15 and ends[1] > 0.999


def test_a_strong_key_finds_its_row_and_a_weak_one_none() -> None:
    memory, key = tensor(np.eye(4)[None]), tensor([[[0.0, 0.0, 0.3, 0.0]]])
    same(content_weights(memory, key, tensor([[[50.0]]])), np.eye(1, 4, k=2)[None], atol=1e-6)
    same(content_weights(memory, key, tensor([[[0.0]]])), np.full((1, 1, 4), 0.25))


def test_erase_and_add_rewrite_one_row() -> None:
    memory, row = normal((2, 5, 3), dtype="float32"), normal((2, 1, 3), seed=1, dtype="float32")
    at = tensor(np.tile(np.eye(1, 5, k=3), (2, 1, 1)))
    changed = written(tensor(memory), at, tensor(np.ones((2, 1, 3))), tensor(row))
    same(to_numpy(changed)[:, 3], row[:, 0])
    np.testing.assert_array_equal(np.delete(to_numpy(changed), 3, axis=1), np.delete(memory, 3, axis=1))
    same(read(changed, at), row[:, 0])


def test_several_write_heads_erase_before_any_adds() -> None:
    """Two heads on one row: both sums stay, whatever the order (Graves et al. 2014, section 3.2)."""
    memory, add = normal((1, 4, 2)), normal((1, 2, 2), seed=1)
    at = np.tile(np.eye(1, 4), (1, 2, 1))
    changed = written(*map(tensor, (memory, at, np.ones((1, 2, 2)), add)))
    same(changed[:, 0], add.sum(axis=1))


def test_states_of_zeros_are_a_blank_memory_with_every_head_at_slot_0() -> None:
    cell = MemoryCell(4, slots=3, width=2, read_heads=2)
    states = cell.get_initial_state(2)
    assert [tuple(state.shape) for state in states] == [(2, 6), (2, 9), (2, 4), (2, 4)]
    assert not any(to_numpy(state).any() for state in states)
    cell.build((None, 1))
    cell.set_weights(
        [0 * weight for weight in cell.get_weights()]
    )  # gates half open, shift spread, gamma 1 + ln 2
    _, (memory, weights, *_) = cell(np.zeros((2, 1), "float32"), states)
    found, moved = np.full(3, 1 / 3), np.full(3, 1 / 3)
    expected = (0.5 * found + 0.5 * moved) ** (1 + np.log(2))
    same(to_numpy(weights).reshape(2, 3, 3) + np.eye(1, 3), np.tile(expected / expected.sum(), (2, 3, 1)))
    same(to_numpy(memory) + 1e-6, np.full((2, 6), 1e-6 * (1 - 0.5 / 3)), rtol=1e-4, atol=0.0)


@pytest.mark.parametrize("controller", ["lstm", "dense"])
def test_reset_state_of_a_stateful_layer_is_the_start(controller: str) -> None:
    x = normal((3, 7, 4), dtype="float32")
    layer = keras.layers.RNN(MemoryCell(8, controller=controller), stateful=True, return_sequences=True)
    first, carried = to_numpy(layer(x)), to_numpy(layer(x))
    layer.reset_state()
    same(layer(x), first)
    assert np.abs(carried - first).max() > 1e-4


@pytest.mark.slow
def test_gradient_through_the_loop_is_that_of_finite_differences() -> None:
    with float64():
        cell = MemoryCell(4, slots=4, width=2, controller="dense", dtype="float64")
        symbol = keras.Input((5, 1), dtype="float64")
        model = keras.Model(symbol, keras.layers.RNN(cell, return_sequences=True, dtype="float64")(symbol))
        randomize(model)
        check_gradient(model, normal((2, 5, 1)), lambda y: keras.ops.sum(keras.ops.square(y - 0.3)))


@pytest.mark.parametrize("controller", ["lstm", "dense"])
def test_check_layer(controller: str, tmp_path) -> None:
    def make(dtype: str) -> keras.layers.Layer:
        cell = MemoryCell(4, slots=5, width=3, read_heads=2, controller=controller, dtype=dtype)
        return keras.layers.RNN(cell, return_sequences=True, zero_output_for_mask=True, dtype=dtype)

    check_layer(make, input_shape=(3, 6, 2), output_shape=(3, 6, 10), folder=tmp_path)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (dict(units=0), ValueError, "units: must be a whole number of at least 1; received 0"),
        (dict(slots=1.5), TypeError, "slots: must be a whole number.*1.5 of type float"),
        (dict(read_heads=0), ValueError, "read_heads: must be a whole number of at least 1"),
        (dict(reach=4), ValueError, "reach: must be less than half of slots=8; received 4"),
        (dict(controller="rnn"), ValueError, "controller: must be one of 'lstm', 'gru', 'dense'; received"),
    ],
)
def test_errors_name_argument_allowed_and_received(options, error, words) -> None:
    with pytest.raises(error, match=words):
        MemoryCell(**{"units": 4, "slots": 8, "width": 2, **options})
