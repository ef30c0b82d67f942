"""Rows of all series side by side, one time step after the other, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.panel import Panel


@dataclass(frozen=True)
class TimeMajor:
    """Rows of each series from `starts` (S,) to its end, and H future rows after it, by time step.

    Args:
        starts: first row of each series, counted from its own first one.
        y: (T, S, O), zero where nothing is known; x: (T, S, E).
        here: (T, S) 1 where the series has a row, past or future; known: 1 where it has a past one.
    """

    starts: np.ndarray
    y: np.ndarray
    x: np.ndarray
    here: np.ndarray
    known: np.ndarray

    @property
    def past(self) -> tuple[np.ndarray, ...]:
        """y, x and presence of the rows that are known."""
        return self.y, self.x, self.known

    @property
    def all(self) -> tuple[np.ndarray, ...]:
        """y, x and presence of all rows, and which are known."""
        return self.y, self.x, self.here, self.known

    def rows(self, values: np.ndarray, panel: Panel) -> np.ndarray:
        """Values (T, S, K) of the known rows as rows (N, K) of the panel, NaN before the starts."""
        out = np.full((len(panel.y), values.shape[2]), np.nan)
        later = panel.position_of_rows() >= np.repeat(self.starts, panel.lengths)
        out[later] = values.transpose(1, 0, 2)[self.known.T > 0]
        return out


def time_major(panel: Panel, starts: np.ndarray, future_x: np.ndarray | None = None) -> TimeMajor:
    """The rows of `panel` after `starts` (S,), then those of the future covariates (S, H, E)."""
    future = np.empty((panel.n_series, 0, panel.n_exog)) if future_x is None else future_x
    left, horizon = panel.lengths - starts, future.shape[1]
    step = np.arange(left.max() + horizon)[:, None]  # (T, 1)
    known, here = step < left, step < left + horizon
    rows = panel.offsets[:-1] + np.minimum(starts + step, panel.lengths - 1)
    y = np.where(known[..., None], panel.y[rows], 0.0)
    x = np.where(known[..., None], panel.x[rows], 0.0)
    if horizon:
        ahead = future[np.arange(panel.n_series), np.clip(step - left, 0, horizon - 1)]
        x = np.where((here & ~known)[..., None], ahead, x)
    return TimeMajor(starts, y, x, here.astype(float), known.astype(float))
