"""Candidates of a pretrained network, judged by forecasts over the last part of each series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from forecast.estimators.held_out import held_out, longest_tail, mean_errors, mean_step
from forecast.panel import Panel
from forecast.training.rivals import decide

MOST_SERIES = 500  # that judge


def judged(models: Mapping[str, Any], panel: Panel, horizon: int) -> pd.DataFrame:
    """The table of what was decided by mean absolute errors; no rows where all series are too short.

    Errors are in units of the mean absolute step of each series.

    Args:
        models: `Pretrained` by name, not fitted, the plainest first.
        horizon: steps that are judged.
    """
    if panel.n_series > MOST_SERIES:
        panel = panel.of(np.linspace(0, panel.n_series - 1, MOST_SERIES).astype(int))
    if min(longest_tail(model, panel).max() for model in models.values()) < horizon:
        return decide({})
    errors, overlap = {}, 1.0
    for name, model in models.items():
        told = held_out(model, panel, None, horizon)
        unit = mean_step(told.head)[:, None]
        errors[name], overlap = mean_errors(np.abs(told.truth - told.forecast) / unit), told.overlap()
    return decide(errors, overlap)
