"""A cell with an external memory: addressed by content and by location, read, erased and written."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from forecast._checks import check_choice, check_count, explain
from forecast.layers.precision import orthogonal, widened

CONTROLLERS = {"lstm": 2, "gru": 1, "dense": 0}  # states of each
BLANK = 1e-6  # every number of an empty memory
SMALL = 1e-6  # added to squared norms, so that a blank slot resembles no key
TINY = 1e-12  # added to weights before their logarithm is taken


def content_weights(memory: Any, key: Any, strength: Any) -> Any:
    """softmax_i(beta cos(k, M_i)): memory (B, N, W), key (B, H, W), strength (B, H, 1) -> (B, H, N)."""
    rows, keys = ops.expand_dims(memory, 1), ops.expand_dims(key, 2)
    likeness = ops.sum(rows * keys, axis=-1)
    squares = (ops.sum(rows * rows, axis=-1) + SMALL) * (ops.sum(keys * keys, axis=-1) + SMALL)
    return ops.softmax(strength * likeness * ops.rsqrt(squares), axis=-1)


def shifted(weights: Any, shift: Any) -> Any:
    """sum_j s_j w_{i-j}, slots on a ring: weights (B, H, N), shift (B, H, 2R+1) of j = -R, ..., R."""
    reach = shift.shape[-1] // 2
    turns = [ops.concatenate([weights[..., -j:], weights[..., :-j]], axis=-1) for j in range(-reach, 0)]
    turns += [weights]
    turns += [ops.concatenate([weights[..., -j:], weights[..., :-j]], axis=-1) for j in range(1, reach + 1)]
    return sum(shift[..., j : j + 1] * turn for j, turn in enumerate(turns))


def sharpened(weights: Any, power: Any) -> Any:
    """w_i^gamma / sum_j w_j^gamma: weights (B, H, N), power (B, H, 1)."""
    return ops.softmax(power * ops.log(weights + TINY), axis=-1)


def read(memory: Any, weights: Any) -> Any:
    """sum_i w_i M_i of every head side by side: memory (B, N, W), weights (B, R, N) -> (B, R*W)."""
    rows = ops.sum(ops.expand_dims(weights, -1) * ops.expand_dims(memory, 1), axis=2)
    return ops.reshape(rows, (-1, weights.shape[1] * memory.shape[2]))


def written(memory: Any, weights: Any, erase: Any, add: Any) -> Any:
    """M_i prod_h(1 - w_hi e_h) + sum_h w_hi a_h: weights (B, H, N), erase and add (B, H, W)."""
    parts = [ops.expand_dims(weights[:, h], -1) for h in range(weights.shape[1])]  # (B, N, 1) each
    for h, part in enumerate(parts):
        memory = memory * (1.0 - part * erase[:, h : h + 1])
    return memory + sum(part * add[:, h : h + 1] for h, part in enumerate(parts))


@keras.saving.register_keras_serializable(package="forecast")
class MemoryCell(keras.layers.Layer):
    """A neural Turing machine as a cell for `keras.layers.RNN`: a controller that reads and writes a memory.

    Equation:
        h_t = controller([x_t, r_{t-1}])
        k, beta, g, s, gamma, e, a = one linear map of h_t, for every head
        c_i = softmax_i(beta cos(k, M_i))                       addressed by content
        v_i = g c_i + (1 - g) w_{t-1,i}                         mixed with the last weights
        u_i = sum_j s_j v_{i-j}                                 shifted by j slots, on a ring
        w_i = u_i^gamma / sum_j u_j^gamma                       sharpened
        M_i <- M_i (1 - w_i e) + w_i a                          the write heads erase and add
        r = sum_i w_i M_i                                       the read heads read the new memory

    Symbols:
        x_t: input at t, (B, F); the output at t is [h_t, r_t], (B, units + read_heads*W).
        h_t: output of the `controller`, `units` numbers; "lstm", "gru" or "dense" (tanh, without a state).
        M: memory of N = `slots` rows of W = `width` numbers; blank at the start, every number 1e-6.
        w: weights of a head over the slots; at the start every head is at slot 0. r_{t-1} follows from M_{t-1}
            and w_{t-1} and is not a state of its own.
        k: key tanh(.), (B, W); beta: its strength softplus(.) > 0; g: gate sigmoid(.), at the start mostly
            closed; s: softmax over j = -`reach`, ..., `reach`; gamma = 1 + softplus(.), at the start about 4.
        e: sigmoid(.); a: tanh(.); both (B, W).
        states: M (B, N*W) and w (B, heads*N) with the read heads first, both as differences from their start,
            then those of the controller: zeros are the initial states, also after `reset_state` of a stateful
            `keras.layers.RNN`.

    Memory and addressing are computed in float32 (float64 in a float64 layer) whatever the layer's precision.

    A masked step leaves the state as it is. With a mask, give `keras.layers.RNN` also
    `zero_output_for_mask=True`: on JAX it otherwise returns the state as the output of a masked step.

    Args:
        units: units of the controller.
        slots: N, rows of the memory.
        width: W, numbers in a row.
        read_heads: heads that read, at least 1.
        write_heads: heads that write, at least 1.
        reach: slots that a head can move in one step, at least 0, with 2 * reach < slots.
        controller: "lstm", "gru" or "dense".
        name: name of the layer.
        dtype: dtype or dtype policy of the layer.
        trainable: whether training changes the weights.

    Raises:
        TypeError: a number that is not whole.
        ValueError: a number out of range, or an unknown controller.

    References:
        Graves, A., Wayne, G. and Danihelka, I. (2014). Neural Turing machines. arXiv:1410.5401.
        Collier, M. and Beel, J. (2018). Implementing neural Turing machines. ICANN (constant blank memory).

    Example:
        >>> import keras, numpy as np
        >>> from forecast.layers import MemoryCell
        >>> remember = keras.layers.RNN(MemoryCell(16, slots=10, width=4), return_sequences=True)
        >>> remember(np.zeros((3, 7, 2), dtype="float32")).shape == (3, 7, 16 + 4)
        True
    """

    def __init__(
        self,
        units: int,
        *,
        slots: int = 16,
        width: int = 8,
        read_heads: int = 1,
        write_heads: int = 1,
        reach: int = 1,
        controller: str = "lstm",
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, dtype=dtype, trainable=trainable)
        self.units = check_count("units", units)
        self.slots = check_count("slots", slots)
        self.width = check_count("width", width)
        self.read_heads = check_count("read_heads", read_heads)
        self.write_heads = check_count("write_heads", write_heads)
        self.reach = check_count("reach", reach, minimum=0)
        self.controller = check_choice("controller", controller, CONTROLLERS)
        if 2 * reach >= slots:
            remedy = "Raise slots or lower reach"
            raise ValueError(explain("reach", f"less than half of slots={slots}", reach, remedy))
        self.heads = read_heads + write_heads
        self.control = _control(controller, units, self.dtype_policy)
        self.output_size = units + read_heads * width
        self.state_size = [slots * width, self.heads * slots, *[units] * CONTROLLERS[controller]]

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        columns: Any = input_shape[-1]
        self.control.build((None, columns + self.read_heads * self.width))
        move = 2 * self.reach + 1
        self.sizes = (self.width, 1, 1, move, 1)  # k, beta, g, s, gamma of a head
        columns = self.heads * sum(self.sizes) + self.write_heads * 2 * self.width
        self.kernel = self.add_weight(
            shape=(self.units, columns), initializer="glorot_uniform", name="heads_kernel"
        )
        self.bias = self.add_weight(shape=(columns,), initializer=self._first_bias, name="heads_bias")

    def _first_bias(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        """Zero, but -2 at the gates g and 3 at gamma: a head is sharp, and addresses by location, until it learns."""
        values, each = np.zeros(shape), sum(self.sizes)
        of_heads = values[: self.heads * each].reshape(self.heads, each)
        of_heads[:, self.width + 1], of_heads[:, -1] = -2.0, 3.0
        return ops.convert_to_tensor(values, dtype=dtype)

    def call(self, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
        memory = ops.reshape(widened(states[0]), (-1, self.slots, self.width)) + BLANK
        weights = ops.reshape(widened(states[1]), (-1, self.heads, self.slots)) + self._first(memory.dtype)
        seen = ops.cast(read(memory, weights[:, : self.read_heads]), inputs.dtype)
        hidden, control = self._controlled(ops.concatenate([inputs, seen], axis=-1), states[2:])
        instructions = widened(ops.matmul(hidden, self.kernel) + self.bias)
        cut = self.heads * sum(self.sizes)
        weights = self._address(memory, weights, instructions[:, :cut])
        change = ops.reshape(instructions[:, cut:], (-1, self.write_heads, 2 * self.width))
        erase, add = ops.sigmoid(change[..., : self.width]), ops.tanh(change[..., self.width :])
        memory = written(memory, weights[:, self.read_heads :], erase, add)
        seen = ops.cast(read(memory, weights[:, : self.read_heads]), hidden.dtype)
        changes = (memory - BLANK, weights - self._first(memory.dtype))
        after = [
            ops.cast(ops.reshape(part, (-1, size)), hidden.dtype)
            for part, size in zip(changes, self.state_size, strict=False)
        ]
        return ops.concatenate([hidden, seen], axis=-1), [*after, *control]

    def _first(self, dtype: str) -> Any:
        """Weights (1, N) of a head at the start, all on slot 0."""
        return ops.convert_to_tensor(np.eye(1, self.slots), dtype=dtype)

    def _controlled(self, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
        if self.controller == "dense":
            return self.control(inputs), []
        hidden, states = self.control(inputs, list(states))
        return hidden, list(states)

    def _address(self, memory: Any, weights: Any, instructions: Any) -> Any:
        """The new positions of the heads: weights (B, heads, N)."""
        parts = ops.reshape(instructions, (-1, self.heads, sum(self.sizes)))
        key, strength, gate, shift, power = ops.split(parts, np.cumsum(self.sizes)[:-1].tolist(), axis=-1)
        found = content_weights(memory, ops.tanh(key), ops.softplus(strength))
        gate = ops.sigmoid(gate)
        mixed = gate * found + (1.0 - gate) * weights
        return sharpened(shifted(mixed, ops.softmax(shift, axis=-1)), 1.0 + ops.softplus(power))

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """Zeros: a blank memory, every head at slot 0, a controller with zero states."""
        return [ops.zeros((batch_size, size), dtype=self.compute_dtype) for size in self.state_size]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "slots": self.slots,
            "width": self.width,
            "read_heads": self.read_heads,
            "write_heads": self.write_heads,
            "reach": self.reach,
            "controller": self.controller,
        }


def _control(controller: str, units: int, dtype: Any) -> keras.layers.Layer:
    if controller == "lstm":
        return keras.layers.LSTMCell(units, recurrent_initializer=orthogonal, name="control", dtype=dtype)
    if controller == "gru":
        return keras.layers.GRUCell(units, recurrent_initializer=orthogonal, name="control", dtype=dtype)
    return keras.layers.Dense(units, "tanh", name="control", dtype=dtype)
