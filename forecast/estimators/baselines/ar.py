"""Linear autoregression with trend, seasonal lags and covariates: the row every report shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, NamedTuple

import numpy as np

from forecast._checks import check_auto, check_choice, check_count, check_lags, explain
from forecast.estimators.baselines import order_selection as auto
from forecast.estimators.baselines.ar_exported import ar_nodes
from forecast.estimators.baselines.ar_fit import (
    all_lags,
    fit_ar,
    fit_joint,
    fit_pooled,
    moments_each,
    side_by_side,
)
from forecast.estimators.baselines.delays import named_pairs
from forecast.estimators.baselines.equation import Form
from forecast.estimators.baselines.local import LocalForecaster, Parameters, joined, map_series, match_series
from forecast.estimators.export_inputs import Known
from forecast.estimators.validation import learned
from forecast.panel import Panel
from forecast.panel.gaps import completed, continued
from forecast.windows import history_end, shift

ROWS_EACH = 5
"""Rows per lag and target that a vector autoregression needs; with fewer, each target has only its own past."""


@dataclass(kw_only=True, eq=False, repr=False)
class AR(LocalForecaster):
    """Autoregression fitted by least squares, one equation per series and target column.

        y_t = c + d t + sum_k phi_k y_{t-k} + sum_e sum_l beta_{e,l} x_{e,t-l} + noise_t

    c and d belong to `trend`; k runs over `lags` and the seasonal lags m, 2 m, ..., `seasonal_lags` * m with
    m = `season`; l runs over `exog_lags` of column e; t is 1 in the first row of a series. The coefficients are
    those of statsmodels' AutoReg and ARDL; collinear regressors get the solution of smallest norm. Longer forecasts
    feed the equation its own results. A missing target is left out of the fit. As a lag
    it leaves out its row too; where fewer than half of the rows would remain, and in forecasts, it is filled from both
    sides (`forecast.panel.gaps.filled`), and in the open loop replaced by its own one-step forecast. `sample_weight`
    multiplies the squared error of its row.

    With `difference` the equation is one of the differences y_t - y_{t-1}, x_t - x_{t-1}, and c is a drift, shrunk to
    c t^2 / (1 + t^2) with its t statistic. `coef_` are those of the same equation in levels: one more lag, and their
    sum is 1. "auto" keeps levels where `ic` is lower by at least 8 than in differences and the largest root of the
    equation is at most 1 + 1 / rows; with covariates or a trend line the root alone decides. With `lags="auto"` no
    forecast lies further from the last value than 3 times the range of the series in `fit` (times steps / rows where
    there are more steps than rows).

    With `joint` the equation of a target also has the `lags` of all other targets: a vector autoregression. "auto"
    means that for given lags, as in the networks, with at least 5 rows per lag and target; with `lags="auto"` each
    target has only its own past, which forecast better on exchange rates, stock indices and influenza counts. With
    `pooled` all series share one equation in levels, of series standardised by their own mean and deviation or, with
    covariates, in the units of the data, as suits experiments on one system; it also forecasts new series.

    Args:
        lags: "auto" (order chosen for each series by `ic`), an int n for lags 1..n, or a list of lags.
        max_lags: highest order tried by "auto"; None = the larger of 10 log10(rows) and one season and a step, at
            most a third of the rows, and without a season at most the larger of rows^2 / 1000 and 2; with several
            seasons the lags around each of them come right after lag 1 (`tried_lags`).
        ic: "aicc", "bic", "aic" or "hqic".
        trend: "n" none, "c" constant, "t" linear without constant, "ct" both.
        seasonal_lags: number of lags at multiples of the season, the shortest of several.
        season: time steps in one season, or a list of them; "auto" or None = from the frequency of the index,
            1 = none.
        exog_lags: lags of the covariates, 0 = current value; an int n for 0..n, a list, a dict of these by
            column, or "auto": those that the data show (see `find_pairs`), dead times of up to a third of the rows
            included, and the current value where there are none.
        difference: whether the equation is one of differences; "auto" = chosen with `lags="auto"`, else False.
        joint: whether a target depends on the past of all targets.
        pooled: whether all series share one equation.
        horizon: steps that `predict()` returns.
        n_jobs: number of joblib jobs that fit series in parallel; None = 1 or as set by `joblib.parallel_config`.

    Attributes:
        lags_: all lags with a coefficient, shape (P,).
        coef_: coefficients of the lags, shape (S, O, P), zero for a lag the series does not use.
        cross_coef_: coefficients of the other targets, shape (S, O, P * O), lag-major; (S, O, 0) unless joint.
        exog_lags_: all lags of covariates with a coefficient, shape (K,).
        exog_coef_: coefficients of the covariates, shape (S, O, K * E), lag-major.
        trend_coef_: c and d, shape (S, O, 2).
        order_: longest lag, shape (S, O).
        bound_: how far a forecast may lie from the last value, shape (S, O); infinite with given lags.
        unit_: deviations of the history, shape (S, O).
        center_, exog_center_: means of the history, shapes (S, O) and (S, O, E), which least squares and forecasts
            subtract first; zero without a constant.

    Raises:
        ValueError, TypeError: an argument or the data cannot be used.

    References:
        Burnham, K. P. and Anderson, D. R. (2004). Multimodel inference. Sociological Methods & Research 33(2),
        261-304.
        Hurvich, C. M. and Tsai, C.-L. (1989). Regression and time series model selection in small samples.
        Biometrika 76(2), 297-307.
        Lütkepohl, H. (2005). New Introduction to Multiple Time Series Analysis. Springer.

    Example:
        >>> import numpy as np
        >>> y = 0.5 ** np.arange(12)
        >>> AR(lags=1, trend="n").fit(y).predict(2) / y[-1]
        array([0.5 , 0.25])
    """

    _fills: ClassVar[bool] = False

    lags: int | Sequence[int] | str = "auto"
    max_lags: int | None = None
    ic: str = "aicc"
    trend: str = "c"
    seasonal_lags: int = 0
    season: int | Sequence[int] | str | None = "auto"
    exog_lags: int | Sequence[int] | dict[Any, int | Sequence[int]] | str = "auto"
    difference: bool | str = "auto"
    joint: bool | str = "auto"
    pooled: bool = False

    def _min_history(self, panel: Panel) -> int:
        """Rows before the first one that can be forecast from its own past, in the shortest series."""
        if learned(self):
            reach = self._reach()[self._match(panel)].max(axis=1)
            return int(reach[np.argmin(panel.lengths)])
        exog = [lag for lag, _ in named_pairs(self.exog_lags, panel) or ()]
        return max([*(self._lags() or ()), *self._seasonal(panel), *exog, 0])

    def _check_options(self) -> None:
        super()._check_options()
        check_choice("trend", self.trend, auto.TRENDS)
        check_choice("ic", self.ic, auto.CRITERIA)
        for name in ("difference", "joint"):
            if not isinstance(getattr(self, name), bool):
                check_choice(name, getattr(self, name), ("auto", True, False))

    def _form(self, panel: Panel) -> Form:
        return Form(
            trend=self.trend,
            lags=self._lags(),
            seasonal=self._seasonal(panel),
            exog=named_pairs(self.exog_lags, panel),
            limit=None if self.max_lags is None else check_count("max_lags", self.max_lags),
            ic=self.ic,
            seasons=auto.seasons_of(self.season, panel, told=isinstance(self.lags, str)),
            difference=self.difference,
            calendar=panel.layout.n_calendar,
        )

    def _fit(self, panel: Panel, sample_weight: np.ndarray | None) -> None:
        form, bounded = self._form(panel), isinstance(self.lags, str)
        joint = panel.n_targets > 1 and (self._bears(panel) if self.joint == "auto" else bool(self.joint))
        if joint and self.pooled:
            remedy = "Pass joint=False, or pooled=False"
            raise ValueError(explain("pooled", "False where a target depends on all targets", True, remedy))
        if joint:
            found = fit_joint(panel, sample_weight, self.n_jobs, form=form, bounded=bounded)
        elif self.pooled:
            found = fit_pooled(panel, sample_weight, form=form, bounded=bounded)
        else:
            found = map_series(partial(fit_ar, form=form, bounded=bounded), panel, sample_weight, self.n_jobs)
        self._keep(panel, found, panel.n_targets if joint else 0)

    def _bears(self, panel: Panel) -> bool:
        """Whether lags are given, and the history has enough rows for those of all targets."""
        lags = self._lags()
        return (
            lags is not None
            and int(panel.lengths.min()) - max(lags) >= ROWS_EACH * len(lags) * panel.n_targets
        )

    def _keep(self, panel: Panel, found: list[Parameters], crossed: int) -> None:
        """The fits of all series as arrays."""
        shape = (panel.n_series, panel.n_targets)
        own, exog, cross = (
            [tuple((lag, 0) for lag in fit["lags"]) for fit in found],
            [fit["pairs"] for fit in found],
            [fit["cross"] for fit in found],
        )
        self.lags_, self.exog_lags_ = all_lags([*own, *cross]), all_lags(exog)
        for name, pairs, lags, width in (
            ("coef_", own, self.lags_, 1),
            ("exog_coef_", exog, self.exog_lags_, panel.n_exog),
            ("cross_coef_", cross, self.lags_, crossed),
        ):
            values = side_by_side(pairs, [fit[name] for fit in found], lags, width)
            setattr(self, name, values.reshape(*shape, values.shape[1]))
        self.order_ = np.array([max(fit["lags"], default=0) for fit in found]).reshape(shape)
        for name in ("trend_coef_", "center_", "unit_", "exog_center_", "bound_"):
            setattr(self, name, joined([fit[name] for fit in found], panel))

    def _match(self, panel: Panel) -> np.ndarray:
        """Number (S,) of the equation of each series; a new series of a pooled model has the first one."""
        if not self.pooled:
            return match_series(self.panel_, panel)
        return np.maximum(self.panel_.ids.get_indexer(panel.ids), 0)

    def _first_lags(self) -> np.ndarray:
        coef = self.exog_coef_.reshape(self.order_.size, len(self.exog_lags_), self.panel_.n_exog)
        used = np.where((coef != 0).any(axis=0), self.exog_lags_[:, None], np.inf)  # (lags, E)
        return np.min(used, axis=0, initial=np.inf)

    def _reach(self) -> np.ndarray:
        """Rows (S, O) before the first one that has all of its lags."""
        width = self.exog_center_.shape[2]
        used = self.exog_coef_.reshape(*self.order_.shape, len(self.exog_lags_), width).any(axis=3)
        return np.maximum(self.order_, np.max(used * self.exog_lags_, axis=2, initial=0))

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        model = self._centred(panel)
        reach = int(max(self.lags_, default=1))
        past = history_end(completed(model.panel).y, panel, reach)
        path = np.concatenate([past, self._known(model, future_x)], axis=1)  # (S, L + H, O)
        last, bound = past[:, -1], model.bound[:, None]
        widest = bound * np.maximum(np.arange(1, horizon + 1)[:, None] / panel.lengths[:, None, None], 1.0)
        low, high = last[:, None] - widest, last[:, None] + widest
        for step in range(horizon):
            now = reach + step
            past = path[:, now - self.lags_]
            value = path[:, now] + np.einsum("sop,spo->so", model.coef, past)
            if self.cross_coef_.size:
                value += np.einsum("sopq,spq->so", model.cross, past)
            path[:, now] = np.clip(value, low[:, step], high[:, step])
        return path[:, reach:] + model.center[:, None]

    def _nodes(self, known: Known) -> tuple[str, int]:
        return ar_nodes(self, known)

    def _fitted(self, panel: Panel) -> np.ndarray:
        model = self._centred(panel)
        return self._one_step(model, self._completed(model)) + np.repeat(model.center, panel.lengths, axis=0)

    def _centred(self, panel: Panel) -> _Centred:
        """The panel minus the centers of the history, and the equation of what remains.

        Far from zero, the equation of the values themselves would lose the digits that differ.
        """
        which = self._match(panel)
        center, exog_center = self.center_[which], self.exog_center_[which, 0]  # (S, O), (S, E)
        coef, exog_coef, trend_coef = (
            self.coef_[which],
            self.exog_coef_[which],
            self.trend_coef_[which].copy(),
        )
        cross = self._cross()[which]
        given = np.tile(exog_center, len(self.exog_lags_))  # (S, E * lags)
        trend_coef[..., 0] += np.einsum("sok,sk->so", exog_coef, given) - center * (1 - coef.sum(axis=2))
        trend_coef[..., 0] += np.einsum("sopq,sq->so", cross, center)
        bound, new = self.bound_[which], self.panel_.ids.get_indexer(panel.ids) < 0
        if self.pooled and new.any() and not panel.n_exog:  # in the units of the new series
            own = moments_each(panel)
            times = np.where(new[:, None], own[1] / self.unit_[which], 1.0)
            center = np.where(new[:, None], own[0] if "c" in self.trend else 0.0, center)
            trend_coef, bound = trend_coef * times[..., None], bound * times
        rest = replace(
            panel,
            y=panel.y - _on_rows(center, panel),
            x=panel.x - _on_rows(exog_center, panel),
        )
        reach = self._reach()[which]
        return _Centred(rest, center, exog_center, coef, cross, exog_coef, trend_coef, reach, bound)

    def _cross(self) -> np.ndarray:
        """Coefficients (S, O, P, O) of the other targets, zero unless joint."""
        series, targets, lags = self.coef_.shape
        every = np.zeros((series, targets, lags, targets))
        return self.cross_coef_.reshape(every.shape) if self.cross_coef_.size else every

    def _known(self, model: _Centred, future_x: np.ndarray) -> np.ndarray:
        """Contribution (S, H, O) of trend and covariates to the steps after the history."""
        panel = model.panel
        steps = np.arange(1, future_x.shape[1] + 1)
        trends = auto.trend_columns(self.trend, (panel.lengths[:, None] + steps).astype(float))  # (S, H, 2)
        known = np.einsum("sok,shk->sho", model.trend_coef, trends)
        exog = self.exog_lags_.tolist()
        if panel.n_exog and exog:
            back, rest = max(exog), future_x - model.exog_center[:, None]
            record = np.concatenate([history_end(panel.x, panel, back), rest], axis=1)
            lagged = [record[:, back - lag : record.shape[1] - lag] for lag in exog]
            known += np.einsum("sok,shk->sho", model.exog_coef, np.concatenate(lagged, axis=2))
        return known

    def _one_step(self, model: _Centred, y: np.ndarray) -> np.ndarray:
        """Open-loop values (N, O), NaN where a lag with a coefficient lies before the series."""
        panel = model.panel
        series, position = panel.series_of_rows(), panel.position_of_rows()
        trends = auto.trend_columns(self.trend, position + 1.0)
        values = np.einsum("nok,nk->no", model.trend_coef[series], trends)
        for column, lag in enumerate(self.lags_):
            past = shift(y, panel, lag, 0.0)
            values += past * model.coef[series, :, column]
            if self.cross_coef_.size:
                values += np.einsum("nq,noq->no", past, model.cross[series, :, column])
        for column, lag in enumerate(self.exog_lags_):
            block = model.exog_coef[series, :, column * panel.n_exog : (column + 1) * panel.n_exog]
            values += np.einsum("ne,noe->no", shift(panel.x, panel, lag, 0.0), block)
        return np.where(position[:, None] < model.reach[series], np.nan, values)

    def _completed(self, model: _Centred) -> np.ndarray:
        """The targets, a missing one replaced by its own forecast, in order of time, an early one by the last value."""
        panel = model.panel
        y, exog = continued(panel.y.astype(float), panel.offsets), self.exog_lags_.tolist()
        for row, target in np.argwhere(np.isnan(panel.y)):
            series = int(np.searchsorted(panel.offsets, row, side="right")) - 1
            start = panel.offsets[series]
            position = row - start
            if position < model.reach[series, target]:
                continue
            lags = np.minimum(self.lags_, position)
            trends = auto.trend_columns(self.trend, np.array(position + 1.0))
            covariates = (
                np.concatenate([panel.x[row - min(lag, position)] for lag in exog]) if exog else np.empty(0)
            )
            y[row, target] = trends @ model.trend_coef[series, target]
            y[row, target] += model.coef[series, target] @ y[row - lags, target]
            y[row, target] += covariates @ model.exog_coef[series, target]
            y[row, target] += np.sum(model.cross[series, target] * np.nan_to_num(y[row - lags]))
        return y

    def _lags(self) -> tuple[int, ...] | None:
        if isinstance(self.lags, str):
            check_auto("lags", self.lags)
            return None
        return check_lags("lags", self.lags)

    def _seasonal(self, panel: Panel) -> tuple[int, ...]:
        count = check_count("seasonal_lags", self.seasonal_lags, minimum=0)
        if count == 0:
            return ()
        season = next(iter(auto.seasons_of(self.season, panel)), 1)
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


def _on_rows(values: np.ndarray, panel: Panel) -> np.ndarray:
    """Values (S, K) of the series on their rows (N, K); of a single series (1, K), which is no copy."""
    return values if len(values) == 1 else np.repeat(values, panel.lengths, axis=0)


class _Centred(NamedTuple):
    """A panel minus the centers of its series, and the coefficients of each of them."""

    panel: Panel
    center: np.ndarray
    exog_center: np.ndarray
    coef: np.ndarray
    cross: np.ndarray
    exog_coef: np.ndarray
    trend_coef: np.ndarray
    reach: np.ndarray
    bound: np.ndarray
