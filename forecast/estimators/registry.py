"""The closed list of estimators: where each is defined, and so what a model file may name."""

from __future__ import annotations

from importlib import import_module
from typing import Any

MODULES = {
    "AR": "forecast.estimators.ar",
    "Drift": "forecast.estimators.naive",
    "ETS": "forecast.estimators.ets",
    "GraphRNN": "forecast.estimators.graph_rnn",
    "KerasForecaster": "forecast.estimators.keras_forecaster",
    "LagRegressor": "forecast.estimators.lag_regressor",
    "MarkovChain": "forecast.estimators.markov_chain",
    "MarkovSwitching": "forecast.estimators.markov_switching",
    "MemoryNetwork": "forecast.estimators.memory_network",
    "NARX": "forecast.estimators.narx",
    "Naive": "forecast.estimators.naive",
    "OnlineRNN": "forecast.estimators.online_rnn",
    "RNN": "forecast.estimators.rnn",
    "RecursiveNet": "forecast.estimators.recursive_net",
    "SARIMAX": "forecast.estimators.sarimax",
    "SeasonalNaive": "forecast.estimators.naive",
    "Seq2Seq": "forecast.estimators.seq2seq",
    "SequenceClassifier": "forecast.estimators.sequence_classifier",
    "SequenceLabeler": "forecast.estimators.sequence_labeler",
    "TDNN": "forecast.estimators.tdnn",
    "Theta": "forecast.estimators.theta",
    "Transformer": "forecast.estimators.transformer",
}
ON_SEQUENCES = ("MarkovChain", "SequenceClassifier", "SequenceLabeler")
"""Estimators on many sequences, which forecast no time series."""


def estimator_class(name: str) -> Any:
    """The estimator of this name, imported when asked for.

    Raises:
        KeyError: no estimator of the package has this name.
    """
    return getattr(import_module(MODULES[name]), name)
