"""The one conversion at the border: the user's data -> numbers, series keys, timestamps, and a layout for answers."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from forecast._checks import explain
from forecast.panel import long
from forecast.panel.calendar import Feature, labels_of_calendar
from forecast.panel.categories import Categories, from_indicators, labels_of, refuse_unknown
from forecast.panel.coding import BY_TYPE, Coding
from forecast.panel.naming import naming
from forecast.panel.regularity import shorten
from forecast.panel.values import array_or_pandas, numbers_of

Form = Literal["single", "pair", "joint", "long"]


@dataclass(frozen=True, eq=False)
class Layout:
    """Types, names and columns of the user's data.

    Args:
        form: "single" (only y), "pair" (X and y), "joint" (one MultiIndex frame with "y" and covariates) or
            "long" (series, time, target, covariates).
        y_kind: type of the target, also of every forecast.
        x_kind: type of the covariates when they came beside y.
        targets, exog: labels of the O target columns and the E covariates, as a model sees them; generated for arrays.
        categories: those of each column of the user's that stands in `exog` as indicators.
        calendar: features of the timestamps, whose columns are the last of `exog`.
        name: name of a Series.
        multi: whether the index is a MultiIndex (series, time).
        id_name: name of the series level.
        columns: all columns of a joint or long frame in the user's order.
        names: what the columns of a long frame are called.
        library, id_type, time_type: data frame library of a long frame and types of its two key columns.
    """

    form: Form
    y_kind: Literal["array1d", "array2d", "series", "frame"]
    targets: pd.Index
    exog: pd.Index
    x_kind: Literal["array", "frame"] | None = None
    name: Hashable = None
    multi: bool = False
    id_name: Hashable = None
    columns: pd.Index | None = None
    library: str = "pandas"
    id_type: str | None = None
    time_type: str | None = None
    categories: Categories = field(default_factory=dict)
    calendar: tuple[Feature, ...] = ()
    names: long.Names = long.STANDARD

    @property
    def n_calendar(self) -> int:
        """Columns of x that are features of the calendar, the last ones."""
        return len(labels_of_calendar(self.calendar)) if self.calendar else 0

    @property
    def n_given(self) -> int:
        """Columns of x that stand for columns of the user."""
        return len(self.exog) - self.n_calendar

    @property
    def target_names(self) -> list[Hashable]:
        """Labels of the target columns."""
        return list(self.targets)

    @property
    def exog_names(self) -> list[Hashable]:
        """Labels of the covariates, as a model sees them."""
        return list(self.exog)

    @property
    def covariates(self) -> dict[Hashable, slice]:
        """The user's columns of covariates, and the columns of x that stand for each."""
        if not self.categories:
            return {name: slice(place, place + 1) for place, name in enumerate(self.exog[: self.n_given])}
        source = {
            labels_of(name, levels)[0]: (name, len(labels_of(name, levels)))
            for name, levels in self.categories.items()
        }
        found, place = {}, 0
        while place < self.n_given:
            name, width = source.get(self.exog[place], (self.exog[place], 1))
            found[name] = slice(place, place + width)
            place += width
        return found

    @property
    def given_names(self) -> list[Hashable]:
        """The user's name of each column of x, and that of a feature of the calendar."""
        given = [
            name for name, columns in self.covariates.items() for _ in range(*columns.indices(len(self.exog)))
        ]
        return [*given, *self.exog[self.n_given :]]

    def covariates_as_given(self, values: np.ndarray) -> dict[Hashable, Any]:
        """Rows (R, E) of covariates as the user's columns, with categories in the place of their indicators."""
        return {
            name: from_indicators(values[:, columns], self.categories[name])
            if name in self.categories
            else values[:, columns.start]
            for name, columns in self.covariates.items()
        }

    @property
    def has_index(self) -> bool:
        """Whether the user's data carry timestamps; arrays have only row numbers."""
        return self.form in ("joint", "long") or self.x_kind == "frame" or self.y_kind in ("series", "frame")

    @property
    def keyed(self) -> bool:
        """Whether the series have labels: a MultiIndex or a long frame."""
        return self.multi or self.form == "long"

    def y_as_given(self, values: np.ndarray, index: pd.Index) -> Any:
        """Targets (R, O) in the user's type."""
        if self.y_kind == "series":
            return pd.Series(values[:, 0], index=index, name=self.name)
        if self.y_kind == "frame":
            return pd.DataFrame(values, index=index, columns=self.targets)
        return values[:, 0] if self.y_kind == "array1d" else values

    def x_as_given(self, values: np.ndarray, index: pd.Index) -> Any:
        """Covariates (R, E) in the user's type."""
        if self.x_kind == "array":
            return values[:, : self.n_given]
        if self.categories:
            return pd.DataFrame(self.covariates_as_given(values), index=index)
        return pd.DataFrame(values[:, : self.n_given], index=index, columns=self.exog[: self.n_given])

    def long_frame(self, ids: pd.Index, times: pd.Index, columns: dict[Any, Any]) -> Any:
        """A long frame in the user's library, with the user's names."""
        return long.write_long(ids, times, columns, self.library, self.id_type, self.time_type, self.names)

    @property
    def naming(self) -> dict[str, Any]:
        """The arguments of `fit` that say the names of a long frame; none where they are the usual ones."""
        return self.names.told if self.form == "long" else {}


@dataclass(frozen=True, eq=False)
class Table:
    """Rows in the user's order: targets (N, O), covariates (N, E), series key and timestamp of each."""

    y: np.ndarray
    x: np.ndarray
    keys: pd.Index | None
    times: pd.Index
    layout: Layout


def read(X: Any, y: Any, coding: Coding = BY_TYPE) -> Table:
    """Recognise the form of the data and take it apart."""
    if X is None:
        remedy = "Pass the series first: fit(y), or the timeline with covariates before it: fit(X, y)"
        received = "None, and a forecaster that requires y to be passed, but the target y is None"
        received = received if y is None else "X=None"
        raise ValueError(explain("X", "the series, or the timeline of y", received, remedy))
    if coding.named and not long.is_frame(X):
        refuse_unknown(coding.named, None)
    if y is not None:
        return _read_pair(X, y, coding)
    if coding.names != long.STANDARD and long.is_frame(X):
        return _read_long(X, coding)
    if isinstance(X, pd.Series):
        keys, times = split_index(X.index, "y")
        return _alone(X, keys, times)
    if long.is_long(X):
        return _read_long(X, coding)
    if long.is_frame(X) and not isinstance(X, pd.DataFrame):
        remedy = naming(long.to_pandas(X)[0])
        long.require_long(list(X.columns), (long.ID, long.TIME, long.TARGET), "y", remedy)
    if isinstance(X, pd.DataFrame):
        return _read_frame(X, coding)
    X = array_or_pandas(X, "y")
    return _alone(X, None, pd.RangeIndex(np.shape(X)[0] if np.ndim(X) else 0))


def _alone(y: Any, keys: pd.Index | None, times: pd.Index) -> Table:
    values = numbers_of(y, "y", one_dimensional=True)
    return Table(values, _empty(values), keys, times, _single_layout(y, values))


def _empty(values: np.ndarray) -> np.ndarray:
    return np.empty((len(values), 0), values.dtype)


def labels(letter: str, count: int) -> pd.Index:
    """Names for the columns of an array: y, or y0, y1, ...; x0, x1, ..."""
    if letter == "y" and count == 1:
        return pd.Index(["y"])
    return pd.Index([f"{letter}{k}" for k in range(count)], dtype=object if count == 0 else None)


def _single_layout(data: Any, values: np.ndarray) -> Layout:
    exog = labels("x", 0)
    if isinstance(data, pd.Series):
        name = "y" if data.name is None else data.name
        multi, id_name = _levels(data.index)
        return Layout(
            "single", "series", pd.Index([name]), exog, name=data.name, multi=multi, id_name=id_name
        )
    kind = "array1d" if np.ndim(data) == 1 else "array2d"
    return Layout("single", kind, labels("y", values.shape[1]), exog)  # type: ignore[arg-type]


def _levels(index: pd.Index) -> tuple[bool, Any]:
    multi = isinstance(index, pd.MultiIndex)
    return multi, index.names[0] if multi else None


def time_index(times: Any) -> pd.Index:
    """The column ds, or a level of an index, as an index; timestamps of arrow as those of numpy."""
    index = pd.Index(times)
    return (
        pd.DatetimeIndex(index)
        if isinstance(index.dtype, pd.ArrowDtype) and index.dtype.kind == "M"
        else index
    )


def split_index(index: pd.Index, name: str) -> tuple[pd.Index | None, pd.Index]:
    """Series keys (None for a single series) and timestamps of an index."""
    if not isinstance(index, pd.MultiIndex):
        return None, time_index(index)
    if index.nlevels != 2:
        remedy = "Join the levels that name a series into one"
        raise ValueError(
            explain(f"index of {name}", "of two levels (series, time)", f"{index.nlevels} levels", remedy)
        )
    return index.get_level_values(0), time_index(index.get_level_values(1))


def _flat_columns(frame: pd.DataFrame, name: str) -> None:
    if isinstance(frame.columns, pd.MultiIndex):
        remedy = "Join the levels, for example X.columns = ['_'.join(c) for c in X.columns]"
        received = f"{frame.columns.nlevels} levels"
        raise ValueError(explain(f"columns of {name}", "one level of names", received, remedy))


def _read_frame(frame: pd.DataFrame, coding: Coding) -> Table:
    _flat_columns(frame, "y")
    _refuse_misplaced_keys(frame)
    multi, id_name = _levels(frame.index)
    keys, times = split_index(frame.index, "y")
    if frame.shape[1] == 0:
        remedy = "Pass the target as well, fit(X, y), or a frame with the target columns"
        raise ValueError(explain("y", "a frame with at least one column", "a frame without columns", remedy))
    is_target = frame.columns == long.TARGET
    if not multi or not is_target.any():
        values = numbers_of(frame, "y", one_dimensional=True)
        layout = Layout("single", "frame", frame.columns, labels("x", 0), multi=multi, id_name=id_name)
        return Table(values, _empty(values), keys, times, layout)
    covariates, categories = coding(frame.loc[:, ~is_target])
    y = numbers_of(frame.loc[:, is_target], "y", one_dimensional=True)
    x = numbers_of(covariates, "X", one_dimensional=True) if covariates.shape[1] else _empty(y)
    layout = Layout(
        "joint",
        "frame",
        frame.columns[is_target],
        covariates.columns,
        multi=True,
        id_name=id_name,
        columns=frame.columns,
        categories=categories,
    )
    return Table(y, x, keys, times, layout)


def _refuse_misplaced_keys(frame: pd.DataFrame) -> None:
    if long.TIME in frame.columns and not pd.api.types.is_numeric_dtype(frame[long.TIME].dtype):
        remedy = (
            "For one series set the index, y = frame.set_index('ds')['y']; for several add the column "
            "'unique_id' (reset_index() if it is the index)"
        )
        raise ValueError(explain("y", "a long frame with the columns unique_id, ds, y", "ds alone", remedy))
    remedy = "" if isinstance(frame.index, pd.MultiIndex) else naming(frame)
    if remedy:
        allowed = "a frame with the times in its index, or a long one with the columns unique_id, ds, y"
        raise ValueError(explain("y", allowed, f"the columns {', '.join(map(repr, frame.columns))}", remedy))


def _read_long(frame: Any, coding: Coding) -> Table:
    names = coding.names
    data, library, id_type, time_type = long.to_pandas(frame, names)
    _flat_columns(data, "y")
    needed = (*names.keys, names.target)
    long.require_long(list(data.columns), needed, "y")
    covariates, categories = coding(data.drop(columns=list(needed)))
    y = numbers_of(data[[names.target]], "y", one_dimensional=True)
    x = numbers_of(covariates, "X", one_dimensional=True) if covariates.shape[1] else _empty(y)
    layout = Layout(
        "long",
        "frame",
        pd.Index([names.target]),
        covariates.columns,
        columns=data.columns,
        names=names,
        library=library,
        id_type=id_type,
        time_type=time_type,
        categories=categories,
    )
    return Table(y, x, names.ids(data), time_index(data[names.time]).rename(None), layout)


def _read_pair(X: Any, y: Any, coding: Coding) -> Table:
    if isinstance(X, pd.Series):
        remedy = "Pass X.to_frame(), or a frame without columns, pd.DataFrame(index=y.index)"
        if np.ndim(y) == 2:
            remedy = "The covariates come first: fit(X, y), not fit(y, X)"
        raise ValueError(
            explain("X", "two-dimensional when y is given", "a Series. Reshape your data", remedy)
        )
    if long.is_long(X, coding.names):
        remedy = f"Put the target into the long frame as column {coding.names.target!r} and call fit(long)"
        raise ValueError(explain("X", "the timeline of y and covariates", "a long frame and y", remedy))
    X, y = array_or_pandas(X, "X"), array_or_pandas(y, "y")
    targets = numbers_of(y, "y", one_dimensional=True)
    categories: Categories = {}
    if isinstance(X, pd.DataFrame):
        _flat_columns(X, "X")
        X, categories = coding(X)
    covariates = _covariates(X, targets)
    if len(covariates) != len(targets):
        received = f"{len(covariates)} rows of X and {len(targets)} of y"
        remedy = "Pass the rows of X that belong to y, for example X.loc[y.index]"
        raise ValueError(
            "Found input variables with inconsistent numbers of samples: "
            f"[{len(covariates)}, {len(targets)}]. " + explain("y", "as long as X", received, remedy)
        )
    _check_aligned(X, y)
    index = next((data.index for data in (X, y) if _has_index(data)), pd.RangeIndex(len(targets)))
    keys, times = split_index(index, "X" if _has_index(X) else "y")
    layout = replace(_pair_layout(X, y, targets, covariates, index), categories=categories)
    return Table(targets, covariates, keys, times, layout)


def _has_index(data: Any) -> bool:
    return isinstance(data, (pd.Series, pd.DataFrame))


def _covariates(X: Any, targets: np.ndarray) -> np.ndarray:
    if isinstance(X, pd.DataFrame):
        if X.shape[1] == 0 and len(X):
            return np.empty((len(X), 0), targets.dtype)
    elif np.ndim(X) == 2 and np.shape(X)[1] == 0 and len(X):
        raise ValueError(
            f"Found array with 0 feature(s) (shape={np.shape(X)}) while a minimum of 1 is required. "
            + explain("X", "an array with columns", "0 columns", "Without covariates call fit(y)")
        )
    return numbers_of(X, "X", one_dimensional=False)


def _check_aligned(X: Any, y: Any) -> None:
    if not (_has_index(X) and _has_index(y)) or X.index.equals(y.index):
        return
    here, there = y.index.difference(X.index), X.index.difference(y.index)
    received = "the same timestamps in another order"
    if len(here):
        received = f"y at {shorten(here)}, where X has no row"
    elif len(there):
        received = f"X at {shorten(there)}, where y has no row"
    remedy = "Align them first, for example X = X.loc[y.index] or y = y.loc[X.index]"
    raise ValueError(explain("y", "on the same index as X (y aligned with X)", received, remedy))


def _pair_layout(X: Any, y: Any, targets: np.ndarray, covariates: np.ndarray, index: pd.Index) -> Layout:
    multi, id_name = _levels(index)
    x_frame = isinstance(X, pd.DataFrame)
    name = None
    if isinstance(y, pd.DataFrame):
        _flat_columns(y, "y")
        kind, columns = "frame", y.columns
    elif isinstance(y, pd.Series):
        kind, name = "series", y.name
        columns = pd.Index(["y" if name is None else name])
    else:
        kind = "array1d" if np.ndim(y) == 1 else "array2d"
        columns = labels("y", targets.shape[1])
    return Layout(
        "pair",
        kind,  # type: ignore[arg-type]
        columns,
        X.columns if x_frame else labels("x", covariates.shape[1]),
        x_kind="frame" if x_frame else "array",
        name=name,
        multi=multi,
        id_name=id_name,
    )
