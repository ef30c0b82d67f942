"""Sequences of unequal length as one buffer: for models that classify or label whole sequences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecast._checks import explain
from forecast.panel.values import plain_array

_FORMS = "a list of sequences, each of shape (T,) or (T, F); an array (S, T) or (S, T, F); or a panel frame"


@dataclass(frozen=True, eq=False)
class Sequences:
    """S sequences end to end, the one form the rest of the package sees.

    Args:
        values: (N, F) rows of all sequences; codes of symbols have F = 1.
        offsets: (S+1,) first row of each sequence, and N.

    Example:
        >>> Sequences.from_data([[1.0, 2.0], [3.0, 4.0, 5.0]]).padded([0, 1], 3)[..., 0]
        array([[0., 1., 1.],
               [1., 1., 1.]])
    """

    values: np.ndarray
    offsets: np.ndarray

    @classmethod
    def from_data(cls, X: Any) -> Sequences:
        """Numbers in any form that `split` takes.

        Raises:
            TypeError, ValueError: another form, unequal numbers of columns, or values that are not finite.
        """
        parts = [_number_rows(part, place) for place, part in enumerate(split(X))]
        width = {part.shape[1] for part in parts}
        if len(width) > 1:
            raise ValueError(
                explain(
                    "X",
                    "sequences with the same number of columns",
                    f"{sorted(width)} columns",
                    "Give every time step the same features",
                )
            )
        return cls.joined(parts)

    @classmethod
    def from_symbols(cls, X: Any, symbols: np.ndarray) -> Sequences:
        """Codes (N, 1) of symbols: the position in `symbols`, -1 for one that is not there."""
        parts = [np.asarray(part) for part in split_symbols(X)]
        index = pd.Index(symbols)
        return cls.joined([index.get_indexer(pd.Index(part))[:, None].astype(float) for part in parts])

    @classmethod
    def joined(cls, parts: Sequence[np.ndarray]) -> Sequences:
        """The sequences (T, F), end to end."""
        lengths = [len(part) for part in parts]
        return cls(np.concatenate(parts), np.concatenate([[0], np.cumsum(lengths)]))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """T of each sequence, shape (S,)."""
        return np.diff(self.offsets)

    def padded(self, which: np.ndarray | Sequence[int], length: int) -> np.ndarray:
        """Some sequences right-aligned in `length` steps, (B, length, 1 + F).

        Column 0 is 1 at real steps and 0 in the padding before them, where all other columns are 0 as well.
        """
        which = np.asarray(which)
        rows = self.offsets[1:][which][:, None] + np.arange(-length, 0)  # (B, length)
        real = rows >= self.offsets[:-1][which][:, None]
        values = self.values[np.where(real, rows, 0)] * real[..., None]
        return np.concatenate([real[..., None].astype(values.dtype), values], axis=2)

    def unpadded(self, which: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Rows end to end of right-aligned `values` (B, length, K): the rows at real steps."""
        real = np.arange(-values.shape[1], 0) >= -self.lengths[np.asarray(which)][:, None]
        return values[real]


def is_panel_frame(X: Any) -> bool:
    """A frame indexed by (sequence, time)."""
    return isinstance(X, pd.DataFrame) and X.index.nlevels == 2


def is_matrix(X: Any) -> bool:
    """An array or frame of rows and columns, a sparse one included; no list, no frame of a panel."""
    if isinstance(X, (list, tuple)) or is_panel_frame(X):
        return False
    array = X if hasattr(X, "ndim") else np.asarray(X)  # a sparse matrix stays what it is
    return array.ndim == 2 or (array.ndim < 2 and array.dtype.kind != "O")


def is_table(X: Any) -> bool:
    """A matrix, also as a list of lists of equal length."""
    if not isinstance(X, (list, tuple)):
        return is_matrix(X)
    widths = {len(row) if isinstance(row, (list, tuple)) else -1 for row in X}
    return len(widths) == 1 and not widths & {-1, 0} and not np.iterable(X[0][0])


def split(X: Any) -> list[Any]:
    """The sequences of a list, an array (S, T) or (S, T, F), or a frame indexed by (sequence, time).

    Raises:
        TypeError, ValueError: another form, or no sequence at all.
    """
    if is_panel_frame(X):
        return [_in_order(part, name) for name, part in X.groupby(level=0, sort=False, dropna=False)]
    if isinstance(X, pd.DataFrame):
        X = X.to_numpy()
    if isinstance(X, (str, bytes, dict)) or not isinstance(X, Iterable):
        raise TypeError(explain("X", _FORMS, f"a {type(X).__name__}", "Wrap a single sequence in a list"))
    parts = list(X)
    if not parts:
        raise ValueError(explain("X", "at least one sequence", "an empty list", "Give some sequences"))
    return parts


def _in_order(part: pd.DataFrame, name: Any) -> np.ndarray:
    """The rows of one sequence, whose times must be known and increase."""
    times = part.index.get_level_values(1)
    if pd.isna(name) or times.hasnans:
        received = f"a missing label at {part.index[int(np.argmax(times.isna()))]}"
        remedy = "Drop these rows or fill in their sequence and time"
        raise ValueError(explain("index of X", "known in every row", received, remedy))
    if not times.is_monotonic_increasing or not times.is_unique:
        received = "two rows of one time" if not times.is_unique else "rows in another order"
        remedy = "Sort them with X.sort_index(), and keep one row for each time"
        raise ValueError(explain(f"rows of sequence {name!r}", "sorted in time", received, remedy))
    rows: np.ndarray = part.to_numpy()
    return rows


def split_symbols(X: Any) -> list[np.ndarray]:
    """Sequences of symbols (T,): text, whole numbers or other hashable values; a word is its letters.

    Raises:
        TypeError, ValueError: another form, or a sequence without a symbol.
    """
    parts = [_symbols(part) for part in split(X)]
    for place, part in enumerate(parts):
        if part.ndim != 1 or not len(part):
            raise ValueError(
                explain(
                    f"X[{place}]",
                    "a sequence of at least one symbol",
                    f"an array of shape {part.shape}",
                    "Give one symbol for each time step",
                )
            )
    return parts


def _symbols(part: Any) -> np.ndarray:
    array = np.array(list(part)) if isinstance(part, str) else plain_array(part)
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def _number_rows(part: Any, place: int) -> np.ndarray:
    """One sequence as finite floats (T, F)."""
    name = f"X[{place}]"
    allowed, remedy = "finite numbers of shape (T,) or (T, F)", "Fill or leave out what is missing"
    try:
        rows = np.asarray(plain_array(part), dtype=float)
    except (TypeError, ValueError) as error:
        remedy = "Pass embedding=8 for sequences of symbols"
        raise type(error)(explain(name, allowed, repr(part), remedy)) from error
    rows = rows[:, None] if rows.ndim == 1 else rows
    if rows.ndim != 2 or not rows.size:
        raise ValueError(explain(name, allowed, f"an array of shape {np.shape(part)}", _FORMS))
    if not np.isfinite(rows).all():
        raise ValueError(explain(name, allowed, "NaN or infinity", remedy))
    return rows
