"""Panel: one float buffer for all series, with the timeline and layout that restore the user's index."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from forecast._checks import explain
from forecast.panel.calendar import with_calendar
from forecast.panel.coding import BY_TYPE, Coding
from forecast.panel.read import Layout, Table, read
from forecast.panel.state import panel_fields, panel_state
from forecast.panel.timeline import Timeline, build_timeline
from forecast.panel.values import check_finite


@dataclass(frozen=True, eq=False)
class Panel:
    """S series of O targets and E covariates in one buffer of N rows.

    Row offsets[i] + t holds step t of series i. Shapes: y (N, O), x (N, E), offsets (S+1,).

    Args:
        y: targets, shape (N, O), float32 if given as float32, else float64.
        x: covariates of the same timestamps, shape (N, E).
        offsets: first row of each series and N, int64, shape (S+1,).
        timeline: timestamps of all series, as starts and steps.
        ids: labels of the series, length S.
        layout: types and names of the user's data.
        order: row of the user's data for each row here, shape (N,), or None when they are the same.
        allow_missing: whether NaN was allowed.

    Example:
        >>> import pandas as pd
        >>> y = pd.Series([1.0, 2.0, 4.0], pd.period_range("2024-01", periods=3, freq="M"), name="sales")
        >>> panel = Panel.from_data(y)
        >>> panel.n_series, panel.lengths, panel.season_length
        (1, array([3]), 12)
        >>> panel.slice(1).to_user()[1]
        2024-02    2.0
        2024-03    4.0
        Freq: M, Name: sales, dtype: float64
    """

    y: np.ndarray
    x: np.ndarray
    offsets: np.ndarray
    timeline: Timeline
    ids: pd.Index
    layout: Layout
    order: np.ndarray | None = None
    allow_missing: bool = False

    # ------------------------------------------------------------ in

    @classmethod
    def from_data(
        cls,
        X: Any,
        y: Any = None,
        *,
        allow_missing: bool = False,
        like: Panel | None = None,
        coding: Coding = BY_TYPE,
    ) -> Panel:
        """The one conversion of user data: `from_data(y)`, `from_data(X, y)` or `from_data(long)`.

        Args:
            X: without y: a Series, an array (rows,) or (rows, O), a frame whose columns are all targets, a
                MultiIndex (series, time) Series or frame (column "y" the target and the others covariates,
                or all targets), or a long frame unique_id, ds, y and covariates, of pandas or polars. With
                y: the timeline and covariates, a frame (perhaps without columns) or an array (rows, E).
            y: targets on the rows of X, (rows,) or (rows, O).
            allow_missing: let NaN pass.
            like: a panel whose frequency is used for new rows too few to infer one.
            coding: which columns of X hold categories; they become indicators (`forecast.panel.categories`); and
                the features of the timestamps that follow them.

        Raises:
            ValueError: timestamps unsorted, duplicate or missing; y not aligned with X; NaN or infinity;
                complex numbers; no rows.
            TypeError: sparse data, strings, dates or objects instead of numbers.
        """
        table = read(X, y, coding)
        panel = _grouped(table, None if like is None else like.timeline, allow_missing)
        if coding.calendar is not None:
            panel = with_calendar(panel, coding.calendar)
        for values, name, columns in (
            (panel.y, "y", panel.layout.target_names),
            (panel.x, "X", panel.layout.given_names),
        ):
            check_finite(values, name, columns, panel.row_label, allow_missing=allow_missing)
        return panel

    def __getstate__(self) -> dict[str, Any]:
        """Plain values and arrays for pickle, copy and skops; objects of pandas only where labels are no text."""
        try:
            plain, arrays = panel_state(self)
        except ValueError:
            return vars(self)
        return {"plain": plain, "arrays": arrays}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(panel_fields(**state) if "plain" in state else state)

    # ------------------------------------------------------------ sizes

    @property
    def n_series(self) -> int:
        """S, the number of series."""
        return len(self.offsets) - 1

    @property
    def n_targets(self) -> int:
        """O, the number of target columns."""
        return self.y.shape[1]

    @property
    def n_exog(self) -> int:
        """E, the number of covariates."""
        return self.x.shape[1]

    @property
    def lengths(self) -> np.ndarray:
        """Rows of each series, shape (S,)."""
        return np.diff(self.offsets)

    @property
    def season_length(self) -> int:
        """Steps of the season the frequency suggests: M 12, Q 4, W 52, D 7, h 24, ...; 1 without one."""
        return self.timeline.season

    @property
    def seasons(self) -> tuple[int, ...]:
        """Steps of every season the frequency suggests: h 24 and 168, M 12, ...; empty without one."""
        return self.timeline.seasons

    def phase(self, season: int) -> np.ndarray:
        """Position (S,) of the first row of each series in a season, 0..season-1, by timestamp.

        Rows of two records of one frequency have the same phase when whole seasons lie between them; without
        timestamps the first row has phase 0.

        Example:
            >>> y = pd.Series([1.0, 2.0, 4.0], pd.period_range("2024-03", periods=3, freq="M"))
            >>> Panel.from_data(y).phase(12)
            array([2])
        """
        phase: np.ndarray = self.timeline.ordinals() % season
        return phase

    def index(self, series: int) -> pd.Index:
        """Timestamps of one series."""
        return self.timeline.index(series, 0, int(self.lengths[series]))

    # ------------------------------------------------------------ cutting and growing

    def slice(self, start: int | np.ndarray = 0, stop: int | np.ndarray | None = None) -> Panel:
        """Rows start..stop-1 of each series; whole numbers or arrays (S,), negative ones from the end."""
        lengths = self.lengths
        first = _bound(start, lengths)
        last = lengths if stop is None else _bound(stop, lengths)
        count = np.maximum(last - first, 0)
        offsets = np.concatenate([[0], np.cumsum(count)])
        rows = np.arange(offsets[-1]) + np.repeat(self.offsets[:-1] + first - offsets[:-1], count)
        order = None if self.order is None else np.argsort(np.argsort(self.order[rows]))
        contiguous = self.n_series == 1
        at = np.s_[int(first[0]) : int(first[0] + count[0])] if contiguous else rows
        return replace(
            self,
            y=self.y[at],
            x=self.x[at],
            offsets=offsets,
            timeline=self.timeline.later(first),
            order=order,
        )

    def head(self, counts: int | np.ndarray | None = None, *, drop: int | np.ndarray | None = None) -> Panel:
        """The first `counts` rows of each series (one number, or one per series), or all but the last `drop`."""
        if (counts is None) == (drop is None):
            remedy = "Pass head(100), or head(drop=12)"
            raise ValueError(explain("head", "called with either counts or drop", "both or neither", remedy))
        stop = np.maximum(self.lengths - drop, 0) if drop is not None else np.asarray(counts)
        return self.slice(0, stop)

    def of(self, which: np.ndarray) -> Panel:
        """Some of the series, by their numbers."""
        rows = np.flatnonzero(np.isin(self.series_of_rows(), which))
        return replace(
            self,
            y=self.y[rows],
            x=self.x[rows],
            offsets=np.concatenate([[0], np.cumsum(self.lengths[which])]),
            timeline=self.timeline.of(which),
            ids=self.ids[which],
            order=None if self.order is None else np.argsort(np.argsort(self.order[rows])),
        )

    # ------------------------------------------------------------ out

    def to_user(self) -> tuple[Any, Any]:
        """(X, y) in the user's own form; X is None where the data were one object."""
        index = self.user_index()
        y, x = self.user_rows(self.y), self.user_rows(self.x)
        layout = self.layout
        if layout.form == "long":
            columns: dict[Any, Any] = dict.fromkeys([] if layout.columns is None else layout.columns)
            columns |= {layout.targets[0]: y[:, 0], **layout.covariates_as_given(x)}
            keys, times = self._row_keys()
            return None, layout.long_frame(keys, times, columns)
        if layout.form == "joint":
            frame = pd.DataFrame({layout.targets[0]: y[:, 0], **layout.covariates_as_given(x)}, index)
            return None, frame[list(layout.columns)] if layout.columns is not None else frame
        return (layout.x_as_given(x, index) if layout.form == "pair" else None), layout.y_as_given(y, index)

    def user_rows(self, values: np.ndarray) -> np.ndarray:
        """Rows (N, ...) of the panel in the order of the user's rows."""
        if self.order is None:
            return values
        out = np.empty_like(values)
        out[self.order] = values
        return out

    def panel_rows(self, values: np.ndarray) -> np.ndarray:
        """Rows (N, ...) of the user's data, such as weights, in the order of the panel."""
        return values if self.order is None else values[self.order]

    def user_index(self) -> pd.Index:
        """The index of the user's rows: a MultiIndex (series, time) when there are keys, else timestamps."""
        if not self.layout.multi:
            return self.index(0) if self.layout.form != "long" else pd.RangeIndex(len(self.y))
        keys, times = self._row_keys()
        return pd.MultiIndex.from_arrays([keys, times], names=[self.layout.id_name, self.timeline.name])

    def _row_keys(self) -> tuple[pd.Index, pd.Index]:
        series = self.user_rows(self.series_of_rows())
        position = self.user_rows(self.position_of_rows())
        return self.ids.take(series), self.timeline.stamps(series, position)

    def series_of_rows(self) -> np.ndarray:
        """Number of the series of every row, shape (N,)."""
        return np.repeat(np.arange(self.n_series), self.lengths)

    def position_of_rows(self) -> np.ndarray:
        """Step of every row from the start of its series, shape (N,)."""
        return np.arange(len(self.y)) - np.repeat(self.offsets[:-1], self.lengths)

    def row_label(self, row: int) -> str:
        """Where a row stands, in words for a message."""
        series = int(np.searchsorted(self.offsets, row, side="right")) - 1
        step = row - int(self.offsets[series])
        stamp = self.timeline.stamps(np.array([series]), np.array([step]))[0]
        if not self.layout.has_index:
            return f"row {stamp}"
        return str(stamp) if not self.layout.keyed else f"{stamp} of series {self.ids[series]!r}"


def panel_from_state(plain: dict[str, Any], arrays: dict[str, np.ndarray]) -> Panel:
    """The Panel that `panel_state` described."""
    return Panel(**panel_fields(plain, arrays))


def _bound(value: int | np.ndarray, lengths: np.ndarray) -> np.ndarray:
    value = np.broadcast_to(np.asarray(value, np.int64), lengths.shape)
    return np.clip(np.where(value < 0, lengths + value, value), 0, lengths)


def _grouped(table: Table, like: Timeline | None, allow_missing: bool) -> Panel:
    """Rows brought together by series, in the order in which the series appear."""
    if table.keys is None:
        offsets = np.array([0, len(table.y)], np.int64)
        ids, order, times = pd.Index([0]), None, table.times
    else:
        ids, codes = _codes(table.keys, table.layout.names.series)
        offsets = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=len(ids)))])
        order = None if (np.diff(codes) >= 0).all() else np.argsort(codes, kind="stable")
        times = table.times if order is None else table.times[order]
    y, x = (table.y, table.x) if order is None else (table.y[order], table.x[order])

    def where(row: int) -> str:
        if table.keys is None:
            return ""
        return f" of series {ids[int(np.searchsorted(offsets, row, side='right')) - 1]!r}"

    name = str(table.layout.names.time) if table.layout.form == "long" else "index"
    timeline = build_timeline(times, offsets, where, like, name)
    return Panel(y, x, offsets, timeline, ids, table.layout, order, allow_missing)


def _codes(keys: pd.Index, name: Any) -> tuple[pd.Index, np.ndarray]:
    codes, ids = pd.factorize(keys)
    if (codes < 0).any():
        row = int(np.argmax(codes < 0))
        remedy = "Drop these rows or fill in the series they belong to"
        raise ValueError(explain(str(name), "known in every row", f"a missing value in row {row}", remedy))
    return pd.Index(ids).rename(None), codes
