"""Graph networks: a recurrent cell shared by all nodes, with messages between them, and a dense layer per node."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from forecast._checks import check_choice, check_count, explain
from forecast.layers.precision import widened
from forecast.layers.recurrent.around import AroundCell
from forecast.layers.recurrent.states import initial_states, output_size, state_sizes

Edge = tuple[int, int, float]
AGGREGATES = ("mean", "sum")


def check_edges(edges: Iterable[Sequence[float]], nodes: int) -> tuple[Edge, ...]:
    """Edges (source, target, weight) between nodes 0, ..., nodes - 1; no self loop, no negative weight.

    Example:
        >>> check_edges([(0, 1, 2)], 2)
        ((0, 1, 2.0),)
    """
    checked = []
    for edge in edges:
        source, target, weight = edge
        for end in (source, target):
            if not 0 <= end < nodes:
                allowed = f"between nodes numbered 0 to {nodes - 1}"
                raise ValueError(explain("edges", allowed, tuple(edge), "Number the nodes from 0"))
        if source == target:
            remedy = "Leave self loops out: a node always sees itself"
            raise ValueError(explain("edges", "between two different nodes", tuple(edge), remedy))
        if not (np.isfinite(weight) and weight >= 0):
            allowed = "of finite weights of at least 0"
            raise ValueError(explain("edges", allowed, tuple(edge), "Drop the edge or correct its weight"))
        checked.append((int(source), int(target), float(weight)))
    return tuple(checked)


def adjacencies(
    edges: Sequence[Edge], nodes: int, both_ways: bool, aggregate: str = "mean"
) -> list[np.ndarray]:
    """Adjacency matrices (S, S); a[i, j] is the weight (or normalised share) of node j in the message to node i.

    The first follows the edges; the second, with `both_ways`, runs against them and is left out when the two
    are equal. Without any edge of positive weight the list is empty.
    """
    weights = np.zeros((nodes, nodes))
    for source, target, weight in edges:
        weights[target, source] += weight
    if not weights.any():
        return []
    directions = [weights]
    if both_ways and not np.allclose(weights, weights.T):
        directions.append(weights.T)
    if aggregate == "sum":
        return directions
    totals = [w.sum(axis=1, keepdims=True) for w in directions]
    return [w / np.where(total > 0, total, 1.0) for w, total in zip(directions, totals, strict=True)]


def node_columns(rows: Any, *, nodes: int, node_exog: bool) -> list[Any]:
    """Columns of a window by node: rows (B, L, S+E) -> [y (B, L, S, 1), x (B, L, S, K)], without x when E = 0.

    With `node_exog` each node has K = E / S of the E columns, node by node; otherwise every node sees all, K = E.
    """
    columns = [ops.expand_dims(rows[:, :, :nodes], -1)]
    x, exog = rows[:, :, nodes:], rows.shape[2] - nodes
    if exog and node_exog:
        columns.append(ops.reshape(x, (-1, rows.shape[1], nodes, exog // nodes)))
    elif exog:
        columns.append(ops.repeat(ops.expand_dims(x, 2), nodes, axis=2))
    return columns


def node_lags(columns: list[Any], *, lags: Sequence[int], exog_lags: Sequence[int]) -> Any:
    """Lagged values of every node (B, S, P) from `node_columns`; target lag d is row L-d, exogenous L-1-d."""
    length = columns[0].shape[1]
    parts = [columns[0][:, length - lag] for lag in lags]
    parts += [columns[1][:, length - 1 - lag] for lag in exog_lags]
    return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)


@keras.saving.register_keras_serializable(package="forecast")
class GraphCell(keras.layers.Layer, AroundCell):
    """One step of a graph network, as a cell for `keras.layers.RNN`: messages, then a cell shared by all nodes.

    Equation:
        m_i = sum_j a_ij [x_j, h_j],   a_ij = w_ji / sum_k w_ki        over the edges j -> i
        n_i = sum_j b_ij [x_j, h_j],   b_ij = w_ij / sum_k w_ik        over the edges i -> j
        y_i, h_i = f([x_i, m_i, n_i], h_i),   i = 1, ..., S
        With `aggregate="sum"` a_ij = w_ji and b_ij = w_ij.

    Symbols:
        f: `cell`, a Keras cell whose states are vectors, the same for every node; h_j its first state at the
            step before, U numbers.
        w_ji: weight of the edge from node j to node i, `edges`, numbered from 0.
        n_i: only with `both_ways`, and only where the edges differ from their reverse.
        x: input (B, S*F), node by node: the F features of node 0, then those of node 1, ...
        y: output (B, S*U), node by node; the states have this form too.

    Renaming the nodes reorders the output and changes nothing else. A node without neighbours receives zeros;
    without any edge there are no messages and every node is f alone.

    Args:
        cell: the cell f, such as `keras.layers.GRUCell(16)`.
        nodes: S, at least 1.
        edges: (source, target, weight) of each edge; parallel edges add up.
        both_ways: whether messages also run against the edges.
        aggregate: "mean" or "sum" of the messages of the neighbours, each times its weight. A sum also depends on
            how many neighbours there are (Xu et al. 2019).
        name: name of the layer.
        dtype: dtype or dtype policy; None means that of `cell`.
        trainable: whether training changes the cell.

    Raises:
        ValueError: an edge to an unknown node, a self loop or a negative weight; input columns not a multiple of S.

    References:
        Scarselli, F., Gori, M., Tsoi, A. C., Hagenbuchner, M. and Monfardini, G. (2009). The graph neural
        network model. IEEE Transactions on Neural Networks 20(1), 61-80.
        Li, Y., Tarlow, D., Brockschmidt, M. and Zemel, R. (2016). Gated graph sequence neural networks. ICLR.
        Li, Y., Yu, R., Shahabi, C. and Liu, Y. (2018). Diffusion convolutional recurrent neural network:
        data-driven traffic forecasting. ICLR.
        Xu, K., Hu, W., Leskovec, J. and Jegelka, S. (2019). How powerful are graph neural networks? ICLR.

    Example:
        >>> import keras, numpy as np
        >>> from forecast.layers import GraphCell
        >>> cell = GraphCell(keras.layers.GRUCell(4), nodes=3, edges=[(0, 1, 1.0), (1, 2, 1.0)])
        >>> run = keras.layers.RNN(cell)
        >>> run(np.zeros((2, 10, 3 * 5), dtype="float32")).shape == (2, 3 * 4)
        True
    """

    def __init__(
        self,
        cell: keras.layers.Layer,
        *,
        nodes: int,
        edges: Iterable[Sequence[float]] = (),
        both_ways: bool = True,
        aggregate: str = "mean",
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, dtype=dtype or cell.dtype_policy, trainable=trainable)
        self.cell = cell
        self.nodes = check_count("nodes", nodes)
        self.edges = check_edges(edges, nodes)
        self.both_ways = both_ways
        self.aggregate = check_choice("aggregate", aggregate, AGGREGATES)
        self.adjacency = adjacencies(self.edges, nodes, both_ways, aggregate)
        self.sizes = state_sizes(cell)
        self.state_size = [nodes * size for size in self.sizes]
        self.output_size = nodes * output_size(cell)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        columns = input_shape[-1]
        if columns is None or columns % self.nodes:
            allowed = f"of a multiple of nodes={self.nodes} columns"
            raise ValueError(
                explain(
                    "inputs", allowed, f"{columns} columns", "Put the features side by side, node by node"
                )
            )
        if not self.cell.built:
            self.cell.build((None, self._inner_columns(columns)))

    def _inner_columns(self, columns: int) -> int:
        """Columns of the input of `cell`: the features of a node and the messages that it receives."""
        features = columns // self.nodes
        return features + len(self.adjacency) * (features + self.sizes[0])

    def call(self, inputs: Any, states: Any, training: bool | None = None) -> tuple[Any, list[Any]]:
        x = ops.reshape(inputs, (-1, self.nodes, inputs.shape[-1] // self.nodes))  # (B, S, F)
        folded = [ops.reshape(s, (-1, size)) for s, size in zip(states, self.sizes, strict=True)]  # (B*S, U)
        if self.adjacency:
            h = ops.reshape(states[0], (-1, self.nodes, self.sizes[0]))
            x = ops.concatenate([x, *self._messages(ops.concatenate([x, h], axis=-1))], axis=-1)
        y, folded = self.cell(ops.reshape(x, (-1, x.shape[-1])), folded, training=training)
        after = zip(folded, self.state_size, strict=True)
        return ops.reshape(y, (-1, self.output_size)), [ops.reshape(s, (-1, size)) for s, size in after]

    def _messages(self, spoken: Any) -> list[Any]:
        """The messages to every node, (B, S, F+U) for each direction."""
        wide = widened(spoken)
        heard = [ops.matmul(ops.convert_to_tensor(a, dtype=wide.dtype), wide) for a in self.adjacency]
        return [ops.cast(one, spoken.dtype) for one in heard]

    def inner_inputs(self, inputs: Any) -> Any:
        rows = ops.reshape(inputs, (-1, inputs.shape[-1] // self.nodes))
        return ops.repeat(rows[:, :1], self._inner_columns(inputs.shape[-1]), axis=1)

    def inner_state(self, state: Any) -> Any:
        return ops.reshape(state, (-1, self.sizes[0]))

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """The initial states of `cell`, the same for every node, each (B, S*U)."""
        return [ops.tile(state, (1, self.nodes)) for state in initial_states(self.cell, batch_size)]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "cell": keras.saving.serialize_keras_object(self.cell),
            "nodes": self.nodes,
            "edges": self.edges,
            "both_ways": self.both_ways,
            "aggregate": self.aggregate,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> GraphCell:
        described = copy.deepcopy(config["cell"])  # Keras empties the dictionaries it reads
        return cls(**{**config, "cell": keras.saving.deserialize_keras_object(described)})


@keras.saving.register_keras_serializable(package="forecast")
class NodeDense(keras.layers.Layer):
    """A separate linear layer for every node, or one shared by all.

    Equation:
        y_i = x_i A_i + b_i,   i = 1, ..., S

    Symbols:
        x: input (B, S, F), the F features of each node; y: output (B, S, U), U = `units`.
        A_i, b_i: (F, U) and (U,), the same for all i when `shared`.

    Args:
        units: U, at least 1.
        shared: whether all nodes have the same weights.
        columns: the target column of each node; None means 0, ..., S - 1. The layer itself does not use it:
            training reads it to fit each node's initial weights to the errors of its own column.
        name: name of the layer.
        dtype: dtype or dtype policy of the layer.
        trainable: whether training changes the weights.

    Raises:
        TypeError: `units` is not a whole number.
        ValueError: `units` is below 1.

    References:
        Box, G. E. P. and Jenkins, G. M. (1970). Time Series Analysis: Forecasting and Control. Holden-Day.
        (Autoregression, which is this layer on lagged values.)

    Example:
        >>> import numpy as np
        >>> from forecast.layers import NodeDense
        >>> layer = NodeDense(2)
        >>> layer(np.zeros((4, 3, 5), dtype="float32")).shape == (4, 3, 2)
        True
        >>> layer.count_params()                                          # 3 * (5 * 2 + 2)
        36
    """

    def __init__(
        self,
        units: int,
        *,
        shared: bool = False,
        columns: Sequence[int] | None = None,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, dtype=dtype, trainable=trainable)
        self.units = check_count("units", units)
        self.shared = shared
        self.columns = None if columns is None else tuple(int(column) for column in columns)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        nodes = 1 if self.shared else input_shape[1]
        self.kernel = self.add_weight(
            name="kernel", shape=(nodes, input_shape[2], self.units), initializer="zeros"
        )
        self.bias = self.add_weight(name="bias", shape=(nodes, self.units), initializer="zeros")

    def call(self, inputs: Any) -> Any:
        if self.shared:
            return ops.matmul(inputs, self.kernel[0]) + self.bias
        return ops.einsum("bsf,sfu->bsu", inputs, self.kernel) + self.bias

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*input_shape[:2], self.units)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "shared": self.shared,
            "columns": self.columns,
        }
