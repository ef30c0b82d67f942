"""The random start: what each kind of weight is drawn from, and that the seed alone decides."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from forecast.layers import CELLS
from forecast.networks import MemoryConfig, OnlineConfig, SequenceConfig
from forecast.training.flat_network import FlatNetwork
from forecast.training.rtrl import OnlineProgram
from forecast.training.sequence_program import SequenceProgram
from forecast.training.start import initial_weights
from forecast.training.window_program import WindowProgram
from tests.checks import some
from tests.training.cases import program

pytestmark = pytest.mark.backend
STATE = ("recurrent_kernel", "candidate_kernel", "update_kernel")  # what the state of our cells goes through


def weights(own: FlatNetwork, seed: int = 0) -> dict[str, np.ndarray]:
    """The weights drawn, by their paths."""
    theta = initial_weights(own, np.random.default_rng(seed))
    parts = zip(own.slices().items(), (w.shape for w in own.weights), strict=True)
    return {path: theta[part].reshape(shape) for (path, part), shape in parts}


def test_a_network_without_recurrence_is_drawn_uniformly_weight_by_weight() -> None:
    found, rng = weights(program()), np.random.default_rng(0)
    limit = np.sqrt(6 / (2 + 3))
    np.testing.assert_array_equal(found["hidden_1/kernel"], rng.uniform(-limit, limit, (2, 3)))
    np.testing.assert_array_equal(found["hidden_1/bias"], rng.uniform(-1, 1, 3))
    assert {path for path, value in found.items() if not value.any()} == {
        "linear/kernel",
        "output/kernel",
        "output/bias",
    }


def orthogonal(matrix: np.ndarray) -> bool:
    """Whether the rows of a matrix of several units are at right angles and of length one."""
    return len(matrix) == 3 and np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-5)


@pytest.mark.parametrize("units", [1, 3])
@pytest.mark.parametrize("name", some(CELLS, "gru", "lstm"))
def test_what_a_state_goes_through_is_orthogonal_gate_by_gate(name: str, units: int) -> None:
    own = OnlineProgram.of(OnlineConfig(cell=name, units=units, dtype="float64"))
    found, again, other = (weights(own, seed) for seed in (0, 0, 1))
    parts = zip(own.slices().items(), (w.shape for w in own.weights), strict=True)
    built = {path: own.template[part].reshape(shape) for (path, part), shape in parts}
    matrices = 0
    for path, value in found.items():
        np.testing.assert_array_equal(value, again[path])
        kept = not built[path].any() or path.endswith("bias")
        if path.startswith("linear"):
            assert not value.any()
        elif kept:
            np.testing.assert_array_equal(value, built[path])
        elif path.endswith(STATE) and value.ndim == 2:
            for gate in np.split(value, value.shape[1] // units, axis=1):
                np.testing.assert_allclose(gate.T @ gate, np.eye(units), atol=1e-12)
            assert units == 1 or (orthogonal(built[path]) and (value != other[path]).all())
            matrices += 1
        else:
            assert (
                (value != other[path]).all() and (value != built[path]).all() and not orthogonal(built[path])
            )
    assert matrices > 0 or name in ("diagonal", "residual")


def test_the_forget_gate_stays_open() -> None:
    own = OnlineProgram.of(OnlineConfig(cell="lstm", units=2, dtype="float64"))
    np.testing.assert_array_equal(weights(own)["cell/bias"], [0, 0, 1, 1, 0, 0, 0, 0])


def test_signs_of_a_single_unit_are_drawn_too() -> None:
    own = OnlineProgram.of(OnlineConfig(cell="elman", units=1, dtype="float64"))
    signs = {float(weights(own, seed)["cell/recurrent_kernel"][0, 0]) for seed in range(10)}
    assert signs == {-1.0, 1.0}


def test_single_units_of_a_diagonal_cell_remember_differently() -> None:
    own = OnlineProgram.of(OnlineConfig(cell="diagonal", units=40, dtype="float64"))
    memory = weights(own)["cell/recurrent_kernel"]
    assert memory.min() >= 0 and memory.max() <= 1 and memory.std() > 0.2


def test_vectors_of_symbols_have_length_one_on_average() -> None:
    config = SequenceConfig(units=(1,), categories=300, embedding=4)
    own = SequenceProgram.of(config, jit=False)
    found, other = (weights(own, seed)["embedding/embeddings"] for seed in (0, 1))
    assert abs((found**2).sum(axis=1).mean() - 1) < 0.15 and (found != other).all()


def keras_lstm() -> keras.Model:
    """A user's own recurrent network."""
    rows = keras.Input((4, 1), dtype="float64")
    hidden = keras.layers.LSTM(3, dtype="float64")(rows)
    return keras.Model(rows, keras.layers.Reshape((1, 1))(keras.layers.Dense(1, dtype="float64")(hidden)))


@pytest.mark.parametrize(
    ("own", "size"),
    [
        (lambda: WindowProgram.of(MemoryConfig(length=4, units=3, controller="gru", dtype="float64")), 3),
        (lambda: WindowProgram(keras_lstm, targets=1, dtype="float64"), 3),
    ],
)
def test_the_state_of_a_cell_of_keras_goes_through_orthogonal_matrices_too(own: Any, size: int) -> None:
    found = weights(own())
    (kernel,) = (value for path, value in found.items() if path.endswith("recurrent_kernel"))
    for gate in np.split(kernel, kernel.shape[1] // size, axis=1):
        np.testing.assert_allclose(gate.T @ gate, np.eye(size), atol=1e-12)
