"""Scaling of a forecaster: every series by its own mean and deviation, and bounds of what is fed back."""

from __future__ import annotations

import numpy as np

from forecast._checks import explain
from forecast.estimators.validation import series_name
from forecast.panel import Panel


class SeriesScaling:
    """Scaling in its own part of a forecaster that has `scale` and, once fitted, `panel_`."""

    scale: str | None
    panel_: Panel
    limits_: np.ndarray
    range_: np.ndarray

    def _check_varies(self, panel: Panel) -> None:
        """Refuse a constant series, from which a network can learn nothing."""
        _, spread = moments_of_series(panel, floor=0.0)
        if (spread == 0).any():
            series, target = np.argwhere(spread == 0)[0]
            raise ValueError(
                explain(
                    f"y{series_name(panel, series)}",
                    "a series that varies, for a network to learn from",
                    f"a constant one in {panel.layout.target_names[target]!r}",
                    "Forecast it with Naive(), or leave this series out",
                )
            )

    def _measure_scale(self, panel: Panel) -> None:
        shape = (panel.n_series, panel.n_targets)
        self.center_, self.spread_ = np.zeros(shape), np.ones(shape)
        self.x_center_, self.x_spread_ = np.zeros(panel.n_exog), np.ones(panel.n_exog)
        if self.scale is None:
            return
        self.center_, self.spread_ = moments_of_series(panel)
        if panel.n_exog:
            self.x_center_, self.x_spread_ = _moments(panel.x)

    def _series_scale(self, panel: Panel) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation (S, O) of each series: as in `fit`, for a new series those of its history."""
        if len(self.center_) == 1 or self.scale is None:
            rows = np.zeros(panel.n_series, int)
            return self.center_[rows], self.spread_[rows]
        if not hasattr(self, "panel_"):  # in fit
            return self.center_, self.spread_
        where = self.panel_.ids.get_indexer(panel.ids)
        known = (where >= 0)[:, None]
        if known.all():
            return self.center_[where], self.spread_[where]
        center, spread = moments_of_series(panel)
        return np.where(known, self.center_[where], center), np.where(known, self.spread_[where], spread)

    def _row_scale(self, panel: Panel) -> tuple[np.ndarray, np.ndarray]:
        center, spread = self._series_scale(panel)
        return np.repeat(center, panel.lengths, axis=0), np.repeat(spread, panel.lengths, axis=0)

    def _scaled(self, panel: Panel) -> tuple[np.ndarray, np.ndarray]:
        center, spread = self._row_scale(panel)
        return (panel.y - center) / spread, self._scaled_x(panel, panel.x)

    def _scaled_x(self, panel: Panel, x: np.ndarray) -> np.ndarray:
        """Covariates of the rows (N, E) or of the steps after each series (S, H, E)."""
        return (x - self.x_center_) / self.x_spread_

    def _limits_after(self, y: np.ndarray) -> np.ndarray:
        """Bounds (2, O), moved out as far as the history at hand (N, O) leaves the range of the training data."""
        low, high = np.minimum(y.min(axis=0), self.range_[0]), np.maximum(y.max(axis=0), self.range_[1])
        return self.limits_ + (np.stack([low, high]) - self.range_)


def moments_of_series(panel: Panel, floor: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation (S, O) of the targets of each series; `floor` in the place of a zero deviation.

    They are taken in units of the largest value of each series, whose square neither overflows nor vanishes.
    """
    counts = np.isfinite(panel.y)
    values = np.where(counts, panel.y, 0.0).astype(float)
    peak = np.maximum.reduceat(np.abs(values), panel.offsets[:-1], axis=0)
    unit = np.where(peak > 0, peak, 1.0)
    values /= np.repeat(unit, panel.lengths, axis=0)
    size = np.maximum(np.add.reduceat(counts, panel.offsets[:-1], axis=0), 1)
    center = np.add.reduceat(values, panel.offsets[:-1], axis=0) / size
    deviation = np.where(counts, values - np.repeat(center, panel.lengths, axis=0), 0.0)
    spread = np.sqrt(np.add.reduceat(deviation**2, panel.offsets[:-1], axis=0) / size)
    return center * unit, np.where(spread <= 1e-12 * np.abs(center), floor, spread * unit)


def _moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    peak = np.abs(values).max(axis=0)
    unit = np.where(peak > 0, peak, 1.0)
    spread = (values / unit).std(axis=0) * unit
    return (values / unit).mean(axis=0) * unit, np.where(spread > 0, spread, 1.0)


def limits_of(y: np.ndarray, offsets: np.ndarray, *, driven: bool) -> np.ndarray:
    """Bounds (2, O) of what is fed back: the range of the data, on each side with room for more.

    The room is what the second half of a series added to the range of its first half, and at least a tenth of
    the whole range, or all of it for a system `driven` by covariates: a trend may go on as it went, a stationary
    series stays where it was, and a system follows an input that is larger than in the training record.
    """
    halves = np.stack([offsets[:-1], (offsets[:-1] + offsets[1:] + 1) // 2], axis=1).ravel()
    low, high = np.minimum.reduceat(y, halves), np.maximum.reduceat(y, halves)  # (2 S, O)
    room = (1.0 if driven else 0.1) * (high.max(axis=0) - low.min(axis=0))
    down = np.maximum((low[0::2] - low[1::2]).max(axis=0), room)
    up = np.maximum((high[1::2] - high[0::2]).max(axis=0), room)
    return np.stack([low.min(axis=0) - down, high.max(axis=0) + up])
