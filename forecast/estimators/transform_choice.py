"""Which transform a history asks for: "auto" is decided by closed-loop forecasts of its last rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from forecast.estimators.held_out import held_out, longest_tail, mean_errors, mean_step
from forecast.estimators.transforms import fit_steps, outward, steps_of
from forecast.panel import Panel
from forecast.training.rivals import decide, kept

NONE = "none"
STEPS = 10
"""Steps of the forecasts that decide, without a horizon and a season."""


def fit_units(model: Any, panel: Panel, weights: np.ndarray | None) -> tuple[Panel, dict[str, Any]]:
    """A history in the units of the argument `transform`, and the attributes of a model in these units."""
    if model._transform != "auto":
        return fit_steps(model, steps_of(model._transform), panel)
    table = judged(model, panel, weights)
    steps = [name for name in [kept(table)] if name not in ("", NONE)]
    panel, learned = fit_steps(model, steps, panel)
    return panel, {**learned, "transform_selection_": table}


def judged(model: Any, panel: Panel, weights: np.ndarray | None) -> pd.DataFrame:
    """The candidates and their errors; no rows where there is nothing to choose.

    The first one is kept unless the other one wins by more than chance: a choice by the least error of so few origins
    is worse than either of the two (`examples/benchmarks/transform_choices.py`).
    """
    plain, names = clone(model).set_params(transform=None), model._transforms_tried
    room = int(longest_tail(plain, panel).max())
    if len(names) < 2 or room < 1 or (panel.y <= 0).any():
        return decide({})
    wanted = model.horizon if model.horizon > 1 else max(panel.season_length, STEPS)
    return decide(*held_out_errors(plain, panel, weights, names, min(wanted, room)))


def held_out_errors(
    plain: Any, panel: Panel, weights: np.ndarray | None, names: Sequence[str], horizon: int
) -> tuple[dict[str, np.ndarray], float]:
    """Mean absolute errors (n,) in the user's units from n origins, by name of the transform, and how many of them
    count as one, since they forecast the same rows.

    Args:
        plain: a forecaster without transform, cloned before it learns.
        panel: the history in the user's units; weights: those of its rows (N,), or None.
    """
    series, unit = np.arange(panel.n_series)[None, :, None], mean_step(panel)[:, None]  # (S, 1, O)
    errors: dict[str, np.ndarray] = {}
    for name in names:
        trial = clone(plain)
        inside, units = fit_steps(trial, [] if name == NONE else [name], panel)
        found = held_out(trial, inside, weights, horizon)
        vars(trial).update({**units, "panel_": inside})
        told, truth = (
            outward(trial, inside, np.broadcast_to(series, part.shape[:3]), part) for part in found[:2]
        )
        errors[name] = mean_errors(np.abs(told - truth) / unit)
    return errors, found.overlap()
