"""Where half precision is too narrow: scores, counts, statistics and logarithms are computed in float32."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


def wide_dtype(dtype: Any) -> str:
    """float64 stays; every other dtype becomes float32.

    Example:
        >>> wide_dtype("float16"), wide_dtype("float64")
        ('float32', 'float64')
    """
    return "float64" if keras.backend.standardize_dtype(dtype) == "float64" else "float32"


def orthogonal(shape: tuple[int, ...], dtype: Any = None) -> Any:
    """Orthogonal initial values; the decomposition behind them does not exist in half precision."""
    dtype = dtype or keras.config.floatx()
    return ops.cast(keras.initializers.Orthogonal()(shape, dtype=wide_dtype(dtype)), dtype)


def widened(values: Any) -> Any:
    """A tensor in float32, or in float64 when it is float64."""
    return ops.cast(values, wide_dtype(values.dtype))
