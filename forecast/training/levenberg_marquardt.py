"""Levenberg-Marquardt with Bayesian regularisation, for networks of up to a few thousand parameters."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.linalg
from threadpoolctl import threadpool_limits

from forecast.training.flat_network import Array
from forecast.training.monitor import Monitor
from forecast.training.options import Options, Solution
from forecast.training.problem import LeastSquares
from forecast.training.start import Prior

SMALL, MANY = 400, 8_192  # parameters below which, and rows above which, matrices are faster in one thread
SETTLED = 0.1  # the priors have settled when an update changes the log evidence by less than this
EXACT = 1e-10  # fraction of the variance of the targets below which errors are rounding, not noise


def levenberg_marquardt(
    problem: LeastSquares,
    theta: Array,
    prior: Prior,
    options: Options,
    monitor: Monitor,
    rng: np.random.Generator,
) -> Solution:
    """Minimise F = beta/2 sum r^2 + 1/2 sum_p alpha_p (theta_p - center_p)^2, re-estimating alpha and beta.

    Each step solves (beta J'J + A + mu D) delta = beta J'r - A (theta - center), A = diag(alpha), D = the
    diagonal of the first two terms. mu falls after a step that lowers F and grows after one that is rejected
    (Marquardt 1963). With `prior.decay=None`, after a warm-up under the first prior,
    gamma = P - sum_p alpha_p (H^-1)_pp, alpha_g = gamma_g / sum_g (theta - center)^2 and
    beta = (N - gamma) / sum r^2 follow from the evidence (MacKay 1992; Foresee and Hagan 1997).

    Args:
        problem: gives J'J, J'r and the squared error at theta; an infinite error (a diverged run) is rejected.
        theta: (P,) start.
        prior: groups, centre and strength of the weight decay.
        options: `epochs`, the largest number of steps; `tolerance`, stop when three steps in a row lower the squared
            error by less than this fraction.
        monitor: called after each step.
        rng: not used; nothing here is random.

    Returns:
        the last theta, that of the lowest F under the last prior, and its evidence.
    """
    in_blocks = len(problem) > MANY  # the blocks of rows already run in threads
    threads = 1 if theta.size < SMALL or in_blocks else None  # threads slow small matrices down
    with threadpool_limits(limits=threads, user_api="blas"):
        return _minimise(problem, theta, prior, options, monitor)


@dataclass(frozen=True, eq=False)
class _Posterior:
    """F(theta) = beta/2 sum r^2 + 1/2 sum_p alpha_p (theta_p - center_p)^2 under given precisions.

    Args:
        problem: the data.
        prior: groups and centre.
        precision: alpha (P,).
        beta: precision of the noise.
    """

    problem: LeastSquares
    prior: Prior
    precision: Array
    beta: float

    def cost(self, theta: Array, error: float) -> float:
        """F at theta, whose squared error is `error`."""
        return 0.5 * self.beta * error + self.prior.cost(theta, self.precision)

    def curvature(self, hessian: Array) -> Array:
        """beta J'J + A."""
        return self.beta * hessian + np.diag(self.precision)

    def slope(self, theta: Array, gradient: Array) -> Array:
        """-dF / dtheta."""
        return self.beta * gradient - self.precision * (theta - self.prior.center)

    def log_evidence(self, theta: Array, hessian: Array, error: float) -> float:
        """log p(y) = -F - log|H| / 2 + sum_p log alpha_p / 2 + N/2 log beta, Laplace's method (MacKay 1992)."""
        _, determinant = np.linalg.slogdet(self.curvature(hessian))
        known = self.precision[self.precision > 0]
        gain = 0.5 * (np.sum(np.log(known)) - determinant + self.problem.count * np.log(self.beta))
        return float(gain - self.cost(theta, error))

    def updated(self, theta: Array, hessian: Array, error: float) -> _Posterior:
        """The precisions re-estimated from the evidence at theta."""
        inverse = _inverse(self.curvature(hessian))
        precision, gamma = self.prior.evidence(theta, self.precision, inverse, self.beta)
        return replace(self, precision=precision, beta=_noise_precision(self.problem, error, gamma))


def _minimise(
    problem: LeastSquares, theta: Array, prior: Prior, options: Options, monitor: Monitor
) -> Solution:
    by_evidence, damping, quiet = prior.decay is None, 1e-3, 0
    hessian, gradient, error = problem.normal(theta)
    beta = _noise_precision(problem, error, 0.0) if by_evidence else 1.0
    posterior = _Posterior(problem, prior, prior.initial(problem.count), beta)
    evidence, evident, settled = -np.inf, False, not by_evidence or options.epochs <= options.warm_up
    for iteration in range(options.epochs):
        monitor.begin()
        curvature, slope = posterior.curvature(hessian), posterior.slope(theta, gradient)
        step = _accepted_step(posterior, theta, error, curvature, slope, damping)
        if step is not None:
            before, (theta, damping) = error, step
            hessian, gradient, error = problem.normal(theta)
            quiet = quiet + 1 if abs(before - error) < options.tolerance * before else 0
        at_rest = step is None or quiet >= 3
        if at_rest and settled:
            break
        if by_evidence and (evident or at_rest or iteration >= options.warm_up):
            posterior, last = posterior.updated(theta, hessian, error), evidence
            evidence = posterior.log_evidence(theta, hessian, error)
            evident, settled = True, abs(evidence - last) < SETTLED
        if monitor(theta, error):
            break
    return Solution(theta, posterior.log_evidence(theta, hessian, error) if by_evidence else float("nan"))


def _accepted_step(
    posterior: _Posterior, theta: Array, error: float, curvature: Array, slope: Array, damping: float
) -> tuple[Array, float] | None:
    """Raise the damping until a step lowers the cost: (theta, the next damping), or None."""
    cost = posterior.cost(theta, error)
    diagonal = np.diag(curvature) + 1e-9 * np.diag(curvature).max()
    while damping < 1e10:
        candidate = theta + _solve(curvature + np.diag(damping * diagonal), slope)
        if posterior.cost(candidate, posterior.problem.error(candidate)) < cost:
            return candidate, max(damping / 5.0, 1e-12)
        damping *= 4.0
    return None


def _noise_precision(problem: LeastSquares, error: float, gamma: float) -> float:
    """beta of a squared error with gamma well-determined parameters; an error that is only rounding counts as EXACT."""
    count = problem.count
    return max(count - gamma, 0.1 * count) / max(error, EXACT * problem.variation, 1e-300)


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
