"""The diagonal cell is its equation, and a simple recurrent cell with a diagonal matrix."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.layers import DiagonalCell, ElmanCell
from tests.checks import same, to_numpy
from tests.layers.recurrent.equations import UNITS, random_cell, record, run, unroll, weights

pytestmark = pytest.mark.backend


@pytest.mark.parametrize(
    ("activation", "function"), [("tanh", np.tanh), ("relu", lambda z: np.maximum(z, 0.0))]
)
def test_is_its_equation(activation: str, function) -> None:
    cell = random_cell(DiagonalCell(UNITS, activation=activation))
    w = weights(cell)

    def step(x: np.ndarray, h: np.ndarray) -> tuple[np.ndarray]:
        return (function(x @ w["kernel"] + w["recurrent_kernel"] * h + w["bias"]),)

    same(run(cell, record()), unroll(step, record(), UNITS))


def test_equals_the_simple_cell_with_a_diagonal_matrix() -> None:
    cell, dense = random_cell(DiagonalCell(UNITS)), random_cell(ElmanCell(UNITS))
    W, u, b = (to_numpy(weight) for weight in cell.weights)
    dense.set_weights([W, np.diag(u), b])
    same(run(cell, record()), run(dense, record()))


def test_memories_start_between_none_and_all() -> None:
    cell = DiagonalCell(200)
    cell.build((None, 1))
    u = to_numpy(cell.recurrent_kernel)
    assert 0 <= u.min() < 0.1 and 0.9 < u.max() <= 1
