"""Covariates computed from the timestamps: indicators of hour, weekday, month, ..., of public holidays, and Fourier
terms of seasons.

They are known in the past and in the future alike, so nobody has to give them. A feature with the values v_0, ..., v_K
becomes K columns, which are 1 where it is v_1, ..., v_K. Harmonic k of a season of m steps is the pair of columns
cos(2 pi k t / m), sin(2 pi k t / m), t the number of the step from an origin common to all series.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast._checks import check_count, explain
from forecast.panel.frequency import OFF_GRID
from forecast.panel.public_holidays import PREFIX, check_place, is_holiday
from forecast.panel.timeline import Timeline, check_kind

if TYPE_CHECKING:
    from forecast.panel.panel import Panel

Feature = str | tuple[int, int]
"""A name of FEATURES, "holiday:" and the code of a country, or (steps in a season, number of harmonics)."""

FEATURES: dict[str, tuple[Callable[[pd.DatetimeIndex], Any], range]] = {
    "minute": (lambda times: times.minute, range(60)),
    "hour": (lambda times: times.hour, range(24)),
    "weekday": (lambda times: times.day_of_week, range(7)),  # 0 = Monday
    "weekend": (lambda times: times.day_of_week >= 5, range(2)),
    "day": (lambda times: times.day, range(1, 32)),
    "month": (lambda times: times.month, range(1, 13)),
    "quarter": (lambda times: times.quarter, range(1, 5)),
}
CYCLES = {"hour": "1D", "weekday": "7D", "month": "366D"}
"""Time in which a feature of "auto" passes through all of its values."""


def check_calendar(calendar: object) -> None:
    """The option `calendar`: None, "auto", or a list of names and of pairs (steps of a season, harmonics)."""
    if calendar is None or (isinstance(calendar, str) and calendar == "auto"):
        return
    names = f"{', '.join(FEATURES)}, {PREFIX}<country>"
    allowed = f"None, 'auto', or a list of {names} and of pairs (steps of a season, harmonics)"
    remedy = f"Pass for example calendar=['hour', 'weekday', '{PREFIX}AU-VIC', (24, 3)]"
    if isinstance(calendar, str) or not isinstance(calendar, Sequence):
        raise TypeError(explain("calendar", allowed, repr(calendar), remedy))
    for item in calendar:
        pair = isinstance(item, tuple) and len(item) == 2
        if isinstance(item, str) and item.startswith(PREFIX):
            check_place(item)
        elif not pair and (not isinstance(item, str) or item not in FEATURES):
            raise ValueError(explain("calendar", allowed, repr(item), remedy))
        if pair:
            check_count("calendar", item[0], minimum=2)
            check_count("calendar", item[1], maximum=item[0] // 2)
    if len({*calendar}) < len(calendar):
        raise ValueError(explain("calendar", "different features", repr(calendar), remedy))


def chosen(calendar: Any, timeline: Timeline, lengths: np.ndarray) -> tuple[Feature, ...]:
    """The features that an option stands for.

    "auto" is hour, weekday and month, as far as they change from step to step and the longest series has two cycles.

    Raises:
        ValueError: features of timestamps for a history without any, or holidays for steps longer than a day.

    Example:
        >>> hours = pd.date_range("2024-01-01", periods=500, freq="h")
        >>> from forecast.panel import Panel
        >>> panel = Panel.from_data(pd.Series(np.arange(500.0), hours))
        >>> chosen("auto", panel.timeline, panel.lengths)
        ('hour', 'weekday')
    """
    if calendar is None:
        return ()
    longest = int(np.argmax(lengths))
    times = _times(timeline, np.array([longest] * 2), np.array([0, lengths[longest] - 1]))
    span = pd.Timedelta(0) if times is None else times[1] - times[0]
    step = span / max(int(lengths[longest]) - 1, 1)
    if isinstance(calendar, str):
        if times is None:
            return ()
        span += step
        cycles = {name: pd.Timedelta(cycle) for name, cycle in CYCLES.items()}
        return tuple(name for name, cycle in cycles.items() if step < cycle / 2 and span >= 2 * cycle)
    if times is None and any(isinstance(item, str) for item in calendar):
        remedy = "Give the history an index of timestamps, or pass seasons, calendar=[(24, 3)]"
        raise ValueError(explain("calendar", "seasons for a history without timestamps", calendar, remedy))
    holidays = [item for item in calendar if isinstance(item, str) and item.startswith(PREFIX)]
    if holidays and step >= pd.Timedelta("6D"):
        remedy = "Leave them out, or pass their number in each step as a column of X"
        raise ValueError(
            explain("calendar", "without holidays where a step is days long", holidays[0], remedy)
        )
    return tuple(calendar)


def labels_of_calendar(features: Sequence[Feature]) -> list[str]:
    """Names of the columns of some features.

    Example:
        >>> labels_of_calendar(["weekend", (12, 1)])
        ['weekend=1', 'cos(1/12)', 'sin(1/12)']
    """
    names = []
    for item in features:
        if isinstance(item, str):
            names += [f"{item}={value}" for value in _feature(item)[1][1:]]
        else:
            season, harmonics = item
            names += [f"{wave}({k}/{season})" for k in range(1, harmonics + 1) for wave in ("cos", "sin")]
    return names


def calendar_columns(
    features: Sequence[Feature], timeline: Timeline, series: np.ndarray, position: np.ndarray
) -> np.ndarray:
    """The features (R, K) of the steps `position` (R,) of the series numbered `series` (R,)."""
    parts = [np.empty((len(series), 0))]
    times = _times(timeline, series, position)
    number = timeline.ordinals()[series] + position
    for item in features:
        if isinstance(item, str):
            assert times is not None
            value, values = _feature(item)
            parts.append(np.asarray(value(times))[:, None] == np.array(values[1:]))
        else:
            season, harmonics = item
            angle = 2 * np.pi * (np.outer(number % season, np.arange(1, harmonics + 1)) % season) / season
            parts.append(np.stack([np.cos(angle), np.sin(angle)], axis=2).reshape(len(series), -1))
    return np.hstack(parts).astype(float)


def _feature(name: str) -> tuple[Callable[[pd.DatetimeIndex], Any], range]:
    """The function of timestamps that a name stands for, and its values."""
    return FEATURES[name] if name in FEATURES else (partial(is_holiday, name), range(2))


def with_calendar(panel: Panel, calendar: Any) -> Panel:
    """The panel with the features of its timestamps as its last covariates."""
    features = chosen(calendar, panel.timeline, panel.lengths)
    if not features:
        return panel
    labels = labels_of_calendar(features)
    taken = [label for label in labels if label in panel.layout.exog]
    if taken:
        raise ValueError(
            explain("columns of X", "named unlike features of the calendar", taken[0], "Rename it")
        )
    columns = calendar_columns(features, panel.timeline, panel.series_of_rows(), panel.position_of_rows())
    layout = replace(panel.layout, exog=pd.Index([*panel.layout.exog, *labels]), calendar=features)
    return replace(panel, x=np.hstack([panel.x, columns.astype(panel.x.dtype)]), layout=layout)


def calendar_ahead(panel: Panel, steps: int) -> np.ndarray:
    """The features (S, steps, K) of the steps after the history of a panel."""
    series = np.repeat(np.arange(panel.n_series), steps)
    position = (panel.lengths[:, None] + np.arange(steps)).ravel()
    found = calendar_columns(panel.layout.calendar, panel.timeline, series, position)
    return found.reshape(panel.n_series, steps, panel.layout.n_calendar).astype(panel.x.dtype)


def calendar_frame(panel: Panel, index: pd.Index) -> pd.DataFrame:
    """The features at the timestamps of an index, which may lie before, in and after the history.

    Raises:
        TypeError, ValueError: an index of another kind than that of the history, or timestamps off its steps.
    """
    if not isinstance(index, pd.Index):
        remedy = "Pass the index of a frame, X.index"
        raise TypeError(explain("index", "an index of pandas", type(index).__name__, remedy))
    check_kind(panel.timeline, index, "index")
    series = np.zeros(len(index), int)
    position = panel.timeline.positions(series, index)
    if (position == OFF_GRID).any():
        received = f"{index[int(np.argmax(position == OFF_GRID))]}, where no step of the history falls"
        remedy = "Bring the index to the frequency of the history"
        raise ValueError(explain("index", "timestamps on steps of the history", received, remedy))
    values = calendar_columns(panel.layout.calendar, panel.timeline, series, position)
    return pd.DataFrame(values, index, labels_of_calendar(panel.layout.calendar))


def _times(timeline: Timeline, series: np.ndarray, position: np.ndarray) -> pd.DatetimeIndex | None:
    """Timestamps of some steps, the start of each for periods; None where steps are numbers."""
    stamps = timeline.stamps(series, position)
    if isinstance(stamps, pd.PeriodIndex):
        return stamps.to_timestamp()
    return stamps if isinstance(stamps, pd.DatetimeIndex) else None
