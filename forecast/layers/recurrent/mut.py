"""The three best cells of a search over ten thousand architectures."""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import ops

from forecast._checks import check_choice
from forecast.layers.recurrent.cell import RecurrentCell


@keras.saving.register_keras_serializable(package="forecast")
class MUTCell(RecurrentCell):
    """MUT1, MUT2 and MUT3: gated cells found by mutation and selection.

    Equation:
        z_t = sigma(W_z x_t + b_z)                              `variant` 1
        z_t = sigma(W_z x_t + U_z h_{t-1} + b_z)                2
        z_t = sigma(W_z x_t + U_z tanh(h_{t-1}) + b_z)          3
        r_t = sigma(W_r x_t + U_r h_{t-1} + b_r)                1, 3
        r_t = sigma(P x_t + U_r h_{t-1} + b_r)                  2
        n_t = phi(U_n (r_t * h_{t-1}) + tanh(P x_t) + b_n)      1
        n_t = phi(U_n (r_t * h_{t-1}) + W_n x_t + b_n)          2, 3
        h_t = z_t * n_t + (1 - z_t) * h_{t-1},   output h_t

    Symbols:
        x_t: input of shape (B, F); h_t: state and output of shape (B, U), U = `units`.
        P: the identity, as in the paper, when F = U; otherwise a learned projection, the block of its gate in
            `kernel`, since x_t and h_t then differ in size.
        W: `kernel` (F, 3*U), blocks z, r, n, without the block of P when P is the identity; b: `bias` (3*U,).
        U_r, U_z, U_n: `recurrent_kernel`, `update_kernel` (none in variant 1), `candidate_kernel`, each (U, U).
        phi: `activation`.

    Args:
        units: U, at least 1.
        variant: 1, 2 or 3.
        activation: phi.
        dropout, recurrent_dropout, seed, name, dtype, trainable: as in `RecurrentCell`.

    Raises:
        TypeError: `units` is not a whole number.
        ValueError: another `variant`, `units` below 1, or a fraction outside [0, 1).

    References:
        Jozefowicz, R., Zaremba, W. and Sutskever, I. (2015). An empirical exploration of recurrent network
        architectures. ICML.

    Example:
        >>> import keras, numpy as np
        >>> from forecast.layers import MUTCell
        >>> keras.layers.RNN(MUTCell(8, variant=2))(np.zeros((2, 24, 3), dtype="float32")).shape == (2, 8)
        True
    """

    gates = {"z": 0.0, "r": 0.0, "n": 0.0}
    orthogonal = ("recurrent_kernel", "candidate_kernel", "update_kernel")

    def __init__(
        self,
        units: int,
        *,
        variant: Literal[1, 2, 3] = 1,
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
        self.variant = check_choice("variant", variant, (1, 2, 3))

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        features = input_shape[-1]
        bare = {1: "n", 2: "r"}.get(self.variant) if features == self.units else None
        self.learned = tuple(gate for gate in self.gates if gate != bare)
        self.kernel = self.add_kernel("kernel", features, len(self.learned))
        self.recurrent_kernel = self.add_kernel("recurrent_kernel", self.units, 1)
        self.candidate_kernel = self.add_kernel("candidate_kernel", self.units, 1)
        if self.variant > 1:
            self.update_kernel = self.add_kernel("update_kernel", self.units, 1)
        self.bias = self.add_bias("bias", self.gates.values())

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, list[Any]]:
        h = states[0]
        inputs, seen = self.drop_inputs(inputs, training), self.drop_state(h, training)
        x = dict.fromkeys(self.gates, inputs)  # the bare input, where no kernel block is learned
        x |= self.blocks(ops.matmul(inputs, self.kernel), self.learned)
        b = self.blocks(self.bias, self.gates)
        update, candidate = x["z"] + b["z"], x["n"]
        if self.variant == 1:
            candidate = ops.tanh(candidate)
        else:
            past = seen if self.variant == 2 else ops.tanh(seen)
            update = update + ops.matmul(past, self.update_kernel)
        z = ops.sigmoid(update)
        r = ops.sigmoid(x["r"] + ops.matmul(seen, self.recurrent_kernel) + b["r"])
        n = self.activation(ops.matmul(r * seen, self.candidate_kernel) + candidate + b["n"])
        h = z * n + (1 - z) * h
        return h, [h]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "variant": self.variant}
