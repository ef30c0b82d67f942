"""Rows that an index leaves out: `fill_gaps` inserts them, for one series, panels and long frames alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from forecast._checks import check_choice, explain
from forecast.panel import long
from forecast.panel.frequency import OFF_GRID, Clock, Frequency
from forecast.panel.naming import names_of, refuse_other_names
from forecast.panel.read import split_index
from forecast.panel.regularity import (
    frequency_with_holes,
    holes_of,
    infer_offset,
    irregular_timestamps,
    unsorted_timestamps,
)

ENDS = ("per_serie", "global")


def fill_gaps(
    y: Any,
    freq: Any = None,
    *,
    start: str = "per_serie",
    end: str = "per_serie",
    series: Any = None,
    time: Any = None,
) -> Any:
    """The data with every missing timestamp inserted, its values NaN; named after that of utilsforecast.

    Forecasters learn from missing values; see the class for what each does. Rows that are there stay as they are.

    Args:
        y: a Series or frame, of one series or with a MultiIndex (series, time), or a long frame unique_id, ds, ...,
            of pandas or polars; targets, covariates or both.
        freq: frequency of the timestamps, for example "h" or "MS"; of whole numbers their step. None = that of
            the unbroken stretches of the longest series; periods have their own.
        start, end: "per_serie" = the first and last timestamp of each series, "global" = those of all series.
        series, time: columns of a long frame that are not called unique_id and ds. A frame without a column of series
            is one series.

    Returns:
        The same kind of data, sorted as before.

    Raises:
        ValueError: timestamps unsorted, duplicate, irregular or off the frequency.
        TypeError: data without timestamps.

    Example:
        >>> y = pd.Series([1.0, 2.0, 4.0], pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-04"]))
        >>> fill_gaps(y, freq="D")
        2024-01-01    1.0
        2024-01-02    2.0
        2024-01-03    NaN
        2024-01-04    4.0
        Freq: D, dtype: float64
    """
    check_choice("start", start, ENDS)
    check_choice("end", end, ENDS)
    names = names_of(y, None, series, time, None, valued=False)
    if long.is_long(y, names):
        frame, library, id_type, time_type = long.to_pandas(y, names)
        whole = fill_gaps(frame.set_index([*names.keys]), freq, start=start, end=end)
        ids, times = (whole.index.get_level_values(level) for level in (0, -1))
        columns = {name: whole[name].to_numpy() if name in whole else None for name in frame.columns}
        return long.write_long(ids, times, columns, library, id_type, time_type, names)
    refuse_other_names(y)
    if not isinstance(y, (pd.Series, pd.DataFrame)):
        remedy = "Pass a Series or frame on the timestamps of its rows"
        raise TypeError(explain("y", "data with an index, or a long frame", f"a {type(y).__name__}", remedy))
    keys, times = split_index(y.index, "y")
    if keys is None:
        every = _complete(times, _step(times, freq), times[0], times[-1], "")
        return y if len(every) == len(times) else y.reindex(every)
    codes, ids = pd.factorize(keys)
    parts = [times[codes == code] for code in range(len(ids))]
    step = _step(max(parts, key=len), freq)
    least, most = min(part[0] for part in parts), max(part[-1] for part in parts)
    lines = [
        _complete(
            part, step, least if start == "global" else part[0], most if end == "global" else part[-1], name
        )
        for part, name in zip(parts, (f" of series {key!r}" for key in ids), strict=True)
    ]
    index = pd.MultiIndex.from_arrays(
        [ids.repeat([len(line) for line in lines]), lines[0].append(lines[1:])], names=y.index.names
    )
    return y if len(index) == len(y) else y.reindex(index)


def _step(times: pd.Index, freq: Any) -> Any:
    """The step of an index: an offset of timestamps, a whole number of numbers, None of periods."""
    if isinstance(times, pd.PeriodIndex):
        return None
    if not isinstance(times, pd.DatetimeIndex):
        return freq or int(np.gcd.reduce(np.diff(times.to_numpy(np.int64)))) or 1
    if freq is not None:
        return to_offset(freq)
    _check_sorted(times, "")
    found = infer_offset(times) or frequency_with_holes(times, Clock(times.tz, times.unit))
    if found is None:
        raise irregular_timestamps("", times)
    return found


def _check_sorted(times: pd.Index, where: str) -> None:
    keys = times.to_numpy(np.int64) if pd.api.types.is_integer_dtype(times.dtype) else times.asi8
    if (np.diff(keys) <= 0).any():
        raise unsorted_timestamps(np.diff(keys), times, lambda row: where)


def _complete(times: pd.Index, step: Any, first: Any, last: Any, where: str) -> pd.Index:
    """All timestamps of one series."""
    _check_sorted(times, where)
    if isinstance(times, pd.PeriodIndex):
        return pd.period_range(first, last, freq=times.freq, name=times.name)
    if not isinstance(times, pd.DatetimeIndex):
        every: pd.Index = pd.RangeIndex(first, last + 1, step, name=times.name)
        return every if times.isin(every).all() else _off(times, every, step, where)
    frequency, clock = Frequency(step, Clock(times.tz, times.unit)), Clock(times.tz, times.unit)
    ends = pd.DatetimeIndex([first, last]).as_unit(times.unit).asi8
    start = np.full(len(times), ends[0])
    if (frequency.positions(start, times.asi8) == OFF_GRID).any():
        raise holes_of(times, frequency, where)
    count = int(frequency.positions(ends[:1], ends[1:])[0]) + 1
    line = clock.index(frequency.stamps(np.full(count, ends[0]), np.arange(count))).rename(times.name)
    return pd.DatetimeIndex(line, freq="infer") if count > 2 and times.tz is None else line


def _off(times: pd.Index, every: pd.Index, step: int, where: str) -> pd.Index:
    odd = times.difference(every)
    remedy = "Pass the step as freq=, or number the rows with y.reset_index(drop=True)"
    raise ValueError(explain(f"numbers{where}", f"steps of {step}", f"{odd[0]} beside them", remedy))
