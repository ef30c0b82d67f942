"""One autoregressive equation by least squares: which lags, and whether in levels or in differences.

Parts are series or experiments that share the equation: (y, x, weights) with y (T,), x (T, E), weights (T,) or None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecast.estimators.baselines import order_selection as auto
from forecast.estimators.baselines.delays import Pairs, find_pairs

MARGIN = 8.0
"""Levels are kept where their criterion is this far below that of differences (Burnham and Anderson 2004)."""


@dataclass(frozen=True)
class Form:
    """The form of an equation.

    Args:
        trend: "n", "c", "t" or "ct".
        lags: lags of the target, or None: chosen by the criterion.
        seasonal: lags that are always included.
        exog: (lag, column) of the covariates that are regressors, or None: found in the data.
        limit: highest order tried, None = by the rows and the seasons.
        ic: name of the criterion.
        seasons: steps in each season.
        difference: True for an equation in differences, False in levels, "auto" by the criterion.
        calendar: number of the last covariates that are features of the calendar.
    """

    trend: str
    lags: tuple[int, ...] | None
    seasonal: tuple[int, ...]
    exog: Pairs | None
    limit: int | None = None
    ic: str = "aicc"
    seasons: tuple[int, ...] = ()
    difference: bool | str = "auto"
    calendar: int = 0


@dataclass(frozen=True, eq=False)
class Equation:
    """y_t = trend + sum_l own_l y_{t-l} + sum_{l,e} exog_{l,e} x_{e,t-l}, in levels.

    Args:
        lags, own: lags of the target and their coefficients, both (P,).
        pairs, exog: (lag, column) of the covariates and their coefficients, both (K,).
        trend: constant and slope, (2,).
        changed: whether it was fitted in differences.
    """

    lags: tuple[int, ...]
    own: np.ndarray
    pairs: Pairs
    exog: np.ndarray
    trend: np.ndarray
    changed: bool = False


def fit_equation(parts: Sequence[auto.Part], form: Form) -> Equation:
    """The equation of all parts; the alternatives of a form are compared on the same rows."""
    if form.exog is None:
        without_weights, lags = [part[:2] for part in parts], first_lags(parts, form)
        form = replace(form, exog=find_pairs(without_weights, lags, form.seasons, form.calendar))
    if form.lags is not None:
        return solve(parts, form, _fixed(form), difference=form.difference is True)
    every = candidates(parts, form)
    values = None if form.difference is True else choose(parts, form, every, difference=False)
    if values is not None and form.difference is False:
        return solve(parts, form, values[0], difference=False)
    changes = choose(parts, form, every, difference=True)
    if values is not None and (form.trend in ("t", "ct") or form.exog or values[1] < changes[1] - MARGIN):
        levels = solve(parts, form, values[0], difference=False)
        if growth(levels) <= 1 + 1 / max(len(y) for y, *_ in parts):
            return levels
    return solve(parts, form, changes[0], difference=True)


def first_lags(parts: Sequence[auto.Part], form: Form) -> tuple[int, ...]:
    """Lags of the target beside which those of the covariates are searched."""
    if form.lags is not None:
        return _fixed(form)
    alone = replace(form, exog=(), difference=False)
    return choose(parts, alone, candidates(parts, alone), difference=False)[0]


def _fixed(form: Form) -> tuple[int, ...]:
    return tuple(sorted({*(form.lags or ()), *form.seasonal}))


def candidates(parts: Sequence[auto.Part], form: Form) -> list[int]:
    """Lags in the order in which they are tried, after those that are always included."""
    rows = max(len(y) for y, *_ in parts)
    fixed = len(form.trend.replace("n", "")) + len(form.exog or ()) + len(form.seasonal)
    if form.limit is None:
        tried = auto.tried_lags(rows, fixed, form.seasons)
    else:
        tried = list(range(1, min(form.limit, max(rows - fixed - 2, 0)) + 1))
    return list(dict.fromkeys([*form.seasonal, *tried]))


def choose(
    parts: Sequence[auto.Part], form: Form, tried: Sequence[int], *, difference: bool
) -> tuple[tuple[int, ...], float]:
    """The leading lags of `tried` with the least criterion, on the rows that have all of them, and its value.

    In differences these are lags of the differences, so one fewer is tried than in levels.
    """
    always, later = len(form.seasonal), form.difference is not False
    start = max((*tried, *(lag + later for lag in (*form.seasonal, *_exog_lags(form))), later))
    lags = [lag for place, lag in enumerate(tried) if place < always or not difference or lag + 1 in tried]
    block, rows = tables(parts, form, lags, start, difference=difference)
    first = block.shape[1] - 1 - len(lags) + always
    if rows <= first + 1:
        return tuple(sorted(form.seasonal)), np.inf
    ends = range(first, first + len(lags) - always + 1)
    total = sum(float(np.nansum(y**2)) for y, *_ in parts)
    values = auto.nested_criteria(auto.triangular(block), ends, 1, rows, form.ic, floor=1e-14 * total)
    best = int(np.argmin(values))
    return tuple(sorted(lags[: always + best])), float(values[best])


def solve(parts: Sequence[auto.Part], form: Form, lags: tuple[int, ...], *, difference: bool) -> Equation:
    """Least squares on the rows that have these lags, as an equation in levels."""
    start = max((*lags, *_exog_lags(form), 0)) + difference
    block, rows = tables(parts, form, lags, start, difference=difference)
    design, goal = block[:, :-1], block[:, -1]
    if difference and not rows:
        return solve(parts, form, lags, difference=False)
    found = auto.least_squares(design, goal)
    given, pairs = trends_of(form, difference), form.exog or ()
    first = sum(given)
    if difference and first:
        found[0] *= reliability(block, rows)
    trend = np.zeros(2)
    trend[given] = found[:first]
    exog, own = np.split(found[first:], [len(pairs)])
    if not difference:
        return Equation(lags, own, pairs, exog, trend)
    taps = _summed({(lag, 0): value for lag, value in zip(lags, own, strict=True)})
    taps[1, 0] = taps.get((1, 0), 0.0) + 1.0
    others = _summed(dict(zip(pairs, exog, strict=True)))
    return Equation(
        tuple(sorted(lag for lag, _ in taps)),
        np.array([taps[tap] for tap in sorted(taps)]),
        tuple(sorted(others)),
        np.array([others[tap] for tap in sorted(others)]),
        trend,
        changed=True,
    )


def tables(
    parts: Sequence[auto.Part], form: Form, lags: Sequence[int], start: int, *, difference: bool
) -> tuple[np.ndarray, int]:
    """[regressors, target] of the rows of all parts, or a triangular factor of them, and the number of rows."""
    blocks, rows = list[np.ndarray](), 0
    for part in parts:
        for before, piece in auto.pieces(part, start):
            found = table(piece, form, lags, start, difference=difference, before=before)
            blocks.append(np.column_stack(found))
            rows += len(blocks[-1])
            if sum(map(len, blocks)) > auto.CHUNK:
                blocks = [auto.triangular(np.vstack(blocks))]
    return np.vstack(blocks), rows


def table(
    part: auto.Part, form: Form, lags: Sequence[int], start: int, *, difference: bool, before: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Regressors [trend, covariates, lags] and target of the complete rows from `start` on, or their differences.

    Rows are multiplied by the square roots of their weights; `before` counts those of the series before the part.
    """
    y, x, weights = part
    if difference:
        y, x = y[1:] - y[:-1], x[1:] - x[:-1]
        start -= 1
    trends = auto.trend_columns(form.trend, before + np.arange(start + 1, len(y) + 1, dtype=float))
    if difference:
        trends[:] = 1.0
    known = None if weights is None else weights[difference:]
    return auto.lag_rows((y, x, known), trends[:, trends_of(form, difference)], form.exog or (), lags, start)


def reliability(block: np.ndarray, rows: int) -> float:
    """t^2 / (1 + t^2) with the t statistic of the first regressor: the factor that shrinks a drift.

    Args:
        block: [regressors, target] of the rows, or a triangular factor of them; rows: their number.
    """
    block = np.column_stack([block[:, 1:-1], block[:, 0], block[:, -1]])
    columns = block.shape[1]
    if rows < columns:
        return 1.0
    factor = auto.triangular(block)
    explained, rest = factor[-2, -1] ** 2, factor[-1, -1] ** 2 / max(rows - columns + 1, 1)
    return float(explained / (explained + rest)) if explained > 0 else 0.0


def growth(equation: Equation) -> float:
    """Largest modulus of the roots of z^p - sum_l own_l z^(p-l): the factor per step of the free solution."""
    if not equation.lags:
        return 0.0
    polynomial = np.zeros(equation.lags[-1] + 1)
    polynomial[0] = 1.0
    polynomial[list(equation.lags)] = -equation.own
    return float(np.abs(np.roots(polynomial)).max(initial=0.0))


def trends_of(form: Form, difference: bool) -> list[bool]:
    """Whether there are a constant and a slope; in differences only a constant, the drift."""
    return [form.trend != "n", False] if difference else ["c" in form.trend, "t" in form.trend]


def _exog_lags(form: Form) -> list[int]:
    return [lag for lag, _ in form.exog or ()]


def _summed(taps: dict[tuple[int, int], float]) -> dict[tuple[int, int], float]:
    """Coefficients by (lag, column) in levels from those in differences: each, and its negative one lag later."""
    found: dict[tuple[int, int], float] = {}
    for (lag, column), value in taps.items():
        found[lag, column] = found.get((lag, column), 0.0) + value
        found[lag + 1, column] = found.get((lag + 1, column), 0.0) - value
    return found
