"""What the columns of a long frame are called: as the user says, or, for a message, as they look."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd

from forecast._checks import explain
from forecast.panel.long import ID, STANDARD, TARGET, TIME, Names, is_frame, to_pandas

USUAL = (("series", ID), ("time", TIME), ("target", TARGET))


def names_of(X: Any, y: Any, series: Any, time: Any, target: Any, *, valued: bool = True) -> Names:
    """The names of the columns of a long frame: those that are given, else unique_id, ds, y.

    Without a column of series all rows are of one series; without one of values the only other column holds them.

    Args:
        X, y: the arguments of `fit`.
        series, time, target: names that the user gives, or None.
        valued: whether there has to be a target.

    Raises:
        ValueError: names for data that are no long frame, unknown ones, or two that are the same.
    """
    given = {"series": series, "time": time, "target": target}
    told = [role for role, name in given.items() if name is not None]
    if not told:
        return STANDARD
    if y is not None or not is_frame(X):
        received = "X and y" if y is not None else f"a {type(X).__name__}"
        remedy = "Leave series, time and target out, or pass one frame with all columns"
        raise ValueError(explain(told[0], "given with a long frame alone", received, remedy))
    columns, table = list(X.columns), to_pandas(X)[0]
    for role in told:
        if not isinstance(given[role], Hashable) or given[role] not in columns:
            raise _no_column(role, given[role], table, valued)
    found = {
        role: usual if given[role] is None and usual in columns else given[role] for role, usual in USUAL
    }
    left = [name for name in columns if name not in found.values()]
    if found["target"] is None and len(left) == 1:
        found["target"] = left[0]
    for role in ("time", "target") if valued else ("time",):
        if found[role] is None:
            raise _no_column(role, None, table, valued)
    names = Names(**found)
    _check_names(names, table, valued)
    return names


def _no_column(role: str, name: Any, table: pd.DataFrame, valued: bool) -> ValueError:
    allowed = f"a column of the frame ({', '.join(map(str, table.columns))})"
    received = repr(name) if isinstance(name, Hashable) else f"a {type(name).__name__}"
    moved = isinstance(name, str) and name in table.index.names
    remedy = "Move the index into columns with frame.reset_index()" if moved else _call(table, valued)
    return ValueError(explain(role, allowed, received, remedy))


def _check_names(names: Names, table: pd.DataFrame, valued: bool) -> None:
    """Refuse one column in two roles, and one series where there are several."""
    held: dict[Any, str] = {}
    for role, name in vars(names).items():
        if name is not None and name in held:
            roles, received = f"{held[name]} and {role}", f"{name!r} for both"
            raise ValueError(explain(roles, "different columns", received, _call(table, valued)))
        held[name] = role
    twice = table[names.time].duplicated()
    if names.series is None and twice.any():
        received = f"None, and {table[names.time][twice].iloc[0]} twice"
        allowed = "given where a time stands in several rows"
        raise ValueError(explain("series", allowed, received, _call(table, valued)))


def _call(table: pd.DataFrame, valued: bool) -> str:
    """Which names to pass, as far as a table tells."""
    return naming(table, valued=valued) or "Pass for example series='store', time='date', target='sales'"


def naming(frame: pd.DataFrame, *, valued: bool = True) -> str:
    """How to name the columns of a table that has a column of times under another name; "" where it has none.

    Args:
        frame: the table.
        valued: True = by a call of `fit`; False = by the arguments that name series and time.

    Example:
        >>> naming(pd.DataFrame({"shop": ["a"], "date": [pd.Timestamp("2024")], "sales": [2.0]}))
        "Name its columns: fit(frame, series='shop', time='date', target='sales'); others are covariates"
    """
    found = likely_names(frame)
    if found is None:
        return ""
    named = [(role, getattr(found, role), usual) for role, usual in USUAL[: 3 if valued else 2]]
    told = ", ".join(f"{role}={name!r}" for role, name, usual in named if name not in (None, usual))
    call = f"fit(frame, {told})" if valued else told
    return f"Name its columns: {call}{_parsing(frame[found.time])}; others are covariates"


def _parsing(times: pd.Series) -> str:
    return ", after pd.to_datetime on the times" if len(times) and isinstance(times.iloc[0], str) else ""


def likely_names(frame: pd.DataFrame) -> Names | None:
    """What the columns of a table are called, by what they hold; None where none of them holds times.

    The first column of text names the series, unless no time stands twice; the first of numbers holds the values.
    """
    other = frame.columns[[dtype.kind not in "biufc" for dtype in frame.dtypes]]
    time = next((name for name in other if _holds_times(frame[name])), None)
    if time is None:
        return None
    rest = [name for name in frame.columns if name != time]
    words = [name for name in other if name != time]
    several = ID in rest or frame[time].duplicated().any() or len(frame) < 2
    series = (ID if ID in rest else (words or rest or ["<series>"])[0]) if several else None
    numbers = [name for name in rest if name != series and name not in words]
    return Names(series, time, TARGET if TARGET in rest else (numbers or ["<target>"])[0])


def refuse_other_names(data: Any, argument: str = "y") -> None:
    """Refuse a table whose times stand in a column that is not named."""
    index = getattr(data, "index", None)
    if not is_frame(data) or not (index is None or pd.api.types.is_integer_dtype(index.dtype)):
        return
    remedy = naming(to_pandas(data)[0], valued=False)
    if remedy:
        allowed = "data with the times in its index, or a long frame with the columns unique_id, ds"
        raise ValueError(
            explain(argument, allowed, f"the columns {', '.join(map(repr, data.columns))}", remedy)
        )


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
