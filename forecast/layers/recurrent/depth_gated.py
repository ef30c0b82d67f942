"""A stack of LSTM layers whose memories are linked by a gate."""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import ops

from forecast._checks import check_choice, check_count
from forecast.layers.recurrent.cell import RecurrentCell
from forecast.layers.recurrent.lstm import LSTMCell


@keras.saving.register_keras_serializable(package="forecast")
class DepthGatedLSTMCell(RecurrentCell):
    """Depth-gated LSTM: in a stack, a gate lets the memory of one layer into that of the next.

    Equation:
        d_t = sigma(W_d h'_t + p_d * c_{t-1} + q_d * c'_t + b_d)     c'_t, h'_t of the layer below
        c_t = f_t * c_{t-1} + i_t * g_t + d_t * c'_t
        i_t, f_t, o_t, g_t and h_t as in `LSTMCell`, with h'_t (x_t in the first layer) as input
        output h_t of the last layer

    Symbols:
        x_t: input of shape (B, F); h_t, c_t: states of shape (B, U), U = `units`, two per layer, those of the last
            layer first.
        W_d, p_d, q_d, b_d: `kernel` (U, U), `memory`, `below` and `bias` (U,) of each gate in `links`; with d_t = 0
            this is a stack of LSTM layers. b_d starts at 0.
        `cells`: the LSTM cells from the first layer on.

    Args:
        units: U, at least 1.
        layers: number of layers, at least 1; the first has no such gate.
        peepholes: None, "previous" or "current" as in `LSTMCell`; the paper uses "current".
        activation: activation of the memory's input and output.
        dropout: fraction of x_t dropped; nothing is dropped between layers.
        recurrent_dropout: fraction of h_{t-1} dropped, with one mask for all layers.
        seed, name, dtype, trainable: as in `RecurrentCell`.

    Raises:
        TypeError: `units` or `layers` is not a whole number.
        ValueError: `units` or `layers` below 1, unknown `peepholes`, or a fraction outside [0, 1).

    References:
        Yao, K., Cohn, T., Vylomova, K., Duh, K. and Dyer, C. (2015). Depth-gated recurrent neural networks.
        arXiv 1508.03790.

    Example:
        >>> import keras, numpy as np
        >>> from forecast.layers import DepthGatedLSTMCell
        >>> cell = DepthGatedLSTMCell(8, layers=3)
        >>> keras.layers.RNN(cell)(np.zeros((2, 24, 3), dtype="float32")).shape == (2, 8)
        True
    """

    def __init__(
        self,
        units: int,
        *,
        layers: int = 2,
        peepholes: Literal["previous", "current"] | None = None,
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
        self.layers = check_count("layers", layers)
        self.peepholes = check_choice("peepholes", peepholes, (None, "previous", "current"))
        self.state_size = [self.units] * (2 * self.layers)
        self.cells = [
            LSTMCell(
                self.units,
                activation=self.activation,
                output_activation=self.activation,
                peepholes=self.peepholes,
                name=f"layer_{number}",
                dtype=self.dtype_policy,
            )
            for number in range(1, self.layers + 1)
        ]
        self.links = [
            _DepthGate(self.units, name=f"link_{number}", dtype=self.dtype_policy)
            for number in range(2, self.layers + 1)
        ]

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        for number, cell in enumerate(self.cells):
            cell.build((input_shape[0], self.units if number else input_shape[-1]))
        for link in self.links:
            link.build((input_shape[0], self.units))

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, list[Any]]:
        inputs, memory = self.drop_inputs(inputs, training), None
        after: list[Any] = []
        for number, cell in enumerate(self.cells):
            h, c = states[-2 * number - 2], states[-2 * number - 1]
            added = self.links[number - 1](inputs, c, memory) if number else None
            inputs, (_, memory) = cell.step(inputs, [self.drop_state(h, training), c], added=added)
            after = [inputs, memory, *after]
        return inputs, after

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layers": self.layers, "peepholes": self.peepholes}


class _DepthGate(keras.layers.Layer):
    """d_t * c'_t, what passes from the memory below."""

    def __init__(self, units: int, *, name: str, dtype: Any) -> None:
        super().__init__(name=name, dtype=dtype)
        self.units = units

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], self.units))
        self.memory, self.below, self.bias = (
            self.add_weight(name=name, shape=(self.units,), initializer="zeros")
            for name in ("memory", "below", "bias")
        )

    def call(self, inputs: Any, memory: Any, below: Any) -> Any:
        peeped = ops.add(ops.multiply(self.memory, memory), ops.multiply(self.below, below))
        gate = ops.sigmoid(ops.add(ops.add(ops.matmul(inputs, self.kernel), peeped), self.bias))
        return gate * below
