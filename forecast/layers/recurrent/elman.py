"""The simple recurrent cell."""

from __future__ import annotations

from typing import Any

import keras

from forecast.layers.recurrent.cell import RecurrentCell


@keras.saving.register_keras_serializable(package="forecast")
class ElmanCell(RecurrentCell):
    """The simple recurrent network: the state is a layer that sees its own past.

    Equation:
        h_t = f(W x_t + U h_{t-1} + b),   output h_t

    Symbols:
        x_t: input of shape (B, F); h_t: state and output of shape (B, U), U = `units`.
        W, U, b: `kernel` (F, U), `recurrent_kernel` (U, U), `bias` (U,).
        f: `activation`.

    The readout y_t = V h_t + c of the network is a dense layer after `keras.layers.RNN`. Arguments and errors
    are those of `RecurrentCell`.

    References:
        Elman, J. L. (1990). Finding structure in time. Cognitive Science 14(2), 179-211.

    Example:
        >>> import keras, numpy as np
        >>> from forecast.layers import ElmanCell
        >>> keras.layers.RNN(ElmanCell(8))(np.zeros((2, 24, 3), dtype="float32")).shape == (2, 8)
        True
    """

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, list[Any]]:
        h = self.activation(self.project(inputs, states[0], training)["h"])
        return h, [h]
