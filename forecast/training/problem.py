"""Training problems in theta: from the true past (series-parallel) and closed loop over segments (parallel).

Both give the solvers the same four things: the cost, its gradient, its normal equations and batches. With weights
w >= 0 the cost is sum_t w_t cost(y_t, yhat_t(theta)), w_t (y_t - yhat_t)^2 for least squares.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol, TypeVar

import numpy as np

from forecast.training.flat_network import CHUNK, LEAST_ROWS, Array, FlatNetwork
from forecast.training.objective import Objective, Squared
from forecast.training.window_program import JACOBIAN_VALUES, WindowProgram
from forecast.windows import Windows, pair

Result = TypeVar("Result")
THREADS = min(4, os.cpu_count() or 1)  # blocks of windows computed at a time
WORTH = 1_000_000  # values of all windows from which on rows that are not read are left out
DIVERGED = 1e3  # a free run beyond this many standard deviations has left the data


class Problem(Protocol):
    """What a solver needs to know about the data."""

    @property
    def program(self) -> FlatNetwork:
        """The network."""

    @property
    def count(self) -> float:
        """Sum of the weights: the number of errors."""

    @property
    def update(self) -> str:
        """The name of the compiled function that makes steps of Adam on batches of `take`."""

    def error(self, theta: Array) -> float:
        """The weighted cost of all errors; infinite where a run diverges."""

    def take(self, which: Array) -> tuple[Array, ...]:
        """Inputs, targets and weights of some rows, for a batch."""

    def __len__(self) -> int:
        """Rows to choose from."""


class Smooth(Problem, Protocol):
    """A problem on all rows at once, with what L-BFGS needs."""

    def gradient(self, theta: Array) -> tuple[float, Array]:
        """(the error, its gradient (P,))."""


class LeastSquares(Smooth, Protocol):
    """A sum of squares, with what Levenberg-Marquardt needs beyond its gradient."""

    @property
    def variation(self) -> float:
        """Weighted squares of the targets about their means: the error of the best constant."""

    def normal(self, theta: Array) -> tuple[Array, Array, float]:
        """(J'J (P, P), J'r (P,), r'r), J = d yhat / d theta and r = y - yhat."""


def _products(
    objective: Objective, jacobian: Array, residual: Array, root: Array
) -> tuple[Array, Array, float]:
    """(J'J, J'r, cost) of rows that are already weighted; a cost other than squares reweights them (IRLS)."""
    if not isinstance(objective, Squared):
        error = np.divide(residual, root, out=np.zeros_like(residual), where=root > 0)
        cost = float(np.sum(root**2 * objective.cost(error, np.zeros_like(error))))
        bend = objective.curvature(error)
        return jacobian.T @ (bend[:, None] * jacobian), jacobian.T @ (bend * residual), cost
    return jacobian.T @ jacobian, jacobian.T @ residual, float(residual @ residual)


def _each(weights: Array, targets: int) -> Array:
    """Weights (n, H, O) of each target from those of its row (n, H), or as they are."""
    return weights if weights.ndim == 3 else np.repeat(weights[:, :, None], targets, axis=2)


def _variation(target: Array, weight: Array) -> float:
    """Weighted squares of targets (..., O) about the weighted mean of each column."""
    each = weight.ndim == 3
    target, weight = target.reshape(-1, target.shape[-1]), weight.reshape(-1, target.shape[-1] if each else 1)
    total = np.maximum(np.sum(weight, axis=0), 1e-30) if each else np.sum(weight)
    mean = np.sum(weight * target, axis=0) / total
    return float(np.sum(weight * (target - mean) ** 2))


def _near(program: WindowProgram, count: int) -> tuple[WindowProgram, tuple[int, ...] | None]:
    """The network to use on `count` windows, and the rows of a window that it is given; None for all of them."""
    large = count * program.window * program.features >= WORTH
    return (program.compact if large else None) or (program, None)


@dataclass(frozen=True, eq=False)
class OneStep:
    """The true past is the input of every prediction: sum over windows of w cost(y, f(window)).

    In the lead rows the network receives the true y where `coins` < `ratio` (teacher forcing) and NaN elsewhere.
    As the teacher-forcing ratio falls from 1 to 0, training passes over to a free run (scheduled sampling, Bengio et
    al. 2015). The coins are tossed once, so the error is a function of theta alone.
    """

    update: ClassVar[str] = "adam"
    program: WindowProgram
    windows: Windows
    weights: Array  # (n, H), or (n, H, O) where some targets are missing
    keep: Array  # (n,) indices of the windows that count
    ratio: float = 0.0
    coins: Array | None = None  # (n, lead), uniform between 0 and 1

    @property
    def count(self) -> float:
        return float(self.weights.sum()) * (self.program.targets if self.weights.ndim == 2 else 1)

    def __len__(self) -> int:
        return len(self.keep)

    def take(self, which: Array) -> tuple[Array, Array, Array]:
        """(window (B, L + lead, O+E), target (B, H, O), weight (B, H, O)) of some windows."""
        window, target, future = self.windows.paired(self.windows.gather(self.keep[which]))
        if self.program.lead:
            window = self.program.with_lead(window, future[:, 1:], self._teacher(target[:, :-1], which))
        return window, target, _each(self.weights[which], target.shape[2])

    @cached_property
    def _near(self) -> tuple[WindowProgram, tuple[int, ...] | None]:
        """The network of errors and derivatives, and the rows of a window that it reads; None for all of them."""
        return (self.program, None) if self.windows.pad else _near(self.program, len(self))

    @cached_property
    def _table(self) -> tuple[Array, Array] | None:
        """`_read` of all windows, where that is small; else None."""
        program, rows = self._near
        if rows is None or len(self) * len(rows) * program.features > JACOBIAN_VALUES:
            return None
        return self.windows.read(self.keep, rows)

    def _read(self, which: Array) -> tuple[Array, Array, Array]:
        """`take` for the network of `_near`."""
        _, rows = self._near
        if rows is None:
            return self.take(which)
        if self._table is None:
            window, target = self.windows.read(self.keep[which], rows)
        else:
            window, target = (part[which] for part in self._table)
        return window, target, _each(self.weights[which], target.shape[2])

    def _teacher(self, target: Array, which: Array) -> Array | None:
        if self.coins is None:
            return None
        return np.where((self.coins[which] < self.ratio)[:, :, None], target, np.nan)

    @cached_property
    def variation(self) -> float:
        rows = self.windows.target_rows(self.keep)[:, None] + np.arange(self.program.steps)
        return _variation(self.windows.y[rows], self.weights)

    def _in_threads(self, function: Callable[[Array], Result], rows: int) -> Iterator[Result]:
        """`function` of each block of `rows` windows, in threads; results in order, so that sums are reproducible."""
        blocks = [np.arange(start, min(start + rows, len(self))) for start in range(0, len(self), rows)]
        if len(blocks) == 1:
            yield function(blocks[0])
            return
        with ThreadPoolExecutor(min(THREADS, len(blocks))) as threads:
            yield from threads.map(function, blocks)

    def error(self, theta: Array) -> float:
        """The weighted cost of all windows."""
        program, _ = self._near

        def cost(which: Array) -> float:
            window, target, weight = self._read(which)
            with np.errstate(over="ignore"):
                forecast = program.apply(theta, window)
                return float(np.sum(weight * self.program.objective.cost(target, forecast)))

        return sum(self._in_threads(cost, CHUNK))

    def gradient(self, theta: Array) -> tuple[float, Array]:
        """(the weighted cost, its gradient (P,))."""
        (program, _), error, total = self._near, 0.0, np.zeros(self.program.size)
        for start in range(0, len(self), CHUNK):
            block = self._read(np.arange(start, min(start + CHUNK, len(self))))
            for _, (part, gradient) in program.chunked("gradient", theta, *block):
                error, total = error + float(part), total + gradient
        return error, total

    def rows(self, theta: Array, which: Array) -> tuple[Array, Array]:
        """Weighted Jacobian (R, P) and residual (R,) of up to a block of windows, one row per step and target."""
        window, target, _ = self._read(which)
        root = self._root(which)
        program, _ = self._near
        least = program.block if len(self) > program.block else LEAST_ROWS  # one shape for all blocks
        ((count, (values, jacobian)),) = program.chunked("weight_jacobian", theta, window, least=least)
        jacobian = jacobian[:count].reshape(-1, self.program.size)
        residual = (target - values[:count].reshape(target.shape)).reshape(-1)
        return (jacobian, residual) if (root == 1.0).all() else (jacobian * root[:, None], residual * root)

    def _root(self, which: Array) -> Array:
        """Roots (R,) of the weights of the rows of `rows`."""
        return np.sqrt(_each(self.weights[which], self.program.targets).reshape(-1))

    def normal(self, theta: Array) -> tuple[Array, Array, float]:
        """(J'J (P, P), J'r (P,), r'r), J = d yhat / d theta and r = y - yhat, accumulated block by block."""

        def products(which: Array) -> tuple[Array, Array, float]:
            return _products(self.program.objective, *self.rows(theta, which), self._root(which))

        hessian, gradient, error = np.zeros((theta.size, theta.size)), np.zeros(theta.size), 0.0
        for more in self._in_threads(products, self._near[0].block):
            hessian += more[0]
            gradient += more[1]
            error += more[2]
        return hessian, gradient, error


@dataclass(frozen=True, eq=False)
class FreeRun:
    """The network's own past is its input: T steps in closed loop from the L known rows before each segment.

    Sensitivities follow the recursion of real-time recurrent learning (Williams and Zipser 1989)

        S_t = d yhat_t / d theta = df/dtheta + sum_d (df/dy_{t-d}) S_{t-d},    S_t = 0 before the segment,

    with both derivatives taken along the free run, all segments of a block in parallel.
    """

    update: ClassVar[str] = "run_adam"
    program: WindowProgram
    windows: Windows  # one per segment: L known rows and T to run over
    weights: Array  # (B, T), or (B, T, O) where some targets are missing

    @property
    def count(self) -> float:
        return float(self.weights.sum()) * (self.program.targets if self.weights.ndim == 2 else 1)

    def __len__(self) -> int:
        return len(self.windows)

    @property
    def block(self) -> int:
        """Segments whose derivatives along the run are in memory at a time."""
        return max(1, JACOBIAN_VALUES // (self._near[0].slopes * self.windows.horizon * self.program.targets))

    def take(self, which: Array) -> tuple[Array, Array, Array, Array]:
        """history (B, L, O+E), future (B, T, max(E, 1)), target and weight (B, T, O) of some segments."""
        batch, known = self.windows.gather(which), self.windows.length
        history = np.concatenate([batch.y[:, :known], batch.x[:, :known]], axis=2)
        target = batch.y[:, known:]
        future = batch.x[:, known:] if self.program.exog else np.zeros((*target.shape[:2], 1))
        return history, future, target, _each(self.weights[which], target.shape[2])

    @cached_property
    def variation(self) -> float:
        rows = self.windows.target_rows()[:, None] + np.arange(self.windows.horizon)
        return _variation(self.windows.y[rows], self.weights)

    def _blocks(self, size: int = CHUNK) -> Iterator[tuple[Array, Array, Array, Array]]:
        for start in range(0, len(self), size):
            yield self.take(np.arange(start, min(start + size, len(self))))

    def _run(self, theta: Array, history: Array, future: Array) -> Array:
        return self.program.run(theta, history, future[:, :, : self.program.exog])

    def error(self, theta: Array) -> float:
        total = 0.0
        for history, future, target, weight in self._blocks():
            run = self._run(theta, history, future)
            if not np.all(np.abs(run) < DIVERGED):
                return float("inf")
            total += float(np.sum(weight * self.program.objective.cost(target, run)))
        return total

    def gradient(self, theta: Array) -> tuple[float, Array]:
        """(the weighted cost, its gradient (P,)) by backpropagation through the closed loop."""
        error, total = 0.0, np.zeros(self.program.size)
        for block in self._blocks():
            for _, (part, gradient) in self.program.chunked("run_gradient", theta, *block, least=1):
                error, total = error + float(part), total + gradient
        return (error, total) if np.isfinite(error) else (float("inf"), np.zeros_like(total))

    def normal(self, theta: Array) -> tuple[Array, Array, float]:
        """(J'J, J'r, r'r) by forward sensitivities, a block of segments at a time."""
        size = self.program.size
        hessian, gradient, error = np.zeros((size, size)), np.zeros(size), 0.0
        for history, future, target, weight in self._blocks(self.block):
            run, root = self._run(theta, history, future), np.sqrt(weight)
            windows = self._windows_along(run, history, future[:, :, : self.program.exog])
            jacobian = (self._sensitivities(theta, windows) * root[..., None]).reshape(-1, size)
            residual = ((target - run) * root).ravel()
            more = _products(self.program.objective, jacobian, residual, root.ravel())
            hessian += more[0]
            gradient += more[1]
            error += more[2]
        return hessian, gradient, error

    @cached_property
    def _near(self) -> tuple[WindowProgram, tuple[int, ...] | None]:
        """The network of the derivatives along the runs, and the rows of a window that it reads."""
        return _near(self.program, len(self) * self.windows.horizon)

    def _sensitivities(self, theta: Array, windows: Array) -> Array:
        """S (B, T, O, P) along the free runs that saw these rows (B, T, R, O+E) of the paired windows."""
        count, steps, length, _ = windows.shape
        outputs, size, (program, rows) = self.program.targets, self.program.size, self._near
        flat = windows.reshape(count * steps, length, -1)
        by_theta = np.empty((len(flat), outputs, size))
        by_past = np.empty((len(flat), outputs, length, outputs))
        many = len(self) * steps > program.block
        chunks = program.chunked(
            "jacobian", theta, flat, chunk=program.block, least=program.block if many else LEAST_ROWS
        )
        row = 0
        for block, (_, d_theta, d_window) in chunks:
            by_theta[row : row + block] = d_theta[:block]
            by_past[row : row + block] = d_window[:block, :, :, :outputs]
            row += block
        return _propagate(
            by_theta.reshape(count, steps, outputs, size),
            by_past.reshape(count, steps, outputs, length, outputs),
            _lags(length, rows),
        )

    def _windows_along(self, run: Array, history: Array, future: Array) -> Array:
        """The rows (B, T, R, O+E) that are read of the paired windows that the closed loop saw.

        Targets of the past are the loop's own outputs.
        """
        outputs, length, (_, rows) = self.program.targets, self.program.window, self._near
        past = np.concatenate([history[:, :, :outputs], run[:, :-1]], axis=1)  # (B, L+T-1, O)
        known = np.concatenate([history[:, :, outputs:], future], axis=1)  # (B, L+T, E)
        at = np.arange(run.shape[1])[:, None] + length - np.array(_lags(length, rows))  # (T, R)
        return np.take(pair(past, known), at, axis=1)


def _lags(length: int, rows: tuple[int, ...] | None) -> list[int]:
    """Delays of the targets in the rows that are read of a window of `length`, in order of time."""
    return list(range(length, 0, -1)) if rows is None else [row + 1 for row in reversed(rows)]


def _propagate(by_theta: Array, by_past: Array, delays: list[int]) -> Array:
    """S_t = by_theta_t + sum_d by_past_{t,d} S_{t-d}, in place on by_theta (B, T, O, P); one row per delay d."""
    lags = [(row, lag) for row, lag in enumerate(delays) if np.any(by_past[:, :, :, row])]
    for t in range(1, by_theta.shape[1]):
        for row, lag in lags:
            if lag <= t:
                by_theta[:, t] += by_past[:, t, :, row] @ by_theta[:, t - lag]
    return by_theta
