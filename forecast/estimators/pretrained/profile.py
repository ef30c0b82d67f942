"""The profile of a long season, taken off before a network of shorter seasons reads the rows."""

from __future__ import annotations

import numpy as np

from forecast.estimators.pretrained.families import Family
from forecast.estimators.pretrained.layout import Layout

SEASONS = 8
"""Seasons from whose mean the profile is taken, at most."""


def seasonal_profile(rows: np.ndarray, season: int) -> np.ndarray:
    """Mean deviation (B, m) of each phase from the level of its season, drawn to zero as far as it may be chance.

        d_kj = y_kj - level_k - slope_k (j - (m - 1) / 2),   p_j = mean_k d_kj,   k = 1, ..., K seasons
        profile_j = p_j max(0, 1 - v / (K mean_j p_j^2)),   v = sum_kj (d_kj - p_j)^2 / (m (K - 1))

    level is the mean of a season and slope the mean change of it from the season before to the next one. The last
    phase is that of the last row; with fewer than two whole seasons the profile is zero.

    Args:
        rows: windows (B, W), NaN where missing; the last `SEASONS` whole seasons are used.
        season: m.

    Example:
        >>> y = np.tile([0.0, 3.0, -3.0], 4) + np.arange(12)
        >>> seasonal_profile(y[None], 3).round(2)
        array([[ 0.,  3., -3.]])
    """
    count = min(rows.shape[1] // season, SEASONS)
    if count < 2:
        return np.zeros((len(rows), season))
    years = rows[:, rows.shape[1] - count * season :].reshape(len(rows), count, season)
    known = np.isfinite(years)
    whole = known.mean(axis=2, keepdims=True) > 0.5  # a season with too many gaps has no level
    known = known & whole
    level = _mean(years, known, 2)
    slope = np.gradient(level, axis=1) / season
    slope = np.where(np.isfinite(slope), slope, 0.0)
    deviation = years - level - slope * (np.arange(season) - (season - 1) / 2)
    profile = np.nan_to_num(_mean(deviation, known, 1))  # (B, 1, m)
    profile -= profile.mean(axis=2, keepdims=True)
    used = whole.sum(axis=1)  # (B, 1)
    rest = np.where(known, deviation - profile, 0.0)
    chance = (rest**2).sum(axis=(1, 2))[:, None] / season / np.maximum(used - 1, 1) / np.maximum(used, 1)
    size = (profile[:, 0] ** 2).mean(axis=1, keepdims=True)
    share = 1 - np.divide(chance, size, out=np.ones_like(size), where=size > 0)
    found: np.ndarray = profile[:, 0] * np.where(used > 1, np.maximum(share, 0.0), 0.0)
    return found


def without_profile(rows: np.ndarray, season: int, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows (B, W) without the profile of a season, and what it adds to the next steps (B, H); a season of 1 has none.

    Example:
        >>> rows, ahead = without_profile(np.tile([0.0, 3.0, -3.0], 4)[None], 3, 4)
        >>> float(np.abs(rows).max().round(2)), ahead.round(2)
        (0.0, array([[ 0.,  3., -3.,  0.]]))
    """
    if season == 1:
        return rows, np.zeros((len(rows), horizon))
    profile = seasonal_profile(rows, season)
    back = np.arange(rows.shape[1])[::-1]
    return rows - profile[:, -1 - back % season], profile[:, np.arange(horizon) % season]


def reach(layout: Layout, family: Family) -> int:
    """Rows of a history that a network of a family reads, those of the profile included."""
    longest = SEASONS * family.profile if family.profile > 1 else 0
    return max(layout.reach(family.season), longest)


def _mean(values: np.ndarray, known: np.ndarray, axis: int) -> np.ndarray:
    """Mean over an axis that is kept, of the known values; NaN without one."""
    count = known.sum(axis=axis, keepdims=True)
    total = np.where(known, values, 0.0).sum(axis=axis, keepdims=True)
    found: np.ndarray = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return found
