"""The GraphRNN estimator: a recurrent network on a graph of series, beside each one's autoregression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from forecast._checks import check_count
from forecast.estimators.neural.edges import numbered_edges
from forecast.estimators.neural.multivariate import MultivariateForecaster
from forecast.networks import GraphConfig, NetworkConfig
from forecast.panel import Panel


@dataclass(kw_only=True, eq=False, repr=False)
class GraphRNN(MultivariateForecaster):
    """A graph network: all series of a panel forecast together, with messages between neighbours.

        y_i,t = a_i'u_i,t + C h_i,t + c_i + noise,   u_i,t = [y_i,t-k, k in lags; covariates of i]
        h_i,s = f([x_i,s, aggregate over neighbours j of [x_j,s, h_j,s-1]], h_i,s-1),   x_i,s = [y_i,s-1, covariates]

    The cell f and C are shared by all nodes i; a_i, c_i are each node's own autoregression, before training at
    its least-squares solution, with C = 0. So the graph explains what AR does not.

    Args:
        edges: a DataFrame with the columns source, target and, if they differ, weight, which names series of
            the panel or target columns of the frame; None for the same network without edges.
        both_ways: whether messages also run against the edges, with weights of their own.
        aggregate: "mean" or "sum" of the messages of the neighbours, each times the weight of its edge.
        window: steps the cell looks back; None = the largest lag.
        cell: "gru", "lstm", "elman" or another name of `forecast.layers.CELLS`.

    With edges all series must cover the same time. Without edges, series of different lengths are cut to the
    length of the shortest, counted from the end. The weight of a time step is the mean of `sample_weight` over
    its series.

    Raises:
        ValueError, TypeError: an argument or the data cannot be used: unknown nodes, self loops, missing
            columns or negative weights in `edges`, series of different times with edges.

    References:
        Li, Y., Yu, R., Shahabi, C. and Liu, Y. (2018). Diffusion convolutional recurrent neural network:
        data-driven traffic forecasting. ICLR.

    Example:
        >>> import numpy as np, pandas as pd
        >>> river = np.random.default_rng(0).normal(size=(80, 1)).cumsum(axis=0)
        >>> gauges = pd.DataFrame(np.hstack([river[2:], river[1:-1], river[:-2]]), columns=list("abc"))
        >>> down = pd.DataFrame({"source": ["a", "b"], "target": ["b", "c"]})
        >>> GraphRNN(edges=down, lags=1, units=2, random_state=0).fit(gauges).predict(2).shape
        (2, 3)
    """

    edges: Any = None
    both_ways: bool = True
    aggregate: str = "mean"
    window: int | None = None
    cell: str = "gru"

    _config: ClassVar[type[NetworkConfig]] = GraphConfig

    def _tied(self) -> bool:
        return self.edges is not None

    def _configure(self, panel: Panel) -> GraphConfig:
        layout = self._layout(panel)
        return GraphConfig(
            edges=numbered_edges(self.edges, panel.layout.target_names),
            both_ways=self.both_ways,
            aggregate=self.aggregate,
            cell=self.cell,
            memory=max(layout["lags"]) if self.window is None else check_count("window", self.window),
            **layout,
        )
