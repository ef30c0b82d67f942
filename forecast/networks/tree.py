"""Recursive network on a hierarchy: states passed up and down the tree, forecasts of the leaves, and their sums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from forecast._checks import check_count, explain
from forecast.layers.graph import NodeDense, node_columns, node_lags
from forecast.layers.tree import TreeRNN, TreeSum, check_parents, heights, pick
from forecast.networks.config import NetworkConfig, check_columns, window_network


@dataclass(frozen=True, kw_only=True)
class TreeConfig(NetworkConfig):
    """What a recursive network on a hierarchy is made of; see `tree_network` for the equation.

    Args:
        parents: the parent of each target column, -1 for a root; () means that all are roots.
        scaled: whether each target column has its own unit, given in S more columns of the window.
        units: U, units of the state of a node.
        lags: delays of a node's own values, each at least 1.
        exog_lags: delays of its covariates, each at least 0; empty when E = 0.
        shared: whether all leaves have one linear path.
        outputs: H, steps forecast at once.
        node_exog: whether the E columns belong to single nodes, node by node, instead of being common to all.
        targets, exog, window_norm, dtype: those of `NetworkConfig`; O is the number of nodes.

    Raises:
        TypeError: a number that is not whole.
        ValueError: a number out of range, or parents or lags that do not fit the columns.

    Example:
        >>> from forecast.networks import TreeConfig
        >>> TreeConfig(targets=3, parents=(-1, 0, 0), lags=(1, 4)).leaves
        (1, 2)
    """

    parents: tuple[int, ...] = ()
    scaled: bool = False
    units: int = 8
    lags: tuple[int, ...] = (1,)
    exog_lags: tuple[int, ...] = ()
    shared: bool = False
    outputs: int = 1
    node_exog: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_columns(self.targets, self.exog, self.lags, self.exog_lags)
        for name in ("units", "outputs"):
            check_count(name, getattr(self, name))
        check_parents(self.parents)
        if len(self.parents) not in (0, self.targets):
            allowed, remedy = f"empty or {self.targets} numbers, one per target", "Pass -1 for the roots"
            raise ValueError(explain("parents", allowed, f"{len(self.parents)}", remedy))

    @property
    def autoregressive(self) -> bool:
        """Its linear path is the autoregression of the nodes."""
        return True

    @property
    def constants(self) -> int:
        """The number of columns that hold the units of the nodes."""
        return self.targets if self.scaled else 0

    @property
    def tree(self) -> tuple[int, ...]:
        """The parent of every node."""
        return self.parents or (-1,) * self.targets

    @property
    def leaves(self) -> tuple[int, ...]:
        """The nodes without children."""
        return tuple(np.flatnonzero(heights(self.tree) == 0).tolist())

    @property
    def window(self) -> int:
        """L, rows of the paired window."""
        return max(*self.lags, *(lag + 1 for lag in self.exog_lags), 1)

    @property
    def steps(self) -> int:
        """H, steps of one output."""
        return self.outputs

    def build(self) -> keras.Model:
        """See `tree_network`."""
        return tree_network(self)


def tree_network(config: TreeConfig) -> keras.Model:
    """The recursive network, not compiled: paired window (B, L, O+E) -> (B, H, O), one target column per node.

    Equation:
        h_i = tanh(u_i W + (sum over children c of i of h_c) U + b),       u_i = [y_i,t-l; covariates_i,t-k]
        g_i = tanh([u_i, h_i] W' + g_{parent of i} U' + b')
        [y_i,t, ..., y_i,t+H-1] = A_i u_i + a_i + C g_i                     for a leaf i
        y_i = sum over leaves l under i of (s_l / s_i) y_l                  for the others

    Symbols:
        h, g: the layers "up" and "down", `TreeRNN` of `config.units` units: g of a leaf depends on the leaf, its
            ancestors and their descendants.
        C: kernel of the layer "output"; it starts at zero, so that the network starts at its linear path.
        A_i, a_i: kernel and bias of the layer "linear", a `NodeDense`; l: `config.lags`, k: `config.exog_lags`.
        s: the units of the nodes, in which all y are; with `config.scaled` the last S columns of the window,
            else 1.

    References:
        Goller, C. and Kuechler, A. (1996). Learning task-dependent distributed representations by
        backpropagation through structure. IEEE International Conference on Neural Networks, 347-352.
        Irsoy, O. and Cardie, C. (2013). Bidirectional recursive neural networks for token-level labeling with
        structure. NIPS Deep Learning Workshop.

    Example:
        >>> from forecast.networks import TreeConfig, tree_network
        >>> network = tree_network(TreeConfig(targets=3, parents=(-1, 0, 0), lags=(1, 2)))
        >>> network.input_shape, network.output_shape
        ((None, 2, 3), (None, 1, 3))
    """
    dtype, leaves = config.dtype, config.leaves

    def outputs(rows: Any) -> Any:
        rows = rows[:, :, : config.targets + config.exog]
        columns = node_columns(rows, nodes=config.targets, node_exog=config.node_exog)
        lagged = node_lags(columns, lags=config.lags, exog_lags=config.exog_lags)  # (B, S, P)
        up = TreeRNN(config.units, parents=config.tree, name="up", dtype=dtype)(lagged)
        both = ops.concatenate([lagged, up], axis=-1)
        down = TreeRNN(config.units, parents=config.tree, down=True, name="down", dtype=dtype)(both)
        readout = keras.layers.Dense(
            config.outputs, use_bias=False, kernel_initializer="zeros", name="output", dtype=dtype
        )
        linear = NodeDense(config.outputs, shared=config.shared, columns=leaves, name="linear", dtype=dtype)
        values = ops.add(linear(pick(lagged, leaves)), readout(pick(down, leaves)))  # (B, leaves, H)
        return ops.transpose(_place(values, config), (0, 2, 1))

    network = window_network(config, outputs, name="tree")
    if len(leaves) == config.targets:
        return network
    total = TreeSum(parents=config.tree, name="total", dtype=dtype)
    if not config.scaled:
        return keras.Model(network.input, total(network.output), name="tree")
    units = network.input[:, -1:, -config.targets :]
    units = ops.where(units > 0, units, ops.ones_like(units))  # rows that pad a batch are zero
    return keras.Model(network.input, total(network.output * units) / units, name="tree")


def _place(values: Any, config: TreeConfig) -> Any:
    """Values of the leaves (B, leaves, H) in their places among all nodes (B, S, H)."""
    where = np.zeros(config.targets, int)
    where[list(config.leaves)] = np.arange(len(config.leaves))
    return pick(values, where)  # `TreeSum` does not use the values of other nodes
