"""Candidates for a panel of many series, judged by the last horizons of each series."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from forecast.estimators.held_out import closed_loop, from_origin
from forecast.panel import Panel
from forecast.windows import naive_error

ORIGINS = 2  # last horizons that judge: the luck of one is common to all series
LEAST_ROWS = 6  # observed ones before the horizons of a series that is judged
TOGETHER = "{} and {}"  # the name of the mean of two models


def errors_at_end(
    models: Mapping[str, Any],
    panel: Panel,
    weights: np.ndarray | None,
    *,
    horizon: int,
    season: int,
    beside: str | None = None,
) -> dict[str, np.ndarray]:
    """(n,) mean absolute errors of models in the last horizons of the series that are long enough, if any are.

    Each model learns once, from the rows before the last ORIGINS horizons, fewer of them where all series are short,
    and from all rows of shorter series. Errors are in units of the naive forecast of their series.

    Args:
        models: forecasters by name, not fitted; each is given the horizon.
        panel: the history; weights: those of its rows (N,), or None.
        season: rows between the values that the naive error compares.
        beside: the model whose mean with each other one is judged as well.
    """
    origins = _first_origins(panel, horizon)
    learned = panel.position_of_rows() < np.repeat(origins, panel.lengths)
    head, longest = panel.head(origins), int((panel.lengths - origins).max())
    if not longest:
        return {}
    forecasts: dict[str, np.ndarray] = {}
    for name, model in models.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of the same series as in the fit on all rows
            model._learn(head, None if weights is None else weights[learned])
        runs = [
            from_origin(model, closed_loop, panel, np.minimum(origins + ahead, panel.lengths), horizon)
            for ahead in range(0, longest, horizon)
        ]
        forecasts[name], truth = (np.concatenate(part, axis=1) for part in zip(*runs, strict=True))
    judged = np.isfinite(truth).any(axis=(1, 2))
    if not judged.any():
        return {}
    unit = naive_error(panel.y, panel.offsets, season)[:, None]
    means: dict[str, np.ndarray] = {}
    if beside is not None:
        for name in [name for name in models if name != beside]:
            means[TOGETHER.format(beside, name)] = (forecasts[beside] + forecasts[name]) / 2
    return {
        name: np.nanmean((np.abs(truth - forecast) / unit)[judged], axis=(1, 2))
        for name, forecast in (forecasts | means).items()
    }


def _first_origins(panel: Panel, horizon: int) -> np.ndarray:
    """Rows (S,) of each series before its horizons that are judged, all rows of a series that is too short."""
    position, origins = panel.position_of_rows(), panel.lengths
    for count in range(ORIGINS, 0, -1):
        ends = panel.lengths - count * horizon
        before = position < np.repeat(ends, panel.lengths)
        known = np.add.reduceat(before & np.isfinite(panel.y).all(axis=1), panel.offsets[:-1])
        long = (ends >= LEAST_ROWS) & (known >= LEAST_ROWS)
        origins = np.where(long, ends, panel.lengths)
        if long.any():
            break
    return origins
