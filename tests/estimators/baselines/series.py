"""Series on which the local models are held against statsmodels."""

from __future__ import annotations

import numpy as np

from forecast.datasets import load_air_passengers


def series() -> dict[str, np.ndarray]:
    """Air passengers, and a sum, a product and a walk of 72 steps, all positive."""
    rng, time = np.random.default_rng(5), np.arange(72)
    wave = np.sin(time * np.pi / 6)
    return {
        "air passengers": load_air_passengers().to_numpy().astype(float),
        "sum": 50 + 0.3 * time + 8 * wave + rng.normal(size=72),
        "product": (20 + 0.5 * time) * (1 + 0.4 * wave) * np.exp(0.05 * rng.normal(size=72)),
        "walk": 100 + np.cumsum(0.3 + rng.normal(size=72)),
    }


SERIES = series()
