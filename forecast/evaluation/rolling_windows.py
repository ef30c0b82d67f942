"""A panel on the clock of a backtest: which rows a window knows, which it tests, and what a model is given."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import narwhals as nw
import numpy as np
import pandas as pd

from forecast.evaluation.splits import Align, clock
from forecast.panel import Coding, Panel, future_frame


@dataclass(frozen=True, eq=False)
class Rows:
    """Series, position and time of each of the N rows of a panel of S series and O targets.

    Args:
        panel: the whole panel.
        align: how its clock runs, see `RollingOrigin`.
    """

    panel: Panel
    align: Align = "time"

    @cached_property
    def series(self) -> np.ndarray:
        """Series number of each row, (N,)."""
        return self.panel.series_of_rows()

    @cached_property
    def position(self) -> np.ndarray:
        """Row number within its series, (N,)."""
        return self.panel.position_of_rows()

    @cached_property
    def times(self) -> pd.Index:
        """Timestamp of each row, (N,)."""
        return self.panel.timeline.stamps(self.series, self.position).rename(None)

    @cached_property
    def ticks(self) -> np.ndarray:
        """Clock value of each row, (N,)."""
        return clock(self.times, self.series, self.align)

    @cached_property
    def labels(self) -> pd.Index:
        """unique_id of each series and target, (S * O,), the targets of a series side by side."""
        layout, targets = self.panel.layout, [str(name) for name in self.panel.layout.target_names]
        if not layout.multi and layout.form != "long":
            return pd.Index(targets)
        if len(targets) == 1:
            return self.panel.ids
        return pd.Index([f"{name}/{target}" for name in self.panel.ids for target in targets])

    def long(self) -> pd.DataFrame:
        """The whole history as a long frame unique_id, ds, y."""
        width = self.panel.n_targets
        parts = [
            pd.DataFrame(
                {
                    "unique_id": self.labels.take(self.series * width + target),
                    "ds": self.times,
                    "y": self.panel.y[:, target],
                }
            )
            for target in range(width)
        ]
        return pd.concat(parts, ignore_index=True)


@dataclass(frozen=True, eq=False)
class Known:
    """The rows that a model knows in a window: one stretch start:stop of each of k series.

    Attributes:
        series: series numbers in the model's order, (k,).
        start: first known row of each, counted within the series, (k,).
        stop: end of the known rows of each, (k,).
    """

    series: np.ndarray
    start: np.ndarray
    stop: np.ndarray

    @classmethod
    def at(cls, rows: Rows, mask: np.ndarray, before: Known | None = None) -> Self:
        """The rows under `mask`; after a window `before` only those of its series, which grow or stay the same."""
        size = rows.panel.n_series
        stop = np.zeros(size, dtype=np.int64)
        np.maximum.at(stop, rows.series[mask], rows.position[mask] + 1)
        if before is not None:
            return cls(before.series, before.start, np.maximum(stop[before.series], before.stop))
        start = stop - np.bincount(rows.series[mask], minlength=size)
        series = np.flatnonzero(stop)
        known = cls(series, start[series], stop[series])
        return known if rows.panel.order is None else known.ordered(rows.panel)

    def data(self, panel: Panel, after: Known | None = None) -> tuple[Any, ...]:
        """What a user would pass to `fit` for these rows, or to `update` for those after `after`."""
        begin, end = np.zeros(panel.n_series, dtype=np.int64), np.zeros(panel.n_series, dtype=np.int64)
        begin[self.series] = self.start if after is None else after.stop
        end[self.series] = self.stop
        X, y = panel.slice(begin, end).to_user()
        return (y,) if X is None else (X, y)

    def ordered(self, panel: Panel) -> Self:
        """The same with the series in the order in which they appear in `data`."""
        where = np.empty(panel.n_series, dtype=np.int64)
        where[self.series] = np.arange(len(self.series))
        part = _panel_like(self.data(panel), panel)
        order = where[panel.ids.get_indexer(part.ids)]
        return type(self)(self.series[order], self.start[order], self.stop[order])

    def covariates(self, panel: Panel, steps: int) -> np.ndarray:
        """Covariates of the next `steps` rows (k, steps, E); past the end of a series its last ones are repeated."""
        position = self.stop[:, None] + np.arange(steps)
        position = np.minimum(position, panel.lengths[self.series, None] - 1)
        return panel.x[position + panel.offsets[self.series, None]]


@dataclass(frozen=True, eq=False)
class Question:
    """What to pass to `predict`, and the known rows with the series in the order in which answers come."""

    argument: Any
    known: Known


def ask_ahead(panel: Panel, known: Known, steps: int) -> Question:
    """Ask for the next `steps` rows: a number, or the future rows when the model was fitted with an X."""
    if panel.n_exog == 0 and panel.layout.form != "pair":
        return Question(steps, known)
    part = _panel_like(known.data(panel), panel)
    known = known if panel.order is None else known.ordered(panel)
    values = known.covariates(panel, steps).reshape(len(known.series) * steps, panel.n_exog)
    return Question(future_frame(part, steps, values), known)


def paired(panel: Panel) -> Panel:
    """A panel as if it had come as frames X and y: a table of both, and arrays, whose rows are numbered."""
    layout = panel.layout
    if layout.form in ("long", "joint"):
        layout = replace(
            layout, form="pair", y_kind="series", multi=True, name=layout.targets[0], columns=None
        )
    elif layout.y_kind == "array1d":
        layout = replace(layout, y_kind="series", name=layout.targets[0])
    elif layout.y_kind == "array2d":
        layout = replace(layout, y_kind="frame")
    return replace(panel, layout=replace(layout, x_kind="frame" if layout.form == "pair" else None))


def _panel_like(data: tuple[Any, ...], panel: Panel) -> Panel:
    """Rows of a panel, as a user would pass them, as a panel."""
    return Panel.from_data(*data, allow_missing=True, like=panel, coding=Coding.of(panel.layout))


def read_answer(answer: Any, keys: Collection[Hashable]) -> np.ndarray:
    """The numbers of what `predict` or `predict_interval` returned, one row per forecast; `keys` are no forecasts."""
    frame = nw.from_native(answer, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        names = [name for name in frame.columns if name not in keys]
        answer = np.column_stack([frame[name].to_numpy() for name in names])
    return np.asarray(answer, dtype=float)


@dataclass(frozen=True, eq=False)
class Tested:
    """The n rows that a window tests.

    Args:
        rows: all rows of the panel.
        at: numbers of the tested rows, (n,).
        place: position of the series of each in the answers, (n,).
        step: position of each among the steps of an answer, (n,).
        last: row number of the cutoff of each before the gap, (n,).
    """

    rows: Rows
    at: np.ndarray
    place: np.ndarray
    step: np.ndarray
    last: np.ndarray

    @classmethod
    def of(cls, rows: Rows, mask: np.ndarray, known: Known) -> Self:
        """The rows under `mask` of the series that are known."""
        where = np.full(rows.panel.n_series, -1)
        where[known.series] = np.arange(len(known.series))
        at = np.flatnonzero(mask & (where[rows.series] >= 0))
        place = where[rows.series[at]]
        last = rows.panel.offsets[rows.series[at]] + known.stop[place] - 1
        return cls(rows, at, place, at - last - 1, last)

    def pick(self, values: np.ndarray) -> np.ndarray:
        """The answers for the tested rows out of all (k, steps, O), target by target, (O * n,)."""
        return values[self.place, self.step].T.ravel()

    def frame(self, gap: int, columns: dict[str, np.ndarray]) -> pd.DataFrame:
        """The backtest frame of these rows; its index numbers series and target, to sort by."""
        panel, times = self.rows.panel, self.rows.times
        width = panel.n_targets
        order = (self.rows.series[self.at] * width + np.arange(width)[:, None]).ravel()
        keys = {
            "unique_id": self.rows.labels.take(order).array,
            "ds": times.take(np.tile(self.at, width)).array,
            "cutoff": times.take(np.tile(self.last + gap, width)).array,
            "y": panel.y[self.at].T.ravel(),
        }
        return pd.DataFrame({**keys, **columns}, index=order)
