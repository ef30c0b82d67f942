"""The position of the rows of an array, which has no timeline.

Rows that equal a stretch of the history stand for that stretch, so score(X_train, y_train) scores the training
rows, or some of them. All other rows follow the history, provided that it has no index: where it has one, an
array (often the output of a transformer that dropped the index) could equally well lie after a gap, and is
refused. Where rows of the history recur, as an indicator of the month does, equal rows may be old or new; they
are taken as new, with a warning.
"""

from __future__ import annotations

import warnings

import numpy as np

from forecast._checks import explain
from forecast.panel.panel import Panel

_REMEDY = (
    'Keep the index: call set_output(transform="pandas") on a pipeline, elsewhere pass a Series or frame on '
    "the timestamps of its rows"
)


def array_start(panel: Panel, values: np.ndarray) -> int:
    """Step of the first of `values` (R, E), or (R, O) for a model without covariates; one series.

    Raises:
        ValueError: the history has an index, and the rows equal no stretch of it, or may be new ones.

    Example:
        >>> panel = Panel.from_data(np.arange(5.0)[:, None], np.ones(5))
        >>> array_start(panel, np.array([[2.0], [3.0]])), array_start(panel, np.array([[5.0], [6.0]]))
        (2, 5)
    """
    alone = panel.layout.form == "single"
    known = panel.y if alone else panel.x[:, : panel.layout.n_given]
    starts = _stretches(known, values)
    whole = alone and len(values) == len(known) and (values != values[0]).any()
    if len(starts) == 1 and (whole or len(np.unique(known, axis=0)) == len(known)):
        return starts[0]
    if panel.layout.has_index:
        allowed = "a Series or frame, since the model was fitted on an index"
        received = f"an array of shape {values.shape}, which has no index: its rows "
        received += "may be old or new ones" if starts else "could lie anywhere after the history"
        raise ValueError(explain("X", allowed, received, _REMEDY))
    if starts:
        warnings.warn(
            "X: the rows of this array equal some of the history, where rows recur. They are taken for the "
            f"rows after the history. {_REMEDY}.",
            UserWarning,
            stacklevel=7,
        )
    return len(known)


def _stretches(known: np.ndarray, values: np.ndarray, limit: int = 2) -> list[int]:
    """First rows of the stretches of `known` (N, K) that equal `values` (R, K), no more than `limit`."""
    if values.shape[1] != known.shape[1] or np.isnan(values).all():
        return []
    last = len(known) - len(values)
    found: list[int] = []
    for start in np.flatnonzero(_same(known[: max(last + 1, 0)], values[0]).all(axis=1)).tolist():
        if _same(known[start : start + len(values)], values).all():
            found.append(start)
            if len(found) == limit:
                break
    return found


def _same(known: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Equal up to the rounding of a matrix product, or missing."""
    tiny = 1e-12 * np.max(np.abs(known), initial=0.0, where=np.isfinite(known))
    same: np.ndarray = np.isnan(values) | np.isclose(known, values, rtol=1e-9, atol=tiny)
    return same
