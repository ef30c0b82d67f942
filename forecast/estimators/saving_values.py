"""Plain values as JSON and back, each with its type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd

from forecast._checks import explain

DEEPEST = 20
"""Containers inside each other, at most."""
LONGEST = 10_000_000
"""Numbers of a range, and characters of all texts of an array padded to one length, at most."""


def encode(value: Any, name: str, depth: int = 0) -> Any:
    """A JSON form of a number, text, None, list, tuple, set, range, mapping, array, index or table of such.

    Another iterable becomes a list. The argument `name` is named in the error.

    Raises:
        ValueError: another type, or nested deeper than `DEEPEST`.

    Example:
        >>> encode((1, range(3)), "lags")
        {'tuple': [1, {'range': [0, 3, 1]}]}
    """
    if value is None or isinstance(value, (bool, np.bool_, str)):
        return value if value is None else (str if isinstance(value, str) else bool)(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value) if np.isfinite(float(value)) else {"float": repr(float(value))}
    if depth >= DEEPEST or isinstance(value, (bytes, Iterator)) or not isinstance(value, Iterable):
        raise _no_form(value, name)

    def each(items: Iterable[Any]) -> list[Any]:
        return [encode(item, name, depth + 1) for item in items]

    if isinstance(value, range):
        return {"range": [value.start, value.stop, value.step]}
    if isinstance(value, tuple):
        return {"tuple": each(value)}
    if isinstance(value, (set, frozenset)):
        return {type(value).__name__: each(sorted(value, key=repr))}
    if isinstance(value, Mapping):
        return {"dict": [each(pair) for pair in value.items()]}
    if isinstance(value, np.ndarray):
        return _encode_array(value, each)
    if isinstance(value, pd.DataFrame):
        return {"table": [[*each([name]), each(value[name].tolist())] for name in value.columns]}
    if isinstance(value, pd.Index) and not isinstance(value, pd.MultiIndex):
        return {"index": each(value.tolist())}
    return each(value)


def decode(value: Any, depth: int = 0) -> Any:
    """The value whose `encode` gave this JSON form.

    Raises:
        ValueError: JSON that no value has as its form.
    """
    if depth > 2 * DEEPEST:
        raise ValueError("values are nested too deeply")
    if isinstance(value, list):
        return [decode(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) != 1:
        raise ValueError("a value has not one type")
    ((kind, inside),) = value.items()
    if kind == "float":
        if inside not in ("nan", "inf", "-inf"):
            raise ValueError("a number is written as text")
        return float(inside)
    items = decode(inside, depth + 1)
    if kind not in _MAKERS or not isinstance(items, list):
        raise ValueError(f"a value is of the unknown type {kind[:40]!r}")
    try:
        return _MAKERS[kind](items)
    except (TypeError, IndexError, OverflowError) as error:
        raise ValueError(f"a value is no {kind}: {error}") from error


def _encode_array(value: np.ndarray, each: Any) -> Any:
    if value.dtype.kind not in "biufUO":
        raise _no_form(value, "array")
    form = value.dtype.str if value.dtype.kind in "biuf" else value.dtype.kind
    return {"array": [form, list(value.shape), each(value.ravel().tolist())]}


def _array(items: list[Any]) -> np.ndarray:
    form, shape, values = items
    if form not in ("U", "O") and np.dtype(form).kind not in "biuf":
        raise ValueError("an array is of another type")
    if form == "U" and not all(type(item) is str for item in values):
        raise ValueError("an array of text holds other values")
    if form == "U" and len(values) * max(map(len, values), default=0) > LONGEST:
        raise ValueError("an array of text is too large")
    array = np.empty(len(values), object)
    array[:] = values
    return (array if form == "O" else array.astype(form)).reshape(shape)


def _range(items: list[Any]) -> range:
    if len(found := range(*items)) > LONGEST:
        raise ValueError("a range is too long")
    return found


def _dict(items: list[Any]) -> dict[Any, Any]:
    if len(found := dict(items)) < len(items):
        raise ValueError("a key of a dict stands twice")
    return found


def _table(items: list[Any]) -> pd.DataFrame:
    names, columns = [name for name, _ in items], [values for _, values in items]
    if len({len(values) for values in columns}) > 1 or len(set(names)) < len(names):
        raise ValueError("columns of a table are of different lengths or have one name")
    return pd.DataFrame(dict(zip(names, columns, strict=True)))


_MAKERS: dict[str, Any] = {
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "range": _range,
    "dict": _dict,
    "index": pd.Index,
    "array": _array,
    "table": _table,
}


def _no_form(value: Any, name: str) -> ValueError:
    allowed = "made of None, bool, int, float, str, list, tuple, dict, array or table to be saved"
    received = f"{value!r} of type {type(value).__name__}"
    return ValueError(explain(name, allowed, received, "Use joblib.dump for files you trust"))
