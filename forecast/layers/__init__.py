"""Keras layers: tensors in, tensors out, shapes (batch, time, features)."""

from forecast.layers.delay import TappedDelay, TimeDelay
from forecast.layers.feedback import FeedbackCell
from forecast.layers.memory import MemoryCell
from forecast.layers.narx import NARXCell
from forecast.layers.normalization import ReversibleNormalization

__all__ = ["FeedbackCell", "MemoryCell", "NARXCell", "ReversibleNormalization", "TappedDelay", "TimeDelay"]
