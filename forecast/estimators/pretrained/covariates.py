"""What known covariates add to a pretrained network: ridge regression of its errors on what it does not see coming."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from forecast.estimators.held_out import mean_step
from forecast.panel import Panel

Ahead = Callable[[Panel, np.ndarray, int], np.ndarray]
"""Forecasts (R, H, O) of the steps that follow the rows before some ends (R,) of a panel."""
ORIGINS = 600  # from which errors are measured, at most
STRENGTHS = np.logspace(-6, 2, 25)  # of the ridge, for each of its rows


def coefficients(ahead: Ahead, panel: Panel, horizon: int, least: int) -> np.ndarray:
    """b (O, E): mean steps of a series by which it moves with one unit of each covariate; pooled over all series.

        (y_{t+h} - yhat_{t+h|t}) / u = b (x_{t+h} - xhat_{t+h|t}) + noise,   h = 0, ..., H-1

    yhat and xhat are forecasts of the network, which knows of either its past alone: what the past of a covariate tells
    is in the past of the target already. The strength of the ridge is that of the least leave-one-out error.

    Args:
        ahead: forecasts of the network.
        horizon: H; least: rows before an origin.
    """
    ends = np.flatnonzero((panel.position_of_rows() >= least) & _whole(panel, horizon))
    ends = ends[np.unique(np.linspace(0, len(ends) - 1, ORIGINS).astype(int))] if len(ends) else ends
    if not len(ends):
        return np.zeros((panel.n_targets, panel.n_exog))
    rows, unit = ends[:, None] + np.arange(horizon), mean_step(panel)[panel.series_of_rows()[ends]]
    error = (panel.y[rows] - ahead(panel, ends, horizon)) / unit[:, None]  # (R, H, O)
    surprise = panel.x[rows] - ahead(replace(panel, y=panel.x), ends, horizon)
    size = panel.x.std(axis=0)
    design = surprise.reshape(-1, panel.n_exog) / np.where(size > 0, size, 1.0)
    found = [ridge(design, goal) for goal in error.reshape(len(design), -1).T]
    return np.stack(found) / np.where(size > 0, size, 1.0)


def _whole(panel: Panel, horizon: int) -> np.ndarray:
    """Whether so many rows (N,) follow in the same series, the row itself included."""
    left = np.repeat(panel.lengths, panel.lengths) - panel.position_of_rows()
    found: np.ndarray = left >= horizon
    return found


def ridge(design: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """Coefficients (E,) of the strength with the least leave-one-out error; rows with a missing goal are left out.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(50, 2))
        >>> ridge(x, 3 * x[:, 0] - x[:, 1]).round(3)
        array([ 3., -1.])
    """
    known = np.isfinite(goal)
    left, singular, right = np.linalg.svd(design[known], full_matrices=False)
    along, best = left.T @ goal[known], (np.inf, np.zeros(design.shape[1]))
    for strength in STRENGTHS * max(known.sum(), 1):
        shrunk = singular**2 / (singular**2 + strength)
        rest = (goal[known] - left @ (shrunk * along)) / (1 - (left**2) @ shrunk)
        loss = float(np.mean(rest**2)) if len(rest) else np.inf
        if loss < best[0]:
            best = loss, right.T @ (singular / (singular**2 + strength) * along)
    return best[1]
