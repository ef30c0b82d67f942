"""Keras layers: tensors in, tensors out, shapes (batch, time, features)."""

from forecast.layers.delay import TappedDelay, TimeDelay
from forecast.layers.feedback import FeedbackCell
from forecast.layers.graph import GraphCell, NodeDense
from forecast.layers.narx import NARXCell
from forecast.layers.normalization import ReversibleNormalization
from forecast.layers.tree import TreeRNN, TreeSum

__all__ = [
    "FeedbackCell",
    "GraphCell",
    "NARXCell",
    "NodeDense",
    "ReversibleNormalization",
    "TappedDelay",
    "TimeDelay",
    "TreeRNN",
    "TreeSum",
]
