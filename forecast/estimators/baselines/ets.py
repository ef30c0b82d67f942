"""Exponential smoothing in state space form, by statsmodels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from statsmodels.tsa.exponential_smoothing.ets import ETSModel, ETSResults

from forecast._checks import check_choice, explain
from forecast.estimators.base import Unweighted
from forecast.estimators.baselines.local import each_target, match_series, quiet, season_of
from forecast.estimators.validation import series_name
from forecast.panel import Panel
from forecast.windows import position_of_rows, series_of_rows

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
        error: "add", "mul" or "auto": both (mul for a positive series only) are fitted and the form of
            smaller AICc is kept.
        trend: None, "add" or "mul".
        damped: damp the trend by phi, estimated between 0.8 and 0.98; not used without a trend.
        seasonal: None, "add", "mul" or "auto": of the same kind as the error, and none when the season is 1
            or the history shorter than two seasons.
        season: time steps in one season; None = from the frequency of the index.
        horizon: steps that `predict()` returns.

    Attributes:
        form_: error, trend and season chosen, e.g. "mul,add,mul", shape (S, O).
        smoothing_: alpha, beta, gamma and phi, shape (S, O, 4).
        initial_: level, slope and the m seasons before the first row, shape (S, O, 2 + m).

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
        self.form_ = np.full(shape, "", dtype="<U11")
        self.smoothing_ = np.tile([1.0, 0.0, 0.0, 1.0], (*shape, 1))
        self.initial_ = np.zeros((*shape, 2 + self.season_))
        for series, target, _, y in each_target(panel):
            self.initial_[series, target, 0] = y[0]
            self.initial_[series, target, 1] = 1.0 if self.trend == "mul" else 0.0
            if np.ptp(y) > 0:
                form, result = self._fit_one(y, series_name(panel, series))
                self._keep(form, result, (series, target))

    def _fit_one(self, y: np.ndarray, where: str) -> tuple[str, ETSResults]:
        """The form of smallest AICc and its fit."""
        results = []
        for form in self._candidates(y, where):
            with quiet():
                result = self._model(y, form).fit(disp=False, maxiter=1000)
                results.append((result.aicc if np.isfinite(result.aicc) else np.inf, form, result))
        _, form, result = min(results, key=lambda row: row[0])
        return form, result

    def _keep(self, form: str, result: ETSResults, where: tuple[int, int]) -> None:
        self.form_[where] = form
        trend, season = (bool(part) for part in form.split(",")[1:])
        self.smoothing_[where] = [
            result.alpha,
            result.beta if trend else 0.0,
            result.gamma if season else 0.0,
            result.phi if trend and self.damped else 1.0,
        ]
        self.initial_[where][0] = result.initial_level
        if trend:
            self.initial_[where][1] = result.initial_trend
        if season:
            self.initial_[where][2:] = result.initial_seasonal

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

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        states = self._start(panel)
        self._run(panel, states)
        values = np.empty((panel.n_series, horizon, panel.n_targets))
        for step in range(horizon):
            level, season, multiplies = states.ahead(panel.lengths + step)
            values[:, step] = np.where(multiplies, level * season, level + season)
            states.learn(panel.lengths + step, np.zeros_like(level), np.ones(panel.n_series, dtype=bool))
        return values

    def _fitted(self, panel: Panel) -> np.ndarray:
        values = self._run(panel, self._start(panel))
        constant = self.form_[match_series(self.panel_, panel)][series_of_rows(panel)] == ""
        return np.where(constant & (position_of_rows(panel) == 0)[:, None], np.nan, values)

    def _start(self, panel: Panel) -> _States:
        which = match_series(self.panel_, panel)
        multiplies = np.char.endswith(self.form_, ",mul")[which]
        initial = self.initial_[which].copy()
        return _States(self.smoothing_[which], multiplies, self.trend == "mul", initial)

    def _run(self, panel: Panel, states: _States) -> np.ndarray:
        """Run over the history from its start; one-step forecasts (N, O)."""
        values = np.empty((len(panel.y), panel.n_targets))
        for time in range(int(panel.lengths.max())):
            active = panel.lengths > time
            rows = panel.offsets[:-1][active] + time
            level, season, multiplies = states.ahead(np.full(panel.n_series, time))
            forecast = np.where(multiplies, level * season, level + season)
            values[rows] = forecast[active]
            error = np.zeros_like(forecast)
            error[active] = panel.y[rows] - forecast[active]
            states.learn(np.full(panel.n_series, time), error, active)
        return values


@dataclass
class _States:
    """Level, slope and seasons (S, O, 2 + m) of all series; weights alpha, beta, gamma, phi (S, O, 4)."""

    weights: np.ndarray
    multiplies: np.ndarray
    trend_multiplies: bool
    states: np.ndarray

    def ahead(self, time: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Level with its slope, season of step `time` (S,), whether the season multiplies; (S, O) each."""
        level, slope, phi = self.states[..., 0], self.states[..., 1], self.weights[..., 3]
        grown = level * slope**phi if self.trend_multiplies else level + phi * slope
        return grown, self.states[np.arange(len(time)), :, self._place(time)], self.multiplies

    def learn(self, time: np.ndarray, error: np.ndarray, active: np.ndarray) -> None:
        """Move one step on after the forecast missed by `error` (S, O); the others of `active` stay."""
        level, season, multiplies = self.ahead(time)
        alpha, beta, gamma, phi = np.moveaxis(self.weights, -1, 0)
        plain = error / np.where(multiplies, season, 1.0)
        slope = self.states[..., 1]
        new = self.states.copy()
        new[..., 0] = level + alpha * plain
        if self.trend_multiplies:
            new[..., 1] = slope**phi + beta * plain / self.states[..., 0]
        else:
            new[..., 1] = phi * slope + beta * plain
        learned = season + gamma * error / np.where(multiplies, level, 1.0)
        new[np.arange(len(time)), :, self._place(time)] = learned
        self.states = np.where(active[:, None, None], new, self.states)

    def _place(self, time: np.ndarray) -> np.ndarray:
        return 2 + time % (self.states.shape[-1] - 2)
