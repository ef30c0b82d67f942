"""Keras layers: tensors in, tensors out, shapes (batch, time, features)."""

from forecast.layers.attention import AdditiveAttention, MultiHeadAttention, MultiplicativeAttention
from forecast.layers.decoder import Decoder, DecoderCell, DirectLinear
from forecast.layers.delay import TappedDelay, TimeDelay
from forecast.layers.embedding import CategoryEmbedding
from forecast.layers.feedback import FeedbackCell
from forecast.layers.graph import GraphCell, NodeDense
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
from forecast.layers.residual import DoublyResidual, ResidualBlock
from forecast.layers.saturation import Saturation
from forecast.layers.transformer import SinusoidalPositions, TransformerBlock
from forecast.layers.tree import TreeRNN, TreeSum
from forecast.layers.window_units import WindowUnits

__all__ = [
    "CELLS",
    "AdditiveAttention",
    "CategoryEmbedding",
    "Decoder",
    "DecoderCell",
    "DepthGatedLSTMCell",
    "DiagonalCell",
    "DirectLinear",
    "DoublyResidual",
    "ElmanCell",
    "FeedbackCell",
    "GRUCell",
    "GraphCell",
    "JordanCell",
    "LSTMCell",
    "MUTCell",
    "MemoryCell",
    "MinimalGatedCell",
    "MultiHeadAttention",
    "MultiplicativeAttention",
    "NARXCell",
    "NodeDense",
    "RecurrentCell",
    "RecurrentStack",
    "ResidualBlock",
    "ResidualCell",
    "ReversibleNormalization",
    "Saturation",
    "SinusoidalPositions",
    "TappedDelay",
    "TimeDelay",
    "TransformerBlock",
    "TreeRNN",
    "TreeSum",
    "WindowUnits",
    "ZoneoutCell",
    "make_cell",
]
