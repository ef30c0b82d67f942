"""Adam on random batches, many optimizer steps in one compiled call: for large networks and many series."""

from __future__ import annotations

import numpy as np

from forecast.training.flat_network import Array
from forecast.training.monitor import Monitor
from forecast.training.options import Options, Solution
from forecast.training.problem import Problem
from forecast.training.start import Prior

STACK_VALUES = 4_000_000  # values in the batches of one compiled call
STACK = 256  # steps of one compiled call at most


def adam(
    problem: Problem,
    theta: Array,
    prior: Prior,
    options: Options,
    monitor: Monitor,
    rng: np.random.Generator,
) -> Solution:
    """Minimise the weighted mean cost by Adam (Kingma and Ba 2015), the learning rate falling to zero along a cosine.

    Args:
        problem: gives the batches.
        theta: (P,) start.
        prior: weight decay, decoupled from the gradient (Loshchilov and Hutter 2019), towards the prior's
            centre.
        options: `epochs`, passes over the windows; `batch_size`, windows per step, where the last stack of an epoch
            is filled up with the epoch's first windows; `learning_rate`, that of the first step. Once a callback sets
            the rate, the cosine ends and the callbacks determine it.
        monitor: called at each epoch and batch.
        rng: draws the batches.

    Returns:
        the last theta (P,), without evidence; the monitor keeps the best.
    """
    program, epochs = problem.program, options.epochs
    size = min(options.batch_size, len(problem))
    calls, stack = _layout(
        -(-len(problem) // size), size * sum(part[0].size for part in problem.take(np.arange(1)))
    )
    pull = np.where(prior.groups < 0, 0.0, prior.decay or 0.0)
    m, v, done, steps = np.zeros_like(theta), np.zeros_like(theta), 0, epochs * calls * stack
    for _ in range(epochs):
        monitor.begin()
        error = 0.0
        order = np.resize(rng.permutation(len(problem)), calls * stack * size)
        for which in order.reshape(calls, stack * size):
            batches = [part.reshape(stack, size, *part.shape[1:]) for part in problem.take(which)]
            rate = monitor.rate(options.learning_rate * 0.5 * (1.0 + np.cos(np.pi * done / steps)))
            theta, m, v, _, losses = program.call(
                problem.update, monitor.theta, m, v, done, rate, pull, prior.center, *batches
            )
            theta = monitor.batch(theta, float(losses.mean()), stack)
            error += float(losses @ batches[-1].reshape(stack, -1).sum(axis=1))
            done += stack
        if monitor(theta, error):
            break
    return Solution(theta)


def _layout(steps: int, values: int) -> tuple[int, int]:
    """(calls, steps per call) for an epoch of `steps` batches of `values` values; all stacks have one size."""
    calls = -(-steps // max(1, min(STACK, STACK_VALUES // values)))
    return calls, -(-steps // calls)
