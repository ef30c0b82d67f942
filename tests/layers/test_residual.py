"""Residual blocks: nothing at the start, their equation, and what they explain adds up to the past."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from forecast.layers import DoublyResidual, ResidualBlock
from tests.checks import check_layer, normal, randomize, same, to_numpy

pytestmark = pytest.mark.backend
PAST, CONTEXT = 5, 2
INPUTS = normal((4, PAST + CONTEXT), dtype="float32")


def built(blocks: int = 3) -> DoublyResidual:
    layer = DoublyResidual(blocks, (6, 4), 3, past=PAST)
    layer.build(INPUTS.shape)
    return layer


def test_a_new_stack_explains_nothing() -> None:
    forecast, rest = built()(INPUTS)
    same(rest, INPUTS[:, :PAST])
    same(forecast, np.zeros((4, 3)))


def test_a_block_is_its_equation() -> None:
    block = ResidualBlock((6, 4), 3, past=PAST)
    block.build(INPUTS.shape)
    randomize(block)
    state = INPUTS
    for layer in block.hidden:
        state = np.maximum(state @ to_numpy(layer.kernel) + to_numpy(layer.bias), 0)
    backcast, forecast = block(INPUTS)
    same(backcast, state @ to_numpy(block.backcast.kernel), rtol=1e-5, atol=1e-5)
    same(forecast, state @ to_numpy(block.forecast.kernel), rtol=1e-5, atol=1e-5)


def test_backcasts_and_the_rest_sum_to_the_past_and_forecasts_to_the_forecast() -> None:
    layer = built()
    randomize(layer)
    forecast, rest = map(to_numpy, layer(INPUTS))
    x, explained, total = INPUTS[:, :PAST], np.zeros((4, PAST)), np.zeros((4, 3))
    for block in layer.blocks:
        backcast, part = map(to_numpy, block(np.concatenate([x, INPUTS[:, PAST:]], axis=1)))
        x, explained, total = x - backcast, explained + backcast, total + part
    same(explained + rest, INPUTS[:, :PAST], rtol=1e-4, atol=1e-4)
    same(forecast, total, rtol=1e-4, atol=1e-4)


def test_a_block_that_explains_all_leaves_nothing() -> None:
    layer = DoublyResidual(1, (2 * PAST,), 3, past=PAST)
    layer.build((None, PAST))
    block, one = layer.blocks[0], np.eye(PAST)
    block.hidden[0].kernel.assign(np.hstack([one, -one]))  # x = relu(x) - relu(-x)
    block.backcast.kernel.assign(np.vstack([one, -one]))
    same(layer(INPUTS[:, :PAST])[1], np.zeros((4, PAST)), atol=1e-6)


def test_layer_checks(tmp_path: Path) -> None:
    shapes = [(4, 3), (4, PAST)]
    check_layer(
        lambda dtype: DoublyResidual(2, (6,), 3, past=PAST, dtype=dtype),
        input_shape=INPUTS.shape,
        output_shape=shapes,
        folder=tmp_path,
        masks=False,
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"units": ()}, "hidden layer"), ({"outputs": 0}, "outputs"), ({"past": 0}, "past")],
)
def test_wrong_arguments_are_named(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ResidualBlock(**{"units": (2,), "outputs": 1, **wrong})  # type: ignore[arg-type]


def test_an_input_that_is_too_narrow_is_refused() -> None:
    with pytest.raises(ValueError, match="at least past=9"):
        ResidualBlock((2,), 1, past=9)(INPUTS)
