"""The window: a number, or as far back as the autoregression and the season say."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.estimators.neural.options import resolve_window
from forecast.panel import Panel
from tests.checks_forecaster import monthly


def test_auto_is_a_season_unless_the_series_is_short() -> None:
    assert resolve_window("auto", Panel.from_data(monthly(96))) == 12
    assert resolve_window("auto", Panel.from_data(monthly(30))) == 10
    assert resolve_window("auto", Panel.from_data(np.random.default_rng(0).normal(size=50))) == 1
    assert resolve_window(7, Panel.from_data(monthly(30))) == 7


def test_errors_name_what_is_allowed() -> None:
    with pytest.raises(ValueError, match="window: must be 'auto', a whole number"):
        resolve_window("season", Panel.from_data(monthly(30)))
    with pytest.raises(ValueError, match="window: must be a whole number of at least 1; received 0"):
        resolve_window(0, Panel.from_data(monthly(30)))
