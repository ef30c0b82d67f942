"""Readers of the files forecasting competitions come in; each gives the long frame `unique_id, ds, y`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast._checks import check_choice, explain

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


def read_m4(path: str | Path, *, after: pd.DataFrame | None = None) -> pd.DataFrame:
    """A CSV of the M4 competition: one series a row, its id first, then V2, V3, ... until it ends.

    Args:
        path: for example `Monthly-train.csv`, also compressed.
        after: the training frame, when `path` holds the test part: `ds` then goes on counting behind it.

    Returns:
        Long frame: `unique_id` (text), `ds` (int64, steps from 1) and `y` (float64), in the file's order.
        Values missing inside a series stay NaN; the empty cells behind its end are dropped.

    Raises:
        ValueError: `after` lacks a series of the file.

    References:
        Makridakis, Spiliotis and Assimakopoulos (2020), The M4 competition.

    Example:
        >>> import io
        >>> read_m4(io.StringIO('"V1","V2","V3"\\n"Y1",5.0,6.5\\n"Y2",7.0,\\n')).to_dict("list")
        {'unique_id': ['Y1', 'Y1', 'Y2'], 'ds': [1, 2, 1], 'y': [5.0, 6.5, 7.0]}
    """
    wide = pd.read_csv(path, index_col=0)
    ids, values = wide.index.astype(str), wide.to_numpy("float64")
    known = ~np.isnan(values)
    lengths = np.where(known.any(axis=1), values.shape[1] - known[:, ::-1].argmax(axis=1), 0)
    inside = np.arange(values.shape[1]) < lengths[:, None]
    first = np.ones(len(ids), dtype="int64") if after is None else _ends(after, ids) + 1
    steps = first[:, None] + np.arange(values.shape[1])
    return pd.DataFrame({"unique_id": ids.repeat(lengths), "ds": steps[inside], "y": values[inside]})


def _ends(frame: pd.DataFrame, ids: pd.Index) -> np.ndarray:
    last = frame.groupby("unique_id")["ds"].max().reindex(ids)
    if last.isna().any():
        absent = list(ids[last.isna().to_numpy()][:5])
        remedy = "Pass the training part of the same group"
        raise ValueError(
            explain("after", "a frame with every series of the file", f"none for {absent}", remedy)
        )
    return last.to_numpy("int64")


def read_tsf(path: str | Path, *, encoding: str = "cp1252") -> pd.DataFrame:
    """A `.tsf` file of the Monash archive: `@` lines that describe it, then one series a line.

    Args:
        path: the file.
        encoding: how its text is stored; the archive's own files are cp1252.

    Returns:
        Long frame: `unique_id` (the `series_name`, or a number where there is none), `ds`, `y` (float64, NaN
        for `?`), a column per further attribute. `ds` is a timestamp where the file has `start_timestamp`
        and a frequency, else a step from 1. `frame.attrs` holds the file's `frequency`, `horizon`, `missing`
        and `equallength` as text, as far as they are there.

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
    for number, line in enumerate(Path(path).read_text(encoding=encoding).splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if in_data:
            frames.append(_tsf_series(line, number, len(frames) + 1, attributes, facts.get("frequency")))
        elif line.lower() == "@data":
            in_data = True
        else:
            _tsf_header(line, number, attributes, facts)
    if not frames:
        raise ValueError(explain("path", "a .tsf file with series below @data", str(path), "Check the file"))
    result = pd.concat(frames, ignore_index=True)
    result.attrs = facts
    return result


def _tsf_header(line: str, number: int, attributes: dict[str, str], facts: dict[str, str]) -> None:
    words = line.removeprefix("@").split()
    if not line.startswith("@") or len(words) < 2:
        _refuse(number, "a description such as '@frequency daily' above @data", line)
    if words[0] == "attribute" and len(words) == 3:
        attributes[words[1]] = check_choice(f"line {number}", words[2], ("string", "numeric", "date"))
    else:
        facts[words[0]] = " ".join(words[1:])


def _tsf_series(
    line: str, number: int, count: int, attributes: dict[str, str], frequency: str | None
) -> pd.DataFrame:
    *fields, numbers = line.split(":")
    if len(fields) != len(attributes):
        _refuse(number, f"{len(attributes)} attributes and the values, separated by ':'", line)
    try:
        row = {
            name: _PARSERS[kind](text) for (name, kind), text in zip(attributes.items(), fields, strict=True)
        }
        y = np.array([np.nan if value.strip() == "?" else float(value) for value in numbers.split(",")])
    except ValueError:
        _refuse(number, "attributes of the types declared, and numbers or '?' separated by ','", line)
    steps: Any = np.arange(1, len(y) + 1)
    start = row.pop("start_timestamp", None)
    if start is not None and frequency in _STEPS:
        steps = pd.date_range(start, periods=len(y), freq=_STEPS[frequency])
    return pd.DataFrame({"unique_id": str(row.pop("series_name", count)), "ds": steps, "y": y, **row})


_PARSERS: dict[str, Callable[[str], Any]] = {
    "string": str,
    "numeric": float,
    "date": lambda text: pd.to_datetime(text, format="%Y-%m-%d %H-%M-%S"),
}


def _refuse(number: int, allowed: str, line: str) -> None:
    raise ValueError(explain(f"line {number}", allowed, line[:80], "Correct that line of the file")) from None


def read_long(
    path: str | Path, *, id_column: str = "unique_id", time_column: str = "ds", target_column: str = "y"
) -> pd.DataFrame:
    """A long table in CSV or parquet: one row per series and time.

    Args:
        path: a file that ends in .csv, .csv.gz or .parquet (parquet needs pyarrow).
        id_column: name of the column that names the series.
        time_column: name of the column of timestamps; numbers are kept as steps, text is read as ISO dates.
        target_column: name of the column to forecast.

    Returns:
        The table with those three columns first, renamed `unique_id`, `ds` and `y`, then the covariates;
        sorted by series and time.

    Raises:
        ValueError: another ending, a column that is not there, or text that is no date.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "sales.csv")
        ...     _ = path.write_text("shop,week,sold\\nA,2,5\\nA,1,4\\n")
        ...     read_long(path, id_column="shop", time_column="week", target_column="sold").to_dict("list")
        {'unique_id': ['A', 'A'], 'ds': [1, 2], 'y': [4, 5]}
    """
    frame = read_table(path)
    names = {"id_column": id_column, "time_column": time_column, "target_column": target_column}
    for argument, column in names.items():
        if column not in frame.columns:
            remedy = f"Name the right column with {argument}"
            raise ValueError(
                explain(argument, f"one of the columns {list(frame.columns)}", repr(column), remedy)
            )
    frame = frame.rename(columns=dict(zip(names.values(), ("unique_id", "ds", "y"), strict=True)))
    frame["ds"] = parse_times(frame["ds"], time_column)
    first = ["unique_id", "ds", "y"]
    order = first + [column for column in frame.columns if column not in first]
    return frame[order].sort_values(["unique_id", "ds"], ignore_index=True)


def parse_times(times: pd.Series, name: str) -> pd.Series:
    """Timestamps from text; numbers and timestamps pass unchanged. `name` is the column's, for the error."""
    if pd.api.types.is_numeric_dtype(times) or pd.api.types.is_datetime64_any_dtype(times):
        return times
    try:
        return pd.to_datetime(times, format="ISO8601")
    except (ValueError, TypeError) as error:
        remedy = "Write ISO dates like 2024-01-31 or 2024-01-31T13:30"
        raise ValueError(explain(f"column {name!r}", "ISO dates or numbers", str(error), remedy)) from error


def read_table(path: str | Path) -> pd.DataFrame:
    """A CSV or parquet file as it is, told apart by the ending of its name."""
    if str(path).endswith(".parquet"):
        return pd.read_parquet(path)
    if str(path).endswith((".csv", ".csv.gz")):
        return pd.read_csv(path)
    raise ValueError(
        explain("path", "a file that ends in .csv, .csv.gz or .parquet", str(path), "Rename or convert it")
    )
