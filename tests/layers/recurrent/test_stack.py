"""The stack: Keras' own layers where they do the same, zoneout, masks, carried states."""

from __future__ import annotations

import inspect

import keras
import numpy as np
import pytest

from forecast import layers
from forecast.layers import CELLS, RecurrentStack, ZoneoutCell
from forecast.layers.recurrent.stack import pool
from forecast.training.gradient_flow import recurrent_layers
from tests.checks import check_layer, evaluate, normal, randomize, same, some, to_numpy

pytestmark = pytest.mark.backend
X = normal((3, 7, 2), dtype="float32")
LENGTHS = np.array([7, 4, 4])


def model_of(stack: RecurrentStack, steps: int | None = 7) -> keras.Model:
    """The stack on (B, steps, 2) with random weights."""
    symbol = keras.Input((steps, 2))
    model = keras.Model(symbol, stack(symbol))
    randomize(model)
    return model


@pytest.mark.parametrize("bidirectional", [None, "sum", "concat"])
@pytest.mark.parametrize(("return_sequences", "layer_norm"), [(False, False), (True, False), (False, True)])
def test_stack_of_lstm_cells_is_that_of_keras(
    bidirectional: str | None, return_sequences: bool, layer_norm: bool
) -> None:
    layers = [
        keras.layers.LSTM(4, return_sequences=True),
        keras.layers.LSTM(3, return_sequences=return_sequences),
    ]
    if bidirectional:
        layers = [keras.layers.Bidirectional(layer, merge_mode=bidirectional) for layer in layers]
    norms = [keras.layers.LayerNormalization() for _ in layers if layer_norm]
    both = [part for pair in zip(layers, norms, strict=True) for part in pair] if layer_norm else layers
    reference = keras.Sequential([keras.Input((7, 2)), *both])
    randomize(reference)
    cells = [keras.layers.LSTMCell(4), keras.layers.LSTMCell(3)]
    options = {"bidirectional": bidirectional, "return_sequences": return_sequences, "layer_norm": layer_norm}
    stack = RecurrentStack(cell=cells, **options)
    model = model_of(stack)
    for own, norm in zip(stack.norms, norms, strict=True):
        own.set_weights(norm.get_weights())
    for level, layer in enumerate(layers):
        loops = [stack.forwards[level], *stack.backwards[level : level + 1]]
        count = len(layer.get_weights()) // len(loops)
        for number, loop in enumerate(loops):
            loop.set_weights(layer.get_weights()[number * count :][:count])
    same(evaluate(model, X), evaluate(reference, X))


@pytest.mark.parametrize("name", some(CELLS, "lstm", "lstm-depth-gated"))
def test_every_cell_of_the_catalogue_runs_in_a_stack(name: str) -> None:
    stack = RecurrentStack((3, 3) if name == "lstm-depth-gated" else (3, 2), cell=name)
    symbol = keras.Input((7, 2))
    output = stack(symbol)
    state = symbol
    for loop in stack.forwards:
        state = keras.layers.RNN(loop.cell, return_sequences=True)(state)
    model = keras.Model(symbol, [output, state[:, -1]])
    randomize(model)
    same(*evaluate(model, X))


def test_layers_of_depth_gated_cells_are_one_stack_with_gates_between_them() -> None:
    stack = RecurrentStack((3, 3, 3), cell="lstm-depth-gated", bidirectional="sum", recurrent_dropout=0.1)
    assert stack.depth == 1 and stack.state_size == [3] * 12
    for loop in (*stack.forwards, *stack.backwards):
        assert (loop.cell.layers, len(loop.cell.links), loop.cell.recurrent_dropout) == (3, 2, 0.1)


@pytest.mark.parametrize("bidirectional", ["sum", "concat"])
@pytest.mark.parametrize("name", some(CELLS, "lstm"))
def test_every_cell_goes_both_ways_with_zoneout_and_normalisation(name: str, bidirectional: str) -> None:
    """Against its cells taken by hand, s_t = z s_{t-1} + (1 - z) cell, and Keras' own normalisation."""
    x, options = X[:, :3], {"zoneout": 0.25, "layer_norm": True, "return_sequences": True}
    stack = RecurrentStack(3, cell=name, bidirectional=bidirectional, **options)
    stack.build(x.shape)
    randomize(stack)
    forwards = held(stack.forwards[0].cell, x)
    backwards = held(stack.backwards[0].cell, x[:, ::-1])[:, ::-1]
    merged = forwards + backwards if bidirectional == "sum" else np.concatenate([forwards, backwards], axis=2)
    norm = keras.layers.LayerNormalization()
    norm.build(merged.shape)
    norm.set_weights(stack.norms[0].get_weights())
    same(stack(x), norm(merged))


def held(zoneout: ZoneoutCell, x: np.ndarray) -> np.ndarray:
    """Its first state after each step (B, T, U)."""
    states, outputs = [np.zeros((len(x), size), "float32") for size in zoneout.state_size], []
    for t in range(x.shape[1]):
        new = zoneout.cell(x[:, t], states)[1]
        states = [0.25 * old + 0.75 * to_numpy(one) for old, one in zip(states, new, strict=True)]
        outputs.append(states[0])
    return np.stack(outputs, axis=1)


def test_zoneout_one_keeps_the_state_and_its_expectation_is_used_afterwards() -> None:
    stack = RecurrentStack(3, cell="lstm", zoneout=1.0, return_state=True)
    state = [normal((3, 3), seed=k, dtype="float32") for k in range(2)]
    for training in (False, True):
        output, *final = stack(X, initial_state=state, training=training)
        same(final, state)
        same(output, state[0])
    stack = RecurrentStack(3, cell="gru", zoneout=0.25)
    model, h = model_of(stack), np.zeros((3, 3), "float32")
    for t in range(7):
        h = 0.25 * h + 0.75 * to_numpy(stack.forwards[0].cell.cell(X[:, t], [h])[0])
    same(evaluate(model, X), h)


def test_zoneout_holds_each_unit_with_its_probability() -> None:
    stack = RecurrentStack(10, cell="lstm", zoneout=0.3, return_state=True, seed=1)
    before = [normal((500, 10), seed=k, dtype="float32") for k in range(2)]
    x = normal((500, 1, 2), seed=2, dtype="float32")
    _, *after = stack(x, initial_state=before, training=True)
    _, new = stack.forwards[0].cell.cell(x[:, 0], before)
    for old, updated, found in zip(before, map(to_numpy, new), map(to_numpy, after), strict=True):
        held = np.isclose(found, old)
        np.testing.assert_allclose(found[~held], updated[~held], rtol=1e-5, atol=1e-6)
        assert abs(held.mean() - 0.3) < 0.04  # five standard deviations of 5,000 draws are 0.032


def test_dropout_is_of_training_alone_and_keeps_the_mean() -> None:
    stack = RecurrentStack(4, cell="elman", dropout=0.4, seed=0)
    x = np.repeat(X[:1], 2000, axis=0)
    plain, dropped = to_numpy(stack(x)), to_numpy(stack(x, training=True))
    assert abs((dropped == 0).mean() - 0.4) < 0.03
    np.testing.assert_allclose(dropped.mean(axis=0), plain[0], atol=0.1 * np.abs(plain).max())
    same(to_numpy(stack(x)), plain)


OPTIONS = {
    "plain": dict(cell="gru"),
    "both ways": dict(bidirectional="concat"),
    "zoneout": dict(zoneout=0.2, layer_norm=True, pooling="mean"),
    "both ways, mean": dict(bidirectional="sum", zoneout=0.2, pooling="mean", cell="elman"),
    "truncated": dict(truncate=(2, 4), cell="gru"),
    "truncated, mean": dict(truncate=(3, 3), pooling="mean"),
}


PADDED = [*((options, "left") for options in OPTIONS.values()), (OPTIONS["both ways"], "right")]


@pytest.mark.parametrize(("options", "side"), PADDED, ids=[*OPTIONS, "on the right"])
def test_padding_with_a_mask_is_the_trimmed_sequence(options: dict, side: str) -> None:
    model = model_of(RecurrentStack((3, 2), **options))
    stack = model.layers[-1]
    rows = np.arange(7) if side == "right" else np.arange(7)[::-1]
    mask = rows[None] < LENGTHS[:, None]
    spoiled = np.where(mask[..., None], X, np.float32(1e3))
    output = to_numpy(stack(spoiled, mask=mask))
    for row, length in enumerate(LENGTHS):
        trimmed = X[row : row + 1, mask[row]]
        assert trimmed.shape[1] == length
        same(output[row : row + 1], to_numpy(stack(trimmed)))


@pytest.mark.parametrize("options", [dict(cell="lstm"), dict(cell="gru", truncate=(1, 3)), dict(zoneout=0.3)])
def test_state_carried_over_two_calls_is_one_long_call(options: dict) -> None:
    stack = RecurrentStack((3, 2), return_sequences=True, return_state=True, **options)
    whole, *end = stack(X)
    assert [int(state.shape[1]) for state in end] == stack.state_size
    first, *state = stack(X[:, :3])
    second, *after = stack(X[:, 3:], initial_state=state)
    same(np.concatenate([to_numpy(first), to_numpy(second)], axis=1), whole)
    same(after, end)


def test_states_of_both_directions_are_those_of_keras() -> None:
    """Given and returned: h and c forwards, then h and c backwards, layer by layer."""
    stack = RecurrentStack(
        cell=[keras.layers.LSTMCell(3)], bidirectional="concat", return_sequences=True, return_state=True
    )
    stack.build(X.shape)
    randomize(stack)
    theirs = keras.layers.Bidirectional(keras.layers.LSTM(3, return_sequences=True, return_state=True))
    theirs.build(X.shape)
    theirs.set_weights([*stack.forwards[0].get_weights(), *stack.backwards[0].get_weights()])
    start = [normal((3, 3), seed=seed, dtype="float32") for seed in range(4)]
    same(stack(X, initial_state=start), theirs(X, initial_state=start))


def test_no_layer_keeps_its_state_between_calls() -> None:
    classes = [value for value in vars(layers).values() if isinstance(value, type)]
    assert RecurrentStack in classes
    assert not [one for one in classes if "stateful" in inspect.signature(one.__init__).parameters]
    loops = recurrent_layers(RecurrentStack((3, 2), bidirectional="sum", zoneout=0.1))
    assert len(loops) == 4 and not any(loop.stateful for loop in loops)


CHECKED = {
    "plain": (dict(units=(4, 3), cell="gru"), (3, 3)),
    "all options": (
        dict(
            units=(4, 3),
            cell="lstm",
            bidirectional="concat",
            layer_norm=True,
            zoneout=0.2,
            dropout=0.1,
            recurrent_dropout=0.1,
            return_sequences=True,
            seed=3,
        ),
        (3, 6, 6),
    ),
    "truncated, states": (
        dict(units=4, cell="elman", truncate=(2, 3), return_state=True, pooling="mean"),
        [(3, 4), (3, 4)],
    ),
}


@pytest.mark.parametrize(
    "name", ["plain", "truncated, states", pytest.param("all options", marks=pytest.mark.slow)]
)
def test_check_layer(name: str, tmp_path) -> None:
    options, shape = CHECKED[name]

    def make(dtype: str) -> keras.layers.Layer:
        return RecurrentStack(**options, dtype=dtype)

    check_layer(make, input_shape=(3, 6, 2), output_shape=shape, folder=tmp_path)


@pytest.mark.slow
def test_check_layer_on_a_list_of_cells(tmp_path) -> None:
    def make(dtype: str) -> keras.layers.Layer:
        start = {"recurrent_initializer": "glorot_uniform", "dtype": dtype}  # orthogonal fails in bfloat16
        cells = [keras.layers.LSTMCell(4, **start), keras.layers.SimpleRNNCell(3, **start)]
        return RecurrentStack(cell=cells, bidirectional="sum", zoneout=0.1, dtype=dtype)

    check_layer(make, input_shape=(3, 6, 2), output_shape=(3, 3), folder=tmp_path)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (dict(), ValueError, "units: must be the units of each layer"),
        (dict(units=(4, 0)), ValueError, "units: must be a whole number of at least 1"),
        (dict(units=4, cell=[keras.layers.GRUCell(2)]), ValueError, "units: .*left out when cell is a list"),
        (dict(units=(4, 3), cell="lstm-depth-gated"), ValueError, "units: .*of one size.*received .4, 3."),
        (dict(units=4, cell="rnn"), ValueError, "cell: must be one of 'elman'"),
        (dict(units=4, bidirectional="mul"), ValueError, "bidirectional: must be one of None, 'sum'"),
        (dict(units=4, zoneout=1.5), ValueError, "zoneout: must be a number from 0 to 1; received 1.5"),
        (dict(units=4, zoneout="0.1"), TypeError, "zoneout: .*'0.1' of type str"),
        (dict(units=4, dropout=1.0), ValueError, "dropout: must be a number of at least 0 and below 1"),
        (dict(units=4, truncate=(4, 2)), ValueError, "truncate: must be two whole numbers"),
        (dict(units=4, truncate=3), ValueError, "truncate: must be two whole numbers"),
        (
            dict(units=4, truncate=(1, 2), bidirectional="sum"),
            ValueError,
            "truncate: must be None when bidirect",
        ),
        (
            dict(units=4, truncate=(1, 2), recurrent_dropout=0.1),
            ValueError,
            "recurrent_dropout: must be 0 with",
        ),
        (dict(units=4, pooling="max"), ValueError, "pooling: must be one of 'last', 'mean'"),
    ],
)
def test_errors_name_argument_allowed_and_received(options, error, words) -> None:
    with pytest.raises(error, match=words):
        RecurrentStack(**options)


def test_errors_of_a_call() -> None:
    with pytest.raises(ValueError, match="initial_state: must be a list of 2 states, of sizes"):
        RecurrentStack(4, cell="lstm")(X, initial_state=[np.zeros((3, 4), "float32")])
    with pytest.raises(ValueError, match="sequences: must be of a known number of steps"):
        RecurrentStack(4, truncate=(1, 2))(keras.Input((None, 2)))


@pytest.mark.parametrize("pooling", ["mean", "last"])
def test_half_precision_counts_the_steps_that_are_pooled(pooling: str) -> None:
    x, mask = normal((2, 900, 1), dtype="float32"), np.arange(900) % 7 > np.array([[0], [3]])
    for m in (None, mask):
        found = pool(keras.ops.cast(x + 1, "bfloat16"), m, pooling)
        assert keras.backend.standardize_dtype(found.dtype) == "bfloat16"
        same(keras.ops.cast(found, "float32"), pool(x + 1, m, pooling), rtol=0.01)


def test_under_another_loop_the_stack_says_that_it_runs_by_itself() -> None:
    with pytest.raises(ValueError, match="sequences: must be of shape .*call it without keras.layers.RNN"):
        keras.layers.RNN(RecurrentStack(4))(X)
