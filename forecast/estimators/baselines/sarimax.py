"""Seasonal ARIMA with covariates, by statsmodels' state space form."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from statsmodels.tsa.statespace.sarimax import SARIMAX as Model

from forecast._checks import check_choice, check_count, explain
from forecast.estimators.base import Unweighted
from forecast.estimators.baselines.local import each_target, match_series, quiet, season_of, stacked
from forecast.estimators.validation import series_name
from forecast.panel import Panel


@dataclass(kw_only=True, eq=False, repr=False)
class SARIMAX(Unweighted):
    """Seasonal ARIMA with covariates, one model per series and target column.

        phi(L) Phi(L^m) (1 - L)^d (1 - L^m)^D (y_t - beta' x_t) = A(t) + theta(L) Theta(L^m) e_t

    L shifts by one step; phi, theta have the degrees p, q of `order` = (p, d, q); Phi, Theta the degrees P, Q
    of `seasonal_order` = (P, D, Q) with m = `season`; A(t) is `trend`; beta multiplies the current
    covariates. Parameters maximise the likelihood of the Kalman filter, in which a missing target is simply
    not observed. A constant series is forecast by its constant.

    Args:
        order: (p, d, q), each at least 0.
        seasonal_order: (P, D, Q), each at least 0.
        season: m; None = from the frequency of the index; used with a seasonal order only.
        trend: "n", "c", "t" or "ct"; None = "c" without differencing, "n" with it.
        max_iter: most iterations of the optimiser.
        horizon: steps that `predict()` returns.

    Attributes:
        params_: parameters in statsmodels' order, shape (S, O, K), NaN for a constant series.
        n_iter_: largest number of iterations used.

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

    handles_missing: ClassVar[bool] = True

    order: Sequence[int] = (1, 1, 1)
    seasonal_order: Sequence[int] = (0, 0, 0)
    season: int | None = None
    trend: str | None = None
    max_iter: int = 200

    def min_history(self, panel: Panel) -> int:
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

    def _fit(self, panel: Panel, sample_weight: np.ndarray | None) -> None:
        check_choice("trend", self.trend, (None, "n", "c", "t", "ct"))
        self.orders_ = np.array([*self._orders(panel)[0], *self._orders(panel)[1]])
        found, iterations, unsure = [], [1], []
        for series, _, rows, y in each_target(panel):
            if np.nanmax(y) == np.nanmin(y):
                found.append(np.empty(0))
                continue
            with quiet():
                model = self._model(y, panel.x[rows])
                result = model.fit(
                    disp=False, maxiter=check_count("max_iter", self.max_iter), cov_type="none"
                )
            found.append(np.asarray(result.params, dtype=float))
            iterations.append(int(result.mle_retvals.get("iterations", 1)))
            if result.mle_retvals.get("warnflag") == 1:  # stopped by max_iter
                unsure.append(f"y{series_name(panel, series)}")
        self.params_ = stacked(found, (panel.n_series, panel.n_targets))
        self.n_iter_ = max(iterations)
        if unsure:
            warnings.warn(
                f"SARIMAX: the likelihood of {len(unsure)} of {len(found)} series (first {unsure[0]}) was "
                f"still rising after {self.n_iter_} iterations. Raise max_iter, lower the order or rescale "
                "the series.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _model(self, y: np.ndarray, x: np.ndarray) -> Model:
        order, seasonal = tuple(self.orders_[:3].tolist()), tuple(self.orders_[3:].tolist())
        trend = ("n" if order[1] + seasonal[1] else "c") if self.trend is None else self.trend
        exog = np.asarray(x, dtype=float) if x.shape[1] else None
        return Model(y, exog=exog, order=order, seasonal_order=seasonal, trend=trend)

    def _filtered(self, panel: Panel) -> Iterator[tuple[int, int, slice, np.ndarray, Any]]:
        """Every series with the stored parameters run over its history."""
        which = match_series(self.panel_, panel)
        for series, target, rows, y in each_target(panel):
            params = self.params_[which[series], target]
            params = params[np.isfinite(params)]
            if not params.size:
                yield series, target, rows, y, None
                continue
            with quiet():
                result = self._model(y, panel.x[rows]).filter(params, cov_type="none")
            yield series, target, rows, y, result

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        values = np.empty((panel.n_series, horizon, panel.n_targets))
        for series, target, _, y, result in self._filtered(panel):
            if result is None:
                values[series, :, target] = y[np.isfinite(y)][-1]
                continue
            exog = np.asarray(future_x[series], dtype=float) if panel.n_exog else None
            with quiet():
                values[series, :, target] = result.forecast(horizon, exog=exog)
        return values

    def _fitted(self, panel: Panel) -> np.ndarray:
        values = np.full((len(panel.y), panel.n_targets), np.nan)
        for _, target, rows, y, result in self._filtered(panel):
            if result is None:
                values[rows.start + 1 : rows.stop, target] = np.nanmean(y)
                continue
            burn = int(result.loglikelihood_burn)
            values[rows.start + burn : rows.stop, target] = result.fittedvalues[burn:]
        return values


def _degrees(name: str, value: Sequence[int], form: str) -> tuple[int, ...]:
    degrees = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else ()
    if len(degrees) != 3:
        raise ValueError(
            explain(name, f"three whole numbers {form}", value, f"Pass for example {name}=(1, 0, 0)")
        )
    return tuple(check_count(name, degree, minimum=0) for degree in degrees)
