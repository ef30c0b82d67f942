"""Every cell of the catalogue is a sound layer, with and without dropout."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from forecast.layers import CELLS, make_cell
from tests.checks import check_layer, normal, randomize, same, some, to_numpy

pytestmark = pytest.mark.backend


@pytest.mark.parametrize("name", CELLS)
def test_check_layer(name: str, tmp_path) -> None:
    def make(dtype: str) -> keras.layers.Layer:
        return keras.layers.RNN(make_cell(name, 3, dtype=dtype), return_sequences=True, dtype=dtype)

    check_layer(make, input_shape=(2, 5, 2), output_shape=(2, 5, 3), folder=tmp_path)


@pytest.mark.parametrize("name", some(CELLS, "gru", "lstm"))
def test_the_output_is_the_first_state(name: str) -> None:
    output, *states = keras.layers.RNN(make_cell(name, 3), return_state=True)(
        normal((2, 4, 2), dtype="float32")
    )
    same(output, states[0])
    assert [state.shape[1] for state in states] == list(make_cell(name, 3).state_size)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="cell: must be one of 'elman', 'jordan', .*; received 'LSTM'"):
        make_cell("LSTM", 4)


def test_names_lead_to_cells_that_differ() -> None:
    configs = [
        {**make_cell(name, 4, layer_name="cell").get_config(), "class": build}
        for name, build in CELLS.items()
    ]
    assert all(config not in configs[:number] for number, config in enumerate(configs))


@pytest.mark.parametrize("name", some(CELLS, "gru", "lstm"))
def test_orthogonal_names_the_matrices_that_start_so(name: str) -> None:
    cell = make_cell(name, 3)
    cell.build((None, 2))
    for weight in cell.weights:
        matrix = to_numpy(weight)
        orthogonal = matrix.ndim == 2 and np.allclose(matrix @ matrix.T, np.eye(len(matrix)), atol=1e-5)
        assert orthogonal == (weight.name in cell.orthogonal), weight.path


@pytest.mark.parametrize("name", some(CELLS, "gru", "lstm"))
def test_elementwise_says_whether_a_unit_sees_its_own_past_alone(name: str) -> None:
    cell, x, h = make_cell(name, 3), normal((1, 2), dtype="float32"), normal((1, 3), dtype="float32")
    cell.build(x.shape)
    randomize(cell)
    rest = [np.zeros((1, size), "float32") for size in cell.state_size[1:]]
    pushed = h + np.array([[1.0, 0.0, 0.0]], "float32")
    change = to_numpy(cell(x, [pushed, *rest])[0]) - to_numpy(cell(x, [h, *rest])[0])
    assert (not change[0, 1:].any()) == cell.elementwise
