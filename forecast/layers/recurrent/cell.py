"""What recurrent cells share: packed kernels and how they start, dropout masks, states, configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from forecast._checks import check_count, check_share, explain
from forecast.layers.precision import orthogonal

# Keras holds the dropout masks of its cells in a base class without a public name. `keras.layers.RNN` draws
# the masks of its subclasses, and of no other cell, once per sequence and before its loop.
DropoutMasks: Any = next(base for base in keras.layers.LSTMCell.__mro__ if base.__name__ == "DropoutRNNCell")


class RecurrentCell(keras.layers.Layer, DropoutMasks):
    """Base of the recurrent cells: all gates in one product with x_t and one with h_{t-1}.

    Equation:
        z = W x_t + U h_{t-1} + b,   z = [z_1, ..., z_G], one block of units per gate

    Symbols:
        x_t: input of shape (B, F); W: `kernel` of shape (F, G*U), Glorot uniform at the start.
        h_{t-1}: first state, of shape (B, U), U = `units`; U: `recurrent_kernel` of shape (U, R*U), orthogonal
            at the start; R = G unless the cell names fewer gates in `recurrent`.
        b: `bias` of shape (G*U,), initialised gate by gate to the values in `gates`.
        G: the number of gates in the mapping `gates`, whose order is that of the blocks.

    A cell is a subclass with its equation in `call`; its output is its first state. Class attributes describe it:
        gates: the starting bias of each gate, by name.
        recurrent: the gates that see h_{t-1} through `recurrent_kernel`; () means all.
        orthogonal: names of the matrices that multiply the state and start orthogonal; the names also apply to
            the cells inside it.
        elementwise: whether each unit sees only its own past: dh_t / dh_{t-1} is diagonal.

    Args:
        units: U, at least 1.
        activation: activation of what enters the state.
        dropout: fraction of the columns of x_t set to zero in training, the same columns at every step.
        recurrent_dropout: the same for h_{t-1}, where it enters the gates.
        seed: seed of the dropout masks.
        name: name of the layer.
        dtype: dtype or dtype policy of the layer.
        trainable: whether training changes the weights.

    Raises:
        TypeError: `units` is not a whole number, or a fraction not a number.
        ValueError: `units` below 1, or a fraction outside [0, 1).

    References:
        Gal, Y. and Ghahramani, Z. (2016). A theoretically grounded application of dropout in recurrent neural
        networks. Advances in Neural Information Processing Systems 29.

    Example:
        >>> import keras, numpy as np
        >>> from forecast.layers import RecurrentCell
        >>> class Leaky(RecurrentCell):
        ...     def call(self, inputs, states, training=False):
        ...         new = self.activation(self.project(inputs, states[0], training)["h"])
        ...         h = 0.9 * states[0] + 0.1 * new
        ...         return h, [h]
        >>> keras.layers.RNN(Leaky(4))(np.zeros((2, 7, 3), dtype="float32")).shape == (2, 4)
        True
    """

    gates: Mapping[str, float] = {"h": 0.0}
    recurrent: tuple[str, ...] = ()
    recurrent_initializer: str | None = None
    orthogonal: tuple[str, ...] = ("recurrent_kernel",)
    elementwise: bool = False

    def __init__(
        self,
        units: int,
        *,
        activation: Any = "tanh",
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, dtype=dtype, trainable=trainable)
        self.units = check_count("units", units)
        self.activation = keras.activations.get(activation)
        self.dropout = check_share("dropout", dropout)
        self.recurrent_dropout = check_share("recurrent_dropout", recurrent_dropout)
        self.seed = seed
        if dropout or recurrent_dropout:
            self.seed_generator = keras.random.SeedGenerator(seed)
        self.state_size = [self.units]
        self.output_size = self.units

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.kernel = self.add_kernel("kernel", input_shape[-1], len(self.gates))
        seen = len(self.recurrent or self.gates)
        self.recurrent_kernel = self.add_kernel(
            "recurrent_kernel", self.state_size[0], seen, self.recurrent_initializer
        )
        self.bias = self.add_bias("bias", self.gates.values())

    def add_kernel(self, name: str, rows: int | None, blocks: int, initializer: Any = None) -> keras.Variable:
        """A weight (rows, blocks*U), by default orthogonal if `orthogonal` lists it, else Glorot uniform."""
        if initializer is None:
            initializer = orthogonal if name in self.orthogonal else "glorot_uniform"
        return self.add_weight(name=name, shape=(rows, blocks * self.units), initializer=initializer)

    def add_bias(self, name: str, starts: Iterable[float]) -> keras.Variable:
        """A weight with one block of U units per starting value."""
        values = np.repeat(np.array(list(starts)), self.units)

        def start(shape: Any, dtype: Any = None) -> Any:
            return ops.convert_to_tensor(values, dtype=dtype)

        return self.add_weight(name=name, shape=values.shape, initializer=start)

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, list[Any]]:
        """One time step: x_t (B, F) and the states -> the output and the new states."""
        received, remedy = (
            type(self).__name__,
            "Use a cell of forecast.layers.CELLS, or write call(inputs, states)",
        )
        raise NotImplementedError(
            explain("cell", "a subclass of RecurrentCell with a call", received, remedy)
        )

    def drop_inputs(self, inputs: Any, training: bool) -> Any:
        """x_t, in training times the dropout mask of this sequence."""
        if training and self.dropout:
            return ops.multiply(inputs, self.get_dropout_mask(inputs))
        return inputs

    def drop_state(self, h: Any, training: bool) -> Any:
        """h_{t-1}, in training times the dropout mask of this sequence."""
        if training and self.recurrent_dropout:
            return ops.multiply(h, self.get_recurrent_dropout_mask(h))
        return h

    def project(self, inputs: Any, h: Any, training: bool) -> dict[str, Any]:
        """W x_t + U h_{t-1} + b of each gate, (B, U), for a cell whose gates all see h_{t-1}."""
        inputs, h = self.drop_inputs(inputs, training), self.drop_state(h, training)
        both = ops.add(ops.matmul(inputs, self.kernel), ops.matmul(h, self.recurrent_kernel))
        return self.blocks(ops.add(both, self.bias), self.gates)

    def blocks(self, packed: Any, names: Iterable[str]) -> dict[str, Any]:
        """The blocks of the last axis by the names of their gates."""
        names = tuple(names)
        parts = ops.split(packed, len(names), axis=-1) if len(names) > 1 else [packed]
        return dict(zip(names, parts, strict=True))

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """Zeros, one tensor (B, size) per state."""
        return [ops.zeros((batch_size, size), dtype=self.compute_dtype) for size in self.state_size]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "seed": self.seed,
        }


def state_matrices(layer: keras.layers.Layer) -> tuple[str, ...]:
    """Names of the matrices of a cell, of this package or of Keras, that multiply its state."""
    theirs = (keras.layers.SimpleRNNCell, keras.layers.LSTMCell, keras.layers.GRUCell)
    return ("recurrent_kernel",) if isinstance(layer, theirs) else getattr(layer, "orthogonal", ())
