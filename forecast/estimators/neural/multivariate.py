"""All series of a panel as the targets of one network: what families that look across series share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from forecast._checks import check_choice, check_count, explain
from forecast.estimators.neural.base import NeuralForecaster
from forecast.estimators.neural.fallback import unlearnable
from forecast.estimators.neural.inputs import View
from forecast.estimators.neural.options import resolve_lags
from forecast.panel import Panel
from forecast.training.window_program import WindowProgram

SMALL_VALUES = 50_000  # forecasts of one pass over the data up to which L-BFGS is the solver


@dataclass(kw_only=True, eq=False, repr=False)
class MultivariateForecaster(NeuralForecaster):
    """A network that sees S series at once, each a node, and forecasts all of them.

    Nodes are the series of a panel, or the target columns of a frame. Covariates of a panel belong to their
    series; those beside a frame are common to all nodes.

    Args:
        units: units of the state of a node.
        lags: lags of each node's autoregression: "auto" (those of one linear autoregression of all,
            plus the season), an int n for lags 1..n, or a list.
        exog_lags: lags of the covariates there; "auto" = those that the data show, else 0; an int n for
            0..n, or a list.
        linear: "node" for an autoregression of each node, "shared" for one of all.
        outputs: steps the network forecasts at once; longer horizons follow in blocks fed back.
        loss: "squared" errors, or "absolute" ones for "adam" to minimise, in units of `scale`: forecasts are
            then medians, which a few large errors affect less. The autoregression starts at least squares.
        solver: "lbfgs", "adam", or "auto": the first for small data, the second for large data or absolute errors.
            There is no Levenberg-Marquardt: its Jacobian would hold every node by all weights.

    Training in closed loop needs `outputs=1`.

    Attributes:
        nodes_: names of the nodes.
    """

    units: int = 8
    lags: int | Sequence[int] | str = "auto"
    exog_lags: int | Sequence[int] | str = "auto"
    linear: str = "node"
    outputs: int = 1

    scale: str | None = "series"

    _one_end: ClassVar[bool] = True  # forecasts of all nodes begin at one time
    _solvers: ClassVar[tuple[str, ...]] = ("auto", "lbfgs", "adam")
    _scales: ClassVar[tuple[str | None, ...]] = ("series", "window", "level", None)

    # ---------------------------------------------------------------- what a family adds

    def _tied(self) -> bool:
        """Whether the nodes depend on each other, and so need rows of the same time."""
        raise NotImplementedError

    def _sums(self, joint: Panel) -> np.ndarray | None:
        """Matrix (S, S) by which forecasts of all nodes agree with each other; None where they need not."""
        return None

    # ---------------------------------------------------------------- hooks of the base

    def _check_options(self) -> None:
        super()._check_options()
        check_choice("linear", self.linear, ("node", "shared"))
        if check_count("outputs", self.outputs) > 1 and self.training != "one-step":
            allowed, remedy = '"one-step" with outputs above 1', "Pass outputs=1"
            raise ValueError(explain("training", allowed, repr(self.training), remedy))

    def _view(self, panel: Panel, *, whole: bool = False) -> View:
        if panel.n_series == 1:
            return Multivariate(panel, panel, self._sums(panel))
        if panel.n_targets > 1:
            received = f"{panel.n_series} series of {panel.n_targets} targets"
            remedy = "Give a panel of one target, or a frame with a column for each node"
            raise ValueError(
                explain("y", "one target in a panel, each series being a node", received, remedy)
            )
        spans = np.stack([panel.lengths, panel.timeline.starts])
        if self._tied() and not whole and (spans != spans[:, :1]).any():
            remedy = "Cut them to the time that all of them cover"
            raise ValueError(
                explain("y", "series over the same time, being nodes tied to each other", "others", remedy)
            )
        joint = side_by_side(panel, int(panel.lengths.max() if whole else panel.lengths.min()))
        return Multivariate(joint, panel, self._sums(joint))

    def _unlearnable(self, panel: Panel, rows: int) -> dict[Any, str]:
        """Only the constant nodes of a panel: the others still read them, only their own forecast is naive."""
        found = unlearnable(panel, rows) if panel.n_series > 1 else {}
        return {name: reason for name, reason in found.items() if reason == "constant"}

    def _learnable(self, panel: Panel) -> View:
        return self._view(panel)

    def _small(self, panel: Panel) -> bool:
        return self.loss == "squared" and len(panel.y) * panel.n_targets * self.outputs <= SMALL_VALUES

    def _precision(self, panel: Panel) -> str:
        large = self.solver == "auto" and not self._small(panel)
        return "float32" if self.solver == "adam" or large else "float64"

    def _solver(self, program: WindowProgram, rows: int) -> str:
        """ "auto" depends on the work, not on the parameters, of which a network of many nodes has few."""
        if self.solver != "auto":
            return self.solver
        return "adam" if program.dtype == "float32" else "lbfgs"

    # ---------------------------------------------------------------- inside

    @property
    def nodes_(self) -> np.ndarray:
        """Names of the nodes."""
        layout = self.panel_.layout
        return np.array(
            layout.target_names if self.panel_.n_series == 1 else list(self.panel_.ids), dtype=object
        )

    def _layout(self, joint: Panel) -> dict[str, Any]:
        """What the configs of both families share."""
        # in the panel `side_by_side` makes, and in no other without X, covariates belong to the nodes
        own = joint.layout.form == "single" and joint.n_exog > 0
        lags, exog_lags, _ = resolve_lags(self.lags, self.exog_lags, _apart(joint, own), self.season)
        return {
            **self._common(joint),
            "lags": lags,
            "exog_lags": exog_lags,
            "units": check_count("units", self.units),
            "shared": self.linear == "shared",
            "outputs": self.outputs,
            "node_exog": own,
        }


class Multivariate(View):
    """The series of a panel side by side, as the targets of one network; the targets of a single series unchanged.

    Args:
        joint: one series of S targets, its last rows those of `panel`.
        panel: the user's panel.
        sums: matrix (S, S) that makes forecasts of all nodes agree, or None.
    """

    apart: ClassVar[bool] = False

    def __init__(self, joint: Panel, panel: Panel, sums: np.ndarray | None) -> None:
        super().__init__(joint)
        self.user, self.sums = panel, sums

    def weights(self, sample_weight: np.ndarray | None) -> np.ndarray:
        if sample_weight is None or self.user.n_series == 1:
            return super().weights(sample_weight)
        return sample_weight[_last_rows(self.user, len(self.panel.y))].mean(axis=1)

    def future(self, x: np.ndarray) -> np.ndarray:
        return x if self.user.n_series == 1 else x.swapaxes(0, 1).reshape(1, x.shape[1], -1)  # (1, H, S*E)

    def steps(self, values: np.ndarray) -> np.ndarray:
        values = self._summed(values)
        return values if self.user.n_series == 1 else values.swapaxes(0, 2)  # (S, H, 1)

    def rows(self, values: np.ndarray) -> np.ndarray:
        values = self._summed(values)  # (T, S)
        if self.user.n_series == 1:
            return values
        return values.T[np.arange(len(values)) >= len(values) - self.user.lengths[:, None]][:, None]

    def _summed(self, values: np.ndarray) -> np.ndarray:
        return values if self.sums is None else values @ self.sums


def side_by_side(panel: Panel, rows: int) -> Panel:
    """The last `rows` rows of S series as one series of S targets and S*E covariates, series by series.

    Shorter series begin as in `_last_rows`.
    """
    at = _last_rows(panel, rows)
    names = [f"{identity}: {name}" for identity in panel.ids for name in panel.layout.exog]
    layout = replace(
        panel.layout,
        form="single",
        y_kind="frame",
        multi=False,
        targets=panel.ids,
        exog=pd.Index(names),
        categories={},
        calendar=(),
    )
    return replace(
        panel,
        y=panel.y[:, 0][at],
        x=panel.x[at].reshape(rows, -1),
        offsets=np.array([0, rows], np.int64),
        timeline=panel.timeline.of(np.array([0])),
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


def _last_rows(panel: Panel, rows: int) -> np.ndarray:
    """Numbers (rows, S) of the last rows of each series; a shorter one is padded in front with its first row."""
    at = panel.offsets[1:] - np.arange(rows, 0, -1)[:, None]
    return np.maximum(at, panel.offsets[:-1])
