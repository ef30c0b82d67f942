"""Any scikit-learn regressor as a forecaster on lagged values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LinearRegression
from sklearn.utils.validation import has_fit_parameter

from forecast._checks import check_auto, check_lags, explain
from forecast.estimators.base import Forecaster, State
from forecast.estimators.baselines.local import moments
from forecast.estimators.baselines.order_selection import autoregression_order
from forecast.estimators.validation import learned
from forecast.panel import Panel
from forecast.windows import history_end, lag_table


@dataclass(kw_only=True, eq=False, repr=False)
class LagRegressor(Forecaster):
    """A scikit-learn regressor on the lag table, one for all series and one per target column.

        y_t = f(y_{t-k}, k in lags; x_{t-l}, l in exog_lags) + noise_t

    Forecasts beyond one step feed f its own results, all series at once. Rows whose target or lags lie before
    the series are not learned from. Least squares are solved in standardised columns, so the units of series and
    covariates do not matter; a regressor that penalises its coefficients sees the units as they are.

    Args:
        estimator: the regressor f, cloned before fitting; None = LinearRegression. With a penalty, standardise
            the columns first: make_pipeline(StandardScaler(), Ridge()).
        lags: "auto" (see `autoregression_order`), an int n for lags 1..n, or a list.
        exog_lags: lags of the covariates, 0 = current value; an int n for 0..n, or a list.
        horizon: steps that `predict()` returns.

    Attributes:
        lags_: the lags used.
        regressors_: the fitted regressors, one per target column.

    Raises:
        ValueError, TypeError: an argument or the data cannot be used. `save` is refused, because a fitted
            regressor has no form without pickle: use joblib for files you trust.

    References:
        Bontempi, G., Ben Taieb, S. and Le Borgne, Y. (2013). Machine learning strategies for time series
        forecasting. Lecture Notes in Business Information Processing 138, 62-77.

    Example:
        >>> import numpy as np
        >>> LagRegressor(lags=2).fit(np.arange(12.0)).predict(3).round(6)
        array([12., 13., 14.])
    """

    estimator: Any = None
    lags: int | Sequence[int] | str = "auto"
    exog_lags: int | Sequence[int] = 0

    def min_history(self, panel: Panel) -> int:
        """The longest lag."""
        if learned(self):
            return max(*self.lags_, *self._exog(panel), 0)
        given = (1,) if self._auto() else check_lags("lags", self.lags)
        return max(*given, *self._exog(panel))

    def _auto(self) -> bool:
        if isinstance(self.lags, str):
            check_auto("lags", self.lags)
            return True
        return False

    def _exog(self, panel: Panel) -> tuple[int, ...]:
        return check_lags("exog_lags", self.exog_lags, minimum=0) if panel.n_exog else (0,)

    def _fit(self, panel: Panel, sample_weight: np.ndarray | None) -> None:
        exog = self._exog(panel)
        if self._auto():
            lags = tuple(range(1, autoregression_order(panel) + 1))
        else:
            lags = check_lags("lags", self.lags)
        table = lag_table(panel, panel.y, lags, exog)
        known = np.isfinite(table).all(axis=1)
        weights = None if sample_weight is None else sample_weight[known]
        self.regressors_ = [
            self._fit_one(table[known], panel.y[known, target], weights) for target in range(panel.n_targets)
        ]
        self.lags_ = lags

    def _fit_one(self, table: np.ndarray, target: np.ndarray, weights: np.ndarray | None) -> Any:
        if self.estimator is not None and not hasattr(self.estimator, "predict"):
            allowed, remedy = "a scikit-learn regressor or None", "Pass for example estimator=Ridge()"
            raise TypeError(explain("estimator", allowed, repr(self.estimator), remedy))
        regressor = LinearRegression() if self.estimator is None else clone(self.estimator)
        if type(regressor) is LinearRegression and regressor.fit_intercept:
            return least_squares(regressor, table, target, weights)
        if weights is None:
            return regressor.fit(table, target)
        if not has_fit_parameter(regressor, "sample_weight"):
            raise ValueError(
                explain(
                    "sample_weight",
                    "None for a regressor whose fit has no sample_weight",
                    f"weights, with estimator={regressor!r}",
                    "Leave them out or choose another estimator",
                )
            )
        return regressor.fit(table, target, sample_weight=weights)

    def _apply(self, table: np.ndarray) -> np.ndarray:
        """Values (rows, O) of all regressors on rows of the lag table."""
        return np.column_stack([regressor.predict(table) for regressor in self.regressors_])

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        exog = self._exog(panel)
        reach, back = max(self.lags_), max(exog)
        record = np.concatenate([history_end(panel.x, panel, back), future_x], axis=1)  # (S, back + H, E)
        path = np.zeros((panel.n_series, reach + horizon, panel.n_targets))
        path[:, :reach] = history_end(panel.y, panel, reach)
        for step in range(horizon):
            past = [path[:, reach + step - lag] for lag in self.lags_]
            given = [record[:, back + step - lag] for lag in exog]
            path[:, reach + step] = self._apply(np.hstack(past + given))
        return path[:, reach:]

    def _fitted(self, panel: Panel) -> np.ndarray:
        table = lag_table(panel, panel.y, self.lags_, self._exog(panel))
        known = np.isfinite(table).all(axis=1)
        values = np.full((len(table), panel.n_targets), np.nan)
        values[known] = self._apply(table[known])
        return values

    def _state(self) -> State:
        raise ValueError(
            explain(
                "LagRegressor.save",
                "called on a model without foreign objects",
                f"a fitted {type(self.regressors_[0]).__name__}",
                "Use joblib.dump for files you trust",
            )
        )


def least_squares(
    regressor: LinearRegression, table: np.ndarray, target: np.ndarray, weights: np.ndarray | None
) -> LinearRegression:
    """`regressor` fitted on standardised columns, its coefficients in the unit of the data.

    On the columns themselves, LAPACK would take one in small units for a sum of the others.
    """
    (center, unit), (level, spread) = moments(table), moments(target)
    regressor.fit((table - center) / unit, (target - level) / spread, sample_weight=weights)
    regressor.coef_ = regressor.coef_ * spread / unit
    regressor.intercept_ = level + spread * regressor.intercept_ - regressor.coef_ @ center
    return regressor
