"""Each window in units of its own level and spread; rows may be missing."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from forecast._checks import check_count, check_positive
from forecast.layers.precision import wide_dtype


@keras.saving.register_keras_serializable(package="forecast")
class WindowUnits(keras.layers.Layer):
    """Windows in units of their own level and spread, both taken from the known rows.

    Equation:
        z_t = (y_t - level) / spread,   0 where y_t is missing
        level = y_s, s the last known row
        spread = epsilon + mean |y_t - y_{t-m}| over pairs of known rows; |y_t - y_{t-1}| where no such pair is known

    Symbols:
        y: window, shape (B, L, O), NaN where a row is missing, such as before the start of a short series.
        m: `season`, 1 for none; epsilon: keeps a constant window finite.
        A window without a known row has level 0 and spread epsilon. Without `relative`, all have level 0 and
            spread 1, and missing rows are only marked.

    Args:
        season: m, at least 1.
        relative: whether each window has units of its own.
        epsilon: added to the spread, above 0, in the units of the data.
        name, dtype, trainable: those of a Keras layer; there is nothing to train.

    Returns:
        (z (B, L, O), known (B, L, O) of zeros and ones, units (B, 2, O): level and spread).

    Raises:
        TypeError: `season` is not a whole number or `epsilon` not a number.
        ValueError: `season` is below 1 or `epsilon` not above 0.

    Example:
        >>> import numpy as np
        >>> from forecast.layers import WindowUnits
        >>> window = np.array([[[np.nan], [10.0], [14.0], [16.0]]], "float32")
        >>> z, known, units = WindowUnits()(window)
        >>> keras.ops.convert_to_numpy(units).astype(float).round(3).ravel().tolist()
        [16.0, 3.001]
        >>> keras.ops.convert_to_numpy(z).astype(float).round(2).ravel().tolist()
        [-0.0, -2.0, -0.67, 0.0]
    """

    def __init__(
        self,
        *,
        season: int = 1,
        relative: bool = True,
        epsilon: float = 1e-3,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, dtype=dtype, trainable=trainable, autocast=False)
        self.season = check_count("season", season)
        self.relative = relative
        self.epsilon = check_positive("epsilon", epsilon)

    def call(self, inputs: Any) -> tuple[Any, Any, Any]:
        y = ops.cast(inputs, wide_dtype(self.compute_dtype))
        missing = ops.isnan(y)
        known = ops.cast(ops.logical_not(missing), y.dtype)
        y = ops.where(missing, ops.zeros_like(y), y)
        units = self._units(y, known)
        z = known * (y - units[:, :1]) / units[:, 1:]
        return tuple(ops.cast(part, self.compute_dtype) for part in (z, known)) + (units,)

    def _units(self, y: Any, known: Any) -> Any:
        """Level and spread (B, 2, O) of windows with zeros where a row is missing."""
        if not self.relative:
            return ops.concatenate([ops.zeros_like(y[:, :1]), ops.ones_like(y[:, :1])], axis=1)
        later = ops.flip(ops.cumsum(ops.flip(known, axis=1), axis=1), axis=1)  # known rows from here on
        last = known * ops.cast(ops.equal(later, 1), y.dtype)
        gap, _ = self._difference(y, known, 1)
        if 1 < self.season < y.shape[1]:
            seasonal, pairs = self._difference(y, known, self.season)
            gap = ops.where(pairs > 0, seasonal, gap)
        return ops.concatenate([ops.sum(last * y, axis=1, keepdims=True), gap + self.epsilon], axis=1)

    @staticmethod
    def _difference(y: Any, known: Any, lag: int) -> tuple[Any, Any]:
        """Mean |y_t - y_{t-lag}| (B, 1, O) over pairs of known rows, and their number."""
        both = known[:, lag:] * known[:, :-lag]
        pairs = ops.sum(both, axis=1, keepdims=True)
        total = ops.sum(both * ops.abs(y[:, lag:] - y[:, :-lag]), axis=1, keepdims=True)
        return total / ops.maximum(pairs, 1.0), pairs

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "season": self.season,
            "relative": self.relative,
            "epsilon": self.epsilon,
        }
