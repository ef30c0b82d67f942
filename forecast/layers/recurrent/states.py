"""The states of any cell for `keras.layers.RNN`: their sizes, and those it starts from."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


def state_sizes(cell: keras.layers.Layer) -> list[int]:
    """Size of each state of a cell."""
    return [int(size) for size in keras.tree.flatten(cell.state_size)]


def output_size(cell: keras.layers.Layer) -> int:
    """Columns of the output of a cell; that of its first state unless it says otherwise."""
    return int(getattr(cell, "output_size", None) or state_sizes(cell)[0])


def initial_states(cell: keras.layers.Layer, batch_size: Any) -> list[Any]:
    """The states from which a cell starts, as a list; zeros unless it says otherwise."""
    if hasattr(cell, "get_initial_state"):
        return keras.tree.flatten(cell.get_initial_state(batch_size=batch_size))
    return [ops.zeros((batch_size, size), dtype=cell.compute_dtype) for size in state_sizes(cell)]
