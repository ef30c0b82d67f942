"""L-BFGS by scipy: for networks too large for J'J, on data small enough for full passes."""

from __future__ import annotations

import numpy as np
import scipy.optimize

from forecast.training.flat_network import Array
from forecast.training.monitor import Monitor
from forecast.training.options import Options, Solution
from forecast.training.problem import Smooth
from forecast.training.start import Prior


def lbfgs(
    problem: Smooth,
    theta: Array,
    prior: Prior,
    options: Options,
    monitor: Monitor,
    rng: np.random.Generator,
) -> Solution:
    """Minimise the weighted mean cost + decay ||theta - center||^2 (Liu and Nocedal 1989).

    Args:
        problem: gives the cost and its gradient; an infinite cost makes the line search step back.
        theta: (P,) start.
        prior: the weight decay and its centre.
        options: `epochs`, the largest number of iterations; `tolerance`, stop when an iteration lowers the loss by
            less than a hundredth of this fraction.
        monitor: called after each iteration.
        rng: not used; nothing here is random.

    Returns:
        the best theta (P,) the line search accepted, without evidence.
    """
    best, error = theta, np.inf

    def objective(candidate: Array) -> tuple[float, Array]:
        nonlocal error
        monitor.begin()
        error, gradient = problem.gradient(candidate)
        penalty, pull = prior.penalty(candidate)
        if not np.isfinite(error):
            return 1e30, np.zeros_like(candidate)
        return error / problem.count + penalty, gradient / problem.count + pull

    def after(candidate: Array) -> None:
        nonlocal best
        best = np.copy(candidate)
        if monitor(best, error):
            raise StopIteration

    scipy.optimize.minimize(
        objective,
        theta.astype("float64"),
        jac=True,
        method="L-BFGS-B",
        callback=after,
        options={
            "maxiter": options.epochs,
            "maxcor": 20,
            "ftol": options.tolerance * 1e-2,
            "gtol": 1e-9,
        },
    )
    return Solution(best)
