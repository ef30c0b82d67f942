"""Readers of long tables and of Monash's `.tsf`; each gives the long frame `unique_id, ds, y`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from forecast._checks import check_choice, explain
from forecast.datasets.number_columns import numbers, text_or_numbers, with_decimal
from forecast.datasets.table_files import Spelling, Table, read_table
from forecast.datasets.text_columns import check_free, ids
from forecast.datasets.text_files import Source, read_text
from forecast.datasets.time_columns import times

# Monash frequency -> the pandas alias of the steps between timestamps
_STEPS = {
    "yearly": pd.DateOffset(years=1),
    "quarterly": pd.DateOffset(months=3),
    "monthly": pd.DateOffset(months=1),
    "weekly": pd.DateOffset(weeks=1),
    "daily": pd.DateOffset(days=1),
    "hourly": pd.DateOffset(hours=1),
    "half_hourly": pd.DateOffset(minutes=30),
    "10_minutes": pd.DateOffset(minutes=10),
    "minutely": pd.DateOffset(minutes=1),
    "4_seconds": pd.DateOffset(seconds=4),
}


def read_tsf(path: Source, *, encoding: str = "cp1252") -> pd.DataFrame:
    """A `.tsf` file of the Monash archive: `@` lines that describe it, then one series per line.

    Args:
        path: the file.
        encoding: how its text is stored; the archive's own files are cp1252.

    Returns:
        Long frame: `unique_id` (the `series_name`, or a number where there is none), `ds`, `y` (float64, NaN
        for `?`), one column per further attribute. `ds` is a timestamp where the file has `start_timestamp`
        and a frequency, else a step from 1. `frame.attrs` holds the file's `frequency`, `horizon`, `missing`
        and `equallength` as text, where present.

    Raises:
        ValueError: a line that does not fit; its number is named.

    References:
        Godahewa, Bergmeir, Webb, Hyndman and Montero-Manso (2021), Monash time series forecasting archive.

    Example:
        >>> import pathlib, tempfile
        >>> text = "@attribute series_name string\\n@frequency daily\\n@data\\nT1:3,?,4\\n"
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "tiny.tsf")
        ...     _ = path.write_text(text)
        ...     read_tsf(path).to_dict("list")
        {'unique_id': ['T1', 'T1', 'T1'], 'ds': [1, 2, 3], 'y': [3.0, nan, 4.0]}
    """
    attributes: dict[str, str] = {}
    facts: dict[str, str] = {}
    frames: list[pd.DataFrame] = []
    in_data = False
    for number, line in enumerate(read_text(path, encoding=encoding).splitlines(), start=1):
        line, place = line.strip(), f"{path}, line {number}"
        if not line or line.startswith("#"):
            continue
        if in_data:
            frames.append(_tsf_series(line, place, len(frames) + 1, attributes, facts.get("frequency")))
        elif line.lower() == "@data":
            in_data = True
        else:
            _tsf_header(line, place, attributes, facts)
    if not frames:
        raise ValueError(explain("path", "a .tsf file with series below @data", str(path), "Check the file"))
    result = pd.concat(frames, ignore_index=True)
    result.attrs = facts
    return result


def _tsf_header(line: str, place: str, attributes: dict[str, str], facts: dict[str, str]) -> None:
    words = line.removeprefix("@").split()
    if not line.startswith("@") or len(words) < 2:
        _refuse(place, "a description such as '@frequency daily' above @data", line)
    if words[0] == "attribute" and len(words) == 3:
        attributes[words[1]] = check_choice(place, words[2], ("string", "numeric", "date"))
    else:
        facts[words[0]] = " ".join(words[1:])


def _tsf_series(
    line: str, place: str, count: int, attributes: dict[str, str], frequency: str | None
) -> pd.DataFrame:
    *fields, numbers = line.split(":")
    if len(fields) != len(attributes):
        _refuse(place, f"{len(attributes)} attributes and the values, separated by ':'", line)
    try:
        row = {
            name: text if name == "series_name" else _PARSERS[kind](text)
            for (name, kind), text in zip(attributes.items(), fields, strict=True)
        }
        y = np.array([np.nan if value.strip() == "?" else _number(value) for value in numbers.split(",")])
    except ValueError:
        _refuse(place, "attributes of the types declared, and numbers or '?' separated by ','", line)
    steps: Any = np.arange(1, len(y) + 1)
    start = row.pop("start_timestamp", None)
    if start is not None and frequency in _STEPS:
        steps = pd.date_range(start, periods=len(y), freq=_STEPS[frequency])
    return pd.DataFrame({"unique_id": str(row.pop("series_name", count)), "ds": steps, "y": y, **row})


def _number(text: str) -> float:
    if "_" in text:  # which Python takes for a mark between digits
        raise ValueError(text)
    return float(text)


_PARSERS: dict[str, Callable[[str], Any]] = {
    "string": str,
    "numeric": _number,
    "date": lambda text: pd.to_datetime(text, format="%Y-%m-%d %H-%M-%S"),
}


def _refuse(place: str, allowed: str, line: str) -> None:
    raise ValueError(explain(place, allowed, line[:80], "Correct that line of the file")) from None


def read_long(
    path: Source,
    *,
    id_column: str = "unique_id",
    time_column: str = "ds",
    target_column: str = "y",
    categories: Sequence[str] = (),
    separator: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    encoding: str | None = None,
    date_format: str | None = None,
    time_zone: str | None = None,
) -> pd.DataFrame:
    """A long table in CSV or parquet: one row per series and time.

    Ids stay as they are in the file: 007, 1E5 and NA are text. A covariate is numeric if all its cells are.

    Args:
        path: a file that ends in .csv, .tsv, .txt, one of these with .gz, or .parquet (needs pyarrow).
        id_column: name of the column that names the series.
        time_column: name of the column of times. Whole numbers count steps; text is read as ISO dates, and
            20240131, 202401 and 2024Q1 as dates. Times with several offsets are given in UTC.
        target_column: name of the column to forecast.
        categories: names of covariates that stay text, such as codes made of digits.
        separator: between the cells of a CSV file; None recognises a comma, semicolon, tab or bar.
        decimal: decimal mark of a CSV file, "." or ","; None is the point, and the comma in a file that is
            separated by something else and has numbers such as 1,5.
        thousands: mark between groups of three digits in a CSV file; None for no groups.
        encoding: of a CSV file, for example "cp1252"; None is UTF-8. A byte-order mark takes precedence.
        date_format: format of the times, for example "%d.%m.%Y", where they are not ISO dates.
        time_zone: zone to which times with an offset are converted, and of times without one.

    Returns:
        The table with those three columns first, renamed `unique_id`, `ds` and `y`, then the covariates;
        sorted by series and time.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: another ending, a missing column, a row with too many or too few cells, an
            empty id or time, or a cell that is no number or time; file and line are named.

    Example:
        >>> import io
        >>> file = io.StringIO("shop;week;sold\\n007;2;5,5\\n007;1;4\\n")
        >>> read_long(file, id_column="shop", time_column="week", target_column="sold").to_dict("list")
        {'unique_id': ['007', '007'], 'ds': [1, 2], 'y': [4.0, 5.5]}
    """
    spelling = Spelling(separator=separator, decimal=decimal, thousands=thousands, encoding=encoding)
    table = read_table(path, spelling)
    chosen = {"id_column": id_column, "time_column": time_column, "target_column": target_column}
    for argument, column in (*chosen.items(), *(("categories", name) for name in categories)):
        _check_column(table, argument, column)
    rest = [name for name in table.frame.columns if name not in chosen.values()]
    check_free(rest, table.source)
    table = with_decimal(table, [target_column, *(name for name in rest if name not in categories)])
    frame = pd.DataFrame({"unique_id": ids(table, id_column)})
    frame["ds"] = times(table, time_column, date_format=date_format, time_zone=time_zone)
    frame["y"] = numbers(table, [target_column])[target_column]
    for name in rest:
        frame[name] = table.frame[name] if name in categories else text_or_numbers(table, name)
    return frame.sort_values(["unique_id", "ds"], ignore_index=True)


def _check_column(table: Table, argument: str, column: str) -> None:
    columns = list(table.frame.columns)
    if column not in columns:
        allowed = f"one of the columns {columns} of {table.source}"
        remedy = f"Name the right column with {argument}"
        raise ValueError(explain(argument, allowed, repr(column), remedy))
