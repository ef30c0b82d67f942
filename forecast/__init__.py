"""Neural autoregression next to its statistical baselines, behind scikit-learn's interface.

Names are loaded when first used (PEP 562), so `import forecast` costs neither Keras nor statsmodels.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "AR",
    "Drift",
    "ETS",
    "GraphRNN",
    "KerasForecaster",
    "LagRegressor",
    "MarkovChain",
    "MarkovSwitching",
    "MemoryNetwork",
    "NARX",
    "Naive",
    "OnlineRNN",
    "RNN",
    "RecursiveNet",
    "RollingOrigin",
    "SARIMAX",
    "SeasonalNaive",
    "Seq2Seq",
    "SequenceClassifier",
    "SequenceLabeler",
    "TDNN",
    "Theta",
    "Transformer",
    "backtest",
    "datasets",
    "leaderboard",
    "load",
]

if TYPE_CHECKING:
    from forecast import datasets
    from forecast.estimators.ar import AR
    from forecast.estimators.ets import ETS
    from forecast.estimators.graph_rnn import GraphRNN
    from forecast.estimators.keras_forecaster import KerasForecaster
    from forecast.estimators.lag_regressor import LagRegressor
    from forecast.estimators.markov_chain import MarkovChain
    from forecast.estimators.markov_switching import MarkovSwitching
    from forecast.estimators.memory_network import MemoryNetwork
    from forecast.estimators.naive import Drift, Naive, SeasonalNaive
    from forecast.estimators.narx import NARX
    from forecast.estimators.online_rnn import OnlineRNN
    from forecast.estimators.recursive_net import RecursiveNet
    from forecast.estimators.rnn import RNN
    from forecast.estimators.sarimax import SARIMAX
    from forecast.estimators.saving import load
    from forecast.estimators.seq2seq import Seq2Seq
    from forecast.estimators.sequence_classifier import SequenceClassifier
    from forecast.estimators.sequence_labeler import SequenceLabeler
    from forecast.estimators.tdnn import TDNN
    from forecast.estimators.theta import Theta
    from forecast.estimators.transformer import Transformer
    from forecast.evaluation.backtest import backtest
    from forecast.evaluation.leaderboard import leaderboard
    from forecast.evaluation.splits import RollingOrigin

_HOME = {
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
    "RollingOrigin": "forecast.evaluation.splits",
    "SARIMAX": "forecast.estimators.sarimax",
    "SeasonalNaive": "forecast.estimators.naive",
    "Seq2Seq": "forecast.estimators.seq2seq",
    "SequenceClassifier": "forecast.estimators.sequence_classifier",
    "SequenceLabeler": "forecast.estimators.sequence_labeler",
    "TDNN": "forecast.estimators.tdnn",
    "Theta": "forecast.estimators.theta",
    "Transformer": "forecast.estimators.transformer",
    "backtest": "forecast.evaluation.backtest",
    "leaderboard": "forecast.evaluation.leaderboard",
    "load": "forecast.estimators.saving",
}


def __getattr__(name: str) -> object:
    if name == "datasets":
        return import_module("forecast.datasets")
    if name not in _HOME:
        raise AttributeError(f"module 'forecast' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
