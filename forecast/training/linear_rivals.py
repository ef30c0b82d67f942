"""Linear models of a window in numpy, and their closed loops: cheap candidates, judged like networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from forecast.networks import NetworkConfig
from forecast.training.flat_network import Array
from forecast.windows import Windows

FIT_ROWS = 20_000  # windows that determine a candidate; more add nothing but time
RIDGE = 1e-9  # fraction of the mean square of the regressors, so that collinear ones have a solution


@dataclass(frozen=True)
class Linear:
    """y_t = m + s (sum_k a_k (y_{t-k} - m) / s + sum_l b_l x_{t-l} + c), m and s from the window of L rows.

    Args:
        lags, exog_lags: k and l.
        exog: number of covariates, the first columns of x.
        kept: positions of the regressors x that are used, lag by lag; () for all.
        scale: "window", m and s are mean and deviation of the window; "level", its last value and 1; else 0 and 1.
        length: L.
    """

    lags: tuple[int, ...]
    exog_lags: tuple[int, ...]
    exog: int
    kept: tuple[int, ...]
    scale: str | None
    length: int

    @classmethod
    def of(cls, config: NetworkConfig) -> Self:
        """The linear model of the inputs of a network."""
        scale = "level" if config.window_level else "window" if config.window_norm else None
        lags, exog_lags, kept = config.delays
        return cls(lags, exog_lags, config.exog, kept, scale, config.window)

    def fit(self, windows: Windows, weights: Array) -> Array:
        """Weighted least squares on some of the windows: coefficients (O, P), a row for each target."""
        keep = np.flatnonzero(windows.finite())
        keep = keep[np.unique(np.linspace(0, len(keep) - 1, FIT_ROWS).astype(int))]
        batch, root = windows.gather(keep), np.sqrt(weights[windows.target_rows(keep)])
        design, center, spread = self._design(batch.y, batch.x, windows.length)
        goals = batch.y[:, windows.length] - center
        found = []
        for target in range(goals.shape[1]):
            rows = design * (spread[:, target] * root)[:, None]
            normal = rows.T @ rows
            ridge = RIDGE * max(np.trace(normal) / len(normal), 1e-300)
            found.append(
                np.linalg.solve(normal + ridge * np.eye(len(normal)), rows.T @ (goals[:, target] * root))
            )
        return np.stack(found)

    def ahead(self, coefficients: Array, y: Array, x: Array, limits: Array) -> Array:
        """Closed loop (B, H, O) after the known rows y (B, L', O), along the covariates x (B, L'+H, E)."""
        known, horizon = y.shape[1], x.shape[1] - y.shape[1]
        path = np.concatenate([y, np.zeros((len(y), horizon, y.shape[2]))], axis=1)
        for t in range(known, known + horizon):
            design, center, spread = self._design(path, x, t)
            path[:, t] = np.clip(center + spread * (design @ coefficients.T), *limits)
        return path[:, known:]

    def _design(self, y: Array, x: Array, t: int) -> tuple[Array, Array, Array]:
        """Regressors (B, P) of y_t, and m, s (B, O)."""
        past = y[:, t - self.length : t]
        center, spread = np.zeros_like(past[:, 0]), np.ones_like(past[:, 0])
        if self.scale == "window":
            center, spread = past.mean(axis=1), np.sqrt(past.var(axis=1) + 1e-5)
        if self.scale == "level":
            center = past[:, -1]
        own = [(y[:, t - lag] - center) / spread for lag in self.lags]
        other = [x[:, t - lag, : self.exog] for lag in self.exog_lags]
        known = np.concatenate([np.ones((len(y), 1)), *other], axis=1)
        if self.kept:
            known = known[:, [0, *(place + 1 for place in self.kept)]]
        return np.concatenate([*own, known], axis=1), center, spread
