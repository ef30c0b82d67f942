"""Columns of categories: which there are, and numbers in their place, as indicators or as codes.

A model sees a column with the categories c_0, ..., c_K as K columns, which are 1 where the row has c_1, ..., c_K and 0
elsewhere (treatment coding). A network with learned vectors asks for the codes 0, ..., K in one column instead.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from forecast._checks import explain
from forecast.panel import long
from forecast.panel.values import not_numeric

Levels = dict[str, list[Any]]
Categories = dict[Hashable, tuple[Any, ...]]
"""The categories of each column that has some."""

MOST = 100
"""Categories of a column that become indicators."""


def is_text(column: pd.Series) -> bool:
    """Whether a column holds text or is a categorical of pandas.

    Example:
        >>> is_text(pd.Series(["sun", None])), is_text(pd.Series([1.0, 2.0]))
        (True, False)
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        return True
    if pd.api.types.is_object_dtype(column.dtype):
        return any(isinstance(value, str) for value in column)
    return pd.api.types.is_string_dtype(column.dtype)


def categories_of(frame: pd.DataFrame, named: Collection[Hashable] = ()) -> Categories:
    """The categories of the columns named, and of those of text: in their order of appearance, or as pandas declares.

    Raises:
        TypeError: a column of text that holds numbers for the most part, and is not named.
        ValueError: a name that is no column, or a column with more than MOST categories or with none.

    Example:
        >>> categories_of(pd.DataFrame({"weather": ["sun", None, "rain"], "t": [1.0, 2.0, 3.0]}))
        {'weather': ('sun', 'rain')}
    """
    refuse_unknown(named, frame)
    found: Categories = {}
    for name in frame.columns:
        if name in named or is_text(frame[name]):
            declared = isinstance(frame[name].dtype, pd.CategoricalDtype)
            values = (
                frame[name].cat.categories if declared else pd.unique(frame[name].dropna().astype(object))
            )
            found[name] = tuple(values.tolist())
            _check_count(name, found[name])
            if not (declared or name in named):
                _refuse_numbers(name, found[name])
    return found


def refuse_unknown(names: Collection[Hashable], frame: Any) -> None:
    """Refuse names of categories that are no columns of a frame, of which there may be none."""
    columns = [] if frame is None else [*frame.columns]
    for name in names:
        if name not in columns:
            received = f"{name!r} and " + ("no frame" if frame is None else f"the columns {columns}")
            remedy = "Name covariates of the frame given to fit"
            raise ValueError(explain("categories", "columns of a frame X", received, remedy))


def _check_count(name: Hashable, levels: tuple[Any, ...]) -> None:
    if not 0 < len(levels) <= MOST:
        remedy = f"Join rare ones, or pass NARX(categories={ {name: 4} }), which learns a vector for each"
        allowed = f"1 to {MOST} different categories"
        raise ValueError(explain(f"X[{name!r}]", allowed, f"{len(levels)} of them", remedy))


def _refuse_numbers(name: Hashable, levels: tuple[Any, ...]) -> None:
    """Numbers as text are numbers that were read wrong, and so are numbers beside text, unless the user names them."""
    numbers = pd.to_numeric(pd.Series(levels, dtype=object), errors="coerce").notna()
    if 2 * numbers.sum() >= len(levels) or not all(isinstance(level, str) for level in levels):
        raise not_numeric("X", name, "numbers as strings, or beside strings")


def indicators(frame: pd.DataFrame, categories: Mapping[Hashable, tuple[Any, ...]]) -> pd.DataFrame:
    """The frame with numbers in the place of categories: NaN where one is missing, all 0 where it is unknown.

    Example:
        >>> indicators(pd.DataFrame({"sky": ["sun", "rain", None]}), {"sky": ("sun", "rain")})
           sky=rain
        0       0.0
        1       1.0
        2       NaN
    """
    if not any(name in categories for name in frame.columns):
        return frame
    parts: dict[Hashable, Any] = {}
    for name in frame.columns:
        if name not in categories:
            parts[name] = frame[name]
            continue
        levels, column = categories[name], _column(frame, name)
        codes, missing = _codes(column, levels), column.isna()
        _warn_of_unknown(name, column[(codes < 0) & ~missing])
        for label, code in zip(labels_of(name, levels), shown(levels), strict=True):
            parts[label] = np.where(missing, np.nan, codes == code)
    return pd.DataFrame(parts, index=frame.index)


def shown(levels: tuple[Any, ...]) -> range:
    """Positions of the categories that have an indicator: all but the first, or the only one.

    Example:
        >>> shown(("sun", "rain", "snow")), shown(("sun",))
        (range(1, 3), range(0, 1))
    """
    return range(min(1, len(levels) - 1), len(levels))


def labels_of(name: Hashable, levels: tuple[Any, ...]) -> list[str]:
    """Names of the indicators of a column.

    Example:
        >>> labels_of("sky", ("sun", "rain", "snow"))
        ['sky=rain', 'sky=snow']
    """
    return [f"{name}={levels[code]}" for code in shown(levels)]


def from_indicators(values: np.ndarray, levels: tuple[Any, ...]) -> pd.Categorical:
    """The categories (R,) of rows of indicators (R, K), missing where these are.

    Example:
        >>> from_indicators(np.array([[0.0], [1.0], [np.nan]]), ("sun", "rain")).tolist()
        ['sun', 'rain', nan]
    """
    missing = np.isnan(values).any(axis=1)
    code = shown(levels)[0] + np.argmax(values, axis=1)
    code = np.where(np.nan_to_num(values).any(axis=1), code, 0)
    return pd.Categorical.from_codes(np.where(missing, -1, code), categories=list(levels))


def _warn_of_unknown(name: Hashable, unknown: pd.Index) -> None:
    if len(unknown):
        names = ", ".join(map(repr, unknown.unique()[:5]))
        warnings.warn(
            f"X[{name!r}]: {names} not seen in fit; taken for the first category that was. Fit on rows that have it.",
            UserWarning,
            stacklevel=7,
        )


# ---------------------------------------------------------------------- codes


def learned_levels(X: Any, names: Iterable[str]) -> Levels:
    """The categories of each named column of a frame, in the order in which they appear.

    Raises:
        ValueError: a name that is no column of a frame X.

    Example:
        >>> learned_levels(pd.DataFrame({"shop": ["b", "a", None, "b"]}), ["shop"])
        {'shop': ['b', 'a']}
    """
    names, frame = list(names), _frame(X)
    refuse_unknown(names, frame)
    levels = {name: pd.unique(_column(frame, name).dropna()).tolist() for name in names}
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
        codes[name] = np.where(column.isna(), np.nan, _codes(column, levels[name]))
    if isinstance(frame, pd.DataFrame):
        return frame.assign(**codes)
    backend = frame.implementation
    columns = [nw.new_series(name, values, backend=backend) for name, values in codes.items()]
    return frame.with_columns(*columns).to_native()


def _frame(X: Any) -> Any:
    """A data frame, of pandas or wrapped by narwhals; None if X is none."""
    return X if isinstance(X, pd.DataFrame) else long.foreign(X)


def _column(frame: Any, name: Hashable) -> pd.Index:
    return pd.Index(frame[name].to_list(), dtype=object)


def _codes(column: pd.Index, levels: Iterable[Any]) -> np.ndarray:
    """The number of each category, -1 for an unknown one."""
    found: np.ndarray = pd.Index(levels, dtype=object).get_indexer(column)
    return found
