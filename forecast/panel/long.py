"""Long frames (unique_id, ds, y, covariates) of any library that narwhals reads, to pandas and back."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from forecast._checks import explain
from forecast.panel.regularity import shorten

ID, TIME, TARGET = "unique_id", "ds", "y"


def is_frame(data: object) -> bool:
    """Whether the data are a data frame, of pandas or of another library."""
    return isinstance(data, pd.DataFrame) or foreign(data) is not None


def is_long(data: object) -> bool:
    """Whether the data are a frame with the columns unique_id and ds."""
    if isinstance(data, pd.DataFrame):
        columns: list[Any] = list(data.columns)
    else:
        frame = foreign(data)
        if frame is None:
            return False
        columns = frame.columns
    return ID in columns and TIME in columns


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


def to_pandas(data: Any) -> tuple[pd.DataFrame, str, str | None, str | None]:
    """The frame in pandas, its library, and the types of unique_id and ds in that library."""
    frame = foreign(data)
    if frame is None:
        return data, "pandas", None, None
    types = frame.schema
    columns = {name: _column(frame[name]) for name in frame.columns}
    names = [str(types[name]).split("(")[0] if name in types else None for name in (ID, TIME)]
    return pd.DataFrame(columns), frame.implementation.value, names[0], names[1]


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
) -> Any:
    """A long frame with the columns unique_id, ds and `columns`, in the given library.

    `columns` may name unique_id and ds as well (with any value) to fix where they stand.
    """
    if ID not in columns:
        columns = {ID: ids, TIME: times, **columns}
    columns = {**columns, ID: ids, TIME: times}
    if library == "pandas":
        return pd.DataFrame({name: _strip(values) for name, values in columns.items()})
    native = {
        str(name): [None if value is np.nan else value for value in values.tolist()]
        if isinstance(values, pd.Categorical)
        else values
        for name, values in columns.items()
    }
    if isinstance(times, pd.DatetimeIndex) and times.unit == "s":  # the unit of dates; polars starts at ms
        times = times.as_unit("ms")
    zone = getattr(times, "tz", None)
    native[ID] = ids.tolist()
    native[TIME] = (times.tz_convert("UTC").tz_localize(None) if zone is not None else times).to_numpy()
    frame = nw.from_dict(native, backend=library)
    time = nw.col(TIME)
    if zone is not None:
        time = time.dt.replace_time_zone("UTC").dt.convert_time_zone(str(zone))
    if time_type is not None and time_type != "Datetime":
        time = time.cast(getattr(nw, time_type))
    key = nw.col(ID)
    if id_type is not None and id_type != "Enum" and hasattr(nw, id_type):
        key = key.cast(getattr(nw, id_type))
    return frame.with_columns(time, key).select(list(native)).to_native()


def _strip(values: Any) -> Any:
    return values.rename(None) if isinstance(values, pd.Index) else values


def require_long(columns: list[Any], needed: tuple[str, ...], argument: str, remedy: str = "") -> None:
    """Refuse a long frame without the columns it needs."""
    lost = [name for name in needed if name not in columns]
    if lost:
        received = f"columns {', '.join(map(repr, columns))} without {', '.join(map(repr, lost))}"
        allowed = f"a long frame with the columns {', '.join(needed)}"
        spare = [name for name in columns if name not in (ID, TIME, TARGET)][: len(lost)]
        names = dict(zip(spare, lost, strict=False))
        remedy = remedy or f"Add or rename the columns, for example frame.rename(columns={names})"
        raise ValueError(explain(argument, allowed, received, remedy))


def naming(frame: pd.DataFrame, library: str = "pandas") -> str:
    """How to name the columns of a table that has a column of times under another name; "" where it has none.

    Example:
        >>> naming(pd.DataFrame({"shop": ["a"], "date": [pd.Timestamp("2024")], "sales": [2.0]}))
        "Name them: frame.rename(columns={'shop': 'unique_id', 'date': 'ds', 'sales': 'y'}); others are covariates"
    """
    other = frame.columns[[dtype.kind not in "biufc" for dtype in frame.dtypes]]
    time = next((name for name in other if _holds_times(frame[name])), None)
    if time is None:
        return ""
    parse = (
        ", after pd.to_datetime on the times" if len(frame) and isinstance(frame[time].iloc[0], str) else ""
    )
    rest = [name for name in frame.columns if name != time]
    if library == "pandas" and ID not in rest and not frame[time].duplicated().any() and len(frame) > 1:
        target = repr(rest[0]) if len(rest) == 1 else str(rest)
        return f"Move the times to the index: frame.set_index({time!r})[{target}]{parse}"
    words = [name for name in other if name != time]
    series = ID if ID in rest else (words or rest or ["<series>"])[0]
    numbers = [name for name in rest if name != series and name not in words]
    target = TARGET if TARGET in rest else (numbers or ["<target>"])[0]
    names = {old: new for old, new in ((series, ID), (time, TIME), (target, TARGET)) if old != new}
    renamed = f"columns={names}" if library == "pandas" else names
    return f"Name them: frame.rename({renamed}){parse}; others are covariates"


def _holds_times(column: pd.Series) -> bool:
    """Whether a column holds timestamps, or text that begins with one."""
    if isinstance(column.dtype, pd.PeriodDtype) or pd.api.types.is_datetime64_any_dtype(column.dtype):
        return True
    first = column.iloc[0] if len(column) else None
    return isinstance(first, str) and any(letter.isdigit() for letter in first) and _is_time(first)


def _is_time(text: str) -> bool:
    try:
        return bool(pd.notna(pd.Timestamp(text)))
    except (ValueError, OverflowError):
        return False


def unknown_series(argument: str, known: pd.Index, unknown: pd.Index, remedy: str) -> str:
    """The message for series that are not in the panel; their types where the labels look alike."""
    received = f"the unknown series {shorten(unknown)}"
    if set(map(str, unknown)) & set(map(str, known)):
        types = [", ".join(sorted({type(label).__name__ for label in index})) for index in (known, unknown)]
        received += f" of type {types[1]}, where those of fit are of type {types[0]}"
        remedy = "Give the labels the type they had in fit, for example with astype"
    return explain(argument, f"of the series known: {shorten(known)}", received, remedy)
