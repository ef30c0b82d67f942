"""Zoneout: units of the state that keep their value for a step."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from forecast._checks import explain
from forecast.layers.recurrent.around import AroundCell
from forecast.layers.recurrent.states import initial_states, output_size, state_sizes


@keras.saving.register_keras_serializable(package="forecast")
class ZoneoutCell(keras.layers.Layer, AroundCell):
    """Zoneout around any cell: a unit of its states keeps its value for a step where the input says so.

    Equation:
        y_t, s = cell(x_t, s_{t-1})
        s_t = z_t * s_{t-1} + (1 - z_t) * s

    Symbols:
        x_t: input of `cell`, shape (B, F); s_t: its states, S values together.
        z_t: shape (B, S), the last S columns of the input [x_t, z_t]: 0 or 1 in training, the rate of zoneout
            (the expectation) otherwise, and 1 in a masked step, which leaves the state as it is.
        output: the first state after zoneout where the output of `cell` is its first state, else y_t.

    z comes with the input, because a step of a compiled loop cannot draw random numbers: under
    `keras.layers.RNN` alone the cell needs an input that carries it. `RecurrentStack(zoneout=...)` draws it.

    Args:
        cell: a cell for `keras.layers.RNN` whose states are of shape (B, size).
        record: whether the states s_t are appended to the output, side by side.
        name: name of the layer.
        dtype: dtype or dtype policy of the layer.
        trainable: whether training changes the cell.

    Raises:
        ValueError: the input has no column beside those of z.

    References:
        Krueger, D., Maharaj, T., Kramar, J., Pezeshki, M., Ballas, N., Ke, N. R., Goyal, A., Bengio, Y.,
        Courville, A. and Pal, C. (2017). Zoneout: regularizing RNNs by randomly preserving hidden
        activations. ICLR.

    Example:
        >>> import keras, numpy as np
        >>> from forecast.layers import ZoneoutCell
        >>> cell = ZoneoutCell(keras.layers.GRUCell(2))
        >>> held = np.concatenate([np.random.normal(size=(1, 5, 3)), np.ones((1, 5, 2))], axis=-1)
        >>> keras.ops.convert_to_numpy(keras.layers.RNN(cell)(held.astype("float32"))).tolist()
        [[0.0, 0.0]]
    """

    def __init__(
        self,
        cell: keras.layers.Layer,
        *,
        record: bool = False,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, dtype=dtype or cell.dtype_policy, trainable=trainable)
        self.cell = cell
        self.record = record
        self.state_size = state_sizes(cell)
        self.width = sum(self.state_size)
        self.output_size = output_size(cell) + self.width * record

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        columns = input_shape[-1]
        if columns is not None and columns <= self.width:
            allowed = f"of more than {self.width} columns, [x_t, z_t] with z_t for the {self.width} states"
            remedy = (
                "Use RecurrentStack(zoneout=...), which adds z_t, instead of this cell under keras.layers.RNN"
            )
            raise ValueError(explain("inputs", allowed, f"{columns} columns", remedy))
        if not self.cell.built:
            self.cell.build((input_shape[0], None if columns is None else columns - self.width))
            self.cell.built = True

    def call(self, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
        output, new = self.cell(self.inner_inputs(inputs), list(states))
        held = _split(inputs[:, -self.width :], self.state_size)
        kept = [z * old + (1 - z) * one for z, old, one in zip(held, states, new, strict=True)]
        output = kept[0] if output is new[0] else output
        return ops.concatenate([output, *kept], axis=-1) if self.record else output, kept

    def unrecord(self, outputs: Any) -> tuple[Any, list[Any]]:
        """Outputs (B, T, U+S) of the loop with `record` as (B, T, U) and the states, each (B, T, size)."""
        own, *states = _split(outputs, [self.output_size - self.width, *self.state_size])
        return own, states

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """The initial states of `cell`."""
        return initial_states(self.cell, batch_size)

    def inner_inputs(self, inputs: Any) -> Any:
        """The inputs without z."""
        return inputs[:, : -self.width]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "cell": keras.saving.serialize_keras_object(self.cell),
            "record": self.record,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> ZoneoutCell:
        return cls(**{**config, "cell": keras.saving.deserialize_keras_object(config["cell"])})


def check_rate(name: str, value: Any) -> float:
    """A number from 0 to 1."""
    allowed, remedy = "a number from 0 to 1", f"Pass a float such as {name}=0.1"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(explain(name, allowed, f"{value!r} of type {type(value).__name__}", remedy))
    if not 0 <= value <= 1:
        raise ValueError(explain(name, allowed, value, remedy))
    return float(value)


def _split(values: Any, sizes: list[int]) -> list[Any]:
    """Columns of the last axis in parts of these sizes."""
    ends = [sum(sizes[: place + 1]) for place in range(len(sizes))]
    return [values[..., end - size : end] for size, end in zip(sizes, ends, strict=True)]
