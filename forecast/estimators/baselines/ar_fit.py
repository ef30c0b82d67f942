"""Parameters of AR: of one series, of the targets of one series together, and of all series together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from forecast._checks import explain
from forecast.estimators.baselines import order_selection as auto
from forecast.estimators.baselines.delays import Pairs, shared_pairs
from forecast.estimators.baselines.equation import Equation, Form, candidates, fit_equation
from forecast.estimators.baselines.local import Parameters, each_target, map_series, moments
from forecast.estimators.baselines.one_thread import one_thread
from forecast.estimators.baselines.order_selection import standard_part
from forecast.panel import Panel
from forecast.panel.gaps import completed

MOST_VOTES = 200
REACH = 3.0
"""How far from the last value a forecast may lie, in ranges of the series."""


def fit_ar(
    y: np.ndarray, x: np.ndarray, weights: np.ndarray | None, name: str, *, form: Form, bounded: bool
) -> Parameters:
    """Lags and coefficients of one series by least squares on its standardised values."""
    center, unit, x_center = _units(y, x, form)
    past = _past(y, form)
    start = max((*(form.lags or ()), *form.seasonal, *(lag for lag, _ in form.exog or ()), 0))
    if not np.isfinite(auto.lagged(past[:, None], (0, *(form.lags or ())), start)).all(axis=1).any():
        raise ValueError(
            explain(
                f"y{name}",
                "observed on at least one row together with all its lags",
                f"{int(np.isfinite(y).sum())} observed values of {len(y)}",
                "Use fewer lags or fill the missing values",
            )
        )
    known = _known(y, past, weights)
    with one_thread():
        found = fit_equation([((past - center) / unit, x - x_center, known)], form)
    return _in_units(found, y, center, unit, x_center, bounded)


def fit_joint(
    panel: Panel, weights: np.ndarray | None, n_jobs: int | None, *, form: Form, bounded: bool
) -> list[Parameters]:
    """Each target from the lags of all targets, in the order of `map_series`."""
    lags = form.lags or auto.autoregression_lags(panel, seasons=form.seasons)
    exog = shared_pairs(panel, lags, form.seasons) if form.exog is None else form.exog
    width, targets, by_target = panel.n_exog, range(panel.n_targets), []
    every = sorted({*lags, *form.seasonal})
    crossing = [(lag, width + place) for lag in every for place in range(len(targets) - 1)]
    form = replace(form, lags=lags, exog=(*exog, *crossing))
    for target in targets:
        others = [each for each in targets if each != target]
        beside = completed(panel).y[:, others]
        wide = replace(panel, y=panel.y[:, [target]], x=np.hstack([panel.x, beside]))
        fits = map_series(partial(fit_ar, form=form, bounded=bounded), wide, weights, n_jobs)
        by_target.append([_crossed(fit, width, others) for fit in fits])
    return [fits[series] for series in range(panel.n_series) for fits in by_target]


def fit_pooled(panel: Panel, weights: np.ndarray | None, *, form: Form, bounded: bool) -> list[Parameters]:
    """One equation of all series for each target, in the units of each series, or of all where there are covariates."""
    every = list(each_target(panel))
    found: list[Parameters] = []
    for target in range(panel.n_targets):
        rows = [(part, y) for _, which, part, y in every if which == target]
        units = [_units(y, panel.x[part], form) for part, y in rows]
        if panel.n_exog:
            units = [_units(panel.y[:, target].astype(float), panel.x, form)] * len(rows)
        parts = []
        for (part, y), (center, unit, x_center) in zip(rows, units, strict=True):
            past = _past(y, form)
            known = _known(y, past, None if weights is None else weights[part])
            parts.append(((past - center) / unit, panel.x[part] - x_center, known))
        equation = fit_equation(parts, form)
        found += [_in_units(equation, y, *own, bounded) for (_, y), own in zip(rows, units, strict=True)]
    return [found[target * panel.n_series + series] for series, target, _, _ in every]


def _known(y: np.ndarray, past: np.ndarray, weights: np.ndarray | None) -> np.ndarray | None:
    """The weights of the rows (T,) as targets, where gaps of y are filled in `past`."""
    return weights if past is y else auto.target_weights(y, weights)


def _past(y: np.ndarray, form: Form) -> np.ndarray:
    """The target (T,) of a series as a regressor."""
    if np.isfinite(y).all():
        return y
    lags = candidates([(y, y[:, None], None)], form) if form.lags is None else form.lags
    reach = max((*lags, *form.seasonal, 0)) + (form.difference is not False)
    return auto.past_of(y[:, None], form.seasons, reach)[:, 0]


def _units(y: np.ndarray, x: np.ndarray, form: Form) -> tuple[float, float, np.ndarray]:
    """Center and unit of a target, and centers of its covariates."""
    center, unit = moments(y)
    x_center = moments(x)[0] if x.shape[1] else np.zeros(0)
    if "c" not in form.trend:
        center, x_center = 0.0 * center, 0.0 * x_center  # without a constant the origin may not move
    return float(center), float(unit), x_center


def prefers_changes(panel: Panel, seasons: Sequence[int]) -> bool:
    """Whether most series, each by itself, have an equation in differences rather than in levels."""
    form = Form("c", None, (), tuple((0, column) for column in range(panel.n_exog)), seasons=tuple(seasons))
    votes = []
    for series in np.unique(np.linspace(0, panel.n_series - 1, min(panel.n_series, MOST_VOTES)).astype(int)):
        y, x = standard_part(panel, series)
        known = auto.target_weights(panel.y[panel.offsets[series] : panel.offsets[series + 1]], None)
        votes += [fit_equation([(values, x, known)], form).changed for values in y.T]
    return bool(np.mean(votes) > 0.5)


def moments_each(panel: Panel) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation (S, O) of the targets of each series."""
    parts = [
        moments(panel.y[start:stop]) for start, stop in zip(panel.offsets, panel.offsets[1:], strict=False)
    ]
    return np.array([center for center, _ in parts]), np.array([unit for _, unit in parts])


def _in_units(
    found: Equation, y: np.ndarray, center: float, unit: float, x_center: np.ndarray, bounded: bool
) -> Parameters:
    """The equation between the values themselves."""
    trend, exog = found.trend * unit, found.exog * unit
    shift = sum(value * x_center[column] for value, (_, column) in zip(exog, found.pairs, strict=True))
    trend[0] += center * (1 - found.own.sum()) - shift
    return {
        "lags": found.lags,
        "coef_": found.own,
        "pairs": found.pairs,
        "exog_coef_": exog,
        "cross": (),
        "cross_coef_": np.zeros(0),
        "trend_coef_": trend,
        "center_": np.float64(center),
        "unit_": np.float64(unit),
        "exog_center_": x_center,
        "bound_": REACH * float(np.nanmax(y) - np.nanmin(y)) if bounded else np.inf,
    }


def _crossed(fit: Parameters, width: int, others: Sequence[int]) -> Parameters:
    """The same fit with the targets among its covariates, those from `width` on, by their own numbers."""
    given = list(zip(fit["pairs"], fit["exog_coef_"], strict=True))
    exog = [(pair, value) for pair, value in given if pair[1] < width]
    cross = [((lag, others[column - width]), value) for (lag, column), value in given if column >= width]
    return {
        **fit,
        "pairs": tuple(pair for pair, _ in exog),
        "exog_coef_": np.array([value for _, value in exog]),
        "cross": tuple(pair for pair, _ in cross),
        "cross_coef_": np.array([value for _, value in cross]),
        "exog_center_": fit["exog_center_"][:width],
    }


def side_by_side(
    pairs: Sequence[Pairs], coefficients: Sequence[np.ndarray], lags: np.ndarray, width: int
) -> np.ndarray:
    """Coefficients (equations, lags * width) of several equations, lag-major, zero for a pair that one lacks."""
    values = np.zeros((len(pairs), len(lags), width))
    for row, own, given in zip(values, pairs, coefficients, strict=True):
        for (lag, column), value in zip(own, given, strict=True):
            row[np.searchsorted(lags, lag), column] = value
    return values.reshape(len(pairs), len(lags) * width)


def all_lags(pairs: Sequence[Pairs]) -> np.ndarray:
    """Every lag of several equations, sorted."""
    return np.array(sorted({lag for own in pairs for lag, _ in own}), dtype=np.int64)
