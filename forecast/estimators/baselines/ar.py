"""Linear autoregression with trend, seasonal lags and covariates: the row every report shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from forecast._checks import check_auto, check_choice, check_count, check_lags, explain
from forecast.estimators.base import Forecaster
from forecast.estimators.baselines import order_selection as auto
from forecast.estimators.baselines.local import each_target, match_series
from forecast.estimators.validation import learned, series_name
from forecast.panel import Panel
from forecast.windows import history_end, position_of_rows, series_of_rows, shift


@dataclass(kw_only=True, eq=False, repr=False)
class AR(Forecaster):
    """Autoregression fitted by least squares, one model per series and target column.

        y_t = c + d t + sum_k phi_k y_{t-k} + sum_e sum_l beta_{e,l} x_{e,t-l} + noise_t

    c and d belong to `trend`; k runs over `lags` and the seasonal lags m, 2 m, ..., `seasonal_lags` * m with
    m = `season`; l runs over `exog_lags`; t is 1 in the first row of a series. The coefficients are those of
    statsmodels' AutoReg and ARDL; collinear regressors get the solution of smallest norm. Forecasts repeat
    the equation on their own results. A missing target is left out of the fit and, as a lag, replaced by its
    own one-step forecast. `sample_weight` multiplies the squared error of the row it belongs to.

    Args:
        lags: "auto" (order chosen for each series by `ic`), an int n for lags 1..n, or a list of lags.
        max_lags: highest order tried by "auto"; None = the larger of 10 log10(rows) and one season,
            at most a third of the rows.
        ic: "bic", "aic" or "hqic".
        trend: "n" none, "c" constant, "t" linear without constant, "ct" both.
        seasonal_lags: number of lags at whole seasons.
        season: time steps in one season; None = from the frequency of the index.
        exog_lags: lags of the covariates, 0 = current value; an int n for 0..n, or a list.
        horizon: steps that `predict()` returns.

    Attributes:
        lags_: all lags with a coefficient, shape (P,).
        coef_: coefficients of the lags, shape (S, O, P), zero for a lag the series does not use.
        exog_coef_: coefficients of the covariates, shape (S, O, E * lags), lag-major.
        trend_coef_: c and d, shape (S, O, 2).
        order_: order chosen, shape (S, O).

    Raises:
        ValueError, TypeError: an argument or the data cannot be used.

    References:
        Lütkepohl, H. (2005). New Introduction to Multiple Time Series Analysis. Springer.

    Example:
        >>> import numpy as np
        >>> y = 0.5 ** np.arange(12)
        >>> AR(lags=1, trend="n").fit(y).predict(2) / y[-1]
        array([0.5 , 0.25])
    """

    handles_missing: ClassVar[bool] = True

    lags: int | Sequence[int] | str = "auto"
    max_lags: int | None = None
    ic: str = "bic"
    trend: str = "c"
    seasonal_lags: int = 0
    season: int | None = None
    exog_lags: int | Sequence[int] = 0

    def min_history(self, panel: Panel) -> int:
        """Rows before the first one that can be forecast from its own past."""
        own = list(learned(self).get("lags_", ())) or list(self._lags() or ())
        return max([*own, *self._seasonal(panel), *self._exog(panel), 0])

    def _fit(self, panel: Panel, sample_weight: np.ndarray | None) -> None:
        check_choice("trend", self.trend, auto.TRENDS)
        check_choice("ic", self.ic, auto.CRITERIA)
        shape = (panel.n_series, panel.n_targets)
        found = {}
        for series, target, rows, y in each_target(panel):
            weights = None if sample_weight is None else sample_weight[rows]
            found[series, target] = self._fit_one(panel, series, y, panel.x[rows], weights)
        self.lags_ = np.array(sorted({lag for lags, _ in found.values() for lag in lags}), dtype=np.int64)
        self.order_ = np.array([max(lags, default=0) for lags, _ in found.values()]).reshape(shape)
        self.coef_ = np.zeros((*shape, len(self.lags_)))
        self.exog_coef_ = np.zeros((*shape, panel.n_exog * len(self._exog(panel))))
        self.trend_coef_ = np.zeros((*shape, 2))
        for where, (lags, coefficients) in found.items():
            split = (2, 2 + self.exog_coef_.shape[2])
            self.trend_coef_[where], self.exog_coef_[where], own = np.split(coefficients, split)
            self.coef_[where][np.searchsorted(self.lags_, lags)] = own

    def _fit_one(
        self, panel: Panel, series: int, y: np.ndarray, x: np.ndarray, weights: np.ndarray | None
    ) -> tuple[tuple[int, ...], np.ndarray]:
        """Lags and coefficients [trend (2), covariates, lags] of one series and target."""
        seasonal, exog = self._seasonal(panel), self._exog(panel)
        given = self._lags()
        if given is None:
            order = self._choose(y, x, panel.season_length, seasonal, exog, weights)
            given = tuple(range(1, order + 1))
        lags = tuple(sorted({*given, *seasonal}))
        design, goal, weights = self._design(y, x, lags, exog, weights, max((*lags, *exog, 0)))
        if not (np.isfinite(design).all(axis=1) & np.isfinite(goal)).any():
            raise ValueError(
                explain(
                    f"y{series_name(panel, series)}",
                    "observed on at least one row together with all its lags",
                    f"{int(np.isfinite(y).sum())} observed values of {len(y)}",
                    "Use fewer lags or fill the missing values",
                )
            )
        return lags, auto.least_squares(design, goal, weights)

    def _choose(
        self,
        y: np.ndarray,
        x: np.ndarray,
        season: int,
        seasonal: tuple[int, ...],
        exog: tuple[int, ...],
        weights: np.ndarray | None,
    ) -> int:
        """Order of one series by the criterion, every order on the same rows."""
        fixed = len(self.trend.replace("n", "")) + x.shape[1] * len(exog) + len(seasonal)
        limit = auto.largest_order(len(y), fixed, season)
        if self.max_lags is not None:
            limit = min(check_count("max_lags", self.max_lags), max(len(y) - fixed - 2, 0))
        extra = [lag for lag in range(1, limit + 1) if lag not in seasonal]
        start = max((limit, *seasonal, *exog))
        design, goal, weights = self._design(y, x, (*seasonal, *extra), exog, weights, start)
        used = np.r_["c" in self.trend, "t" in self.trend, np.ones(design.shape[1] - 2, dtype=bool)]
        whole = np.isfinite(design).all(axis=1) & np.isfinite(goal)
        if limit == 0 or whole.sum() <= fixed + 1:
            return 0
        root = np.ones(whole.sum()) if weights is None else np.sqrt(weights[whole])
        block = np.column_stack([design[whole][:, used], goal[whole]]) * root[:, None]
        ends = [fixed + sum(lag <= order for lag in extra) for order in range(limit + 1)]
        return auto.nested_order(auto.triangular(block), ends, 1, len(block), self.ic)

    def _design(
        self,
        y: np.ndarray,
        x: np.ndarray,
        lags: Sequence[int],
        exog: Sequence[int],
        weights: np.ndarray | None,
        start: int,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Regressors, target and weights of the rows from `start` on."""
        trends = auto.trend_columns(self.trend, np.arange(start + 1, len(y) + 1, dtype=float))
        design = np.hstack([trends, auto.lagged(x, exog, start), auto.lagged(y[:, None], lags, start)])
        return design, y[start:], None if weights is None else weights[start:]

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        which = match_series(self.panel_, panel)
        reach = int(max(self.lags_, default=0))
        past = history_end(self._completed(panel, which), panel, reach)
        path = np.concatenate([past, self._known(panel, which, future_x)], axis=1)  # (S, L + H, O)
        coefficients = self.coef_[which]  # (S, O, P)
        for step in range(reach, reach + horizon):
            path[:, step] += np.einsum("sop,spo->so", coefficients, path[:, step - self.lags_])
        return path[:, reach:]

    def _known(self, panel: Panel, which: np.ndarray, future_x: np.ndarray) -> np.ndarray:
        """Trend and covariates' part (S, H, O) of the steps after the history."""
        steps = np.arange(1, future_x.shape[1] + 1)
        trends = auto.trend_columns(self.trend, (panel.lengths[:, None] + steps).astype(float))  # (S, H, 2)
        known = np.einsum("sok,shk->sho", self.trend_coef_[which], trends)
        exog = self._exog(panel)
        if panel.n_exog and exog:
            back = max(exog)
            record = np.concatenate([history_end(panel.x, panel, back), future_x], axis=1)
            lagged = [record[:, back - lag : record.shape[1] - lag] for lag in exog]
            known += np.einsum("sok,shk->sho", self.exog_coef_[which], np.concatenate(lagged, axis=2))
        return known

    def _fitted(self, panel: Panel) -> np.ndarray:
        which = match_series(self.panel_, panel)
        return self._one_step(panel, which, self._completed(panel, which))

    def _one_step(self, panel: Panel, which: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Open-loop values (N, O), NaN where a lag with a coefficient lies before the series."""
        series, position = series_of_rows(panel), position_of_rows(panel)
        trends = auto.trend_columns(self.trend, position + 1.0)
        values = np.einsum("nok,nk->no", self.trend_coef_[which][series], trends)
        for column, lag in enumerate(self.lags_):
            values += shift(y, panel, lag, 0.0) * self.coef_[which][series, :, column]
        for column, lag in enumerate(self._exog(panel)):
            block = self.exog_coef_[which][series, :, column * panel.n_exog : (column + 1) * panel.n_exog]
            values += np.einsum("ne,noe->no", shift(panel.x, panel, lag, 0.0), block)
        early = position[:, None] < self.order_[which][series]
        early |= position[:, None] < max(self._exog(panel), default=0)
        return np.where(early, np.nan, values)

    def _completed(self, panel: Panel, which: np.ndarray) -> np.ndarray:
        """The targets, each missing one replaced by its own forecast, in order of time."""
        if np.isfinite(panel.y).all():
            return panel.y
        y = panel.y.astype(float)
        exog = self._exog(panel)
        for row, target in np.argwhere(np.isnan(y)):
            series = int(np.searchsorted(panel.offsets, row, side="right")) - 1
            start, coefficients = panel.offsets[series], self.coef_[which[series], target]
            position = row - start
            if position < max(self.order_[which[series], target], *exog, 0):
                seen = panel.y[start : panel.offsets[series + 1], target]
                y[row, target] = np.nanmean(seen)
                continue
            lags = np.minimum(self.lags_, position)
            trends = auto.trend_columns(self.trend, np.array(position + 1.0))
            y[row, target] = trends @ self.trend_coef_[which[series], target]
            y[row, target] += coefficients @ y[row - lags, target]
            covariates = np.concatenate([panel.x[row - lag] for lag in exog]) if exog else np.empty(0)
            y[row, target] += covariates @ self.exog_coef_[which[series], target]
        return y

    def _lags(self) -> tuple[int, ...] | None:
        if isinstance(self.lags, str):
            check_auto("lags", self.lags)
            return None
        return check_lags("lags", self.lags)

    def _exog(self, panel: Panel) -> tuple[int, ...]:
        return check_lags("exog_lags", self.exog_lags, minimum=0) if panel.n_exog else ()

    def _seasonal(self, panel: Panel) -> tuple[int, ...]:
        count = check_count("seasonal_lags", self.seasonal_lags, minimum=0)
        if count == 0:
            return ()
        season = panel.season_length if self.season is None else check_count("season", self.season)
        if season < 2:
            raise ValueError(
                explain(
                    "season",
                    "a whole number of at least 2 when seasonal_lags are asked for",
                    f"{self.season!r}, and the index has no seasonal frequency",
                    "Pass season=12 for monthly data",
                )
            )
        return tuple(season * k for k in range(1, count + 1))
