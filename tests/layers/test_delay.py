"""Delays: numpy slicing, causal convolution, masks."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from forecast.layers import TappedDelay, TimeDelay
from tests.checks import (
    check_gradient,
    check_layer,
    float64,
    normal,
    randomize,
    reload,
    same,
    to_numpy,
)

pytestmark = pytest.mark.backend

DELAYS = [
    (0,),
    (3,),
    (0, 1, 2),
    (2, 1, 0),
    (0, 2, 4),
    (4, 2, 0),
    (1, 2, 5),
    (5, 0, 3),
    (0, 1, 2, 6, 5, 4),
    (6, 0),
]


def delayed(x: np.ndarray, delays: tuple[int, ...]) -> np.ndarray:
    """Causal taps by slicing a record with zeros in front."""
    padded = np.concatenate([np.zeros((x.shape[0], max(delays), x.shape[2]), x.dtype), x], axis=1)
    start = max(delays)
    return np.concatenate([padded[:, start - d : start - d + x.shape[1]] for d in delays], axis=-1)


@pytest.mark.parametrize("delays", DELAYS, ids=str)
def test_tapped_delay_is_numpy_slicing(delays: tuple[int, ...]) -> None:
    x = normal((3, 9, 2), dtype="float32")
    same(TappedDelay(delays)(x), delayed(x, delays), rtol=0, atol=0)
    valid = TappedDelay(delays, padding="valid")
    same(valid(x), delayed(x, delays)[:, max(delays) :], rtol=0, atol=0)
    # a record of the receptive field alone takes the short way, and gives the last step
    field = x[:, -max(delays) - 1 :]
    same(valid(field), delayed(x, delays)[:, -1:], rtol=0, atol=0)


def test_an_int_means_all_delays_up_to_it() -> None:
    assert TappedDelay(3).delays == (0, 1, 2, 3)
    assert TimeDelay(2, 1).delays == (0, 1)


@pytest.mark.parametrize("padding", ["causal", "valid"])
def test_time_axis_may_be_unknown(padding: str) -> None:
    x = normal((2, 9, 3), dtype="float32")
    for layer in (TappedDelay((0, 2), padding=padding), TimeDelay(4, (0, 2), padding=padding)):
        symbol = keras.Input((None, 3))
        same(keras.Model(symbol, layer(symbol))(x), layer(x))


@pytest.mark.parametrize("depth", [0, 1, 4])
def test_time_delay_is_the_causal_convolution_with_the_same_kernel(depth: int) -> None:
    x = normal((3, 10, 2), dtype="float32")
    layer = TimeDelay(5, depth, activation="tanh")
    convolution = keras.layers.Conv1D(5, depth + 1, padding="causal", activation="tanh")
    layer.build(x.shape)
    convolution.build(x.shape)
    randomize(layer)
    kernel = to_numpy(layer.kernel).reshape(
        depth + 1, 2, 5
    )  # newest first; a convolution has the oldest first
    convolution.set_weights([kernel[::-1], to_numpy(layer.bias)])
    same(layer(x), convolution(x), rtol=1e-5, atol=1e-6)
    valid = TimeDelay(5, depth, activation="tanh", padding="valid")
    valid.build(x.shape)
    valid.set_weights(layer.get_weights())
    same(valid(x), to_numpy(convolution(x))[:, depth:], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("delays", DELAYS, ids=str)
def test_time_delay_is_a_dense_layer_on_tapped_delays(delays: tuple[int, ...]) -> None:
    x = normal((2, 8, 3), dtype="float32")
    layer = TimeDelay(4, delays, activation="relu", use_bias=False)
    layer.build(x.shape)
    same(layer(x), np.maximum(to_numpy(TappedDelay(delays)(x)) @ to_numpy(layer.kernel), 0))


@pytest.mark.parametrize("pad", [1, 5])
def test_left_padding_with_mask_is_the_trimmed_input(pad: int) -> None:
    x = normal((2, 6, 3), dtype="float32")
    padded = np.concatenate([np.full((2, pad, 3), np.nan, "float32"), x], axis=1)
    mask = np.arange(pad + 6)[None].repeat(2, 0) >= pad
    symbol, valid = keras.Input((None, 3)), keras.Input((None,), dtype="bool")
    first, second, third = (
        TimeDelay(4, (0, 1, 3), activation="tanh"),
        TimeDelay(3, (0, 2)),
        TappedDelay((0, 1)),
    )
    trimmed = keras.Model(symbol, third(second(first(symbol))))
    randomize(trimmed)
    masked = keras.Model(
        [symbol, valid], third(second(first(symbol, mask=valid)))
    )  # the mask travels by itself
    same(to_numpy(masked([padded, mask]))[:, pad:], trimmed(x))


def test_mask_loses_the_steps_that_valid_padding_loses() -> None:
    mask = keras.ops.convert_to_tensor(np.array([[False, False, True, True, True]]))
    layer = TappedDelay((0, 2), padding="valid")
    assert to_numpy(layer.compute_mask(None, mask)).tolist() == [[True, True, True]]
    assert layer.compute_mask(None, None) is None


def test_check_tapped_delay(tmp_path) -> None:
    check_layer(
        lambda dtype: TappedDelay((0, 2, 3), dtype=dtype),
        input_shape=(4, 7, 2),
        output_shape=(4, 7, 6),
        folder=tmp_path,
    )


def test_check_time_delay(tmp_path) -> None:
    check_layer(
        lambda dtype: TimeDelay(5, (0, 2), activation="tanh", padding="valid", dtype=dtype),
        input_shape=(4, 7, 2),
        output_shape=(4, 5, 5),
        folder=tmp_path,
    )


def test_all_options_survive_the_config(tmp_path) -> None:
    layer = TimeDelay(
        2,
        (0, 1),
        activation="gelu",
        use_bias=False,
        kernel_initializer=keras.initializers.RandomNormal(seed=3),
        kernel_regularizer=keras.regularizers.L2(0.5),
    )
    symbol = keras.Input((5, 1))
    again = reload(keras.Model(symbol, layer(symbol)), tmp_path).layers[-1]
    assert again.activation is keras.activations.gelu
    assert not again.use_bias
    assert again.kernel_initializer.seed == 3
    assert float(again.kernel_regularizer.l2) == 0.5


def test_gradient_is_that_of_finite_differences() -> None:
    with float64():
        x = normal((3, 7, 2))
        symbol = keras.Input((7, 2), dtype="float64")
        hidden = TimeDelay(3, (0, 2), activation="tanh", padding="valid", dtype="float64")(symbol)
        model = keras.Model(symbol, TimeDelay(2, (0, 1, 4), padding="valid", dtype="float64")(hidden))
        randomize(model)

        def loss(y):
            return keras.ops.sum(keras.ops.square(y))

        check_gradient(model, x, loss)


@pytest.mark.parametrize(
    ("build", "error", "words"),
    [
        (lambda: TappedDelay((0, -1)), ValueError, "delays: must be .*at least 0"),
        (lambda: TappedDelay(()), ValueError, "delays: .*empty"),
        (lambda: TappedDelay((1, 1)), ValueError, r"delays: must be different numbers; received \(1, 1\)"),
        (lambda: TappedDelay((0, 1.5)), TypeError, "delays: .*1.5 of type float"),
        (lambda: TappedDelay("12"), TypeError, "delays: .*'12'"),
        (
            lambda: TappedDelay((0, 1), padding="same"),
            ValueError,
            "padding: must be one of 'causal', 'valid'",
        ),
        (lambda: TimeDelay(0, (0,)), ValueError, "units: must be a whole number of at least 1"),
        (lambda: TappedDelay((0, 1))(np.zeros((5, 1))), ValueError, "expected ndim=3, found ndim=2"),
        (lambda: TimeDelay(1, (0, 1))(np.zeros((5, 1))), ValueError, "expected ndim=3, found ndim=2"),
        (
            lambda: TappedDelay((0, 5), padding="valid")(np.zeros((1, 5, 1))),
            ValueError,
            "at least 6 steps long",
        ),
    ],
)
def test_errors_name_argument_allowed_and_received(build, error, words) -> None:
    with pytest.raises(error, match=words):
        build()
