"""Windows in units of their own: what a pretrained network sees, and how its answer becomes values again."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from forecast.estimators.pretrained.layout import NONE
from forecast.windows import change_in_windows

LEAST = 0.1  # of the mean change from row to row: the least spread, for a season that repeats itself exactly
BOUND = 8.0  # of arcsinh: a value is at most 1,500 spreads from the last one


class Window(NamedTuple):
    """Inputs of a network (B, 2 I), and the spread (B, 1), the unit of its answer."""

    inputs: np.ndarray
    spread: np.ndarray


def window_of(rows: np.ndarray, level: np.ndarray, season: int, back: np.ndarray) -> Window:
    """Rows in units of their window, and a mark of those that are known.

        z_t = arcsinh((y_t - level) / spread)
        spread = max(mean |y_t - y_{t-m}|, mean |y_t - y_{t-1}| / 10) over pairs of known rows

    Where no two rows a season apart are known, spread is the mean |y_t - y_{t-1}|; a constant window has spread 0,
    z = 0, and so its level as the forecast.

    Args:
        rows: windows (B, W), the last row last, NaN where missing.
        level: the last known value (B, 1).
        season: m; back: rows back of each input (I,), `Layout.back`.

    Example:
        >>> seen = window_of(np.array([[np.nan, 1.0, 3.0]]), np.array([[3.0]]), 1, np.array([2, 1, 0]))
        >>> seen.inputs.astype(float).round(2).tolist(), seen.spread.item()
        ([[0.0, -0.88, 0.0, 0.0, 1.0, 1.0]], 2.0)
    """
    near, seasonal = (change_in_windows(rows, lag)[:, None] for lag in (1, season))
    seasonal = np.where(np.isnan(seasonal), near, seasonal)
    spread = np.nan_to_num(np.fmax(seasonal, LEAST * near))
    relative = (rows - level) / np.where(spread > 0, spread, 1.0)
    known = np.isfinite(relative)
    z = np.arcsinh(np.where(known, relative, 0.0))
    used = back != NONE
    at = np.where(used, rows.shape[1] - 1 - back, 0)
    inputs = np.concatenate(
        [z[:, at] * used, known[:, at] & used], axis=1, dtype=np.float32, casting="unsafe"
    )
    return Window(inputs, spread)


def last_known(rows: np.ndarray, otherwise: np.ndarray | float) -> np.ndarray:
    """The last value of each window (B, 1) that is not missing, `otherwise` in an empty one.

    Example:
        >>> last_known(np.array([[1.0, 2.0, np.nan], [np.nan] * 3]), 0.0).tolist()
        [[2.0], [0.0]]
    """
    known = np.isfinite(rows)
    place = rows.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
    found = rows[np.arange(len(rows)), place][:, None]
    return np.where(np.isfinite(found), found, otherwise)


def quantile(numbers: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Quantiles (B, H, K) in units of the window: a normal one on either side of the median, after arcsinh.

        sinh(v + softplus(a) s),  s < 0;   sinh(v + softplus(b) s),  s >= 0

    So quantiles never cross, and their tails are heavy.

    Args:
        numbers: v, a, b of each step (B, H, 3).
        scores: s, those of the standard normal distribution, (K,) or (B, H, K).
    """
    low, high = (np.logaddexp(numbers[..., side, None], 0.0) for side in (1, 2))
    moved = numbers[..., :1] + np.where(scores < 0, low, high) * scores
    return np.sinh(np.clip(moved, -BOUND, BOUND))
