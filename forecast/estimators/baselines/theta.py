"""The Theta method, winner of the M3 competition, fitted by statsmodels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.signal import lfilter
from statsmodels.tsa.forecasting.theta import ThetaModel

from forecast._checks import explain
from forecast.estimators.baselines.alone import alone
from forecast.estimators.baselines.local import FitSeries, Parameters, moments, season_of
from forecast.estimators.baselines.season_adjusted import Adjusted, SeasonAdjusted
from forecast.panel import Panel
from forecast.panel.gaps import completed, completed_onward


@dataclass(kw_only=True, eq=False, repr=False)
class Theta(SeasonAdjusted):
    """Simple exponential smoothing with half the slope of the trend line, after removing the season.

        y_{T+h|T} = l_T + (theta - 1) / theta * b (h - 1 + (1 - (1 - alpha)^T) / alpha)
        l_t = alpha y_t + (1 - alpha) l_{t-1},   l_1 = y_1

    b is the slope of a straight line through the series and alpha the smoothing weight, both estimated by
    statsmodels' ThetaModel on the standardised series, one model per series and target column. The season is
    removed by classical decomposition (multiplicative for a positive series) when a test of the
    autocorrelation at lag m finds one, and put back afterwards. Gaps are filled from both sides first
    (`forecast.panel.gaps.filled`), in the open loop by the values before them. Covariates are accepted and not used.

    Args:
        theta: weight of the trend line, at least 1; 2 is the method of the competition.
        season: m, time steps in one season; None = from the frequency of the index. Histories shorter than
            two seasons are not deseasonalised.
        horizon: steps that `predict()` returns.
        n_jobs: number of joblib jobs that fit series in parallel; None = 1 or as set by `joblib.parallel_config`.

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

    def _min_history(self, panel: Panel) -> int:
        """Two rows, for a slope."""
        return 2

    def _fit_series(self, panel: Panel) -> FitSeries:
        if not self.theta >= 1:
            raise ValueError(explain("theta", "a number of at least 1", self.theta, "Pass theta=2.0"))
        return partial(fit_theta, season=season_of(self.season, panel))

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        values = np.empty((panel.n_series, horizon, panel.n_targets))
        steps = np.arange(1, horizon + 1)
        for series, target, rows, level, factor, summand, where in self._levels(completed(panel), horizon):
            count = rows.stop - rows.start
            line = level[-1] + self._slope(steps, np.array(count), where)
            values[series, :, target] = line * factor[count:] + summand[count:]
        return values

    def _fitted(self, panel: Panel) -> np.ndarray:
        values = np.full((len(panel.y), panel.n_targets), np.nan)
        for _, target, rows, level, factor, summand, where in self._levels(completed_onward(panel), 0):
            line = level[:-1] + self._slope(np.array(1), np.arange(1, len(level)), where)
            values[rows.start + 1 : rows.stop, target] = line * factor[1:] + summand[1:]
        return values

    def _levels(self, panel: Panel, horizon: int) -> Iterator[Adjusted]:
        """The series without their seasons, smoothed to levels."""
        for part in self._adjusted(panel, horizon):
            plain, alpha = part.values, self.alpha_[part.where]
            level = plain[0] + lfilter([alpha], [1.0, alpha - 1.0], plain - plain[0])
            yield part._replace(values=level)

    def _slope(self, steps: np.ndarray, rows: np.ndarray, where: tuple[int, int]) -> np.ndarray:
        """Rise of the trend line from the level to `steps` after a history of `rows`."""
        alpha = self.alpha_[where]
        past = (1 - (1 - alpha) ** rows) / alpha if alpha > 0 else np.zeros_like(rows, dtype=float)
        rise: np.ndarray = (self.theta - 1) / self.theta * self.slope_[where] * (steps - 1 + past)
        return rise


def fit_theta(
    y: np.ndarray, x: np.ndarray, weights: np.ndarray | None, name: str, *, season: int
) -> Parameters:
    """Smoothing weight, slope and season of one series, estimated in units of its deviation."""
    found: Parameters = {
        "alpha_": 1.0,
        "slope_": 0.0,
        "seasonal_": np.zeros(season),
        "multiplicative_": False,
    }
    if np.ptp(y) == 0:
        return found
    center, spread = moments(y)
    if season > 1 and len(y) >= 2 * season:
        multiplies = bool(y.min() > 0)
        scaled = y / spread if multiplies else (y - center) / spread  # factors keep the zero of the series
        with alone():
            result = ThetaModel(scaled, period=season, method="mul" if multiplies else "add").fit()
            unit = result.forecast_components(season)["seasonal"].to_numpy()
        multiplies = result.model.method == "mul"  # statsmodels adds where a factor would not be positive
        if (unit != multiplies).any():  # a season was found
            seasonal = np.roll(unit if multiplies else unit * spread, len(y) % season)
            found |= {"seasonal_": seasonal, "multiplicative_": multiplies}
    if not found["seasonal_"].any():
        with alone():
            result = ThetaModel((y - center) / spread, deseasonalize=False).fit()
    slope, alpha = result.params
    return found | {"slope_": float(slope) * spread, "alpha_": float(alpha)}
