"""Recursive networks over a tree: states pass from children to parents or back; sums of leaves at all nodes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import keras
import numpy as np
from keras import ops

from forecast._checks import check_count, explain
from forecast.layers.precision import orthogonal, wide_dtype, widened

ROOT = -1


def check_parents(parents: Sequence[int]) -> tuple[int, ...]:
    """The parent of every node 0, 1, ..., -1 for a root; no node may be its own ancestor.

    Example:
        >>> check_parents([-1, 0, 0])
        (-1, 0, 0)
    """
    tree = tuple(int(parent) for parent in parents)
    for node, parent in enumerate(tree):
        if not ROOT <= parent < len(tree):
            allowed = f"numbers of nodes, 0 to {len(tree) - 1}, or -1 for a root"
            raise ValueError(explain("parents", allowed, parent, "Number the nodes from 0"))
        steps = 0
        while parent != ROOT:
            parent, steps = tree[parent], steps + 1
            if steps > len(tree):
                received = f"a cycle through node {node}"
                raise ValueError(explain("parents", "a tree or a forest", received, "Break the cycle"))
    return tree


def heights(parents: Sequence[int]) -> np.ndarray:
    """Longest path (S,) from each node down to a leaf: 0 for the leaves.

    Example:
        >>> heights([-1, 0, 1, 0])
        array([2, 1, 0, 0])
    """
    height = np.zeros(len(parents), int)
    for node in range(len(parents)):
        for steps, ancestor in enumerate(ancestors(parents, node), start=1):
            height[ancestor] = max(height[ancestor], steps)
    return height


def ancestors(parents: Sequence[int], node: int) -> list[int]:
    """The parent of a node, its parent, and so on up to the root.

    Example:
        >>> ancestors([-1, 0, 1, 0], 2)
        [1, 0]
    """
    path = []
    while parents[node] != ROOT:
        node = parents[node]
        path.append(node)
    return path


def sums(parents: Sequence[int], scales: Sequence[float] | None = None) -> np.ndarray:
    """Matrix (S, S): column i holds s_l / s_i in the row of every leaf l under node i, s = 1 without `scales`.

    Example:
        >>> sums([-1, 0, 0])
        array([[0., 0., 0.],
               [1., 1., 0.],
               [1., 0., 1.]])
    """
    size = np.ones(len(parents)) if scales is None else np.asarray(scales, float)
    matrix = np.zeros((len(parents), len(parents)))
    for leaf in np.flatnonzero(heights(parents) == 0).tolist():
        for node in (leaf, *ancestors(parents, leaf)):
            matrix[leaf, node] = size[leaf] / size[node]
    return matrix


def pick(values: Any, nodes: Sequence[int] | np.ndarray) -> Any:
    """Rows `nodes` of values (B, S, F): (B, len(nodes), F)."""
    if list(nodes) == list(range(values.shape[1])):
        return values
    return ops.take(values, np.asarray(nodes), axis=1)


@keras.saving.register_keras_serializable(package="forecast")
class TreeRNN(keras.layers.Layer):
    """A recursive network: one simple recurrent unit, run from the leaves of a tree up to its roots, or down.

    Equation:
        h_i = phi(x_i W + (sum over children c of i of h_c) U + b)
        h_i = phi(x_i W + h_{parent of i} U + b)                      with `down`

    Symbols:
        x: input (B, S, F), the S nodes of the tree in place of time; h: output (B, S, `units`).
        children: c is a child of i when `parents[c]` is i; a leaf has none, and its sum is zero. So is the
            h of a root's parent.
        W, U, b: "kernel" (F, units), "recurrent_kernel" (units, units) and "bias" (units,), shared by all
            nodes; phi: `activation`.

    All nodes of one height (with `down` of one depth) are computed at once, so the number of sequential steps is
    the height of the tree, not its number of nodes. On a chain, where node t is the only child of node t + 1,
    this is the simple (Elman) recurrent network.

    Args:
        units: size of the state, at least 1.
        parents: the parent of every node, -1 for a root.
        down: whether states pass from the roots to the leaves.
        activation: phi, a Keras activation.
        name: name of the layer.
        dtype: dtype or dtype policy of the layer.
        trainable: whether training changes the weights.

    Raises:
        TypeError: `units` is not a whole number.
        ValueError: `parents` is no forest, or the input has another number of nodes.

    References:
        Goller, C. and Kuechler, A. (1996). Learning task-dependent distributed representations by
        backpropagation through structure. IEEE International Conference on Neural Networks, 347-352.
        Socher, R., Lin, C. C.-Y., Ng, A. Y. and Manning, C. D. (2011). Parsing natural scenes and natural
        language with recursive neural networks. ICML.

    Example:
        >>> import numpy as np
        >>> from forecast.layers import TreeRNN
        >>> family = TreeRNN(4, parents=[-1, 0, 0])                       # a root and its two leaves
        >>> family(np.zeros((2, 3, 5), dtype="float32")).shape == (2, 3, 4)
        True
    """

    orthogonal = ("recurrent_kernel",)  # as in `RecurrentCell`

    def __init__(
        self,
        units: int,
        *,
        parents: Sequence[int],
        down: bool = False,
        activation: Any = "tanh",
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, dtype=dtype, trainable=trainable)
        self.units = check_count("units", units)
        self.parents = check_parents(parents)
        self.down = down
        self.activation = keras.activations.get(activation)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        if input_shape[1] != len(self.parents):
            allowed = f"of shape (batch, {len(self.parents)}, features), a row for each node of parents"
            raise ValueError(explain("inputs", allowed, input_shape, "Give every node one row"))
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[2], self.units))
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel", shape=(self.units, self.units), initializer=orthogonal
        )
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")

    @cached_property
    def _levels(self) -> tuple[list[tuple[int, np.ndarray]], np.ndarray]:
        """([number of nodes, adjacency to the nodes before (n, nodes before)] of each level, order of computation)."""
        nodes = range(len(self.parents))
        level = (
            np.array([len(ancestors(self.parents, i)) for i in nodes]) if self.down else heights(self.parents)
        )
        order = np.argsort(level, kind="stable")
        child_of = np.array(self.parents)[None, :] == np.arange(len(level))[:, None]
        hears = (child_of.T if self.down else child_of)[order][:, order]
        ends = np.cumsum(np.bincount(level))
        starts = np.concatenate([[0], ends[:-1]])
        return [(b - a, hears[a:b, :a]) for a, b in zip(starts, ends, strict=True)], order

    def call(self, inputs: Any) -> Any:
        levels, order = self._levels
        x = ops.matmul(pick(inputs, order), self.kernel) + self.bias  # (B, S, U)
        done, start = None, 0
        for count, hears in levels:
            state = x[:, start : start + count]
            if done is not None:
                all_before = widened(done)
                heard = ops.matmul(ops.convert_to_tensor(hears, dtype=all_before.dtype), all_before)
                state = state + ops.matmul(ops.cast(heard, state.dtype), self.recurrent_kernel)
            state = self.activation(state)
            done = state if done is None else ops.concatenate([done, state], axis=1)
            start += count
        return pick(done, np.argsort(order))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*input_shape[:2], self.units)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "parents": self.parents,
            "down": self.down,
            "activation": keras.activations.serialize(self.activation),
        }


@keras.saving.register_keras_serializable(package="forecast")
class TreeSum(keras.layers.Layer):
    """The leaves of a tree summed to all of its nodes, so that the levels add up.

    Equation:
        y_i = sum over leaves l under i of (s_l / s_i) x_l,   y_l = x_l for a leaf

    Symbols:
        x: input (B, T, S); its values at nodes that are not leaves are not used. y: output (B, T, S).
        s: `scales`, the unit in which each node is measured; None means the same unit for all.

    Args:
        parents: the parent of every node, -1 for a root.
        scales: s, a positive number for each node.
        name: name of the layer.
        dtype: dtype or dtype policy of the layer.

    Raises:
        ValueError: `parents` is no forest, or `scales` has another length.

    References:
        Hyndman, R. J., Ahmed, R. A., Athanasopoulos, G. and Shang, H. L. (2011). Optimal combination forecasts
        for hierarchical time series. Computational Statistics and Data Analysis 55(9), 2579-2589.

    Example:
        >>> import numpy as np, keras
        >>> from forecast.layers import TreeSum
        >>> add = TreeSum(parents=[-1, 0, 0])
        >>> keras.ops.convert_to_numpy(add(np.array([[[0.0, 1.0, 2.0]]], "float32"))).tolist()
        [[[3.0, 1.0, 2.0]]]
    """

    def __init__(
        self,
        *,
        parents: Sequence[int],
        scales: Sequence[float] | None = None,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, dtype=dtype, trainable=trainable)
        self.parents = check_parents(parents)
        if scales is not None and len(scales) != len(self.parents):
            allowed = f"{len(self.parents)} numbers, one for each node"
            raise ValueError(explain("scales", allowed, f"{len(scales)}", "Leave it out for equal units"))
        self.scales = None if scales is None else tuple(float(scale) for scale in scales)

    def call(self, inputs: Any) -> Any:
        matrix = ops.convert_to_tensor(sums(self.parents, self.scales), dtype=wide_dtype(inputs.dtype))
        return ops.cast(ops.matmul(widened(inputs), matrix), inputs.dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "parents": self.parents, "scales": self.scales}
