"""Which rows `predict` is asked for: next steps, an index, a frame, a long frame or an array; and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd

from forecast._checks import check_horizon, explain
from forecast.panel import long
from forecast.panel.array_rows import array_start
from forecast.panel.calendar import calendar_ahead
from forecast.panel.categories import indicators
from forecast.panel.future_covariates import (
    asked_for,
    check_width,
    covariate_columns,
    future_covariates,
    same_as_known,
)
from forecast.panel.panel import Panel
from forecast.panel.read import Layout, split_index, time_index
from forecast.panel.regularity import shorten
from forecast.panel.timeline import OFF_GRID, check_kind
from forecast.panel.values import array_or_pandas, check_rows, numbers_of


@dataclass(frozen=True, eq=False)
class Rows:
    """R requested rows.

    Args:
        series: number of the series of each row, shape (R,).
        position: step of each row from the start of its series, shape (R,); step lengths[series] is one step
            after the history.
        x: covariates of the rows, shape (R, E), or None.
        index: index of the answer.
        keys, times: unique_id and ds of a long answer.
    """

    series: np.ndarray
    position: np.ndarray
    x: np.ndarray | None
    index: pd.Index
    keys: pd.Index | None = None
    times: pd.Index | None = None

    @classmethod
    def of(cls, panel: Panel, series: np.ndarray, position: np.ndarray, x: np.ndarray | None = None) -> Rows:
        """Rows given by number; their index continues that of the history."""
        layout = panel.layout
        if not layout.keyed:
            return cls(series, position, x, panel.timeline.index(0, int(position[0]), int(position[-1]) + 1))
        keys, times = panel.ids.take(series), panel.timeline.stamps(series, position)
        if layout.form == "long":
            return cls(series, position, x, pd.RangeIndex(len(series)), keys, times)
        names = [layout.id_name, panel.timeline.name]
        return cls(series, position, x, pd.MultiIndex.from_arrays([keys, times], names=names), keys, times)


@dataclass(frozen=True, eq=False)
class Request:
    """R rows to forecast.

    Args:
        horizon: steps after the end of the history that must be computed, 0 when all rows lie in it.
        future_x: covariates of these steps, shape (S, horizon, E).
        rows: the rows themselves.
        layout: types and names of the user's data.
    """

    horizon: int
    future_x: np.ndarray
    rows: Rows = field(repr=False)
    layout: Layout = field(repr=False)

    @property
    def series(self) -> np.ndarray:
        """Number of the series of each row, shape (R,)."""
        return self.rows.series

    @property
    def position(self) -> np.ndarray:
        """Step of each row from the start of its series, shape (R,)."""
        return self.rows.position

    def known_x(self, last: np.ndarray) -> np.ndarray:
        """Covariates (S, H, E), the `last` known ones (S, E) where a series is asked for fewer steps than others."""
        return np.where(np.isnan(self.future_x), last[:, None], self.future_x)

    def history(self, panel: Panel) -> Panel:
        """The panel with the covariates that are given for its rows, where they are others than its own."""
        given, inside = self.rows.x, self.position < panel.lengths[self.series]
        if given is None or not inside.any():
            return panel
        rows, x = (panel.offsets[self.series] + self.position)[inside], given[inside]
        same = same_as_known(panel, rows, x)
        if same.all():
            return panel
        changed = panel.x.copy()
        changed[rows, : x.shape[1]] = np.where(same, changed[rows, : x.shape[1]], x)
        return replace(panel, x=changed)

    def restore(
        self, values: np.ndarray, *, columns: Sequence[str] | None = None, name: str | None = None
    ) -> Any:
        """Values on the requested rows, in the type of the user's target.

        Args:
            values: shape (R, O), or (R, K) with `columns`.
            columns: names of K columns, for a frame of intervals.
            name: name of the model, the column of a long frame.
        """
        values = np.asarray(values)
        if self.layout.form == "long":
            names: Sequence[Any] = columns if columns is not None else [name or "y"]
            for key in {*names} & {*self.layout.names.keys}:
                remedy = "Rename the column before fit"
                raise ValueError(explain("series and time", "named unlike the forecasts", repr(key), remedy))
            return self._long({label: values[:, k] for k, label in enumerate(names)})
        if columns is not None:
            return pd.DataFrame(values, index=self.rows.index, columns=list(columns))
        return self.layout.y_as_given(values, self.rows.index)

    def filled(self, values: np.ndarray, needed: np.ndarray | None = None) -> Any:
        """The requested rows with covariates (R, E): a frame where the history has an index, else an array.

        Args:
            values: the covariates, NaN for a frame to be filled.
            needed: which of them (E,) are columns of a frame; None = all.
        """
        layout = self.layout
        if layout.x_kind == "array" and not layout.has_index:
            return values[:, : layout.n_given]
        needed = np.ones(len(layout.exog), dtype=bool) if needed is None else needed
        asked = {name for name, at in layout.covariates.items() if needed[at].any()}
        columns = {
            name: column for name, column in layout.covariates_as_given(values).items() if name in asked
        }
        if layout.form == "long":
            return self._long(columns)
        frame = pd.DataFrame(columns, index=self.rows.index)
        names = layout.exog[: layout.n_given][needed[: layout.n_given]]
        return frame if layout.categories else frame.set_axis(names, axis=1)

    def _long(self, columns: dict[Any, Any]) -> Any:
        assert self.rows.keys is not None and self.rows.times is not None
        return self.layout.long_frame(self.rows.keys, self.rows.times, columns)


def build_request(
    panel: Panel, X: Any = None, *, horizon: int = 1, first_lags: np.ndarray | None = None
) -> Request:
    """What `predict(X)` asks for: None (`horizon` steps), a number of steps, an index, or covariates.

    Rows in the history stand for open-loop values, rows after it for the closed loop, also after a gap. The
    rows of an array have no time, see `forecast.panel.array_rows`. Covariates that matter in none of the steps may
    be left out.

    Args:
        panel: the history.
        X: what is asked for.
        horizon: the steps that None means.
        first_lags: lag (E,) from which the model reads each covariate, infinite where it does not; None = all 0.

    Raises:
        ValueError: columns missing, extra or in another order; future rows or a series missing; timestamps
            before the history; a horizon below 1; an array whose rows cannot be placed.
        TypeError: a horizon that is no whole number; an index of another kind than the history's.

    Example:
        >>> y = pd.Series([1.0, 2.0, 4.0], pd.period_range("2024-01", periods=3, freq="M"), name="sales")
        >>> build_request(Panel.from_data(y), 2).restore(np.array([[8.0], [16.0]]))
        2024-04     8.0
        2024-05    16.0
        Freq: M, Name: sales, dtype: float64
    """
    first_lags = np.zeros(panel.n_exog) if first_lags is None else first_lags
    rows = _read(panel, X, horizon, first_lags)
    ahead = rows.position - panel.lengths[rows.series] + 1
    steps = max(int(ahead.max(initial=0)), 0)
    future_x, given = np.empty((panel.n_series, steps, 0), panel.x.dtype), panel.layout.n_given
    if given:
        future_x = future_covariates(panel, rows.series, rows.position, rows.x, steps, first_lags[:given])
    if panel.layout.calendar:
        future_x = np.concatenate([future_x, calendar_ahead(panel, steps)], axis=2)
    return Request(steps, future_x, rows, panel.layout)


def future_frame(
    panel: Panel, horizon: int, values: np.ndarray | None = None, first_lags: np.ndarray | None = None
) -> Any:
    """The frame for `predict`: the next `horizon` timestamps of each series with covariates (S * horizon, E).

    Without `values` it is to be filled, NaN, and holds only covariates that matter to a model with `first_lags`.
    """
    rows = _next_rows(panel, horizon)
    values = np.full((len(rows.series), panel.n_exog), np.nan) if values is None else values
    needed = None if first_lags is None else asked_for(first_lags, horizon)
    return Request(horizon, panel.x[:0, None], rows, panel.layout).filled(values, needed)


# ---------------------------------------------------------------------- forms


def _read(panel: Panel, X: Any, horizon: int, first_lags: np.ndarray) -> Rows:
    if X is None or isinstance(X, (Number, str)):
        return _next_rows(panel, check_horizon(horizon if X is None else X))
    first = X[0] if isinstance(X, (list, tuple)) and len(X) else X
    if isinstance(first, (pd.Period, date)):
        remedy = "Pass an index of these rows, pd.Index([...])"
        raise TypeError(explain("X", "a number of steps, an index or a frame", repr(X), remedy))
    if panel.layout.form == "long" and long.is_frame(X):
        rows = _long_rows(panel, X, first_lags)
    elif isinstance(X, pd.Index):
        rows = _index_rows(panel, X)
    elif isinstance(X, (pd.DataFrame, pd.Series)):
        rows = _frame_rows(panel, X, first_lags)
    else:
        rows = _array_rows(panel, array_or_pandas(X, "X"))
    _check_series(panel, rows)
    _check_unique(panel, rows)
    return rows


def _next_rows(panel: Panel, horizon: int) -> Rows:
    series = np.repeat(np.arange(panel.n_series), horizon)
    position = (panel.lengths[:, None] + np.arange(horizon)).ravel()
    return Rows.of(panel, series, position)


def _index_rows(panel: Panel, index: pd.Index) -> Rows:
    """Rows of an index; bare timestamps for a panel mean these timestamps of every series."""
    check_rows(len(index), "X", (len(index),))
    keyed = panel.layout.keyed
    if keyed and not isinstance(index, pd.MultiIndex):
        series = np.repeat(np.arange(panel.n_series), len(index))
        times = time_index(index).take(np.tile(np.arange(len(index)), panel.n_series))
        return Rows.of(panel, series, _positions(panel, series, times))
    return _placed(panel, index, None)


def _frame_rows(panel: Panel, X: pd.DataFrame | pd.Series, first_lags: np.ndarray) -> Rows:
    """Rows and covariates of a frame; a Series asks for the rows of its index."""
    if isinstance(X, pd.Series) and (first_lags[: panel.layout.n_given] == 0).any():
        remedy = "Pass a frame; model.make_future_frame(horizon) shows its columns"
        allowed = f"a frame with the covariates {[*panel.layout.covariates]}"
        raise ValueError(explain("X", allowed, "a Series. Reshape your data", remedy))
    if panel.layout.form != "long" and long.is_long(X):
        remedy = "Pass a frame on the same kind of index as in fit"
        raise ValueError(explain("X", "of the form given to fit", "a long frame", remedy))
    check_rows(len(X), "X", X.shape)
    x = _covariates(panel, X, first_lags) if isinstance(X, pd.DataFrame) else None
    return _placed(panel, X.index, x)


def _long_rows(panel: Panel, X: Any, first_lags: np.ndarray) -> Rows:
    """Rows and covariates of a long frame."""
    data, names = long.to_pandas(X)[0], panel.layout.names
    if not long.is_long(data, names) and isinstance(data.index, pd.MultiIndex):
        return _frame_rows(panel, data, first_lags)
    long.require_long(list(data.columns), names.keys, "X")
    check_rows(len(data), "X", data.shape)
    x = _covariates(panel, data, first_lags)
    keys, times = names.ids(data), time_index(data[names.time]).rename(None)
    series = _series(panel, keys)
    return Rows(series, _positions(panel, series, times), x, pd.RangeIndex(len(data)), keys, times)


def _array_rows(panel: Panel, X: Any) -> Rows:
    layout = panel.layout
    alone = layout.form == "single" and layout.y_kind == "array1d"
    values = numbers_of(X, "X", one_dimensional=alone)
    if panel.n_series > 1:
        remedy = "Pass a frame; model.make_future_frame(horizon) shows its form"
        allowed = f"a frame that names the series, since the history has {panel.n_series} of them"
        raise ValueError(explain("X", allowed, "an array", remedy))
    check_width(panel, values.shape[1])
    position = array_start(panel, values) + np.arange(len(values))
    return Rows.of(panel, np.zeros(len(values), np.int64), position, values if panel.layout.n_given else None)


def _covariates(panel: Panel, frame: pd.DataFrame, first_lags: np.ndarray) -> np.ndarray | None:
    """The covariates (R, E) of a frame, NaN in columns that it may leave out."""
    wanted, layout = covariate_columns(panel, frame.columns, first_lags), panel.layout
    if not wanted or not layout.n_given:
        return None
    given = numbers_of(indicators(frame[wanted], layout.categories), "X", one_dimensional=False)
    if given.shape[1] == layout.n_given:
        return given
    x = np.full((len(given), layout.n_given), np.nan)
    x[:, np.concatenate([np.arange(layout.n_given)[layout.covariates[name]] for name in wanted])] = given
    return x


# ---------------------------------------------------------------------- places


def _placed(panel: Panel, index: pd.Index, x: np.ndarray | None) -> Rows:
    keys, times = split_index(index, "X")
    keyed = panel.layout.keyed
    if keyed != (keys is not None):
        words = "a MultiIndex (series, time)" if keyed else "a single level of timestamps"
        received = f"a {type(index).__name__} of {index.nlevels} level(s)"
        remedy = "Use the kind of index given to fit; model.make_future_frame(horizon) shows it"
        raise ValueError(explain("index of X", words, received, remedy))
    series = np.zeros(len(index), np.int64) if keys is None else _series(panel, keys)
    return Rows(series, _positions(panel, series, times), x, index, keys, times)


def _series(panel: Panel, keys: pd.Index) -> np.ndarray:
    series = panel.ids.get_indexer(keys)
    if (series < 0).any():
        unknown = keys[series < 0].unique()
        raise ValueError(
            long.unknown_series(
                "X",
                panel.ids,
                unknown,
                "Fit with all series, or leave the unknown ones out; for a cross-validation pass "
                "cv=RollingOrigin(horizon), which cuts every series in time",
            )
        )
    return series


def _positions(panel: Panel, series: np.ndarray, times: pd.Index) -> np.ndarray:
    check_kind(
        panel.timeline,
        times,
        f"{panel.layout.names.time} of X" if panel.layout.form == "long" else "index of X",
    )
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
        remedy = (
            "Leave these rows out, or fit on a longer history; in a cross-validation the training rows must come "
            "first, as those of RollingOrigin (with partition=True for StackingRegressor) and TimeSeriesSplit do"
        )
        raise ValueError(explain("timestamps of X", f"at or after {first}", received, remedy))
    return position


def _check_series(panel: Panel, rows: Rows) -> None:
    """Refuse a request that leaves out a series of the panel."""
    lost = np.setdiff1d(np.arange(panel.n_series), rows.series)
    if len(lost):
        received = f"no row of {shorten(panel.ids[lost])}"
        remedy = (
            "Add their rows; model.make_future_frame(horizon) has all series. For a cross-validation pass "
            "cv=RollingOrigin(horizon), which cuts every series in time (with align='end' each at its own end), where "
            "TimeSeriesSplit and KFold cut between series"
        )
        raise ValueError(explain("X", "rows of every series of the panel", received, remedy))


def _check_unique(panel: Panel, rows: Rows) -> None:
    """Refuse a request that names a row twice."""
    span = int(rows.position.max(initial=0)) + 1
    numbers = rows.series * span + rows.position
    _, first = np.unique(numbers, return_index=True)
    if len(first) < len(numbers):
        row = int(np.setdiff1d(np.arange(len(numbers)), first)[0])
        stamp = panel.timeline.stamps(rows.series[[row]], rows.position[[row]])[0]
        remedy = "Keep one row for each timestamp"
        raise ValueError(
            explain("timestamps of X", "unique in each series", f"duplicate timestamps: {stamp}", remedy)
        )
