"""Recurrent cells: one time step each, for `keras.layers.RNN`."""

from forecast.layers.recurrent.catalogue import CELLS, make_cell
from forecast.layers.recurrent.cell import RecurrentCell
from forecast.layers.recurrent.depth_gated import DepthGatedLSTMCell
from forecast.layers.recurrent.diagonal import DiagonalCell
from forecast.layers.recurrent.elman import ElmanCell
from forecast.layers.recurrent.gru import GRUCell
from forecast.layers.recurrent.jordan import JordanCell
from forecast.layers.recurrent.lstm import LSTMCell
from forecast.layers.recurrent.minimal import MinimalGatedCell
from forecast.layers.recurrent.mut import MUTCell
from forecast.layers.recurrent.residual import ResidualCell
from forecast.layers.recurrent.stack import RecurrentStack
from forecast.layers.recurrent.zoneout import ZoneoutCell

__all__ = [
    "CELLS",
    "DepthGatedLSTMCell",
    "DiagonalCell",
    "ElmanCell",
    "GRUCell",
    "JordanCell",
    "LSTMCell",
    "MUTCell",
    "MinimalGatedCell",
    "RecurrentCell",
    "RecurrentStack",
    "ResidualCell",
    "ZoneoutCell",
    "make_cell",
]
