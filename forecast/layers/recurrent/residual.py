"""The recurrent cell that adds to its state instead of replacing it."""

from __future__ import annotations

from typing import Any

import keras

from forecast.layers.recurrent.cell import RecurrentCell


@keras.saving.register_keras_serializable(package="forecast")
class ResidualCell(RecurrentCell):
    """A recurrent network that adds a small network of input and state to its state.

    Equation:
        h_t = h_{t-1} + g(x_t, h_{t-1}),   g(x, h) = f(W x + U h + b),   output h_t
        dh_t / dh_{t-1} = I + dg / dh

    Symbols:
        x_t: input of shape (B, F); h_t: state and output of shape (B, U), U = `units`.
        W, U, b: `kernel` (F, U), `recurrent_kernel` (U, U), `bias` (U,).
        f: `activation`.

    U starts at zero, so at first the gradient through any number of steps is exactly 1. Arguments and errors
    are those of `RecurrentCell`.

    References:
        He, K., Zhang, X., Ren, S. and Sun, J. (2016). Deep residual learning for image recognition. CVPR: the same
        sum over layers instead of time.

    Example:
        >>> import keras, numpy as np
        >>> from forecast.layers import ResidualCell
        >>> keras.layers.RNN(ResidualCell(8))(np.zeros((2, 24, 3), dtype="float32")).shape == (2, 8)
        True
    """

    recurrent_initializer = "zeros"
    orthogonal = ()

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, list[Any]]:
        h = states[0] + self.activation(self.project(inputs, states[0], training)["h"])
        return h, [h]
