"""A panel on the clock of a backtest: what is known in a window, and which rows it tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from forecast.evaluation.splits import Align, clock
from forecast.panel import Panel


@dataclass(frozen=True, eq=False)
class Timeline:
    """Where each of the N rows of a panel stands.

    Attributes:
        panel: the whole panel, S series.
        times: timestamp of each row, (N,).
        series: series number of each row, (N,).
        position: row number within its series, (N,).
        ticks: clock value of each row, (N,), see `forecast.evaluation.splits.clock`.
    """

    panel: Panel
    times: pd.Index
    series: np.ndarray
    position: np.ndarray
    ticks: np.ndarray

    @classmethod
    def of(cls, panel: Panel, align: Align) -> Self:
        """Number the rows of a panel."""
        times = panel.index(0).append([panel.index(i) for i in range(1, panel.n_series)])
        series = np.repeat(np.arange(panel.n_series), panel.lengths)
        position = np.arange(len(series)) - np.repeat(panel.offsets[:-1], panel.lengths)
        return cls(panel, times, series, position, clock(times, series, align))

    def labels(self) -> np.ndarray:
        """unique_id of each series and target, (S, O)."""
        targets = [str(name) for name in self.panel.layout.target_names]
        ids = list(self.panel.ids)
        if len(targets) == 1:
            single = self.panel.n_series == 1 and ids[0] is None
            return np.array(targets if single else ids, dtype=object).reshape(-1, 1)
        if self.panel.n_series == 1 and ids[0] is None:
            return np.array([targets], dtype=object)
        return np.array([[f"{i}/{target}" for target in targets] for i in ids], dtype=object)

    def long(self) -> pd.DataFrame:
        """The whole history as a long frame unique_id, ds, y."""
        labels = self.labels()
        parts = [
            pd.DataFrame({"unique_id": column[self.series], "ds": self.times, "y": self.panel.y[:, o]})
            for o, column in enumerate(labels.T)
        ]
        return pd.concat(parts, ignore_index=True).infer_objects()


@dataclass(frozen=True, eq=False)
class Known:
    """The rows that a window knows, one stretch start:stop of each of its k series.

    Attributes:
        series: series numbers in rising order, (k,).
        start: first known row of each, counted within the series, (k,).
        stop: end of the known rows of each, (k,).
    """

    series: np.ndarray
    start: np.ndarray
    stop: np.ndarray

    @classmethod
    def at(cls, timeline: Timeline, mask: np.ndarray, among: Known | None = None) -> Self:
        """The known rows under `mask`; with `among`, only of series that were known there."""
        size = timeline.panel.n_series
        start, stop = np.full(size, len(mask)), np.zeros(size, dtype=np.int64)
        np.minimum.at(start, timeline.series[mask], timeline.position[mask])
        np.maximum.at(stop, timeline.series[mask], timeline.position[mask] + 1)
        series = np.flatnonzero(stop) if among is None else among.series
        if among is not None:  # a series that has ended stays known to its end
            stop[series] = np.maximum(stop[series], among.stop)
        return cls(series, np.minimum(start, stop)[series], stop[series])

    def cut(self, panel: Panel) -> Panel:
        """These rows as a panel of their own."""
        return _stretch(panel, self.series, self.start, self.stop)

    def news(self, panel: Panel, before: Known) -> Panel:
        """The rows that came after those of `before`, whose series are the same."""
        return _stretch(panel, self.series, before.stop, self.stop)

    def ahead(self, panel: Panel, steps: int) -> np.ndarray:
        """Covariates of the next `steps` rows of each series (k, steps, E); past its end the last ones are held."""
        position = self.stop[:, None] + np.arange(steps)
        rows = np.minimum(position, panel.lengths[self.series, None] - 1) + panel.offsets[self.series, None]
        return panel.x[rows]


def _stretch(panel: Panel, series: np.ndarray, start: np.ndarray, stop: np.ndarray) -> Panel:
    begin, end = np.zeros(panel.n_series, dtype=np.int64), np.zeros(panel.n_series, dtype=np.int64)
    begin[series], end[series] = start, stop
    return panel.slice(begin, end)


def fill_future(frame: Any, values: np.ndarray, names: list[Any]) -> Any:
    """A future frame with its covariate columns filled by `values` (rows, E)."""
    if isinstance(frame, pd.DataFrame):
        return frame.assign(**{}) if not names else frame.assign(**dict(zip(names, values.T, strict=True)))
    raise NotImplementedError
