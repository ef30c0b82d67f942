"""Models that read all rows of their window: how many there are, and which of them a forecast reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from forecast._checks import check_auto, check_count
from forecast.estimators.baselines.order_selection import autoregression_order
from forecast.estimators.neural.base import NeuralForecaster
from forecast.panel import Panel, Request


def resolve_window(window: int | str, panel: Panel) -> int:
    """L: a whole number, or "auto", the AR order by BIC or the season if longer, at most a third of a series."""
    if not isinstance(window, str):
        return check_count("window", window)
    check_auto("window", window)
    longest = max(1, int(panel.lengths.min()) // 3)
    return max(1, min(longest, max(autoregression_order(panel), panel.season_length)))


def mean_of_members(
    model: NeuralForecaster, reader: Callable[[keras.Model], keras.Model], windows: np.ndarray
) -> np.ndarray:
    """What the `reader` of the network says of scaled windows, the mean over the members."""
    network, runs = model._network(), []
    said = reader(network)
    for theta in model.theta_:
        model._fitted_program().assign(theta, network)
        runs.append(keras.ops.convert_to_numpy(said(windows.astype("float32"))))
    return np.mean(runs, axis=0)


def weights_by_lag(model: NeuralForecaster, request: Request, weights: np.ndarray) -> Any:
    """Weights (S, H, L) of the window's rows as a forecast's rows, the columns `lag<L>`, ..., `lag1`."""
    columns = [f"lag{lag}" for lag in range(model.window_, 0, -1)]
    step = request.position - model.panel_.lengths[request.series]
    return request.restore(weights[request.series, step], columns=columns, name=type(model).__name__)
