"""Columns of categories: which categories there are, and their numbers in place of text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from forecast._checks import explain
from forecast.panel import long

Levels = dict[str, list[Any]]


def learned_levels(X: Any, names: Iterable[str]) -> Levels:
    """The categories of each named column of a frame, in the order in which they appear.

    Raises:
        ValueError: a name that is no column of a frame X.

    Example:
        >>> learned_levels(pd.DataFrame({"shop": ["b", "a", None, "b"]}), ["shop"])
        {'shop': ['b', 'a']}
    """
    names = list(names)
    frame = _frame(X) if names else None
    levels = {}
    for name in names:
        if frame is None or name not in frame.columns:
            received = f"{name!r} and " + ("no frame" if frame is None else f"the columns {[*frame.columns]}")
            remedy = "Name covariates of the frame given to fit"
            raise ValueError(explain("categories", "columns of a frame X", received, remedy))
        levels[name] = pd.unique(_column(frame, name).dropna()).tolist()
    return levels


def coded(X: Any, levels: Levels) -> Any:
    """X with the number of its category in each of these columns; -1 for an unknown one, NaN where it is missing.

    Anything but a frame is returned unchanged.

    Example:
        >>> coded(pd.DataFrame({"shop": ["a", "c", None]}), {"shop": ["b", "a"]})["shop"].tolist()
        [1.0, -1.0, nan]
    """
    frame = _frame(X) if levels else None
    if frame is None:
        return X
    codes = {}
    for name in levels.keys() & {*frame.columns}:
        column = _column(frame, name)
        found = pd.Index(levels[name], dtype=object).get_indexer(column)
        codes[name] = np.where(column.isna(), np.nan, found)
    if isinstance(frame, pd.DataFrame):
        return frame.assign(**codes)
    backend = frame.implementation
    columns = [nw.new_series(name, values, backend=backend) for name, values in codes.items()]
    return frame.with_columns(*columns).to_native()


def _frame(X: Any) -> Any:
    """A data frame, of pandas or wrapped by narwhals; None if X is none."""
    return X if isinstance(X, pd.DataFrame) else long.foreign(X)


def _column(frame: Any, name: str) -> pd.Index:
    return pd.Index(frame[name].to_list(), dtype=object)
