"""Values moved in time inside each series, never across two."""

from __future__ import annotations

import numpy as np

from forecast.panel import Panel


def series_of_rows(panel: Panel) -> np.ndarray:
    """Number of the series each row (N,) belongs to."""
    rows: np.ndarray = np.repeat(np.arange(panel.n_series), panel.lengths)
    return rows


def position_of_rows(panel: Panel) -> np.ndarray:
    """Number (N,) of each row within its series, from 0."""
    position: np.ndarray = np.arange(len(panel.y)) - np.repeat(panel.offsets[:-1], panel.lengths)
    return position


def shift(values: np.ndarray, panel: Panel, lag: int, fill: float = np.nan) -> np.ndarray:
    """`values` (N, K) moved `lag` rows later; `fill` where that reaches before the series."""
    source = np.maximum(np.arange(len(values)) - lag, 0)
    return np.where(position_of_rows(panel)[:, None] >= lag, values[source], fill)


def lag_table(panel: Panel, y: np.ndarray, lags: tuple[int, ...], exog_lags: tuple[int, ...]) -> np.ndarray:
    """Regressors (N, lags * O + exog_lags * E) of each row, lag-major, NaN before the series."""
    blocks = [shift(y, panel, lag) for lag in lags] + [shift(panel.x, panel, lag) for lag in exog_lags]
    return np.hstack(blocks)


def history_end(values: np.ndarray, panel: Panel, reach: int) -> np.ndarray:
    """Last `reach` rows (S, reach, K) of each series; zeros before the start of a shorter one."""
    rows = panel.offsets[1:, None] - np.arange(reach, 0, -1)  # (S, reach)
    inside = rows >= panel.offsets[:-1, None]
    return np.where(inside[..., None], values[np.where(inside, rows, 0)], 0.0)
