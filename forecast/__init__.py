"""Neural autoregression next to its statistical baselines, behind scikit-learn's interface.

Names are loaded when first used (PEP 562), so `import forecast` costs neither Keras nor statsmodels. Where Keras
is loaded already, the layers are registered with it: a saved model that holds them can then be loaded.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from forecast.estimators.registry import MODULES

__version__ = "0.1.0"

__all__ = [
    "AR",
    "Drift",
    "ETS",
    "Ensemble",
    "ForecastPipeline",
    "GraphRNN",
    "KerasForecaster",
    "LagRegressor",
    "MarkovChain",
    "MarkovSwitching",
    "MemoryNetwork",
    "NARX",
    "Naive",
    "Naive2",
    "OnlineRNN",
    "Pretrained",
    "RNN",
    "RecursiveNet",
    "ResidualTDNN",
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
    "fill_gaps",
    "leaderboard",
    "load",
    "predict_partitions",
]

if TYPE_CHECKING:
    from forecast import datasets
    from forecast.estimators.baselines.ar import AR
    from forecast.estimators.baselines.ets import ETS
    from forecast.estimators.baselines.markov_switching import MarkovSwitching
    from forecast.estimators.baselines.naive import Drift, Naive, SeasonalNaive
    from forecast.estimators.baselines.naive2 import Naive2
    from forecast.estimators.baselines.sarimax import SARIMAX
    from forecast.estimators.baselines.theta import Theta
    from forecast.estimators.ensemble import Ensemble
    from forecast.estimators.lag_regressor import LagRegressor
    from forecast.estimators.neural.graph_rnn import GraphRNN
    from forecast.estimators.neural.keras_forecaster import KerasForecaster
    from forecast.estimators.neural.memory_network import MemoryNetwork
    from forecast.estimators.neural.narx import NARX
    from forecast.estimators.neural.online_rnn import OnlineRNN
    from forecast.estimators.neural.recursive_net import RecursiveNet
    from forecast.estimators.neural.residual_tdnn import ResidualTDNN
    from forecast.estimators.neural.rnn import RNN
    from forecast.estimators.neural.seq2seq import Seq2Seq
    from forecast.estimators.neural.tdnn import TDNN
    from forecast.estimators.neural.transformer import Transformer
    from forecast.estimators.pipeline import ForecastPipeline
    from forecast.estimators.pretrained.estimator import Pretrained
    from forecast.estimators.saving import load
    from forecast.estimators.sequences.classifier import SequenceClassifier
    from forecast.estimators.sequences.labeler import SequenceLabeler
    from forecast.estimators.sequences.markov_chain import MarkovChain
    from forecast.evaluation.backtest import backtest
    from forecast.evaluation.leaderboard import leaderboard
    from forecast.evaluation.splits import RollingOrigin
    from forecast.panel.holes import fill_gaps
    from forecast.partitions import predict_partitions

_HOME = {
    **MODULES,
    "ForecastPipeline": "forecast.estimators.pipeline",
    "RollingOrigin": "forecast.evaluation.splits",
    "backtest": "forecast.evaluation.backtest",
    "fill_gaps": "forecast.panel.holes",
    "leaderboard": "forecast.evaluation.leaderboard",
    "load": "forecast.estimators.saving",
    "predict_partitions": "forecast.partitions",
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


if "keras" in sys.modules:
    import_module("forecast.layers")
