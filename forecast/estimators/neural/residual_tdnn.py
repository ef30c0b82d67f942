"""The ResidualTDNN estimator: direct forecasts of a horizon, one network for one series or for thousands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from forecast._checks import check_choice
from forecast.estimators.neural.options import check_activation, check_units
from forecast.estimators.neural.padded import (
    PaddedForecaster,
    block_size,
    block_steps,
    first_season,
    has_zero,
    member_lengths,
    window_lengths,
)
from forecast.networks import NetworkConfig, ResidualTDNNConfig
from forecast.panel import Panel


@dataclass(kw_only=True, eq=False, repr=False)
class ResidualTDNN(PaddedForecaster):
    """Residual blocks of delays that forecast H steps at once, one network for all series.

        z_j = (y_{t-L+j} - level) / spread,   j = 0, ..., L-1
        x_1 = arcsinh z,   x_{k+1} = x_k - backcast_k(x_k),   k = 1, ..., blocks
        y_{t+h} = level + spread (s_h + sum_k forecast_k(x_k)_h) + noise_{t+h},   h = 0, ..., H-1

    level is the last value of the window and spread its mean absolute seasonal difference (`scale`), so that every
    window of every series has the same units; rows before the start of a short series, and missing values, are
    marked. Each block has the `hidden` layers; s is the last season with `skip`, else 0. Before training the
    forecast is the naive or the seasonal naive one. Longer horizons are made of blocks of H steps, each fed back
    as history.

    Args:
        horizon: H, and the steps that `predict()` returns; 1 = a season or 8, up to a quarter of the longest series.
        window: L, a number of rows, or a sequence from which the members take theirs in turn; "auto" = from H, the
            season and the length of the series.
        blocks: number of residual blocks; "auto" = from the number of windows.
        hidden: units of each hidden layer of a block; "auto" = from the number of windows.
        activation: Keras name of the activation of the hidden layers.
        skip: whether forecasts start from the last season instead of the last value; "auto" = where that is
            better in the last horizons of the series, if there are many of them, else not.

    References:
        Oreshkin, B. N., Carpov, D., Chapados, N. and Bengio, Y. (2020). N-BEATS: neural basis expansion
        analysis for interpretable time series forecasting. ICLR.

    Example:
        >>> import numpy as np
        >>> y = np.sin(np.arange(80) * 0.7)
        >>> model = ResidualTDNN(horizon=4, window=8, epochs=2, random_state=0).fit(y)
        >>> model.predict(6).shape                                       # a block of four steps and half of one
        (6,)
    """

    window: int | Sequence[int] | str = "auto"
    blocks: int | str = "auto"
    hidden: Sequence[int] | str = "auto"
    activation: str = "relu"
    skip: bool | str = "auto"

    _config: ClassVar[type[NetworkConfig]] = ResidualTDNNConfig

    def _configure(self, panel: Panel) -> ResidualTDNNConfig:
        season = first_season(self.season, panel)
        steps = block_steps(self.horizon, season, panel)
        blocks, hidden = block_size(self.blocks, self.hidden, panel)
        return ResidualTDNNConfig(
            length=max(window_lengths(self.window, steps, season, panel)),
            horizon=steps,
            season=season,
            blocks=blocks,
            hidden=check_units("hidden", hidden, minimum=1),
            activation=check_activation(self.activation) or "linear",
            skip=self.skip is True,
            proportions=self.scale == "window" and has_zero(panel),
            **self._common(panel),
        )

    def _check_options(self) -> None:
        super()._check_options()
        if not isinstance(self.skip, bool):
            check_choice("skip", self.skip, ("auto", True, False))

    def _variants(self) -> dict[str, dict[str, Any]]:
        if self.skip != "auto" or self.config_.season == 1:
            return {"network": {}}
        return {"network": {"skip": False}, "network, skip": {"skip": True}}

    def _reaches(self) -> list[int]:
        config = self.config_
        if self._replaced:
            return super()._reaches()
        lengths = member_lengths(self.window, config.length, config.horizon, config.season)
        return [lengths[member % len(lengths)] for member in range(self.members)]
