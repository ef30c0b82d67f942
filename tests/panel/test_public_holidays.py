"""Public holidays as a covariate of the calendar."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from forecast.panel import Coding, Panel, build_request, panel_from_state, panel_state
from forecast.panel.public_holidays import is_holiday

HOURS = pd.date_range("2012-12-24 14:00", periods=96, freq="h", tz="UTC").tz_convert("Australia/Melbourne")


def test_a_holiday_is_a_local_day_past_and_future() -> None:
    christmas = np.isin(HOURS.strftime("%m-%d"), ["12-25", "12-26"])  # and Boxing Day
    np.testing.assert_array_equal(is_holiday("holiday:AU-VIC", HOURS), christmas)
    y = pd.Series(np.arange(len(HOURS)) * 1.0, HOURS)
    panel = Panel.from_data(y[:30], coding=Coding(calendar=["holiday:AU-VIC"]))
    assert list(panel.layout.exog) == ["holiday:AU-VIC=1"]
    np.testing.assert_array_equal(build_request(panel, 66).future_x[0, :, 0], christmas[30:])
    assert panel_from_state(*panel_state(panel)).layout.calendar == ("holiday:AU-VIC",)


def test_a_part_of_a_country_has_days_of_its_own() -> None:
    days = pd.date_range("2012-03-12", periods=1)  # Labour Day of Victoria alone
    assert is_holiday("holiday:AU-VIC", days)[0] and not is_holiday("holiday:AU-NSW", days)[0]


@pytest.mark.parametrize("feature", ["holiday:XX", "holiday:AU-QQ", "holiday:"])
def test_unknown_places(feature: str) -> None:
    with pytest.raises(ValueError, match="calendar: must be a country.*'holiday:AU-VIC'"):
        Panel.from_data(pd.Series(np.zeros(96), HOURS), coding=Coding(calendar=[feature]))


def test_long_steps_and_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    months = pd.Series(np.zeros(30), pd.period_range("2020-01", periods=30, freq="M"))
    with pytest.raises(ValueError, match="without holidays where a step is days long"):
        Panel.from_data(months, coding=Coding(calendar=["holiday:AU"]))
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(ImportError, match="pip install holidays"):
        is_holiday("holiday:AU", HOURS)
