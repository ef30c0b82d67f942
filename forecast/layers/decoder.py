"""The decoder of a sequence-to-sequence network: one step as a cell, its run over H steps, its linear path."""

from __future__ import annotations

import copy
from typing import Any

import keras
import numpy as np
from keras import ops

from forecast._checks import check_count, explain
from forecast.layers.attention import Attention
from forecast.layers.delay import known_size
from forecast.layers.recurrent.around import AroundCell
from forecast.layers.recurrent.states import initial_states, state_sizes


@keras.saving.register_keras_serializable(package="forecast")
class DecoderCell(keras.layers.Layer, AroundCell):
    """One step of a decoder, as a cell for `keras.layers.RNN`; unknown targets are replaced by its own forecasts.

    Equation:
        y_{t-1} = the input where it is not NaN, else the output of the previous step
        c_t = [m_K]                       `every`: the summary of the encoder at every step
        c_t = [sum_j a_tj m_j]            `attention`: a_tj from the score of h_{t-1} and m_j
        h_t, s_t = cell([y_{t-1}, x_t, c_t], s_{t-1})
        yhat_t = u_t + C [h_t, c_t] + c

    Symbols:
        y: O = `targets` columns; NaN where unknown. All known: teacher forcing; none known: a free run.
        x: the covariates, E columns, possibly 0.
        u: an added offset of O columns, the linear path.
        input at t: [y_{t-1}, u_t, x_t], shape (B, 2*O + E).
        cell: the recurrent `cell`; s: its states, h = s[0] of U columns.
        m_1, ..., m_K: the rows of the encoder, `memory` = (K, M); c_t is empty with neither option and holds both
            parts with both.
        C, c: the layer "output", C zero at the start; c is left out when `use_bias` is False.
        output at t: [yhat_t, a_t], shape (B, O) without attention and (B, O + K) with it.
        state: yhat_{t-1}, the states of the cell, m_K with `every`, the rows and their keys with attention;
            `start` makes the first one.

    Args:
        cell: a recurrent cell; its first state is its output.
        targets: O, at least 1.
        memory: (K, M).
        every: whether m_K is an input at every step.
        attention: an `AdditiveAttention` or `MultiplicativeAttention`, or None.
        use_bias: whether there is a bias c.
        name: name of the layer.
        dtype: dtype or dtype policy of the layer.
        trainable: whether training changes the layer.

    Raises:
        TypeError: `attention` is no attention layer.
        ValueError: a number below 1, or no initial state when the cell reads the rows of an encoder (use `Decoder`).

    References:
        Sutskever, I., Vinyals, O. and Le, Q. V. (2014). Sequence to sequence learning with neural networks.
        NeurIPS. (The memory as initial state only.)
        Cho, K., van Merrienboer, B., Gulcehre, C., Bahdanau, D., Bougares, F., Schwenk, H. and Bengio, Y.
        (2014). Learning phrase representations using RNN encoder-decoder for statistical machine translation.
        EMNLP. (`every`.)
        Bahdanau, D., Cho, K. and Bengio, Y. (2015). Neural machine translation by jointly learning to align
        and translate. ICLR. (`attention`.)

    Example:
        >>> import keras, numpy as np
        >>> from forecast.layers import DecoderCell, GRUCell
        >>> decode = keras.layers.RNN(DecoderCell(GRUCell(4)), return_sequences=True)
        >>> inputs = np.array([[[1.0, 0.5], [np.nan, 0.7]]], "float32")        # y known once; offsets
        >>> keras.ops.convert_to_numpy(decode(inputs)).ravel().tolist()         # C = 0: the offsets alone
        [0.5, 0.699999988079071]
    """

    def __init__(
        self,
        cell: keras.layers.Layer,
        *,
        targets: int = 1,
        memory: tuple[int, int] = (1, 1),
        every: bool = False,
        attention: Attention | None = None,
        use_bias: bool = True,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, dtype=dtype, trainable=trainable)
        self.cell = cell
        self.targets = check_count("targets", targets)
        self.memory = (check_count("memory", memory[0]), check_count("memory", memory[1]))
        self.every = every
        self.attention = _checked(attention)
        self.use_bias = use_bias
        self.cell_sizes = state_sizes(cell)
        rows, width = self.memory
        kept = [width] * every
        if attention is not None:
            kept.append(rows * (attention.key_units(width, self.cell_sizes[0]) + width))
        self.state_size = [self.targets, *self.cell_sizes, *kept]
        self.output_size = self.targets + rows * (attention is not None)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        columns = known_size("features", input_shape[-1])
        context = self._context()
        if columns < 2 * self.targets:
            allowed = (
                f"of at least {2 * self.targets} columns, [y_(t-1), u_t, x_t] with targets={self.targets}"
            )
            remedy = "Put the last values and the offsets before the covariates"
            raise ValueError(explain("inputs", allowed, f"{columns} columns", remedy))
        if not self.cell.built:  # it is when loaded from a file
            self.cell.build((None, columns - self.targets + context))
        if self.attention is not None and not self.attention.built:
            self.attention.build((None, 1, self.cell_sizes[0]), (None, *self.memory))
        self.readout = keras.layers.Dense(
            self.targets,
            kernel_initializer="zeros",
            use_bias=self.use_bias,
            name="output",
            dtype=self.dtype_policy,
        )
        self.readout.build((None, self.cell_sizes[0] + context))

    def _context(self) -> int:
        """Columns of c_t."""
        return self.memory[1] * (self.every + (self.attention is not None))

    def start(self, last: Any, memory: Any, states: list[Any]) -> list[Any]:
        """The initial state, from the last known y (B, O), the memory (B, K, M) and the encoder's states."""
        kept = [memory[:, -1]] if self.every else []
        if self.attention is not None:
            record = ops.concatenate([self.attention.keys(memory), memory], axis=-1)
            kept.append(ops.reshape(record, (-1, self.state_size[-1])))
        return [last, *states, *kept]

    def call(self, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
        own, kept = states[1 : 1 + len(self.cell_sizes)], states[1 + len(self.cell_sizes) :]
        last, offset, x = ops.split(inputs, [self.targets, 2 * self.targets], axis=-1)
        last = ops.where(ops.isnan(last), states[0], last)
        context, weights = list(kept[: int(self.every)]), []
        if self.attention is not None:
            read, weight = self._read(self.attention, own[0], kept[-1])
            context, weights = [*context, read], [weight]
        hidden, own = self.cell(ops.concatenate([last, x, *context], axis=-1), own)
        output = offset + self.readout(ops.concatenate([hidden, *context], axis=-1))
        return ops.concatenate([output, *weights], axis=-1), [output, *own, *kept]

    def inner_inputs(self, inputs: Any) -> Any:
        return ops.repeat(inputs[:, :1], inputs.shape[-1] - self.targets + self._context(), axis=1)

    def inner_state(self, state: Any) -> Any:
        return ops.repeat(state[:, :1], self.cell_sizes[0], axis=1)

    def _read(self, attention: Attention, query: Any, record: Any) -> tuple[Any, Any]:
        """(sum_j a_j m_j (B, M), a (B, K)) for the query h (B, U)."""
        rows, width = self.memory
        record = ops.reshape(record, (-1, rows, self.state_size[-1] // rows))
        keys, memory = record[:, :, :-width], record[:, :, -width:]
        context, weights = attention.read(ops.expand_dims(query, 1), keys, memory)
        return context[:, 0], weights[:, 0]

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """A last value of zero and the initial state of `cell`, where no rows of an encoder are read."""
        if self.every or self.attention is not None:
            remedy = "Use the layer Decoder(cell), or pass initial_state=cell.start(last, memory, states)"
            allowed = "given when the cell reads the rows of an encoder (every or attention)"
            raise ValueError(explain("initial_state", allowed, "no initial_state", remedy))
        last = ops.zeros((batch_size, self.targets), dtype=self.compute_dtype)
        return [last, *initial_states(self.cell, batch_size)]

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "cell": serialize(self.cell),
            "targets": self.targets,
            "memory": self.memory,
            "every": self.every,
            "attention": None if self.attention is None else serialize(self.attention),
            "use_bias": self.use_bias,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DecoderCell:
        config = copy.deepcopy(config)  # Keras empties the dictionaries it reads
        for name in ("cell", "attention"):
            if config[name] is not None:
                config[name] = keras.saving.deserialize_keras_object(config[name])
        return cls(**config)


@keras.saving.register_keras_serializable(package="forecast")
class Decoder(keras.layers.Layer):
    """A `DecoderCell` run over H steps from the states of an encoder.

    Equation:
        (yhat_t, ..., yhat_{t+H-1}) = the outputs of `cell`, started at the states of the encoder

    Symbols:
        inputs: [y_{t-1}, u_t, x_t], ..., [y_{t+H-2}, u_{t+H-1}, x_{t+H-1}], shape (B, H, 2*O + E).
        memory: the rows of the encoder, shape (B, K, M).
        states: the last states of the encoder, a list with those of the recurrent cell in `cell`.
        output: shape (B, H, O), or with attention (B, H, O + K), the weights beside the forecast.

    Args:
        cell: the `DecoderCell`.
        name: name of the layer.
        dtype: dtype or dtype policy of the layer.
        trainable: whether training changes the layer.

    Example:
        >>> import numpy as np
        >>> from forecast.layers import Decoder, DecoderCell, GRUCell
        >>> decoder = Decoder(DecoderCell(GRUCell(4), memory=(6, 4), every=True))
        >>> inputs, memory = np.zeros((2, 3, 2), "float32"), np.ones((2, 6, 4), "float32")
        >>> tuple(decoder(inputs, memory, [memory[:, -1]]).shape)
        (2, 3, 1)
    """

    def __init__(
        self, cell: DecoderCell, *, name: str | None = None, dtype: Any = None, trainable: bool = True
    ) -> None:
        super().__init__(name=name, dtype=dtype, trainable=trainable)
        self.cell = cell
        self.run = keras.layers.RNN(cell, return_sequences=True, name="run", dtype=self.dtype_policy)

    def build(self, inputs_shape: Any, memory_shape: Any = None, states_shape: Any = None) -> None:
        if not self.run.built:
            self.run.build(inputs_shape)

    def call(self, inputs: Any, memory: Any, states: Any) -> Any:
        states = keras.tree.flatten(states)  # a single state may come as a bare tensor
        start = self.cell.start(inputs[:, 0, : self.cell.targets], memory, states)
        return self.run(inputs, initial_state=start)

    def compute_output_shape(
        self, inputs_shape: Any, memory_shape: Any = None, states_shape: Any = None
    ) -> tuple[int | None, ...]:
        return (*inputs_shape[:2], self.cell.output_size)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cell": keras.saving.serialize_keras_object(self.cell)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Decoder:
        described = copy.deepcopy(config["cell"])
        return cls(**{**config, "cell": keras.saving.deserialize_keras_object(described)})


@keras.saving.register_keras_serializable(package="forecast")
class DirectLinear(keras.layers.Layer):
    """A linear forecast of every step of a horizon from the window and the covariates known by then.

    Equation:
        y_{t+h} = c_h + sum_{j=0}^{L-1} r_j A_{h,j} + sum_{k=1}^{h} x_{t+k} B_{h,k},   h = 0, ..., H-1

    Symbols:
        r_j: row j of the window, (y_{t-L+j}, x_{t-L+j+1}); the input has H-1 more rows, whose covariates are
            x_{t+1}, ..., x_{t+H-1} and whose targets are not used: shape (B, L+H-1, O+E).
        A, B: `kernel`, shape (L*(O+E) + (H-1)*E, H*O); the weights of covariates after t+h have no effect.
        c: `bias`, shape (H*O,).
        y: the output, shape (B, H, O).

    Args:
        steps: H, at least 1.
        targets: O, at least 1.
        name: name of the layer.
        dtype: dtype or dtype policy of the layer.
        trainable: whether training changes the layer.

    Raises:
        TypeError: a number that is not whole.
        ValueError: a number below 1, or the input has too few rows.

    Example:
        >>> import numpy as np
        >>> from forecast.layers import DirectLinear
        >>> tuple(DirectLinear(3)(np.ones((2, 6, 1), "float32")).shape)      # L = 4, H = 3
        (2, 3, 1)
    """

    def __init__(
        self,
        steps: int,
        *,
        targets: int = 1,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, dtype=dtype, trainable=trainable)
        self.steps = check_count("steps", steps)
        self.targets = check_count("targets", targets)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        rows, columns = known_size("time", input_shape[1]), known_size("features", input_shape[2])
        self.length, exog = rows - self.steps + 1, columns - self.targets
        if self.length < 1:
            raise ValueError(explain("inputs", f"at least {self.steps} rows", rows, "Give a longer window"))
        ahead = np.repeat(np.arange(self.steps), exog)[exog:]  # k of each column of the rows ahead
        seen = np.concatenate([np.zeros(self.length * columns), ahead])[:, None] <= np.arange(self.steps)
        self.seen = np.repeat(seen, self.targets, axis=1)
        self.kernel = self.add_weight(name="kernel", shape=self.seen.shape)
        self.bias = self.add_weight(name="bias", shape=self.seen.shape[1:], initializer="zeros")

    def call(self, inputs: Any) -> Any:
        history, ahead = inputs[:, : self.length], inputs[:, self.length :, self.targets :]
        parts = [
            ops.reshape(part, (-1, part.shape[1] * part.shape[2]))
            for part in (history, ahead)
            if part.shape[1] * part.shape[2]
        ]
        kernel = self.kernel * ops.convert_to_tensor(self.seen, dtype=self.kernel.dtype)
        outputs = ops.matmul(ops.concatenate(parts, axis=1), kernel) + self.bias
        return ops.reshape(outputs, (-1, self.steps, self.targets))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "steps": self.steps, "targets": self.targets}


def _checked(attention: Any) -> Attention | None:
    if attention is not None and not isinstance(attention, Attention):
        allowed = "AdditiveAttention, MultiplicativeAttention or None"
        raise TypeError(explain("attention", allowed, repr(attention), "Pass attention=AdditiveAttention(8)"))
    return attention
