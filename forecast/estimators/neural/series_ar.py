"""The AR baseline as a candidate beside a network: judged by the same forecasts, and used where it is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from forecast.estimators.baselines.ar import AR
from forecast.estimators.neural.inputs import Scaled
from forecast.panel import Panel
from forecast.training.selection import HeldOut

BASELINE = "AR"  # its name among the candidates
SHARED = ("lags", "exog_lags", "season")  # arguments with the same meaning in AR and in a network


def baseline(model: Any, *, pooled: bool) -> AR:
    """AR as a user of the network would fit it; pooled: one equation of all series."""
    params = model.get_params(deep=False)
    return AR(**{name: params[name] for name in SHARED if name in params}, pooled=pooled)


def errors_of_baseline(ar: AR, held_out: HeldOut, inputs: Scaled) -> np.ndarray:
    """(n,) errors as of `HeldOut.errors`, for AR fitted to the rows before the origins.

    Args:
        ar: not fitted yet.
        inputs: the units of the panel of `held_out`.
    """
    runs, panel = held_out.runs, held_out.runs.panel
    ar._learn(held_out.before.panel, held_out.weights)
    series, rows = runs.series_of(), runs.target_rows()
    number = np.arange(len(runs)) - np.searchsorted(series, series)  # of each run among those of its series
    errors = np.empty(len(runs))
    for which in (np.flatnonzero(number == each) for each in range(number.max() + 1)):
        own = series[which]
        before = panel.of(own).head(rows[which] - panel.offsets[own])
        ahead = rows[which][:, None] + np.arange(runs.horizon)
        x = panel.x[ahead] if held_out.foreseen is None else held_out.foreseen[0][which]
        forecast = ar._ahead(before, runs.horizon, x)
        error = np.abs(panel.y[ahead] - forecast) / inputs.spread[own][:, None]
        errors[which] = held_out.in_units(error, which)
    return errors


def with_baseline(
    ar: AR, panel: Panel, future_x: np.ndarray, share: float, others: Callable[[], np.ndarray]
) -> np.ndarray:
    """Forecasts (S, H, O) with a share of those of AR for the series that it knows; `others` forecasts all series.

    It is called only where its forecasts count.
    """
    which = _known(ar, panel)
    own = ar._ahead(panel.of(which), future_x.shape[1], future_x[which])
    if share == 1 and len(which) == panel.n_series:
        return own
    values = others().copy()
    values[which] = _mixed(own, values[which], share)
    return values


def rows_with_baseline(ar: AR, panel: Panel, values: np.ndarray, share: float) -> np.ndarray:
    """The same for rows in the history, (N, O)."""
    which = _known(ar, panel)
    values, rows = values.copy(), np.isin(panel.series_of_rows(), which)
    values[rows] = _mixed(ar._fitted(panel.of(which)), values[rows], share)
    return values


def _mixed(own: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    return own if share == 1 else share * own + (1 - share) * other


def _known(ar: AR, panel: Panel) -> np.ndarray:
    """Numbers of the series that have an equation."""
    if ar.pooled or panel.n_series == ar.panel_.n_series == 1:
        return np.arange(panel.n_series)
    return np.flatnonzero(ar.panel_.ids.get_indexer(panel.ids) >= 0)


def rows_before_baseline(ar: AR, panel: Panel) -> int:
    """Rows before the first one that AR can forecast, in the shortest of the series that it knows."""
    which = _known(ar, panel)
    return ar.min_history(panel.of(which)) if len(which) else 0
