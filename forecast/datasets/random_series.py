"""Series drawn from a wide family of trends, seasons and noise, to train one network for many kinds of data."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

from forecast._checks import check_count
from forecast.datasets.generators import Seed


def random_series(count: int, *, season: int = 1, length: int = 160, random_state: Seed = None) -> np.ndarray:
    """Series of many kinds, each with a trend, a season and noise of its own.

        z_t = l_t + (1 + g t) s_{t mod m} + e_t,    y_t = exp(z_t) for seven in ten, else c + z_t

    l is a random walk with drift, a line whose slope walks, a line with a slow wave, an autoregression of order one, or
    a level that jumps now and then, and hardly moves in three series of ten; s is a free pattern or a sum of one to
    three harmonics, absent from one series in five; g lets three seasons of ten grow or fade; e is white noise, louder
    than the shocks of the level in three series of ten, with outliers in one of ten. All sizes are drawn over orders of
    magnitude.

    Args:
        count: S, number of series, at least 1.
        season: m, 1 for none.
        length: T, number of values, at least 1.
        random_state: seed or numpy Generator.

    Returns:
        Values (S, T), positive where exp was taken.

    References:
        Dooley, S., Khurana, G. S., Mohapatra, C., Naidu, S. and White, C. (2023). ForecastPFN: synthetically-trained
        zero-shot forecasting. NeurIPS.

    Example:
        >>> random_series(3, season=12, length=60, random_state=0).shape
        (3, 60)
    """
    for name, value in (("count", count), ("season", season), ("length", length)):
        check_count(name, value)
    rng = np.random.default_rng(random_state)
    size = 10 ** rng.uniform(-2.5, -0.7, (count, 1))  # of the shocks
    z = _levels(rng, size, length) + _seasons(rng, count, season, length) + _noise(rng, size, length)
    logs = rng.random((count, 1)) < 0.7
    return np.where(logs, np.exp(np.clip(z, -8, 8)), rng.uniform(0, 4, (count, 1)) + z)


def _levels(rng: np.random.Generator, size: np.ndarray, length: int) -> np.ndarray:
    count, t = len(size), np.arange(length)
    shock = rng.normal(size=(count, length)) * size
    drift = rng.normal(size=(count, 1)) * 10 ** rng.uniform(-3.5, -1.7, (count, 1))
    walk = np.cumsum(shock * rng.uniform(0.05, 1, (count, 1)) + drift, axis=1)
    slope = drift + np.cumsum(rng.normal(size=(count, length)), axis=1) * size * 0.03
    wave = np.sin(2 * np.pi * t / rng.uniform(30, 200, (count, 1)) + rng.uniform(0, 6, (count, 1)))
    line = drift * t + wave * rng.uniform(0, 0.3, (count, 1)) * (rng.random((count, 1)) < 0.5)
    memory = rng.uniform(0.2, 0.98, count)
    ar = np.stack([lfilter([1.0], [1.0, -a], row) for a, row in zip(memory, shock, strict=True)])
    jumps = np.cumsum(
        (rng.random((count, length)) < 0.02) * rng.normal(size=(count, length)) * 8 * size, axis=1
    )
    kinds = np.stack([walk, np.cumsum(0.97 * slope, axis=1), line, ar, jumps])
    quiet = np.where(rng.random((count, 1)) < 0.3, 10 ** rng.uniform(-2, 0, (count, 1)), 1.0)
    return quiet * kinds[rng.integers(len(kinds), size=count), np.arange(count)]


def _seasons(rng: np.random.Generator, count: int, season: int, length: int) -> np.ndarray:
    if season == 1:
        return np.zeros((count, length))
    phase = 2 * np.pi * np.arange(season) / season
    waves = [
        rng.normal(size=(count, 1)) / k * np.cos(k * phase + rng.uniform(0, 6, (count, 1))) for k in (1, 2, 3)
    ]
    free = rng.normal(size=(count, season))
    shape = np.where(
        rng.random((count, 1)) < 0.5,
        free,
        np.cumsum(waves, axis=0)[rng.integers(3, size=count), np.arange(count)],
    )
    shape = shape - shape.mean(axis=1, keepdims=True)
    amplitude = 10 ** rng.uniform(-2, -0.1, (count, 1)) * (rng.random((count, 1)) > 0.2)
    shape = amplitude * shape / (shape.std(axis=1, keepdims=True) + 1e-9)
    t = np.arange(length)
    growth = rng.normal(0, 0.003, (count, 1)) * (rng.random((count, 1)) < 0.3)
    return shape[:, t % season] * (1 + growth * t)


def _noise(rng: np.random.Generator, size: np.ndarray, length: int) -> np.ndarray:
    count = len(size)
    loud = np.where(
        rng.random((count, 1)) < 0.3, 10 ** rng.uniform(0, 1, (count, 1)), rng.uniform(0, 1, (count, 1))
    )
    noise = rng.normal(size=(count, length)) * size * loud
    outlier = (rng.random((count, length)) < 0.02) & (rng.random((count, 1)) < 0.1)
    found: np.ndarray = noise + outlier * rng.normal(size=(count, length)) * 5 * size
    return found
