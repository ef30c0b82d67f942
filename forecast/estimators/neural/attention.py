"""Attention weights of models that read their whole window, by lag."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from forecast.estimators.neural.base import NeuralForecaster
from forecast.panel import Request


def mean_of_members(
    model: NeuralForecaster, reader: Callable[[keras.Model], keras.Model], windows: np.ndarray
) -> np.ndarray:
    """Output of `reader(network)` on scaled windows, averaged over the members."""
    network, runs = model._network(), []
    read = reader(network)
    for theta in model.theta_:
        model._compiled().assign(theta, network)
        runs.append(keras.ops.convert_to_numpy(read(windows.astype("float32"))))
    return np.mean(runs, axis=0)


def weights_by_lag(model: NeuralForecaster, request: Request, weights: np.ndarray) -> Any:
    """Weights (S, H, L) of the window's rows in the form of a forecast, with the columns `lag<L>`, ..., `lag1`."""
    columns = [f"lag{lag}" for lag in range(model.window_, 0, -1)]
    step = request.position - model.panel_.lengths[request.series]
    return request.restore(weights[request.series, step], columns=columns, name=type(model).__name__)
