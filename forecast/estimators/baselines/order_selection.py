"""Least squares on lagged values, and the choice of an autoregressive order by an information criterion."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np

from forecast._checks import check_auto, check_choice, check_count, check_lags
from forecast.estimators.baselines.local import moments
from forecast.panel import Panel
from forecast.panel.timeline import Numbers

CRITERIA = ("bic", "aic", "hqic", "aicc")
TRENDS = ("n", "c", "t", "ct")
_LONGEST_SEASON = 96
_MANY_ROWS = 300


def seasons_of(season: Any, panel: Panel, *, told: bool = False) -> tuple[int, ...]:
    """Steps in each season, the shortest first; "auto" and None are those of the frequency, 1 is none.

    Args:
        season: the option of that name.
        panel: the history.
        told: whether the user is told of a panel that may have a season and an index that does not name it.
    """
    if season is not None and not isinstance(season, str):
        every = check_lags("season", [season] if isinstance(season, Integral) else season)
        return tuple(m for m in every if m > 1)
    if season is not None:
        check_auto("season", season)
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


def least_squares(design: np.ndarray, target: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Coefficients (K,) of smallest norm that minimise the weighted squares; incomplete rows are left out."""
    design, target = complete(design, target, weights)
    scale = np.linalg.norm(design, axis=0)
    scale[scale == 0] = 1.0
    return np.linalg.lstsq(design / scale, target, rcond=None)[0] / scale


def criterion(squares: np.ndarray, rows: int, parameters: np.ndarray, ic: str) -> np.ndarray:
    """Gaussian information criterion, up to a constant, for residual sums of squares `squares`.

    "aicc" is that of Hurvich and Tsai (1989), infinite where it is not defined; it counts the variance too.
    """
    if ic == "aicc":
        left = rows - parameters - 2
        penalty = np.where(left > 0, 2.0 * rows / np.maximum(left, 1.0), np.inf) * (parameters + 1)
    else:
        weight = {"aic": 2.0, "bic": np.log(rows), "hqic": 2.0 * np.log(np.log(max(rows, 3)))}[ic]
        penalty = weight * parameters
    return rows * np.log(squares / rows) + penalty


def largest_order(rows: int, fixed: int, seasons: Sequence[int] = ()) -> int:
    """Highest order worth trying: 10 log10(rows) or one step more than the first season, a third of the rows at most.

    Without a season it is at most rows^2 / 1000, or 2: short series do not bear more lags.
    """
    wanted, third = int(10 * np.log10(max(rows, 1))), (rows - fixed - 1) // 3
    if not seasons:
        return max(min(wanted, max(rows**2 // 1000, 2), third), 0)
    first = seasons[0] if seasons[0] <= _LONGEST_SEASON else 1
    return max(min(max(wanted, first + 1), third), 0)


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
        floor: smallest sum of squares that is told from zero; None = by the total of the target.
    """
    right = factor[:, -targets:]
    total = np.sum(right**2, axis=0)
    squares = np.array([np.sum(right[end:] ** 2, axis=0) for end in ends])  # (models, targets)
    least = (1e-14 * total if floor is None else floor) + 1e-300
    parameters = np.asarray(ends, dtype=float)[:, None]
    return np.asarray(criterion(np.maximum(squares, least), rows, parameters, ic).sum(axis=1))


def autoregression_order(
    panel: Panel,
    *,
    max_lags: int | None = None,
    ic: str = "bic",
    trend: str = "c",
    exog_lags: Sequence[int] = (0,),
    series: int = 500,
) -> int:
    """Order of one autoregression shared by all series, by an information criterion.

        IC(p) = n log(RSS_p / n) + c(n) (q + p O),   c = 2 (aic), log n (bic), 2 log log n (hqic)

    RSS_p is the residual sum of squares of y_t on its p last values, trend and covariates, all orders on the
    same n rows; q counts the regressors besides the lags and O the targets. Each series is standardised
    first. One triangular factorisation serves all orders.

    Args:
        panel: the history.
        max_lags: highest order tried; None = 10 log10(rows) or one season, capped at a third of the rows.
        ic: "bic", "aic" or "hqic".
        trend: "n", "c", "t" or "ct".
        exog_lags: lags of the covariates that are regressors, 0 = current value.
        series: at most so many series, evenly spread over the panel, are used.

    Returns:
        The order, at least 1.

    References:
        Lütkepohl, H. (2005). New Introduction to Multiple Time Series Analysis, section 4.3. Springer.
    """
    check_choice("ic", ic, CRITERIA)
    check_choice("trend", trend, TRENDS)
    fixed = len(trend.replace("n", "")) + panel.n_exog * len(exog_lags)
    longest = int(panel.lengths.max())
    limit = largest_order(longest, fixed, panel.seasons)
    if max_lags is not None:
        limit = min(check_count("max_lags", max_lags), max(longest - fixed - 2, 0))
    limit = max(limit, 1)
    lags, start = range(1, limit + 1), max(limit, max(exog_lags, default=0))
    factor, rows = None, 0
    for which in np.unique(np.linspace(0, panel.n_series - 1, min(series, panel.n_series)).astype(int)):
        part = slice(panel.offsets[which], panel.offsets[which + 1])
        y, x = panel.y[part], panel.x[part]
        if len(y) <= start:
            continue
        (center, unit), (x_center, _) = moments(y), moments(x)
        y, x = (y - center) / unit, x - x_center if "c" in trend else x
        time = np.arange(start + 1, len(y) + 1, dtype=float)
        trends = trend_columns(trend, time)[:, ["c" in trend, "t" in trend]]
        regressors = np.hstack([trends, lagged(x, exog_lags, start), lagged(y, lags, start)])
        regressors, target = complete(regressors, y[start:], None)
        block = np.hstack([regressors, target])
        rows += len(block)
        factor = triangular(block if factor is None else np.vstack([factor, block]))
    if factor is None or rows <= fixed + 2:
        return 1
    ends = [fixed + order * panel.n_targets for order in range(1, limit + 1)]
    return 1 + nested_order(factor, ends, panel.n_targets, rows, ic)


def complete(
    design: np.ndarray, target: np.ndarray, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """The rows without a missing value, multiplied by the roots of their weights."""
    if not (np.isfinite(design).all() and np.isfinite(target).all()):
        whole = np.isfinite(design).all(axis=1) & np.isfinite(target).reshape(len(target), -1).all(axis=1)
        design, target = design[whole], target[whole]
        weights = None if weights is None else weights[whole]
    if weights is None:
        return design, target
    root = np.sqrt(weights)[:, None]
    return design * root, target * (root if target.ndim == 2 else root[:, 0])
