"""Keras layers: tensors in, tensors out, shapes (batch, time, features)."""

from forecast.layers.attention import AdditiveAttention, MultiHeadAttention, MultiplicativeAttention
from forecast.layers.decoder import Decoder, DecoderCell, DirectLinear
from forecast.layers.delay import TappedDelay, TimeDelay
from forecast.layers.feedback import FeedbackCell
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
    ResidualCell,
    make_cell,
)
from forecast.layers.transformer import SinusoidalPositions, TransformerBlock

__all__ = [
    "AdditiveAttention",
    "CELLS",
    "Decoder",
    "DecoderCell",
    "DepthGatedLSTMCell",
    "DiagonalCell",
    "DirectLinear",
    "ElmanCell",
    "FeedbackCell",
    "GRUCell",
    "JordanCell",
    "LSTMCell",
    "MUTCell",
    "MinimalGatedCell",
    "MultiHeadAttention",
    "MultiplicativeAttention",
    "NARXCell",
    "RecurrentCell",
    "ResidualCell",
    "ReversibleNormalization",
    "SinusoidalPositions",
    "TappedDelay",
    "TimeDelay",
    "TransformerBlock",
    "make_cell",
]
