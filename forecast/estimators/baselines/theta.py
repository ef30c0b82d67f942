"""The Theta method, winner of the M3 competition, fitted by statsmodels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter
from statsmodels.tsa.forecasting.theta import ThetaModel

from forecast._checks import explain
from forecast.estimators.base import Unweighted
from forecast.estimators.baselines.local import each_target, match_series, quiet, season_of
from forecast.panel import Panel


@dataclass(kw_only=True, eq=False, repr=False)
class Theta(Unweighted):
    """Simple exponential smoothing with half the slope of the trend line, after removing the season.

        y_{T+h|T} = l_T + (theta - 1) / theta * b (h - 1 + (1 - (1 - alpha)^T) / alpha)
        l_t = alpha y_t + (1 - alpha) l_{t-1},   l_1 = y_1

    b is the slope of a straight line through the series and alpha the smoothing weight, both estimated by
    statsmodels' ThetaModel, one model per series and target column. The season is removed by classical
    decomposition (multiplicative for a positive series) when a test of the autocorrelation at lag m finds
    one, and put back afterwards. Covariates are accepted and not used.

    Args:
        theta: weight of the trend line, at least 1; 2 is the method of the competition.
        season: m, time steps in one season; None = from the frequency of the index. Histories shorter than
            two seasons are taken as they are.
        horizon: steps that `predict()` returns.

    Attributes:
        alpha_, slope_: alpha and b, shape (S, O).
        seasonal_: seasonal factors or terms by position in the series, shape (S, O, m).
        multiplicative_: whether they multiply, shape (S, O).

    Raises:
        ValueError, TypeError: an argument or the data cannot be used.

    References:
        Assimakopoulos, V. and Nikolopoulos, K. (2000). The theta model: a decomposition approach to
        forecasting. International Journal of Forecasting 16, 521-530.
        Hyndman, R. J. and Billah, B. (2003). Unmasking the Theta method. International Journal of Forecasting
        19, 287-290.

    Example:
        >>> import numpy as np
        >>> Theta().fit(np.arange(24.0)).predict(2).round(1)
        array([23.5, 24. ])
    """

    theta: float = 2.0
    season: int | None = None

    def min_history(self, panel: Panel) -> int:
        """Two rows, for a slope."""
        return 2

    def _fit(self, panel: Panel, sample_weight: np.ndarray | None) -> None:
        if not self.theta >= 1:
            raise ValueError(explain("theta", "a number of at least 1", self.theta, "Pass theta=2.0"))
        season = season_of(self.season, panel)
        shape = (panel.n_series, panel.n_targets)
        self.alpha_, self.slope_ = np.ones(shape), np.zeros(shape)
        self.seasonal_ = np.zeros((*shape, season))
        self.multiplicative_ = np.zeros(shape, dtype=bool)
        for series, target, _, y in each_target(panel):
            if np.ptp(y) > 0:
                self._fit_one(y, season, (series, target))

    def _fit_one(self, y: np.ndarray, season: int, where: tuple[int, int]) -> None:
        seasonal = season > 1 and len(y) >= 2 * season
        with quiet():
            result = ThetaModel(y, period=season if seasonal else None, deseasonalize=seasonal).fit()
            self.slope_[where], self.alpha_[where] = result.params
            unit = result.forecast_components(season)["seasonal"].to_numpy()
        self.multiplicative_[where] = result.model.method.startswith("mul")
        self.seasonal_[where] = np.roll(unit, len(y) % season) if seasonal else 0.0
        if self.multiplicative_[where] and not seasonal:
            self.multiplicative_[where] = False

    def _level(self, y: np.ndarray, where: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Levels (T,) of one series, and its seasonal terms (T,) as factor and as summand."""
        factor, summand = self._season_at(np.arange(len(y)), where)
        alpha = self.alpha_[where]
        plain = (y - summand) / factor
        start = np.array([(1 - alpha) * plain[0]])
        return lfilter([alpha], [1.0, alpha - 1.0], plain, zi=start)[0], factor, summand

    def _season_at(self, position: np.ndarray, where: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        unit = self.seasonal_[where][position % self.seasonal_.shape[2]]
        ones, zeros = np.ones_like(unit), np.zeros_like(unit)
        return (unit, zeros) if self.multiplicative_[where] else (ones, unit)

    def _slope(self, steps: np.ndarray, rows: np.ndarray, where: tuple[int, int]) -> np.ndarray:
        """Part of the trend line, `steps` after a history of `rows`."""
        alpha = self.alpha_[where]
        past = (1 - (1 - alpha) ** rows) / alpha if alpha > 0 else np.zeros_like(rows, dtype=float)
        part: np.ndarray = (self.theta - 1) / self.theta * self.slope_[where] * (steps - 1 + past)
        return part

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        which = match_series(self.panel_, panel)
        values = np.empty((panel.n_series, horizon, panel.n_targets))
        steps = np.arange(1, horizon + 1)
        for series, target, _, y in each_target(panel):
            where = (int(which[series]), target)
            level = self._level(y, where)[0][-1]
            factor, summand = self._season_at(len(y) + steps - 1, where)
            values[series, :, target] = (
                level + self._slope(steps, np.array(len(y)), where)
            ) * factor + summand
        return values

    def _fitted(self, panel: Panel) -> np.ndarray:
        which = match_series(self.panel_, panel)
        values = np.full((len(panel.y), panel.n_targets), np.nan)
        for series, target, rows, y in each_target(panel):
            where = (int(which[series]), target)
            level, factor, summand = self._level(y, where)
            slope = self._slope(np.array(1), np.arange(1, len(y)), where)
            values[rows.start + 1 : rows.stop, target] = (level[:-1] + slope) * factor[1:] + summand[1:]
        return values
