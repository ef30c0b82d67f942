"""A network with an external memory: it reads the window row by row, a linear path beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from forecast._checks import check_count
from forecast.layers.memory import MemoryCell
from forecast.layers.narx import add_linear, lagged, output_layer
from forecast.networks.config import NetworkConfig, check_columns, measured, window_network


@dataclass(frozen=True, kw_only=True)
class MemoryConfig(NetworkConfig):
    """What a network with an external memory is made of; see `memory_network` for the equation.

    Args:
        length: rows that the network reads before each forecast, the latest ones.
        units, slots, width, read_heads, controller: those of `MemoryCell`.
        linear: whether there is a linear path beside the memory.
        lags: delays of the targets in it, each at least 1.
        exog_lags: delays of the exogenous columns in it, each at least 0; empty when E = 0.
        targets, exog, embedded, window_norm, dtype: those of `NetworkConfig`.

    Raises:
        TypeError: a number that is not whole.
        ValueError: a number out of range, or lags that do not fit the columns.

    Example:
        >>> from forecast.networks import MemoryConfig
        >>> MemoryConfig(length=8, lags=(1, 12)).window
        12
    """

    length: int = 12
    units: int = 8
    slots: int = 8
    width: int = 4
    read_heads: int = 1
    controller: str = "gru"
    linear: bool = True
    lags: tuple[int, ...] = (1,)
    exog_lags: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("length", self.length)
        if self.linear:
            check_columns(self.targets, self.exog, self.lags, self.exog_lags)

    @property
    def autoregressive(self) -> bool:
        """Whether there is a linear path."""
        return self.linear

    @property
    def delays(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """(lags, exog_lags, exog_kept) of the linear path, if any."""
        return (self.lags, self.exog_lags, self.exog_kept) if self.linear else super().delays

    @property
    def window(self) -> int:
        """L, rows of the paired window."""
        depths = (*self.lags, *(lag + 1 for lag in self.exog_lags)) if self.linear else ()
        return max(self.length, *depths, 1)

    def build(self) -> keras.Model:
        """See `memory_network`."""
        return memory_network(self)


def memory_network(config: MemoryConfig) -> keras.Model:
    """The one-step network with an external memory, not compiled: paired window (B, L, O+E) -> (B, 1, O).

    Equation:
        [h_s, r_s], state_s = cell([y_{s-1}, x_s], state_{s-1}),   s = t-n+1, ..., t
        y_t = A u_t + C [h_t, r_t] + c

    Symbols:
        cell: `MemoryCell(units, slots=slots, width=width, ...)` in the layer "memory"; n: `config.length`.
            Its memory is blank before the first of the n rows.
        h_t, r_t: the outputs of its controller and of its read heads at the last row.
        C, c: kernel and bias of the layer "output"; C starts at zero: the network starts at its linear path.
        A: kernel of the layer "linear", when `config.linear`; u_t: y at `lags`, then x at `exog_lags`.
        Row j = 0, ..., L-1 of the window carries (y_{t-L+j}, x_{t-L+j+1}), all that is known when y_t is
            forecast; rows before the start of a short record are zero.

    References:
        Graves, A., Wayne, G. and Danihelka, I. (2014). Neural Turing machines. arXiv:1410.5401.

    Example:
        >>> from forecast.networks import MemoryConfig, memory_network
        >>> network = memory_network(MemoryConfig(length=24, exog=1, exog_lags=(0,)))
        >>> network.input_shape, network.output_shape
        ((None, 24, 2), (None, 1, 1))
    """

    def outputs(rows: Any) -> Any:
        cell = MemoryCell(
            config.units,
            slots=config.slots,
            width=config.width,
            read_heads=config.read_heads,
            controller=config.controller,
            name="cell",
            dtype=config.dtype,
        )
        said = keras.layers.RNN(cell, name="memory", dtype=config.dtype)(_latest(rows, config.length))
        features = None
        if config.linear:
            features = lagged(
                measured(rows, config),
                targets=config.targets,
                lags=config.lags,
                exog_lags=config.exog_lags,
                dtype=config.dtype,
                kept=config.exog_kept,
            )
        return add_linear(output_layer(config.targets, config.dtype)(said), features, config.dtype)

    return window_network(config, outputs, name="memory_network")


def _latest(rows: Any, length: int) -> Any:
    return rows if rows.shape[1] == length else rows[:, -length:]
