"""The forms in which rows can be asked for: next steps, an index, a frame, an array, a long frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast._checks import explain
from forecast.panel import long
from forecast.panel.columns import array_columns, frame_columns
from forecast.panel.extend import check_kind
from forecast.panel.frequency import OFF_GRID
from forecast.panel.read import split_index, time_index
from forecast.panel.regularity import shorten
from forecast.panel.values import check_rows, numbers_of

if TYPE_CHECKING:
    from forecast.panel.panel import Panel


@dataclass(frozen=True, eq=False)
class Asked:
    """Rows asked for: series and step of each, covariates (R, E) if given, and how to index the answer."""

    series: np.ndarray
    position: np.ndarray
    x: np.ndarray | None
    index: pd.Index
    keys: pd.Index | None = None
    times: pd.Index | None = None

    @classmethod
    def of(cls, panel: Panel, series: np.ndarray, position: np.ndarray, x: np.ndarray | None = None) -> Asked:
        """Rows given by number; the index is the history's, continued."""
        layout = panel.layout
        if not layout.keyed:
            return cls(series, position, x, panel.timeline.index(0, int(position[0]), int(position[-1]) + 1))
        keys, times = panel.ids.take(series), panel.timeline.stamps(series, position)
        if layout.form == "long":
            return cls(series, position, x, pd.RangeIndex(len(series)), keys, times)
        names = [layout.id_name, panel.timeline.name]
        return cls(series, position, x, pd.MultiIndex.from_arrays([keys, times], names=names), keys, times)


def read_index(panel: Panel, index: pd.Index) -> Asked:
    """Rows of an index; bare timestamps for a panel mean these timestamps of every series."""
    check_rows(len(index), "X", (len(index),))
    keyed = panel.layout.keyed
    if keyed and not isinstance(index, pd.MultiIndex):
        series = np.repeat(np.arange(panel.n_series), len(index))
        times = index.take(np.tile(np.arange(len(index)), panel.n_series))
        return Asked.of(panel, series, _positions(panel, series, times))
    return _placed(panel, index, None)


def read_rows(panel: Panel, X: pd.DataFrame | pd.Series) -> Asked:
    """Rows and covariates of a frame; a Series asks for the rows of its index."""
    if isinstance(X, pd.Series) and panel.n_exog:
        remedy = "Pass a frame; model.make_future_frame(horizon) shows its columns"
        allowed = f"a frame with the covariates {panel.layout.exog_names}"
        raise ValueError(explain("X", allowed, "a Series. Reshape your data", remedy))
    if panel.layout.form != "long" and long.is_long(X):
        remedy = "Pass a frame on the same kind of index as in fit"
        raise ValueError(explain("X", "of the form given to fit", "a long frame", remedy))
    check_rows(len(X), "X", X.shape)
    x = None
    if isinstance(X, pd.DataFrame):
        x = _covariates(panel, X)
    return _placed(panel, X.index, x)


def read_long_rows(panel: Panel, X: Any) -> Asked:
    """Rows and covariates of a long frame."""
    data = long.to_pandas(X)[0]
    if not long.is_long(data) and isinstance(data.index, pd.MultiIndex):
        return read_rows(panel, data)
    long.require_long(list(data.columns), (long.ID, long.TIME), "X")
    check_rows(len(data), "X", data.shape)
    x = _covariates(panel, data)
    keys, times = pd.Index(data[long.ID], name=None), time_index(data[long.TIME])
    series = _series(panel, keys)
    return Asked(series, _positions(panel, series, times), x, pd.RangeIndex(len(data)), keys, times)


def read_array(panel: Panel, X: Any) -> Asked:
    """Rows of an array, which has no timeline: they follow the history.

    Only the very covariates of the history, all of them, mean the history itself, so that a score on the
    training data is one. Constant covariates tell no time and follow.
    """
    layout = panel.layout
    alone = layout.form == "single" and layout.y_kind == "array1d"
    values = numbers_of(X, "X", one_dimensional=alone)
    if panel.n_series > 1:
        remedy = "Pass a frame; model.make_future_frame(horizon) shows its form"
        allowed = f"a frame that names the series, since the history has {panel.n_series} of them"
        raise ValueError(explain("X", allowed, "an array", remedy))
    array_columns(panel, values.shape[1])
    first = 0 if _is_history(panel, values) else int(panel.lengths[0])
    position = first + np.arange(len(values))
    return Asked.of(panel, np.zeros(len(values), np.int64), position, values if panel.n_exog else None)


def _is_history(panel: Panel, values: np.ndarray) -> bool:
    if not panel.n_exog or not np.array_equal(values, panel.x, equal_nan=True):
        return False
    return len(np.unique(values, axis=0)) == len(values)  # columns that recur may well come again


def _covariates(panel: Panel, frame: pd.DataFrame) -> np.ndarray | None:
    wanted = frame_columns(panel, frame.columns)
    return numbers_of(frame[wanted], "X", one_dimensional=False) if panel.n_exog else None


def _placed(panel: Panel, index: pd.Index, x: np.ndarray | None) -> Asked:
    keys, times = split_index(index, "X")
    keyed = panel.layout.keyed
    if keyed != (keys is not None):
        words = "a MultiIndex (series, time)" if keyed else "a single level of timestamps"
        received = f"a {type(index).__name__} of {index.nlevels} level(s)"
        remedy = "Use the kind of index given to fit; model.make_future_frame(horizon) shows it"
        raise ValueError(explain("index of X", words, received, remedy))
    series = np.zeros(len(index), np.int64) if keys is None else _series(panel, keys)
    return Asked(series, _positions(panel, series, times), x, index, keys, times)


def _series(panel: Panel, keys: pd.Index) -> np.ndarray:
    series = panel.ids.get_indexer(keys)
    if (series < 0).any():
        received = f"the unknown series {shorten(keys[series < 0].unique())}"
        remedy = "Fit with all series, or leave the unknown ones out"
        raise ValueError(explain("X", f"of the series known: {shorten(panel.ids)}", received, remedy))
    return series


def _positions(panel: Panel, series: np.ndarray, times: pd.Index) -> np.ndarray:
    check_kind(panel.timeline, times, "X")
    if getattr(times, "hasnans", False):
        raise ValueError(
            explain("timestamps of X", "all known", "NaT", "Drop these rows or fill in their time")
        )
    position = panel.timeline.positions(series, times)
    if (position == OFF_GRID).any():
        received = f"{shorten(times[position == OFF_GRID])}, where no step of the history falls"
        remedy = "Use the history's frequency; model.make_future_frame(horizon) shows the next timestamps"
        raise ValueError(explain("timestamps of X", "steps of the history's timeline", received, remedy))
    if (position < 0).any():
        first = panel.timeline.stamps(series[position < 0][:1], np.zeros(1, np.int64))[0]
        received = f"{shorten(times[position < 0])}, before the history"
        remedy = "Leave these rows out, or fit on a longer history"
        raise ValueError(explain("timestamps of X", f"at or after {first}", received, remedy))
    return position


def check_series(panel: Panel, asked: Asked) -> None:
    """Refuse a request that leaves out a series of the panel."""
    lost = np.setdiff1d(np.arange(panel.n_series), asked.series)
    if len(lost):
        received = f"no row of {shorten(panel.ids[lost])}"
        remedy = "Add their rows; model.make_future_frame(horizon) has all series"
        raise ValueError(explain("X", "rows of every series of the panel", received, remedy))


def check_unique(panel: Panel, asked: Asked) -> None:
    """Refuse a request that names a row twice."""
    span = int(asked.position.max(initial=0)) + 1
    numbers = asked.series * span + asked.position
    _, first = np.unique(numbers, return_index=True)
    if len(first) < len(numbers):
        row = int(np.setdiff1d(np.arange(len(numbers)), first)[0])
        stamp = panel.timeline.stamps(asked.series[[row]], asked.position[[row]])[0]
        remedy = "Keep one row for each timestamp"
        raise ValueError(
            explain("timestamps of X", "unique in each series", f"duplicate timestamps: {stamp}", remedy)
        )
