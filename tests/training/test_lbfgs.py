"""L-BFGS reaches the minimum that Levenberg-Marquardt reaches, and steps back from a diverged run."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.training.lbfgs import lbfgs
from forecast.training.levenberg_marquardt import levenberg_marquardt
from forecast.training.start import Prior
from tests.training.cases import Squares, free_run, one_step, program, run, theta


def fit_by(solver, problem, start, **options):
    return run(solver, problem, start, **options)[0]


pytestmark = pytest.mark.backend


def test_same_minimum_of_a_convex_problem() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 4)), rng.normal(size=60)
    prior = Prior(np.array([0, 0, 0, -1]), rng.normal(size=4), 0.1)
    problem, start = Squares.linear(X, y), np.zeros(4)
    by_lm = fit_by(levenberg_marquardt, problem, start, prior=prior, tolerance=1e-14).theta
    by_lbfgs = fit_by(lbfgs, problem, start, prior=prior, epochs=200, tolerance=1e-12).theta
    np.testing.assert_allclose(by_lbfgs, by_lm, rtol=1e-5)


@pytest.mark.parametrize("kind", ["one-step", "free-run"])
def test_a_network_gets_as_good_as_with_lm(kind: str) -> None:
    problem = one_step() if kind == "one-step" else free_run()
    start = theta()
    prior = Prior(np.zeros(start.size, int), np.zeros(start.size), 0.05)

    def objective(at: np.ndarray) -> float:
        return problem.error(at) / problem.count + prior.penalty(at)[0]

    by_lm = fit_by(levenberg_marquardt, problem, start, prior=prior, tolerance=1e-9, epochs=300).theta
    by_lbfgs = fit_by(lbfgs, problem, start, prior=prior, epochs=500, tolerance=1e-9).theta
    assert objective(by_lm) < 0.9 * objective(start)
    assert objective(by_lbfgs) == pytest.approx(objective(by_lm), rel=1e-3)


def test_every_iteration_is_told_with_its_own_error() -> None:
    problem, told = one_step(), []
    prior = Prior(np.full(program().size, -1), np.zeros(program().size), 0.0)

    def monitor(at: np.ndarray, error: float) -> bool:
        assert error == pytest.approx(problem.error(at), rel=1e-9)
        told.append(error)
        return len(told) == 4

    last = fit_by(lbfgs, problem, theta(), prior=prior, epochs=100, tolerance=1e-12, monitor=monitor).theta
    assert len(told) == 4 and (np.diff(told) < 0).all()
    assert problem.error(last) == pytest.approx(told[-1], rel=1e-9)


def test_an_infinite_error_is_stepped_back_from() -> None:
    def residual(at: np.ndarray) -> np.ndarray:
        return at - 3.0 if at[0] < 2.5 else np.array([np.inf])

    problem = Squares(residual, lambda at: np.eye(1), 1)
    prior = Prior(np.array([-1]), np.zeros(1), 0.0)
    last = fit_by(lbfgs, problem, np.array([1.0]), prior=prior, epochs=50, tolerance=1e-9).theta
    assert np.isfinite(problem.error(last)) and 1.0 <= last[0] < 2.5
