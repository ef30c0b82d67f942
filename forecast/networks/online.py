"""One step of a recurrent network whose state is explicit, for learning online."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from forecast._checks import check_choice, check_count
from forecast.layers.narx import add_linear, lagged, output_layer
from forecast.layers.recurrent import CELLS, make_cell
from forecast.networks.config import NetworkConfig, check_columns


@dataclass(frozen=True, kw_only=True)
class OnlineConfig(NetworkConfig):
    """What an online network is made of; see `online` for the equation.

    Args:
        lags: delays of the targets in the linear path, each at least 1; may be empty with exogenous lags.
        exog_lags: delays of the exogenous columns in it, each at least 0; empty when E = 0.
        cell: name of the recurrent cell, one of `forecast.layers.CELLS`.
        units: units of the cell.
        targets, exog, dtype: those of `NetworkConfig`.

    Raises:
        TypeError: a number that is not whole.
        ValueError: a number out of range, an unknown cell, or lags that do not fit the columns.

    Example:
        >>> from forecast.networks import OnlineConfig
        >>> OnlineConfig(lags=(1, 12), cell="gru").window
        12
    """

    lags: tuple[int, ...] = (1,)
    exog_lags: tuple[int, ...] = ()
    cell: str = "diagonal"
    units: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        check_columns(self.targets, self.exog, self.lags, self.exog_lags)
        check_choice("cell", self.cell, CELLS)
        check_count("units", self.units)

    @property
    def window(self) -> int:
        """L, rows of the paired window."""
        return max(max(self.lags, default=1), max(self.exog_lags, default=0) + 1)

    def build(self) -> keras.Model:
        """See `online`."""
        return online(self)


def online(config: OnlineConfig) -> keras.Model:
    """One step with the state in and out: [window (B, L, O+E), state (B, n)] -> [(B, 1, O), state (B, n)].

    Equation:
        h_t = cell([y_{t-1}, x_t], h_{t-1})
        yhat_t = A u_t + C h_t + c

    Symbols:
        h: state of `config.cell` with `config.units` units, its parts side by side, n numbers.
        u_t: targets at `config.lags`, then covariates at `config.exog_lags`; A: kernel of the layer "linear".
        C, c: kernel and bias of the layer "output"; C starts at zero: the network starts at its linear path.
        Row j = 0, ..., L-1 of the window carries (y_{t-L+j}, x_{t-L+j+1}), the last one the cell's input.

    References:
        Elman, J. L. (1990). Finding structure in time. Cognitive Science 14(2), 179-211.

    Example:
        >>> from forecast.networks import OnlineConfig, online
        >>> network = online(OnlineConfig(lags=(1, 2), cell="lstm", units=4))
        >>> network.input_shape, network.output_shape
        ([(None, 2, 1), (None, 8)], [(None, 1, 1), (None, 8)])
    """
    cell = make_cell(config.cell, config.units, dtype=config.dtype, layer_name="cell")
    sizes = [cell.state_size] if isinstance(cell.state_size, int) else list(cell.state_size)
    window = keras.Input((config.window, config.targets + config.exog), dtype=config.dtype, name="window")
    state = keras.Input((sum(sizes),), dtype=config.dtype, name="state")
    output, states = cell(window[:, -1], _split(state, sizes))
    features: Any = lagged(
        window,
        targets=config.targets,
        lags=config.lags,
        exog_lags=config.exog_lags,
        dtype=config.dtype,
        kept=config.exog_kept,
    )
    forecast = add_linear(output_layer(config.targets, config.dtype)(output), features, config.dtype)
    after = ops.concatenate(states, axis=-1) if len(sizes) > 1 else states[0]
    return keras.Model(
        [window, state], [ops.reshape(forecast, (-1, 1, config.targets)), after], name="online"
    )


def _split(state: Any, sizes: list[int]) -> list[Any]:
    """The parts of a state (B, n), each of its size."""
    ends = [sum(sizes[: number + 1]) for number in range(len(sizes))]
    return [state[:, end - size : end] for end, size in zip(ends, sizes, strict=True)]
