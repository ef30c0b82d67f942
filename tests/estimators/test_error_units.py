"""The unit of an error is a mean over the history before it."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.estimators.error_units import ErrorUnits
from forecast.panel import Panel
from tests.checks_forecaster import long_frame


def test_units_are_mean_changes_of_a_season_by_phase_up_to_a_row() -> None:
    rng = np.random.default_rng(0)
    long = long_frame()
    long["y"] += rng.normal(size=len(long)) * np.where(long["unique_id"] == "s1", 1e9, 1.0)
    panel = Panel.from_data(long)
    units = ErrorUnits(panel)
    for series, position, known in ((0, 50, 48), (1, 30, 25), (1, 41, 38), (0, 20, 40), (1, 13, 13)):
        y = panel.y[panel.offsets[series] :][:known, 0]
        change, phase = np.abs(y[12:] - y[:-12]), np.arange(12, known) % 12 == position % 12
        by_hand = (change[phase].sum() + 20 * change.mean()) / (phase.sum() + 20)
        found = units.at(*(np.array([value]) for value in (series, position, known)))
        assert found.item() == pytest.approx(by_hand, rel=1e-9)


def test_units_follow_the_series_and_nothing_after_the_origin() -> None:
    y = np.concatenate([np.tile([0.0, 1.0], 30), np.tile([0.0, 100.0], 30)])
    first, both = ErrorUnits(Panel.from_data(y[:60])), ErrorUnits(Panel.from_data(y))
    at = (np.zeros(2, int), np.array([60, 61]), np.full(2, 60))
    np.testing.assert_allclose(first.at(*at), 1.0)
    np.testing.assert_allclose(first.at(*at), both.at(*at))
    assert both.at(np.zeros(1, int), np.array([120]), np.array([120])).item() > 40


def test_a_series_without_change_has_the_unit_zero() -> None:
    units = ErrorUnits(Panel.from_data(np.full(30, 5.0)))
    assert units.at(np.zeros(1, int), np.array([30]), np.array([30])).item() == 0.0
