"""Forecasts of the last rows of a history by a clone of a model that has not seen them."""

from __future__ import annotations

from collections.abc import Callable
from math import gcd
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone

from forecast._checks import explain
from forecast.panel import Panel
from forecast.windows import mean_change

Ask = Callable[[Any, Panel, int, np.ndarray], np.ndarray]
"""What the clone is asked after a history: a function of it, the history, the number of steps and their covariates
(S, H, E)."""
FEWEST_ERRORS, ENOUGH_ERRORS = 30, 300
"""Errors per step ahead: for the first, up to half of a history is held out, for the second up to a quarter."""
LEAST_ORIGINS, MOST_SEASONS = 30, 12
"""Origins of a panel of any size, since its series rise and fall together; seasons over which they are spread."""


class HeldOut(NamedTuple):
    """Forecasts (A, S, H, O, ...) after `origins` rows (A, S), the truth (A, S, H, O), NaN where it is not known, and
    the rows that the clone learned from."""

    forecast: np.ndarray
    truth: np.ndarray
    origins: np.ndarray
    head: Panel

    def overlap(self) -> float:
        """How many origins count as one, at least 1, since their forecasts share rows."""
        apart = np.diff(self.origins, axis=0).max(initial=1)
        return float(np.clip(self.truth.shape[2] / apart, 1, len(self.origins)))


def closed_loop(model: Any, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
    """The forecast (S, H, O) of a model from the end of each series."""
    found: np.ndarray = model._ahead(panel, horizon, future_x)
    return found


def held_out(
    model: Any, panel: Panel, weights: np.ndarray | None, horizon: int, ask: Ask = closed_loop
) -> HeldOut:
    """Learn once without the tail of each series, then forecast from origins all over it.

    Args:
        model: a forecaster, cloned before it learns.
        panel: the history; weights: those of its rows (N,), or None.
        horizon: H, steps to forecast from each origin.
        ask: what the clone is asked, by default the closed-loop forecast.

    Raises:
        ValueError: the history is too short.
    """
    tails, stride = tail_rows(model, panel, horizon)
    counts = panel.lengths - tails
    head = panel.head(counts)
    blind = clone(model)
    kept = panel.position_of_rows() < np.repeat(counts, panel.lengths)
    blind._learn_from(head, None if weights is None else weights[kept])
    origins = counts + np.minimum(np.arange(0, tails.max(), stride)[:, None], tails)  # (A, S)
    found = [from_origin(blind, ask, panel, rows, horizon) for rows in origins]
    forecasts, truths = zip(*found, strict=True)
    return HeldOut(np.stack(forecasts), np.stack(truths), origins, head)


def tail_rows(model: Any, panel: Panel, horizon: int) -> tuple[np.ndarray, int]:
    """Rows (S,) held out of each series, and the rows from one origin in them to the next.

    Enough for 300 errors of the last step over all series, and for at least 30 origins; spread over up to 12 seasons, a
    number of rows apart that meets every phase of a season; but no more than a quarter of a series, or half of it where
    there would be fewer than 30 errors. From each origin as many steps are forecast as are known.
    """
    fewest, enough = (-(-errors // panel.n_series) for errors in (FEWEST_ERRORS, ENOUGH_ERRORS))
    origins, season, room = max(enough, LEAST_ORIGINS), panel.season_length, panel.lengths // 4 - horizon + 1
    stride = max(-(-min(int(room.max()), MOST_SEASONS * season) // origins), 1)
    while gcd(stride, season) > 1:
        stride += 1
    rows = np.maximum(np.minimum(origins * stride, room), fewest)
    tails = np.clip(horizon - 1 + rows, 0, longest_tail(model, panel).clip(0))
    if tails.max() < horizon:
        raise ValueError(
            explain(
                "horizon",
                f"at most {int(tails.max())} for an interval, since errors are measured on the last half of "
                "the history",
                horizon,
                "Ask for fewer steps or fit on a longer history",
            )
        )
    return tails, stride


def longest_tail(model: Any, panel: Panel) -> np.ndarray:
    """Rows (S,) that may be held out: at most half of a series, and the model must be able to learn from the rest."""
    need = np.maximum(model.min_history(panel) + 1, panel.lengths - panel.lengths // 2)
    longest: np.ndarray = panel.lengths - need
    return longest


def mean_errors(errors: np.ndarray) -> np.ndarray:
    """Means (n,) of the known errors (A, S, H, O) from each origin and series that has some."""
    known = np.isfinite(errors).any(axis=(2, 3))
    found: np.ndarray = np.nanmean(errors[known], axis=(1, 2))
    return found


def mean_step(panel: Panel) -> np.ndarray:
    """Mean absolute step (S, O) of each series; 1 for a constant one."""
    mean = mean_change(panel.y, panel.offsets, 1)
    return np.where(mean > 0, mean, 1.0)


def from_origin(
    blind: Any, ask: Ask, panel: Panel, origins: np.ndarray, horizon: int
) -> tuple[np.ndarray, np.ndarray]:
    """Forecasts (S, H, O, ...) made after `origins` rows (S,), and the truth (S, H, O), NaN beyond the known rows."""
    steps = np.arange(horizon)
    rows = (panel.offsets[:-1] + origins)[:, None] + steps  # (S, H)
    known = steps < (panel.lengths - origins)[:, None]
    rows = np.where(known, rows, 0)
    reach = int(known.any(axis=0).sum())
    head = panel.head(origins)
    found = ask(blind, head, reach, blind._without_hindsight(head, panel.x[rows[:, :reach]]))
    forecast = np.full((panel.n_series, horizon, *found.shape[2:]), np.nan)
    forecast[:, :reach] = found
    return forecast, np.where(known[..., None], panel.y[rows], np.nan)
