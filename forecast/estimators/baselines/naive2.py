"""The naive forecast of a series without its season: the reference of the M3 and M4 competitions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from forecast.estimators.baselines.local import FitSeries, Parameters, season_of
from forecast.estimators.baselines.season_adjusted import SeasonAdjusted
from forecast.panel import Panel
from forecast.panel.gaps import completed, completed_onward

_QUANTILE = 1.645  # of the normal distribution at 95 %, the organisers' figure


@dataclass(kw_only=True, eq=False, repr=False)
class Naive2(SeasonAdjusted):
    """The last value without its season, times the season to come, as the organisers of M4 compute it.

        y_{T+h|T} = y_T s_{T+h} / s_T

    The season is sought where the series has at least 3 m rows, and found where its autocorrelation r_m is
    significant: |r_m| > 1.645 sqrt((1 + 2 (r_1^2 + ... + r_{m-1}^2)) / T). Its factors s are those of the
    classical decomposition: means by place in the season of the series over its centred moving average of m
    rows, then divided by their mean. A series that is not positive everywhere has terms in their place, which
    are added. Without a season this is the naive forecast. Gaps are filled from both sides first
    (`forecast.panel.gaps.filled`), in the open loop by the values before them. Covariates are accepted and not used.

    Args:
        season: m, time steps in one season; None = from the frequency of the index. The organisers take 1 for
            yearly, weekly and daily series, 4, 12 and 24 for quarterly, monthly and hourly ones.
        horizon: steps that `predict()` returns.
        n_jobs: jobs of joblib that fit series side by side; None = 1 or as `joblib.parallel_config` says.

    Attributes:
        seasonal_: seasonal factors or terms by position in the series, shape (S, O, m).
        multiplicative_: whether they multiply, shape (S, O).

    Raises:
        ValueError, TypeError: an argument or the data cannot be used.

    References:
        Makridakis, S., Spiliotis, E. and Assimakopoulos, V. (2020). The M4 competition. International Journal
        of Forecasting 36, 54-74.

    Example:
        >>> Naive2(season=2).fit([10.0, 20.0] * 6).predict(3)
        array([10., 20., 10.])
    """

    season: int | None = None

    def _min_history(self, panel: Panel) -> int:
        """One row."""
        return 0

    def _fit_series(self, panel: Panel) -> FitSeries:
        return partial(fit_naive2, season=season_of(self.season, panel))

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        values = np.empty((panel.n_series, horizon, panel.n_targets))
        for series, target, rows, adjusted, factor, summand, _ in self._adjusted(completed(panel), horizon):
            ahead = slice(rows.stop - rows.start, None)
            values[series, :, target] = adjusted[-1] * factor[ahead] + summand[ahead]
        return values

    def _fitted(self, panel: Panel) -> np.ndarray:
        values = np.full((len(panel.y), panel.n_targets), np.nan)
        for _, target, rows, adjusted, factor, summand, _ in self._adjusted(completed_onward(panel), 0):
            values[rows.start + 1 : rows.stop, target] = adjusted[:-1] * factor[1:] + summand[1:]
        return values


def fit_naive2(
    y: np.ndarray, x: np.ndarray, weights: np.ndarray | None, name: str, *, season: int
) -> Parameters:
    """The season of one series, terms of 0 where it has none."""
    if not has_season(y, season):
        return {"seasonal_": np.zeros(season), "multiplicative_": False}
    multiplies = bool(y.min() > 0)
    return {"seasonal_": seasonal_figure(y, season, multiplies), "multiplicative_": multiplies}


def has_season(y: np.ndarray, season: int) -> bool:
    """The organisers' test of the autocorrelation at lag `season`.

    Example:
        >>> has_season(np.tile([1.0, 2.0], 6), 2), has_season(np.arange(12.0), 1)
        (True, False)
    """
    if season < 2 or len(y) < 3 * season or np.ptp(y) == 0:
        return False
    centred = (y - y.mean()) / np.ptp(y)
    r = np.array([centred[lag:] @ centred[: len(y) - lag] for lag in range(1, season + 1)])
    r /= centred @ centred
    limit = _QUANTILE * np.sqrt((1 + 2 * (r[:-1] ** 2).sum()) / len(y))
    return bool(abs(r[-1]) > limit)


def seasonal_figure(y: np.ndarray, season: int, multiplies: bool) -> np.ndarray:
    """Factors or terms (m,) of the classical decomposition, from the place of the first row on.

    Example:
        >>> seasonal_figure(np.tile([1.0, 3.0], 4), 2, True)
        array([0.5, 1.5])
    """
    window = np.ones(season) if season % 2 else np.r_[0.5, np.ones(season - 1), 0.5]
    half = len(window) // 2
    trend = np.convolve(y, window / season, mode="valid")
    inner = y[half : len(y) - half]
    part = np.full(-(-len(y) // season) * season, np.nan)
    part[half : len(y) - half] = inner / trend if multiplies else inner - trend
    figure: np.ndarray = np.nanmean(part.reshape(-1, season), axis=0)
    return figure / figure.mean() if multiplies else figure - figure.mean()
