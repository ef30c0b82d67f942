"""Recurrent cells: one time step each, for `keras.layers.RNN`."""

from forecast.layers.recurrent.catalogue import CELLS, make_cell
from forecast.layers.recurrent.cell import RecurrentCell
from forecast.layers.recurrent.elman import ElmanCell
from forecast.layers.recurrent.gru import GRUCell
from forecast.layers.recurrent.lstm import LSTMCell
from forecast.layers.recurrent.stack import RecurrentStack
from forecast.layers.recurrent.zoneout import ZoneoutCell

__all__ = [
    "CELLS",
    "ElmanCell",
    "GRUCell",
    "LSTMCell",
    "RecurrentCell",
    "RecurrentStack",
    "ZoneoutCell",
    "make_cell",
]
