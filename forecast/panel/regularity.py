"""Is an index sorted, unique and without holes? If not, an error that names the first bad timestamps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from forecast._checks import explain
from forecast.panel.frequency import OFF_GRID, Clock, Frequency

_SHOWN = 5


def shorten(values: Any, limit: int = _SHOWN) -> str:
    """The first values of a list in words: `1, 2, 3 and 4 more`."""
    values = list(values)
    shown = ", ".join(_text(value) for value in values[:limit])
    return shown + (f" and {len(values) - limit} more" if len(values) > limit else "")


def _text(value: Any) -> str:
    if isinstance(value, pd.Timestamp) and value == value.normalize() and value.tz is None:
        return str(value.date())
    return str(value)


def unsorted_timestamps(steps: np.ndarray, index: pd.Index, where: Callable[[int], str]) -> ValueError:
    """The error for unsorted or duplicate timestamps; `steps` (N-1,) are the differences within a series."""
    if (steps < 0).any():
        row = int(np.argmax(steps < 0))
        received = f"{_text(index[row + 1])} after {_text(index[row])}"
        remedy = (
            "Sort them first, for example y.sort_index(), or a long frame with sort_values by series and time"
        )
        remedy += _local_hours(index[:-1][steps < 0])
        if (steps < 0).mean() > 0.25:  # no mistake in the order of a record
            remedy += (
                "; rows drawn at random, as by a shuffled split or a halving search over n_samples, have lost "
                "their time: use TimeSeriesSplit, and another resource"
            )
        return ValueError(
            explain(f"timestamps{where(row)}", "sorted in time, not unsorted", received, remedy)
        )
    rows = np.flatnonzero(steps == 0)
    received = f"duplicate timestamps {shorten(index[rows].unique())}"
    remedy = "Keep one row for each timestamp, for example y[~y.index.duplicated()]" + _local_hours(
        index[rows]
    )
    series = where(int(rows[0]))
    if not series and len(rows) > 0.25 * len(steps):
        remedy += "; of several series name that of each row, in the column unique_id of a long frame"
    return ValueError(explain(f"timestamps{series}", "unique in each series", received, remedy))


def _local_hours(index: pd.Index) -> str:
    """What to do about timestamps that look like the hours of a night in which local clocks change; "" for others."""
    if not isinstance(index, pd.DatetimeIndex) or index.tz is not None or not len(index):
        return ""
    night = (index.day_of_week == 6) & (index.hour <= 3) & index.month.isin([3, 4, 9, 10, 11])
    if not night.all() or (index == index.normalize()).all():
        return ""
    return (
        "; hours in which local clocks change are told apart by their time zone, for example "
        "y.tz_localize('Europe/Berlin', ambiguous='infer', nonexistent='shift_forward')"
    )


def missing_timestamps(where: str, missing: Any, remedy: str) -> ValueError:
    """The error for holes in an index; `missing` holds the timestamps that should be there."""
    count = len(missing)
    received = f"{count} missing timestamp{'s' if count != 1 else ''}: {shorten(missing)}"
    return ValueError(explain(f"timestamps{where}", "without missing timestamps", received, remedy))


def irregular_timestamps(where: str, index: pd.DatetimeIndex) -> ValueError:
    """The error for timestamps that follow no frequency at all."""
    steps = pd.Series(index[1:] - index[:-1])
    usual = steps.mode().iloc[0]
    row = int(np.argmax((steps != usual).to_numpy()))
    received = (
        f"irregular steps between {steps.min()} and {steps.max()}, the usual one {usual}, "
        f"first left after {_text(index[row])}"
    )
    remedy = (
        f"Bring the series to a frequency, for example y.resample({_name(usual)!r}).mean(), turn dates inside "
        "months into periods with y.index.to_period('M'), or number the rows with y.reset_index(drop=True)"
    )
    allowed = "regularly spaced, without missing timestamps"
    return ValueError(explain(f"timestamps{where}", allowed, received, remedy))


def _name(step: pd.Timedelta) -> str:
    return str(pd.tseries.frequencies.to_offset(step).freqstr)


def infer_offset(index: pd.DatetimeIndex) -> pd.offsets.BaseOffset | None:
    """The frequency of sorted timestamps: as set, else inferred from at least three of them, else None."""
    if index.freq is not None:
        return index.freq
    if len(index) < 3:
        return None
    return _inferred(index)


def _inferred(index: pd.DatetimeIndex) -> pd.offsets.BaseOffset | None:
    option = "future.infer_freq_returns_offset"  # pandas 3.1 warns about the change unless it is set
    if hasattr(pd.options.future, "infer_freq_returns_offset"):
        with pd.option_context(option, True):
            return pd.tseries.frequencies.to_offset(pd.infer_freq(index))
    return pd.tseries.frequencies.to_offset(pd.infer_freq(index))


def explain_holes(index: pd.DatetimeIndex, clock: Clock, where: str) -> ValueError:
    """The error for timestamps without a common step: the missing ones if a step fits, else irregular."""
    offset = frequency_with_holes(index, clock)
    if offset is None:
        return irregular_timestamps(where, index)
    return holes_of(index, Frequency(offset, clock), where)


def frequency_with_holes(index: pd.DatetimeIndex, clock: Clock) -> pd.offsets.BaseOffset | None:
    """The frequency of which fewest timestamps are missing; None where none fits."""
    stamps = index.asi8
    best: tuple[int, pd.offsets.BaseOffset] | None = None
    for offset in _candidates(index):
        positions = Frequency(offset, clock).positions(np.full(len(stamps), stamps[0]), stamps)
        if (positions >= 0).all() and positions[-1] <= 20 * len(stamps):
            if best is None or positions[-1] < best[0]:
                best = (int(positions[-1]), offset)
    return None if best is None else best[1]


def holes_of(index: pd.DatetimeIndex, frequency: Frequency, where: str) -> ValueError:
    """The error for timestamps of a known frequency with some missing or off the grid."""
    stamps = index.asi8
    positions = frequency.positions(np.full(len(stamps), stamps[0]), stamps)
    name = frequency.offset.freqstr
    if (positions == OFF_GRID).any():
        odd = index[positions == OFF_GRID]
        received = f"{shorten(odd)}, where no step of the frequency {name!r} falls"
        remedy = f"Bring the series to its frequency, for example y.resample({name!r}).mean()"
        allowed = f"steps of the frequency {name!r} without missing timestamps"
        return ValueError(explain(f"timestamps{where}", allowed, received, remedy))
    lost = np.setdiff1d(np.arange(positions[-1]), positions)
    missing = frequency.clock.index(frequency.stamps(np.full(len(lost), stamps[0]), lost))
    remedy = (
        f"Insert them with forecast.fill_gaps(y, freq={name!r}), or pass missing_rows='fill' to the forecaster "
        "or, in a backtest, to backtest"
    )
    return missing_timestamps(where, missing, remedy + _local_hours(missing))


def _candidates(index: pd.DatetimeIndex) -> Iterator[pd.offsets.BaseOffset]:
    """Frequencies of unbroken stretches of the index, and its shortest step."""
    seen = set()
    for length in (24, 12, 6, 4, 3):
        for start in np.unique(np.linspace(0, max(len(index) - length, 0), 25).astype(int)):
            part = index[start : start + length]
            offset = _inferred(part) if len(part) >= 3 else None
            if offset is not None and offset not in seen:
                seen.add(offset)
                yield offset
    shortest = (index[1:] - index[:-1]).min()
    yield pd.tseries.frequencies.to_offset(shortest)
