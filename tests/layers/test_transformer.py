"""Positions are their sines, and the encoder block is its equation."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from forecast.layers import SinusoidalPositions, TransformerBlock
from tests.checks import check_layer, normal, randomize, same, to_numpy
from tests.layers.equations import encoder_block

pytestmark = pytest.mark.backend
X = normal((3, 5, 4), dtype="float32")


def block(**options) -> TransformerBlock:
    layer = TransformerBlock(6, **options)
    layer(X)
    randomize(layer)
    return layer


@pytest.mark.parametrize("features", [4, 5])
def test_positions_are_sines_and_cosines(features: int) -> None:
    x = normal((2, 9, features), dtype="float32")
    expected = x.astype(float)
    for t, column in np.ndindex(9, features):
        angle = t / 50.0 ** (2 * (column // 2) / features)
        expected[:, t, column] += np.cos(angle) if column % 2 else np.sin(angle)
    same(SinusoidalPositions(longest=50.0)(x), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("heads", [1, 2, 4])
def test_block_is_its_equation(heads: int, causal: bool) -> None:
    layer = block(activation="tanh", heads=heads, causal=causal)
    same(layer(X), encoder_block(X.astype("float64"), layer), rtol=1e-4, atol=1e-5)


def test_rows_in_another_order_give_outputs_in_that_order() -> None:
    layer, order = block(), np.array([3, 0, 4, 1, 2])
    same(layer(X[:, order]), to_numpy(layer(X))[:, order], rtol=1e-4, atol=1e-5)


def test_causal_block_does_not_look_ahead() -> None:
    layer, spoiled = block(causal=True), X.copy()
    spoiled[:, 3:] = 9.0
    np.testing.assert_array_equal(to_numpy(layer(X))[:, :3], to_numpy(layer(spoiled))[:, :3])


def test_weights_of_a_causal_block_are_its_attention_and_zero_ahead() -> None:
    layer = block(causal=True)
    outputs, weights = layer(X, return_attention_scores=True)
    same(outputs, layer(X))
    same(weights, layer.attention(layer.norm_attention(X), return_attention_scores=True)[1])
    same(to_numpy(weights).sum(axis=-1), np.ones((3, 2, 5)))
    assert not np.triu(to_numpy(weights), k=1).any()


def test_masked_steps_are_not_read() -> None:
    layer, mask = block(), np.arange(5) < np.full((3, 1), 4)
    same(layer(X, mask=mask)[:, :4], layer(X[:, :4]), rtol=1e-5, atol=1e-5)


def test_check_layer(tmp_path) -> None:
    check_layer(
        lambda dtype: TransformerBlock(6, causal=True, dtype=dtype),
        input_shape=(3, 5, 4),
        output_shape=(3, 5, 4),
        folder=tmp_path,
    )
    check_layer(
        lambda dtype: SinusoidalPositions(longest=100.0, dtype=dtype),
        input_shape=(3, 5, 4),
        output_shape=(3, 5, 4),
        folder=tmp_path,
        masks=False,
    )


def test_errors_name_argument_allowed_and_received() -> None:
    with pytest.raises(ValueError, match="units: must be a whole number of at least 1; received 0"):
        TransformerBlock(0)
    with pytest.raises(ValueError, match="longest: must be a finite number greater than 0"):
        SinusoidalPositions(longest=0.0)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "float16"])
def test_half_precision_counts_the_steps_of_a_long_window(dtype: str) -> None:
    x = np.zeros((1, 3000, 6), "float32")
    waves = keras.ops.cast(SinusoidalPositions(dtype=dtype)(x), "float32")
    np.testing.assert_allclose(to_numpy(waves), to_numpy(SinusoidalPositions()(x)), atol=5e-3)
