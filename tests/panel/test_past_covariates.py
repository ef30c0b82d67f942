"""What stands for covariates that are known up to now alone."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.panel import Panel
from forecast.panel.past_covariates import projected

ALL = np.array([True])


def panel_of(values: np.ndarray, index: pd.Index) -> Panel:
    return Panel.from_data(pd.DataFrame({"x": values}, index), pd.Series(np.zeros(len(values)), index))


def test_changes_from_season_to_season_fade_as_they_did() -> None:
    rng, change, season = np.random.default_rng(0), [0.0], np.sin(np.arange(240) * np.pi / 6)
    for _ in range(239):
        change.append(0.8 * change[-1] + rng.normal())
    x = season + np.array(change)  # the change from year to year has the autocorrelation 0.8 as well
    months = pd.period_range("2000-01", periods=240, freq="M")
    ahead = projected(panel_of(x, months), ALL, 3)[0, :, 0]
    now, before = x[13:] - x[1:-12], x[12:-1] - x[:-13]
    phi = now @ before / (before @ before)
    assert 0.7 < phi < 0.85
    np.testing.assert_allclose(ahead, x[-12:-9] + phi ** np.arange(1, 4) * (x[-1] - x[-13]))


def test_a_short_series_and_one_without_a_season_keep_their_last_value() -> None:
    months = pd.period_range("2000-01", periods=23, freq="M")
    np.testing.assert_array_equal(projected(panel_of(np.arange(23.0), months), ALL, 2), [[[22.0], [22.0]]])
    np.testing.assert_array_equal(projected(panel_of(np.arange(50.0), pd.RangeIndex(50)), ALL, 1), [[[49.0]]])


def test_each_series_of_a_panel_has_its_own_past() -> None:
    months = pd.period_range("2000-01", periods=36, freq="M")
    parts = [
        pd.DataFrame({"unique_id": k, "ds": months, "y": 0.0, "x": k * np.sin(np.arange(36))}) for k in (1, 2)
    ]
    found = projected(Panel.from_data(pd.concat(parts, ignore_index=True)), ALL, 15)
    np.testing.assert_allclose(found[1], 2 * found[0])
    assert found.shape == (2, 15, 1)
