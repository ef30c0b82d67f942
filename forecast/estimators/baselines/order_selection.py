"""Least squares on lagged values, and the choice of an autoregressive order by an information criterion."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from forecast._checks import check_choice, check_count, check_season
from forecast.estimators.baselines.local import moments
from forecast.panel import Panel
from forecast.panel.gaps import counted, learned_from
from forecast.panel.timeline import Numbers

CRITERIA = ("bic", "aic", "hqic", "aicc")
TRENDS = ("n", "c", "t", "ct")
_LONGEST_SEASON = 96
_MANY_ROWS = 300
SHARE = 0.002
"""Least fraction by which a lag must lower the squares to become an input of a network."""

CHUNK = 1 << 12
"""Rows of a table that stand in memory at once; of more a triangular factor is kept, which has their products."""

Part = tuple[np.ndarray, np.ndarray, np.ndarray | None]
"""Targets (T,) or (T, O), covariates (T, E) and weights (T,) of a series."""


def seasons_of(season: Any, panel: Panel, *, told: bool = False) -> tuple[int, ...]:
    """Steps in each season, the shortest first; "auto" and None are those of the frequency, 1 is none.

    Args:
        season: the option of that name.
        panel: the history.
        told: whether to warn of a panel that may have a season but whose index does not name it.
    """
    given = check_season(season)
    if given is not None:
        return given
    numbered = panel.layout.has_index and isinstance(panel.timeline, Numbers)
    if told and numbered and panel.n_series > 1 and len(panel.y) >= _MANY_ROWS:
        warnings.warn(
            "season: an index of whole numbers does not tell the season, so none is looked for. "
            "Pass for example season=12 for monthly data, season=[24, 168] for hourly, season=1 for none.",
            UserWarning,
            stacklevel=2,
        )
    return panel.seasons


def trend_columns(trend: str, time: np.ndarray) -> np.ndarray:
    """Constant and linear trend at `time` (first row of a series = 1): (..., 2), zero where absent."""
    constant = np.full(time.shape, 1.0 if "c" in trend else 0.0)
    slope = time * (1.0 if "t" in trend else 0.0)
    return np.stack([constant, slope], axis=-1)


def lagged(values: np.ndarray, lags: Sequence[int], start: int) -> np.ndarray:
    """Lagged copies (n - start, lags * F) of `values` (n, F) for the rows from `start` on, lag-major."""
    if not len(lags):
        return np.empty((len(values) - start, 0))
    return np.hstack([values[start - lag : len(values) - lag] for lag in lags])


def pieces(part: Part, start: int) -> Iterator[tuple[int, Part]]:
    """Pieces of a part with `CHUNK` rows from `start` on and the `start` rows before them, and the rows before each."""
    y, x, weights = part
    for before in range(0, max(len(y) - start, 1), CHUNK):
        piece = slice(before, before + start + CHUNK)
        yield before, (y[piece], x[piece], None if weights is None else weights[piece])


def lag_rows(
    part: Part, trends: np.ndarray, pairs: Sequence[tuple[int, int]], lags: Sequence[int], start: int
) -> tuple[np.ndarray, np.ndarray]:
    """Regressors [trends, covariates, lags] and target of the complete rows from `start` on, by `complete`."""
    y, x, weights = part
    columns = [trends, *(lagged(x[:, [column]], (lag,), start) for lag, column in pairs)]
    columns.append(lagged(y[:, None] if y.ndim == 1 else y, lags, start))
    return complete(np.hstack(columns), y[start:], None if weights is None else weights[start:])


def least_squares(design: np.ndarray, target: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Coefficients (K,) of smallest norm that minimise the weighted squares; incomplete rows are left out."""
    design, target = complete(design, target, weights)
    scale = np.linalg.norm(design, axis=0)
    scale[scale == 0] = 1.0
    return np.linalg.lstsq(design / scale, target, rcond=None)[0] / scale


def criterion(squares: np.ndarray, rows: int, parameters: np.ndarray, ic: str) -> np.ndarray:
    """Gaussian information criterion, up to a constant, for residual sums of squares `squares`.

    "aicc" is that of Hurvich and Tsai (1989), infinite where it is not defined; it counts the variance too. "sparse"
    is "bic", but a parameter must lower the squares by at least a five-hundredth, however many rows there are.
    """
    if ic == "aicc":
        left = rows - parameters - 2
        penalty = np.where(left > 0, 2.0 * rows / np.maximum(left, 1.0), np.inf) * (parameters + 1)
    else:
        bic = np.log(rows)
        weight = {
            "aic": 2.0,
            "bic": bic,
            "hqic": 2.0 * np.log(np.log(max(rows, 3))),
            "sparse": max(bic, SHARE * rows),
        }[ic]
        penalty = weight * parameters
    return rows * np.log(squares / rows) + penalty


def largest_order(rows: int, fixed: int, seasons: Sequence[int] = ()) -> int:
    """Highest order worth trying: 10 log10(rows), or the first season and a step if more; at most a third of the rows.

    Without a season it is at most rows^2 / 1000, or 2 if that is less: short series do not support more lags.
    """
    wanted, third = int(10 * np.log10(max(rows, 1))), (rows - fixed - 1) // 3
    if not seasons:
        return max(min(wanted, max(rows**2 // 1000, 2), third), 0)
    first = seasons[0] if seasons[0] <= _LONGEST_SEASON else 1
    return max(min(max(wanted, first + 1), third), 0)


def tried_lags(rows: int, fixed: int, seasons: Sequence[int] = ()) -> list[int]:
    """Lags in the order in which they are tried: 1, 2, ... up to `largest_order`.

    Where a third of the rows holds several seasons, the lags around each of them come right after lag 1: the lags
    between them explain little, and would cost as many weights.
    """
    orders = list(range(1, largest_order(rows, fixed, seasons) + 1))
    held = [m for m in seasons if m <= rows // 3]
    around = [lag for m in held for lag in (m - 1, m, m + 1)]
    if len(held) < 2:
        return list(dict.fromkeys([*orders, *around]))
    return list(dict.fromkeys([1, *around, *orders]))


def triangular(block: np.ndarray) -> np.ndarray:
    """Triangular factor (K, K) of a table (rows, K), which keeps all of its sums of products."""
    return np.asarray(np.linalg.qr(block, mode="r"))


def nested_order(factor: np.ndarray, ends: Sequence[int], targets: int, rows: int, ic: str) -> int:
    """Position in `ends` of the best nested model; the arguments are those of `nested_criteria`."""
    return int(np.argmin(nested_criteria(factor, ends, targets, rows, ic)))


def nested_criteria(
    factor: np.ndarray, ends: Sequence[int], targets: int, rows: int, ic: str, floor: float | None = None
) -> np.ndarray:
    """Criterion of each of several nested models, summed over the targets.

    Args:
        factor: triangular factor of [regressors, targets], shape (K, K).
        ends: number of leading regressors each model uses.
        targets: number of target columns, the last ones of the factor.
        rows: number of rows behind the factor.
        ic: name of the criterion.
        floor: smallest sum of squares that is distinguished from zero; None = by the total of the target.
    """
    right = factor[:, -targets:]
    total = np.sum(right**2, axis=0)
    left = np.cumsum(np.vstack([right, 0 * total])[::-1] ** 2, axis=0)[::-1]  # nothing beyond the last row
    squares = left[np.minimum(ends, len(right))]  # (models, targets)
    least = (1e-14 * total if floor is None else floor) + 1e-300
    parameters = np.asarray(ends, dtype=float)[:, None]
    return np.asarray(criterion(np.maximum(squares, least), rows, parameters, ic).sum(axis=1))


def typical_length(panel: Panel) -> int:
    """The length L such that half of all rows lie in series of at least L rows; one short series does not change it."""
    lengths = np.sort(panel.lengths)
    return int(lengths[np.searchsorted(np.cumsum(lengths), lengths.sum() / 2)])


def autoregression_lags(
    panel: Panel,
    *,
    max_lags: int | None = None,
    ic: str | None = None,
    trend: str = "c",
    pairs: Sequence[tuple[int, int]] = (),
    seasons: Sequence[int] | None = None,
    series: int = 500,
) -> tuple[int, ...]:
    """Lags of one autoregression shared by all series, by an information criterion.

        IC(p) = n log(RSS_p / n) + c(n) (q + p O),   c = 2 (aic), log n (bic), 2 log log n (hqic)

    RSS_p is the residual sum of squares of y_t on its lags 1, ..., p, trend and covariates, all orders on the
    same n rows; q counts the regressors besides the lags and O the targets; `tried_lags` says where the lags of
    seasons come in. Each series is standardised first; series too short for these rows are left out. One
    triangular factorisation serves all orders.

    Args:
        panel: the history.
        max_lags: highest order tried; None = the larger of 10 log10(rows) and one season and a step, capped at a
            third of the rows of a typical series.
        ic: "bic", "aic", "hqic" or "aicc"; None = the fewer lags of "aicc", strict where rows are few, and "sparse",
            strict where they are many: "bic", but a lag must also lower the squares by a five-hundredth, because in a
            network it costs as many weights as there are hidden units.
        trend: "n", "c", "t" or "ct".
        pairs: (lag, column) of the covariates that are regressors, lag 0 = current value.
        seasons: steps in each season; None = those of the index.
        series: most series that are used, evenly spread over the panel.

    Returns:
        The lags, at least (1,).

    References:
        Lütkepohl, H. (2005). New Introduction to Multiple Time Series Analysis, section 4.3. Springer.
    """
    if ic is not None:
        check_choice("ic", ic, CRITERIA)
    check_choice("trend", trend, TRENDS)
    seasons = panel.seasons if seasons is None else seasons
    fixed, rows = len(trend.replace("n", "")) + len(pairs), typical_length(panel)
    if max_lags is None:
        lags = tried_lags(rows, fixed, seasons) or [1]
    else:
        lags = list(range(1, max(min(check_count("max_lags", max_lags), rows - fixed - 2), 1) + 1))
    factor, count = _shared_factor(panel, trend, pairs, lags, series)
    if factor is None or count <= fixed + 2:
        return (1,)
    ends = [fixed + order * panel.n_targets for order in range(1, len(lags) + 1)]
    found = [
        nested_order(factor, ends, panel.n_targets, count, each)
        for each in (("aicc", "sparse") if ic is None else (ic,))
    ]
    return tuple(sorted(lags[: 1 + min(found)]))


def autoregression_order(
    panel: Panel, *, max_lags: int | None = None, ic: str | None = None, trend: str = "c"
) -> int:
    """The longest of `autoregression_lags` with one season, beside the current covariates."""
    pairs, first = [(0, column) for column in range(panel.n_exog)], panel.seasons[:1]
    return max(autoregression_lags(panel, max_lags=max_lags, ic=ic, trend=trend, pairs=pairs, seasons=first))


def _shared_factor(
    panel: Panel, trend: str, pairs: Sequence[tuple[int, int]], lags: Sequence[int], series: int
) -> tuple[np.ndarray | None, int]:
    """Triangular factor of [trend, covariates, lags, targets] over the series, and the number of its rows."""
    start = max((*lags, *(lag for lag, _ in pairs)))
    factor, count = None, 0
    long = np.flatnonzero(panel.lengths > start)
    for which in long[np.unique(np.linspace(0, len(long) - 1, min(series, len(long))).astype(int))]:
        y, x = standard_part(panel, which, shifted="c" in trend)
        known = target_weights(panel.y[panel.offsets[which] : panel.offsets[which + 1]], None)
        for before, part in pieces((y, x, known), start):
            time = before + np.arange(start + 1, len(part[0]) + 1, dtype=float)
            trends = trend_columns(trend, time)[:, ["c" in trend, "t" in trend]]
            block = np.hstack(lag_rows(part, trends, pairs, lags, start))
            count += len(block)
            factor = triangular(block if factor is None else np.vstack([factor, block]))
    return factor, count


def standard_part(panel: Panel, series: int, *, shifted: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Targets (T, O) of a series in units of their deviation, and its covariates (T, E); `shifted` to mean zero.

    Gaps in the targets are filled, except where nothing is learned.
    """
    part = slice(panel.offsets[series], panel.offsets[series + 1])
    (center, unit), (x_center, _) = moments(panel.y[part]), moments(panel.x[part])
    x = panel.x[part] - x_center if shifted else panel.x[part]
    return (past_of(panel.y[part], panel.seasons) - center) / unit, x


def past_of(y: np.ndarray, seasons: Sequence[int], reach: int | None = None) -> np.ndarray:
    """The targets (T, O) of one series as regressors see them, see `learned_from`."""
    return y if np.isfinite(y).all() else learned_from(y, np.array([0, len(y)]), seasons, reach)


def target_weights(y: np.ndarray, weights: np.ndarray | None) -> np.ndarray | None:
    """Weights (T,) of the rows of a series as targets y (T,) or (T, O), NaN where a row is none; None for all alike."""
    if np.isfinite(y).all():
        return weights
    whole = counted(y).reshape(len(y), -1).all(axis=1)
    return np.where(whole, 1.0 if weights is None else weights, np.nan)


def complete(
    design: np.ndarray, target: np.ndarray, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """The rows without a missing value or weight, multiplied by the square roots of their weights."""
    known = weights is None or np.isfinite(weights).all()
    if not (known and np.isfinite(design).all() and np.isfinite(target).all()):
        whole = np.isfinite(design).all(axis=1) & np.isfinite(target).reshape(len(target), -1).all(axis=1)
        whole &= True if weights is None else np.isfinite(weights)
        design, target = design[whole], target[whole]
        weights = None if weights is None else weights[whole]
    if weights is None:
        return design, target
    root = np.sqrt(weights)[:, None]
    return design * root, target * (root if target.ndim == 2 else root[:, 0])
