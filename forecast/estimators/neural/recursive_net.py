"""The RecursiveNet estimator: a recursive network on a hierarchy, whose levels add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from forecast._checks import explain
from forecast.estimators.neural.edges import check_sums, numbered_parents
from forecast.estimators.neural.inputs import Coder, Scaled, View
from forecast.estimators.neural.multivariate import MultivariateForecaster
from forecast.layers.tree import sums
from forecast.networks import NetworkConfig, TreeConfig
from forecast.panel import Panel


@dataclass(kw_only=True, eq=False, repr=False)
class RecursiveNet(MultivariateForecaster):
    """A recursive network on a hierarchy of series: all levels forecast together, and they add up.

        h_i = tanh(W u_i + U (sum of h_c over the children c of i) + b)           from the leaves up
        g_i = tanh(W' [u_i, h_i] + U' g_{parent of i} + b')                       from the roots down
        y_i,t = a_i'u_i + C g_i + c_i + noise for a leaf i,   u_i = [y_i,t-k, k in lags; covariates of i]
        y_i,t = sum of y_c,t over the children c of i, for the others

    The weights of h, g and C are shared by all nodes; a_i, c_i are each leaf's own autoregression, before
    training at its least-squares solution, with C = 0. Training counts the errors of all levels, each node in
    units of its own standard deviation.

    Args:
        parents: a DataFrame with the columns node and parent (missing for a root), which names series of the
            panel or target columns of the frame, all of them; None for leaves only, each its own root.

    With parents all series must cover the same time, and every one that has children must be their sum.

    Raises:
        ValueError, TypeError: an argument or the data cannot be used: unknown or forgotten nodes, missing
            columns, two parents or a cycle in `parents`, a series that is not the sum of its children.

    References:
        Goller, C. and Kuechler, A. (1996). Learning task-dependent distributed representations by
        backpropagation through structure. IEEE International Conference on Neural Networks, 347-352.
        Hyndman, R. J., Ahmed, R. A., Athanasopoulos, G. and Shang, H. L. (2011). Optimal combination forecasts
        for hierarchical time series. Computational Statistics and Data Analysis 55(9), 2579-2589.

    Example:
        >>> import numpy as np, pandas as pd
        >>> y = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), columns=["north", "south"])
        >>> y["country"] = y["north"] + y["south"]
        >>> tree = pd.DataFrame({"node": ["north", "south", "country"], "parent": ["country", "country", None]})
        >>> f = RecursiveNet(parents=tree, lags=2, units=2, random_state=0).fit(y).predict(3)
        >>> np.allclose(f["country"], f["north"] + f["south"], rtol=0, atol=1e-12)
        True
    """

    parents: Any = None

    _config: ClassVar[type[NetworkConfig]] = TreeConfig

    @property
    def parents_(self) -> tuple[int, ...]:
        """Number of the parent of each node, -1 for a root; empty without parents."""
        return self.config_.parents

    def _check_options(self) -> None:
        super()._check_options()
        if self.parents is not None and (self._transform is not None or self.nonnegative):
            received = f"transform={self._transform!r} and nonnegative={self.nonnegative!r}"
            allowed = "None, and nonnegative False, where levels add up: transformed or cut values do not"
            raise ValueError(explain("transform", allowed, received, "Leave them out, or pass parents=None"))

    def _tied(self) -> bool:
        return self.parents is not None

    def _configure(self, panel: Panel) -> TreeConfig:
        parents = self._numbered(panel)
        return TreeConfig(parents=parents, scaled=bool(parents), **self._layout(panel))

    def _scaled(self, panel: Panel) -> Scaled:
        """The units of the nodes are data beside the covariates, so fits of one shape share a network."""
        if not self.config_.scaled:
            return super()._scaled(panel)
        units = self.scaler_.spread[0] / self.scaler_.spread[0].max()
        return self.scaler_.scaled(panel, np.zeros(1, int), Coder(constants=tuple(units.tolist())))

    def _numbered(self, joint: Panel) -> tuple[int, ...]:
        return numbered_parents(self.parents, joint.layout.target_names)

    def _view(self, panel: Panel, *, whole: bool = False) -> View:
        view = super()._view(panel, whole=whole)
        if self.parents is not None and not whole:
            joint = view.panel
            check_sums(joint.y, self._numbered(joint), joint.layout.target_names)
        return view

    def _sums(self, joint: Panel) -> np.ndarray | None:
        return sums(self._numbered(joint)) if self.parents is not None else None
