"""Step arithmetic equals pandas.date_range, there and back, also across changes of time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pandas.tseries.frequencies import to_offset

from forecast.panel import season_length
from forecast.panel.frequency import OFF_GRID, Clock, Frequency

FREQS = ["h", "15min", "3h", "D", "3D", "W-TUE", "2W-SUN", "B", "2B", "MS", "ME", "QS-FEB", "YE-JUN", "BMS"]
CUSTOM = pd.offsets.CustomBusinessDay(weekmask="Sun Mon Tue Wed Thu", holidays=["2024-03-28", "2024-04-01"])


@pytest.mark.parametrize("tz", [None, "Europe/Berlin", "America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize("freq", [*FREQS, CUSTOM])
def test_steps_are_those_of_date_range(freq: str, tz: str | None) -> None:
    index = pd.date_range("2024-02-25 05:00", periods=200, freq=freq, tz=tz)
    frequency = Frequency(to_offset(freq), Clock(index.tz, index.unit))
    steps = np.arange(200)
    starts = np.full(200, index.asi8[0])
    np.testing.assert_array_equal(frequency.stamps(starts, steps), index.asi8)
    np.testing.assert_array_equal(frequency.positions(starts, index.asi8), steps)
    off = index.asi8 + Clock(None, index.unit).ticks(pd.Timedelta(1, "s"))
    assert (frequency.positions(starts, off) == OFF_GRID).all()


def test_series_with_different_starts_count_from_their_own() -> None:
    months = pd.date_range("2024-01-01", periods=30, freq="MS")
    frequency = Frequency(months.freq, Clock(None, months.unit))
    starts, stamps = months.asi8[[0, 3, 3, 10]], months.asi8[[4, 4, 29, 9]]
    np.testing.assert_array_equal(frequency.positions(starts, stamps), [4, 1, 26, -1])


def test_midnight_skipped_by_the_change_of_time_moves_forward() -> None:
    clock = Clock(pd.Timestamp(0, tz="America/Sao_Paulo").tz, "s")
    start = pd.Timestamp("2018-11-02", tz="America/Sao_Paulo")
    days = Frequency(to_offset("D"), clock)
    starts = np.full(4, int(start.timestamp()))
    stamps = days.stamps(starts, np.arange(4))
    assert [str(stamp.time()) for stamp in clock.index(stamps)] == [
        "00:00:00",
        "00:00:00",
        "01:00:00",
        "00:00:00",
    ]
    np.testing.assert_array_equal(days.positions(starts, stamps), np.arange(4))


@pytest.mark.parametrize(
    ("freq", "season"),
    [("Y", 1), ("Q", 4), ("Q-NOV", 4), ("M", 12), ("ME", 12), ("BMS", 12), ("W-TUE", 52), ("B", 5), ("C", 5)]
    + [("D", 7), ("2D", 1), ("h", 24), ("3h", 8), ("5h", 1), ("10min", 144), ("2min", 30), ("10s", 6)]
    + [("ms", 1), (None, 1), (pd.offsets.MonthEnd(3), 4), ("6M", 2), (pd.offsets.DateOffset(months=1), 1)],
)
def test_season_length(freq: object, season: int) -> None:
    assert season_length(freq) == season
