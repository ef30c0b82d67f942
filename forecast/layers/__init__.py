"""Keras layers: tensors in, tensors out, shapes (batch, time, features)."""

from forecast.layers.delay import TappedDelay, TimeDelay
from forecast.layers.feedback import FeedbackCell
from forecast.layers.memory import MemoryCell
from forecast.layers.narx import NARXCell
from forecast.layers.normalization import ReversibleNormalization
from forecast.layers.recurrent import (
    CELLS,
    DepthGatedLSTMCell,
    DiagonalCell,
    ElmanCell,
    GRUCell,
    JordanCell,
    LSTMCell,
    MinimalGatedCell,
    MUTCell,
    RecurrentCell,
    RecurrentStack,
    ResidualCell,
    ZoneoutCell,
    make_cell,
)

__all__ = [
    "CELLS",
    "DepthGatedLSTMCell",
    "DiagonalCell",
    "ElmanCell",
    "FeedbackCell",
    "GRUCell",
    "JordanCell",
    "LSTMCell",
    "MUTCell",
    "MemoryCell",
    "MinimalGatedCell",
    "NARXCell",
    "RecurrentCell",
    "RecurrentStack",
    "ResidualCell",
    "ReversibleNormalization",
    "TappedDelay",
    "TimeDelay",
    "ZoneoutCell",
    "make_cell",
]
