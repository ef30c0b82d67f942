"""The recurrent cell that sees its own output."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from forecast._checks import check_count
from forecast.layers.recurrent.cell import RecurrentCell


@keras.saving.register_keras_serializable(package="forecast")
class JordanCell(RecurrentCell):
    """The recurrent network whose hidden layer sees the last output instead of its own past.

    Equation:
        h_t = f(W x_t + U y_{t-1} + b)
        y_t = V h_t + c,   output y_t

    Symbols:
        x_t: input of shape (B, F); h_t: hidden layer of shape (B, U), U = `units`.
        y_t: state and output of shape (B, O), O = `outputs`.
        W, U, b: `kernel` (F, U), `recurrent_kernel` (O, U), `bias` (U,).
        V, c: `output_kernel` (U, O), `output_bias` (O,).
        f: `activation`.

    It is the NARX network with inputs x_t and y_{t-1} and no linear path. `recurrent_dropout` acts on y_{t-1}.

    Args:
        units: U, at least 1.
        outputs: O, at least 1; None means U.
        activation: f.
        dropout, recurrent_dropout, seed, name, dtype, trainable: as in `RecurrentCell`.

    Raises:
        TypeError: `units` or `outputs` is not a whole number.
        ValueError: `units` or `outputs` below 1, or a fraction outside [0, 1).

    References:
        Jordan, M. I. (1986). Serial order: a parallel distributed processing approach. Technical report 8604,
        Institute for Cognitive Science, University of California, San Diego.

    Example:
        >>> import keras, numpy as np
        >>> from forecast.layers import JordanCell
        >>> keras.layers.RNN(JordanCell(8, outputs=1))(np.zeros((2, 24, 3), dtype="float32")).shape == (2, 1)
        True
    """

    def __init__(
        self,
        units: int,
        *,
        outputs: int | None = None,
        activation: Any = "tanh",
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(
            units,
            activation=activation,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            name=name,
            dtype=dtype,
            trainable=trainable,
        )
        self.outputs = outputs
        self.output_size = self.units if outputs is None else check_count("outputs", outputs)
        self.state_size = [self.output_size]

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        self.output_kernel = self.add_weight(name="output_kernel", shape=(self.units, self.output_size))
        self.output_bias = self.add_weight(name="output_bias", shape=(self.output_size,), initializer="zeros")

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, list[Any]]:
        h = self.activation(self.project(inputs, states[0], training)["h"])
        y = ops.add(ops.matmul(h, self.output_kernel), self.output_bias)
        return y, [y]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "outputs": self.outputs}
