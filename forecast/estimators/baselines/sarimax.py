"""Seasonal ARIMA with covariates, by statsmodels' state space form."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from statsmodels.tsa.statespace.sarimax import SARIMAX as Model

from forecast._checks import check_choice, check_count, explain
from forecast.estimators.baselines.alone import alone
from forecast.estimators.baselines.local import (
    FitSeries,
    LocalForecaster,
    Parameters,
    each_target,
    match_series,
    moments,
    on_grid,
    season_of,
)
from forecast.estimators.unweighted import Unweighted
from forecast.estimators.validation import series_name
from forecast.panel import Panel


@dataclass(kw_only=True, eq=False, repr=False)
class SARIMAX(LocalForecaster, Unweighted):
    """Seasonal ARIMA with covariates, one model per series and target column.

        phi(L) Phi(L^m) (1 - L)^d (1 - L^m)^D (y_t - beta' x_t) = A(t) + theta(L) Theta(L^m) e_t

    L shifts by one step; phi, theta have the degrees p, q of `order` = (p, d, q); Phi, Theta the degrees P, Q
    of `seasonal_order` = (P, D, Q) with m = `season`; A(t) is `trend`; beta multiplies the current
    covariates. Parameters maximise the likelihood of the Kalman filter, in which a missing target is simply
    not observed; series and covariates are standardised and rounded to 2^-30 first, so their units do not matter. A
    covariate that is constant in the history has no weight beside a constant or differences. A constant series is
    forecast by its constant.

    Args:
        order: (p, d, q), each at least 0.
        seasonal_order: (P, D, Q), each at least 0.
        season: m; None = from the frequency of the index; used only with a seasonal order.
        trend: "n", "c", "t" or "ct"; None = "c" without differencing, "n" with it.
        max_iter: most iterations of the optimiser.
        horizon: steps that `predict()` returns.
        n_jobs: number of joblib jobs that fit series in parallel; None = 1 or as set by `joblib.parallel_config`.

    Attributes:
        params_: parameters in statsmodels' order and the unit of the data, shape (S, O, K), NaN for a constant
            series.
        origin_, scale_: what is subtracted from a series after the effect of its covariates, and what the rest
            is divided by, before it is filtered, shape (S, O).
        converged_: whether the optimiser ended before `max_iter`, shape (S, O).
        iterations_, n_iter_: iterations used, shape (S, O), and the largest number of them.

    Raises:
        ValueError, TypeError: an argument or the data cannot be used.

    References:
        Box, G. E. P. and Jenkins, G. M. (1970). Time Series Analysis: Forecasting and Control. Holden-Day.
        Durbin, J. and Koopman, S. J. (2012). Time Series Analysis by State Space Methods. Oxford.

    Example:
        >>> import numpy as np
        >>> y = np.arange(24.0) + np.tile([0.0, 0.1], 12)
        >>> SARIMAX(order=(0, 1, 0), trend="c").fit(y).predict(2).round(1)
        array([24.1, 25.1])
    """

    _fills: ClassVar[bool] = False

    order: Sequence[int] = (1, 1, 1)
    seasonal_order: Sequence[int] = (0, 0, 0)
    season: int | None = None
    trend: str | None = None
    max_iter: int = 200

    def _min_history(self, panel: Panel) -> int:
        """Rows lost to differencing and to the longest lag."""
        (p, d, q), (seasonal_p, seasonal_d, seasonal_q, m) = self._orders(panel)
        return d + seasonal_d * m + max(p + seasonal_p * m, q + seasonal_q * m)

    def _orders(self, panel: Panel) -> tuple[tuple[int, ...], tuple[int, ...]]:
        order = _degrees("order", self.order, "(p, d, q)")
        seasonal = _degrees("seasonal_order", self.seasonal_order, "(P, D, Q)")
        if not any(seasonal):
            return order, (0, 0, 0, 0)
        season = season_of(self.season, panel)
        if season < 2:
            raise ValueError(
                explain(
                    "season",
                    "a whole number of at least 2 with a seasonal_order",
                    f"{self.season!r}, and the index has no seasonal frequency",
                    "Pass season=12 for monthly data",
                )
            )
        return order, (*seasonal, season)

    def _form(self, panel: Panel) -> Form:
        check_choice("trend", self.trend, (None, "n", "c", "t", "ct"))
        order, seasonal_order = self._orders(panel)
        differenced = order[1] + seasonal_order[1] > 0
        return Form(order, seasonal_order, self.trend or ("n" if differenced else "c"))

    def _fit_series(self, panel: Panel) -> FitSeries:
        max_iter = check_count("max_iter", self.max_iter)
        return partial(fit_sarimax, form=self._form(panel), max_iter=max_iter)

    def _fit(self, panel: Panel, sample_weight: np.ndarray | None) -> None:
        super()._fit(panel, sample_weight)
        self.n_iter_ = int(self.iterations_.max())
        unsure = np.argwhere(~self.converged_)
        if len(unsure):
            warnings.warn(
                f"SARIMAX: the likelihood of {len(unsure)} of {self.converged_.size} series (first "
                f"y{series_name(panel, unsure[0, 0])}) was still rising after {self.n_iter_} iterations. Raise "
                "max_iter or lower the order.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _filtered(self, panel: Panel) -> Iterator[tuple[int, int, slice, np.ndarray, _Run | None]]:
        """Every series with the learned parameters run over its history; None for a constant one."""
        which, form = match_series(self.panel_, panel), self._form(panel)
        for series, target, rows, y in each_target(panel):
            where = (int(which[series]), target)
            run = None
            if np.isfinite(self.params_[where]).all():
                run = _Run(form, self.params_[where], self.origin_[where], self.scale_[where], panel.n_exog)
                run.over(y, panel.x[rows])
            yield series, target, rows, y, run

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        values = np.empty((panel.n_series, horizon, panel.n_targets))
        for series, target, _, y, run in self._filtered(panel):
            if run is None:
                values[series, :, target] = y[np.isfinite(y)][-1]
            else:
                values[series, :, target] = run.user(run.result.forecast(horizon), future_x[series])
        return values

    def _fitted(self, panel: Panel) -> np.ndarray:
        values = np.full((len(panel.y), panel.n_targets), np.nan)
        for _, target, rows, y, run in self._filtered(panel):
            if run is None:
                values[rows.start + 1 : rows.stop, target] = np.nanmean(y)
                continue
            burn = int(run.result.loglikelihood_burn)
            values[rows, target] = run.user(run.result.fittedvalues, panel.x[rows])
            values[rows.start : rows.start + burn, target] = np.nan
        return values


class Form(NamedTuple):
    """Orders (p, d, q) and (P, D, Q, m), and trend."""

    order: tuple[int, ...]
    seasonal_order: tuple[int, ...]
    trend: str

    @property
    def differenced(self) -> bool:
        """Whether the level of the series is differenced away."""
        return self.order[1] + self.seasonal_order[1] > 0

    @property
    def n_trend(self) -> int:
        """Parameters of the trend, the constant first."""
        return len(self.trend.replace("n", ""))

    def n_params(self, n_exog: int) -> int:
        """Parameters with those of the covariates and the variance."""
        (p, _, q), (seasonal_p, _, seasonal_q, _) = self.order, self.seasonal_order
        return self.n_trend + n_exog + p + q + seasonal_p + seasonal_q + 1

    def build(self, y: np.ndarray, x: np.ndarray | None = None) -> Model:
        """statsmodels' model of a series."""
        return Model(y, exog=x, order=self.order, seasonal_order=self.seasonal_order, trend=self.trend)

    def moved(self, params: np.ndarray, origin: float, scale: float, n_exog: int) -> np.ndarray:
        """Parameters (n_params,) of origin + scale * y from those of y; covariates' coefficients scale along."""
        (p, _, q), (seasonal_p, *_) = self.order, self.seasonal_order
        moved, first = params.copy(), self.n_trend + n_exog
        moved[:first] *= scale
        moved[-1] *= scale**2
        if "c" in self.trend and not self.differenced:
            own, seasonal = params[first : first + p], params[first + p + q : first + p + q + seasonal_p]
            moved[0] += origin * (1 - own.sum()) * (1 - seasonal.sum())
        return moved


def fit_sarimax(
    y: np.ndarray, x: np.ndarray, weights: np.ndarray | None, name: str, *, form: Form, max_iter: int
) -> Parameters:
    """Parameters of one series in its own unit, from a maximum of the likelihood of the standardised series."""
    origin, scale = moments(y)
    x_origin, x_scale = moments(x)
    params = np.full(form.n_params(x.shape[1]), np.nan)
    found = {"params_": params, "origin_": origin, "scale_": scale, "iterations_": 1, "converged_": True}
    if np.nanmax(y) == np.nanmin(y):
        return found
    used = np.ones(x.shape[1], dtype=bool)
    if form.differenced or "c" in form.trend:
        used = np.ptp(x, axis=0) > 0  # a constant covariate is part of the level
    else:
        origin, x_origin = 0.0 * origin, 0.0 * x_origin  # the model has no level that could follow a shift
    scaled_x = on_grid((x - x_origin) / x_scale).compress(used, axis=1) if used.any() else None
    with alone():
        model = form.build(on_grid((y - origin) / scale), scaled_x)
        result = model.fit(disp=False, maxiter=max_iter, cov_type="none")
        converged = result.mle_retvals.get("warnflag") != 1  # 1: stopped by max_iter
        learned = polished(model, result.params) if converged else result.params
    first = form.n_trend
    last = first + int(used.sum())
    weights_x = np.zeros(x.shape[1])
    weights_x[used] = learned[first:last]
    params[:] = np.concatenate([learned[:first], weights_x, learned[last:]])
    params[first : first + len(used)] /= x_scale
    origin = origin - scale * params[first : first + len(used)] @ x_origin
    return found | {
        "params_": form.moved(params, float(origin), float(scale), len(used)),
        "origin_": origin,
        "iterations_": int(result.mle_retvals.get("iterations", 1)),
        "converged_": converged,
    }


def polished(model: Model, params: np.ndarray) -> np.ndarray:
    """A few Newton steps to the root of the score: the optimiser stops where its gain is only rounding."""
    # statsmodels' score of two and more lags is the gradient times a Jacobian that should be transposed: its
    # root is that of the gradient, yet its own Jacobian is not symmetric.
    score = partial(model.score, transformed=False)
    start = free = np.asarray(model.untransform_params(params), dtype=float)
    jacobian, last = None, np.inf
    for _ in range(20):
        if jacobian is None:
            steps = 1e-5 * np.eye(len(free))
            jacobian = np.column_stack([(score(free + step) - score(free - step)) / 2e-5 for step in steps])
        move = np.linalg.lstsq(jacobian, -score(free), rcond=1e-10)[0]
        length = np.abs(move).max()
        if not length < 0.1:  # no maximum nearby
            return params
        free = free + move
        if length < 1e-9:
            break
        if length > 0.1 * last:  # too far from where the Jacobian was taken
            jacobian = None
        last = length
    if model.loglike(free, transformed=False) < model.loglike(start, transformed=False) - 1e-9:
        return params  # a saddle
    return np.asarray(model.transform_params(free), dtype=float)


class _Run:
    """The Kalman filter over a standardised history without the effect of its covariates."""

    def __init__(self, form: Form, params: np.ndarray, origin: float, scale: float, n_exog: int) -> None:
        self.form, self.origin, self.scale = form, origin, scale
        own = form.moved(params, -origin / scale, 1 / scale, n_exog)
        place = slice(form.n_trend, form.n_trend + n_exog)
        self.weights, self.params = params[place], np.delete(own, place)

    def over(self, y: np.ndarray, x: np.ndarray) -> None:
        scaled = (y - x @ self.weights - self.origin) / self.scale
        with alone():
            self.result: Any = self.form.build(scaled).filter(self.params, cov_type="none")

    def user(self, values: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Values (T,) of the standardised series in the unit of the data, with covariates (T, E)."""
        in_user_unit: np.ndarray = self.origin + self.scale * values + x @ self.weights
        return in_user_unit


def _degrees(name: str, value: Sequence[int], form: str) -> tuple[int, ...]:
    degrees = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else ()
    if len(degrees) != 3:
        raise ValueError(
            explain(name, f"three whole numbers {form}", value, f"Pass for example {name}=(1, 0, 0)")
        )
    return tuple(check_count(name, degree, minimum=0) for degree in degrees)
