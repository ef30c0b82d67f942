"""Exponential smoothing in state space form, by statsmodels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from statsmodels.tsa.exponential_smoothing.ets import ETSModel, ETSResults

from forecast._checks import check_choice, explain
from forecast.estimators.base import Unweighted
from forecast.estimators.columns import series_name
from forecast.estimators.local import each_target, match_series, quiet, season_of, stacked
from forecast.panel import Panel

_ESTIMATED_SEASON = 12
"""Initial seasonal states are estimated up to this many, and heuristic beyond: estimation grows cubically."""


@dataclass(kw_only=True, eq=False, repr=False)
class ETS(Unweighted):
    """Exponential smoothing with error, trend and season, one model per series and target column.

    The additive form with damped trend reads

        y_t = l_{t-1} + phi b_{t-1} + s_{t-m} + e_t
        l_t = l_{t-1} + phi b_{t-1} + alpha e_t
        b_t = phi b_{t-1} + beta e_t
        s_t = s_{t-m} + gamma e_t

    with level l, slope b, season s and error e; multiplicative forms replace sums by products. Parameters
    maximise the likelihood (statsmodels' ETSModel). A constant series is forecast by its constant. Covariates
    are accepted and not used.

    Args:
        error: "add", "mul" or "auto": both (mul for a positive series only) are fitted and the form of smaller
            AICc is kept.
        trend: None, "add" or "mul".
        damped: damp the trend by phi, estimated between 0.8 and 0.98; not used without a trend.
        seasonal: None, "add", "mul" or "auto": of the same kind as the error, and none when the season is 1 or
            the history shorter than two seasons.
        season: time steps in one season; None = from the frequency of the index.
        horizon: steps that `predict()` returns.

    Attributes:
        form_: error, trend and season chosen, e.g. "mul,add,mul", shape (S, O).
        params_: parameters in statsmodels' order, shape (S, O, K), filled up with NaN.

    Raises:
        ValueError, TypeError: an argument or the data cannot be used; a series needs 10 rows.

    References:
        Hyndman, R. J., Koehler, A. B., Ord, J. K. and Snyder, R. D. (2008). Forecasting with Exponential
        Smoothing: The State Space Approach. Springer.

    Example:
        >>> import numpy as np
        >>> ETS(damped=False).fit(np.arange(24.0)).predict(2).round(3)
        array([24., 25.])
    """

    error: str = "auto"
    trend: str | None = "add"
    damped: bool = True
    seasonal: str | None = "auto"
    season: int | None = None

    def min_history(self, panel: Panel) -> int:
        """Nine rows, which statsmodels' starting values need besides the tenth."""
        return 9

    def _fit(self, panel: Panel, sample_weight: np.ndarray | None) -> None:
        check_choice("error", self.error, ("auto", "add", "mul"))
        check_choice("trend", self.trend, (None, "add", "mul"))
        check_choice("seasonal", self.seasonal, ("auto", None, "add", "mul"))
        self.season_ = season_of(self.season, panel)
        shape = (panel.n_series, panel.n_targets)
        found = [self._fit_one(y, series_name(panel, series)) for series, _, _, y in each_target(panel)]
        self.form_ = np.array([form for form, _ in found]).reshape(shape)
        self.params_ = stacked([params for _, params in found], shape)

    def _fit_one(self, y: np.ndarray, where: str) -> tuple[str, np.ndarray]:
        if np.ptp(y) == 0:
            return "", np.empty(0)
        results = []
        for form in self._candidates(y, where):
            with quiet():
                result = self._model(y, form).fit(disp=False, maxiter=1000)
            if np.isfinite(result.params).all():
                results.append((result.aicc if np.isfinite(result.aicc) else np.inf, form, result.params))
        if not results:
            return "add,,", self._simple(y)
        _, form, params = min(results, key=lambda row: row[0])
        return form, np.asarray(params, dtype=float)

    def _simple(self, y: np.ndarray) -> np.ndarray:
        with quiet():
            return np.asarray(self._model(y, "add,,").fit(disp=False).params, dtype=float)

    def _candidates(self, y: np.ndarray, where: str) -> Iterator[str]:
        """Forms to fit, as "error,trend,season"."""
        positive = bool(y.min() > 0)
        if not positive and "mul" in (self.error, self.trend, self.seasonal):
            raise ValueError(
                explain(
                    f"y{where}",
                    "greater than 0 everywhere for a multiplicative error, trend or season",
                    f"a smallest value of {y.min():g}",
                    'Use "add"',
                )
            )
        seasonal = self._seasonal_kinds(len(y), positive, where)
        errors = ("add", "mul") if self.error == "auto" and positive else (self.error.replace("auto", "add"),)
        for error in errors:
            for kind in seasonal:
                if self.seasonal != "auto" or kind in ("", error):
                    yield f"{error},{self.trend or ''},{kind}"

    def _seasonal_kinds(self, rows: int, positive: bool, where: str) -> tuple[str, ...]:
        if self.seasonal is None:
            return ("",)
        enough = self.season_ > 1 and rows >= 2 * self.season_
        if self.seasonal == "auto" and not enough:
            return ("",)
        if self.seasonal == "auto":
            return ("add", "mul") if positive else ("add",)
        if not enough:
            raise ValueError(
                explain(
                    f"season{where}",
                    "at least 2, and at most half the rows, for a seasonal model",
                    f"{self.season_} with {rows} rows",
                    "Pass seasonal=None, another season, or a longer history",
                )
            )
        return (self.seasonal,)

    def _model(self, y: np.ndarray, form: str) -> ETSModel:
        error, trend, seasonal = form.split(",")
        heuristic = bool(seasonal) and self.season_ > _ESTIMATED_SEASON
        return ETSModel(
            y,
            error=error,
            trend=trend or None,
            damped_trend=bool(trend) and self.damped,
            seasonal=seasonal or None,
            seasonal_periods=self.season_ if seasonal else None,
            initialization_method="heuristic" if heuristic else "estimated",
        )

    def _smoothed(self, panel: Panel) -> Iterator[tuple[int, int, slice, np.ndarray, ETSResults | None]]:
        """Every series with the stored parameters run over its history."""
        which = match_series(self.panel_, panel)
        for series, target, rows, y in each_target(panel):
            form = str(self.form_[which[series], target])
            if not form:
                yield series, target, rows, y, None
                continue
            params = self.params_[which[series], target]
            with quiet():
                result = self._model(y, form).smooth(params[np.isfinite(params)])
            yield series, target, rows, y, result

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        values = np.empty((panel.n_series, horizon, panel.n_targets))
        for series, target, _, y, result in self._smoothed(panel):
            with quiet():
                values[series, :, target] = y[-1] if result is None else result.forecast(horizon)
        return values

    def _fitted(self, panel: Panel) -> np.ndarray:
        values = np.empty((len(panel.y), panel.n_targets))
        for _, target, rows, y, result in self._smoothed(panel):
            if result is None:
                values[rows, target] = np.concatenate([[np.nan], y[:-1]])
            else:
                values[rows, target] = result.fittedvalues
        return values
