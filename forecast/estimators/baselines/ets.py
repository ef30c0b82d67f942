"""Exponential smoothing in state space form, by statsmodels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, NamedTuple

import numpy as np
from statsmodels.tsa.exponential_smoothing.ets import ETSModel, ETSResults

from forecast._checks import check_choice, check_flag, explain
from forecast.estimators.baselines.alone import alone
from forecast.estimators.baselines.ets_likelihood import maximise
from forecast.estimators.baselines.local import (
    FitSeries,
    LocalForecaster,
    Parameters,
    each_target,
    match_series,
    moments,
    on_grid,
    season_of,
    season_shift,
)
from forecast.estimators.unweighted import Unweighted
from forecast.estimators.validation import series_name
from forecast.panel import Panel
from forecast.panel.gaps import completed, completed_onward

_ESTIMATED_SEASON = 12
"""Initial seasonal states are estimated up to this many, and heuristic beyond: estimation grows cubically."""
_DEVIATIONS = (100.0, 1.0, 1000.0)
"""Standard deviations to which a series is scaled, one search each: the likelihood has several maxima, and the
scale of the states relative to the unitless weights decides which of them a search finds."""

_LEARNED = ("form_", "smoothing_", "initial_")


@dataclass(kw_only=True, eq=False, repr=False)
class ETS(LocalForecaster, Unweighted):
    """Exponential smoothing with error, trend and season, one model per series and target column.

    The additive form with damped trend reads

        y_t = l_{t-1} + phi b_{t-1} + s_{t-m} + e_t
        l_t = l_{t-1} + phi b_{t-1} + alpha e_t
        b_t = phi b_{t-1} + beta e_t
        s_t = s_{t-m} + gamma e_t

    with level l, slope b, season s and error e; in a multiplicative form, a factor takes the place of a summand,
    in the recursions of statsmodels' ETSModel. Parameters maximise its likelihood, by its exact gradient. A
    constant series is forecast by its constant. ETSModel knows no missing values: gaps are filled from both sides first
    (`forecast.panel.gaps.filled`), in the open loop by the values before them. Where a history reaches 0 after "auto"
    chose a multiplicative form, an additive one is fitted to it when it is forecast. Covariates are accepted and not
    used.

    Args:
        error: "add", "mul" or "auto": both (mul for a positive series only) are fitted and the form of
            smaller AICc is kept.
        trend: None, "add" or "mul".
        damped: damp the trend by phi, estimated between 0.8 and 0.98; not used without a trend.
        seasonal: None, "add", "mul" or "auto": of the same kind as the error, and none when the season is 1
            or the history shorter than two seasons.
        season: time steps in one season; None = from the frequency of the index.
        horizon: steps that `predict()` returns.
        n_jobs: number of joblib jobs that fit series in parallel; None = 1 or as set by `joblib.parallel_config`.

    Attributes:
        form_: error, trend and season chosen, e.g. "mul,add,mul", shape (S, O).
        smoothing_: alpha, beta, gamma and phi, shape (S, O, 4).
        initial_: level, slope and the m seasons before the first row, in order of time, shape (S, O, 2 + m).

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

    uses_covariates: ClassVar[bool] = False

    error: str = "auto"
    trend: str | None = "add"
    damped: bool = True
    seasonal: str | None = "auto"
    season: int | None = None

    def _min_history(self, panel: Panel) -> int:
        """Nine: statsmodels' starting values need ten rows."""
        return 9

    def _fit_series(self, panel: Panel) -> FitSeries:
        check_choice("error", self.error, ("auto", "add", "mul"))
        check_choice("trend", self.trend, (None, "add", "mul"))
        check_choice("seasonal", self.seasonal, ("auto", None, "add", "mul"))
        check_flag("damped", self.damped)
        return self._learner(season_of(self.season, panel))

    def _learner(self, season: int) -> FitSeries:
        forms = partial(candidates, error=self.error, trend=self.trend, seasonal=self.seasonal, season=season)
        return partial(fit_ets, forms=forms, damped=self.damped, season=season)

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        values = np.empty((panel.n_series, horizon, panel.n_targets))
        for series, target, _, y, result in self._smoothed(completed(panel)):
            values[series, :, target] = y[-1] if result is None else result.forecast(horizon)
        return values

    def _fitted(self, panel: Panel) -> np.ndarray:
        values = np.full((len(panel.y), panel.n_targets), np.nan)
        for _, target, rows, y, result in self._smoothed(completed_onward(panel)):
            if result is None:
                values[rows.start + 1 : rows.stop, target] = y[:-1]
            else:
                values[rows, target] = result.fittedvalues
        return values

    def _smoothed(self, panel: Panel) -> Iterator[tuple[int, int, slice, np.ndarray, ETSResults | None]]:
        """Every series with the learned parameters run over its history; None for a constant one."""
        which, season = match_series(self.panel_, panel), self.initial_.shape[2] - 2
        shifts = season_shift(self.panel_, panel, which, season)
        for series, target, rows, y in each_target(panel):
            where, name = (int(which[series]), target), series_name(panel, series)
            learned, shift = {key: getattr(self, key)[where] for key in _LEARNED}, shifts[series]
            if "mul" in learned["form_"] and y.min() <= 0:
                learned, shift = self._learner(season)(y, np.empty((len(y), 0)), None, name), 0
            result = None
            if form := learned["form_"]:
                with alone():
                    result = smooth(y, form, learned["smoothing_"], learned["initial_"], shift)
            yield series, target, rows, y, result


def smooth(y: np.ndarray, form: str, smoothing: np.ndarray, initial: np.ndarray, shift: int) -> ETSResults:
    """The learned parameters of a form run over a series, whose first row is `shift` steps after the learned one."""
    level, slope, *seasons = initial
    start = {
        "initialization_method": "known",
        "initial_level": level,
        "initial_trend": slope,
        "initial_seasonal": np.roll(seasons, -shift),
    }
    damped = bool(smoothing[3] != 1.0)
    model = build(y, form, damped, len(seasons), start)
    used = [True, model.has_trend, model.has_seasonal, damped]
    return model.smooth(smoothing[used])


def fit_ets(
    y: np.ndarray,
    x: np.ndarray,
    weights: np.ndarray | None,
    name: str,
    *,
    forms: Callable[[np.ndarray, str], list[str]],
    damped: bool,
    season: int,
) -> Parameters:
    """Form of smallest AICc, weights and initial states of one series."""
    if np.ptp(y) == 0:
        initial = np.r_[y[0], np.zeros(1 + season)]
        return {"form_": "", "smoothing_": np.array([1.0, 0.0, 0.0, 1.0]), "initial_": initial}
    center, spread = moments(y)
    searches = []
    for form in forms(y, name):
        origin = 0.0 if "mul" in form else center  # a product needs the true zero, a sum does not
        searches.append(max_likelihood(on_grid((y - origin) / spread), form, damped, season, float(origin)))
    found = min(searches, key=lambda search: search.aicc)
    form, origin, unit, result = found.form, found.origin, spread / found.deviation, found.result
    _, trend, seasonal = form.split(",")
    smoothing, initial = np.array([result.alpha, 0.0, 0.0, 1.0]), np.zeros(2 + season)
    initial[0] = origin + unit * result.initial_level
    if trend:
        smoothing[1], smoothing[3] = result.beta, result.phi if damped else 1.0
        initial[1] = result.initial_trend * (unit if trend == "add" else 1.0)
    if seasonal:
        smoothing[2] = result.gamma
        initial[2:] = result.initial_seasonal * (unit if seasonal == "add" else 1.0)
    return {"form_": form, "smoothing_": smoothing, "initial_": initial}


class _Search(NamedTuple):
    """The best fit of a form to a standardised series times `deviation`, and its AICc for deviation 1."""

    aicc: float
    form: str
    origin: float
    deviation: float
    result: ETSResults


def max_likelihood(y: np.ndarray, form: str, damped: bool, season: int, origin: float) -> _Search:
    """The greatest of the maxima found by searches in several units; the first of equal ones."""
    best, found = -np.inf, None
    for deviation in _DEVIATIONS:
        result = fit_form(deviation * y, form, damped, season)
        height = result.llf + len(y) * np.log(deviation)
        if found is None or height > best + 1e-7:
            aicc = result.aicc - 2 * len(y) * np.log(deviation)
            best = height if np.isfinite(height) else -np.inf
            found = _Search(aicc if np.isfinite(aicc) else np.inf, form, origin, deviation, result)
    assert found is not None
    return found


def fit_form(y: np.ndarray, form: str, damped: bool, season: int) -> ETSResults:
    """The fit of one form, "error,trend,season"."""
    heuristic = not form.endswith(",") and season > _ESTIMATED_SEASON
    start = {"initialization_method": "heuristic" if heuristic else "estimated"}
    with alone():
        model = build(y, form, damped, season, start)
        return model.smooth(maximise(model))


def build(y: np.ndarray, form: str, damped: bool, season: int, start: dict[str, Any]) -> ETSModel:
    """statsmodels' model of a form, "error,trend,season", with its arguments for the initial states."""
    error, trend, seasonal = form.split(",")
    return ETSModel(
        y,
        error=error,
        trend=trend or None,
        damped_trend=bool(trend) and damped,
        seasonal=seasonal or None,
        seasonal_periods=season if seasonal else None,
        **start,
    )


def candidates(
    y: np.ndarray, name: str, *, error: str, trend: str | None, seasonal: str | None, season: int
) -> list[str]:
    """Forms to fit, as "error,trend,season"."""
    if "mul" in (error, trend, seasonal):
        check_positive(y, "mul", name)
    positive = bool(y.min() > 0)
    enough = season > 1 and len(y) >= 2 * season
    if seasonal in ("add", "mul") and not enough:
        raise ValueError(
            explain(
                f"season{name}",
                "at least 2, and at most half the rows, for a seasonal model",
                f"{season} with {len(y)} rows",
                "Pass seasonal=None, another season, or a longer history",
            )
        )
    errors = ("add", "mul") if error == "auto" and positive else (error.replace("auto", "add"),)
    if seasonal == "auto":
        kinds = {kind: kind if enough and (positive or kind == "add") else "" for kind in errors}
    else:
        kinds = dict.fromkeys(errors, seasonal or "")
    return [f"{kind},{trend or ''},{kinds[kind]}" for kind in errors]


def check_positive(y: np.ndarray, form: str, name: str) -> None:
    """Refuse values of at most 0 where a part of the form multiplies."""
    if "mul" in form and y.min() <= 0:
        raise ValueError(
            explain(
                f"y{name}",
                "greater than 0 everywhere for a multiplicative error, trend or season",
                f"a smallest value of {y.min():g}",
                'Use "add"',
            )
        )
