"""Readers of the files of forecasting competitions; each gives the long frame `unique_id, ds, y`."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast._checks import check_choice, explain
from forecast.datasets.number_columns import MISSING, numbers, text_or_numbers, with_decimal
from forecast.datasets.table_files import Spelling, Table, read_table, records
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


def read_m4(
    path: Source,
    *,
    after: pd.DataFrame | None = None,
    separator: str = ",",
    decimal: str = ".",
    encoding: str | None = None,
) -> pd.DataFrame:
    """A CSV of the M4 competition: one series per row, its id first, then V2, V3, ... until it ends.

    Args:
        path: for example `Monthly-train.csv`, also compressed.
        after: the training frame, when `path` holds the test part: `ds` then counts on from its end.
        separator: between the cells.
        decimal: decimal mark, "." or ",".
        encoding: of the text, for example "cp1252"; None is UTF-8. A byte-order mark takes precedence.

    Returns:
        Long frame: `unique_id` (text), `ds` (int64, steps from 1) and `y` (float64), in the file's order.
        Values missing inside a series stay NaN; the empty cells behind its end are dropped.

    Raises:
        ValueError: `after` lacks a series of the file, or a cell is no number.

    References:
        Makridakis, Spiliotis and Assimakopoulos (2020), The M4 competition.

    Example:
        >>> import io
        >>> read_m4(io.StringIO('"V1","V2","V3"\\n"Y1",5.0,6.5\\n"Y2",7.0,\\n')).to_dict("list")
        {'unique_id': ['Y1', 'Y1', 'Y2'], 'ds': [1, 2, 1], 'y': [5.0, 6.5, 7.0]}
    """
    spelling = Spelling(separator=separator, decimal=decimal, encoding=encoding)
    ids, values = _wide(path, spelling)
    known = ~np.isnan(values)
    lengths = np.where(known.any(axis=1), values.shape[1] - known[:, ::-1].argmax(axis=1), 0)
    inside = np.arange(values.shape[1]) < lengths[:, None]
    first = np.ones(len(ids), dtype="int64") if after is None else _ends(after, ids) + 1
    steps = first[:, None] + np.arange(values.shape[1])
    return pd.DataFrame({"unique_id": ids.repeat(lengths), "ds": steps[inside], "y": values[inside]})


def _wide(source: Source, spelling: Spelling) -> tuple[pd.Index, np.ndarray]:
    """Ids and values (S, T) of a table with one series in each row, NaN behind its end."""
    name = "the file" if not isinstance(source, (str, Path)) else str(source)
    text = read_text(source, encoding=spelling.encoding)
    width = max((len(row) for _, row in islice(records(text, spelling.separator), 2)), default=0)
    if width < 2:
        allowed, remedy = "a table of one series in each row", "Check the file and its separator"
        raise ValueError(explain(name, allowed, f"{width} columns", remedy))
    try:
        wide = pd.read_csv(
            io.StringIO(text),
            sep=spelling.separator,
            decimal=spelling.decimal or ".",
            header=0,
            names=range(width),
            dtype={0: str},
            keep_default_na=False,
            na_values=dict.fromkeys(range(1, width), list(MISSING)),
        )
        values = wide.iloc[:, 1:].to_numpy("float64")
    except (ValueError, pd.errors.ParserError) as error:
        remedy = "Correct that cell or line, or pass separator=';', decimal=','"
        raise ValueError(explain(name, "ids and numbers", str(error).strip(), remedy)) from error
    return pd.Index(wide[0], name=None), values


def _ends(frame: pd.DataFrame, ids: pd.Index) -> np.ndarray:
    last = frame.groupby("unique_id")["ds"].max().reindex(ids)
    if last.isna().any():
        absent = list(ids[last.isna().to_numpy()][:5])
        remedy = "Pass the training part of the same group"
        raise ValueError(
            explain("after", "a frame with every series of the file", f"none for {absent}", remedy)
        )
    return last.to_numpy("int64")


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
