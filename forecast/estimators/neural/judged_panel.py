"""Candidates for a panel of many series, judged by the last horizon of each series."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from forecast.estimators.held_out import closed_loop, from_origin
from forecast.panel import Panel
from forecast.windows import naive_error, position_of_rows

LEAST_ROWS = 6  # observed ones before the last horizon of a series that is judged


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
    """(n,) mean absolute errors of models in the last `horizon` rows of the series that are long enough, if any are.

    Each model learns from the rows before, and from all rows of shorter series. Errors are in units of the naive
    forecast of their series.

    Args:
        models: forecasters by name, not fitted; each is told how far to forecast.
        panel: the history; weights: those of its rows (N,), or None.
        season: rows between the values that the naive error compares.
        beside: the model whose mean with each other one is judged as well, before them.
    """
    position = position_of_rows(panel)
    before = position < np.repeat(panel.lengths - horizon, panel.lengths)
    known = np.add.reduceat(before & np.isfinite(panel.y).all(axis=1), panel.offsets[:-1])
    whole = (panel.lengths < horizon + LEAST_ROWS) | (known < LEAST_ROWS)
    if whole.all():
        return {}
    origins = panel.lengths - np.where(whole, 0, horizon)
    head, learned = panel.head(origins), position < np.repeat(origins, panel.lengths)
    forecasts: dict[str, np.ndarray] = {}
    for name, model in models.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of the same series as in the fit on all rows
            model._learn(head, None if weights is None else weights[learned])
        forecasts[name], truth = from_origin(model, closed_loop, panel, origins, horizon)
    unit, judged = naive_error(panel.y, panel.offsets, season)[:, None], np.isfinite(truth).any(axis=(1, 2))
    if not judged.any():
        return {}
    means: dict[str, np.ndarray] = {}
    if beside is not None:
        for name in [name for name in models if name != beside]:
            means[TOGETHER.format(beside, name)] = (forecasts[beside] + forecasts[name]) / 2
    return {
        name: np.nanmean((np.abs(truth - forecast) / unit)[judged], axis=(1, 2))
        for name, forecast in (means | forecasts).items()
    }
