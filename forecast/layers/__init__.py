"""Keras layers: tensors in, tensors out, shapes (batch, time, features)."""

from forecast.layers.delay import TappedDelay, TimeDelay
from forecast.layers.feedback import FeedbackCell
from forecast.layers.memory import MemoryCell
from forecast.layers.narx import NARXCell
from forecast.layers.normalization import ReversibleNormalization
from forecast.layers.recurrent import (
    CELLS,
    ElmanCell,
    GRUCell,
    LSTMCell,
    RecurrentCell,
    RecurrentStack,
    ZoneoutCell,
    make_cell,
)

__all__ = [
    "CELLS",
    "ElmanCell",
    "FeedbackCell",
    "GRUCell",
    "LSTMCell",
    "MemoryCell",
    "NARXCell",
    "RecurrentCell",
    "RecurrentStack",
    "ReversibleNormalization",
    "TappedDelay",
    "TimeDelay",
    "ZoneoutCell",
    "make_cell",
]
