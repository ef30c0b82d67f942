"""The recurrent cell with a single gate."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from forecast.layers.recurrent.cell import RecurrentCell


@keras.saving.register_keras_serializable(package="forecast")
class MinimalGatedCell(RecurrentCell):
    """Minimal gated unit: one gate both updates the state and resets what the new one sees.

    Equation:
        f_t = sigma(W_f x_t + U_f h_{t-1} + b_f)
        n_t = phi(W_n x_t + U_n (f_t * h_{t-1}) + b_n)
        h_t = (1 - f_t) * h_{t-1} + f_t * n_t,   output h_t

    Symbols:
        x_t: input of shape (B, F); h_t: state and output of shape (B, U), U = `units`.
        W, b: `kernel` (F, 2*U), `bias` (2*U,); blocks f, n.
        U_f, U_n: `recurrent_kernel` (U, U), `candidate_kernel` (U, U).
        phi: `activation`.

    Arguments and errors are those of `RecurrentCell`.

    References:
        Zhou, G.-B., Wu, J., Zhang, C.-L. and Zhou, Z.-H. (2016). Minimal gated unit for recurrent neural networks.
        International Journal of Automation and Computing 13(3), 226-234.

    Example:
        >>> import keras, numpy as np
        >>> from forecast.layers import MinimalGatedCell
        >>> keras.layers.RNN(MinimalGatedCell(8))(np.zeros((2, 24, 3), dtype="float32")).shape == (2, 8)
        True
    """

    gates = {"f": 0.0, "n": 0.0}
    recurrent = ("f",)
    orthogonal = ("recurrent_kernel", "candidate_kernel")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        self.candidate_kernel = self.add_kernel("candidate_kernel", self.units, 1)

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, list[Any]]:
        h = states[0]
        inputs, seen = self.drop_inputs(inputs, training), self.drop_state(h, training)
        x = self.blocks(ops.add(ops.matmul(inputs, self.kernel), self.bias), self.gates)
        f = ops.sigmoid(x["f"] + ops.matmul(seen, self.recurrent_kernel))
        n = self.activation(x["n"] + ops.matmul(f * seen, self.candidate_kernel))
        h = (1 - f) * h + f * n
        return h, [h]
