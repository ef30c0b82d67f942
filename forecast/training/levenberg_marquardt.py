"""Levenberg-Marquardt with Bayesian regularisation, for networks of up to a few thousand parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.linalg
from threadpoolctl import threadpool_limits

from forecast.training.flat_network import Array
from forecast.training.prior import LARGEST, Prior
from forecast.training.problem import Problem

SMALL = 400  # parameters below which one thread is faster
SETTLED = 0.1  # the priors are at rest when an update changes the log evidence by less than this
WARM_UP = 12  # steps under the first prior: at the start, evidence would prune a branch that is still zero
Monitor = Callable[[Array, float], bool]


@dataclass(frozen=True, eq=False)
class Solution:
    """theta (P,) and the logarithm of its evidence, up to a constant of the data; NaN where nobody knows it."""

    theta: Array
    evidence: float = float("nan")


def levenberg_marquardt(
    problem: Problem,
    theta: Array,
    *,
    prior: Prior,
    iterations: int = 100,
    tolerance: float = 1e-4,
    monitor: Monitor = lambda theta, error: False,
) -> Solution:
    """Minimise F = beta/2 sum r^2 + 1/2 sum_p alpha_p (theta_p - center_p)^2, re-estimating alpha and beta.

    Each step solves (beta J'J + A + mu D) delta = beta J'r - A (theta - center), A = diag(alpha), D = the
    diagonal of the first two terms. mu falls after a step that lowers F and grows after one that is refused
    (Marquardt 1963). With `prior.decay=None`, after a warm-up under the first prior,
    gamma = P - sum_p alpha_p (H^-1)_pp, alpha_g = gamma_g / sum_g (theta - center)^2 and
    beta = (N - gamma) / sum r^2 follow from the evidence (MacKay 1992; Foresee and Hagan 1997).

    Args:
        problem: gives J'J, J'r and the squared error at theta; an infinite error (a diverged run) is refused.
        theta: (P,) start.
        prior: groups, centre and strength of the weight decay.
        iterations: at most this many steps.
        tolerance: stop when three steps in a row lower the squared error by less than this part.
        monitor: called with (theta, squared error) after each step; True stops.

    Returns:
        the last theta, that of the lowest F under the last prior, and its evidence.
    """
    threads = 1 if theta.size < SMALL else None  # threads cost small matrices more than they bring
    with threadpool_limits(limits=threads, user_api="blas"):
        return _minimise(problem, theta, prior, iterations, tolerance, monitor)


def _minimise(
    problem: Problem, theta: Array, prior: Prior, iterations: int, tolerance: float, monitor: Monitor
) -> Solution:
    precision, damping, quiet = prior.initial(problem.count), 1e-3, 0
    hessian, gradient, error = problem.normal(theta)
    beta = _noise_precision(problem.count, error, 0.0) if prior.decay is None else 1.0
    evidence, evident, settled = -np.inf, False, prior.decay is not None or iterations <= WARM_UP
    for iteration in range(iterations):
        curvature = beta * hessian + np.diag(precision)
        slope = beta * gradient - precision * (theta - prior.center)
        cost = _cost(theta, error, beta, precision, prior.center)
        step = _accepted_step(problem, theta, curvature, slope, cost, damping, beta, precision, prior.center)
        if step is not None:
            before, (theta, _, damping) = error, step
            hessian, gradient, error = problem.normal(theta)
            quiet = quiet + 1 if abs(before - error) < tolerance * before else 0
        at_rest = step is None or quiet >= 3
        if at_rest and settled:
            break
        if prior.decay is None and (evident or at_rest or iteration >= WARM_UP):
            inverse = _inverse(beta * hessian + np.diag(precision))
            precision, gamma = prior.evidence(theta, precision, inverse, beta)
            beta = _noise_precision(problem.count, error, gamma)
            last = evidence
            evidence = _log_evidence(hessian, error, problem.count, theta, precision, beta, prior.center)
            evident, settled = True, abs(evidence - last) < SETTLED
        if monitor(theta, error):
            break
    if prior.decay is not None:
        return Solution(theta)
    return Solution(theta, _log_evidence(hessian, error, problem.count, theta, precision, beta, prior.center))


def linear_evidence(problem: Problem, theta: Array, prior: Prior) -> float:
    """Log evidence of the linear model: every parameter with a prior held at its centre.

    Args:
        problem: the data.
        theta: (P,) with the free parameters of the linear model.
        prior: its centre is the linear model.
    """
    linear = np.where(prior.groups < 0, theta, prior.center)
    hessian, _, error = problem.normal(linear)
    beta = _noise_precision(problem.count, error, float(np.sum(prior.groups < 0)))
    precision = np.where(prior.groups < 0, 0.0, LARGEST * beta)
    return _log_evidence(hessian, error, problem.count, linear, precision, beta, prior.center)


def _log_evidence(
    hessian: Array, error: float, count: float, theta: Array, precision: Array, beta: float, center: Array
) -> float:
    """log p(y) = -F - log|H| / 2 + sum_p log alpha_p / 2 + N/2 log beta, Laplace's method (MacKay 1992)."""
    _, determinant = np.linalg.slogdet(beta * hessian + np.diag(precision))
    known = precision[precision > 0]
    cost = _cost(theta, error, beta, precision, center)
    return float(-cost + 0.5 * (np.sum(np.log(known)) - determinant + count * np.log(beta)))


def _accepted_step(
    problem: Problem,
    theta: Array,
    curvature: Array,
    slope: Array,
    cost: float,
    damping: float,
    beta: float,
    precision: Array,
    center: Array,
) -> tuple[Array, float, float] | None:
    """Raise the damping until a step lowers the cost: (theta, its cost, the next damping), or None."""
    diagonal = np.diag(curvature) + 1e-9 * np.diag(curvature).max()
    while damping < 1e10:
        candidate = theta + _solve(curvature + np.diag(damping * diagonal), slope)
        new_cost = _cost(candidate, problem.error(candidate), beta, precision, center)
        if new_cost < cost:
            return candidate, new_cost, max(damping / 5.0, 1e-12)
        damping *= 4.0
    return None


def _cost(theta: Array, error: float, beta: float, precision: Array, center: Array) -> float:
    return 0.5 * beta * error + 0.5 * float(np.sum(precision * (theta - center) ** 2))


def _noise_precision(count: float, error: float, gamma: float) -> float:
    return max(count - gamma, 0.1 * count) / max(error, 1e-20 * count)


def _solve(matrix: Array, vector: Array) -> Array:
    """The solution of a positive definite system, its rows and columns scaled to a unit diagonal."""
    scale = 1.0 / np.sqrt(np.diag(matrix))
    vector = (scale * vector.T).T
    scaled = matrix * scale[:, None] * scale[None, :]
    try:
        solution = scipy.linalg.cho_solve(scipy.linalg.cho_factor(scaled), vector)
    except np.linalg.LinAlgError:
        solution = np.linalg.lstsq(scaled, vector, rcond=None)[0]
    return (scale * solution.T).T


def _inverse(matrix: Array) -> Array:
    return _solve(matrix, np.eye(len(matrix)))
