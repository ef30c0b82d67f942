"""Times out of a column of a table."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from forecast._checks import explain
from forecast.datasets.number_columns import MISSING, is_text
from forecast.datasets.table_files import Table

_COMPACT = {6: "%Y%m", 8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_YEARS = (1700, 2199)  # of a number that is a date; others count steps
_OFFSET = r"[T ]\d.*(Z|[+-]\d\d(?::?\d\d)?)$"
_QUARTER = r"\d{4}-?Q[1-4]"
_NUMERIC_DATE = re.compile(r"^(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(\D.*)?$")


def times(
    table: Table, name: str, *, date_format: str | None = None, time_zone: str | None = None
) -> pd.Series:
    """The named column as timestamps, or as whole numbers that count steps.

    Text is read as ISO 8601, numbers of the form 20240131 and 202401 as dates, 2024Q1 as the quarter's first
    day. Times with more than one offset, as before and after a change of time, are given in UTC.

    Args:
        table: the file.
        name: of the column.
        date_format: format of the times, as in `strptime`; None for the forms above.
        time_zone: zone to which times with an offset are converted, and of times without one.

    Raises:
        ValueError: a missing time, or text that is not a time.

    Example:
        >>> import io
        >>> from forecast.datasets.table_files import read_table
        >>> table = read_table(io.StringIO("ds,y\\n20240131,1\\n"))
        >>> times(table, "ds").astype(str).tolist()
        ['2024-01-31']
    """
    table, places = table.unique(name)  # the series of a panel share their times
    column = table.frame[name]
    if is_text(column) or column.dtype == object:
        cells = column.astype(object).where(column.notna(), "").astype(str).str.strip()
        _refuse_missing(table, name, cells.isin((*MISSING, "NaT")))
        found = _of_text(table, name, cells, date_format)
    else:
        _refuse_missing(table, name, column.isna())
        found = _of_numbers(table, name, column) if pd.api.types.is_numeric_dtype(column) else column
    found = found if time_zone is None else _in_zone(table, name, found, time_zone)
    return found.take(places).reset_index(drop=True)


def _refuse_missing(table: Table, name: str, missing: pd.Series) -> None:
    if missing.any():
        received = f"an empty cell in {table.place(int(np.argmax(missing)))}"
        raise _refusal(table, name, "a time in every row", received, "Write it, or remove the row")


def _refusal(table: Table, name: str, allowed: str, received: str, remedy: str) -> ValueError:
    return ValueError(explain(f"{table.source}, column {name!r}", allowed, received, remedy))


def _of_text(table: Table, name: str, cells: pd.Series, date_format: str | None) -> pd.Series:
    if date_format is not None:
        found = _parsed(cells, date_format)
        return _known(table, name, cells, found, f"times of the form {date_format}")
    if cells.str.fullmatch(r"[+-]?\d+(\.0*)?").all():
        return _of_numbers(table, name, pd.to_numeric(cells))
    if cells.str.fullmatch(_QUARTER).all():
        return pd.Series(pd.PeriodIndex(cells, freq="Q").to_timestamp(), cells.index)
    offsets = cells.str.extract(_OFFSET)[0]
    bare = offsets.isna()
    if bare.any() and not bare.all():
        row = int(np.argmax(bare != bare.iloc[0]))
        received = f"{cells.iloc[row]!r} in {table.place(row)}, after {cells.iloc[row - 1]!r}"
        allowed = "times that all have an offset such as +01:00, or that all have none"
        raise _refusal(table, name, allowed, received, "Write every time in the same form")
    found = _parsed(cells, "ISO8601", utc=offsets.nunique() > 1)
    return _known(table, name, cells, found, "ISO dates or numbers", _remedy)


def _parsed(cells: pd.Series, date_format: str, *, utc: bool = False) -> pd.Series:
    return pd.to_datetime(cells, format=date_format, errors="coerce", utc=utc or "%z" in date_format)


def _known(
    table: Table,
    name: str,
    cells: pd.Series,
    found: pd.Series,
    allowed: str,
    remedy: Callable[[pd.Series], str] = lambda cells: "Correct that cell",
) -> pd.Series:
    if found.isna().any():
        row = int(np.argmax(found.isna()))
        raise _refusal(table, name, allowed, f"{cells.iloc[row]!r} in {table.place(row)}", remedy(cells))
    return found


def _remedy(cells: pd.Series) -> str:
    """What to do about times that are not ISO: the format, as far as the cells show it."""
    iso = "Write ISO dates like 2024-01-31 or 2024-01-31T13:30"
    parts = cells.str.extract(_NUMERIC_DATE)
    if parts[0].isna().any():
        return f"{iso}, or pass their form, for example date_format='%b %Y' for Jan 2024"
    mark, year = parts[1].iloc[0], "%Y" if len(parts[3].iloc[0]) == 4 else "%y"
    clock = {0: "", 6: " %H:%M", 9: " %H:%M:%S"}.get(len(parts[4].fillna("").iloc[0]), " ...")
    day_first, month_first = (
        f"date_format='{mark.join((*order, year))}{clock}'" for order in (("%d", "%m"), ("%m", "%d"))
    )
    if (parts[0].astype(int) > 12).any() or mark == ".":
        return f"{iso}, or pass {day_first}"
    if (parts[2].astype(int) > 12).any():
        return f"{iso}, or pass {month_first}"
    return f"{iso}, or pass {day_first} if the day comes first, {month_first} if the month does"


def _of_numbers(table: Table, name: str, column: pd.Series) -> pd.Series:
    """Dates where every number is one, such as 20240131; else the numbers, whole ones as int64."""
    if not (column == np.floor(column)).all():
        row = int(np.argmax(column != np.floor(column)))
        received = f"{column.iloc[row]} in {table.place(row)}"
        raise _refusal(table, name, "dates or whole numbers", received, "Number the rows 1, 2, 3, ...")
    whole = column.astype("int64") if pd.api.types.is_float_dtype(column.dtype) else column
    digits = whole.astype("int64").astype(str)
    form = _COMPACT.get(len(digits.iloc[0]))
    if form is None or not (digits.str.len() == len(digits.iloc[0])).all():
        return whole
    if not digits.str[:4].astype(int).between(*_YEARS).all():
        return whole
    found = _parsed(digits, form)
    if found.isna().mean() > 0.5:
        return whole
    return _known(table, name, digits, found, f"dates of the form {form} like the others")


def _in_zone(table: Table, name: str, found: Any, zone: str) -> pd.Series:
    """Times with an offset in another zone; times without one given that zone."""
    if not pd.api.types.is_datetime64_any_dtype(found.dtype):
        received = f"{found.iloc[0]} in {table.place(0)}"
        raise _refusal(table, name, "times, where time_zone is given", received, "Leave time_zone out")
    try:
        ZoneInfo(zone)
    except (ValueError, KeyError, OSError) as error:
        remedy = "Pass for example time_zone='Europe/Berlin'"
        raise ValueError(explain("time_zone", "the name of a time zone", repr(zone), remedy)) from error
    if found.dt.tz is not None:
        return found.dt.tz_convert(zone)
    local = found.dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    if local.isna().any():
        row = int(np.argmax(local.isna()))
        remedy = "Write the times with their offset, such as 2024-10-27T02:30+01:00"
        received = f"{found.iloc[row]} in {table.place(row)}"
        raise _refusal(table, name, f"times that exist exactly once in {zone}", received, remedy)
    return local
