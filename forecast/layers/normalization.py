"""Reversible normalisation: remove level and scale before the network, restore them after it."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from forecast._checks import check_choice, check_count, check_positive
from forecast.layers.delay import known_size
from forecast.layers.precision import wide_dtype


@keras.saving.register_keras_serializable(package="forecast")
class ReversibleNormalization(keras.layers.Layer):
    """Normalise the targets by mean and scale, and bring a forecast back to their units.

    Equation:
        z_t = gamma (y_t - m) / s + beta          normalize
        y_t = s (z_t - beta) / gamma + m          denormalize

    Symbols:
        y: the targets, the first O columns of the input of shape (B, T, F); the other columns pass unchanged.
        m, s: mean and scale of each target, together `statistics` of shape (B, 2, O).
            Per window: mean over time, and s = sqrt(variance over time + `epsilon`), masked steps left out; or the
            last value of the window and s = 1 (`level="last"`): the network reads and forecasts differences from it.
            Per series: given by the caller, shape (B, 2, O), or (1, 2, O) for one series.
            They are computed and kept in float32 (float64 in a float64 layer) whatever the layer's precision,
            because the squares of ordinary data overflow in half precision.
        gamma, beta: trainable, shape (O,), when `affine` is True; else 1 and 0.

    Args:
        targets: O, number of target columns, which come first; None means all columns.
        epsilon: added to the variance of a window, greater than 0: a constant window stays finite.
        level: "mean" or "last", where a window's m comes from.
        affine: whether gamma and beta are trained.
        name: name of the layer.
        dtype: dtype or dtype policy of the layer.
        trainable: whether training changes gamma and beta.

    Masked steps of the output are zero.

    Raises:
        TypeError: `targets` is not a whole number or `epsilon` not a number.
        ValueError: `targets` is below 1, `epsilon` is not greater than 0, or `level` is unknown.

    References:
        Kim, T., Kim, J., Tae, Y., Park, C., Choi, J.-H. and Choo, J. (2022). Reversible instance
        normalization for accurate time-series forecasting against distribution shift. ICLR.

    Example:
        >>> import keras, numpy as np
        >>> from forecast.layers import ReversibleNormalization
        >>> layer = ReversibleNormalization()
        >>> window = np.array([[[101.0], [103.0]]], dtype="float32")     # (B, T, O) = (1, 2, 1)
        >>> z, statistics = layer.normalize(window)
        >>> keras.ops.convert_to_numpy(z).round(3).tolist()
        [[[-1.0], [1.0]]]
        >>> keras.ops.convert_to_numpy(layer.denormalize(z, statistics)).round(3).tolist()
        [[[101.0], [103.0]]]
    """

    def __init__(
        self,
        *,
        targets: int | None = None,
        epsilon: float = 1e-5,
        level: str = "mean",
        affine: bool = False,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, dtype=dtype, trainable=trainable, autocast=False)
        self.targets = None if targets is None else check_count("targets", targets)
        self.epsilon = check_positive("epsilon", epsilon)
        self.level = check_choice("level", level, ("mean", "last"))
        self.affine = affine
        self.supports_masking = True

    def normalize(self, inputs: Any, statistics: Any = None, mask: Any = None) -> tuple[Any, Any]:
        """(B, T, F) -> normalised (B, T, F), and the statistics (B, 2, O): those given, else the window's."""
        return self(inputs, statistics=statistics, mask=mask)

    def denormalize(self, outputs: Any, statistics: Any) -> Any:
        """(B, H, O) in normalised units -> (B, H, O) in the units of the targets."""
        return self(outputs, statistics=statistics, reverse=True)

    def build(self, inputs_shape: tuple[int | None, ...]) -> None:
        if not self.affine:
            return
        shape = (self.targets or known_size("features", inputs_shape[-1]),)
        self.gamma = self.add_weight(name="gamma", shape=shape, initializer="ones", autocast=False)
        self.beta = self.add_weight(name="beta", shape=shape, initializer="zeros", autocast=False)

    def call(self, inputs: Any, statistics: Any = None, reverse: bool = False, mask: Any = None) -> Any:
        wide = wide_dtype(self.compute_dtype)
        inputs = ops.cast(inputs, wide)
        statistics = None if statistics is None else ops.cast(statistics, wide)
        if reverse:
            return ops.cast(self._denormalize(inputs, statistics), self.compute_dtype)
        targets = inputs[:, :, : self.targets]
        if statistics is None:
            statistics = self._statistics(targets, mask)
        scaled = self._normalize(targets, statistics)
        if self.targets is not None and inputs.shape[2] != self.targets:
            scaled = ops.concatenate([scaled, inputs[:, :, self.targets :]], axis=-1)
        if mask is not None:
            scaled = ops.where(ops.expand_dims(mask, -1), scaled, ops.zeros_like(scaled))
        return ops.cast(scaled, self.compute_dtype), statistics

    def _statistics(self, targets: Any, mask: Any) -> Any:
        if self.level == "last":
            return ops.concatenate([targets[:, -1:], ops.ones_like(targets[:, -1:])], axis=1)
        if mask is None:
            mean = ops.mean(targets, axis=1, keepdims=True)
            variance = ops.mean(ops.square(targets - mean), axis=1, keepdims=True)
        else:
            present = ops.expand_dims(mask, -1)
            count = ops.maximum(ops.sum(ops.cast(present, targets.dtype), axis=1, keepdims=True), 1)
            zero = ops.zeros_like(targets)
            mean = ops.sum(ops.where(present, targets, zero), axis=1, keepdims=True) / count
            squares = ops.square(ops.where(present, targets - mean, zero))
            variance = ops.sum(squares, axis=1, keepdims=True) / count
        return ops.concatenate([mean, ops.sqrt(variance + self.epsilon)], axis=1)

    def _normalize(self, targets: Any, statistics: Any) -> Any:
        scaled = (targets - statistics[:, :1]) / statistics[:, 1:]
        if not self.affine:
            return scaled
        return scaled * ops.cast(self.gamma, scaled.dtype) + ops.cast(self.beta, scaled.dtype)

    def _denormalize(self, outputs: Any, statistics: Any) -> Any:
        if self.affine:
            outputs = (outputs - ops.cast(self.beta, outputs.dtype)) / ops.cast(self.gamma, outputs.dtype)
        return outputs * statistics[:, 1:] + statistics[:, :1]

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return None

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "targets": self.targets,
            "epsilon": self.epsilon,
            "level": self.level,
            "affine": self.affine,
        }
