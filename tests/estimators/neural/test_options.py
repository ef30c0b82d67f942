"""The window: a number, or as far back as the autoregression and the season say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.estimators.neural.options import resolve_lags, resolve_window
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


def oscillation(rows: int, seed: int) -> np.ndarray:
    """y_t = 1.5 y_{t-1} - 0.8 y_{t-2} + noise."""
    y, noise = np.zeros(rows), np.random.default_rng(seed).normal(size=rows)
    for t in range(2, rows):
        y[t] = 1.5 * y[t - 1] - 0.8 * y[t - 2] + noise[t]
    return y


def yearly(lengths: dict[str, int]) -> pd.DataFrame:
    parts = []
    for seed, (name, rows) in enumerate(lengths.items()):
        ds = pd.period_range("1900", periods=rows, freq="Y")
        parts.append(pd.DataFrame({"unique_id": name, "ds": ds, "y": oscillation(rows, seed)}))
    return pd.concat(parts)


@pytest.mark.parametrize("lengths", [{"a": 5, "b": 120}, {"a": 120, "b": 120, "c": 3, "d": 120}])
def test_a_short_series_has_no_say_in_the_lags_of_others(lengths: dict[str, int]) -> None:
    panel = Panel.from_data(yearly(lengths))
    assert resolve_lags("auto", "auto", panel).lags == (1, 2)
    assert resolve_window("auto", panel) == 2


def test_seasons_are_among_the_lags() -> None:
    day = np.tile(np.random.default_rng(0).normal(size=24), 35)
    week = np.tile(np.repeat([1.0, 1, 1, 1, 1, 0, 0], 24), 5)
    y = day * week + 0.05 * np.random.default_rng(1).normal(size=840)
    hourly = Panel.from_data(pd.Series(y, pd.date_range("2024-01-01", periods=840, freq="h")))
    lags = resolve_lags("auto", "auto", hourly).lags
    assert {24, 168} <= set(lags)
    assert resolve_lags("auto", "auto", Panel.from_data(y), [24, 168]).lags == lags
    assert resolve_lags("auto", "auto", hourly, None).lags == lags
    assert max(resolve_lags("auto", "auto", hourly, 1).lags) < 31


def test_a_numbered_panel_without_a_season_is_told_once() -> None:
    numbered = yearly({"a": 150, "b": 160})
    numbered["ds"] = numbered.groupby("unique_id").cumcount()
    panel = Panel.from_data(numbered)
    with pytest.warns(UserWarning, match="season=12") as told:
        resolve_lags("auto", "auto", panel)
    assert len(told) == 1
    resolve_lags("auto", "auto", panel, season=1)
    resolve_lags(3, "auto", panel)
