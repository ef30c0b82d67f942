"""Keras layers: tensors in, tensors out, shapes (batch, time, features)."""

from forecast.layers.attention import AdditiveAttention, MultiHeadAttention, MultiplicativeAttention
from forecast.layers.delay import TappedDelay, TimeDelay
from forecast.layers.feedback import FeedbackCell
from forecast.layers.narx import NARXCell
from forecast.layers.normalization import ReversibleNormalization
from forecast.layers.transformer import SinusoidalPositions, TransformerBlock

__all__ = [
    "AdditiveAttention",
    "FeedbackCell",
    "MultiHeadAttention",
    "MultiplicativeAttention",
    "NARXCell",
    "ReversibleNormalization",
    "SinusoidalPositions",
    "TappedDelay",
    "TimeDelay",
    "TransformerBlock",
]
