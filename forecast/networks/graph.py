"""Graph network: one recurrent cell for all nodes, with messages between neighbours, beside an AR of each node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from forecast._checks import check_choice, check_count
from forecast.layers.graph import (
    AGGREGATES,
    Edge,
    GraphCell,
    NodeDense,
    check_edges,
    node_columns,
    node_lags,
)
from forecast.layers.recurrent import CELLS, make_cell
from forecast.networks.config import NetworkConfig, check_columns, window_network


@dataclass(frozen=True, kw_only=True)
class GraphConfig(NetworkConfig):
    """What a graph network is made of; see `graph_network` for the equation.

    Args:
        edges: (source, target, weight) of each edge between the target columns, numbered from 0.
        both_ways: whether messages also run against the edges.
        aggregate: "mean" or "sum" of the messages to a node.
        units: U, units of the cell.
        cell: a name of `forecast.layers.CELLS`.
        memory: rows of the window that the cell reads, at least 1.
        lags: delays of a node's own values in its linear path, each at least 1.
        exog_lags: delays of its covariates there, each at least 0; empty when E = 0.
        shared: whether all nodes have one linear path.
        outputs: H, steps forecast at once.
        node_exog: whether the E columns belong to single nodes, node by node, instead of being common to all.
        targets, exog, window_norm, dtype: those of `NetworkConfig`; O is the number of nodes.

    Raises:
        TypeError: a number that is not whole.
        ValueError: a number out of range, an unknown cell, or edges or lags that do not fit the columns.

    Example:
        >>> from forecast.networks import GraphConfig
        >>> GraphConfig(targets=3, edges=((0, 1, 1.0),), lags=(1, 12)).window
        12
    """

    edges: tuple[Edge, ...] = ()
    both_ways: bool = True
    aggregate: str = "mean"
    units: int = 8
    cell: str = "gru"
    memory: int = 1
    lags: tuple[int, ...] = (1,)
    exog_lags: tuple[int, ...] = ()
    shared: bool = False
    outputs: int = 1
    node_exog: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_columns(self.targets, self.exog, self.lags, self.exog_lags)
        check_choice("cell", self.cell, CELLS)
        check_choice("aggregate", self.aggregate, AGGREGATES)
        for name in ("units", "memory", "outputs"):
            check_count(name, getattr(self, name))
        check_edges(self.edges, self.targets)

    @property
    def autoregressive(self) -> bool:
        """Its linear path is the autoregression of the nodes."""
        return True

    @property
    def window(self) -> int:
        """L, rows of the paired window."""
        return max(*self.lags, *(lag + 1 for lag in self.exog_lags), self.memory)

    @property
    def steps(self) -> int:
        """H, steps of one output."""
        return self.outputs

    def build(self) -> keras.Model:
        """See `graph_network`."""
        return graph_network(self)


def graph_network(config: GraphConfig) -> keras.Model:
    """The graph network, not compiled: paired window (B, L, O+E) -> (B, H, O), one target column per node.

    Equation:
        h_i,s = f([x_i,s, messages to i of [x_s, h_s-1]], h_i,s-1),   x_i,s = [y_i,s-1, covariates_i,s]
        [y_i,t, ..., y_i,t+H-1] = A_i u_i + a_i + C h_i,t,            u_i = [y_i,t-l; covariates_i,t-k]

    Symbols:
        f, messages: the `config.cell` of `config.units` units inside a `GraphCell`, the same for all nodes
            i, over the last `config.memory` rows.
        C: kernel of the layer "output", shared by all nodes; it starts at zero, so that the network starts
            at its linear path.
        A_i, a_i: kernel and bias of the layer "linear", a `NodeDense`; l: `config.lags`, k: `config.exog_lags`.
        Row j = 0, ..., L-1 of the window carries (y_{t-L+j}, x_{t-L+j+1}), all that is known when y_t is
            forecast.

    References:
        Li, Y., Yu, R., Shahabi, C. and Liu, Y. (2018). Diffusion convolutional recurrent neural network:
        data-driven traffic forecasting. ICLR.
        Zhao, L., Song, Y., Zhang, C., Liu, Y., Wang, P., Lin, T., Deng, M. and Li, H. (2020). T-GCN: a temporal
        graph convolutional network for traffic prediction. IEEE Transactions on Intelligent Transportation
        Systems 21(9), 3848-3858.

    Example:
        >>> from forecast.networks import GraphConfig, graph_network
        >>> network = graph_network(GraphConfig(targets=3, edges=((0, 1, 1.0),), lags=(1, 2), outputs=4))
        >>> network.input_shape, network.output_shape
        ((None, 2, 3), (None, 4, 3))
    """
    nodes, dtype = config.targets, config.dtype

    def outputs(rows: Any) -> Any:
        columns = node_columns(rows, nodes=nodes, node_exog=config.node_exog)
        state = ops.reshape(_recurrent(columns, config), (-1, nodes, config.units))  # (B, S, U)
        readout = keras.layers.Dense(
            config.outputs, use_bias=False, kernel_initializer="zeros", name="output", dtype=dtype
        )
        linear = NodeDense(config.outputs, shared=config.shared, name="linear", dtype=dtype)
        lagged = node_lags(columns, lags=config.lags, exog_lags=config.exog_lags)
        return ops.transpose(ops.add(linear(lagged), readout(state)), (0, 2, 1))  # (B, H, S)

    return window_network(config, outputs, name="graph")


def _recurrent(columns: list[Any], config: GraphConfig) -> Any:
    """The last states (B, S*U) of all nodes."""
    recent = [part[:, -config.memory :] for part in columns]
    rows = recent[0] if len(recent) == 1 else ops.concatenate(recent, axis=-1)  # (B, M, S, F)
    flat = ops.reshape(rows, (-1, config.memory, rows.shape[2] * rows.shape[3]))
    cell = GraphCell(
        make_cell(config.cell, config.units, dtype=config.dtype),
        nodes=config.targets,
        edges=config.edges,
        both_ways=config.both_ways,
        aggregate=config.aggregate,
        dtype=config.dtype,
    )
    return keras.layers.RNN(cell, name="recurrent", dtype=config.dtype)(flat)
