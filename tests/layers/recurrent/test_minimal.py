"""The minimal gated unit is its equation."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.layers import MinimalGatedCell
from tests.checks import same
from tests.layers.recurrent.equations import UNITS, by_gate, random_cell, record, run, sigma, unroll, weights

pytestmark = pytest.mark.backend


def test_is_its_equation() -> None:
    cell = random_cell(MinimalGatedCell(UNITS))
    w = weights(cell)
    W, b = by_gate(w["kernel"], "fn"), by_gate(w["bias"], "fn")

    def step(x: np.ndarray, h: np.ndarray) -> tuple[np.ndarray]:
        f = sigma(x @ W["f"] + h @ w["recurrent_kernel"] + b["f"])
        n = np.tanh(x @ W["n"] + (f * h) @ w["candidate_kernel"] + b["n"])
        return ((1 - f) * h + f * n,)

    same(run(cell, record()), unroll(step, record(), UNITS))


def test_a_closed_gate_keeps_the_state() -> None:
    cell = random_cell(MinimalGatedCell(UNITS))
    values = {weight.name: weight for weight in cell.weights}
    for name in ("kernel", "recurrent_kernel"):
        values[name].assign(0 * values[name])
    values["bias"].assign(np.repeat([-200.0, 1.0], UNITS))
    same(run(cell, record()), np.zeros((3, 6, UNITS)))
