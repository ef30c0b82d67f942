"""Scaling: moments in any unit."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.estimators.neural.inputs import moments_of_series
from forecast.panel import Panel


@pytest.mark.parametrize("unit", [1e-300, 1e-8, 1.0, 1e8, 1e200, 1e300])
def test_moments_follow_the_unit(unit: float) -> None:
    y = np.random.default_rng(0).normal(3, 1, size=50)
    center, spread = moments_of_series(Panel.from_data(unit * y))
    np.testing.assert_allclose([center.item(), spread.item()], [unit * y.mean(), unit * y.std()], rtol=1e-12)


def test_a_constant_has_no_deviation() -> None:
    assert moments_of_series(Panel.from_data(np.full(20, 1e8 / 3)), floor=0.0)[1].item() == 0
    assert moments_of_series(Panel.from_data(np.zeros(20)))[1].item() == 1
