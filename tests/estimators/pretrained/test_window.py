"""Units of a window: those of the equation, and quantiles that never cross."""

import numpy as np

from forecast.estimators.pretrained.layout import Layout
from forecast.estimators.pretrained.window import quantile, window_of


def test_units_are_the_last_value_and_the_mean_seasonal_change() -> None:
    rows = np.random.default_rng(0).normal(size=(3, 12)).cumsum(axis=1)
    seen = window_of(rows, rows[:, -1:], 4, Layout(recent=12, ahead=1).back(4))
    spread = np.abs(rows[:, 4:] - rows[:, :-4]).mean(axis=1, keepdims=True)
    np.testing.assert_allclose(seen.spread, spread)
    np.testing.assert_allclose(seen.inputs[:, :12], np.arcsinh((rows - rows[:, -1:]) / spread), rtol=1e-5)
    assert (seen.inputs[:, 12:] == 1).all()


def test_missing_rows_are_zero_and_marked() -> None:
    rows = np.array([[np.nan, 2.0, np.nan, 5.0]])
    seen = window_of(rows, np.array([[5.0]]), 2, np.array([3, 2, 1, 0]))
    assert seen.inputs[0, [0, 2, 3]].tolist() == [0, 0, 0] and seen.inputs[0, 4:].tolist() == [0, 1, 0, 1]
    assert seen.spread.item() == 3.0


def test_a_constant_window_has_no_spread_and_a_periodic_one_some() -> None:
    back = np.arange(6)[::-1]
    rows = np.array([[2.0] * 6, [1.0, 3.0] * 3])
    seen = window_of(rows, rows[:, -1:], 2, back)
    np.testing.assert_allclose(seen.spread.ravel(), [0.0, 0.2])
    assert np.isfinite(seen.inputs).all()


def test_a_shorter_season_leaves_slots_empty() -> None:
    layout = Layout(recent=1, ahead=2, slots=4, cycles=2)
    rows = np.arange(6.0)[None]
    seen = window_of(rows, rows[:, -1:], 3, layout.back(3))
    assert seen.inputs[0, layout.inputs :].tolist() == [1, 1, 1, 1, 0, 1, 1, 1, 0]
    assert layout.outputs(3).tolist() == [0, 1, 2, 4, 5, 6] and layout.reach(3) == 6 and layout.width == 8


def test_quantiles_never_cross() -> None:
    numbers = np.random.default_rng(0).normal(size=(50, 4, 3)) * 3
    told = quantile(numbers, np.array([-3.0, -1.0, 0.0, 0.5, 2.0]))
    assert (np.diff(told, axis=2) >= 0).all()
    np.testing.assert_allclose(told[..., 2], np.sinh(np.clip(numbers[..., 0], -8, 8)))
