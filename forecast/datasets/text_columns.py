"""Ids and categories out of the columns of a table, as they stand in the file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecast._checks import explain
from forecast.datasets.table_files import Table


def ids(table: Table, name: str) -> pd.Series:
    """The column that names the series: 007, 1E5 and NA from a CSV file are text; a typed column keeps its type.

    Raises:
        ValueError: an empty cell.

    Example:
        >>> import io
        >>> from forecast.datasets.table_files import read_table
        >>> ids(read_table(io.StringIO("shop,sold\\n007,1\\n")), "shop").tolist()
        ['007']
    """
    return _filled(table, name, "the name of a series in every row")


def categories(table: Table, name: str) -> pd.Series:
    """A column of categories as text, whatever its type.

    Raises:
        ValueError: an empty cell.
    """
    return _filled(table, name, "a category in every row").astype(str)


def check_free(covariates: Sequence[str], source: str) -> None:
    """Refuse covariates that have the name of one of the three columns of every long frame."""
    taken = [name for name in covariates if name in ("unique_id", "ds", "y")]
    if taken:
        allowed = "covariates not named unique_id, ds or y, as series, time and target of a long frame are"
        raise ValueError(explain(source, allowed, ", ".join(taken), "Rename the column in the file"))


def _filled(table: Table, name: str, allowed: str) -> pd.Series:
    column = table.frame[name]
    empty = (column.isna() | (column == "")).to_numpy(bool)
    if empty.any():
        received = f"an empty cell in {table.place(int(np.argmax(empty)))}"
        remedy = "Fill it, or remove the row"
        raise ValueError(explain(f"{table.source}, column {name!r}", allowed, received, remedy))
    return column
