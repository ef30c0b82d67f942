"""A panel as JSON and arrays: exact, and an error where text cannot say what it is."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.panel import Panel, future_frame, panel_from_state, panel_state

DAYS = pd.date_range("2024-01-01", periods=6, freq="D", name="day")


def again(panel: Panel) -> Panel:
    plain, arrays = panel_state(panel)
    assert all(array.dtype != object for array in arrays.values())
    return panel_from_state(json.loads(json.dumps(plain)), arrays)


def shops(labels: Any) -> pd.DataFrame:
    index = pd.MultiIndex.from_product([labels, DAYS.tz_localize("Europe/Berlin")], names=["shop", "day"])
    return pd.DataFrame({"price": 1.0, "y": np.arange(float(len(index)))}, index)


@pytest.mark.parametrize(
    "labels", [["a", "b"], [2, 1], [0.5, 1.5], pd.CategoricalIndex(["b", "a"], ordered=True)], ids=str
)
def test_panel_of_series_comes_back(labels: Any) -> None:
    data = shops(labels)
    panel = again(Panel.from_data(data))
    pd.testing.assert_frame_equal(panel.to_user()[1], data)
    pd.testing.assert_frame_equal(future_frame(panel, 2), future_frame(Panel.from_data(data), 2))


@pytest.mark.parametrize(
    "columns", [["a", "b"], [0, 1], pd.RangeIndex(2), pd.Index(["a", "b"], name="kind")], ids=str
)
def test_columns_come_back(columns: Any) -> None:
    X = pd.DataFrame(np.ones((6, 2)), DAYS, columns)
    y = pd.DataFrame(np.zeros((6, 2), "float32"), DAYS, columns)
    back_x, back_y = again(Panel.from_data(X, y)).to_user()
    pd.testing.assert_frame_equal(back_x, X, check_freq=True)
    pd.testing.assert_frame_equal(back_y, y, check_freq=True)


def test_fixed_offsets_and_missing_values_come_back() -> None:
    zone = dt.timezone(dt.timedelta(hours=2))
    y = pd.Series([1.0, np.nan, 3.0], pd.date_range("2024", periods=3, freq="h", tz=zone))
    panel = again(Panel.from_data(y, allow_missing=True))
    pd.testing.assert_series_equal(panel.to_user()[1], y)
    assert panel.allow_missing


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            pd.Series(1.0, DAYS, name=("a", 1)),
            ["names of a model to save", "('a', 1) of type tuple", "Rename"],
        ),
        (
            pd.Series(1.0, pd.date_range("2024-01-15", periods=4, freq=pd.DateOffset(months=1))),
            ["frequency of a model to save", "DateOffset", "asfreq"],
        ),
        (
            pd.Series(
                1.0, pd.date_range("2024", periods=4, freq="h", tz=dt.timezone(dt.timedelta(hours=1), "here"))
            ),
            ["time zone of a model to save", "tz_convert"],
        ),
    ],
    ids=["tuple", "offset", "time zone"],
)
def test_what_text_cannot_say_is_refused(data: pd.Series, words: list[str]) -> None:
    with pytest.raises(ValueError) as caught:
        panel_state(Panel.from_data(data))
    for word in words:
        assert word in str(caught.value)
