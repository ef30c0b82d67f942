"""A frequency of timestamps as arithmetic on whole steps: step n of a series <-> its timestamp.

Timestamps are int64 counts of `unit` since 1970 in UTC, as in `DatetimeIndex.asi8`. Hours and shorter run
in UTC; days, weeks and business days run in local time, so a daily series stays at
midnight across a change of daylight saving time; months and longer follow the calendar.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from forecast._checks import explain

OFF_GRID = np.iinfo(np.int64).min
"""Position of a timestamp that no step of the series falls on."""

_LARGEST = 9.2233720368e18
"""Largest timestamp in units of its clock, a little below 2**63."""

_SEASONS = {"Y": 1, "A": 1, "BY": 1, "Q": 4, "BQ": 4, "M": 12, "BM": 12, "W": 52, "B": 5, "C": 5, "D": 7}
_PERIODS_OF_A_DAY = {"h": 24, "min": 60, "s": 60}
_LONGER = {60: 60, 3600: 24, 86400: 7}
"""How often a minute, an hour and a day go into the next longer season."""


def season_length(freq: Any) -> int:
    """Steps in the natural season of a frequency: a year, a week of days, a day of hours, an hour of minutes.

    Args:
        freq: pandas frequency (an offset or its name), or None for data without a clock.

    Returns:
        Y 1, Q 4, M 12, W 52, B 5, D 7, h 24, 30min 48, 15min 96, min 60, s 60; 1 when there is none.

    Example:
        >>> season_length("MS"), season_length("h"), season_length("30min"), season_length(None)
        (12, 24, 48, 1)
    """
    offset = None if freq is None else to_offset(_offset_name(freq))
    if offset is None:
        return 1
    base = offset.base.freqstr.split("-")[0]
    base = base[:-1] if base[-1] in "SE" and base[:-1] in _SEASONS else base
    if base in _SEASONS:
        whole = _SEASONS[base]
        return whole // offset.n if whole % offset.n == 0 else 1
    if base not in _PERIODS_OF_A_DAY:
        return 1
    step = pd.Timedelta(offset).total_seconds()
    span = 86400.0 if step >= 300 else 3600.0 if step >= 60 else 60.0
    return int(span // step) if span % step == 0 else 1


def season_lengths(freq: Any) -> tuple[int, ...]:
    """Steps in each natural season of a frequency, the shortest first: of hours a day and a week.

    Args:
        freq: pandas frequency (an offset or its name), or None for data without a clock.

    Returns:
        `season_length`, where that is more than 1; for steps below a day also the next longer season among a
        minute, an hour, a day and a week.

    Example:
        >>> season_lengths("h"), season_lengths("30min"), season_lengths("MS"), season_lengths(None)
        ((24, 168), (48, 336), (12,), ())
    """
    first = season_length(freq)
    if first == 1:
        return ()
    if to_offset(_offset_name(freq)).base.freqstr not in _PERIODS_OF_A_DAY:
        return (first,)
    step = pd.Timedelta(to_offset(freq)).total_seconds()
    return first, first * _LONGER[round(first * step)]


def _offset_name(freq: Any) -> Any:
    """The name of a period frequency as that of an offset, since pandas no longer accepts it as one."""
    return re.sub(r"^(\d*[MQY])(-[A-Z]{3})?$", r"\1E\2", freq) if isinstance(freq, str) else freq


def moved(starts: np.ndarray, steps: np.ndarray, size: int, unit: str = "its unit") -> np.ndarray:
    """starts + steps * size, where it fits 64-bit integers.

    Raises:
        ValueError: a timestamp beyond the range of its unit (nanoseconds end in the year 2262).
    """
    if np.abs(starts + steps.astype(float) * size).max(initial=0.0) > _LARGEST:
        allowed = f"timestamps within the range of {unit} (ns end in the year 2262)"
        received = f"{int(np.abs(steps).max())} steps from the start of the history"
        remedy = "Ask for fewer steps, or take a coarser unit before fit: y.index = y.index.as_unit('s')"
        raise ValueError(explain("horizon", allowed, received, remedy))
    out: np.ndarray = starts + steps * size
    return out


@dataclass(frozen=True)
class Clock:
    """Time zone and resolution in which the timestamps of a panel are kept."""

    tz: dt.tzinfo | None = None
    unit: str = "ns"

    def index(self, stamps: np.ndarray) -> pd.DatetimeIndex:
        """Timestamps (n,) as a DatetimeIndex in the time zone."""
        naive = pd.DatetimeIndex(np.asarray(stamps, np.int64).view(f"M8[{self.unit}]"))
        return naive if self.tz is None else naive.tz_localize("UTC").tz_convert(self.tz)

    def local(self, stamps: np.ndarray) -> np.ndarray:
        """Local wall-clock time (n,) in the same unit."""
        return stamps if self.tz is None else self.index(stamps).tz_localize(None).asi8

    def utc(self, local: np.ndarray) -> np.ndarray:
        """UTC of local times (n,): a skipped one moves forward, an ambiguous one is its first occurrence."""
        if self.tz is None:
            return local
        naive = pd.DatetimeIndex(local.view(f"M8[{self.unit}]"))
        first = np.ones(len(naive), bool)
        return naive.tz_localize(self.tz, ambiguous=first, nonexistent="shift_forward").asi8

    def ticks(self, delta: pd.Timedelta) -> int:
        """Length of a duration in units."""
        return int(delta // pd.Timedelta(1, self.unit))


@dataclass(frozen=True)
class Frequency:
    """Step arithmetic of one pandas offset on one clock."""

    offset: pd.offsets.BaseOffset
    clock: Clock

    def stamps(self, starts: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """Timestamp of step `positions` (n,) counted from the timestamps `starts` (n,)."""
        if self._tick:
            return moved(starts, positions, self._tick, self.clock.unit)
        if self._days:
            return self.clock.utc(moved(self.clock.local(starts), positions, self._days, self.clock.unit))
        if isinstance(self.offset, pd.offsets.BusinessDay):
            return self._business_stamps(starts, positions)
        out = np.empty(len(starts), np.int64)
        for rows, grid in self._grids(starts, steps=int(positions.max(initial=0)) + 1):
            out[rows] = grid[positions[rows]]
        return out

    def positions(self, starts: np.ndarray, stamps: np.ndarray) -> np.ndarray:
        """Step number of timestamps (n,) counted from `starts` (n,); OFF_GRID where there is none."""
        if self._tick:
            whole, rest = np.divmod(stamps, self._tick)
            before, rest_before = np.divmod(starts, self._tick)
            return np.where(rest == rest_before, whole - before, OFF_GRID)
        if self._days:
            passed = self.clock.local(stamps) - self.clock.local(starts)
            guess = np.floor_divide(passed + self._days // 2, self._days)
        elif isinstance(self.offset, pd.offsets.BusinessDay):
            guess = self._business_positions(starts, stamps)
        else:
            return self._calendar_positions(starts, stamps)
        return np.where(self.stamps(starts, guess) == stamps, guess, OFF_GRID)

    def ordinals(self, stamps: np.ndarray) -> np.ndarray:
        """Steps (n,) from a fixed origin, common to all records of this frequency."""
        if self._tick:
            return np.floor_divide(stamps, self._tick)
        if self._days:
            return np.floor_divide(self.clock.local(stamps), self._days)
        days = self._split_days(stamps)[0]
        if isinstance(self.offset, pd.offsets.BusinessDay):
            return np.busday_count(np.datetime64(0, "D"), days, busdaycal=self._calendar) // self.offset.n
        months: np.ndarray = days.astype("M8[M]").astype(np.int64)
        return months // max(12 * self.offset.n // max(season_length(self.offset.base), 1), 1)

    # ------------------------------------------------------------ kinds of offsets

    @cached_property
    def _tick(self) -> int:
        """Units of a step of constant length (hours and shorter), else 0."""
        if isinstance(self.offset, pd.offsets.Day) or not isinstance(self.offset, pd.offsets.Tick):
            return 0
        return self.clock.ticks(pd.Timedelta(self.offset))

    @cached_property
    def _days(self) -> int:
        """Units of a step of whole days of local time, else 0."""
        if not isinstance(self.offset, (pd.offsets.Day, pd.offsets.Week)):
            return 0
        days = self.offset.n * (7 if isinstance(self.offset, pd.offsets.Week) else 1)
        return days * self.clock.ticks(pd.Timedelta(1, "D"))

    @property
    def _calendar(self) -> np.busdaycalendar:  # not cached: numpy cannot pickle it
        return getattr(self.offset, "calendar", None) or np.busdaycalendar()

    def _split_days(self, stamps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        local = self.clock.local(stamps)
        day, of_day = np.divmod(local, self.clock.ticks(pd.Timedelta(1, "D")))
        return day.astype("M8[D]"), of_day

    def _business_stamps(self, starts: np.ndarray, positions: np.ndarray) -> np.ndarray:
        day, of_day = self._split_days(starts)
        days = np.busday_offset(day, positions * self.offset.n, roll="forward", busdaycal=self._calendar)
        local = moved(of_day, days.astype(np.int64), self.clock.ticks(pd.Timedelta(1, "D")), self.clock.unit)
        return self.clock.utc(local)

    def _business_positions(self, starts: np.ndarray, stamps: np.ndarray) -> np.ndarray:
        first, last = self._split_days(starts)[0], self._split_days(stamps)[0]
        return np.busday_count(first, last, busdaycal=self._calendar) // self.offset.n

    def _grids(self, starts: np.ndarray, steps: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each distinct start: the rows that have it, and the timestamps of its first `steps` steps."""
        unique, inverse = np.unique(starts, return_inverse=True)
        rows = np.split(np.argsort(inverse, kind="stable"), np.cumsum(np.bincount(inverse))[:-1])
        firsts = self.clock.index(unique)
        return [(r, self._grid(first, periods=steps)) for r, first in zip(rows, firsts, strict=True)]

    def _grid(self, first: pd.Timestamp, periods: int) -> np.ndarray:
        grid = pd.date_range(first, periods=periods, freq=self.offset, unit=self.clock.unit)
        return grid.asi8

    def _calendar_positions(self, starts: np.ndarray, stamps: np.ndarray) -> np.ndarray:
        out = np.full(len(stamps), OFF_GRID, np.int64)
        span = self.clock.index(np.array([starts.min(), max(stamps.max(), starts.min())]))
        days = max((span[1] - span[0]).days, 0)
        steps = len(pd.date_range(span[0], span[1], freq=self.offset)) + 2 if days else 2
        for rows, grid in self._grids(starts, steps=steps):
            found = np.minimum(np.searchsorted(grid, stamps[rows]), len(grid) - 1)
            before = stamps[rows] < grid[0]
            out[rows] = np.where(before, -1, np.where(grid[found] == stamps[rows], found, OFF_GRID))
        return out
