"""The depth-gated stack is its equation, and a stack of LSTM layers while the gates are shut."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from forecast.layers import DepthGatedLSTMCell
from tests.checks import same, to_numpy
from tests.layers.recurrent.equations import UNITS, lstm, random_cell, record, run, sigma, unroll, weights

pytestmark = pytest.mark.backend


def test_shut_gates_leave_a_stack_of_lstm_layers() -> None:
    cell = random_cell(DepthGatedLSTMCell(UNITS, layers=3))
    for link in cell.links:
        zeros = [0 * weight for weight in link.get_weights()]
        link.set_weights([*zeros[:-1], np.full(UNITS, -200.0)])
    found = record()
    for ours in cell.cells:
        layer = keras.layers.LSTM(UNITS, return_sequences=True)
        layer.build(found.shape)
        layer.set_weights([to_numpy(weight) for weight in ours.weights])
        found = run(layer, found)
    same(run(cell, record()), found)


@pytest.mark.parametrize("peepholes", [None, "previous", "current"])
def test_is_its_equation(peepholes: str | None) -> None:
    cell = random_cell(DepthGatedLSTMCell(UNITS, layers=3, peepholes=peepholes))
    links = [weights(link) for link in cell.links]
    memories: list[np.ndarray] = []  # of the layers below, at this step

    def gated(w: dict[str, np.ndarray]):
        def below(x: np.ndarray, c: np.ndarray) -> np.ndarray:
            return memories[-1] * sigma(
                x @ w["kernel"] + w["memory"] * c + w["below"] * memories[-1] + w["bias"]
            )

        return below

    steps = [
        lstm(weights(layer), peepholes=peepholes, below=gated(links[k - 1]) if k else None)
        for k, layer in enumerate(cell.cells)
    ]

    def step(x: np.ndarray, *states: np.ndarray) -> list[np.ndarray]:
        memories.clear()
        after: list[np.ndarray] = []
        pairs = list(zip(states[::2], states[1::2], strict=True))[::-1]  # from the first layer on
        for one, (h, c) in zip(steps, pairs, strict=True):
            x, memory = one(x, h, c)
            memories.append(memory)
            after = [x, memory, *after]
        return after

    same(run(cell, record()), unroll(step, record(), *cell.state_size))


def test_one_layer_is_the_lstm_cell() -> None:
    cell = random_cell(DepthGatedLSTMCell(UNITS, layers=1))
    same(run(cell, record()), unroll(lstm(weights(cell.cells[0])), record(), UNITS, UNITS))
    with pytest.raises(ValueError, match="layers: must be a whole number of at least 1; received 0"):
        DepthGatedLSTMCell(UNITS, layers=0)
