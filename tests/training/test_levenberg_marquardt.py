"""Levenberg-Marquardt: least squares, ridge and evidence in closed form, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import BayesianRidge

from forecast.training.levenberg_marquardt import levenberg_marquardt
from forecast.training.start import Prior
from tests.training.cases import Squares, run


def fit_by(solver, problem, start, **options):
    return run(solver, problem, start, **options)[0]


pytestmark = pytest.mark.backend
RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 5)) * [1, 2, 1, 0.5, 1] + RNG.normal(size=(80, 1))
Y = X @ [1.0, -0.5, 0.0, 2.0, 0.3] + 0.7 * RNG.normal(size=80)
FREE, ONE = np.full(5, -1), np.zeros(5, int)
ZERO = np.zeros(5)


def test_least_squares() -> None:
    found = fit_by(levenberg_marquardt, Squares.linear(X, Y), ZERO, prior=Prior(FREE, ZERO), tolerance=1e-14)
    np.testing.assert_allclose(found.theta, np.linalg.lstsq(X, Y, rcond=None)[0], rtol=1e-6)


def test_fixed_decay_is_ridge_around_the_centre() -> None:
    center, decay = RNG.normal(size=5), 0.2
    groups = np.array([0, 0, -1, 1, 1])
    found = fit_by(
        levenberg_marquardt,
        Squares.linear(X, Y),
        ZERO,
        prior=Prior(groups, center, decay),
        tolerance=1e-15,
        epochs=200,
    )
    pull = np.diag(np.where(groups < 0, 0.0, decay * len(Y)))
    expected = np.linalg.solve(X.T @ X + pull, X.T @ Y + pull @ center)
    np.testing.assert_allclose(found.theta, expected, rtol=1e-6)
    assert np.isnan(found.evidence)


def test_evidence_of_a_linear_model_is_that_of_bayesian_ridge() -> None:
    found = fit_by(
        levenberg_marquardt, Squares.linear(X, Y), ZERO, prior=Prior(ONE, ZERO), tolerance=1e-14, epochs=500
    )
    flat = {"alpha_1": 0.0, "alpha_2": 0.0, "lambda_1": 0.0, "lambda_2": 0.0}
    reference = BayesianRidge(fit_intercept=False, compute_score=True, tol=1e-12, max_iter=5000, **flat)
    reference.fit(X, Y)
    np.testing.assert_allclose(found.theta, reference.coef_, rtol=1e-5)
    constant = 0.5 * len(Y) * np.log(2 * np.pi)
    assert found.evidence - constant == pytest.approx(reference.scores_[-1], rel=1e-6)


def test_evidence_prunes_a_group_that_does_not_matter() -> None:
    extra = RNG.normal(size=(80, 4))
    wide, groups = np.hstack([X, extra]), np.array([0] * 5 + [1] * 4)
    start = np.concatenate([ZERO, np.ones(4)])
    found = fit_by(
        levenberg_marquardt,
        Squares.linear(wide, Y),
        start,
        prior=Prior(groups, 0 * start),
        tolerance=1e-14,
        epochs=500,
    )
    alone = fit_by(
        levenberg_marquardt, Squares.linear(X, Y), ZERO, prior=Prior(ONE, ZERO), tolerance=1e-14, epochs=500
    )
    free = np.linalg.lstsq(wide, Y, rcond=None)[0]
    assert np.linalg.norm(found.theta[5:]) < 0.1 * np.linalg.norm(free[5:])
    np.testing.assert_allclose(found.theta[:5], alone.theta, atol=0.02)


def test_nonlinear_least_squares_with_a_known_minimum() -> None:
    rosenbrock = Squares(
        lambda at: np.array([10 * (at[1] - at[0] ** 2), 1 - at[0]]),
        lambda at: np.array([[-20 * at[0], 10.0], [-1.0, 0.0]]),
        2,
    )
    prior = Prior(np.full(2, -1), np.zeros(2), 0.0)
    found = fit_by(levenberg_marquardt, rosenbrock, np.array([-1.2, 1.0]), prior=prior, tolerance=1e-10)
    np.testing.assert_allclose(found.theta, [1.0, 1.0], atol=1e-6)


def test_a_step_that_raises_the_error_a_little_is_refused() -> None:
    # From 1.5 the step of Gauss and Newton to the root of arctan ends at -1.69, where the error is 1.1 times as large.
    arctan = Squares(np.arctan, lambda at: np.diag(1 / (1 + at**2)), 1)
    found, errors = run(
        levenberg_marquardt, arctan, np.array([1.5]), prior=Prior(np.array([-1]), np.zeros(1), 0.0), epochs=9
    )
    assert (np.diff([np.arctan(1.5) ** 2, *errors]) <= 0).all() and abs(found.theta[0]) < 1e-6


def test_a_step_of_infinite_error_is_refused() -> None:
    def residual(at: np.ndarray) -> np.ndarray:
        return at - 3.0 if at[0] < 2.5 else np.array([np.inf])

    seen: list[float] = []
    found = fit_by(
        levenberg_marquardt,
        Squares(residual, lambda at: np.eye(1), 1),
        np.zeros(1),
        prior=Prior(np.array([-1]), np.zeros(1), 0.0),
        monitor=lambda theta, error: seen.append(error),  # type: ignore[func-returns-value]
    )
    assert 2.0 < found.theta[0] < 2.5
    assert np.isfinite(seen).all() and (np.diff(seen) < 0).all()


def test_a_parameter_without_effect_does_no_harm() -> None:
    wide = np.hstack([X, np.zeros((80, 1))])
    for groups, decay in ((np.full(6, -1), 0.0), (np.zeros(6, int), None), (np.zeros(6, int), 0.1)):
        prior = Prior(groups, np.zeros(6), decay)
        found = fit_by(levenberg_marquardt, Squares.linear(wide, Y), np.zeros(6), prior=prior)
        assert np.isfinite(found.theta).all() and found.theta[5] == 0.0


def test_an_exact_fit_stays_finite() -> None:
    truth = X @ np.arange(5.0)
    found = fit_by(levenberg_marquardt, Squares.linear(X, truth), ZERO, prior=Prior(ONE, ZERO))
    np.testing.assert_allclose(found.theta, np.arange(5.0), atol=1e-4)
    assert np.isfinite(found.evidence)


def test_only_an_accepted_step_costs_a_jacobian() -> None:
    calls, tried = list[float](), set[float]()

    def slope(at: np.ndarray) -> np.ndarray:
        calls.append(at[0])
        return np.array([[-20 * at[0], 10.0], [-1.0, 0.0]])

    def residual(at: np.ndarray) -> np.ndarray:
        tried.add(at[0])
        return np.array([10 * (at[1] - at[0] ** 2), 1 - at[0]])

    prior = Prior(np.full(2, -1), np.zeros(2), 0.0)
    start = np.array([-1.2, 1.0])
    _, errors = run(
        levenberg_marquardt, Squares(residual, slope, 2), start, prior=prior, tolerance=1e-10, epochs=9
    )
    assert len(errors) == 9 and len(calls) == 10
    assert len(tried) > 10, "no step was refused: nothing is shown"


def test_the_monitor_stops() -> None:
    calls: list[float] = []

    def stop(theta: np.ndarray, error: float) -> bool:
        calls.append(error)
        return len(calls) == 2

    fit_by(levenberg_marquardt, Squares.linear(X, Y), ZERO, prior=Prior(ONE, ZERO), monitor=stop)
    assert len(calls) == 2
