"""Bounds on the fed-back forecast, so that a closed loop cannot diverge from the data."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="forecast")
class Saturation(keras.layers.Layer):
    """Clips each target to two bounds, infinite until they are set.

    Equation:
        y = min(max(y, low), high)

    Symbols:
        low, high: the rows of the variable `limits` (2, O), not trained; -inf and +inf at first.
        y: (..., O) in and out.

    Args:
        name: name of the layer.
        dtype: dtype or dtype policy of the layer.
        trainable: no effect; the limits are set, not trained.

    Example:
        >>> from keras import ops
        >>> from forecast.layers import Saturation
        >>> layer = Saturation()
        >>> y = layer(ops.convert_to_tensor([[5.0], [-5.0]]))     # no bounds yet
        >>> _ = layer.limits.assign([[-1.0], [2.0]])
        >>> ops.convert_to_numpy(layer(ops.convert_to_tensor([[5.0], [-5.0]]))).ravel().tolist()
        [2.0, -1.0]
    """

    def __init__(self, *, name: str | None = None, dtype: Any = None, trainable: bool = True) -> None:
        super().__init__(name=name, dtype=dtype, trainable=trainable)
        self.supports_masking = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.limits = self.add_weight(
            shape=(2, input_shape[-1]), initializer=_unbounded, trainable=False, name="limits"
        )

    def call(self, inputs: Any) -> Any:
        return ops.minimum(ops.maximum(inputs, self.limits[0]), self.limits[1])


def _unbounded(shape: tuple[int, int], dtype: Any = None) -> Any:
    bounds = [[-float("inf")] * shape[1], [float("inf")] * shape[1]]
    return ops.convert_to_tensor(bounds, dtype=dtype)
