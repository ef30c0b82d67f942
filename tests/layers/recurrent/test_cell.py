"""What the cells share: kernels packed by gate, how they start, one dropout mask a sequence, errors."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from forecast.layers import CELLS, ElmanCell, LSTMCell, RecurrentCell, make_cell
from tests.checks import normal, randomize, same, some, to_numpy
from tests.layers.recurrent.equations import record

pytestmark = pytest.mark.backend


def linear_cell(**options: float) -> ElmanCell:
    """h_t = x_t + h_{t-1}, but for what is dropped."""
    cell = ElmanCell(50, activation="linear", seed=1, **options)
    cell.build((None, 50))
    cell.built = True
    cell.set_weights([np.eye(50), np.eye(50), np.zeros(50)])
    return cell


def states(cell: ElmanCell, x: np.ndarray, h: np.ndarray) -> np.ndarray:
    layer = keras.layers.RNN(cell, return_sequences=True)
    return to_numpy(layer(x, initial_state=[h], training=True))


def test_dropout_is_one_mask_of_the_inputs_a_sequence() -> None:
    ones = np.ones((4, 3, 50), "float32")
    steps = np.diff(states(linear_cell(dropout=0.5), ones, 0 * ones[:, 0]), axis=1, prepend=0.0)
    same(steps[:, 1:], steps[:, :1].repeat(2, axis=1))
    assert set(np.unique(steps)) == {0.0, 2.0} and 0.3 < (steps > 0).mean() < 0.7
    assert (steps[0] != steps[1]).any()


def test_recurrent_dropout_is_one_mask_of_the_state_a_sequence() -> None:
    ones = np.ones((4, 3, 50), "float32")
    found = states(linear_cell(recurrent_dropout=0.5), 0 * ones, ones[:, 0])
    same(found[:, 2], 4 * found[:, 0])
    assert set(np.unique(found[:, 2])) == {0.0, 8.0} and 0.3 < (found[:, 2] > 0).mean() < 0.7


def test_each_call_draws_new_masks() -> None:
    layer = keras.layers.RNN(linear_cell(dropout=0.5))
    x = np.ones((4, 3, 50), "float32")
    first, second = (to_numpy(layer(x, training=True)) for _ in range(2))
    assert (first != second).any()
    same(layer(x, training=False), np.full((4, 50), 3.0))


@pytest.mark.parametrize("name", some(CELLS, "gru", "lstm"))
def test_every_cell_drops_in_training_only(name: str) -> None:
    for rates in ({"dropout": 0.5}, {"recurrent_dropout": 0.5}):
        cell = make_cell(name, 8, seed=3, **rates)
        x, before = record()[:, 0], [np.full((3, size), 0.5, "float32") for size in cell.state_size]
        cell.build(x.shape)
        cell.set_weights([np.full(weight.shape, 0.2) for weight in cell.get_weights()])
        clean, training, again = (to_numpy(cell(x, before, training=t)[0]) for t in (False, True, False))
        assert np.abs(clean - training).max() > 1e-3
        same(clean, again)


@pytest.mark.parametrize("name", some(CELLS, "gru", "lstm"))
def test_a_dropped_unit_of_the_state_is_seen_by_no_other_unit(name: str) -> None:
    for seed in range(50):  # each backend draws its own masks
        cell = make_cell(name, 6, seed=seed, recurrent_dropout=0.5)
        x, states = record()[:1, 0], [normal((1, size), dtype="float32") for size in cell.state_size]
        cell.build(x.shape)
        dropped = np.flatnonzero(to_numpy(cell.get_recurrent_dropout_mask(states[0]))[0] == 0)
        if 0 < len(dropped) < 6:
            break
    assert 0 < len(dropped) < 6
    randomize(cell)
    pushed = states[0].copy()
    pushed[0, dropped[0]] += 1.0
    before, after = (to_numpy(cell(x, [h, *states[1:]], training=True)[0]) for h in (states[0], pushed))
    np.testing.assert_array_equal(*(np.delete(y, dropped[0], axis=1) for y in (before, after)))


def test_the_base_of_the_cells_says_that_it_has_no_equation() -> None:
    with pytest.raises(NotImplementedError, match="cell: must be a subclass of RecurrentCell with a call"):
        keras.layers.RNN(RecurrentCell(4))(record())


def test_dropout_trains_in_a_compiled_model() -> None:
    cell = make_cell("lstm", 4, dropout=0.2, recurrent_dropout=0.2)
    model = keras.Sequential([keras.layers.RNN(cell), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(record(), np.ones((3, 1), "float32"), epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()


def test_kernels_start_glorot_and_orthogonal_and_the_forget_gate_open() -> None:
    cell = LSTMCell(8)
    cell.build((None, 3))
    kernel, recurrent, bias = (to_numpy(weight) for weight in cell.weights)
    limit = np.sqrt(6 / (3 + 32))
    assert 0.9 * limit < np.abs(kernel).max() <= limit
    same(recurrent @ recurrent.T, np.eye(8), atol=1e-5)
    same(bias.reshape(4, 8), np.outer([0, 1, 0, 0], np.ones(8)))


def test_coupled_gates_start_with_the_same_forgetting() -> None:
    starts = {}
    for coupled in ("input", "forget"):
        cell = LSTMCell(1, coupled=coupled)
        cell.build((None, 3))
        starts[coupled] = to_numpy(cell.bias)[0]
    assert starts == {"input": -1.0, "forget": 1.0}


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (dict(units=0), ValueError, "units: must be a whole number of at least 1; received 0"),
        (dict(units=2.0), TypeError, "units: .*2.0 of type float"),
        (dict(units=2, dropout=1.0), ValueError, "dropout: .*at least 0 and below 1; received 1.0"),
        (dict(units=2, recurrent_dropout="a"), TypeError, "recurrent_dropout: .*'a' of type str"),
    ],
)
def test_errors_name_argument_allowed_and_received(options, error, words) -> None:
    with pytest.raises(error, match=words):
        ElmanCell(**options)
