"""The recurrent cell whose units see no past but their own."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from forecast.layers.recurrent.cell import RecurrentCell


@keras.saving.register_keras_serializable(package="forecast")
class DiagonalCell(RecurrentCell):
    """Independently recurrent network: the recurrent matrix is diagonal.

    Equation:
        h_t = f(W x_t + u * h_{t-1} + b),   output h_t

    Symbols:
        x_t: input of shape (B, F); h_t: state and output of shape (B, U), U = `units`.
        W, b: `kernel` (F, U), `bias` (U,).
        u: `recurrent_kernel` of shape (U,), uniform in [0, 1] at the start.
        f: `activation`; the paper uses "relu".

    Arguments and errors are those of `RecurrentCell`.

    References:
        Li, S., Li, W., Cook, C., Zhu, C. and Gao, Y. (2018). Independently recurrent neural network (IndRNN):
        building a longer and deeper RNN. CVPR.

    Example:
        >>> import keras, numpy as np
        >>> from forecast.layers import DiagonalCell
        >>> keras.layers.RNN(DiagonalCell(8))(np.zeros((2, 24, 3), dtype="float32")).shape == (2, 8)
        True
    """

    orthogonal = ()
    elementwise = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.kernel = self.add_kernel("kernel", input_shape[-1], 1)
        start = keras.initializers.RandomUniform(0.0, 1.0)
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel", shape=(self.units,), initializer=start
        )
        self.bias = self.add_bias("bias", [0.0])

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, list[Any]]:
        inputs, seen = self.drop_inputs(inputs, training), self.drop_state(states[0], training)
        past = ops.multiply(seen, self.recurrent_kernel)
        h = self.activation(ops.add(ops.add(ops.matmul(inputs, self.kernel), past), self.bias))
        return h, [h]
