"""Recurrent networks on the paired window: a stack of recurrent layers beside a linear path; one step ahead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from forecast._checks import check_choice, check_count, explain
from forecast.layers.narx import add_linear, lagged, output_layer
from forecast.layers.recurrent import CELLS, RecurrentStack
from forecast.networks.config import DirectConfig, add_ahead, check_columns, measured, window_network


@dataclass(frozen=True, kw_only=True)
class RecurrentConfig(DirectConfig):
    """What a recurrent network is made of; see `recurrent` for the equation.

    Args:
        cell: name of the cell in `forecast.layers.CELLS`.
        units: units of each recurrent layer.
        length: rows of the window that the recurrent layers read, the latest ones.
        lags: delays of the targets in the linear path, each at least 1.
        exog_lags: delays of the exogenous columns in it, each at least 0; empty when E = 0.
        linear: whether there is a linear path beside the recurrent layers.
        horizon: H, steps of one output.
        bidirectional, pooling, layer_norm, zoneout, dropout, recurrent_dropout, truncate: those of `RecurrentStack`.
        targets, exog, embedded, window_norm, dtype: those of `NetworkConfig`.

    Raises:
        TypeError: a number that is not whole.
        ValueError: a number out of range, an unknown name, or lags that do not fit the columns.

    Example:
        >>> from forecast.networks import RecurrentConfig
        >>> RecurrentConfig(cell="gru", length=8, lags=(1, 2, 12)).window
        12
        >>> RecurrentConfig.from_dict(RecurrentConfig(truncate=(1, 4)).to_dict()).truncate
        (1, 4)
    """

    cell: str = "lstm"
    units: tuple[int, ...] = (16,)
    length: int = 12
    lags: tuple[int, ...] = (1,)
    exog_lags: tuple[int, ...] = ()
    linear: bool = True
    bidirectional: str | None = None
    pooling: str = "last"
    layer_norm: bool = False
    zoneout: float = 0.0
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    truncate: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("cell", self.cell, CELLS)
        if not self.units:
            raise ValueError(explain("units", "units of at least one layer", self.units, "Pass units=(16,)"))
        for units in self.units:
            check_count("units", units)
        check_count("length", self.length)
        if self.linear:
            check_columns(self.targets, self.exog, self.lags, self.exog_lags)

    @property
    def autoregressive(self) -> bool:
        """Whether there is a linear path, one step ahead."""
        return self.linear and self.steps == 1

    @property
    def delays(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """(lags, exog_lags, exog_kept) of the linear path, if any."""
        return (self.lags, self.exog_lags, self.exog_kept) if self.linear else super().delays

    @property
    def window(self) -> int:
        """L, rows of the paired window."""
        depths = (*self.lags, *(lag + 1 for lag in self.exog_lags)) if self.linear else ()
        return max(self.length, *depths, 1)

    @property
    def noisy(self) -> bool:
        """Whether there is dropout or zoneout in training."""
        return self.zoneout != 0 or self.dropout != 0 or self.recurrent_dropout != 0

    def build(self) -> keras.Model:
        """See `recurrent`."""
        return recurrent(self)


def recurrent(config: RecurrentConfig) -> keras.Model:
    """The recurrent network, not compiled: paired window and lead rows (B, L+H-1, O+E) -> (B, H, O).

    Equation:
        h = stack([y_{t-n}, x_{t-n+1}], ..., [y_{t-1}, x_t])
        y_t = C h + c + A u_t

    Symbols:
        stack: `RecurrentStack` of `config.cell` with `config.units`, the layer "stack"; n: `config.length`.
        C, c: kernel and bias of the layer "output"; C starts at zero: the network starts at its linear path.
        A: kernel of the layer "linear", when `config.linear`; u_t: y at `config.lags`, then x at
            `config.exog_lags`.
        With H = `config.horizon` above 1, C and A have columns for each of the steps t, ..., t+H-1, and the layer
            "ahead" adds to each step a linear term in the last row and in the covariates up to its own time.
        Row j = 0, ..., L-1 of the window carries (y_{t-L+j}, x_{t-L+j+1}), all that is known when y_t is
            forecast; rows before the start of a short record are zero.

    The state is reset before every window, so a forecast depends on its window alone.

    References:
        Elman, J. L. (1990). Finding structure in time. Cognitive Science 14(2), 179-211.
        Hochreiter, S. and Schmidhuber, J. (1997). Long short-term memory. Neural Computation 9(8), 1735-1780.

    Example:
        >>> from forecast.networks import RecurrentConfig, recurrent
        >>> network = recurrent(RecurrentConfig(cell="elman", units=(4,), lags=(1, 2), length=8))
        >>> network.input_shape, network.output_shape
        ((None, 8, 1), (None, 1, 1))
        >>> network.count_params()             # cell 4 + 4 * 4 + 4, output 4 + 1, linear 2
        31
    """

    def outputs(rows: Any) -> Any:
        stack = RecurrentStack(
            config.units,
            cell=config.cell,
            bidirectional=config.bidirectional,
            pooling=config.pooling,
            layer_norm=config.layer_norm,
            zoneout=config.zoneout,
            dropout=config.dropout,
            recurrent_dropout=config.recurrent_dropout,
            truncate=config.truncate,
            seed=0,
            name="stack",
            dtype=config.dtype,
        )
        past = rows[:, : config.window] if config.lead else rows
        state = stack(past if config.length == config.window else past[:, -config.length :])
        closed = output_layer(config.targets * config.steps, config.dtype)(state)
        return add_ahead(add_linear(closed, _features(past, config), config.dtype), rows, config)

    return window_network(config, outputs, name="recurrent")


def _features(rows: Any, config: RecurrentConfig) -> Any:
    if not config.linear:
        return None
    return lagged(
        measured(rows, config),
        targets=config.targets,
        lags=config.lags,
        exog_lags=config.exog_lags,
        dtype=config.dtype,
        kept=config.exog_kept,
    )
