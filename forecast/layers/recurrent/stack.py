"""A stack of recurrent layers (recurrent MLP) around any cell."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from forecast._checks import check_choice, check_count, check_share, explain
from forecast.layers.precision import wide_dtype, widened
from forecast.layers.recurrent.catalogue import make_cell
from forecast.layers.recurrent.depth_gated import DepthGatedLSTMCell
from forecast.layers.recurrent.states import initial_states, output_size, state_sizes
from forecast.layers.recurrent.truncation import Blocks, check_truncate
from forecast.layers.recurrent.zoneout import ZoneoutCell, check_rate

Noise = list[list[Any]]  # of one layer: [zoneout columns of each loop], [dropout mask of the output]
LINKED = "lstm-depth-gated"  # one cell for all its layers
Run = tuple[list[Any], list[Any], list[Any]]


@keras.saving.register_keras_serializable(package="forecast")
class RecurrentStack(keras.layers.Layer):
    """Recurrent layers stacked on each other, each running a cell over time, forwards or both ways.

    Equation:
        h^0_t = x_t
        a^k_t = cell_k(h^{k-1}_t, a^k_{t-1}),      b^k_t = cell'_k(h^{k-1}_t, b^k_{t+1})   if `bidirectional`
        h^k_t = drop(norm(a^k_t + b^k_t or [a^k_t, b^k_t])),   k = 1, ..., K
        output h^K_t, t = 1, ..., T; or of the last steps a^K_T, b^K_1; or of the means over time of a^K and b^K

    Symbols:
        x: input of shape (B, T, F); h^k: shape (B, T, U_k), or (B, T, 2 U_k) for "concat"; U: `units`.
        cell_k: the cell `cell` of U_k units, or a cell of the list `cell`; cell'_k: another of its kind. Several
            `units` of "lstm-depth-gated" make one `DepthGatedLSTMCell` with one layer each.
        norm: layer normalisation over the units, when `layer_norm`.
        drop: in training, sets the fraction `dropout` of its input to zero and scales the rest.
        A masked step leaves every state as it is; its output is zero and is left out of means.

    Options:
        zoneout: in training, each unit of each state keeps its value for a step with this probability;
            otherwise s_t = zoneout * s_{t-1} + (1 - zoneout) * cell (see `ZoneoutCell`).
        truncate: (k1, k2) gives the same output and the gradient of truncated backpropagation through time:
            steps form blocks of k1 that end at T, and a block sends its gradient back to k2 steps before its
            end, through all layers; k2 >= T is full backpropagation. The states before are computed without
            gradient, all blocks at once; cost and memory are those of T (1 + k2 / k1) steps.

    Args:
        units: U_1, ..., U_K, or an int for one layer; left out when `cell` is a list.
        cell: a name of `CELLS`, or a list of cells for `keras.layers.RNN`, one per layer.
        bidirectional: None, "sum" or "concat".
        layer_norm: whether each layer's output is normalised.
        zoneout: rate, from 0 to 1.
        dropout: fraction of each layer's output dropped in training, at least 0 and below 1.
        recurrent_dropout: fraction of the state dropped where it enters the gates, one mask per sequence; cells
            of a list have their own.
        truncate: (k1, k2) with 1 <= k1 <= k2, or None; T must then be known.
        return_sequences: whether all steps are returned, (B, T, U), or one vector, (B, U).
        return_state: whether the final states follow the output, layer by layer, forward ones first; passed as
            `initial_state` they continue where the sequence ended.
        pooling: "last" or "mean" over time: the vector returned without `return_sequences`.
        seed: seed of zoneout and dropout.
        name: name of the layer.
        dtype: dtype or dtype policy of the layer.
        trainable: whether training changes the weights.

    Raises:
        TypeError: a number of the wrong type.
        ValueError: an unknown name, a number out of range, options that exclude each other, or an
            `initial_state` of another number of tensors.

    References:
        Schuster, M. and Paliwal, K. K. (1997). Bidirectional recurrent neural networks. IEEE Transactions on
        Signal Processing 45(11), 2673-2681.
        Williams, R. J. and Peng, J. (1990). An efficient gradient-based algorithm for on-line training of
        recurrent network trajectories. Neural Computation 2(4), 490-501: truncated backpropagation.
        Ba, J. L., Kiros, J. R. and Hinton, G. E. (2016). Layer normalization. arXiv 1607.06450.

    Example:
        >>> import numpy as np
        >>> from forecast.layers import RecurrentStack
        >>> x = np.random.default_rng(0).normal(size=(2, 24, 3)).astype("float32")
        >>> RecurrentStack((16, 8), cell="gru", bidirectional="concat")(x).shape == (2, 16)
        True
        >>> stack = RecurrentStack(8, cell="lstm", return_state=True)
        >>> _, *states = stack(x[:, :12])
        >>> both, whole = stack(x[:, 12:], initial_state=states)[0], stack(x)[0]
        >>> bool(np.allclose(both, whole, atol=1e-6))
        True
    """

    def __init__(
        self,
        units: int | Sequence[int] = (),
        *,
        cell: str | Sequence[keras.layers.Layer] = "lstm",
        bidirectional: str | None = None,
        layer_norm: bool = False,
        zoneout: float = 0.0,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        truncate: tuple[int, int] | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        pooling: str = "last",
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, dtype=dtype, trainable=trainable)
        self.units = (units,) if isinstance(units, int) else tuple(units)
        self.cell = cell if isinstance(cell, str) else list(cell)
        self.bidirectional = check_choice("bidirectional", bidirectional, (None, "sum", "concat"))
        self.layer_norm = layer_norm
        self.zoneout = check_rate("zoneout", zoneout)
        self.dropout = check_share("dropout", dropout)
        self.recurrent_dropout = check_share("recurrent_dropout", recurrent_dropout)
        self.truncate: tuple[int, int] | None = check_truncate(truncate)
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.pooling = check_choice("pooling", pooling, ("last", "mean"))
        self.seed = seed
        self.supports_masking = True
        self._check_options()
        self._make_layers()
        if self.zoneout or self.dropout:
            self.seed_generator = keras.random.SeedGenerator(seed)

    # ------------------------------------------------------------ layers

    def _check_options(self) -> None:
        named = isinstance(self.cell, str)
        for units in self.units:
            check_count("units", units)
        if not (self.units if named else self.cell) or (self.units and not named):
            allowed = "the units of each layer, and left out when cell is a list of cells"
            raise ValueError(
                explain("units", allowed, self.units, "Pass RecurrentStack((16, 8), cell='gru')")
            )
        if self.cell == LINKED and len(set(self.units)) > 1:
            allowed = f"of one size with cell={LINKED!r}, whose gates link its layers unit by unit"
            raise ValueError(explain("units", allowed, self.units, "Pass for example units=(16, 16)"))
        if self.recurrent_dropout and (self.truncate or not named):
            allowed = "0 with truncate, and with a list of cells, which have their own"
            raise ValueError(
                explain("recurrent_dropout", allowed, self.recurrent_dropout, "Use zoneout instead")
            )
        if self.truncate and self.bidirectional:
            allowed = "None when bidirectional, where every output depends on every step"
            raise ValueError(explain("truncate", allowed, self.truncate, "Leave one of the two out"))

    def _make_layers(self) -> None:
        cells = self._named_cells() if isinstance(self.cell, str) else self.cell
        self.forwards = [self._loop(cell, f"layer_{k}") for k, cell in enumerate(cells, start=1)]
        self.backwards: list[Any] = []
        if self.bidirectional:
            others = self._named_cells() if isinstance(self.cell, str) else [_another(cell) for cell in cells]
            self.backwards = [
                self._loop(cell, f"layer_{k}_backward", go_backwards=True)
                for k, cell in enumerate(others, start=1)
            ]
        self.norms = [
            keras.layers.LayerNormalization(name=f"norm_{k}", dtype=self.dtype_policy)
            for k in range(1, len(cells) + 1)
            if self.layer_norm
        ]

    def _named_cells(self) -> list[Any]:
        share, dtype = self.recurrent_dropout, self.dtype_policy
        if self.cell == LINKED and len(self.units) > 1:
            options = {"recurrent_dropout": share, "seed": self.seed, "dtype": dtype, "name": "cell"}
            return [DepthGatedLSTMCell(self.units[0], layers=len(self.units), **options)]
        return [
            make_cell(
                str(self.cell), units, recurrent_dropout=share, seed=self.seed, dtype=dtype, layer_name="cell"
            )
            for units in self.units
        ]

    def _loop(self, cell: Any, name: str, go_backwards: bool = False) -> keras.layers.RNN:
        if self._held:
            cell = ZoneoutCell(cell, record=self.truncate is not None, name="zoneout")
        return keras.layers.RNN(
            cell,
            return_sequences=True,
            return_state=True,
            go_backwards=go_backwards,
            zero_output_for_mask=True,  # on JAX a masked step otherwise returns the state
            name=name,
            dtype=self.dtype_policy,
        )

    @property
    def _held(self) -> bool:
        """Whether the cells take columns that hold their states."""
        return self.zoneout > 0 or self.truncate is not None

    def _loops(self, level: int) -> list[Any]:
        return [loops[level] for loops in (self.forwards, self.backwards) if loops]

    @property
    def depth(self) -> int:
        """K, the number of layers."""
        return len(self.forwards)

    @property
    def state_size(self) -> list[int]:
        """Size of each state, in the order of `initial_state`."""
        return [size for k in range(self.depth) for loop in self._loops(k) for size in state_sizes(loop.cell)]

    def _held_loops(self, level: int) -> list[Any]:
        return self._loops(level) if self._held else []

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        if len(sequences_shape) != 3:
            allowed = "of shape (batch, time, features)"
            remedy = "RecurrentStack runs over time itself: call it without keras.layers.RNN around it"
            raise ValueError(explain("sequences", allowed, tuple(sequences_shape), remedy))
        batch, steps, columns = sequences_shape
        if self.truncate and steps is None:
            allowed = "of a known number of steps with truncate"
            raise ValueError(
                explain("sequences", allowed, tuple(sequences_shape), "Give keras.Input the steps")
            )
        self._columns: list[int] = []  # of each layer's output
        for level in range(self.depth):
            loops = self._loops(level)
            for loop in loops:
                loop.build((batch, steps, columns + (loop.cell.width if self._held else 0)))
            sizes = [output_size(loop.cell) - (loop.cell.width if self.truncate else 0) for loop in loops]
            columns = sizes[0] if self.bidirectional == "sum" else sum(sizes)
            self._columns.append(columns)
            if self.layer_norm:
                self.norms[level].build((batch, steps, columns))

    # ------------------------------------------------------------ one call

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool | None = False
    ) -> Any:
        states = self._initial(sequences, initial_state)
        noise = [self._noise(level, sequences, mask, training) for level in range(self.depth)]
        if mask is not None:
            sequences = _where(mask, sequences)
        run = self._run if self.truncate is None else self._run_in_blocks
        outputs, states, _ = run(sequences, noise, mask, states)
        output = self._output(outputs, mask, training)
        return (output, *states) if self.return_state else output

    def _output(self, outputs: list[Any], mask: Any, training: bool | None) -> Any:
        """The output of the last layer's loops: all steps (B, T, U), or the pooled vector (B, U)."""
        if self.return_sequences:
            outputs = _in_time(outputs)
        else:
            masks = [mask, None if mask is None else ops.flip(mask, axis=1)]
            outputs = [pool(y, m, self.pooling) for y, m in zip(outputs, masks, strict=False)]
        shape = (*ops.shape(outputs[0])[:-1], self._columns[-1])
        output = self._close(self.depth - 1, outputs, self._drop(shape, training))
        return _where(mask, output) if self.return_sequences and mask is not None else output

    def _initial(self, sequences: Any, initial_state: Any) -> list[Any]:
        if initial_state is None:
            batch = ops.shape(sequences)[0]
            loops = [loop for level in range(self.depth) for loop in self._loops(level)]
            return [state for loop in loops for state in initial_states(loop.cell, batch)]
        states = keras.tree.flatten(initial_state)
        if len(states) != len(self.state_size):
            allowed = f"a list of {len(self.state_size)} states, of sizes {self.state_size}"
            remedy = "Pass what the layer returns with return_state=True"
            raise ValueError(explain("initial_state", allowed, f"{len(states)} tensors", remedy))
        return states

    def _noise(self, level: int, sequences: Any, mask: Any, training: bool | None) -> Noise:
        """Zoneout columns (B, T, S) of each loop of a layer, and the dropout mask of its output, if used."""
        batch, steps = ops.shape(sequences)[:2]
        held = [self._hold((batch, steps, loop.cell.width), training) for loop in self._held_loops(level)]
        if mask is not None:
            held = [_where(mask, z, 1.0) for z in held]
        drop = self._drop((batch, steps, self._columns[level]), training) if level < self.depth - 1 else []
        return [held, drop]

    def _hold(self, shape: Any, training: bool | None) -> Any:
        if not (training and self.zoneout):
            return ops.full(shape, self.zoneout, dtype=self.compute_dtype)
        draw = keras.random.uniform(shape, dtype=wide_dtype(self.compute_dtype), seed=self.seed_generator)
        return ops.cast(draw < self.zoneout, self.compute_dtype)

    def _drop(self, shape: Any, training: bool | None) -> list[Any]:
        if not (training and self.dropout):
            return []
        ones = ops.ones(shape, dtype=self.compute_dtype)
        return [keras.random.dropout(ones, self.dropout, seed=self.seed_generator)]

    def _run(self, sequences: Any, noise: list[Noise], mask: Any, states: list[Any]) -> Run:
        """Outputs (B, T, U) of the last layer's loops, each in its own order of time; final and all states."""
        finals: list[Any] = []
        record: list[Any] = []
        for level, (held, drop) in enumerate(noise):
            outputs = []
            for number, loop in enumerate(self._loops(level)):
                first, count = len(finals), len(state_sizes(loop.cell))
                inputs = ops.concatenate([sequences, held[number]], axis=-1) if held else sequences
                y, *final = loop(
                    inputs, initial_state=states[first : first + count], mask=None if held else mask
                )
                if self.truncate:
                    y, own = loop.cell.unrecord(y)
                    record += own
                outputs.append(y)
                finals += final
            if level < self.depth - 1:
                sequences = self._close(level, _in_time(outputs), drop)
        return outputs, finals, record

    def _run_in_blocks(self, sequences: Any, noise: list[Noise], mask: Any, states: list[Any]) -> Run:
        """The same outputs, each block of steps recomputed from a state without gradient."""
        last = self.pooling == "last" and not self.return_sequences and mask is None
        blocks = Blocks(sequences.shape[1], *(self.truncate or ()), last=last)
        record = self._run(sequences, noise, mask, states)[2]
        cut = [[[blocks.cut(z, 1.0) for z in held], [blocks.cut(d) for d in drop]] for held, drop in noise]
        starts = [blocks.starts(first, after) for first, after in zip(states, record, strict=True)]
        outputs, finals, record = self._run(blocks.cut(sequences), cut, None, starts)
        return [blocks.join(y) for y in outputs], [blocks.final(state) for state in finals], record

    def _close(self, level: int, outputs: list[Any], drop: list[Any]) -> Any:
        """Both directions combined, normalised, under dropout."""
        output = outputs[0]
        if self.bidirectional:
            output = ops.add(*outputs) if self.bidirectional == "sum" else ops.concatenate(outputs, axis=-1)
        if self.layer_norm:
            output = self.norms[level](output)
        return ops.multiply(output, drop[0]) if drop else output

    # ------------------------------------------------------------ shapes and configuration

    def compute_mask(self, sequences: Any, previous_mask: Any = None) -> Any:
        mask = previous_mask if self.return_sequences else None
        return [mask, *[None] * len(self.state_size)] if self.return_state else mask

    def get_config(self) -> dict[str, Any]:
        named = isinstance(self.cell, str)
        return {
            **super().get_config(),
            "units": self.units,
            "cell": self.cell if named else [keras.saving.serialize_keras_object(cell) for cell in self.cell],
            "bidirectional": self.bidirectional,
            "layer_norm": self.layer_norm,
            "zoneout": self.zoneout,
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "truncate": self.truncate,
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "pooling": self.pooling,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> RecurrentStack:
        cell = config["cell"]
        if not isinstance(cell, str):
            cell = [keras.saving.deserialize_keras_object(copy.deepcopy(one)) for one in cell]
        return cls(**{**config, "cell": cell})


def _another(cell: Any) -> Any:
    """A new cell of the same configuration."""
    return type(cell).from_config(copy.deepcopy(cell.get_config()))


def _in_time(outputs: list[Any]) -> list[Any]:
    """The outputs of both directions in the order of time."""
    return [outputs[0], *(ops.flip(y, axis=1) for y in outputs[1:])]


def _where(mask: Any, values: Any, other: float = 0.0) -> Any:
    """values (B, T, F) where the mask (B, T) is True, else `other`."""
    return ops.where(ops.expand_dims(mask, -1), values, ops.full_like(values, other))


def pool(outputs: Any, mask: Any, pooling: str) -> Any:
    """(B, T, U) -> (B, U): the last unmasked step, or the mean over the unmasked steps."""
    if mask is None:
        if pooling == "last":
            return outputs[:, -1]
        return ops.cast(ops.mean(widened(outputs), axis=1), outputs.dtype)
    values = widened(outputs)
    weights = ops.cast(mask, values.dtype)  # (B, T)
    if pooling == "last":
        from_here = ops.flip(ops.cumsum(ops.flip(weights, axis=1), axis=1), axis=1)
        weights = weights * ops.cast(from_here == 1, values.dtype)
    count = ops.maximum(ops.sum(weights, axis=1, keepdims=True), 1)
    return ops.cast(ops.sum(values * ops.expand_dims(weights / count, -1), axis=1), outputs.dtype)
