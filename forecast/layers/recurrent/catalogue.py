"""The recurrent cells by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from forecast._checks import check_choice
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

CELLS: Mapping[str, Callable[..., RecurrentCell]] = MappingProxyType(
    {
        "elman": ElmanCell,
        "jordan": JordanCell,
        "residual": ResidualCell,
        "lstm": LSTMCell,
        "lstm-no-forget": partial(LSTMCell, forget_gate=False),
        "lstm-peephole": partial(LSTMCell, peepholes="previous"),
        "lstm-peephole-current": partial(LSTMCell, peepholes="current"),
        "lstm-coupled": partial(LSTMCell, coupled="input"),
        "lstm-coupled-forget": partial(LSTMCell, coupled="forget"),
        "lstm-no-input-gate": partial(LSTMCell, input_gate=False),
        "lstm-no-output-gate": partial(LSTMCell, output_gate=False),
        "lstm-no-input-activation": partial(LSTMCell, activation="linear"),
        "lstm-no-output-activation": partial(LSTMCell, output_activation="linear"),
        "lstm-full-gate-recurrence": partial(LSTMCell, full_gate_recurrence=True),
        "lstm-depth-gated": DepthGatedLSTMCell,
        "gru": GRUCell,
        "gru-dual": partial(GRUCell, update="replace"),
        "gru-reset-before": partial(GRUCell, reset="before"),
        "mut1": partial(MUTCell, variant=1),
        "mut2": partial(MUTCell, variant=2),
        "mut3": partial(MUTCell, variant=3),
        "mgu": MinimalGatedCell,
        "diagonal": DiagonalCell,
    }
)


def make_cell(
    name: str,
    units: int,
    *,
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    seed: int | None = None,
    dtype: Any = None,
    layer_name: str | None = None,
) -> RecurrentCell:
    """The cell that `CELLS` lists under `name`, for `keras.layers.RNN`.

    Args:
        name: one of the names of `CELLS`.
        units: size of the state, at least 1.
        dropout: fraction of the inputs dropped in training, one mask per sequence.
        recurrent_dropout: the same for the state.
        seed: seed of the dropout masks.
        dtype: dtype or dtype policy of the cell.
        layer_name: name of the layer.

    Raises:
        TypeError: `units` is not a whole number, or a fraction not a number.
        ValueError: an unknown `name`, `units` below 1, or a fraction outside [0, 1).

    Example:
        >>> from forecast.layers import make_cell
        >>> make_cell("lstm-no-forget", 16, recurrent_dropout=0.1).forget_gate
        False
    """
    build = CELLS[check_choice("cell", name, CELLS)]
    return build(
        units,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
        seed=seed,
        dtype=dtype,
        name=layer_name,
    )
