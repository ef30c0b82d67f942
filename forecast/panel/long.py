"""Long frames (unique_id, ds, y, covariates) of any library that narwhals reads, to pandas and back."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from forecast._checks import explain
from forecast.panel.regularity import shorten

ID, TIME, TARGET = "unique_id", "ds", "y"


@dataclass(frozen=True)
class Names:
    """What the columns of a long frame are called; all others are covariates.

    Args:
        series: column that names the series; None = there is none, since all rows are of one series.
        time, target: columns of timestamps and values.
    """

    series: Hashable = ID
    time: Hashable = TIME
    target: Hashable = TARGET

    @property
    def keys(self) -> tuple[Hashable, ...]:
        """The columns that say what a row is: series and time, or time alone."""
        return (self.time,) if self.series is None else (self.series, self.time)

    @property
    def told(self) -> dict[str, Hashable]:
        """The arguments of `fit` that say these names; none where they are the usual ones."""
        return {} if self == STANDARD else dict(vars(self))

    def ids(self, frame: pd.DataFrame) -> pd.Index:
        """The series of each row; a single one is named after its target."""
        if self.series is None:
            return pd.Index([self.target]).repeat(len(frame))
        return pd.Index(frame[self.series], name=None)


STANDARD = Names()


def is_frame(data: object) -> bool:
    """Whether the data are a data frame, of pandas or of another library."""
    return isinstance(data, pd.DataFrame) or foreign(data) is not None


def is_long(data: object, names: Names = STANDARD) -> bool:
    """Whether the data are a frame with the columns of series and time."""
    if isinstance(data, pd.DataFrame):
        columns: list[Any] = list(data.columns)
    else:
        frame = foreign(data)
        if frame is None:
            return False
        columns = frame.columns
    return {*names.keys} <= {*columns}


def foreign(data: object) -> nw.DataFrame | None:
    """The data as a frame of narwhals when they are one of another library than pandas."""
    if isinstance(data, (np.ndarray, list, tuple, pd.DataFrame, pd.Series, pd.Index)):
        return None
    frame = nw.from_native(data, pass_through=True)
    if isinstance(frame, nw.LazyFrame):
        allowed = "a data frame in memory"
        raise TypeError(
            explain("X", allowed, f"a lazy frame of {frame.implementation.value}", "Call collect() first")
        )
    return frame if isinstance(frame, nw.DataFrame) else None


def to_pandas(data: Any, names: Names = STANDARD) -> tuple[pd.DataFrame, str, str | None, str | None]:
    """The frame in pandas, its library, and the types of its series and times in that library."""
    frame = foreign(data)
    if frame is None:
        return data, "pandas", None, None
    types = frame.schema
    columns = {name: _column(frame[name]) for name in frame.columns}
    id_type, time_type = (
        str(types[str(name)]).split("(")[0] if name in types else None for name in (names.series, names.time)
    )
    return pd.DataFrame(columns), frame.implementation.value, id_type, time_type


def _column(series: nw.Series) -> Any:
    values = series.to_numpy()
    zone = getattr(series.dtype, "time_zone", None)
    if series.dtype == nw.Date or isinstance(series.dtype, nw.Datetime):
        index = pd.DatetimeIndex(values)
        return index if zone is None or index.tz is not None else index.tz_localize("UTC").tz_convert(zone)
    return values


def write_long(
    ids: pd.Index,
    times: pd.Index,
    columns: dict[Any, Any],
    library: Any,
    id_type: str | None,
    time_type: str | None,
    names: Names = STANDARD,
) -> Any:
    """A long frame with the columns of series and time and `columns`, in the given library.

    `columns` may name series and time as well (with any value) to fix where they stand.
    """
    keys = dict(zip(names.keys, (ids, times)[-len(names.keys) :], strict=True))
    columns = {**({} if names.time in columns else keys), **columns, **keys}
    if library == "pandas":
        return pd.DataFrame({name: _strip(values) for name, values in columns.items()})
    native = {str(name): _without_nan(values) for name, values in columns.items()}
    if isinstance(times, pd.DatetimeIndex) and times.unit == "s":  # the unit of dates; polars starts at ms
        times = times.as_unit("ms")
    zone = getattr(times, "tz", None)
    key, stamp = str(names.series), str(names.time)
    if names.series is not None:
        native[key] = ids.tolist()
    native[stamp] = (times.tz_convert("UTC").tz_localize(None) if zone is not None else times).to_numpy()
    frame = nw.from_dict(native, backend=library)
    time = nw.col(stamp)
    if zone is not None:
        time = time.dt.replace_time_zone("UTC").dt.convert_time_zone(str(zone))
    if time_type is not None and time_type != "Datetime":
        time = time.cast(getattr(nw, time_type))
    frame = frame.with_columns(time)
    if id_type is not None and id_type != "Enum" and hasattr(nw, id_type):
        frame = frame.with_columns(nw.col(key).cast(getattr(nw, id_type)))
    return frame.select(list(native)).to_native()


def _without_nan(values: Any) -> Any:
    """A column as other libraries take it: a missing category, text or truth is None."""
    if pd.api.types.is_object_dtype(values) or isinstance(values, pd.Categorical):
        return [None if value is np.nan else value for value in values.tolist()]
    return values


def _strip(values: Any) -> Any:
    return values.rename(None) if isinstance(values, pd.Index) else values


def require_long(columns: list[Any], needed: tuple[Any, ...], argument: str, remedy: str = "") -> None:
    """Refuse a long frame without the columns it needs, or with two of one name."""
    twice = [name for name in needed if columns.count(name) > 1]
    if twice:
        allowed, received = "a frame with unique column names", f"{twice} more than once"
        raise ValueError(explain(argument, allowed, received, "Rename or drop one of them"))
    lost = [name for name in needed if name not in columns]
    if lost:
        received = f"columns {', '.join(map(repr, columns))} without {', '.join(map(repr, lost))}"
        allowed = f"a long frame with the columns {', '.join(map(str, needed))}"
        spare = sorted(
            (name for name in columns if name not in needed),
            key=lambda name: name not in (ID, TIME, TARGET),
        )
        names = dict(zip(spare, lost, strict=False))
        remedy = remedy or f"Add or rename the columns, for example frame.rename(columns={names})"
        raise ValueError(explain(argument, allowed, received, remedy))


def unknown_series(argument: str, known: pd.Index, unknown: pd.Index, remedy: str) -> str:
    """The message for series that are not in the panel; their types where the labels look alike."""
    received = f"the unknown series {shorten(unknown)}"
    if set(map(str, unknown)) & set(map(str, known)):
        types = [", ".join(sorted({type(label).__name__ for label in index})) for index in (known, unknown)]
        received += f" of type {types[1]}, where those of fit are of type {types[0]}"
        remedy = "Give the labels the type they had in fit, for example with astype"
    return explain(argument, f"of the series known: {shorten(known)}", received, remedy)
