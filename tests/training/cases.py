"""Small problems on which the tests of training agree: one target alone, and two targets with a covariate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from forecast.networks import NARXConfig
from forecast.panel import Panel
from forecast.training.fit import one_step_problem
from forecast.training.options import Options
from forecast.training.problem import FreeRun, OneStep
from forecast.training.window_program import WindowProgram
from forecast.windows import Windows

ALONE = NARXConfig(lags=(1, 2), hidden=(3,), dtype="float64")
BOTH = NARXConfig(targets=2, exog=1, lags=(1, 3), exog_lags=(0, 2), hidden=(3,), dtype="float64")
LINEAR = NARXConfig(lags=(1, 2), hidden=(), dtype="float64")


@cache
def program(config: NARXConfig = ALONE, *, jit: bool = True) -> WindowProgram:
    """The compiled network of a config, the same for all tests."""
    return WindowProgram.of(config, jit=jit)


def theta(config: NARXConfig = ALONE, *, seed: int = 0, scale: float = 0.3) -> np.ndarray:
    """Weights all of which matter, small enough for a stable closed loop."""
    return np.random.default_rng(seed).normal(scale=scale, size=program(config).size)


def series(rows: int, columns: int = 1, *, seed: int = 0) -> np.ndarray:
    """A nonlinear autoregression with a little noise, about standard."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(rows, columns))
    for t in range(2, rows):
        y[t] = 1.2 * np.cos(1.5 * y[t - 1]) - 0.3 * y[t - 2] + 0.1 * rng.normal(size=columns)
    return y


def windows(config: NARXConfig = ALONE, *, rows: int = 60, horizon: int = 1, seed: int = 0) -> Windows:
    """All windows of one series that suits the config."""
    y, x = series(rows, config.targets, seed=seed), series(rows, 2, seed=seed + 1)[:, : config.exog]
    panel = Panel.from_data(x, y) if config.exog else Panel.from_data(y)
    return Windows(panel, length=config.window, horizon=horizon)


def one_step(config: NARXConfig = ALONE, *, rows: int = 60, weights: np.ndarray | None = None) -> OneStep:
    """The one-step problem of that series."""
    given = np.ones(rows) if weights is None else weights
    return one_step_problem(program(config), windows(config, rows=rows), given)


def free_run(config: NARXConfig = ALONE, *, steps: int = 7, segments: int = 5, seed: int = 3) -> FreeRun:
    """Closed-loop segments with weights from 0 to 2."""
    every = windows(config, rows=steps + config.window + 40, horizon=steps)
    weights = np.random.default_rng(seed).uniform(0, 2, size=(segments, steps))
    return FreeRun(program(config), every.select(np.arange(segments) * 8), weights)


def differences(function, at: np.ndarray, *, step: float = 1e-6) -> np.ndarray:
    """Central differences (..., P) of an array-valued function of a vector (P,)."""
    columns = []
    for unit in np.eye(at.size):
        columns.append((np.asarray(function(at + step * unit)) - function(at - step * unit)) / (2 * step))
    return np.stack(columns, axis=-1)


@dataclass
class Squares:
    """A least-squares problem of given residuals r(theta) (N,) and their Jacobian (N, P), without Keras."""

    residual: Callable[[np.ndarray], np.ndarray]
    slope: Callable[[np.ndarray], np.ndarray]
    rows: int
    program: Any = None
    scale: float = 1.0

    @classmethod
    def linear(cls, X: np.ndarray, y: np.ndarray) -> Squares:
        """r = y - X theta."""
        return cls(lambda theta: y - X @ theta, lambda theta: -X, len(y))

    @property
    def count(self) -> float:
        return float(self.rows)

    @property
    def variation(self) -> float:
        return self.scale

    def __len__(self) -> int:
        return self.rows

    def error(self, theta: np.ndarray) -> float:
        return float(np.sum(self.residual(theta) ** 2))

    def gradient(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        return self.error(theta), 2 * self.residual(theta) @ self.slope(theta)

    def normal(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        slope, residual = self.slope(theta), self.residual(theta)
        return slope.T @ slope, -slope.T @ residual, self.error(theta)


class Quiet:
    """A monitor that notes the errors and asks `stop` whether to stop."""

    def __init__(self, theta: np.ndarray, stop: Callable[[np.ndarray, float], Any] | None = None):
        self.theta, self.errors, self.stop = theta, list[float](), stop

    def begin(self) -> None:
        pass

    def rate(self, planned: float) -> float:
        return planned

    def batch(self, theta: np.ndarray, loss: float, steps: int) -> np.ndarray:
        self.theta = theta
        return theta

    def __call__(self, theta: np.ndarray, error: float) -> bool:
        self.theta = theta
        self.errors.append(error)
        return bool(self.stop and self.stop(theta, error))


def run(solver, problem, start, *, prior, monitor=None, seed: int = 0, **options):
    """A solver on its own: (solution, the error of every epoch)."""
    quiet, rng = Quiet(start, monitor), np.random.default_rng(seed)
    return solver(problem, start, prior, Options(**{"epochs": 100, **options}), quiet, rng), quiet.errors
