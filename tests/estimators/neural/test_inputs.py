"""Scaling: moments in any unit, and bounds of what is fed back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.estimators.neural.inputs import FAR, Scaler, moments_of_series
from forecast.panel import Panel


@pytest.mark.parametrize("unit", [1e-300, 1e-8, 1.0, 1e8, 1e200, 1e300])
def test_moments_follow_the_unit(unit: float) -> None:
    y = np.random.default_rng(0).normal(3, 1, size=50)
    center, spread = moments_of_series(Panel.from_data(unit * y))
    np.testing.assert_allclose([center.item(), spread.item()], [unit * y.mean(), unit * y.std()], rtol=1e-12)


def test_a_constant_has_no_deviation() -> None:
    assert moments_of_series(Panel.from_data(np.full(20, 1e8 / 3)), floor=0.0)[1].item() == 0
    assert moments_of_series(Panel.from_data(np.zeros(20)))[1].item() == 1


def test_a_series_of_fit_keeps_its_units_and_a_new_one_has_its_own() -> None:
    rng = np.random.default_rng(0)
    days = np.arange(30)
    panel, other = (
        Panel.from_data(
            pd.concat(
                pd.DataFrame({"unique_id": name, "ds": days, "y": rng.normal(level, level / 9, 30)})
                for name, level in levels.items()
            )
        )
        for levels in ({"a": 1.0, "b": 100.0}, {"b": 90.0, "c": 1e4})
    )
    scaled = Scaler.fit(panel, "series").scaled(other, np.array([1, -1]))
    center, spread = moments_of_series(panel)
    own_center, own_spread = moments_of_series(other)
    np.testing.assert_allclose(scaled.center, [center[1], own_center[1]])
    np.testing.assert_allclose(scaled.spread, [spread[1], own_spread[1]])
    np.testing.assert_allclose(scaled.rows(scaled.y), other.y)
    np.testing.assert_allclose(scaled.steps(scaled.y.reshape(2, 30, 1)), other.y.reshape(2, 30, 1))


def test_bounds_move_out_as_far_as_later_values_leave_the_range() -> None:
    scaler = Scaler.fit(Panel.from_data(np.arange(11.0)), None)
    for later, moved in (([4.0, 6.0], [0.0, 0.0]), ([4.0, 14.0], [0.0, 4.0]), ([-3.0, 6.0], [-3.0, 0.0])):
        limits = scaler.scaled(Panel.from_data(np.array(later)), np.array([0])).limits
        np.testing.assert_allclose(limits[:, 0] - scaler.limits[:, 0], moved)


def test_units_from_zero_leave_zero_in_its_place_unless_it_is_too_far_away() -> None:
    days = np.arange(30)
    near, far = 50 + np.sin(days), 1e9 + np.sin(days)
    panel = Panel.from_data(
        pd.concat(
            pd.DataFrame({"unique_id": name, "ds": days, "y": y}) for name, y in [("a", near), ("b", far)]
        )
    )
    scaled = Scaler.fit(panel, "window").scaled(panel, np.arange(2))
    moved = scaled.from_zero()
    np.testing.assert_allclose(moved.y[:30, 0], near / scaled.spread[0], rtol=1e-12)
    np.testing.assert_allclose(moved.y[30:].mean(), FAR, rtol=1e-6)
    np.testing.assert_allclose(moved.rows(moved.y), panel.y, rtol=1e-12)
