"""The Pretrained estimator: networks that were trained once, on many other series, and come with the package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import ndtri

from forecast._checks import check_count
from forecast.estimators.base import Unweighted
from forecast.estimators.baselines.naive import last_seen
from forecast.estimators.pretrained.block_forecast import BlockForecast, forecast_blocks, reach
from forecast.estimators.pretrained.families import family_of
from forecast.panel import Panel, Request
from forecast.windows import position_of_rows, series_of_rows

CELLS = 1 << 19  # values of the windows that are forecast at once: memory stays small
Value = Callable[[BlockForecast, np.ndarray], np.ndarray]
"""K values of each step ahead (B, H, K), given the number of the series and target of each window (B,)."""


@dataclass(kw_only=True, eq=False, repr=False)
class Pretrained(Unweighted):
    """A network that was trained once, on other series, and learns nothing here: a forecast in milliseconds.

        z_j = arcsinh((y_{T-j} - y_T) / d),   d = mean |y_t - y_{t-m}| over the rows that are read
        y_{T+h|T} = y_T + d sinh(v_h),   v, a, b = network(z; known)
        quantile of share p = y_T + d sinh(v_h + softplus(a_h) s),   s = Phi^-1(p) < 0; b in the place of a above

    The network consists of doubly residual blocks (Oreshkin et al. 2021), one for series without a season and one each
    for the seasons 4 and 12 and for all others up to 24, trained on the training parts of the M4 competition and on
    random series (`forecast.datasets.random_series`); the card beside the weights says on which and how well. `fit`
    stores the history. Forecasts follow the level and the unit of the data. Missing values and rows before the start
    of a short series are marked. Horizons beyond those of the network (8 steps, of monthly data 24, else two seasons)
    are made of blocks, each fed with the medians before it. Intervals are those of the network, scaled on series that
    it has not seen, and `sample` draws paths whose errors are correlated as those of a random walk. Of a season above
    24 the mean profile of the last ones is taken off first, as far as it is no chance. Covariates are accepted and
    not used.

    Args:
        season: m, time steps in one season; None = from the frequency of the index.
        horizon: steps that `predict()` returns.

    Attributes:
        season_: the season used.

    References:
        Oreshkin, B. N., Carpov, D., Chapados, N. and Bengio, Y. (2021). Meta-learning framework with
        applications to zero-shot time-series forecasting. AAAI.

    Example:
        >>> from forecast.datasets import load_air_passengers
        >>> Pretrained().fit(load_air_passengers()).predict(12).shape
        (12,)
    """

    handles_missing: ClassVar[bool] = True
    uses_covariates: ClassVar[bool] = False

    season: int | None = None

    def min_history(self, panel: Panel) -> int:
        """Two rows, for a change."""
        return 2

    def _fit(self, panel: Panel, sample_weight: np.ndarray | None) -> None:
        self.season_ = panel.season_length if self.season is None else check_count("season", self.season)

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        return self._after(panel, panel.offsets[1:], horizon, median)[..., 0]

    def _fitted(self, panel: Panel) -> np.ndarray:
        rows = np.flatnonzero(position_of_rows(panel) >= self.min_history(panel))
        values = np.full(panel.y.shape, np.nan)
        values[rows] = self._after(panel, rows, 1, median)[:, 0, :, 0]
        return values

    def _quantiles(self, request: Request, shares: Sequence[float], center: np.ndarray) -> np.ndarray:
        scores = ndtri(np.asarray(shares, float))
        return self._requested(request, lambda told, place: told.quantiles(scores), center, len(scores))

    def _paths(
        self, request: Request, count: int, rng: np.random.Generator, center: np.ndarray
    ) -> np.ndarray:
        """Paths whose normal scores are correlated as a random walk: by sqrt(g / h) at the steps g < h."""
        shape = (self.panel_.n_series * self.panel_.n_targets, max(request.horizon, 1), count)
        walks = np.cumsum(rng.standard_normal(shape), axis=1) / np.sqrt(np.arange(1, shape[1] + 1))[:, None]

        def path(told: BlockForecast, place: np.ndarray) -> np.ndarray:
            return told.quantiles(walks[place, : told.median.shape[1]])

        return self._requested(request, path, center, count)

    def _requested(self, request: Request, value: Value, center: np.ndarray, count: int) -> np.ndarray:
        """`value` (R, O, K) of each requested row; `center` on rows too early to be forecast."""
        panel, found = self.panel_, np.repeat(center[..., None], count, axis=-1)
        step = request.position - panel.lengths[request.series]
        inside, ahead = (step < 0) & (request.position >= self.min_history(panel)), step >= 0
        if inside.any():
            rows = panel.offsets[request.series[inside]] + request.position[inside]
            values = self._after(panel, rows, 1, value)[:, 0]
            found[inside] = np.where(np.isnan(values), found[inside], values)  # nothing is known yet
        if ahead.any():
            values = self._after(panel, panel.offsets[1:], request.horizon, value)
            found[ahead] = values[request.series[ahead], step[ahead]]
        return found

    def _after(self, panel: Panel, ends: np.ndarray, horizon: int, value: Value) -> np.ndarray:
        """`value` (R, H, O, K) of the steps that follow the rows before `ends` (R,)."""
        family, targets = family_of(self.season_), panel.n_targets
        width = reach(family)
        series = series_of_rows(panel)[ends - 1]
        last, found = last_seen(panel, 1), []
        size = max(CELLS // (width * targets), 1)
        for start in range(0, len(ends), size):
            some = slice(start, start + size)
            rows = ends[some, None] - np.arange(width, 0, -1)
            inside = (rows >= panel.offsets[series[some], None])[..., None]
            windows = np.where(inside, panel.y[np.maximum(rows, 0)], np.nan).swapaxes(1, 2)  # (B, O, W)
            before = last[ends[some] - 1].reshape(-1, 1)
            told = forecast_blocks(family, windows.reshape(-1, width).astype(float), before, horizon)
            values = value(told, (series[some, None] * targets + np.arange(targets)).ravel())
            found.append(values.reshape(-1, targets, horizon, values.shape[-1]).swapaxes(1, 2))
        return np.concatenate(found)


def median(told: BlockForecast, place: np.ndarray) -> np.ndarray:
    """The forecast (B, H, 1)."""
    return told.median[..., None]
