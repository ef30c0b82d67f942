"""The Jordan cell is the NARX network that sees one last output."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.layers import JordanCell, NARXCell
from tests.checks import same, to_numpy
from tests.layers.recurrent.equations import FEATURES, UNITS, random_cell, record, run, unroll, weights

pytestmark = pytest.mark.backend


def test_equals_a_narx_cell_of_one_output_delay() -> None:
    cell = random_cell(JordanCell(UNITS, outputs=2))
    narx = NARXCell(
        input_delays=(0,), output_delays=(1,), hidden=(UNITS,), linear=False, targets=2, inputs=FEATURES
    )
    W, U, b, V, c = (to_numpy(weight) for weight in cell.weights)
    narx.step.get_layer("hidden_1").set_weights([np.concatenate([U, W]), b])
    narx.step.get_layer("output").set_weights([V, c])
    same(run(cell, record()), run(narx, record()))


def test_outputs_are_as_many_as_units_unless_told() -> None:
    cell = random_cell(JordanCell(UNITS))
    w = weights(cell)

    def step(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray]:
        h = np.tanh(x @ w["kernel"] + y @ w["recurrent_kernel"] + w["bias"])
        return (h @ w["output_kernel"] + w["output_bias"],)

    same(run(cell, record()), unroll(step, record(), UNITS))


def test_outputs_are_counted() -> None:
    with pytest.raises(ValueError, match="outputs: must be a whole number of at least 1; received 0"):
        JordanCell(3, outputs=0)
