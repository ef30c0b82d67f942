"""Long short-term memory is that of Keras and torch; each option is its equation, and a limit of the plain cell."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from forecast.layers import LSTMCell
from tests.checks import same, to_numpy
from tests.layers.recurrent.equations import UNITS, identity, lstm, random_cell, record, run, unroll, weights

pytestmark = pytest.mark.backend

VARIANTS = {
    "plain": (dict(), dict()),
    "no input gate": (dict(input_gate=False), dict(learned="fgo")),
    "no forget gate": (dict(forget_gate=False), dict(learned="igo")),
    "no output gate": (dict(output_gate=False), dict(learned="ifg")),
    "no input activation": (dict(activation="linear"), dict(phi=identity)),
    "no output activation": (dict(output_activation="linear"), dict(psi=identity)),
    "peepholes": (dict(peepholes="previous"), dict(peepholes="previous")),
    "peepholes, o sees c_t": (dict(peepholes="current"), dict(peepholes="current")),
    "coupled by i": (dict(coupled="input"), dict(coupled="input", learned="igo")),
    "coupled by f": (dict(coupled="forget"), dict(coupled="forget", learned="fgo")),
    "full gate recurrence": (dict(full_gate_recurrence=True), dict(recurrent_gates=True)),
    "many at once": (
        dict(coupled="input", peepholes="current", full_gate_recurrence=True),
        dict(coupled="input", peepholes="current", recurrent_gates=True, learned="igo"),
    ),
}


PEEPHOLES = {
    f"{name}, {kind} peepholes": tuple({**part, "peepholes": kind} for part in pair)
    for name, pair in VARIANTS.items()
    for kind in ("previous", "current")
    if "peepholes" not in pair[0]
}
VARIANTS |= {name: pair for name, pair in PEEPHOLES.items() if not name.startswith("plain")}


@pytest.mark.parametrize(("options", "equation"), VARIANTS.values(), ids=list(VARIANTS))
def test_every_variant_is_its_equation(options: dict, equation: dict) -> None:
    cell = random_cell(LSTMCell(UNITS, **options))
    step = lstm(weights(cell), **equation)
    same(run(cell, record()), unroll(step, record(), *cell.state_size))


def test_equals_the_lstm_of_keras() -> None:
    cell, theirs = random_cell(LSTMCell(UNITS)), keras.layers.LSTM(UNITS, return_sequences=True)
    theirs.build((None, None, 2))
    theirs.set_weights(cell.get_weights())
    same(run(cell, record()), run(theirs, record()), rtol=1e-6, atol=1e-6)


def test_equals_the_lstm_of_torch() -> None:
    torch = pytest.importorskip("torch")
    theirs = torch.nn.LSTM(2, UNITS, batch_first=True)
    W, U, b, v = (parameter.detach().numpy() for parameter in theirs.parameters())
    cell = LSTMCell(UNITS)
    cell.build((None, 2))
    cell.set_weights([W.T, U.T, b + v])
    same(run(cell, record()), theirs(torch.tensor(record()))[0].detach().numpy(), rtol=1e-6, atol=1e-6)


def plain(blocks: dict[str, list[np.ndarray]]) -> LSTMCell:
    """The plain cell with the columns of W, U and b given by gate."""
    cell = LSTMCell(UNITS)
    cell.build((None, 2))
    cell.set_weights(
        [np.concatenate(parts, axis=-1) for parts in zip(*(blocks[g] for g in "ifgo"), strict=True)]
    )
    return cell


def columns(cell: LSTMCell) -> dict[str, list[np.ndarray]]:
    """The columns of W, U and b by gate."""
    packed = [to_numpy(weight) for weight in (cell.kernel, cell.recurrent_kernel, cell.bias)]
    parts = zip(*(np.split(matrix, len(cell.gates), axis=-1) for matrix in packed), strict=True)
    return dict(zip(cell.gates, map(list, parts), strict=True))


def constant(value: float) -> list[np.ndarray]:
    """The columns of a gate that is sigma(value) whatever comes."""
    return [np.zeros((2, UNITS)), np.zeros((UNITS, UNITS)), np.full(UNITS, value)]


@pytest.mark.parametrize(
    ("option", "gate"), [("input_gate", "i"), ("forget_gate", "f"), ("output_gate", "o")]
)
def test_a_missing_gate_is_a_gate_forced_open(option: str, gate: str) -> None:
    cell = random_cell(LSTMCell(UNITS, **{option: False}))
    same(run(cell, record()), run(plain({**columns(cell), gate: constant(100.0)}), record()))


@pytest.mark.parametrize(("coupled", "kept", "tied"), [("input", "i", "f"), ("forget", "f", "i")])
def test_coupled_gates_are_tied_gates(coupled: str, kept: str, tied: str) -> None:
    cell = random_cell(LSTMCell(UNITS, coupled=coupled))
    parts = columns(cell)
    opposite = [-part for part in parts[kept]]  # sigma(-z) = 1 - sigma(z)
    same(run(cell, record()), run(plain({**parts, tied: opposite}), record()))


@pytest.mark.parametrize(
    "options", [dict(peepholes="previous"), dict(peepholes="current"), dict(full_gate_recurrence=True)]
)
def test_what_sees_more_starts_as_the_plain_cell(options: dict) -> None:
    cell = LSTMCell(UNITS, **options)
    cell.build((None, 2))
    same(run(cell, record()), run(plain(columns(cell)), record()))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(coupled="output"), "coupled: must be one of None, 'input', 'forget'; received 'output'"),
        (dict(peepholes=True), "peepholes: must be one of None, 'previous', 'current'; received True"),
        (dict(coupled="input", forget_gate=False), "coupled: must be None when .* forget_gate=False"),
        (dict(input_gate=False, forget_gate=False, output_gate=False), "not all False; received no gate"),
    ],
)
def test_errors_name_argument_allowed_and_received(options, words) -> None:
    with pytest.raises(ValueError, match=words):
        LSTMCell(4, **options)
