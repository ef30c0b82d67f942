"""The recursive network is its recursion, and on a chain the simple recurrent network."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from forecast.layers import TreeRNN, TreeSum
from forecast.layers.tree import ancestors, heights, sums
from tests.checks import check_gradient, check_layer, float64, normal, randomize, same, to_numpy

pytestmark = pytest.mark.backend

FOREST = (3, 3, -1, 5, 5, -1, 2)  # leaves 0, 1, 4, 6; node 3 under 5; two roots


def built(units: int, parents: tuple[int, ...], features: int, **options) -> TreeRNN:
    layer = TreeRNN(units, parents=parents, **options)
    layer.build((None, len(parents), features))
    randomize(layer)
    return layer


def recursion(layer: TreeRNN, x: np.ndarray, node: int) -> np.ndarray:
    """The state of a node by recursion over its children."""
    kernel, recurrent, bias = (to_numpy(w) for w in layer.weights)
    children = [child for child, parent in enumerate(layer.parents) if parent == node]
    heard = sum((recursion(layer, x, child) for child in children), np.zeros((len(x), layer.units)))
    return np.tanh(x[:, node] @ kernel + heard @ recurrent + bias)


def test_layer_is_the_recursion_over_children() -> None:
    layer, x = built(3, FOREST, 2), normal((4, 7, 2), dtype="float32")
    same(layer(x), np.stack([recursion(layer, x, node) for node in range(7)], axis=1), rtol=1e-5)


def test_downwards_a_node_hears_its_parent() -> None:
    layer, x = built(3, FOREST, 2, down=True), normal((4, 7, 2), dtype="float32")
    kernel, recurrent, bias = (to_numpy(w) for w in layer.weights)
    y = to_numpy(layer(x))
    for node, parent in enumerate(FOREST):
        heard = y[:, parent] if parent >= 0 else np.zeros((4, 3))
        same(y[:, node], np.tanh(x[:, node] @ kernel + heard @ recurrent + bias), rtol=1e-5)


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("direction", [1, -1])
def test_on_a_chain_it_is_the_simple_recurrent_network(direction: int, down: bool) -> None:
    chain = (1, 2, 3, 4, -1) if (direction == 1) != down else (-1, 0, 1, 2, 3)
    layer, x = built(3, chain, 2, down=down), normal((4, 5, 2), dtype="float32")
    simple = keras.layers.SimpleRNN(3, return_sequences=True)
    simple.build(x.shape)
    simple.set_weights(layer.get_weights())
    y = to_numpy(simple(x[:, ::direction]))
    same(layer(x), y[:, ::direction])


def test_without_parents_every_node_is_a_dense_layer() -> None:
    layer, x = built(3, (-1, -1), 2, activation="relu"), normal((4, 2, 2), dtype="float32")
    same(layer(x), np.maximum(x @ to_numpy(layer.kernel) + to_numpy(layer.bias), 0), rtol=1e-5)


def test_leaves_add_up_in_the_units_of_every_node(tmp_path: Path) -> None:
    scales, x = (1.0, 2.0, 4.0, 3.0, 0.5, 8.0, 5.0), normal((2, 3, 7), dtype="float32")
    y = to_numpy(TreeSum(parents=FOREST, scales=scales)(x)) * scales
    for node in range(7):
        leaves = [leaf for leaf in (0, 1, 4, 6) if node in (leaf, *ancestors(FOREST, leaf))]
        same(y[:, :, node], (x * np.float32(scales))[:, :, leaves].sum(axis=2), rtol=1e-5)
    np.testing.assert_array_equal(sums(FOREST).sum(axis=0), [1, 1, 1, 2, 1, 3, 1])
    with pytest.raises(ValueError, match="scales: must be 7 numbers"):
        TreeSum(parents=FOREST, scales=(1.0,))

    def make(dtype: str) -> TreeSum:
        return TreeSum(parents=FOREST, scales=scales, dtype=dtype)

    check_layer(make, input_shape=(2, 3, 7), output_shape=(2, 3, 7), folder=tmp_path, masks=False)


def test_heights_and_wrong_parents() -> None:
    assert heights(FOREST).tolist() == [0, 0, 1, 1, 0, 2, 0]
    for parents, message in (((1, 0), "cycle"), ((0,), "cycle"), ((2, -1), "0 to 1")):
        with pytest.raises(ValueError, match=f"parents: must be .*{message}"):
            TreeRNN(2, parents=parents)
    with pytest.raises(ValueError, match="a row for each node"):
        TreeRNN(2, parents=(-1, 0)).build((None, 3, 1))


def test_gradient_is_the_finite_difference() -> None:
    with float64():
        nodes = keras.Input((7, 2), dtype="float64")
        model = keras.Model(nodes, TreeRNN(3, parents=FOREST, dtype="float64")(nodes))
        randomize(model)
        check_gradient(model, normal((2, 7, 2)), lambda y: keras.ops.sum(keras.ops.square(y)), rtol=1e-6)


def test_tree_passes_the_layer_check(tmp_path: Path) -> None:
    def make(dtype: str) -> TreeRNN:
        return TreeRNN(3, parents=FOREST, down=True, dtype=dtype)

    check_layer(make, input_shape=(4, 7, 2), output_shape=(4, 7, 3), folder=tmp_path, masks=False)


@pytest.mark.parametrize("dtype", ["bfloat16", "mixed_float16"])
def test_many_leaves_add_up_in_half_precision(dtype: str) -> None:
    parents = [-1] + [0] * 700
    x = np.full((1, 1, 701), 1.5, "float32")
    total = to_numpy(keras.ops.cast(TreeSum(parents=parents, dtype=dtype)(x), "float32"))[0, 0, 0]
    assert abs(total / 1050 - 1) < 0.004
    layer = TreeRNN(1, parents=parents, activation="linear", dtype=dtype)
    layer.build((1, 701, 1))
    layer.set_weights([np.ones((1, 1)), np.ones((1, 1)), np.zeros(1)])
    root = to_numpy(keras.ops.cast(layer(keras.ops.swapaxes(x, 1, 2)), "float32"))[0, 0, 0]
    assert abs(root / 1051.5 - 1) < 0.008
