"""The closed list of estimators: where each is defined, and so what a model file may name."""

from __future__ import annotations

from importlib import import_module
from typing import Any

MODULES = {
    "AR": "forecast.estimators.ar",
    "Drift": "forecast.estimators.naive",
    "ETS": "forecast.estimators.ets",
    "KerasForecaster": "forecast.estimators.keras_forecaster",
    "LagRegressor": "forecast.estimators.lag_regressor",
    "MemoryNetwork": "forecast.estimators.memory_network",
    "NARX": "forecast.estimators.narx",
    "Naive": "forecast.estimators.naive",
    "RNN": "forecast.estimators.rnn",
    "SARIMAX": "forecast.estimators.sarimax",
    "SeasonalNaive": "forecast.estimators.naive",
    "TDNN": "forecast.estimators.tdnn",
    "Theta": "forecast.estimators.theta",
}


def estimator_class(name: str) -> Any:
    """The estimator of this name, imported when asked for.

    Raises:
        KeyError: no estimator of the package has this name.
    """
    return getattr(import_module(MODULES[name]), name)
