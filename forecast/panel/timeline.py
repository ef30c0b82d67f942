"""The timestamps of all series in a few numbers: where each series starts, and the step of time from there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd

from forecast._checks import explain
from forecast.panel.frequency import OFF_GRID, Clock, Frequency, moved, season_lengths
from forecast.panel.regularity import (
    explain_holes,
    holes_of,
    infer_offset,
    missing_timestamps,
    shorten,
    unsorted_timestamps,
)

Where = Callable[[int], str]


@dataclass(frozen=True, eq=False)
class Timeline(ABC):
    """Timestamps of S series: `starts` (S,) as integers; steps are numbered from 0 at each start."""

    starts: np.ndarray
    name: Hashable

    @abstractmethod
    def stamps(self, series: np.ndarray, positions: np.ndarray) -> pd.Index:
        """Timestamps of the steps `positions` (n,) of the series numbered `series` (n,)."""

    @abstractmethod
    def positions(self, series: np.ndarray, index: pd.Index) -> np.ndarray:
        """Step numbers (n,) of timestamps of the series numbered `series` (n,), OFF_GRID between steps."""

    @abstractmethod
    def accepts(self, index: pd.Index) -> bool:
        """Whether the index is of the same kind, so its timestamps can be found here."""

    @abstractmethod
    def ordinals(self) -> np.ndarray:
        """Steps (S,) from a fixed origin, common to all records of this frequency, to the start of each series."""

    @property
    @abstractmethod
    def seasons(self) -> tuple[int, ...]:
        """Steps of the natural seasons, see `season_lengths`."""

    @property
    def season(self) -> int:
        """Steps of the first natural season; 1 where there is none."""
        return self.seasons[0] if self.seasons else 1

    @property
    @abstractmethod
    def kind(self) -> str:
        """The kind of index in words, for messages."""

    def index(self, series: int, start: int, stop: int) -> pd.Index:
        """Index of the steps start..stop-1 of one series, with its frequency where the class has one."""
        steps = np.arange(start, stop)
        return self.stamps(np.full(len(steps), series), steps)

    def later(self, steps: np.ndarray) -> Self:
        """The same series starting `steps` (S,) steps later."""
        return replace(self, starts=self.keys(np.arange(len(self.starts)), steps))

    def of(self, which: np.ndarray) -> Self:
        """Some of the series."""
        return replace(self, starts=self.starts[which])

    @abstractmethod
    def keys(self, series: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """As `stamps`, but as integers."""


@dataclass(frozen=True, eq=False)
class Numbers(Timeline):
    """A RangeIndex, or an integer index with a constant step."""

    step: int
    dtype: str = "int64"
    is_range: bool = True

    def keys(self, series: np.ndarray, positions: np.ndarray) -> np.ndarray:
        return moved(self.starts[series], positions, self.step)

    def stamps(self, series: np.ndarray, positions: np.ndarray) -> pd.Index:
        return pd.Index(self.keys(series, positions), dtype=self.dtype, name=self.name)

    def index(self, series: int, start: int, stop: int) -> pd.Index:
        if not self.is_range:
            return super().index(series, start, stop)
        first = int(self.starts[series])
        return pd.RangeIndex(first + start * self.step, first + stop * self.step, self.step, name=self.name)

    def positions(self, series: np.ndarray, index: pd.Index) -> np.ndarray:
        whole, rest = np.divmod(index.to_numpy(np.int64) - self.starts[series], self.step)
        return np.where(rest == 0, whole, OFF_GRID)

    def ordinals(self) -> np.ndarray:
        return self.starts // self.step

    def accepts(self, index: pd.Index) -> bool:
        return pd.api.types.is_integer_dtype(index.dtype)

    @property
    def seasons(self) -> tuple[int, ...]:
        return ()

    @property
    def kind(self) -> str:
        return "integer numbers"


@dataclass(frozen=True, eq=False)
class Periods(Timeline):
    """A PeriodIndex; `starts` are ordinals."""

    freq: pd.offsets.BaseOffset

    def keys(self, series: np.ndarray, positions: np.ndarray) -> np.ndarray:
        return moved(self.starts[series], positions, self.freq.n)

    def stamps(self, series: np.ndarray, positions: np.ndarray) -> pd.Index:
        return pd.PeriodIndex.from_ordinals(self.keys(series, positions), freq=self.freq, name=self.name)

    def positions(self, series: np.ndarray, index: pd.Index) -> np.ndarray:
        whole, rest = np.divmod(index.asi8 - self.starts[series], self.freq.n)
        return np.where(rest == 0, whole, OFF_GRID)

    def ordinals(self) -> np.ndarray:
        return self.starts // self.freq.n

    def accepts(self, index: pd.Index) -> bool:
        return isinstance(index, pd.PeriodIndex) and index.freq.base == self.freq.base

    @property
    def seasons(self) -> tuple[int, ...]:
        return season_lengths(self.freq)

    @property
    def kind(self) -> str:
        return f"periods of frequency {pd.PeriodIndex([], freq=self.freq).freqstr!r}"


@dataclass(frozen=True, eq=False)
class Dates(Timeline):
    """A DatetimeIndex; while too short to infer its frequency, `second` holds the second stamps (S,)."""

    clock: Clock
    offset: pd.offsets.BaseOffset | None
    freq_set: bool = True
    second: np.ndarray | None = None

    @property
    def frequency(self) -> Frequency:
        if self.offset is None:
            raise ValueError(
                explain(
                    "timestamps",
                    "at least three of one series, or have their frequency set",
                    "a DatetimeIndex without freq that is too short to infer it",
                    "Set it, for example y = y.asfreq('D')",
                )
            )
        return Frequency(self.offset, self.clock)

    def keys(self, series: np.ndarray, positions: np.ndarray) -> np.ndarray:
        if self.offset is None and self.second is not None and positions.max(initial=0) <= 1:
            return np.where(positions == 1, self.second[series], self.starts[series])
        return self.frequency.stamps(self.starts[series], positions)

    def stamps(self, series: np.ndarray, positions: np.ndarray) -> pd.Index:
        return self.clock.index(self.keys(series, positions)).rename(self.name)

    def index(self, series: int, start: int, stop: int) -> pd.Index:
        index = super().index(series, start, stop)
        if self.offset is not None and self.freq_set:
            with suppress(ValueError):  # an hour skipped by daylight saving time is off the frequency
                index.freq = self.offset
        return index

    def positions(self, series: np.ndarray, index: pd.Index) -> np.ndarray:
        assert isinstance(index, pd.DatetimeIndex)
        same_unit = index.as_unit(self.clock.unit)
        found = self.frequency.positions(self.starts[series], same_unit.asi8)
        exact = same_unit.as_unit(index.unit).asi8 == index.asi8
        return np.where(exact, found, OFF_GRID)

    def ordinals(self) -> np.ndarray:
        return np.zeros_like(self.starts) if self.offset is None else self.frequency.ordinals(self.starts)

    def accepts(self, index: pd.Index) -> bool:
        return isinstance(index, pd.DatetimeIndex) and (index.tz is None) == (self.clock.tz is None)

    def later(self, steps: np.ndarray) -> Self:
        if self.offset is None and self.second is not None:
            moved = self.keys(np.arange(len(self.starts)), steps)
            return replace(self, starts=moved, second=np.maximum(moved, self.second))
        return super().later(steps)

    def of(self, which: np.ndarray) -> Self:
        second = None if self.second is None else self.second[which]
        return replace(self, starts=self.starts[which], second=second)

    @property
    def seasons(self) -> tuple[int, ...]:
        return season_lengths(self.offset)

    @property
    def kind(self) -> str:
        return "timestamps" if self.clock.tz is None else f"timestamps in the time zone {self.clock.tz}"


def check_kind(timeline: Timeline, index: pd.Index, name: str) -> None:
    """Refuse an index of another kind than the history's."""
    if not timeline.accepts(index):
        zone = f" in the time zone {index.tz}" if getattr(index, "tz", None) is not None else ""
        received = f"a {type(index).__name__} of dtype {index.dtype}{zone}"
        remedy = "Use the kind of index given to fit; model.make_future_frame(horizon) shows it"
        raise TypeError(explain(name, timeline.kind, received, remedy))


# ---------------------------------------------------------------------- from an index


def build_timeline(
    index: pd.Index, offsets: np.ndarray, where: Where, like: Timeline | None, name: str = "index"
) -> Timeline:
    """Timeline of an index (N,) in panel order; refuses unsorted, duplicate and missing timestamps.

    `where(row)` names the series of a row in messages, `name` the index; `like` gives its frequency to an index
    that is too short to infer its own.
    """
    if getattr(index, "hasnans", False):
        row = int(np.argmax(np.asarray(index.isna())))
        remedy = "Drop these rows or fill in their time"
        raise ValueError(explain(f"timestamps{where(row)}", "all known", f"NaT in row {row}", remedy))
    if isinstance(index, pd.DatetimeIndex):
        return _dates(index, offsets, where, like if isinstance(like, Dates) else None)
    if isinstance(index, pd.PeriodIndex):
        _check_sorted(index.asi8, offsets, index, where)
        line: Timeline = Periods(_firsts(index.asi8, offsets), index.name, index.freq)
    elif pd.api.types.is_integer_dtype(index.dtype):
        line = _numbers(index, offsets, where, like if isinstance(like, Numbers) else None)
    else:
        raise _no_timestamps(index, name)
    _check_steps(line, index, offsets, where)
    return line


def _no_timestamps(index: pd.Index, name: str) -> TypeError:
    remedy = (
        "Parse dates with y.index = pd.to_datetime(y.index), make whole numbers with "
        "y.index.astype(int), or number the rows with y.reset_index(drop=True)"
    )
    if name != "index":
        remedy = f"Parse dates with long[{name!r}] = pd.to_datetime(long[{name!r}])"
    allowed = "timestamps (a DatetimeIndex), periods (a PeriodIndex) or whole numbers"
    received = f"a {type(index).__name__} of dtype {index.dtype}, with values such as {index[0]!r}"
    return TypeError(explain(name, allowed, received, remedy))


def _check_sorted(keys: np.ndarray, offsets: np.ndarray, index: pd.Index, where: Where) -> None:
    """Refuse unsorted and duplicate timestamps; `keys` (N,) is the index as integers, in panel order."""
    steps = np.diff(keys)
    between = offsets[1:-1]
    steps[between[(between > 0) & (between < len(keys))] - 1] = 1  # from one series to the next
    if (steps <= 0).any():
        raise unsorted_timestamps(steps, index, where)


def _firsts(keys: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    return np.asarray(keys, np.int64)[offsets[:-1]]


def _rows(offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Series number and step number of every row."""
    lengths = np.diff(offsets)
    series = np.repeat(np.arange(len(lengths)), lengths)
    return series, np.arange(offsets[-1]) - offsets[series]


def _numbers(index: pd.Index, offsets: np.ndarray, where: Where, like: Numbers | None) -> Numbers:
    keys = index.to_numpy(np.int64)
    is_range = isinstance(index, pd.RangeIndex)
    if is_range and index.step > 0:
        return Numbers(_firsts(keys, offsets), index.name, index.step, is_range=True)
    _check_sorted(keys, offsets, index, where)
    within = np.diff(offsets) > 1
    steps = np.diff(keys)[np.setdiff1d(np.arange(len(keys) - 1), offsets[1:-1] - 1)] if within.any() else []
    step = int(np.min(steps)) if len(steps) else like.step if like is not None else 1
    return Numbers(_firsts(keys, offsets), index.name, step, str(index.dtype), is_range=False)


def _check_steps(line: Timeline, index: pd.Index, offsets: np.ndarray, where: Where) -> None:
    series, expected = _rows(offsets)
    found = line.positions(series, index)
    if (found == expected).all():
        return
    row = int(np.argmax(found != expected))
    first, last = offsets[series[row]], offsets[series[row] + 1]
    if (found[first:last] == OFF_GRID).any():
        step = getattr(line, "step", 1)
        received = f"{shorten(index[first:last][found[first:last] == OFF_GRID])} beside steps of {step}"
        remedy = "Insert the missing rows, or number the rows with y.reset_index(drop=True)"
        allowed = "regularly spaced, without missing timestamps"
        raise ValueError(explain(f"timestamps{where(row)}", allowed, received, remedy))
    lost = np.setdiff1d(np.arange(found[last - 1]), found[first:last])
    missing = line.stamps(np.full(len(lost), series[row]), lost)
    remedy = (
        "Insert them with forecast.fill_gaps(y), or pass missing_rows='fill' to the forecaster or, in a backtest, "
        "to backtest"
    )
    raise missing_timestamps(where(row), missing, remedy)


def _dates(index: pd.DatetimeIndex, offsets: np.ndarray, where: Where, like: Dates | None) -> Dates:
    clock = Clock(index.tz, index.unit)
    stamps = index.asi8
    _check_sorted(stamps, offsets, index, where)
    lengths = np.diff(offsets)
    longest = int(np.argmax(lengths))
    first, last = offsets[longest], offsets[longest + 1]
    freq_set = index.freq is not None
    offset = index.freq or (like.offset if like is not None else None)
    if offset is None:
        offset = infer_offset(index[first:last])
    line = Dates(_firsts(stamps, offsets), index.name, clock, offset, freq_set)
    if offset is None and lengths[longest] <= 2:
        second = stamps[np.minimum(offsets[:-1] + 1, offsets[1:] - 1)]
        return Dates(line.starts, index.name, clock, None, False, second)
    if offset is None:
        raise explain_holes(index[first:last], clock, where(int(first)))
    if not freq_set:
        _check_dates(line, index, offsets, where)
    return line


def _check_dates(line: Dates, index: pd.DatetimeIndex, offsets: np.ndarray, where: Where) -> None:
    series, expected = _rows(offsets)
    bad = line.keys(series, expected) != index.asi8
    if bad.any():
        row = int(np.argmax(bad))
        first, last = offsets[series[row]], offsets[series[row] + 1]
        raise holes_of(index[first:last], line.frequency, where(row))
