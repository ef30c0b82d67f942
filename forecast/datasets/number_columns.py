"""Numbers out of the columns of a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from forecast._checks import explain
from forecast.datasets.table_files import Table

MISSING = (
    ("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>")
    + ("N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null")
)  # fmt: skip
"""Words for a value that is missing in a column of numbers, as pandas knows them."""
_FLAGS = {"True": 1.0, "TRUE": 1.0, "true": 1.0, "False": 0.0, "FALSE": 0.0, "false": 0.0}
_COMMA = re.compile(r"[+-]?(\d+,\d*|,\d+)([eE][+-]?\d+)?")  # 1,5
_GROUPS = re.compile(r"[+-]?\d{1,3}(,\d{3})+")  # 1,234: a decimal or a thousands mark
_SPELLED = re.compile(r"[+-]?(\d+|\d{1,3}([.,' _\u00a0]\d{3})+)([.,]\d*)?")  # a number in some locale
_MARKS = re.compile(r"[.,' _\u00a0](?=\d)")
_ROUNDS_TWICE = int(pd.__version__.partition(".")[0]) < 3


def numbers(table: Table, names: Sequence[str]) -> pd.DataFrame:
    """The named columns as numbers; an empty cell, NA, nan and the like are missing, True and False 1 and 0.

    Raises:
        ValueError: a cell that is not a number in the spelling of the table.

    Example:
        >>> import io
        >>> from forecast.datasets.table_files import read_table
        >>> table = read_table(io.StringIO("shop;sold\\n007;1,5\\n008;NA\\n"))
        >>> numbers(table, ["sold"])["sold"].tolist()
        [1.5, nan]
    """
    table = with_decimal(table, names)
    return pd.DataFrame({name: _numbers(table, name) for name in names}, table.frame.index)


def with_decimal(table: Table, names: Sequence[str]) -> Table:
    """The table with the decimal mark of the named columns: as given, else the comma where it surely is one."""
    if table.spelling.decimal is not None:
        return table
    decimal = "," if _decimal_comma(table, names) else "."
    return replace(table, spelling=replace(table.spelling, decimal=decimal))


def text_or_numbers(table: Table, name: str) -> pd.Series:
    """A column of unknown kind: numbers if every cell is one, else the text unchanged.

    Raises:
        ValueError: every cell would be a number, but with a decimal or thousands mark that was not given.
    """
    column = table.frame[name]
    if not is_text(column):
        return column
    cells = _stripped(column.drop_duplicates())
    known = cells[~cells.isin(MISSING)]
    spelled = known.isin(_FLAGS) | known.str.fullmatch(_SPELLED) | _parsed(known).notna()
    if len(known) and spelled.all():
        return numbers(table, [name])[name]
    return column.mask(column == "") if (column == "").any() else column


def is_text(column: pd.Series) -> bool:
    """Whether a column holds text, and not values of a type."""
    return pd.api.types.is_string_dtype(column.dtype) or isinstance(column.dtype, pd.CategoricalDtype)


def _stripped(column: pd.Series) -> pd.Series:
    return column.astype(object).fillna("").astype(str).str.strip()


def _parsed(cells: pd.Series, errors: Literal["coerce", "raise"] = "coerce") -> pd.Series:
    """Numbers to the last digit: pandas before 3 rounds some decimals twice, Python does not."""
    found = pd.to_numeric(cells, errors=errors)
    if _ROUNDS_TWICE and found.dtype.kind == "f":
        known = found.notna()
        found = found.where(~known, cells.where(known, "nan").map(float))
    return found


def _decimal_comma(table: Table, names: Sequence[str]) -> bool:
    """Whether a table not separated by commas has them in its numbers, at least one surely a decimal mark."""
    if table.spelling.separator in (None, ",") or table.spelling.thousands == ",":
        return False
    for name in names:
        cells = _stripped(table.frame[name])
        commas = cells[cells.str.contains(",", regex=False)]
        if commas.str.fullmatch(_COMMA).any() and not commas.str.fullmatch(_GROUPS).all():
            return True
    return False


def _numbers(table: Table, name: str) -> Any:
    column, decimal = table.frame[name], table.spelling.decimal or "."
    if not is_text(column):
        if pd.api.types.is_numeric_dtype(column.dtype):
            return column
        remedy = "Name another column, or convert it in the file"
        received = f"values of type {column.dtype}"
        raise ValueError(explain(f"{table.source}, column {name!r}", "numbers", received, remedy))
    if decimal == "." and table.spelling.thousands is None:
        with suppress(ValueError):  # by far the most frequent
            return _parsed(column, "raise")
    cells = _stripped(column)
    missing = cells.isin(MISSING)
    if cells[~missing].isin(_FLAGS).all() and not missing.all():
        return cells.map(_FLAGS)
    values = _parsed(_plain(cells, decimal, table.spelling.thousands))
    wrong = values.isna() & ~missing
    if wrong.any():
        row = int(np.argmax(wrong))
        raise _not_a_number(table, name, column.iloc[row], row, decimal)
    return values


def _plain(cells: pd.Series, decimal: str, thousands: str | None) -> pd.Series:
    """Numbers with a decimal point and no groups; a cell that is not a number in this spelling becomes empty."""
    if decimal == "." and thousands is None:
        return cells
    cells = cells.str.replace("\u00a0", " ") if thousands == " " else cells
    group = re.escape(thousands) if thousands else "(?!)"
    whole = rf"(\d{{1,3}}({group}\d{{3}})+|\d+)"
    spelled = rf"[+-]?({whole}({re.escape(decimal)}\d*)?|{re.escape(decimal)}\d+)([eE][+-]?\d+)?"
    fits = cells.str.fullmatch(spelled) | cells.str.fullmatch(r"[+-]?(inf|infinity)", case=False)
    plain = cells.str.replace(thousands, "", regex=False) if thousands else cells
    return plain.str.replace(decimal, ".", regex=False).where(fits, "")


def _not_a_number(table: Table, name: str, cell: Any, row: int, decimal: str) -> ValueError:
    text = str(cell).strip()
    if _GROUPS.fullmatch(text):
        remedy = "Pass thousands=',' if the comma groups digits, decimal=',' if it is the decimal mark"
    elif _COMMA.fullmatch(text) and decimal != ",":
        remedy = "Pass decimal=','"
    elif _parsed(pd.Series([_MARKS.sub("", text)])).notna()[0]:
        remedy = "Pass the marks of the file, such as thousands='.' and decimal=','"
    else:
        remedy = "Correct that cell, or leave it empty where the value is not known"
        if not any(letter.isdigit() for letter in text):
            remedy += f"; if the column holds categories, pass categories=[{name!r}]"
    received = f"{text!r} in {table.place(row)}"
    return ValueError(explain(f"{table.source}, column {name!r}", "numbers", received, remedy))
