"""A learned vector for each category, and their mean for categories never seen."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from forecast._checks import check_count
from forecast.layers.precision import widened


@keras.saving.register_keras_serializable(package="forecast")
class CategoryEmbedding(keras.layers.Layer):
    """A learned vector for each category, symbol or series; an unknown one gets the mean vector.

    Equation:
        e(c) = E_c                             c = 0, ..., K-1
        e(c) = (E_0 + ... + E_{K-1}) / K       any other c, such as -1 for a category not seen in training

    Symbols:
        K: `categories`.
        E: the weight `embeddings`, shape (K, U) with U = `units`.
        c: the input, whole numbers of any shape (...), stored as whole numbers or as floats.
        e: the output, shape (..., U).

    Codes may be stored in the float columns of a window, since float32 holds whole numbers up to 2**24
    exactly. Half precision does not (float16 up to 2048, bfloat16 up to 256), so the layer does not cast its
    input to its own precision. For an unknown category the mean vector keeps the network near what it was
    trained on.

    Args:
        categories: K, at least 1.
        units: U, at least 1.
        name: name of the layer.
        dtype: dtype or dtype policy of the layer.
        trainable: whether training changes the vectors.

    Raises:
        TypeError: a number that is not whole.
        ValueError: a number below 1.

    References:
        Bengio, Y., Ducharme, R., Vincent, P. and Jauvin, C. (2003). A neural probabilistic language model.
        Journal of Machine Learning Research 3, 1137-1155.
        Guo, C. and Berkhahn, F. (2016). Entity embeddings of categorical variables. arXiv:1604.06737.

    Example:
        >>> import keras, numpy as np
        >>> from forecast.layers import CategoryEmbedding
        >>> layer = CategoryEmbedding(2, 3)
        >>> layer.build((None,))
        >>> layer.set_weights([np.array([[1.0, 2.0, 3.0], [3.0, 4.0, 7.0]])])
        >>> keras.ops.convert_to_numpy(layer(np.array([1.0, -1.0]))).tolist()
        [[3.0, 4.0, 7.0], [2.0, 3.0, 5.0]]
    """

    def __init__(
        self,
        categories: int,
        units: int,
        *,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, dtype=dtype, trainable=trainable, autocast=False)
        self.categories = check_count("categories", categories)
        self.units = check_count("units", units)
        self.supports_masking = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        shape = (self.categories, self.units)
        self.embeddings = self.add_weight(
            shape=shape, initializer="uniform", name="embeddings", autocast=False
        )

    def call(self, inputs: Any) -> Any:
        known = ops.logical_and(inputs >= 0, inputs < self.categories)
        codes = ops.cast(ops.where(known, inputs, ops.zeros_like(inputs)), "int32")
        rows = ops.take(self.embeddings, codes, axis=0)  # (..., U)
        mean = ops.cast(ops.mean(widened(self.embeddings), axis=0), rows.dtype)
        return ops.cast(ops.where(known[..., None], rows, mean), self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*input_shape, self.units)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "categories": self.categories, "units": self.units}
