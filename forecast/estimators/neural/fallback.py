"""Series that a network cannot learn or read: which they are, and the naive forecasts in their place."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from forecast.estimators.baselines.naive import SeasonalNaive
from forecast.estimators.neural.inputs import moments_of_series
from forecast.panel import Panel
from forecast.panel.gaps import enough_known, filled
from forecast.windows import Windows

NAMED = 5  # series of a warning


def unlearnable(panel: Panel, rows: int) -> dict[Any, str]:
    """Why a network that looks back `rows` rows can learn nothing from a series, by the name of the series.

    A single series has a fallback only when it is constant; anything else wrong with it is an error.
    """
    y = panel.y
    if not np.isfinite(y).all() and not enough_known(y, panel.offsets, rows):
        y = filled(y, panel.offsets, panel.seasons)
    windows = Windows(panel, length=rows, values=(y, panel.x))
    whole = np.bincount(windows.series_of()[windows.finite()], minlength=panel.n_series)
    seen = np.add.reduceat(np.isfinite(panel.y).all(axis=1).astype(int), panel.offsets[:-1])
    level = moments_of_series(panel, floor=0.0)[1] == 0  # (S, O)
    constant = level.any(axis=1) if panel.n_series > 1 else level.all(axis=1)
    reasons: dict[Any, str] = {}
    for series in np.flatnonzero(constant | ((whole == 0) & (panel.n_series > 1))):
        length = panel.lengths[series]
        if seen[series] == 0:
            reason = "all values missing"
        elif length <= rows:
            reason = f"too short, {length} rows where {rows + 1} are needed"
        elif constant[series]:
            reason = "constant"
        else:
            reason = f"no {rows + 1} consecutive rows without a missing value"
        reasons[panel.ids[[series]].tolist()[0]] = reason
    return reasons


def warn_of(name: str, reasons: Mapping[Any, str], series: int) -> None:
    """Name the series that have no network."""
    if series == 1:
        told = f"{name}: y is constant, so there is nothing to learn, and every forecast is its value."
        warnings.warn(f"{told} Check that it is the right column.", UserWarning, stacklevel=6)
        return
    listed = [f"{key!r} ({reason})" for key, reason in list(reasons.items())[:NAMED]]
    more = f" and {len(reasons) - NAMED} more" if len(reasons) > NAMED else ""
    warnings.warn(
        f"{name}: {len(reasons)} of {series} series cannot be learned and are forecast by their last season, or their "
        f"last value: {', '.join(listed)}{more}. Leave them out or give a longer history; fallback_ names them all.",
        UserWarning,
        stacklevel=6,
    )


def naive_steps(panel: Panel, horizon: int) -> np.ndarray:
    """Seasonal naive forecasts (S, H, O) of all series."""
    return _naive(panel)._forecast(panel, horizon, np.empty((panel.n_series, horizon, 0)))


def naive_rows(panel: Panel) -> np.ndarray:
    """The same for each row (N, O), from the rows before it."""
    return _naive(panel)._fitted(panel)


def _naive(panel: Panel) -> SeasonalNaive:
    model = SeasonalNaive()
    model._fit(panel, None)
    return model
