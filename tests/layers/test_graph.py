"""The graph cell is its equation, knows no order of nodes, and without edges is the plain cell."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from forecast.layers import GraphCell, GRUCell, NodeDense
from forecast.layers.graph import node_columns, node_lags
from tests.checks import check_gradient, check_layer, float64, normal, randomize, same, to_numpy

pytestmark = pytest.mark.backend

DIRECTED = [(0, 1, 1.0), (1, 2, 2.0), (0, 2, 0.5), (3, 0, 1.0)]
BOTH = [(0, 1, 1.0), (1, 0, 1.0), (1, 2, 0.5), (2, 1, 0.5)]


def graph(cell: keras.layers.Layer | None = None, **options) -> keras.layers.RNN:
    """A graph of four nodes and two features each, run over time."""
    cell = cell or keras.layers.GRUCell(3, reset_after=False)
    graph_cell = GraphCell(cell, **{"nodes": 4, "edges": DIRECTED, **options})
    return keras.layers.RNN(graph_cell, return_sequences=True, dtype=cell.dtype_policy)


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-values))


def equation(x: np.ndarray, cell: keras.layers.GRUCell, both_ways: bool, mean: bool) -> np.ndarray:
    """Messages and a gated unit, node by node and step by step in numpy: x (B, T, S, F) -> (B, T, S, U)."""
    (kernel, recurrent, bias), units = (to_numpy(w) for w in cell.weights), cell.units
    batch, steps, nodes, _ = x.shape
    h, outputs = np.zeros((batch, nodes, units)), []
    for t in range(steps):
        spoken, after = np.concatenate([x[:, t], h], axis=-1), np.empty_like(h)
        for i in range(nodes):
            heard = [(s, w) for s, e, w in DIRECTED if e == i]
            parts = [x[:, t, i], messages(spoken, heard, mean)]
            if both_ways:
                parts.append(messages(spoken, [(e, w) for s, e, w in DIRECTED if s == i], mean))
            z, r, g = np.split(np.concatenate(parts, axis=-1) @ kernel + bias, 3, axis=-1)
            uz, ur, ug = np.split(recurrent, 3, axis=-1)
            z, r = sigmoid(z + h[:, i] @ uz), sigmoid(r + h[:, i] @ ur)
            after[:, i] = z * h[:, i] + (1 - z) * np.tanh(g + (r * h[:, i]) @ ug)
        h = after
        outputs.append(h)
    return np.stack(outputs, axis=1)


def messages(spoken: np.ndarray, heard: list[tuple[int, float]], mean: bool) -> np.ndarray:
    total = (mean and sum(w for _, w in heard)) or 1.0
    return sum((w / total * spoken[:, j] for j, w in heard), np.zeros_like(spoken[:, 0]))


@pytest.mark.parametrize(("both_ways", "aggregate"), [(True, "mean"), (False, "mean"), (True, "sum")])
def test_cell_is_the_numpy_loop_of_its_equation(both_ways: bool, aggregate: str) -> None:
    layer, x = graph(both_ways=both_ways, aggregate=aggregate), normal((2, 6, 8), dtype="float32")
    layer.build(x.shape)
    randomize(layer)
    expected = equation(x.reshape(2, 6, 4, 2), layer.cell.cell, both_ways, aggregate == "mean")
    same(layer(x), expected.reshape(2, 6, 12), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("cell", ["GRUCell", "LSTMCell", "SimpleRNNCell"])
def test_renamed_nodes_reorder_the_output(cell: str) -> None:
    order, x = np.array([2, 0, 3, 1]), normal((2, 5, 4, 2), dtype="float32")
    where = np.argsort(order)  # node k is called where[k] now
    renamed = [(int(where[s]), int(where[e]), w) for s, e, w in DIRECTED]
    make = getattr(keras.layers, cell)
    layer, other = graph(make(3)), graph(make(3), edges=renamed)
    for one in (layer, other):
        one.build((2, 5, 8))
        randomize(one)
    y = to_numpy(layer(x.reshape(2, 5, 8))).reshape(2, 5, 4, 3)
    y_renamed = to_numpy(other(x[:, :, order].reshape(2, 5, 8))).reshape(2, 5, 4, 3)
    same(y_renamed, y[:, :, order])
    assert np.abs(y_renamed - y).max() > 1e-2


@pytest.mark.parametrize("cell", ["GRUCell", "LSTMCell"])
def test_without_edges_every_node_is_the_plain_cell(cell: str) -> None:
    x = normal((2, 5, 4, 2), dtype="float32")
    layer = graph(getattr(keras.layers, cell)(3), edges=[])
    layer.build((2, 5, 8))
    randomize(layer)
    alone = keras.layers.RNN(layer.cell.cell, return_sequences=True)
    y = to_numpy(layer(x.reshape(2, 5, 8))).reshape(2, 5, 4, 3)
    for node in range(4):
        same(y[:, :, node], alone(x[:, :, node]))


def test_messages_travel_one_edge_a_step_and_only_along_it() -> None:
    layer = graph(edges=[(0, 1, 1.0), (1, 2, 1.0)], both_ways=False)
    layer.build((1, 4, 8))
    randomize(layer)
    x = normal((1, 4, 8), dtype="float32")
    pushed = x.copy()
    pushed[:, 0, :2] += 1.0  # node 0 at the first step
    change = np.abs(to_numpy(layer(x)) - to_numpy(layer(pushed))).reshape(4, 4, 3).max(axis=2) > 0
    assert change[0].tolist() == [True, True, False, False]
    assert change[1].tolist() == [True, True, True, False]
    assert not change[:, 3].any()


def test_equal_directions_are_heard_once_and_parallel_edges_add_up() -> None:
    assert len(GraphCell(keras.layers.GRUCell(2), nodes=3, edges=BOTH).adjacency) == 1
    assert len(GraphCell(keras.layers.GRUCell(2), nodes=4, edges=DIRECTED).adjacency) == 2
    double = GraphCell(keras.layers.GRUCell(2), nodes=3, edges=[(0, 2, 1.0), (0, 2, 2.0), (1, 2, 1.0)])
    np.testing.assert_allclose(double.adjacency[0][2], [0.75, 0.25, 0.0])


@pytest.mark.parametrize(
    ("edge", "message"),
    [
        ((0, 4, 1.0), "0 to 3"),
        ((1, 1, 1.0), "different"),
        ((0, 1, -1.0), "at least 0"),
        ((0, 1, np.nan), "finite"),
    ],
)
def test_wrong_edges_are_refused(edge: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=f"edges: must be .*{message}"):
        graph(edges=[edge])
    with pytest.raises(ValueError, match="aggregate: must be one of 'mean', 'sum'; received 'max'"):
        graph(aggregate="max")
    with pytest.raises(ValueError, match="multiple of nodes=4"):
        graph().build((1, 2, 7))


def test_lags_are_counted_back_from_the_last_row_in_the_order_given() -> None:
    rows = normal((2, 5, 3 + 6), dtype="float32")  # L = 5, three nodes of two covariates each
    lagged = node_lags(node_columns(rows, nodes=3, node_exog=True), lags=(1, 4), exog_lags=(2, 0))
    for node in range(3):
        x = rows[:, :, 3 + 2 * node : 5 + 2 * node]
        expected = [rows[:, 4, node, None], rows[:, 1, node, None], x[:, 2], x[:, 4]]
        same(lagged[:, node], np.concatenate(expected, axis=1))


def test_every_node_starts_where_its_cell_starts() -> None:
    class Warm(GRUCell):
        def get_initial_state(self, batch_size=None):
            return [keras.ops.tile(keras.ops.convert_to_tensor([[0.1, 0.2, 0.3]]), (batch_size, 1))]

    (state,) = GraphCell(Warm(3), nodes=2).get_initial_state(4)
    same(state, np.tile([0.1, 0.2, 0.3], (4, 2)))


def test_messages_of_nothing_are_zero_whatever_the_weight_in_half_precision() -> None:
    edges, x = [(0, 1, 1e6)], np.zeros((1, 3, 4), "float32")
    cell = GraphCell(
        GRUCell(3, dtype="mixed_float16"), nodes=2, edges=edges, aggregate="sum", both_ways=False
    )
    assert np.isfinite(to_numpy(keras.layers.RNN(cell, dtype="mixed_float16")(x))).all()


def test_a_cell_with_dropout_trains_in_a_graph() -> None:
    x = normal((2, 5, 8), dtype="float32")
    layer = graph(GRUCell(3, dropout=0.5, recurrent_dropout=0.5, seed=1))
    model = keras.Sequential([keras.Input((5, 8)), layer])
    model.compile("sgd", "mse")
    assert np.isfinite(model.fit(x, np.ones((2, 5, 12)), epochs=2, verbose=0).history["loss"]).all()
    same(layer(x, training=False), layer(x))
    assert np.abs(to_numpy(layer(x, training=True)) - to_numpy(layer(x))).max() > 1e-3


def test_gradient_is_the_finite_difference() -> None:
    with float64():
        window = keras.Input((4, 8), dtype="float64")
        model = keras.Model(window, graph(keras.layers.GRUCell(3, dtype="float64"))(window))
        randomize(model)
        check_gradient(model, normal((2, 4, 8)), lambda y: keras.ops.sum(keras.ops.square(y)), rtol=1e-6)


def test_graph_cell_passes_the_layer_check(tmp_path: Path) -> None:
    def make(dtype: str) -> keras.layers.RNN:
        cell = GraphCell(GRUCell(3, dtype=dtype), nodes=4, edges=DIRECTED, aggregate="sum")
        return keras.layers.RNN(cell, return_sequences=True, dtype=dtype, zero_output_for_mask=True)

    check_layer(make, input_shape=(3, 6, 8), output_shape=(3, 6, 12), folder=tmp_path)


@pytest.mark.parametrize("shared", [True, False])
def test_node_dense_is_a_product_a_node(shared: bool, tmp_path: Path) -> None:
    layer, x = NodeDense(2, shared=shared), normal((5, 3, 4), dtype="float32")
    layer.build(x.shape)
    randomize(layer)
    kernel, bias = (to_numpy(w) for w in layer.weights)
    expected = [x[:, i] @ kernel[0 if shared else i] + bias[0 if shared else i] for i in range(3)]
    same(layer(x), np.stack(expected, axis=1), rtol=1e-5)

    def make(dtype: str) -> NodeDense:
        return NodeDense(2, shared=shared, columns=(0, 1, 2), dtype=dtype)

    check_layer(make, input_shape=(5, 3, 4), output_shape=(5, 3, 2), folder=tmp_path, masks=False)
