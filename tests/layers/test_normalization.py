"""Reversible normalisation: what goes in comes back."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from forecast.layers import ReversibleNormalization
from tests.checks import check_layer, normal, randomize, reload, same, to_numpy

pytestmark = pytest.mark.backend


@pytest.mark.parametrize("affine", [False, True])
def test_denormalize_undoes_normalize(affine: bool) -> None:
    x = 50 + 7 * normal((4, 12, 3), dtype="float32")
    layer = ReversibleNormalization(affine=affine)
    layer.build(x.shape)
    randomize(layer)
    z, statistics = layer.normalize(x)
    same(layer.denormalize(z, statistics), x, rtol=1e-5)


def test_a_window_has_mean_zero_and_deviation_one() -> None:
    x = 50 + 7 * normal((4, 12, 3), dtype="float32")
    z, statistics = ReversibleNormalization(epsilon=1e-12).normalize(x)
    same(to_numpy(z).mean(1), np.zeros((4, 3)), atol=1e-5)
    same(to_numpy(z).std(1), np.ones((4, 3)), rtol=1e-5)
    same(statistics, np.stack([x.mean(1), x.std(1)], axis=1), rtol=1e-5)


def test_shift_and_scale_of_the_window_drop_out() -> None:
    x = normal((4, 12, 2), dtype="float32")
    layer = ReversibleNormalization(epsilon=1e-12)
    same(layer.normalize(100 + 30 * x)[0], layer.normalize(x)[0], atol=2e-5)
    same(layer.normalize(-x)[0], -to_numpy(layer.normalize(x)[0]))


def test_statistics_of_the_series_may_be_given() -> None:
    x = normal((2, 5, 1), dtype="float32")
    series = np.array(
        [[[3.0], [2.0]], [[-1.0], [0.5]]], "float32"
    )  # mean and scale of the series of each row
    z, used = ReversibleNormalization().normalize(x, statistics=series)
    same(z, (x - series[:, :1]) / series[:, 1:])
    same(used, series)
    one = ReversibleNormalization().normalize(x, statistics=series[:1])[0]
    same(one, (x - 3) / 2)


def test_other_columns_pass_unchanged() -> None:
    x = normal((3, 6, 4), dtype="float32")
    layer = ReversibleNormalization(targets=1)
    z, statistics = layer.normalize(x)
    same(z[:, :, 1:], x[:, :, 1:], rtol=0, atol=0)
    same(z[:, :, :1], layer.normalize(x[:, :, :1])[0])
    assert tuple(statistics.shape) == (3, 2, 1)


def test_left_padding_with_mask_is_the_trimmed_input() -> None:
    x = normal((3, 6, 2), dtype="float32")
    padded = np.concatenate([np.full((3, 4, 2), np.nan, "float32"), x], axis=1)
    mask = np.arange(10)[None].repeat(3, 0) >= 4
    z, statistics = ReversibleNormalization().normalize(padded, mask=mask)
    expected, own = ReversibleNormalization().normalize(x)
    same(to_numpy(z)[:, 4:], expected)
    same(to_numpy(z)[:, :4], np.zeros((3, 4, 2)))
    same(statistics, own)


def test_a_constant_window_becomes_zero_and_comes_back() -> None:
    x = np.full((1, 5, 1), 12.5, "float32")
    layer = ReversibleNormalization()
    z, statistics = layer.normalize(x)
    same(z, np.zeros((1, 5, 1)))
    same(layer.denormalize(z, statistics), x)


@pytest.mark.parametrize("affine", [False, True])
def test_check_layer(affine: bool, tmp_path) -> None:
    check_layer(
        lambda dtype: ReversibleNormalization(targets=2, affine=affine, dtype=dtype),
        input_shape=(4, 7, 3),
        output_shape=[(4, 7, 3), (4, 2, 2)],
        folder=tmp_path,
    )


def test_both_directions_of_one_layer_survive_a_file(tmp_path) -> None:
    symbol = keras.Input((6, 1))
    layer = ReversibleNormalization(affine=True)
    z, statistics = layer.normalize(symbol)
    model = keras.Model(symbol, layer.denormalize(keras.ops.tanh(z), statistics))
    randomize(model)
    x = normal((3, 6, 1), dtype="float32")
    again = reload(model, tmp_path)
    same(again(x), model(x))
    assert len(again.trainable_variables) == 2


@pytest.mark.parametrize(
    ("build", "error", "words"),
    [
        (
            lambda: ReversibleNormalization(targets=0),
            ValueError,
            "targets: must be a whole number of at least 1",
        ),
        (
            lambda: ReversibleNormalization(epsilon=0.0),
            ValueError,
            "epsilon: must be a finite number greater",
        ),
        (lambda: ReversibleNormalization(epsilon="a"), TypeError, "epsilon: .*'a' of type str"),
    ],
)
def test_errors_name_argument_allowed_and_received(build, error, words) -> None:
    with pytest.raises(error, match=words):
        build()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "mixed_float16", "mixed_bfloat16"])
def test_half_precision_normalises_values_whose_squares_overflow(dtype: str) -> None:
    x = 1000 + 400 * normal((2, 24, 1), dtype="float32")
    layer = ReversibleNormalization(dtype=dtype)
    z, statistics = layer.normalize(x)
    wide = [to_numpy(keras.ops.cast(t, "float32")) for t in (z, layer.denormalize(z, statistics))]
    np.testing.assert_allclose(wide[0].std(1), 1, atol=0.01)
    np.testing.assert_allclose(wide[1], x, atol=8)
    same(statistics, ReversibleNormalization().normalize(x)[1])  # in float32


def test_a_mixed_policy_normalises_what_half_precision_cannot_tell_apart() -> None:
    x = 70_000 + 3 * normal((2, 24, 1), dtype="float32")
    z, _ = ReversibleNormalization(dtype="mixed_float16").normalize(x)
    same(keras.ops.cast(z, "float32"), ReversibleNormalization().normalize(x)[0], rtol=1e-3, atol=1e-3)


def test_many_masked_steps_are_counted_in_half_precision() -> None:
    x, mask = 5 + normal((1, 900, 1), dtype="float32"), np.arange(900)[None] % 3 > 0
    _, statistics = ReversibleNormalization(dtype="bfloat16").normalize(x, mask=mask)
    present = x[mask].astype("float64")
    np.testing.assert_allclose(to_numpy(statistics).ravel(), [present.mean(), present.std()], rtol=1e-3)
