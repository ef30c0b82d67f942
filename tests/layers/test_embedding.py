"""The vector of a category is its row of the table, that of an unknown one the mean of all rows."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from forecast.layers import CategoryEmbedding
from tests.checks import check_layer, gradient, normal, randomize, same, to_numpy

pytestmark = pytest.mark.backend


def layer_of(table: np.ndarray) -> CategoryEmbedding:
    layer = CategoryEmbedding(*table.shape)
    layer.build((None,))
    layer.set_weights([table])
    return layer


def test_known_categories_are_those_of_the_keras_embedding() -> None:
    table, codes = normal((5, 3), dtype="float32"), np.array([[0, 4], [2, 2]])
    reference = keras.layers.Embedding(5, 3)
    reference.build((None,))
    reference.set_weights([table])
    same(layer_of(table)(codes), reference(codes))
    same(layer_of(table)(codes.astype("float32")), reference(codes))


@pytest.mark.parametrize("code", [-1.0, 5.0, 99.0])
def test_an_unknown_category_gets_the_mean(code: float) -> None:
    table = normal((5, 3), dtype="float32")
    same(layer_of(table)(np.array([code], "float32")), table.mean(axis=0, keepdims=True))


def test_an_unknown_category_teaches_all_alike_and_a_known_one_itself() -> None:
    codes = keras.Input((3,))
    model = keras.Model(codes, CategoryEmbedding(4, 2)(codes))
    randomize(model)
    (slope,) = gradient(model, np.array([[1.0, 1.0, -1.0]], "float32"), keras.ops.sum)
    same(slope, np.array([0, 2, 0, 0])[:, None] + np.full((4, 2), 0.25))


def test_check_layer(tmp_path) -> None:
    def make(dtype: str) -> keras.layers.Layer:
        return CategoryEmbedding(2, 3, dtype=dtype)

    check_layer(
        make,
        input_shape=(3, 6),
        output_shape=(3, 6, 3),
        folder=tmp_path,
        masks=False,
        legal=lambda values: np.round(values) % 4 - 1,
    )


def test_the_mask_goes_on() -> None:
    codes = keras.layers.Masking(-1.0)(keras.Input((None, 1)))
    assert CategoryEmbedding(2, 3)(codes)._keras_mask is not None


@pytest.mark.parametrize(
    ("options", "error"), [((0, 2), ValueError), ((2, 0), ValueError), ((2.0, 2), TypeError)]
)
def test_errors(options: tuple, error: type) -> None:
    with pytest.raises(error, match="must be a whole number of at least 1"):
        CategoryEmbedding(*options)


def test_a_global_model_learns_what_tells_two_series_apart() -> None:
    """y_t = a_s y_{t-1} with a sign of its own for each series: the code of the series must enter."""
    window, code = normal((64, 1)), np.arange(64.0)[:, None] % 2
    target = np.where(code == 0, window, -window)
    rows = keras.Input((2,))
    vector = CategoryEmbedding(2, 1)(rows[:, 1])
    product = rows[:, :1] * keras.layers.Dense(1)(vector)
    model = keras.Model(rows, product)
    randomize(model)
    model.compile(optimizer=keras.optimizers.Adam(0.1), loss="mse")
    model.fit(np.hstack([window, code]), target, epochs=60, batch_size=64, verbose=0)
    factors = to_numpy(model(np.array([[1.0, 0.0], [1.0, 1.0], [1.0, -1.0]])))[:, 0]
    np.testing.assert_allclose(factors, [1.0, -1.0, factors[:2].mean()], atol=0.05)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "mixed_float16", "mixed_bfloat16"])
def test_codes_are_read_as_they_come_in_half_precision(dtype: str) -> None:
    codes = np.arange(3000, dtype="float32")
    table = np.stack([codes % 7, codes % 2, codes // 256], axis=1)
    layer = CategoryEmbedding(3000, 3, dtype=dtype)
    layer.build((None,))
    layer.set_weights([table])
    np.testing.assert_array_equal(to_numpy(keras.ops.cast(layer(codes), "float32")), table)
    np.testing.assert_array_equal(to_numpy(keras.ops.cast(layer(codes.astype("int64")), "float32")), table)


@pytest.mark.parametrize("code", [np.nan, np.inf, -0.5, 1e20])
def test_what_is_no_code_gets_the_mean(code: float) -> None:
    table = normal((5, 3), dtype="float32")
    same(layer_of(table)(np.array([code], "float32")), table.mean(axis=0, keepdims=True))
