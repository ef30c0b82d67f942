"""How to train, and what a solver returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras

from forecast.training.flat_network import Array


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to train. The fields are those of the neural estimators, which document them, and a few more.

    Args:
        select: whether the linear model may be kept; all_rows: whether a network found with a validation part is
            trained again on all rows.
        ahead: steps of the closed loop by which a network is judged, 0 where it is not.
        trial: whether a sample of many rows is enough.
        warm_up: steps of Levenberg-Marquardt under the first prior: where the nonlinear branch starts at zero,
            evidence would prune it at once.
    """

    solver: str = "auto"
    training: str = "one-step"
    steps: int = 10
    epochs: int = 200
    batch_size: int = 64
    learning_rate: float = 1e-3
    weight_decay: float | None = None
    validation: float | int = 0
    patience: int = 20
    tolerance: float = 1e-4
    verbose: int = 0
    callbacks: Sequence[keras.callbacks.Callback] = ()
    loss: Any = None
    decoding: str = "free-run"
    select: bool = True
    all_rows: bool = False
    ahead: int = 0
    trial: bool = False
    warm_up: int = 12


@dataclass(frozen=True, eq=False)
class Solution:
    """theta (P,) and its log evidence up to an additive constant; NaN for solvers that do not compute it."""

    theta: Array
    evidence: float = float("nan")
