"""Step arithmetic equals pandas.date_range, there and back, also across changes of time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pandas.tseries.frequencies import to_offset

from forecast.panel import Panel, build_request, season_length
from forecast.panel.frequency import OFF_GRID, Clock, Frequency, season_lengths

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


def zoned(zone: str, start: str) -> tuple[Clock, np.ndarray]:
    stamp = pd.Timestamp(start, tz=zone)
    return Clock(stamp.tz, "s"), np.array([int(stamp.timestamp())])


@pytest.mark.parametrize(
    ("zone", "start", "change", "first"),
    [
        ("Europe/Berlin", "2024-10-25 02:30", "2024-10-27", "02:30:00+02:00"),
        ("America/New_York", "2024-11-01 01:15", "2024-11-03", "01:15:00-04:00"),
        ("Australia/Lord_Howe", "2024-04-05 01:45", "2024-04-07", "01:45:00+11:00"),  # half an hour
    ],
)
def test_ambiguous_hour_is_its_first_occurrence(zone: str, start: str, change: str, first: str) -> None:
    clock, starts = zoned(zone, start)
    days, steps = Frequency(to_offset("D"), clock), np.arange(5)
    stamps = days.stamps(np.repeat(starts, 5), steps)
    assert f"{change} {first}" in [str(stamp) for stamp in clock.index(stamps)]
    assert {str(stamp.time()) for stamp in clock.index(stamps)} == {start[-5:] + ":00"}
    np.testing.assert_array_equal(days.positions(np.repeat(starts, 5), stamps), steps)


@pytest.mark.parametrize(
    ("zone", "start", "moved"),
    [
        ("Europe/Berlin", "2024-03-29 02:30", "2024-03-31 03:00:00+02:00"),
        ("America/New_York", "2024-03-08 02:15", "2024-03-10 03:00:00-04:00"),
        ("Australia/Lord_Howe", "2024-10-04 02:10", "2024-10-06 03:00:00+11:00"),  # as pandas moves it
    ],
)
def test_missing_hour_moves_forward_for_one_day(zone: str, start: str, moved: str) -> None:
    clock, starts = zoned(zone, start)
    days, steps = Frequency(to_offset("D"), clock), np.arange(5)
    stamps = days.stamps(np.repeat(starts, 5), steps)
    shown = [str(stamp) for stamp in clock.index(stamps)]
    assert moved in shown and shown[-1][11:16] == start[-5:]
    np.testing.assert_array_equal(days.positions(np.repeat(starts, 5), stamps), steps)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("freq", ["h", "30min", "5min"])
def test_clock_steps_pass_through_both_changes(zone: str, freq: str) -> None:
    for day in ("2024-03-09", "2024-03-30", "2024-04-06", "2024-10-05", "2024-10-26", "2024-11-02"):
        index = pd.date_range(day, periods=700, freq=freq, tz=zone)
        y = pd.Series(np.arange(700.0), index)
        ahead = build_request(Panel.from_data(y.iloc[:300]), 400).rows.index
        pd.testing.assert_index_equal(ahead, index[300:], exact="equiv")


@pytest.mark.parametrize(("freq", "steps"), [("D", 90_000), ("W", 13_000), ("B", 65_000), ("h", 2_200_000)])
def test_timestamps_beyond_the_range_of_their_unit_are_refused(freq: str, steps: int) -> None:
    index = pd.date_range("2024-01-01", periods=20, freq=freq, unit="ns")
    panel = Panel.from_data(pd.Series(1.0, index))
    with pytest.raises(ValueError, match=r"horizon: .*range of ns.*2262.*as_unit\('s'\)"):
        build_request(panel, steps)
    coarse = Panel.from_data(pd.Series(1.0, index.as_unit("s")))
    assert build_request(coarse, steps).rows.index[-1].year > 2262
    assert build_request(panel, 1000).rows.index[-1] == pd.date_range(index[-1], periods=1001, freq=freq)[-1]


def test_a_history_of_centuries_is_counted_exactly() -> None:
    hours = pd.date_range("1700-01-01", periods=48, freq="h", unit="ns")
    late = pd.DatetimeIndex(["2250-01-01"]).as_unit("ns")
    days = (pd.Timestamp("2250-01-01").to_period("D") - pd.Timestamp("1700-01-01").to_period("D")).n
    for index, steps in ((hours, 24 * days), (hours[::24], days)):
        panel = Panel.from_data(pd.Series(1.0, index.as_unit("ns"), dtype=float).asfreq(index.freq))
        position = panel.timeline.positions(np.zeros(1, int), late)
        assert position.tolist() == [steps]


PHASES = [("h", 24), ("30min", 48), ("5min", 288), ("D", 7), ("2D", 7), ("W-TUE", 52), ("B", 5), ("MS", 12)]
PHASES += [("ME", 12), ("BME", 12), ("2MS", 6), ("QS-FEB", 4), ("YE", 3)]


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
@pytest.mark.parametrize(("freq", "season"), PHASES)
def test_phase_of_a_later_record_counts_its_steps(freq: str, season: int, zone: str | None) -> None:
    index = pd.date_range("2023-12-28", periods=3 * season + 40, freq=freq, tz=zone)
    panel = Panel.from_data(pd.Series(1.0, index))
    for start in (0, 1, season - 1, season, 2 * season + 3):
        later = Panel.from_data(pd.Series(1.0, index[start:]))
        expected = (panel.phase(season) + start) % season
        np.testing.assert_array_equal(later.phase(season), expected)
        np.testing.assert_array_equal(panel.slice(start).phase(season), expected)


def test_phase_of_periods_numbers_and_arrays() -> None:
    months = pd.period_range("2024-03", periods=30, freq="M")
    assert Panel.from_data(pd.Series(1.0, months)).phase(12).tolist() == [2]
    dates = Panel.from_data(pd.Series(1.0, months.to_timestamp()))
    ends = Panel.from_data(pd.Series(1.0, months.to_timestamp(how="end").normalize()))
    assert dates.phase(12).tolist() == ends.phase(12).tolist() == [2]
    assert Panel.from_data(pd.Series(1.0, range(10, 40, 2))).phase(4).tolist() == [1]
    assert Panel.from_data(np.ones(9)).phase(4).tolist() == [0]


def test_month_ends_and_starts_are_different_steps() -> None:
    ends = pd.date_range("2024-01-31", periods=30, freq="ME")
    panel = Panel.from_data(pd.Series(1.0, ends[:24]))
    pd.testing.assert_index_equal(build_request(panel, 6).rows.index, ends[24:])
    with pytest.raises(ValueError, match="2026-02-01.*no step of the history"):
        build_request(panel, pd.date_range("2026-02-01", periods=2, freq="MS"))
    with pytest.raises(TypeError, match="PeriodIndex"):
        build_request(panel, ends[24:].to_period("M"))


@pytest.mark.parametrize(
    ("freq", "season"),
    [("Y", 1), ("Q", 4), ("Q-NOV", 4), ("M", 12), ("ME", 12), ("BMS", 12), ("W-TUE", 52), ("B", 5), ("C", 5)]
    + [
        ("D", 7),
        ("2D", 1),
        ("h", 24),
        ("3h", 8),
        ("5h", 1),
        ("10min", 144),
        ("5min", 288),
        ("4min", 15),
        ("2min", 30),
        ("10s", 6),
    ]
    + [("ms", 1), (None, 1), (pd.offsets.MonthEnd(3), 4), ("6M", 2), (pd.offsets.DateOffset(months=1), 1)],
)
def test_season_length(freq: object, season: int) -> None:
    assert season_length(freq) == season


@pytest.mark.parametrize(
    ("freq", "seasons"),
    [
        ("h", (24, 168)),
        ("30min", (48, 336)),
        ("min", (60, 1440)),
        ("s", (60, 3600)),
        ("D", (7,)),
        ("M", (12,)),
        ("Y", ()),
        (None, ()),
    ],
)
def test_seasons_of_a_step_below_a_day_are_two(freq: object, seasons: tuple[int, ...]) -> None:
    assert season_lengths(freq) == seasons
