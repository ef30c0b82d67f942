"""Windows drawn over all series: the unit in which an error counts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from forecast.training.drawn_windows import DrawnWindows, PaddedSeries
from forecast.training.objective import SQUARED

Y = np.array([0.0, 1.0, 2.0, 3.0, 3.0, 3.0, 3.0, 5.0, 9.0])[:, None]  # mean |y_t - y_{t-1}|: 9 / 8


@pytest.mark.parametrize(
    ("measure", "at", "unit"),
    [("window", 3, 1.0), ("window", 6, 9 / 80), ("series", 3, 9 / 8), ("series", 6, 9 / 8), (None, 6, 1.0)],
)
def test_an_error_counts_in_units_of_its_window_or_of_its_series(
    measure: str | None, at: int, unit: float
) -> None:
    one, none = np.ones(len(Y)), np.empty((len(Y), 0))
    padded = PaddedSeries(
        np.array([0, 9]), Y, none, one, zero=np.zeros((1, 1)), length=3, horizon=2, season=1
    )
    program: Any = SimpleNamespace(objective=SQUARED, lead=1, features=1, exog=0, dtype="float64")
    probe = np.zeros(1, int), padded.begin + at
    drawn = DrawnWindows(
        program, padded, padded.begin, padded.end, probe, 1, measure, 3, np.random.default_rng(0)
    )
    _, targets, _, units, weights = drawn.windows(*probe)
    np.testing.assert_allclose(units.ravel(), [unit] * 2)
    np.testing.assert_allclose((targets[0], weights[0]), (Y[at : at + 2], [[0.5]] * 2))
