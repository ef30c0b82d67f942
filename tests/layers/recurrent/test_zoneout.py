"""Zoneout holds the units of a state where its input says so, and asks for that input."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from forecast.layers import GRUCell, LSTMCell, ZoneoutCell
from tests.checks import check_layer, normal, randomize, same, to_numpy

pytestmark = pytest.mark.backend


def with_rates(values: np.ndarray) -> np.ndarray:
    """The inputs [x_t, z_t] of a cell with three states, z_t from 0 to 1."""
    return np.concatenate([values[..., :2], np.abs(np.sin(values[..., 2:]))], axis=-1)


def test_check_layer(tmp_path) -> None:
    def make(dtype: str) -> keras.layers.Layer:
        cell = ZoneoutCell(GRUCell(3, dtype=dtype))
        return keras.layers.RNN(cell, return_sequences=True, zero_output_for_mask=True, dtype=dtype)

    shapes = {"input_shape": (3, 5, 5), "output_shape": (3, 5, 3)}
    check_layer(make, **shapes, folder=tmp_path, legal=with_rates)


def test_a_held_unit_keeps_its_value_and_the_others_are_those_of_the_cell() -> None:
    inner, x, h = LSTMCell(2), normal((3, 4), dtype="float32"), normal((3, 2), dtype="float32")
    cell = ZoneoutCell(inner)
    cell.build((None, 8))
    randomize(cell)
    held = np.tile(np.array([1.0, 0.0, 0.0, 1.0], "float32"), (3, 1))
    output, states = cell(np.concatenate([x, held], axis=1), [h, h])
    plain = [to_numpy(state) for state in inner(x, [h, h])[1]]
    same(states[0], np.stack([h[:, 0], plain[0][:, 1]], axis=1))
    same(states[1], np.stack([plain[1][:, 0], h[:, 1]], axis=1))
    same(output, states[0])


@pytest.mark.parametrize("columns", [1, 4, 8])
def test_without_its_columns_the_error_names_the_stack(columns: int) -> None:
    words = "inputs: must be of more than 8 columns, .x_t, z_t. .*RecurrentStack.zoneout"
    with pytest.raises(ValueError, match=words):
        keras.layers.RNN(ZoneoutCell(GRUCell(8)))(np.zeros((2, 5, columns), "float32"))
