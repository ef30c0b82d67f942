"""All series of a panel as the targets of one network: what families that look across series share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from forecast._checks import check_choice, check_count, explain
from forecast.estimators.neural.base import NeuralForecaster, program_of, resolve_lags
from forecast.estimators.shifting import position_of_rows
from forecast.panel import Panel
from forecast.training.window_program import Program

SMALL_VALUES = 50_000  # forecasts of one pass over the data up to which L-BFGS is the solver


@dataclass(kw_only=True, eq=False, repr=False)
class JointForecaster(NeuralForecaster):
    """A network that sees S series at once, each a node, and forecasts all of them.

    Nodes are the series of a panel, or the target columns of a frame. Covariates of a panel belong to their
    series; those beside a frame are common to all nodes.

    Args:
        units: units of the state of a node.
        lags: lags of each node's autoregression: "auto" (the AR order by BIC, at most a third of the
            shortest series, plus the season), an int n for lags 1..n, or a list.
        exog_lags: lags of the covariates there; "auto" = 0, an int n for 0..n, or a list.
        linear: "node" for an autoregression of each node, "shared" for one of all.
        outputs: steps the network forecasts at once; longer horizons follow in blocks fed back.
        loss: "squared" errors, or "absolute" ones for "adam" to minimise, in units of `scale`: forecasts are
            then medians, which a few large errors move less. The autoregression starts at least squares.
        solver: "lbfgs", "adam", or "auto": the first for small data, the second for large or for absolute
            errors. There is no Levenberg-Marquardt: its Jacobian is that of every node by all weights.
        The other arguments are those of `NeuralForecaster`. Training in closed loop needs `outputs=1`.

    Attributes:
        nodes_: names of the nodes.
    """

    units: int = 8
    lags: int | Sequence[int] | str = "auto"
    exog_lags: int | Sequence[int] | str = "auto"
    linear: str = "node"
    outputs: int = 1
    loss: str = "squared"

    _solvers: ClassVar[tuple[str, ...]] = ("auto", "lbfgs", "adam")

    def _related(self) -> bool:
        """Whether the nodes are tied to each other, so that their rows must be of the same time."""
        raise NotImplementedError

    def _add_up(self, values: np.ndarray) -> np.ndarray:
        """Forecasts (..., S) of all nodes, made to agree with each other."""
        return values

    # ---------------------------------------------------------------- hooks of the base

    def _fit(self, panel: Panel, sample_weight: np.ndarray | None) -> None:
        if check_count("outputs", self.outputs) > 1 and self.training != "one-step":
            allowed, remedy = '"one-step" with outputs above 1', "Pass outputs=1"
            raise ValueError(explain("training", allowed, repr(self.training), remedy))
        check_choice("loss", self.loss, ("squared", "absolute"))
        if self.loss == "absolute" and self.solver not in ("auto", "adam"):
            allowed, remedy = '"adam" or "auto" with loss="absolute"', 'Pass solver="adam"'
            raise ValueError(explain("solver", allowed, repr(self.solver), remedy))
        super()._fit(self._joint(panel), _weights_of_rows(panel, sample_weight))

    def _update(self, panel: Panel) -> None:
        weights = _weights_of_rows(panel, self.sample_weight_)
        self._train(self._fitted_program(), self._joint(panel), weights, starts=list(self.theta_))

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        joint = self._joint(panel)
        if panel.n_series == 1:
            return self._add_up(super()._forecast(joint, horizon, future_x))
        known = future_x.swapaxes(0, 1).reshape(1, horizon, -1)  # (1, H, S*E)
        return self._add_up(super()._forecast(joint, horizon, known)).swapaxes(0, 2)  # (S, H, 1)

    def _fitted(self, panel: Panel) -> np.ndarray:
        if panel.n_series == 1:
            return self._add_up(super()._fitted(self._joint(panel)))
        values = self._add_up(super()._fitted(side_by_side(panel, int(panel.lengths.max()))))  # (T, S)
        rows = values.T[np.arange(len(values)) >= len(values) - panel.lengths[:, None]]
        return np.where(position_of_rows(panel)[:, None] < self.window_, np.nan, rows[:, None])

    def min_history(self, panel: Panel) -> int:
        """L, the rows of a window."""
        return super().min_history(panel if hasattr(self, "window_") else self._joint(panel))

    # ---------------------------------------------------------------- inside

    def _joint(self, panel: Panel) -> Panel:
        """One series of S targets; of series of different lengths the last rows, which all have."""
        if panel.n_series == 1:
            return panel
        if panel.n_targets > 1:
            received = f"{panel.n_series} series of {panel.n_targets} targets"
            remedy = "Give a panel of one target, or a frame with a column for each node"
            raise ValueError(
                explain("y", "one target in a panel, each series being a node", received, remedy)
            )
        spans = np.stack([panel.lengths, panel.timeline.starts])
        if self._related() and (spans != spans[:, :1]).any():
            remedy = "Cut them to the time that all of them cover"
            raise ValueError(
                explain("y", "series over the same time, being nodes tied to each other", "others", remedy)
            )
        return side_by_side(panel, int(panel.lengths.min()))

    def _layout(self, joint: Panel) -> dict[str, Any]:
        """What the configs of both families share; sets the names and the lags."""
        self.nodes_ = np.array(joint.layout.target_names, dtype=object)
        # in the panel `side_by_side` makes, and in no other without X, covariates belong to the nodes
        own = joint.layout.form == "single" and joint.n_exog > 0
        self.lags_, self.exog_lags_ = resolve_lags(self, _apart(joint, own), self.exog_lags)
        return {
            "targets": joint.n_targets,
            "exog": joint.n_exog,
            "lags": self.lags_,
            "exog_lags": self.exog_lags_,
            "units": check_count("units", self.units),
            "shared": check_choice("linear", self.linear, ("node", "shared")) == "shared",
            "outputs": self.outputs,
            "node_exog": own,
            "window_norm": self.scale == "window",
            "dtype": self._precision(joint),
        }

    def _fitted_program(self) -> Program:
        return program_of(self._config.from_dict(self.config_), self.jit_compile, self.loss)

    def _small(self, panel: Panel) -> bool:
        return self.loss == "squared" and len(panel.y) * panel.n_targets * self.outputs <= SMALL_VALUES

    def _precision(self, panel: Panel) -> str:
        large = self.solver == "auto" and not self._small(panel)
        return "float32" if self.solver == "adam" or large else "float64"

    def _solver(self, program: Program, rows: int) -> str:
        """ "auto" by the work and not by the parameters, of which a network of many nodes has few."""
        if self.solver != "auto":
            return self.solver
        return "adam" if program.dtype == "float32" else "lbfgs"


def side_by_side(panel: Panel, rows: int) -> Panel:
    """The last `rows` rows of S series as one series of S targets and S*E covariates, series by series.

    A shorter series is filled up in front with its first row.
    """
    at = panel.offsets[1:] - np.arange(rows, 0, -1)[:, None]  # (T, S)
    at = np.maximum(at, panel.offsets[:-1])
    names = [f"{identity}: {name}" for identity in panel.ids for name in panel.layout.exog]
    layout = replace(
        panel.layout, form="single", y_kind="frame", multi=False, targets=panel.ids, exog=pd.Index(names)
    )
    return replace(
        panel,
        y=panel.y[:, 0][at],
        x=panel.x[at].reshape(rows, -1),
        offsets=np.array([0, rows], np.int64),
        ids=pd.Index([0]),
        layout=layout,
        order=None,
    )


def _apart(joint: Panel, own: bool) -> Panel:
    """The S targets of a joint panel as S series of one target, to choose lags by."""
    rows, nodes = joint.y.shape
    each = joint.x.reshape(rows, nodes, -1) if own else np.repeat(joint.x[:, None], nodes, axis=1)
    return replace(
        joint,
        y=joint.y.T.reshape(-1, 1),
        x=each.swapaxes(0, 1).reshape(rows * nodes, each.shape[2]),
        offsets=rows * np.arange(nodes + 1),
    )


def _weights_of_rows(panel: Panel, sample_weight: np.ndarray | None) -> np.ndarray | None:
    """Weights of the rows of the joint panel: of each time the mean over the series."""
    if sample_weight is None or panel.n_series == 1:
        return sample_weight
    rows = int(panel.lengths.min())
    return sample_weight[panel.offsets[1:] - np.arange(rows, 0, -1)[:, None]].mean(axis=1)
