"""Long short-term memory, with the gates and activations of the literature as named options."""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import ops

from forecast._checks import check_choice, explain
from forecast.layers.recurrent.cell import RecurrentCell


@keras.saving.register_keras_serializable(package="forecast")
class LSTMCell(RecurrentCell):
    """Long short-term memory: gates decide what enters, stays in and leaves an additive memory.

    Equation:
        i_t = sigma(W_i x_t + U_i h_{t-1} + b_i)          what enters       1 if not `input_gate`
        f_t = sigma(W_f x_t + U_f h_{t-1} + b_f)          what stays        1 if not `forget_gate`
        g_t = phi(W_g x_t + U_g h_{t-1} + b_g)
        c_t = f_t * c_{t-1} + i_t * g_t
        o_t = sigma(W_o x_t + U_o h_{t-1} + b_o)          what leaves       1 if not `output_gate`
        h_t = o_t * psi(c_t),   output h_t

    Options:
        coupled: "input" means f_t = 1 - i_t, "forget" means i_t = 1 - f_t; one gate fewer to learn.
        peepholes: inside sigma, i_t and f_t get p_i * c_{t-1} and p_f * c_{t-1}; o_t gets p_o * c_{t-1} when
            "previous", p_o * c_t when "current".
        full_gate_recurrence: inside sigma, every gate gets R [i_{t-1}, f_{t-1}, o_{t-1}].

    Symbols:
        x_t: input of shape (B, F); h_t, c_t: states of shape (B, U), U = `units`.
        W, U, b: `kernel` (F, G*U), `recurrent_kernel` (U, G*U), `bias` (G*U,); blocks i, f, g, o without those of
            missing gates. b_f starts at 1, and b_i at -1 if `coupled` is "input", which gives the same f_t.
        phi, psi: `activation`, `output_activation`; "linear" leaves one out.
        p: `peephole`, by gate a weight (U,); R: `gate_kernel` (K*U, K*U), K gates. Both start at zero.
        Third state with `full_gate_recurrence`: the gates i_t, f_t, o_t side by side, (B, K*U).

    The other arguments are those of `RecurrentCell`.

    Raises:
        ValueError: an unknown option, a missing gate among the coupled ones, or no gate at all.

    References:
        Hochreiter, S. and Schmidhuber, J. (1997). Long short-term memory. Neural Computation 9(8), 1735-1780:
        no forget gate.
        Gers, F. A., Schmidhuber, J. and Cummins, F. (2000). Learning to forget: continual prediction with LSTM.
        Neural Computation 12(10), 2451-2471.
        Gers, F. A., Schraudolph, N. N. and Schmidhuber, J. (2002). Learning precise timing with LSTM recurrent
        networks. Journal of Machine Learning Research 3, 115-143: peepholes.
        Greff, K., Srivastava, R. K., Koutnik, J., Steunebrink, B. R. and Schmidhuber, J. (2015). LSTM: a search
        space odyssey. arXiv 1503.04069: the other options.

    Example:
        >>> import keras, numpy as np
        >>> from forecast.layers import LSTMCell
        >>> cell = LSTMCell(8, coupled="input", peepholes="current")
        >>> keras.layers.RNN(cell)(np.zeros((2, 24, 3), dtype="float32")).shape == (2, 8)
        True
    """

    def __init__(
        self,
        units: int,
        *,
        activation: Any = "tanh",
        output_activation: Any = "tanh",
        input_gate: bool = True,
        forget_gate: bool = True,
        output_gate: bool = True,
        coupled: Literal["input", "forget"] | None = None,
        peepholes: Literal["previous", "current"] | None = None,
        full_gate_recurrence: bool = False,
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
        _check_gates(input_gate, forget_gate, output_gate, coupled)
        self.output_activation = keras.activations.get(output_activation)
        self.input_gate = input_gate
        self.forget_gate = forget_gate
        self.output_gate = output_gate
        self.coupled = check_choice("coupled", coupled, (None, "input", "forget"))
        self.peepholes = check_choice("peepholes", peepholes, (None, "previous", "current"))
        self.full_gate_recurrence = full_gate_recurrence
        learned = {
            "i": input_gate and coupled != "forget",
            "f": forget_gate and coupled != "input",
            "g": True,
            "o": output_gate,
        }
        starts = {"f": 1.0, "i": -1.0 if coupled == "input" else 0.0}
        self.gates = {gate: starts.get(gate, 0.0) for gate, is_learned in learned.items() if is_learned}
        self.sigmoids = tuple(gate for gate in self.gates if gate != "g")
        self.state_size = [self.units, self.units]
        if full_gate_recurrence:
            self.state_size = [self.units, self.units, len(self.sigmoids) * self.units]

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        if self.peepholes:
            self.peephole = {gate: self.add_bias(f"peephole_{gate}", [0.0]) for gate in self.sigmoids}
        if self.full_gate_recurrence:
            count = len(self.sigmoids)
            self.gate_kernel = self.add_kernel("gate_kernel", count * self.units, count, "zeros")

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, list[Any]]:
        return self.step(inputs, states, training=training)

    def step(
        self, inputs: Any, states: Any, *, training: bool = False, added: Any = None
    ) -> tuple[Any, list[Any]]:
        """One time step; `added` (B, U) is added to the memory c_t."""
        h, c, *before = states
        z = self.project(inputs, h, training)
        if self.full_gate_recurrence:
            seen = self.blocks(ops.matmul(before[0], self.gate_kernel), self.sigmoids)
            z = {gate: part + seen[gate] if gate in seen else part for gate, part in z.items()}
        i, f = self._gate("i", z, c), self._gate("f", z, c)
        if self.coupled:
            i, f = (i, 1 - i) if self.coupled == "input" else (1 - f, f)
        new = _through(f, c) + _through(i, self.activation(z["g"]))
        if added is not None:
            new = new + added
        o = self._gate("o", z, new if self.peepholes == "current" else c)
        h = _through(o, self.output_activation(new))
        if not self.full_gate_recurrence:
            return h, [h, new]
        values = {"i": i, "f": f, "o": o}
        return h, [h, new, ops.concatenate([values[gate] for gate in self.sigmoids], axis=-1)]

    def _gate(self, gate: str, z: dict[str, Any], memory: Any) -> Any:
        """sigma(z + p * memory), or None for a gate that is not learned."""
        if gate not in z:
            return None
        if not self.peepholes:
            return ops.sigmoid(z[gate])
        return ops.sigmoid(ops.add(z[gate], ops.multiply(self.peephole[gate], memory)))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "output_activation": keras.activations.serialize(self.output_activation),
            "input_gate": self.input_gate,
            "forget_gate": self.forget_gate,
            "output_gate": self.output_gate,
            "coupled": self.coupled,
            "peepholes": self.peepholes,
            "full_gate_recurrence": self.full_gate_recurrence,
        }


def _through(gate: Any, value: Any) -> Any:
    """gate * value; no gate lets everything through."""
    return value if gate is None else gate * value


def _check_gates(input_gate: bool, forget_gate: bool, output_gate: bool, coupled: str | None) -> None:
    if coupled and not (input_gate and forget_gate):
        received = f"{coupled!r} with input_gate={input_gate}, forget_gate={forget_gate}"
        allowed, remedy = "None when one of its two gates is missing", "Leave both gates True"
        raise ValueError(explain("coupled", allowed, received, remedy))
    if not (input_gate or forget_gate or output_gate):
        received, remedy = "no gate", "Leave one of them True, or take ResidualCell"
        raise ValueError(explain("input_gate, forget_gate, output_gate", "not all False", received, remedy))
