"""The user's numbers as float arrays (rows, columns), or an error that names what came instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils import check_array

from forecast._checks import explain


def numbers_of(data: Any, name: str, *, one_dimensional: bool) -> np.ndarray:
    """Values as float32 (if given as such) or float64, shape (rows, columns); NaN and infinity may pass.

    Raises:
        TypeError: sparse data, strings, dates or other objects.
        ValueError: complex numbers, no rows, or a shape that is not allowed.
    """
    if isinstance(data, pd.Series):
        data = data.to_frame()
    if isinstance(data, pd.DataFrame):
        return _frame_numbers(data, name)
    return _array_numbers(data, name, one_dimensional)


def array_or_pandas(data: Any, name: str) -> Any:
    """pandas and sparse data as they are, everything else as an array."""
    if isinstance(data, (pd.Series, pd.DataFrame)) or sparse.issparse(data):
        return data
    try:
        return plain_array(data)
    except ValueError as error:
        remedy = "Give every row the same number of values"
        raise ValueError(
            explain(name, "a table of numbers", f"rows that differ ({error})", remedy)
        ) from error


def plain_array(data: Any) -> np.ndarray:
    """The data as an array, masked values as NaN.

    Example:
        >>> plain_array(np.ma.masked_values([1.0, -999.0], -999.0))
        array([ 1., nan])
    """
    if isinstance(data, np.ma.MaskedArray):
        numbers = data.dtype.kind in "biuf"
        kind = np.result_type(data.dtype, np.float16) if numbers else object
        return np.ma.filled(data.astype(kind), np.nan)
    if isinstance(data, (list, tuple)) and any(isinstance(part, np.ma.MaskedArray) for part in data):
        data = [plain_array(part) for part in data]
    return np.asarray(data)


def _frame_numbers(frame: pd.DataFrame, name: str) -> np.ndarray:
    check_rows(len(frame), name, frame.shape)
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()].unique().tolist()
        raise ValueError(
            explain(name, "a frame with unique column names", f"{twice} more than once", "Rename")
        )
    types = list(frame.dtypes)
    parts = {}
    for position, dtype in enumerate(types):
        if pd.api.types.is_object_dtype(dtype):
            parts[position] = _object_numbers(frame.iloc[:, position], name)
        elif not pd.api.types.is_numeric_dtype(dtype) or isinstance(dtype, pd.SparseDtype):
            raise not_numeric(name, frame.columns[position], f"dtype {dtype}")
        elif pd.api.types.is_complex_dtype(dtype):
            raise _complex(name)
    single = bool(types) and all(dtype == np.float32 for dtype in types)
    dtype = np.float32 if single else np.float64
    if not parts:
        return np.ascontiguousarray(frame.to_numpy(dtype=dtype, na_value=np.nan))
    columns = [
        parts[k] if k in parts else frame.iloc[:, k].to_numpy(dtype=dtype, na_value=np.nan)
        for k in range(len(types))
    ]
    return np.column_stack(columns)


def _object_numbers(column: pd.Series, name: str) -> np.ndarray:
    values = [np.nan if value is None or value is pd.NA else value for value in column]
    if any(isinstance(value, str) for value in values):
        raise not_numeric(name, column.name, "strings")
    if any(isinstance(value, complex) for value in values):
        raise _complex(name)
    try:
        return np.array([float(value) for value in values])
    except (TypeError, ValueError, OverflowError) as error:
        raise not_numeric(name, column.name, f"objects ({error})") from error


def _array_numbers(data: Any, name: str, one_dimensional: bool) -> np.ndarray:
    raw = data if sparse.issparse(data) else plain_array(data)
    if not sparse.issparse(data) and raw.dtype.kind in "USMmV":
        raise not_numeric(name, None, f"dtype {raw.dtype}")
    if not sparse.issparse(data) and raw.dtype == object and raw.ndim < 3:
        _refuse_strings(raw, name)
    try:
        values = check_array(
            raw, ensure_2d=not one_dimensional, ensure_all_finite=False, dtype="numeric", input_name=name
        )
    except (TypeError, ValueError, OverflowError) as error:
        if sparse.issparse(data) or raw.dtype != object:
            raise
        raise not_numeric(name, None, f"objects ({error})") from error
    values = values[:, None] if values.ndim == 1 else values
    with np.errstate(
        over="ignore"
    ):  # a long double beyond the range of a double is infinite, and refused as such
        return np.ascontiguousarray(values, dtype=np.float32 if values.dtype == np.float32 else np.float64)


def _refuse_strings(values: np.ndarray, name: str) -> None:
    if any(isinstance(value, str) for value in values.ravel()):
        raise not_numeric(name, None, "strings")


def not_numeric(name: str, column: Any, received: str) -> TypeError:
    """The error for a column that holds no numbers."""
    place = "" if column is None else f" in column {column!r}"
    remedy = "Convert to float, name categories of X in categories=[...], and move dates to the index"
    return TypeError(explain(name, "real numbers", f"{received}{place}", remedy))


def _complex(name: str) -> ValueError:
    remedy = "Pass real and imaginary part as two columns"
    return ValueError(
        "Complex data not supported. " + explain(name, "real numbers", "complex numbers", remedy)
    )


def check_rows(rows: int, name: str, shape: tuple[int, ...]) -> None:
    """Refuse data without any row."""
    if rows == 0:
        received = f"0 sample(s) (shape={shape}) while a minimum of 1 is required"
        raise ValueError(explain(name, "at least one row long", received, "Check how the data were selected"))


def check_finite(
    values: np.ndarray,
    name: str,
    columns: list[Any],
    label: Callable[[int], str],
    *,
    allow_missing: bool,
) -> None:
    """Refuse infinity, and NaN unless allowed; `label(row)` says in words where a row stands."""
    if np.isfinite(values).all():
        return
    for bad, word in ((np.isinf(values), "infinity"), (np.isnan(values), "NaN")):
        if not bad.any() or (word == "NaN" and allow_missing):
            continue
        row, column = (int(k) for k in np.argwhere(bad)[0])
        place = f"{word} in column {columns[column]!r} at {label(row)} ({int(bad.sum())} in all)"
        if word == "NaN":
            remedy = f"Fill the gaps, for example {name}.interpolate() or {name}.ffill()"
        else:
            remedy = "Replace the infinite values; a logarithm or a division by zero often makes them"
        raise ValueError(explain(name, f"free of {word}", place, remedy))
