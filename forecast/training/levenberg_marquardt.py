"""Levenberg-Marquardt with Bayesian regularisation, for networks of up to a few thousand parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.linalg

from forecast.training.problem import Problem
from forecast.training.program import Array

SMALLEST, LARGEST = 1e-9, 1e9  # bounds of a prior precision relative to the noise precision
STRIDE = 10.0  # an update of a prior precision changes it by at most this factor
WARM_UP = (
    12  # steps under the initial prior: the evidence of a branch that still starts at zero would prune it
)
Monitor = Callable[[Array, float], bool]


@dataclass
class Prior:
    """A Gaussian prior on theta: precision alpha_g for each group g of parameters, around `center`.

    Args:
        groups: (P,) group number of each parameter; -1 leaves a parameter free.
        center: (P,) where the prior pulls to: the linear AR solution, zero for the nonlinear branch.
        decay: a fixed strength, the penalty decay * ||theta - center||^2 beside the mean squared error, or None: from
            the evidence.
    """

    groups: Array
    center: Array
    decay: float | None = None

    def initial(self, count: float) -> Array:
        """(P,) precisions to start from: unit variance in the units of scaled data, or the fixed decay."""
        return np.where(self.groups < 0, 0.0, 1.0 if self.decay is None else self.decay * count)

    def penalty(self, theta: Array) -> tuple[float, Array]:
        """(decay ||theta - center||^2, its gradient), for the solvers that know no evidence (None: zero)."""
        pull = np.where(self.groups < 0, 0.0, (self.decay or 0.0) * (theta - self.center))
        return float(pull @ (theta - self.center)), 2.0 * pull

    def evidence(self, theta: Array, precision: Array, inverse: Array, beta: float) -> tuple[Array, float]:
        """New precisions and gamma, the number of well-determined parameters (MacKay 1992)."""
        updated, gamma = precision.copy(), float(np.sum(self.groups < 0))
        for group in range(int(self.groups.max()) + 1):
            members = self.groups == group
            size, alpha = int(members.sum()), float(precision[members][0])
            determined = float(np.clip(size - alpha * np.sum(np.diag(inverse)[members]), 0.0, size))
            spread = float(np.sum((theta[members] - self.center[members]) ** 2))
            value = np.clip((determined + 1e-12) / (spread + 1e-12), alpha / STRIDE, alpha * STRIDE)
            updated[members] = np.clip(value, SMALLEST * beta, LARGEST * beta)
            gamma += determined
        return updated, gamma


def levenberg_marquardt(
    problem: Problem,
    theta: Array,
    *,
    prior: Prior,
    iterations: int = 100,
    tolerance: float = 1e-5,
    monitor: Monitor = lambda theta, error: False,
) -> Array:
    """Minimise F = beta/2 sum r^2 + 1/2 sum_p alpha_p (theta_p - center_p)^2 and re-estimate alpha, beta as it goes.

    Each step solves (beta J'J + A + mu D) delta = beta J'r - A (theta - center), A = diag(alpha), D = the diagonal of
    the first two terms. mu falls after a step that lowers F and grows after one that is refused (Marquardt 1963). With
    `prior.decay=None`, gamma = P - sum_p alpha_p (H^-1)_pp, alpha_g = gamma_g / sum_g (theta - center)^2 and
    beta = (N - gamma) / sum r^2 follow from the evidence (MacKay 1992; Foresee and Hagan 1997).

    Args:
        problem: gives J'J, J'r and the squared error at theta; an infinite error (a diverged run) is refused.
        theta: (P,) start.
        prior: groups, centre and strength of the weight decay.
        iterations: at most this many accepted steps.
        tolerance: stop when three accepted steps in a row lower F by less than this part.
        monitor: called with (theta, squared error) after each accepted step; True stops.

    Returns:
        theta (P,) with the lowest F.
    """
    precision, damping, quiet = prior.initial(problem.count), 1e-3, 0
    hessian, gradient, error = problem.normal(theta)
    beta = _noise_precision(problem.count, error, 0.0) if prior.decay is None else 1.0
    for iteration in range(iterations):
        curvature = beta * hessian + np.diag(precision)
        slope = beta * gradient - precision * (theta - prior.center)
        cost = _cost(theta, error, beta, precision, prior.center)
        step = _accepted_step(problem, theta, curvature, slope, cost, damping, beta, precision, prior.center)
        if step is None:
            break
        theta, new_cost, damping = step
        hessian, gradient, error = problem.normal(theta)
        if prior.decay is None and iteration >= WARM_UP:
            inverse = _inverse(beta * hessian + np.diag(precision))
            precision, gamma = prior.evidence(theta, precision, inverse, beta)
            beta = _noise_precision(problem.count, error, gamma)
        if monitor(theta, error):
            break
        quiet = quiet + 1 if cost - new_cost < tolerance * abs(cost) else 0
        if quiet == 3 and (iteration > WARM_UP or prior.decay is not None):
            break
    return theta


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
