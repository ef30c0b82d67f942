"""A compiled stack of Adam steps is a loop of single steps in numpy."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.training.adam import _layout, adam
from forecast.training.problem import Problem
from forecast.training.start import Prior
from tests.training.cases import BOTH, free_run, one_step, program, run, theta

pytestmark = pytest.mark.backend


def by_hand(
    problem: Problem, at: np.ndarray, prior: Prior, *, epochs: int, size: int, rate: float, seed: int
) -> tuple[np.ndarray, list[float]]:
    """Adam, gradient by gradient: the same batches, the same rate along an epoch."""
    name = "gradient" if len(problem.take(np.arange(1))) == 3 else "run_gradient"
    rng, m, v, count, errors = np.random.default_rng(seed), 0.0 * at, 0.0 * at, 0, []
    steps = -(-len(problem) // size)
    for epoch in range(epochs):
        order = np.resize(rng.permutation(len(problem)), steps * size)
        slowed = rate * 0.5 * (1 + np.cos(np.pi * epoch / epochs))
        errors.append(0.0)
        for which in order.reshape(steps, size):
            batch = problem.take(which)
            error, gradient = problem.program.call(name, at, *batch)
            errors[-1] += float(error)
            gradient = gradient / (batch[-1].sum() + 1e-12)
            gradient /= max(np.linalg.norm(gradient), 1.0)
            count += 1
            m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
            move = m / (1 - 0.9**count) / (np.sqrt(v / (1 - 0.999**count)) + 1e-8)
            pull = np.where(prior.groups < 0, 0.0, prior.decay)
            at = at - slowed * (move + pull * (at - prior.center))
    return at, errors


@pytest.mark.parametrize("kind", ["one-step", "free-run"])
@pytest.mark.slow
def test_a_stack_of_steps_is_a_loop(kind: str) -> None:
    problem = one_step(BOTH) if kind == "one-step" else free_run(BOTH)
    size = 16 if kind == "one-step" else 2
    start, rng = theta(BOTH), np.random.default_rng(6)
    groups = rng.integers(-1, 2, size=start.size)
    prior = Prior(groups, rng.normal(size=start.size), 0.3)
    options = {"epochs": 3, "batch_size": size, "learning_rate": 0.05}
    last, told = run(adam, problem, start, prior=prior, seed=9, **options)
    expected, errors = by_hand(problem, start, prior, epochs=3, size=size, rate=0.05, seed=9)
    np.testing.assert_allclose(last.theta, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(told, errors, rtol=1e-8)


def test_it_learns() -> None:
    problem, start = one_step(), theta()
    prior = Prior(np.full(program().size, -1), np.zeros(program().size))
    last, _ = run(adam, problem, start, prior=prior, epochs=60, batch_size=16, learning_rate=0.03)
    assert problem.error(last.theta) < 0.7 * problem.error(start)


@pytest.mark.parametrize(("steps", "values"), [(1, 10), (300, 10), (7, 3_000_000), (1000, 20_000)])
def test_stacks_of_an_epoch_are_alike_and_bounded(steps: int, values: int) -> None:
    calls, stack = _layout(steps, values)
    assert steps <= calls * stack < steps + calls
    assert stack <= 256 and (stack == 1 or stack * values <= 4_000_000)
