"""Any scikit-learn regressor as a forecaster on lagged values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LinearRegression
from sklearn.utils.validation import has_fit_parameter

from forecast._checks import check_auto, check_choice, check_lags, check_season, explain
from forecast.estimators.base import Forecaster, State
from forecast.estimators.baselines.ar_fit import moments_each, prefers_changes
from forecast.estimators.baselines.local import moments
from forecast.estimators.baselines.order_selection import autoregression_lags, seasons_of
from forecast.estimators.validation import learned
from forecast.panel import Panel
from forecast.panel.gaps import completed, completed_onward, counted, learned_from
from forecast.windows import history_end, lag_table, shift


@dataclass(kw_only=True, eq=False, repr=False)
class LagRegressor(Forecaster):
    """A scikit-learn regressor on the lag table, one for all series and one per target column.

        y_t = f(y_{t-k}, k in lags; x_{t-l}, l in exog_lags) + noise_t

    With `difference` y and x are differences from row to row, and with `scale="series"` y is in units of each series.
    `strategy` says how several steps are forecast from y_0, y_{-1}, ..., all series at once, h = 1, ..., H:

        recursive   y_h = f(y_{h-k}; x_{h-l})
        direct      y_h = f_h(y_{1-k}; x_{h-l})
        dirrec      y_h = f_h(y_{h-1}, ..., y_1, y_{1-k}; x_{h-l})

    where forecasts stand for y_1, ..., y_{h-1}. Rows whose lags reach back before the start
    of a series are left out of the fit, as are those with a missing target, or with a missing lag as long as at least
    half of the rows remain; otherwise, and in forecasts, gaps are filled (`forecast.panel.gaps.filled`). Least squares
    are solved in standardised columns, so the units of series and
    covariates do not matter; a regressor that penalises its coefficients sees the units as they are.

    Args:
        estimator: the regressor f, cloned before fitting; None = LinearRegression. With a penalty, standardise
            the columns first: make_pipeline(StandardScaler(), Ridge()).
        lags: "auto" (see `autoregression_lags`), an int n for lags 1..n, or a list.
        exog_lags: lags of the covariates, 0 = current value; an int n for 0..n, or a list.
        season: time steps in one season, or a list of them, for automatic lags; "auto" or None = from the
            frequency of the index, 1 = none.
        scale: "series" standardises the values that f sees by the mean and deviation of each series in `fit`,
            differences by their deviation alone; a new series has its own. None leaves them alone. "auto" is "series"
            with lags="auto" and several series, else None.
        difference: whether f sees differences; "auto" = with lags="auto" chosen as by `AR`, for all series together,
            else False.
        strategy: "recursive" = one regressor, fed its own results; "direct" = one for each of `horizon` steps; "dirrec"
            = the same, each of which also sees the steps before its own. Steps beyond `horizon` are forecast in blocks
            of as many, each from the one before.
        horizon: steps that `predict()` returns.

    Attributes:
        lags_: the lags used; difference_: whether they are of differences.
        center_, unit_: what is subtracted from the values of each series, and their unit, shapes (S, O).
        regressors_: the fitted regressors, one per target column, for each step one after another.

    Raises:
        ValueError, TypeError: an argument or the data cannot be used. `save` is refused, because a fitted
            regressor cannot be stored without pickle: use joblib for files you trust.

    References:
        Bontempi, G., Ben Taieb, S. and Le Borgne, Y. (2013). Machine learning strategies for time series
        forecasting. Lecture Notes in Business Information Processing 138, 62-77.
        Sorjamaa, A. and Lendasse, A. (2006). Time series prediction using DirRec strategy. ESANN.

    Example:
        >>> import numpy as np
        >>> LagRegressor(lags=2).fit(np.arange(12.0)).predict(3).round(6)
        array([12., 13., 14.])
    """

    estimator: Any = None
    lags: int | Sequence[int] | str = "auto"
    exog_lags: int | Sequence[int] = 0
    season: int | Sequence[int] | str | None = "auto"
    scale: str | None = "auto"
    difference: bool | str = "auto"
    strategy: str = "recursive"

    def _min_history(self, panel: Panel) -> int:
        """The longest lag, and one more row for differences; in `fit` also the steps before the last one."""
        if learned(self):
            return max(*self.lags_, *self._exog(panel), 0) + self.difference_
        given = (1,) if self._auto() else check_lags("lags", self.lags)
        return max(max(given) + self._steps() - 1, *self._exog(panel)) + (self.difference is True)

    def _first_lags(self) -> np.ndarray:
        return np.full(self.panel_.n_exog, float(min(self._exog(self.panel_))))

    def _check_options(self) -> None:
        super()._check_options()
        check_season(self.season)
        check_choice("scale", self.scale, ("auto", "series", None))
        if not isinstance(self.difference, bool):
            check_choice("difference", self.difference, ("auto", True, False))
        check_choice("strategy", self.strategy, ("recursive", "direct", "dirrec"))

    def _steps(self) -> int:
        """Steps that have a regressor of their own."""
        return 1 if self.strategy == "recursive" else self.horizon

    def _lags_of(self, step: int) -> tuple[int, ...]:
        """Lags, counted from the target, that the regressor of a step sees; the first step is 0."""
        between = range(1, step + 1) if self.strategy == "dirrec" else ()
        return (*between, *(lag + step for lag in self.lags_))

    def _auto(self) -> bool:
        if isinstance(self.lags, str):
            check_auto("lags", self.lags)
            return True
        return False

    def _exog(self, panel: Panel) -> tuple[int, ...]:
        return check_lags("exog_lags", self.exog_lags, minimum=0) if panel.n_exog else (0,)

    def _fit(self, panel: Panel, sample_weight: np.ndarray | None) -> None:
        exog, automatic, given = self._exog(panel), self._auto(), panel
        self.difference_ = self.difference is True
        if automatic:
            seasons = seasons_of(self.season, panel, told=True)
            if self.difference == "auto":
                self.difference_ = prefers_changes(panel, seasons)
            pairs = [(lag, column) for lag in exog for column in range(panel.n_exog)]
            found = autoregression_lags(panel, pairs=pairs, seasons=seasons)
            self.lags_ = tuple(lag for lag in found if not self.difference_ or lag + 1 in found) or (1,)
        else:
            self.lags_ = check_lags("lags", self.lags)
        reach = max(self.lags_) + self._steps() - 1 + self.difference_
        panel = replace(panel, y=learned_from(panel.y, panel.offsets, panel.seasons, reach))
        scaled = self.scale == "series" or (self.scale == "auto" and automatic and panel.n_series > 1)
        self.center_, self.unit_ = self._own_units(panel) if scaled else _no_units(panel)
        self._set_history(panel, sample_weight)
        seen, counts, self.regressors_ = self._seen(panel), counted(given.y), []
        for step in range(self._steps()):
            table = lag_table(seen, seen.y, self._lags_of(step), exog)
            every = np.isfinite(table).all(axis=1)[:, None] & counts
            rows = every.any(axis=1)
            weights = None if sample_weight is None else sample_weight[rows]
            table = table[rows]  # the longer one is let go: each is larger than the data
            self.regressors_ += self._fit_step(table, seen.y[rows], every[rows], weights)

    def _fit_step(
        self, table: np.ndarray, y: np.ndarray, known: np.ndarray, weights: np.ndarray | None
    ) -> list[Any]:
        """A regressor for each target column of y, from the rows where it is known; the table may be changed.

        A regressor may scale its table in place, as weighted least squares do: only the last one gets the table itself.
        """
        plain = LinearRegression(copy_X=False) if self.estimator is None else self.estimator
        scaled = type(plain) is LinearRegression and plain.fit_intercept
        units = standardise(table) if scaled else None
        fitted = []
        for target, which in enumerate(known.T):
            last = target == len(known.T) - 1
            some = slice(None) if last and which.all() else which  # a mask copies
            given = table[some], y[some, target], None if weights is None else weights[some]
            fitted.append(
                self._fit_one(*given) if units is None else least_squares(clone(plain), *given, *units)
            )
        return fitted

    def _own_units(self, panel: Panel) -> tuple[np.ndarray, np.ndarray]:
        """Center and unit (S, O) of the values, or of the differences, of each series."""
        center, unit = moments_each(changes(panel) if self.difference_ else panel)
        return (0.0 * center if self.difference_ else center), unit

    def _units(self, panel: Panel) -> tuple[np.ndarray, np.ndarray]:
        """The units of `fit`; a series that was not there has its own."""
        if (self.unit_ == 1).all() and not self.center_.any():
            return _no_units(panel)
        which = self.panel_.ids.get_indexer(panel.ids)
        new, own = (which < 0)[:, None], self._own_units(panel)
        return np.where(new, own[0], self.center_[which]), np.where(new, own[1], self.unit_[which])

    def _seen(self, panel: Panel) -> Panel:
        """The values that the regressor sees."""
        panel, (center, unit) = (changes(panel) if self.difference_ else panel), self._units(panel)
        y = (panel.y - np.repeat(center, panel.lengths, axis=0)) / np.repeat(unit, panel.lengths, axis=0)
        return replace(panel, y=y)

    def _fit_one(self, table: np.ndarray, target: np.ndarray, weights: np.ndarray | None) -> Any:
        if not hasattr(self.estimator, "predict"):
            allowed, remedy = "a scikit-learn regressor or None", "Pass for example estimator=Ridge()"
            raise TypeError(explain("estimator", allowed, repr(self.estimator), remedy))
        regressor = clone(self.estimator)
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

    def _apply(self, table: np.ndarray, step: int = 0) -> np.ndarray:
        """Values (rows, O) of the regressors of a step on rows of its lag table."""
        targets = self.center_.shape[1]
        regressors = self.regressors_[step * targets : (step + 1) * targets]
        return np.column_stack([regressor.predict(table) for regressor in regressors])

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        panel = completed(panel)
        exog, seen = self._exog(panel), self._seen(panel)
        reach, back = max(self.lags_), max(exog)
        if self.difference_:
            future_x = np.diff(future_x, axis=1, prepend=panel.x[panel.offsets[1:] - 1][:, None])
        record = np.concatenate([history_end(seen.x, panel, back), future_x], axis=1)  # (S, back + H, E)
        path = np.zeros((panel.n_series, reach + horizon, panel.n_targets))
        path[:, :reach] = history_end(seen.y, panel, reach)
        steps = len(self.regressors_) // panel.n_targets  # as in `fit`, whatever `horizon` is set to since
        for step in range(horizon):
            own = step % steps
            past = [path[:, reach + step - lag] for lag in self._lags_of(own)]
            given = [record[:, back + step - lag] for lag in exog]
            path[:, reach + step] = self._apply(np.hstack(past + given), own)
        center, unit = self._units(panel)
        ahead = path[:, reach:] * unit[:, None] + center[:, None]
        if self.difference_:
            ahead = panel.y[panel.offsets[1:] - 1][:, None] + np.cumsum(ahead, axis=1)
        return np.asarray(ahead)

    def _fitted(self, panel: Panel) -> np.ndarray:
        panel = completed_onward(panel)
        seen = self._seen(panel)
        table = lag_table(seen, seen.y, self.lags_, self._exog(panel))
        known = np.isfinite(table).all(axis=1)
        values = np.full((len(table), panel.n_targets), np.nan)
        values[known] = self._apply(table[known])
        center, unit = (np.repeat(part, panel.lengths, axis=0) for part in self._units(panel))
        values = values * unit + center
        return values + shift(panel.y, panel, 1) if self.difference_ else values

    def _state(self) -> State:
        raise ValueError(
            explain(
                "LagRegressor.save",
                "called on a model without foreign objects",
                f"a fitted {type(self.regressors_[0]).__name__}",
                "Use joblib.dump for files you trust",
            )
        )


def _no_units(panel: Panel) -> tuple[np.ndarray, np.ndarray]:
    shape = (panel.n_series, panel.n_targets)
    return np.zeros(shape), np.ones(shape)


def changes(panel: Panel) -> Panel:
    """The panel of differences from row to row, NaN in the first row of each series."""
    return replace(panel, y=panel.y - shift(panel.y, panel, 1), x=panel.x - shift(panel.x, panel, 1))


def standardise(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Center and unit of each column, which is standardised in its place: a table may be larger than the data."""
    center, unit = moments(table)
    table -= center
    table /= unit
    return center, unit


def least_squares(
    regressor: LinearRegression,
    table: np.ndarray,
    target: np.ndarray,
    weights: np.ndarray | None,
    center: np.ndarray,
    unit: np.ndarray,
) -> LinearRegression:
    """`regressor` fitted on a standardised table, its coefficients in the unit of the data.

    On the columns themselves, LAPACK would take one in small units for linearly dependent.
    """
    level, spread = moments(target)
    regressor.fit(table, (target - level) / spread, sample_weight=weights)
    regressor.coef_ = regressor.coef_ * spread / unit
    regressor.intercept_ = level + spread * regressor.intercept_ - regressor.coef_ @ center
    return regressor
