"""A residual block of dense layers, and a stack of them: what a block explains is subtracted from the next input."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from forecast._checks import check_count, explain
from forecast.layers.delay import known_size


@keras.saving.register_keras_serializable(package="forecast")
class ResidualBlock(keras.layers.Layer):
    """Dense layers with two linear outputs: a backcast of the past and a forecast of the future.

    Equation:
        h_1 = phi(W_1 [x, c] + b_1),   h_k = phi(W_k h_{k-1} + b_k),   k = 2, ..., K
        backcast = V h_K,   forecast = C h_K

    Symbols:
        x: the past, the first N = `past` columns of the input of shape (B, N+M); c: the other M columns, which
            are read but not explained.
        W, b: the layers "hidden_1", ..., "hidden_K" of `units` with phi = `activation`.
        V: the layer "backcast", shape (U, N); C: the layer "output", shape (U, outputs), U the units of the last
            hidden layer. Both start at zero, so a new block changes nothing.

    Args:
        units: units of each hidden layer, at least one layer.
        outputs: length of the forecast, at least 1.
        past: N, at least 1; None means all columns.
        activation: Keras name of the activation of the hidden layers.
        name: name of the layer.
        dtype: dtype or dtype policy of the layer.
        trainable: whether training changes the layer.

    Returns:
        (backcast (B, N), forecast (B, outputs)).

    Raises:
        TypeError: a number that is not whole.
        ValueError: a number below 1, no hidden layer, or an input of fewer than `past` columns.

    References:
        Oreshkin, B. N., Carpov, D., Chapados, N. and Bengio, Y. (2020). N-BEATS: neural basis expansion
        analysis for interpretable time series forecasting. ICLR.

    Example:
        >>> import numpy as np
        >>> from forecast.layers import ResidualBlock
        >>> backcast, forecast = ResidualBlock((4,), 3, past=5)(np.ones((2, 6), "float32"))
        >>> tuple(backcast.shape), tuple(forecast.shape)
        ((2, 5), (2, 3))
    """

    def __init__(
        self,
        units: tuple[int, ...],
        outputs: int,
        *,
        past: int | None = None,
        activation: str = "relu",
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, dtype=dtype, trainable=trainable)
        self.units = tuple(check_count("units", number) for number in units)
        if not self.units:
            raise ValueError(
                explain("units", "at least one hidden layer", units, "Pass for example (64, 64)")
            )
        self.outputs = check_count("outputs", outputs)
        self.past = None if past is None else check_count("past", past)
        self.activation = activation

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        columns = known_size("features", input_shape[-1])
        past = columns if self.past is None else self.past
        if past > columns:
            allowed = f"of at least past={past} columns"
            raise ValueError(explain("inputs", allowed, f"{columns} columns", "Pass a smaller `past`"))
        maps = [(units, f"hidden_{number}") for number, units in enumerate(self.units, start=1)]
        self.hidden = [
            keras.layers.Dense(units, self.activation, name=name, dtype=self.dtype_policy)
            for units, name in maps
        ]
        self.backcast, self.forecast = (
            keras.layers.Dense(
                units, use_bias=False, kernel_initializer="zeros", name=name, dtype=self.dtype_policy
            )
            for units, name in ((past, "backcast"), (self.outputs, "output"))
        )
        for layer, size in zip(self.hidden, (columns, *self.units), strict=False):
            layer.build((None, size))
        for layer in (self.backcast, self.forecast):
            layer.build((None, self.units[-1]))

    def call(self, inputs: Any) -> tuple[Any, Any]:
        state = inputs
        for layer in self.hidden:
            state = layer(state)
        return self.backcast(state), self.forecast(state)

    def get_config(self) -> dict[str, Any]:
        own = {"units": self.units, "outputs": self.outputs, "past": self.past, "activation": self.activation}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="forecast")
class DoublyResidual(keras.layers.Layer):
    """Blocks one after the other, each on what the blocks before it left unexplained; their forecasts add up.

    Equation:
        x_1 = x,   x_{k+1} = x_k - backcast_k(x_k, c),   k = 1, ..., K
        y = sum_k forecast_k(x_k, c)

    Symbols:
        x: the past, the first N = `past` columns of the input of shape (B, N+M); c: the other M columns, which
            every block reads as they are.
        backcast_k, forecast_k: the layer "block_k", a `ResidualBlock`.
        y: the forecast, shape (B, outputs), returned with x_{K+1}, what is left of the past, shape (B, N).
        So x = backcast_1 + ... + backcast_K + x_{K+1}.

    Args:
        blocks: K, at least 1.
        units: units of each hidden layer of a block, at least one layer.
        outputs: length of the forecast, at least 1.
        past: N, at least 1; None means all columns.
        activation: Keras name of the activation of the hidden layers.
        name: name of the layer.
        dtype: dtype or dtype policy of the layer.
        trainable: whether training changes the layer.

    Returns:
        (forecast (B, outputs), rest (B, N)).

    Raises:
        TypeError: a number that is not whole.
        ValueError: a number below 1, no hidden layer, or an input of fewer than `past` columns.

    References:
        Oreshkin, B. N., Carpov, D., Chapados, N. and Bengio, Y. (2020). N-BEATS: neural basis expansion
        analysis for interpretable time series forecasting. ICLR.

    Example:
        >>> import numpy as np
        >>> from forecast.layers import DoublyResidual
        >>> past = np.arange(10, dtype="float32").reshape(2, 5)
        >>> forecast, rest = DoublyResidual(2, (4,), 3)(past)          # untrained blocks explain nothing
        >>> bool((keras.ops.convert_to_numpy(rest) == past).all()), tuple(forecast.shape)
        (True, (2, 3))
    """

    def __init__(
        self,
        blocks: int,
        units: tuple[int, ...],
        outputs: int,
        *,
        past: int | None = None,
        activation: str = "relu",
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, dtype=dtype, trainable=trainable)
        options = {"past": past, "activation": activation, "dtype": self.dtype_policy}
        self.blocks = [
            ResidualBlock(units, outputs, name=f"block_{number}", **options)
            for number in range(1, check_count("blocks", blocks) + 1)
        ]

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        for block in self.blocks:
            block.build(input_shape)

    def call(self, inputs: Any) -> tuple[Any, Any]:
        past = self.blocks[0].past or inputs.shape[-1]
        rest, context, total = inputs[:, :past], inputs[:, past:], 0.0
        for block in self.blocks:
            backcast, forecast = block(ops.concatenate([rest, context], axis=-1))
            rest, total = rest - backcast, total + forecast
        return total, rest

    def get_config(self) -> dict[str, Any]:
        block = self.blocks[0].get_config()
        own = {name: block[name] for name in ("units", "outputs", "past", "activation")}
        return {**super().get_config(), "blocks": len(self.blocks), **own}
