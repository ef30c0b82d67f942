"""The gated recurrent unit, in both conventions of its update gate and both places of its reset gate."""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import ops

from forecast._checks import check_choice
from forecast.layers.recurrent.cell import RecurrentCell


@keras.saving.register_keras_serializable(package="forecast")
class GRUCell(RecurrentCell):
    """Gated recurrent unit: one gate mixes the old state with the new, the other resets what the new one sees.

    Equation:
        z_t = sigma(W_z x_t + U_z h_{t-1} + b_z)
        r_t = sigma(W_r x_t + U_r h_{t-1} + b_r)
        n_t = phi(W_n x_t + b_n + r_t * (U_n h_{t-1} + v))      `reset` = "after" the product
        n_t = phi(W_n x_t + b_n + U_n (r_t * h_{t-1}))          `reset` = "before" the product
        h_t = z_t * h_{t-1} + (1 - z_t) * n_t                   `update` = "keep": z_t keeps the old state
        h_t = (1 - z_t) * h_{t-1} + z_t * n_t                   `update` = "replace": z_t lets the new one in
        output h_t

    Symbols:
        x_t: input of shape (B, F); h_t: state of shape (B, U), U = `units`.
        W, b: `kernel` (F, 3*U), `bias` (3*U,); blocks z, r, n.
        U, v: `recurrent_kernel` (U, 3*U), `candidate_bias` (U,) when the reset comes after; otherwise
            [U_z, U_r] = `recurrent_kernel` (U, 2*U), U_n = `candidate_kernel` (U, U).
        phi: `activation`.

    Keras and torch use "keep" and "after"; their two biases of z, and of r, are one here, the sum.
    The other arguments are those of `RecurrentCell`.

    Raises:
        ValueError: an unknown `update` or `reset`.

    References:
        Cho, K. et al. (2014). Learning phrase representations using RNN encoder-decoder for statistical machine
        translation. EMNLP: "keep", "before".
        Chung, J., Gulcehre, C., Cho, K. and Bengio, Y. (2014). Empirical evaluation of gated recurrent neural
        networks on sequence modeling. arXiv 1412.3555: "replace".

    Example:
        >>> import keras, numpy as np
        >>> from forecast.layers import GRUCell
        >>> cell = GRUCell(8, update="replace", reset="before")
        >>> keras.layers.RNN(cell)(np.zeros((2, 24, 3), dtype="float32")).shape == (2, 8)
        True
    """

    gates = {"z": 0.0, "r": 0.0, "n": 0.0}
    orthogonal = ("recurrent_kernel", "candidate_kernel")

    def __init__(
        self,
        units: int,
        *,
        activation: Any = "tanh",
        update: Literal["keep", "replace"] = "keep",
        reset: Literal["after", "before"] = "after",
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
        self.update = check_choice("update", update, ("keep", "replace"))
        self.reset = check_choice("reset", reset, ("after", "before"))
        self.recurrent = ("z", "r", "n") if reset == "after" else ("z", "r")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        if self.reset == "after":
            self.candidate_bias = self.add_bias("candidate_bias", [0.0])
        else:
            self.candidate_kernel = self.add_kernel("candidate_kernel", self.units, 1)

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, list[Any]]:
        h = states[0]
        inputs, seen = self.drop_inputs(inputs, training), self.drop_state(h, training)
        x = self.blocks(ops.add(ops.matmul(inputs, self.kernel), self.bias), self.gates)
        u = self.blocks(ops.matmul(seen, self.recurrent_kernel), self.recurrent)
        z, r = ops.sigmoid(x["z"] + u["z"]), ops.sigmoid(x["r"] + u["r"])
        if self.reset == "after":
            past = r * ops.add(u["n"], self.candidate_bias)
        else:
            past = ops.matmul(r * seen, self.candidate_kernel)
        n = self.activation(x["n"] + past)
        h = z * h + (1 - z) * n if self.update == "keep" else (1 - z) * h + z * n
        return h, [h]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "update": self.update, "reset": self.reset}
