"""What a network is judged against: linear models of a window in numpy; and which candidate is kept. Without Keras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from forecast.windows import Windows

if TYPE_CHECKING:
    from forecast.networks import NetworkConfig

Array = np.ndarray

FIT_ROWS = 20_000  # windows that determine a candidate; more add nothing but time
LEAST_GAIN = 0.01  # fraction of its error by which a simpler candidate must be beaten
ONE_DEVIATION = 0.8413  # of normal values lie below one standard deviation above their mean
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
        batch, root = windows.gather(keep), np.sqrt(weights[windows.target_rows(keep)])[:, None]
        if (known := windows.observed(keep)) is not None:
            root = root * (known & windows.follows_known(keep))[:, 0]
        design, center, spread = self._design(batch.y, batch.x, windows.length)
        goals = batch.y[:, windows.length] - center
        found = []
        for target in range(goals.shape[1]):
            own = root[:, target] if root.shape[1] > 1 else root[:, 0]
            rows = design * (spread[:, target] * own)[:, None]
            normal = rows.T @ rows
            ridge = RIDGE * max(np.trace(normal) / len(normal), 1e-300)
            found.append(
                np.linalg.solve(normal + ridge * np.eye(len(normal)), rows.T @ (goals[:, target] * own))
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


def decide(
    errors: dict[str, Array], overlap: float = 1.0, *, in_turn: bool = True, least: float = LEAST_GAIN
) -> pd.DataFrame:
    """One row per candidate: mean error, standard error of its difference from the first, and whether it is kept.

    The candidates stand in order of size: a later one must be better than the one kept so far by more than the
    standard error of their difference, and by more than the fraction `least` of its error. With `in_turn=False` only
    the best of the later ones is compared, with the first. Overlapping runs are not independent: `overlap` of them
    count as one.
    """
    mean = {name: float(np.mean(values)) for name, values in errors.items()}
    first, *later = errors or [""]
    chosen = first
    for name in later if in_turn else sorted(later, key=mean.__getitem__)[:1]:
        better = errors[chosen] - errors[name]
        if better.mean() > max(standard_error(better, overlap), least * mean[chosen]):
            chosen = name
    spread = [standard_error(values - errors[first], overlap) for values in errors.values()]
    table = {"candidate": list(errors), "error": list(mean.values()), "spread": spread}
    return pd.DataFrame({**table, "kept": [name == chosen for name in errors]})


def kept(table: pd.DataFrame) -> str:
    """The name of the candidate that is kept, "" where there was nothing to choose."""
    return str(table["candidate"][table["kept"].argmax()]) if len(table) else ""


def standard_error(values: Array, overlap: float = 1.0) -> float:
    """Of the mean of values of which `overlap` count as one; wider for few, as Student's t is at one normal deviation.

    Infinite for a single value, which says nothing about chance.
    """
    if not values.any():
        return 0.0
    freedom = max(len(values) / overlap - 1, 1.0)
    width = float(stdtrit(freedom, ONE_DEVIATION)) / np.sqrt(freedom)
    return float(values.std()) * width if len(values) > 1 else float("inf")
