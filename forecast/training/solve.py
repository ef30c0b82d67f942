"""One solver on one problem: the options, the choice between best and last weights, the history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from forecast.training.adam import adam
from forecast.training.flat_network import Array
from forecast.training.lbfgs import lbfgs
from forecast.training.levenberg_marquardt import levenberg_marquardt
from forecast.training.monitor import Monitor
from forecast.training.prior import Prior
from forecast.training.problem import Problem


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to train. The fields are those of the neural estimators, which document them."""

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


def solve(
    solver: str,
    problem: Problem,
    held_out: Problem | None,
    theta: Array,
    prior: Prior,
    options: Options,
    rng: np.random.Generator,
) -> tuple[Array, list[dict[str, float]], float]:
    """Run one solver: the best theta by validation, else the last; the history; the log evidence or NaN."""
    monitor = Monitor(
        problem,
        held_out,
        theta,
        patience=options.patience,
        total=options.epochs,
        verbose=options.verbose,
        callbacks=options.callbacks,
    )
    if solver == "adam":
        solution = adam(
            problem,
            theta,
            prior=prior,
            epochs=options.epochs,
            batch_size=options.batch_size,
            learning_rate=options.learning_rate,
            rng=rng,
            monitor=monitor,
        )
    else:
        minimise = levenberg_marquardt if solver == "lm" else lbfgs
        solution = minimise(
            problem,
            theta,
            prior=prior,
            iterations=options.epochs,
            tolerance=options.tolerance,
            monitor=monitor,
        )
    history = monitor.close()
    keep_last = held_out is None and solver != "adam" and np.all(np.isfinite(solution.theta))
    return (solution.theta if keep_last else monitor.best), history, solution.evidence
