"""Windows of eight values that also occur elsewhere, up to level and scale."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

LENGTH, DISTINCT = 8, 6
KEPT = 128  # one fingerprint in so many is kept in the record of what was learned
_FACTORS = np.random.default_rng(8).integers(1, 2**62, LENGTH, dtype=np.int64).astype(np.uint64)


def fingerprints(series: np.ndarray) -> np.ndarray:
    """A number of each window of eight values (n,), the same for a series in other units.

    It is 0 where fewer than `DISTINCT` of them differ: such a shape, one step say, recurs by chance.

    Example:
        >>> y = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0])
        >>> bool((fingerprints(y) == fingerprints(100 + 20 * y)).all()), fingerprints(y[:7]).size
        (True, 0)
    """
    if len(series) < LENGTH:
        return np.zeros(0, np.uint64)
    windows = np.lib.stride_tricks.sliding_window_view(np.asarray(series, float), LENGTH)
    low, size = windows.min(axis=1, keepdims=True), np.ptp(windows, axis=1, keepdims=True)
    flat = ~(size > 1e-9 * np.abs(low))  # constant, or with a missing value
    shape = np.rint(1e6 * (windows - low) / np.where(flat, 1.0, size))
    shape = np.where(flat, 0.0, shape)
    few = (np.diff(np.sort(shape, axis=1), axis=1) > 0).sum(axis=1) < DISTINCT - 1
    shape = shape.astype(np.uint64)
    with np.errstate(over="ignore"):
        found = (shape * _FACTORS).sum(axis=1)
    return np.where(few, np.uint64(0), found)


def all_fingerprints(series: Iterable[np.ndarray]) -> np.ndarray:
    """Those of many series, sorted, each once."""
    return np.unique(np.concatenate([fingerprints(each) for each in series]))


def without(series: list[np.ndarray], others: np.ndarray) -> list[np.ndarray]:
    """The series of which no window is among the sorted fingerprints `others`; one that is takes its series along."""
    known = np.append(others[others != 0], np.iinfo(np.uint64).max)

    def shares(each: np.ndarray) -> bool:
        own = fingerprints(each)
        return bool((known[np.minimum(np.searchsorted(known, own), len(known) - 1)] == own).any())

    return [each for each in series if not shares(each)]


def sampled(found: np.ndarray) -> np.ndarray:
    """Of fingerprints those that the record would have, each once, in 32 bits."""
    found = found[(found != 0) & (found % KEPT == 0)]
    return np.unique((found // KEPT).astype(np.uint32))
