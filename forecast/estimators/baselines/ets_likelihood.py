"""The likelihood of statsmodels' ETSModel, maximised by its exact gradient.

`ETSModel.fit` takes differences of the likelihood for its gradient. Their noise ends the search early and decides
between neighbouring maxima: multiplying a series by 1 + 1e-12 can change the forecasts in the second digit. The
smoothing recursion is compiled for complex numbers too, and the derivative along an imaginary step has no noise.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from statsmodels.tsa.exponential_smoothing.ets import ETSModel

_STEP = 1e-30  # imaginary, so that its square vanishes beside every real part
_EDGE = 1e-4  # statsmodels' distance of a smoothing weight from 0 and 1
_SEARCHES = 4  # a search may end early where its curvature misleads it; the next restarts from there
_DAMPING = (0.8, 0.98)  # statsmodels' bounds


def maximise(model: ETSModel, iterations: int = 1000) -> np.ndarray:
    """Parameters of greatest likelihood, in the order of `model.param_names`, from `model.start_params`.

    The bounds are statsmodels': 0 < alpha < 1, 0 < beta < alpha, 0 < gamma < 1 - alpha, 0.8 <= phi <= 0.98, and
    the last initial season fixed at 0, or at 1 for factors.
    """
    names = [*_names(model)]
    free = np.array([name in model.param_names for name in names])
    full = _start(model, names)
    free[-1] &= not model.has_seasonal
    lower, upper = np.full(len(names), -np.inf), np.full(len(names), np.inf)
    lower[:3], upper[:3] = _EDGE, 1 - _EDGE
    lower[3], upper[3] = _DAMPING
    cost = _Cost(model, full, np.flatnonzero(free))
    bounds = list(zip(lower[free], upper[free], strict=True))
    options = {"maxiter": iterations, "maxfun": 10 * iterations, "ftol": 1e-14, "gtol": 1e-8, "maxcor": 30}

    def searched(point: np.ndarray) -> tuple[np.ndarray, float]:
        last = np.inf
        for _ in range(_SEARCHES):
            found = minimize(cost, point, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
            point = found.x
            if not found.fun < last - 1e-10:
                break
            last = found.fun
        return point, float(found.fun)

    start = full.copy()
    full[free], least = searched(full[free])
    if free[1] and full[1] >= upper[1]:  # beta = alpha is often a lesser maximum, where the search was caught
        start[4:] = full[4:]
        other, cost_there = searched(start[free])
        if cost_there < least:
            full[free] = other
    full[1] *= full[0]
    full[2] *= 1 - full[0]
    values = dict(zip(names, full, strict=True))
    return np.array([values[name] for name in model.param_names])


def _names(model: ETSModel) -> list[str]:
    """All parameters of the smoothing recursion, in its order."""
    weights = ["smoothing_level", "smoothing_trend", "smoothing_seasonal", "damping_trend"]
    seasons = [f"initial_seasonal.{season}" for season in range(model.seasonal_periods)]
    return [*weights, "initial_level", "initial_trend", *seasons]


def _start(model: ETSModel, names: list[str]) -> np.ndarray:
    """Start of the search: beta as a fraction of alpha and gamma of 1 - alpha, as in the recursion."""
    given = dict(zip(model.param_names, np.asarray(model.start_params, dtype=float), strict=True))
    if model.initialization_method == "heuristic":
        given |= {"initial_level": model.initial_level, "initial_trend": model.initial_trend}
        seasons = np.broadcast_to(model.initial_seasonal, model.seasonal_periods)[::-1]
        given |= {f"initial_seasonal.{season}": value for season, value in enumerate(seasons)}
    start = np.array([given.get(name, 0.0) for name in names], dtype=float)
    start[1] /= start[0]
    start[2] /= 1 - start[0]
    if not model.damped_trend:
        start[3] = 1.0
    return start


class _Cost:
    """Negative log-likelihood per row, up to a constant, and its gradient by the `free` parameters."""

    def __init__(self, model: ETSModel, full: np.ndarray, free: np.ndarray) -> None:
        self.model, self.full, self.free = model, full.astype(complex), free
        self.data = np.asarray(model.endog, dtype=complex)
        self.fitted = np.zeros(len(self.data), dtype=complex)
        self.states = np.zeros((len(self.data), 2 + model.seasonal_periods), dtype=complex)
        self.none = np.zeros(len(full), dtype=np.int64)

    def __call__(self, values: np.ndarray) -> tuple[float, np.ndarray]:
        self.full[self.free] = values
        gradient, cost = np.empty(len(values)), np.nan
        for position, place in enumerate(self.free):
            self.full[place] += 1j * _STEP
            complex_cost = self._cost()
            self.full[place] = self.full[place].real
            cost, gradient[position] = complex_cost.real, complex_cost.imag / _STEP
        if not (np.isfinite(cost) and np.isfinite(gradient).all()):
            return 1e10, np.zeros(len(values))  # the line search steps back
        return cost, gradient

    def _cost(self) -> complex:
        # The recursion behind `ETSModel.loglike`, which statsmodels keeps private.
        self.model._smoothing_func(
            self.full, self.data, self.fitted, self.states, self.none, self.full, True, True
        )
        error = self.data - self.fitted
        if self.model.error == "add":
            return complex(0.5 * np.log(np.mean(error**2)))
        # log |f| = log(f^2) / 2: the modulus of a complex number has no complex derivative.
        relative = np.mean((error / self.fitted) ** 2)
        return complex(0.5 * (np.log(relative) + np.mean(np.log(self.fitted**2))))
