"""Delays of the covariates: those the user names, or those the data show, dead times included.

Pairs (lag, column) say which past value of which covariate is a regressor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from forecast._checks import check_auto, check_lags, explain
from forecast.estimators.baselines.local import moments
from forecast.estimators.baselines.order_selection import (
    complete,
    lagged,
    largest_order,
    standard_part,
    typical_length,
)
from forecast.panel import Panel

Pairs = tuple[tuple[int, int], ...]
Part = tuple[np.ndarray, np.ndarray]
"""A series: y (T,) without units, and x (T, E)."""

MOST_ROWS, MOST_TERMS, REFUSALS = 6_000, 16, 3
MOST_SERIES = 50
DOUBT = 0.05
"""Probability that any of the far delays is taken for one by chance."""
NEAR_SHARE, FAR_SHARE = 0.002, 0.02
"""Least fraction of the squares that a near and a far delay explain: they cost a weight, or rows and time."""


def named_pairs(exog_lags: Any, panel: Panel) -> Pairs | None:
    """The pairs that `exog_lags` names, lag by lag; None for "auto".

    Args:
        exog_lags: an int n for 0..n, a list, or a dict of these by column, where a column left out has no lags.
        panel: the history.

    Raises:
        ValueError, TypeError: the lags are not valid, or a column is unknown.
    """
    given = panel.n_exog - panel.layout.n_calendar
    calendar = [(0, column) for column in range(given, panel.n_exog)]  # the feature of the moment
    if isinstance(exog_lags, str):
        check_auto("exog_lags", exog_lags)
        return None if given else tuple(calendar)
    if not isinstance(exog_lags, Mapping):
        lags = check_lags("exog_lags", exog_lags, minimum=0)
        return tuple(sorted([*((lag, column) for lag in lags for column in range(given)), *calendar]))
    columns = panel.layout.covariates
    for name in exog_lags:
        if name not in columns:
            allowed, remedy = f"a dict of the covariates {[*columns]}", "Name columns of X"
            raise ValueError(explain("exog_lags", allowed, repr(name), remedy))
    pairs = [
        (lag, column)
        for name, value in exog_lags.items()
        for lag in check_lags(f"exog_lags[{name!r}]", value, minimum=0)
        for column in range(given)[columns[name]]
    ]
    pairs += calendar
    return tuple(sorted(pairs))


def shared_pairs(panel: Panel, lags: Sequence[int], seasons: Sequence[int] = ()) -> Pairs:
    """The delays of the covariates that any target shows, in the series that are long enough; see `find_pairs`."""
    long = np.flatnonzero(panel.lengths >= typical_length(panel))[:MOST_SERIES]
    parts = [standard_part(panel, series) for series in long]
    calendar = panel.layout.n_calendar
    found = [
        find_pairs([(y[:, target], x) for y, x in parts], lags, seasons, calendar)
        for target in range(panel.n_targets)
    ]
    return tuple(sorted(set().union(*found)))


def find_pairs(
    parts: Sequence[Part], lags: Sequence[int], seasons: Sequence[int] = (), calendar: int = 0
) -> Pairs:
    """The delays of each covariate that explain what the past of the target does not.

    The delay that explains most of the residuals of the linear model so far is added, as long as it lowers

        n log(RSS) + sum of c,   c = 2 + 2 log(number of near delays) or 2 + 2 log(number of all delays / 0.05),

    and explains at least a five-hundredth or a fiftieth of the squares: the first for near delays, up to the order
    tried for an autoregression, the second for far ones, up to a third of the rows. Near delays are compared exactly,
    far ones by the correlation of the residuals with the covariate, both raw and prewhitened. A covariate without
    such a delay enters with its current value, and so do the last `calendar` columns, which need no delays.

    References:
        Box, G. E. P. and Jenkins, G. M. (1970). Time Series Analysis: Forecasting and Control, chapter 11.
        Chen, S., Billings, S. A. and Luo, W. (1989). Orthogonal least squares methods and their application to
        non-linear system identification. International Journal of Control 50(5), 1873-1896.
        Foster, D. P. and George, E. I. (1994). The risk inflation criterion for multiple regression. Annals of
        Statistics 22(4), 1947-1975.
    """
    parts = _latest(parts)
    rows, width = max(len(y) for y, _ in parts), parts[0][1].shape[1] - calendar
    moment = [(0, width + column) for column in range(calendar)]
    if not width:
        return tuple(moment)
    far = rows // 3
    near = min(far, max(largest_order(rows, 1, seasons), int(10 * np.log10(max(rows, 1)))))
    is_near = np.arange(far + 1)[:, None] <= near
    count = sum(len(y) for y, _ in parts)
    cost = np.where(
        is_near,
        np.maximum(2 + 2 * np.log(width * (near + 1)), NEAR_SHARE * count),
        np.maximum(2 + 2 * np.log(width * (far + 1) / DOUBT), FAR_SHARE * count),
    )
    plain = [(y, x[:, :width]) for y, x in parts]
    whitened = [(y, _whitened(x)) for y, x in plain]
    found = list(moment)
    closed, refused = np.zeros((far + 1, width), dtype=bool), 0
    while len(found) < MOST_TERMS + calendar and refused < REFUSALS:
        scores = np.maximum(*(_scores(given, parts, lags, found, far) for given in (plain, whitened)))
        scores[: near + 1] = _near_scores(parts, lags, found, near, width)
        gain = np.where(closed, -np.inf, scores - cost)
        lag, column = (int(place) for place in np.unravel_index(np.argmax(gain), gain.shape))
        if gain[lag, column] <= 0:
            break
        closed[lag, column] = True
        if _gain(parts, lags, found, (lag, column)) > cost[lag, 0]:
            found.append((lag, column))
        else:
            refused += 1
    still = [(0, column) for column in range(width) if all(column != each for _, each in found)]
    return tuple(sorted([*found, *still]))


def _latest(parts: Sequence[Part]) -> list[Part]:
    """The parts, or the last rows of them, evenly spread over all when they are many."""
    most = max(MOST_ROWS // len(parts), 200)
    chosen = np.unique(np.linspace(0, len(parts) - 1, min(len(parts), MOST_ROWS // 200)).astype(int))
    return [(parts[place][0][-most:], _standard(parts[place][1][-most:])) for place in chosen]


def _standard(x: np.ndarray) -> np.ndarray:
    center, unit = moments(x)
    return np.asarray((x - center) / unit)


def _table(
    part: Part, lags: Sequence[int], pairs: Sequence[tuple[int, int]], start: int
) -> tuple[np.ndarray, np.ndarray]:
    """Regressors [constant, lags, pairs] and target of the rows from `start` on."""
    y, x = part
    start = min(start, len(y))
    columns = [np.ones((len(y) - start, 1)), lagged(y[:, None], lags, start)]
    columns += [lagged(x[:, [column]], (lag,), start) for lag, column in pairs]
    return np.hstack(columns), y[start:]


def _squares(parts: Sequence[Part], lags: Sequence[int], pairs: Sequence[tuple[int, int]], start: int) -> Any:
    """Coefficients, residual sum of squares and rows of the least squares from `start` on."""
    tables = [complete(*_table(part, lags, pairs, start), None) for part in parts if len(part[0]) > start]
    design, goal = (np.concatenate(values) for values in zip(*tables, strict=True))
    found = np.linalg.lstsq(design, goal, rcond=None)[0]
    return found, float(np.sum((goal - design @ found) ** 2)), len(goal)


def _gain(
    parts: Sequence[Part], lags: Sequence[int], pairs: Sequence[tuple[int, int]], new: tuple[int, int]
) -> float:
    """n log(RSS without / RSS with a pair), on the same rows; minus infinity where these are too few."""
    start = max((*lags, *(lag for lag, _ in pairs), new[0]))
    if sum(max(len(y) - start, 0) for y, _ in parts) < 2 * (len(lags) + len(pairs) + 3):
        return -np.inf
    _, without, rows = _squares(parts, lags, pairs, start)
    _, left, _ = _squares(parts, lags, [*pairs, new], start)
    return rows * float(np.log(max(without, 1e-300) / max(left, 1e-300)))


def _near_scores(
    parts: Sequence[Part], lags: Sequence[int], pairs: Sequence[tuple[int, int]], near: int, width: int
) -> np.ndarray:
    """n times the squared partial correlation (near + 1, E) with y of near delays of the first E = `width` columns."""
    start = max((*lags, *(lag for lag, _ in pairs), near))
    if sum(max(len(y) - start, 0) for y, _ in parts) < len(lags) + len(pairs) + 4:
        return np.full((near + 1, width), -np.inf)
    long = [part for part in parts if len(part[0]) > start]
    design, goal = (
        np.concatenate(values)
        for values in zip(*(_table(part, lags, pairs, start) for part in long), strict=True)
    )
    whole = np.isfinite(design).all(axis=1) & np.isfinite(goal)
    basis, goal = np.linalg.qr(design[whole])[0], goal[whole]
    goal = goal - basis @ (basis.T @ goal)
    scores = np.empty((near + 1, width))
    for column in range(width):  # of one column at a time: those of all would be many copies of the data
        late = np.concatenate([lagged(x[:, [column]], range(near + 1), start) for _, x in long])[whole]
        rest = late - basis @ (basis.T @ late)
        power = np.sum(rest**2, axis=0)
        clear = power > 1e-9 * np.sum(late**2, axis=0)
        products = (goal @ rest) ** 2 / np.where(clear, power, 1.0)
        share = np.where(clear, products / max(float(goal @ goal), 1e-300), 0.0)
        scores[:, column] = -len(goal) * np.log(np.maximum(1 - share, 1e-12))
    return scores


def _whitened(x: np.ndarray) -> np.ndarray:
    """Residuals (T, E) of an autoregression of each covariate; zero in the first rows."""
    out = np.zeros(x.shape)
    order = largest_order(len(x), 1)
    for column, values in enumerate(x.T):
        if order and len(values) > 3 * order:
            past = lagged(values[:, None], range(1, order + 1), order)
            found = np.linalg.lstsq(past, values[order:], rcond=None)[0]
            out[order:, column] = values[order:] - past @ found
    return out


def _scores(
    given: Sequence[Part],
    parts: Sequence[Part],
    lags: Sequence[int],
    pairs: Sequence[tuple[int, int]],
    far: int,
) -> np.ndarray:
    """n times the squared correlation (far + 1, E) of each delayed covariate of `given` with the residuals so far."""
    start = max((*lags, *(lag for lag, _ in pairs), 0))
    if not any(len(y) > start for y, _ in parts):
        return np.full((far + 1, given[0][1].shape[1]), -np.inf)
    coefficients, squares, rows = _squares(parts, lags, pairs, start)
    products, powers = np.zeros((2, far + 1, given[0][1].shape[1]))
    for (y, x), (_, other) in zip(parts, given, strict=True):
        design, goal = _table((y, x), lags, pairs, start)
        left = np.zeros(len(y))
        left[len(y) - len(goal) :] = goal - design @ coefficients
        known = np.isfinite(left) & (np.arange(len(y)) >= start)
        products += _lag_products(np.where(known, left, 0.0), other, far)
        powers += _lag_products(known.astype(float), other**2, far)
    unit = np.maximum(powers, 1e-9 * powers.max(axis=0)) * squares / max(rows, 1)
    return np.asarray(products**2 / np.maximum(unit, 1e-300))


def _lag_products(values: np.ndarray, x: np.ndarray, far: int) -> np.ndarray:
    """sum_t values_t x_{t-l} (far + 1, E) for l = 0, ..., far, by the fast Fourier transform."""
    size = 2 * len(values)
    spectrum = np.fft.rfft(values, size)[:, None] * np.fft.rfft(x, size, axis=0).conj()
    found = np.zeros((far + 1, x.shape[1]))
    sums = np.fft.irfft(spectrum, size, axis=0)[: min(far + 1, len(values))]
    found[: len(sums)] = sums
    return found
