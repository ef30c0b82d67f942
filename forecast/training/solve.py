"""One solver on one problem: the choice between best and last weights, the history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from forecast.training.adam import adam
from forecast.training.flat_network import Array
from forecast.training.lbfgs import lbfgs
from forecast.training.levenberg_marquardt import levenberg_marquardt
from forecast.training.monitor import Monitor
from forecast.training.options import Options, Solution
from forecast.training.problem import Problem
from forecast.training.start import Prior

SOLVERS: Mapping[str, Callable[..., Solution]] = MappingProxyType(
    {"lm": levenberg_marquardt, "lbfgs": lbfgs, "adam": adam}
)


def solve(
    problem: Problem,
    held_out: Problem | None,
    theta: Array,
    prior: Prior,
    options: Options,
    rng: np.random.Generator,
) -> tuple[Solution, list[dict[str, float]]]:
    """Run the solver that the options name: the best theta by validation, else the last; and the history.

    Weights that a callback sets when training ends, as `EarlyStopping(restore_best_weights=True)` does, come first.
    """
    monitor = Monitor(problem, held_out, theta, options)
    solution = SOLVERS[options.solver](problem, monitor.start, prior, options, monitor, rng)
    history = monitor.close(solution.theta)
    keep_last = held_out is None and options.solver != "adam" and np.all(np.isfinite(solution.theta))
    chosen = solution.theta if keep_last else monitor.best
    if monitor.restored is not None:
        return Solution(monitor.restored), history
    return Solution(chosen, solution.evidence), history
