"""Linear autoregression with trend, seasonal lags and covariates: the row every report shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, NamedTuple

import numpy as np

from forecast._checks import check_auto, check_choice, check_count, check_lags, explain
from forecast.estimators.baselines import order_selection as auto
from forecast.estimators.baselines.local import (
    FitSeries,
    LocalForecaster,
    Parameters,
    joined,
    map_series,
    match_series,
    moments,
)
from forecast.estimators.validation import learned
from forecast.panel import Panel
from forecast.windows import history_end, position_of_rows, series_of_rows, shift


@dataclass(kw_only=True, eq=False, repr=False)
class AR(LocalForecaster):
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
        n_jobs: jobs of joblib that fit series side by side; None = 1 or as `joblib.parallel_config` says.

    Attributes:
        lags_: all lags with a coefficient, shape (P,).
        coef_: coefficients of the lags, shape (S, O, P), zero for a lag the series does not use.
        exog_coef_: coefficients of the covariates, shape (S, O, E * lags), lag-major.
        trend_coef_: c and d, shape (S, O, 2).
        order_: order chosen, shape (S, O).
        center_, exog_center_: means of the history, shapes (S, O) and (S, O, E), which least squares and forecasts
            subtract first; zero without a constant.

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

    def _fit_series(self, panel: Panel) -> FitSeries:
        check_choice("trend", self.trend, auto.TRENDS)
        check_choice("ic", self.ic, auto.CRITERIA)
        limit = None if self.max_lags is None else check_count("max_lags", self.max_lags)
        form = Form(self.trend, self._lags(), self._seasonal(panel), self._exog(panel))
        return partial(fit_ar, form=form, limit=limit, ic=self.ic, season=panel.season_length)

    def _fit(self, panel: Panel, sample_weight: np.ndarray | None) -> None:
        found = map_series(self._fit_series(panel), panel, sample_weight, self.n_jobs)
        shape = (panel.n_series, panel.n_targets)
        self.lags_ = np.array(sorted({lag for fit in found for lag in fit["lags"]}), dtype=np.int64)
        coefficients = np.zeros((len(found), len(self.lags_)))
        for row, fit in zip(coefficients, found, strict=True):
            row[np.searchsorted(self.lags_, fit["lags"])] = fit["coef_"]
        self.coef_ = coefficients.reshape(*shape, -1)
        self.order_ = np.array([max(fit["lags"], default=0) for fit in found]).reshape(shape)
        for name in ("exog_coef_", "trend_coef_", "center_", "exog_center_"):
            setattr(self, name, joined([fit[name] for fit in found], panel))

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        model = self._centred(panel)
        reach = int(max(self.lags_, default=0))
        past = history_end(self._completed(model), panel, reach)
        path = np.concatenate([past, self._known(model, future_x)], axis=1)  # (S, L + H, O)
        for step in range(reach, reach + horizon):
            path[:, step] += np.einsum("sop,spo->so", model.coef, path[:, step - self.lags_])
        return path[:, reach:] + model.center[:, None]

    def _fitted(self, panel: Panel) -> np.ndarray:
        model = self._centred(panel)
        return self._one_step(model, self._completed(model)) + np.repeat(model.center, panel.lengths, axis=0)

    def _centred(self, panel: Panel) -> _Centred:
        """The panel less the centers of the history, and the same equation between the rests.

        Far from zero, the equation between the values themselves would lose the digits that differ.
        """
        which = match_series(self.panel_, panel)
        center, exog_center = self.center_[which], self.exog_center_[which, 0]  # (S, O), (S, E)
        coef, exog_coef, trend_coef = (
            self.coef_[which],
            self.exog_coef_[which],
            self.trend_coef_[which].copy(),
        )
        given = np.tile(exog_center, len(self._exog(panel)))  # (S, E * lags)
        trend_coef[..., 0] += np.einsum("sok,sk->so", exog_coef, given) - center * (1 - coef.sum(axis=2))
        rest = replace(
            panel,
            y=panel.y - np.repeat(center, panel.lengths, axis=0),
            x=panel.x - np.repeat(exog_center, panel.lengths, axis=0),
        )
        return _Centred(rest, center, exog_center, coef, exog_coef, trend_coef, self.order_[which])

    def _known(self, model: _Centred, future_x: np.ndarray) -> np.ndarray:
        """Share (S, H, O) of trend and covariates in the steps after the history."""
        panel = model.panel
        steps = np.arange(1, future_x.shape[1] + 1)
        trends = auto.trend_columns(self.trend, (panel.lengths[:, None] + steps).astype(float))  # (S, H, 2)
        known = np.einsum("sok,shk->sho", model.trend_coef, trends)
        exog = self._exog(panel)
        if panel.n_exog and exog:
            back, rest = max(exog), future_x - model.exog_center[:, None]
            record = np.concatenate([history_end(panel.x, panel, back), rest], axis=1)
            lagged = [record[:, back - lag : record.shape[1] - lag] for lag in exog]
            known += np.einsum("sok,shk->sho", model.exog_coef, np.concatenate(lagged, axis=2))
        return known

    def _one_step(self, model: _Centred, y: np.ndarray) -> np.ndarray:
        """Open-loop values (N, O), NaN where a lag with a coefficient lies before the series."""
        panel = model.panel
        series, position = series_of_rows(panel), position_of_rows(panel)
        trends = auto.trend_columns(self.trend, position + 1.0)
        values = np.einsum("nok,nk->no", model.trend_coef[series], trends)
        for column, lag in enumerate(self.lags_):
            values += shift(y, panel, lag, 0.0) * model.coef[series, :, column]
        for column, lag in enumerate(self._exog(panel)):
            block = model.exog_coef[series, :, column * panel.n_exog : (column + 1) * panel.n_exog]
            values += np.einsum("ne,noe->no", shift(panel.x, panel, lag, 0.0), block)
        early = position[:, None] < model.order[series]
        early |= position[:, None] < max(self._exog(panel), default=0)
        return np.where(early, np.nan, values)

    def _completed(self, model: _Centred) -> np.ndarray:
        """The targets, each missing one replaced by its own forecast, in order of time."""
        panel = model.panel
        y = panel.y.astype(float)
        exog = self._exog(panel)
        for row, target in np.argwhere(np.isnan(y)):
            series = int(np.searchsorted(panel.offsets, row, side="right")) - 1
            start = panel.offsets[series]
            position = row - start
            if position < max(model.order[series, target], *exog, 0):
                y[row, target] = np.nanmean(panel.y[start : panel.offsets[series + 1], target])
                continue
            lags = np.minimum(self.lags_, position)
            trends = auto.trend_columns(self.trend, np.array(position + 1.0))
            covariates = np.concatenate([panel.x[row - lag] for lag in exog]) if exog else np.empty(0)
            y[row, target] = trends @ model.trend_coef[series, target]
            y[row, target] += model.coef[series, target] @ y[row - lags, target]
            y[row, target] += covariates @ model.exog_coef[series, target]
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


class Form(NamedTuple):
    """Regressors of an equation: trend, lags (None = chosen by a criterion), seasonal lags, covariates' lags."""

    trend: str
    lags: tuple[int, ...] | None
    seasonal: tuple[int, ...]
    exog: tuple[int, ...]

    def design(self, y: np.ndarray, x: np.ndarray, lags: Sequence[int], start: int) -> np.ndarray:
        """Regressors [trend (2), covariates, lags] of the rows from `start` on."""
        trends = auto.trend_columns(self.trend, np.arange(start + 1, len(y) + 1, dtype=float))
        return np.hstack([trends, auto.lagged(x, self.exog, start), auto.lagged(y[:, None], lags, start)])


class _Centred(NamedTuple):
    """A panel less the centers of its series, and the coefficients of each of them."""

    panel: Panel
    center: np.ndarray
    exog_center: np.ndarray
    coef: np.ndarray
    exog_coef: np.ndarray
    trend_coef: np.ndarray
    order: np.ndarray


def fit_ar(
    y: np.ndarray,
    x: np.ndarray,
    weights: np.ndarray | None,
    name: str,
    *,
    form: Form,
    limit: int | None,
    ic: str,
    season: int,
) -> Parameters:
    """Lags and coefficients of one series by least squares on its standardised values."""
    (center, unit), (x_center, _) = moments(y), moments(x)
    if "c" not in form.trend:
        center, x_center = 0.0 * center, 0.0 * x_center  # no constant could follow a shift
    scaled, rest = (y - center) / unit, x - x_center
    given = form.lags
    if given is None:
        given = tuple(range(1, choose_order(scaled, rest, weights, form, limit, ic, season) + 1))
    lags = tuple(sorted({*given, *form.seasonal}))
    start = max((*lags, *form.exog, 0))
    design, goal = form.design(scaled, rest, lags, start), scaled[start:]
    if not (np.isfinite(design).all(axis=1) & np.isfinite(goal)).any():
        raise ValueError(
            explain(
                f"y{name}",
                "observed on at least one row together with all its lags",
                f"{int(np.isfinite(y).sum())} observed values of {len(y)}",
                "Use fewer lags or fill the missing values",
            )
        )
    found = auto.least_squares(design, goal, None if weights is None else weights[start:])
    trend, exog, own = np.split(found, (2, 2 + x.shape[1] * len(form.exog)))
    trend, exog = trend * unit, exog * unit
    trend[0] += center * (1 - own.sum()) - exog @ np.tile(x_center, len(form.exog))
    return {
        "lags": lags,
        "coef_": own,
        "exog_coef_": exog,
        "trend_coef_": trend,
        "center_": center,
        "exog_center_": x_center,
    }


def choose_order(
    y: np.ndarray,
    x: np.ndarray,
    weights: np.ndarray | None,
    form: Form,
    limit: int | None,
    ic: str,
    season: int,
) -> int:
    """Order of one series by the criterion, every order on the same rows."""
    fixed = len(form.trend.replace("n", "")) + x.shape[1] * len(form.exog) + len(form.seasonal)
    if limit is None:
        limit = auto.largest_order(len(y), fixed, season)
    else:
        limit = min(limit, max(len(y) - fixed - 2, 0))
    extra = [lag for lag in range(1, limit + 1) if lag not in form.seasonal]
    start = max((limit, *form.seasonal, *form.exog))
    design, goal = form.design(y, x, (*form.seasonal, *extra), start), y[start:]
    used = np.r_["c" in form.trend, "t" in form.trend, np.ones(design.shape[1] - 2, dtype=bool)]
    whole = np.isfinite(design).all(axis=1) & np.isfinite(goal)
    if limit == 0 or whole.sum() <= fixed + 1:
        return 0
    root = np.ones(whole.sum()) if weights is None else np.sqrt(weights[start:][whole])
    block = np.column_stack([design[whole][:, used], goal[whole]]) * root[:, None]
    ends = [fixed + sum(lag <= order for lag in extra) for order in range(limit + 1)]
    return auto.nested_order(auto.triangular(block), ends, 1, len(block), ic)
