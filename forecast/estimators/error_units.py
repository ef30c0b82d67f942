"""The unit in which forecast errors of different series, seasons and years are compared."""

from __future__ import annotations

import numpy as np

from forecast.panel import Panel

_SHRINKAGE = 20
"""Weight of the mean over all phases, in rows of one phase."""


class ErrorUnits:
    """Mean change from one season to the next, up to any row, for every phase of the season.

        u_{c,p} = (sum_t |y_t - y_{t-m}| + 20 u_c) / (n + 20)   over the n rows t < c of phase p

    where u_c is the same mean over all rows before c, and m the season (1 without one). So nights and evenings have
    different units, and a unit grows with its series. It depends on the history alone, not on forecasts.

    Args:
        panel: the history of S series and O targets.
        season: m; None = that of the panel.
    """

    def __init__(self, panel: Panel, season: int | None = None) -> None:
        self.season = m = panel.season_length if season is None else season
        self.panel = panel
        position, series = panel.position_of_rows(), panel.series_of_rows()
        change = np.full(panel.y.shape, np.nan)
        change[m:] = np.abs(panel.y[m:] - panel.y[:-m]) if len(panel.y) > m else np.nan
        change[position < m] = np.nan
        known = np.isfinite(change)
        mean = _by_series(np.where(known, change, 0.0), panel) / np.maximum(_by_series(known, panel), 1)
        self.mean = np.where(mean > 0, mean, 1.0)  # (S, O)
        relative = np.where(known, change / self.mean[series], 0.0)  # about 1, so that sums lose nothing
        by_time, by_phase = np.arange(len(position)), np.lexsort((position, position % m, series))
        both = np.hstack([relative, known])  # (N, 2 O)
        self.running = (
            _running(both, by_time, position == 0),
            _running(both, by_phase, position[by_phase] < m),
        )

    def at(self, series: np.ndarray, position: np.ndarray, known: np.ndarray) -> np.ndarray:
        """Units (R, O) of rows of given series and position, as known after the first `known` rows of the series."""
        last = position + self.season * (
            (known - 1 - position) // self.season
        )  # of the same phase, before `known`
        rows = self.panel.offsets[series]
        overall, count = np.split(self.running[0][rows + known - 1], 2, axis=1)
        of_phase, phases = np.split(np.where(last[:, None] < 0, 0.0, self.running[1][rows + last]), 2, axis=1)
        overall = overall / np.maximum(count, 1)
        unit: np.ndarray = (of_phase + _SHRINKAGE * overall) / (phases + _SHRINKAGE) * self.mean[series]
        return unit


def _by_series(values: np.ndarray, panel: Panel) -> np.ndarray:
    total: np.ndarray = np.add.reduceat(values.astype(float), panel.offsets[:-1], axis=0)
    return total


def _running(values: np.ndarray, order: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Sums (N, O) of all values up to each row within its group; `order` brings groups together, `first` begins one."""
    total = np.cumsum(values[order], axis=0)
    begin = np.flatnonzero(first)
    before = np.concatenate([np.zeros((1, values.shape[1])), total[begin[1:] - 1]])
    out = np.empty_like(total)
    out[order] = total - before[np.cumsum(first) - 1]
    return out
