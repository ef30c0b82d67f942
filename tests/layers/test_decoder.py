"""The decoder is its equation, told the targets or not, and a step sees no later covariate."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest

from forecast.layers import (
    AdditiveAttention,
    Decoder,
    DecoderCell,
    DirectLinear,
    MultiplicativeAttention,
    make_cell,
)
from tests.checks import check_layer, check_precision, hard_inputs, normal, randomize, same, to_numpy

pytestmark = pytest.mark.backend

B, H, K, U, TARGETS, EXOG = 3, 4, 5, 3, 2, 1
INPUTS = normal((B, H, 2 * TARGETS + EXOG), dtype="float32")
MEMORY = normal((B, K, U), seed=1, dtype="float32")
STATE = normal((B, U), seed=2, dtype="float32")
OPTIONS: dict[str, Callable[[], dict]] = {
    "first": lambda: {},
    "every": lambda: dict(every=True),
    "additive": lambda: dict(attention=AdditiveAttention(2)),
    "multiplicative and every": lambda: dict(attention=MultiplicativeAttention(), every=True),
}
EACH = pytest.mark.parametrize("options", OPTIONS.values(), ids=list(OPTIONS))


def decoder(options: Callable[[], dict], *, cell: str = "gru") -> Decoder:
    layer = Decoder(DecoderCell(make_cell(cell, U), targets=TARGETS, memory=(K, U), **options()))
    layer(INPUTS, MEMORY, states_of(cell))
    randomize(layer)
    return layer


def states_of(cell: str) -> list[np.ndarray]:
    return [STATE] * len(make_cell(cell, U).state_size)


def equation(layer: Decoder, inputs: np.ndarray, states: list) -> tuple[np.ndarray, list[np.ndarray]]:
    """Step by step: the cell and the attention are those of the package, all around them is numpy."""
    cell, outputs, weights = layer.cell, [], []
    last, kernel, bias = None, to_numpy(cell.readout.kernel), to_numpy(cell.readout.bias)
    for t in range(inputs.shape[1]):
        measured, offset, x = np.split(inputs[:, t], [TARGETS, 2 * TARGETS], axis=1)
        last = measured if last is None else np.where(np.isnan(measured), last, measured)
        context = [MEMORY[:, -1]] if cell.every else []
        if cell.attention is not None:
            query = to_numpy(states[0])[:, None]
            read, weight = cell.attention(query, MEMORY, return_attention_scores=True)
            context.append(to_numpy(read)[:, 0])
            weights.append(to_numpy(weight)[:, 0])
        hidden, states = cell.cell(np.concatenate([last, x, *context], axis=1), states)
        last = offset + np.concatenate([to_numpy(hidden), *context], axis=1) @ kernel + bias
        outputs.append(last)
    return np.stack(outputs, axis=1), weights


@EACH
@pytest.mark.parametrize("told", ["all", "none", "some"])
def test_decoder_is_its_equation(options, told: str) -> None:
    layer, inputs = decoder(options), INPUTS.copy()
    if told != "all":
        inputs[:, 1 if told == "none" else 2 :, :TARGETS] = np.nan
    expected, weights = equation(layer, inputs, [STATE])
    outputs = to_numpy(layer(inputs, MEMORY, [STATE]))
    same(outputs[:, :, :TARGETS], expected, rtol=1e-5, atol=1e-5)
    if weights:
        same(outputs[:, :, TARGETS:], np.stack(weights, axis=1), rtol=1e-5, atol=1e-5)
        same(outputs[:, :, TARGETS:].sum(axis=2), np.ones((B, H)))


@pytest.mark.parametrize("cell", ["lstm", "elman", "mut1"])
def test_any_cell_of_the_catalogue(cell: str) -> None:
    layer = decoder(OPTIONS["additive"], cell=cell)
    same(
        layer(INPUTS, MEMORY, states_of(cell))[:, :, :TARGETS],
        equation(layer, INPUTS, states_of(cell))[0],
        rtol=1e-5,
    )


def test_a_free_run_is_teacher_forcing_with_its_own_outputs() -> None:
    layer, free = decoder(OPTIONS["additive"]), INPUTS.copy()
    free[:, 1:, :TARGETS] = np.nan
    run = to_numpy(layer(free, MEMORY, [STATE]))
    told = free.copy()
    told[:, 1:, :TARGETS] = run[:, :-1, :TARGETS]
    same(layer(told, MEMORY, [STATE]), run)


def test_at_the_start_the_output_is_the_offset() -> None:
    layer = Decoder(DecoderCell(make_cell("gru", U), targets=TARGETS, memory=(K, U)))
    same(layer(INPUTS, MEMORY, [STATE]), INPUTS[:, :, TARGETS : 2 * TARGETS])


def test_direct_linear_is_a_regression_a_step_on_what_is_known_by_then() -> None:
    layer, rows = DirectLinear(H, targets=TARGETS), normal((B, 6 + H - 1, TARGETS + EXOG), dtype="float32")
    layer.build(rows.shape)
    randomize(layer)
    kernel, bias = to_numpy(layer.kernel).reshape(-1, H, TARGETS), to_numpy(layer.bias).reshape(H, TARGETS)
    rows[:, 6:, :TARGETS] = np.nan
    for h in range(H):
        known = np.concatenate(
            [rows[:, :6].reshape(B, -1), rows[:, 6 : 6 + h, TARGETS:].reshape(B, -1)], axis=1
        )
        same(layer(rows)[:, h], known @ kernel[: known.shape[1], h] + bias[h], rtol=1e-5, atol=1e-5)


def test_check_layer(tmp_path) -> None:
    def cell(dtype: str) -> keras.layers.Layer:
        cell = DecoderCell(make_cell("gru", U, dtype=dtype), targets=TARGETS, dtype=dtype)
        return keras.layers.RNN(cell, return_sequences=True, zero_output_for_mask=True, dtype=dtype)

    check_layer(cell, input_shape=(B, H, 2 * TARGETS + EXOG), output_shape=(B, H, TARGETS), folder=tmp_path)
    check_layer(
        lambda dtype: DirectLinear(H, targets=TARGETS, dtype=dtype),
        input_shape=(B, 8, TARGETS + EXOG),
        output_shape=(B, H, TARGETS),
        folder=tmp_path,
        masks=False,
    )


@EACH
def test_every_precision(options) -> None:
    def make(dtype: str) -> Decoder:
        own = {
            key: type(value)(**{**value.get_config(), "dtype": dtype}) if key == "attention" else value
            for key, value in options().items()
        }
        cell = DecoderCell(
            make_cell("gru", U, dtype=dtype), targets=TARGETS, memory=(K, U), dtype=dtype, **own
        )
        return Decoder(cell, dtype=dtype)

    check_precision(make, *map(hard_inputs, (INPUTS, MEMORY, STATE)))


def test_a_cell_with_dropout_trains_in_a_decoder() -> None:
    cell = make_cell("gru", U, dropout=0.5, recurrent_dropout=0.5, seed=1)
    layer = Decoder(DecoderCell(cell, targets=TARGETS, memory=(K, U), **OPTIONS["additive"]()))
    symbols = [keras.Input(part.shape[1:]) for part in (INPUTS, MEMORY, STATE)]
    model = keras.Model(symbols, layer(*symbols))
    model.compile("sgd", "mse")
    target = np.ones((B, *model.output_shape[1:]))
    history = model.fit([INPUTS, MEMORY, STATE], target, epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()


def test_a_file_gives_the_same_decoder(tmp_path) -> None:
    layer = decoder(OPTIONS["multiplicative and every"])
    shapes = [INPUTS.shape, MEMORY.shape, STATE.shape]
    inputs, memory, state = (keras.Input(shape[1:]) for shape in shapes)
    model = keras.Model([inputs, memory, state], layer(inputs, memory, [state]))
    model.save(tmp_path / "decoder.keras")
    again = keras.models.load_model(tmp_path / "decoder.keras")
    same(again([INPUTS, MEMORY, STATE]), layer(INPUTS, MEMORY, [STATE]))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: DecoderCell(make_cell("gru", U), targets=0), ValueError, "targets: must be a whole number"),
        (
            lambda: DecoderCell(make_cell("gru", U), attention="additive"),
            TypeError,
            "attention: .*received 'add",
        ),
        (
            lambda: keras.layers.RNN(DecoderCell(make_cell("gru", U), every=True))(INPUTS),
            ValueError,
            "initial_state: must be given .*Use the layer Decoder",
        ),
        (
            lambda: keras.layers.RNN(DecoderCell(make_cell("gru", U), targets=2))(INPUTS[:, :, :3]),
            ValueError,
            "inputs: must be of at least 4 columns, .*received 3 columns",
        ),
        (
            lambda: DirectLinear(4)(np.ones((1, 3, 1))),
            ValueError,
            "inputs: must be at least 4 rows; received 3",
        ),
    ],
)
def test_errors_name_argument_allowed_and_received(call, error, words) -> None:
    with pytest.raises(error, match=words):
        call()
