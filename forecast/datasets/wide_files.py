"""Readers of the wide files of M3, M4 and M5, one series in each row, into the long frame `unique_id, ds, y`."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Literal, NoReturn

import numpy as np
import pandas as pd

from forecast._checks import check_choice, explain
from forecast.datasets.number_columns import MISSING, numbers
from forecast.datasets.table_files import Spelling, read_table, records
from forecast.datasets.text_files import Source, read_text
from forecast.datasets.time_columns import times

M5_DAYS = 28
M5_LABELS = ("id", "item_id", "dept_id", "cat_id", "store_id", "state_id")


def read_m3(
    path: Source,
    *,
    part: Literal["train", "test"] = "train",
    separator: str = ",",
    encoding: str | None = None,
) -> pd.DataFrame:
    """A sheet of M3C, saved as CSV: a series in each row, its name, N and NF, facts, then its N values.

    Args:
        path: for example `M3Month.csv`, with the columns Series, N, NF and 1, 2, 3, ...
        part: "train" for all values but the last NF, "test" for these; `ds` then counts on.
        separator: between the cells.
        encoding: of the text, for example "cp1252"; None is UTF-8. A byte-order mark takes precedence.

    Returns:
        Long frame: `unique_id` (text), `ds` (int64, steps from 1) and `y` (float64), in the file's order.

    Raises:
        ValueError: a column lacks, a cell is no number, or a row has not N values; file and line are named.

    References:
        Makridakis and Hibon (2000), The M3-Competition: results, conclusions and implications.

    Example:
        >>> import io
        >>> sheet = "Series,N,NF,Category,1,2,3,4\\nN 1,3,1,MICRO,5,6,7,\\nN 2,4,2,MICRO,1,2,3,4\\n"
        >>> read_m3(io.StringIO(sheet)).to_dict("list")
        {'unique_id': ['N 1', 'N 1', 'N 2', 'N 2'], 'ds': [1, 2, 1, 2], 'y': [5.0, 6.0, 1.0, 2.0]}
        >>> read_m3(io.StringIO(sheet), part="test")["ds"].tolist()
        [3, 3, 4]
    """
    check_choice("part", part, ("train", "test"))
    table = read_table(path, Spelling(separator=separator, encoding=encoding), short_rows=True)
    columns = [str(name) for name in table.frame.columns]
    _check_columns(table.source, columns, ("Series", "N", "NF", "1"))
    sizes = numbers(table, ["N", "NF"]).to_numpy(dtype=float)
    values = numbers(table, [name for name in columns if name.isdecimal()]).to_numpy(dtype=float)
    places = np.arange(values.shape[1])
    inside = places < sizes[:, :1]
    wrong = (inside != ~np.isnan(values)).any(axis=1) | ~(sizes[:, 0] > sizes[:, 1]) | ~(sizes[:, 1] >= 0)
    if wrong.any():
        row = int(np.argmax(wrong))
        count, held = (table.frame[name].iloc[row] for name in ("N", "NF"))
        received = f"N {count}, NF {held} and {(~np.isnan(values[row])).sum()} values in {table.place(row)}"
        remedy = "Correct that line of the file"
        raise ValueError(
            explain(table.source, "N values in each row, NF of them to forecast", received, remedy)
        )
    early = places < (sizes[:, 0] - sizes[:, 1])[:, None]
    kept = inside & (early if part == "train" else ~early)
    names = pd.Index(table.frame["Series"].str.strip(), name=None)
    return _long(names, 1, values, kept)


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
        ValueError: `after` lacks a series of the file, or a cell is no number; file and line are named.

    References:
        Makridakis, Spiliotis and Assimakopoulos (2020), The M4 competition.

    Example:
        >>> import io
        >>> read_m4(io.StringIO('"V1","V2","V3"\\n"Y1",5.0,6.5\\n"Y2",7.0,\\n')).to_dict("list")
        {'unique_id': ['Y1', 'Y1', 'Y2'], 'ds': [1, 2, 1], 'y': [5.0, 6.5, 7.0]}
    """
    spelling = Spelling(separator=separator, decimal=decimal, encoding=encoding)
    labels, _, values = _wide(path, spelling, 1)
    names = pd.Index(labels.iloc[:, 0], name=None)
    known = ~np.isnan(values)
    lengths = np.where(known.any(axis=1), values.shape[1] - known[:, ::-1].argmax(axis=1), 0)
    places = np.arange(values.shape[1])
    first = np.ones(len(names), dtype="int64") if after is None else _ends(after, names) + 1
    return _long(names, first.repeat(lengths), values, places < lengths[:, None])


def read_m5(path: Source, *, calendar: Source | None = None, prices: Source | None = None) -> pd.DataFrame:
    """A sales file of the M5 competition: an item of a store in each row, then d_1, d_2, ... its units sold.

    Args:
        path: for example `sales_train_evaluation.csv`.
        calendar: `calendar.csv`, which says the date of each day.
        prices: `sell_prices.csv`; needs the calendar.

    Returns:
        Long frame: `unique_id` (the id), `ds` (the date, or the number of the day without a calendar), `y`
        (float64), the columns `item_id`, `dept_id`, `cat_id`, `store_id` and `state_id` (categories), and with
        prices `sales`, units times price. The zeros before the first unit sold are left out, as in the
        organisers' scores; a row that sold nothing before its last 28 days stays whole.

    Raises:
        ValueError: a column or a day lacks, or a cell is no number; the file is named, and the line.

    References:
        Makridakis, Spiliotis and Assimakopoulos (2022), The M5 competition.

    Example:
        >>> import io
        >>> text = "id,item_id,dept_id,cat_id,store_id,state_id,d_1,d_2\\nA_1_CA_1,A_1,A,A,CA_1,CA,0,2\\n"
        >>> read_m5(io.StringIO(text))[["unique_id", "ds", "y", "store_id"]].to_dict("list")
        {'unique_id': ['A_1_CA_1', 'A_1_CA_1'], 'ds': [1, 2], 'y': [0.0, 2.0], 'store_id': ['CA_1', 'CA_1']}
    """
    labels, days, values = _wide(path, Spelling(separator=","), len(M5_LABELS))
    source = _named(path)
    _check_columns(source, list(labels.columns), M5_LABELS)
    wrong = [day for day in days if not (day.startswith("d_") and day[2:].isdecimal())]
    if wrong:
        raise ValueError(explain(source, "days d_1, d_2, ... behind the labels", repr(wrong[0]), "Rename it"))
    dates = None if calendar is None else _calendar(calendar, days)
    times_of_days = [int(day[2:]) for day in days] if dates is None else dates["ds"]
    begun = (values != 0).cumsum(axis=1) > 0
    begun[~begun[:, :-M5_DAYS].any(axis=1)] = True
    places = np.broadcast_to(np.arange(len(days)), values.shape)[begun]
    lengths = begun.sum(axis=1)
    frame = labels[["id"]].rename(columns={"id": "unique_id"}).loc[labels.index.repeat(lengths)]
    frame = frame.reset_index(drop=True)
    frame["ds"] = pd.Series(times_of_days).take(places).to_numpy()
    frame["y"] = values[begun]
    for name in M5_LABELS[1:]:
        frame[name] = labels[name].astype("category").repeat(lengths).array
    if prices is not None:
        if dates is None:
            received = "no calendar"
            raise ValueError(
                explain("prices", "given with a calendar", received, "Pass calendar='calendar.csv'")
            )
        frame["sales"] = (values * _prices(prices, labels, dates["wm_yr_wk"]))[begun]
    return frame


def _calendar(source: Source, days: list[str]) -> pd.DataFrame:
    """Date and week of each day."""
    table = read_table(source, Spelling(separator=","))
    _check_columns(table.source, list(table.frame.columns), ("date", "wm_yr_wk", "d"))
    dates = pd.DataFrame({"ds": times(table, "date"), "wm_yr_wk": table.frame["wm_yr_wk"]})
    dates.index = pd.Index(table.frame["d"])
    absent = [day for day in days if day not in dates.index]
    if absent:
        received = f"none of {', '.join(absent[:5])}"
        raise ValueError(explain(table.source, "a row for each day", received, "Take the calendar of M5"))
    return dates.loc[days].reset_index(drop=True)


def _prices(source: Source, labels: pd.DataFrame, weeks: pd.Series) -> np.ndarray:
    """Price (S, T) of each series on each day, NaN where there is none."""
    table = read_table(source, Spelling(separator=","))
    keys = ["item_id", "store_id", "wm_yr_wk"]
    _check_columns(table.source, list(table.frame.columns), (*keys, "sell_price"))
    price = numbers(table, ["sell_price"])["sell_price"].to_numpy()
    by_week = pd.Series(price, pd.MultiIndex.from_frame(table.frame[keys])).unstack()
    series = pd.MultiIndex.from_frame(labels[keys[:2]])
    found: np.ndarray = by_week.reindex(series).reindex(columns=weeks).to_numpy(dtype=float)
    return found


# ---------------------------------------------------------------------- what they share


def _long(names: pd.Index, first: np.ndarray | int, values: np.ndarray, kept: np.ndarray) -> pd.DataFrame:
    """The values kept, row by row; the first column of a row is step `first`."""
    steps = first + np.broadcast_to(np.arange(values.shape[1]), values.shape)[kept]
    return pd.DataFrame({"unique_id": names.repeat(kept.sum(axis=1)), "ds": steps, "y": values[kept]})


def _named(source: Source) -> str:
    return "the file" if not isinstance(source, (str, Path)) else str(source)


def _check_columns(source: str, columns: list[str], needed: tuple[str, ...]) -> None:
    absent = [name for name in needed if name not in columns]
    if absent:
        allowed = f"a table with the columns {', '.join(needed)}"
        received = f"one without {', '.join(absent)}"
        raise ValueError(explain(source, allowed, received, "Check the file and its separator"))


def _wide(source: Source, spelling: Spelling, labels: int) -> tuple[pd.DataFrame, list[str], np.ndarray]:
    """The first columns as text, the names of the others, and their values (S, T), NaN where empty."""
    name, text = _named(source), read_text(source, encoding=spelling.encoding)
    first = [row for _, row in islice(records(text, spelling.separator), 2)]
    width = max(map(len, first), default=0)
    if width <= labels:
        allowed, remedy = "a table of one series in each row", "Check the file and its separator"
        raise ValueError(explain(name, allowed, f"{width} columns", remedy))
    try:
        wide = pd.read_csv(
            io.StringIO(text),
            sep=spelling.separator,
            decimal=spelling.decimal or ".",
            header=0,
            names=range(width),
            dtype=dict.fromkeys(range(labels), str),
            keep_default_na=False,
            na_values=dict.fromkeys(range(labels, width), list(MISSING)),
        )
        values = wide.iloc[:, labels:].to_numpy("float64")
    except (ValueError, pd.errors.ParserError) as error:
        _refuse(name, next(_wrong_cells(text, spelling, labels), str(error).strip()), error)
    header = [cell.strip() for cell in first[0]]
    return wide.iloc[:, :labels].set_axis(header[:labels], axis=1), header[labels:], values


def _refuse(name: str, received: str, error: Exception) -> NoReturn:
    remedy = "Correct that cell or line, or pass separator=';', decimal=','"
    raise ValueError(explain(name, "ids and numbers", received, remedy)) from error


def _wrong_cells(text: str, spelling: Spelling, labels: int) -> Iterator[str]:
    """Each cell that is no number, and where it stands."""
    for line, row in islice(records(text, spelling.separator), 1, None):
        for cell in row[labels:]:
            plain = cell.strip().replace(spelling.decimal or ".", ".")
            if plain not in MISSING and np.isnan(pd.to_numeric(plain, errors="coerce")):
                yield f"{cell!r} in line {line}"


def _ends(frame: pd.DataFrame, ids: pd.Index) -> np.ndarray:
    last = frame.groupby("unique_id")["ds"].max().reindex(ids)
    if last.isna().any():
        absent = list(ids[last.isna().to_numpy()][:5])
        remedy = "Pass the training part of the same group"
        raise ValueError(
            explain("after", "a frame with every series of the file", f"none for {absent}", remedy)
        )
    return last.to_numpy("int64")
