"""The closed list of estimators: where each is defined, and so what a model file may name."""

from __future__ import annotations

from importlib import import_module
from typing import Any

MODULES = {
    "AR": "forecast.estimators.baselines.ar",
    "Drift": "forecast.estimators.baselines.naive",
    "ETS": "forecast.estimators.baselines.ets",
    "Ensemble": "forecast.estimators.ensemble",
    "GraphRNN": "forecast.estimators.neural.graph_rnn",
    "KerasForecaster": "forecast.estimators.neural.keras_forecaster",
    "LagRegressor": "forecast.estimators.lag_regressor",
    "MarkovChain": "forecast.estimators.sequences.markov_chain",
    "MarkovSwitching": "forecast.estimators.baselines.markov_switching",
    "MemoryNetwork": "forecast.estimators.neural.memory_network",
    "NARX": "forecast.estimators.neural.narx",
    "Naive": "forecast.estimators.baselines.naive",
    "Naive2": "forecast.estimators.baselines.naive2",
    "OnlineRNN": "forecast.estimators.neural.online_rnn",
    "Pretrained": "forecast.estimators.pretrained.estimator",
    "RNN": "forecast.estimators.neural.rnn",
    "RecursiveNet": "forecast.estimators.neural.recursive_net",
    "ResidualTDNN": "forecast.estimators.neural.residual_tdnn",
    "SARIMAX": "forecast.estimators.baselines.sarimax",
    "SeasonalNaive": "forecast.estimators.baselines.naive",
    "Seq2Seq": "forecast.estimators.neural.seq2seq",
    "SequenceClassifier": "forecast.estimators.sequences.classifier",
    "SequenceLabeler": "forecast.estimators.sequences.labeler",
    "TDNN": "forecast.estimators.neural.tdnn",
    "Theta": "forecast.estimators.baselines.theta",
    "Transformer": "forecast.estimators.neural.transformer",
}
ON_SEQUENCES = ("MarkovChain", "SequenceClassifier", "SequenceLabeler")
"""Estimators on many sequences, which do not forecast time series."""


def estimator_class(name: str) -> Any:
    """The estimator of this name, imported when asked for.

    Raises:
        KeyError: no estimator of the package has this name.
    """
    return getattr(import_module(MODULES[name]), name)
