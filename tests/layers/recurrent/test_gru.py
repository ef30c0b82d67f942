"""The gated recurrent unit is that of Keras and torch, and its two conventions are one."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from forecast.layers import GRUCell
from tests.checks import normal, same, to_numpy
from tests.layers.recurrent.equations import UNITS, gru, random_cell, record, run, unroll, weights

pytestmark = pytest.mark.backend


@pytest.mark.parametrize("update", ["keep", "replace"])
@pytest.mark.parametrize("reset", ["after", "before"])
def test_is_its_equation(update: str, reset: str) -> None:
    cell = random_cell(GRUCell(UNITS, update=update, reset=reset))
    same(run(cell, record()), unroll(gru(weights(cell), update=update, reset=reset), record(), UNITS))


@pytest.mark.parametrize("reset", ["after", "before"])
def test_equals_the_gru_of_keras(reset: str) -> None:
    theirs = keras.layers.GRU(UNITS, return_sequences=True, reset_after=reset == "after")
    theirs.build((None, None, 2))
    W, U, b = (normal(weight.shape, seed=seed) for seed, weight in enumerate(theirs.weights))
    theirs.set_weights([W, U, b])
    cell = GRUCell(UNITS, reset=reset)
    cell.build((None, 2))
    if reset == "after":
        both, candidate = b[0] + b[1] * np.repeat([1, 1, 0], UNITS), b[1, 2 * UNITS :]
        cell.set_weights([W, U, both, candidate])
    else:
        cell.set_weights([W, U[:, : 2 * UNITS], b, U[:, 2 * UNITS :]])
    same(run(cell, record()), run(theirs, record()))


def test_equals_the_gru_of_torch() -> None:
    torch = pytest.importorskip("torch")
    theirs = torch.nn.GRU(2, UNITS, batch_first=True)
    parts = [np.split(parameter.detach().numpy(), 3) for parameter in theirs.parameters()]  # rows r, z, n
    (W, U), (b, v) = ([np.concatenate([z, r, n]).T for r, z, n in two] for two in (parts[:2], parts[2:]))
    cell = GRUCell(UNITS)
    cell.build((None, 2))
    cell.set_weights([W, U, b + v * np.repeat([1, 1, 0], UNITS), v[2 * UNITS :]])
    same(run(cell, record()), theirs(torch.tensor(record()))[0].detach().numpy(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("reset", ["after", "before"])
def test_the_two_conventions_map_onto_each_other_by_one_minus_z(reset: str) -> None:
    keep, replace = (
        random_cell(GRUCell(UNITS, update=update, reset=reset)) for update in ("keep", "replace")
    )
    for weight in replace.weights:
        if weight.name in ("kernel", "recurrent_kernel", "bias"):
            values = to_numpy(weight)
            values[..., :UNITS] *= -1  # sigma(-z) = 1 - sigma(z)
            weight.assign(values)
    same(run(keep, record()), run(replace, record()))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(update="new"), "update: must be one of 'keep', 'replace'; received 'new'"),
        (dict(reset=None), "reset: must be one of 'after', 'before'; received None"),
    ],
)
def test_errors_name_argument_allowed_and_received(options, words) -> None:
    with pytest.raises(ValueError, match=words):
        GRUCell(4, **options)
