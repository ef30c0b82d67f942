"""Covariates of the calendar: what each column says of its timestamp, past and future."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.panel import Coding, Panel, build_request, panel_from_state, panel_state
from forecast.panel.calendar import calendar_frame, check_calendar

HOURS = pd.date_range("2024-02-27", periods=24 * 15, freq="h", tz="Europe/Berlin")
Y = pd.Series(np.arange(len(HOURS)) * 1.0, HOURS)


def columns(y: Any, calendar: Any) -> pd.DataFrame:
    panel = Panel.from_data(y, coding=Coding(calendar=calendar))
    return pd.DataFrame(panel.x, columns=panel.layout.exog)


def test_indicators_of_local_time() -> None:
    found = columns(Y, ["hour", "weekday", "day", "weekend"])
    assert list(found)[:2] == ["hour=1", "hour=2"] and found.shape[1] == 23 + 6 + 30 + 1
    for name, value in (("hour", HOURS.hour), ("weekday", HOURS.day_of_week), ("day", HOURS.day)):
        own = found.filter(regex=f"^{name}=")
        number = own.to_numpy() @ [int(label.split("=")[1]) for label in own]
        np.testing.assert_array_equal(np.where(own.any(axis=1), number, value.min()), value)
    np.testing.assert_array_equal(found["weekend=1"], HOURS.day_of_week >= 5)


def test_fourier_terms_are_those_of_the_step() -> None:
    found = columns(np.zeros(10), [(5, 2)]).to_numpy()
    t = np.arange(10)
    waves = [wave(2 * np.pi * k * t / 5) for k in (1, 2) for wave in (np.cos, np.sin)]
    np.testing.assert_allclose(found, np.column_stack(waves), atol=1e-12)


def test_series_that_start_at_other_times_have_one_calendar() -> None:
    days = pd.date_range("2024-01-01", periods=30)
    long = pd.DataFrame(
        {"unique_id": ["a"] * 30 + ["b"] * 20, "ds": [*days, *days[10:]], "y": np.arange(50.0)}
    )
    panel = Panel.from_data(long, coding=Coding(calendar=["weekday", (7, 1)]))
    np.testing.assert_allclose(panel.x[10:30], panel.x[30:])


def test_a_frame_of_any_index_has_the_columns_of_its_timestamps() -> None:
    calendar = ["hour", "weekday", (24, 1)]
    part = Panel.from_data(Y[100:200], coding=Coding(calendar=calendar))
    found = calendar_frame(part, HOURS)  # before, in and after the history
    assert found.index.equals(HOURS)
    pd.testing.assert_frame_equal(found.reset_index(drop=True), columns(Y, calendar))
    with pytest.raises(ValueError, match="00:30:00.*, where no step of the history falls"):
        calendar_frame(part, HOURS[:1] + pd.Timedelta("30min"))
    with pytest.raises(TypeError, match="index: must be timestamps in the time zone"):
        calendar_frame(part, pd.RangeIndex(3))
    with pytest.raises(TypeError, match=r"index: must be an index of pandas; received int.*X\.index"):
        calendar_frame(part, 12)


@pytest.mark.parametrize(
    ("index", "features"),
    [
        (HOURS, ("hour", "weekday")),
        (HOURS[: 24 * 13], ("hour",)),
        (pd.date_range("2024-01-01", periods=100, freq="15min"), ()),
        (pd.date_range("2022-01-01", periods=800), ("weekday", "month")),
        (pd.period_range("2020-01", periods=30, freq="M"), ("month",)),
        (pd.period_range("2020", periods=30, freq="Y"), ()),
        (pd.RangeIndex(100), ()),
    ],
)
def test_what_auto_stands_for(index: pd.Index, features: tuple[str, ...]) -> None:
    y = pd.Series(np.arange(len(index)) * 1.0, index)
    assert Panel.from_data(y, coding=Coding(calendar="auto")).layout.calendar == features


def test_future_rows_have_their_own_calendar() -> None:
    calendar = Coding(calendar=["hour", (24, 1)])
    whole, head = Panel.from_data(Y, coding=calendar), Panel.from_data(Y[:100], coding=calendar)
    np.testing.assert_allclose(build_request(head, 30).future_x[0], whole.x[100:130])
    later = build_request(
        head, Y.index[110:130]
    ).future_x  # also those of the rows before the first one asked for
    np.testing.assert_allclose(later[0], whole.x[100:130])


def test_it_is_no_part_of_what_is_given_back_and_is_saved() -> None:
    X = pd.DataFrame({"t": np.arange(len(Y)) * 1.0}, HOURS)
    panel = Panel.from_data(X, Y, coding=Coding(calendar=["weekend", (24, 1)]))
    pd.testing.assert_frame_equal(panel.to_user()[0], X)
    again = panel_from_state(*panel_state(panel))
    assert again.layout.calendar == ("weekend", (24, 1)) and again.layout.n_given == 1


@pytest.mark.parametrize("calendar", [["hours"], [(1, 1)], [(24, 13)], ["hour", "hour"], [("hour", 2)]])
def test_wrong_features(calendar: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="calendar"):
        check_calendar(calendar)


def test_features_of_time_without_time() -> None:
    with pytest.raises(ValueError, match="calendar.*without timestamps.*index of timestamps"):
        columns(np.zeros(10), ["hour"])
    with pytest.raises(ValueError, match="named unlike features of the calendar.*weekend=1"):
        X = pd.DataFrame({"weekend=1": np.arange(len(Y)) * 1.0}, HOURS)
        Panel.from_data(X, Y, coding=Coding(calendar=["weekend"]))
