"""Columns of text at the border: indicators inside, the user's own column outside."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from forecast.panel import Coding, Panel, build_request, future_frame, panel_from_state, panel_state

DAYS = pd.date_range("2024-01-01", periods=6)
SKY = ["sun", "rain", "snow", "rain", "sun", "rain"]
X = pd.DataFrame({"t": np.arange(6.0), "sky": SKY, "p": np.arange(6.0) % 2}, DAYS)
Y = pd.Series(np.arange(6.0), DAYS, name="y")
LONG = pd.DataFrame(
    {"unique_id": ["a"] * 3 + ["b"] * 3, "ds": [*DAYS[:3], *DAYS[:3]], "y": Y.to_numpy(), "sky": SKY}
)
INDICATORS = np.array([[0, 0], [1, 0], [0, 1], [1, 0], [0, 0], [1, 0]])  # of rain and snow, after sun


def test_text_becomes_indicators_of_all_categories_but_the_first() -> None:
    panel = Panel.from_data(X, Y)
    assert panel.layout.exog_names == ["t", "sky=rain", "sky=snow", "p"]
    np.testing.assert_array_equal(panel.x[:, 1:3], INDICATORS)
    assert panel.layout.covariates == {"t": slice(0, 1), "sky": slice(1, 3), "p": slice(3, 4)}


@pytest.mark.parametrize("kind", ["object", "str", "category"])
def test_whatever_holds_the_text(kind: str) -> None:
    panel = Panel.from_data(X.astype({"sky": kind}), Y)
    back, _ = panel.to_user()
    assert back["sky"].tolist() == SKY and back[["t", "p"]].equals(X[["t", "p"]])
    again = Panel.from_data(back[:2], Y[:2])  # a part keeps the categories of the whole
    assert again.layout.exog_names == panel.layout.exog_names


def test_declared_categories_stand_in_their_declared_order() -> None:
    sky = pd.Categorical(SKY, categories=["snow", "sun", "rain", "hail"])
    assert Panel.from_data(X.assign(sky=sky)[["sky"]], Y).layout.exog_names == [
        "sky=sun",
        "sky=rain",
        "sky=hail",
    ]


def test_numbers_that_are_named() -> None:
    panel = Panel.from_data(X[["t", "p"]], Y, coding=Coding(["p"]))
    assert panel.layout.categories == {"p": (0.0, 1.0)} and panel.layout.exog_names == ["t", "p=1.0"]


@pytest.mark.parametrize("frame", [LONG, pl.from_pandas(LONG), LONG.set_index(["unique_id", "ds"])])
def test_panels_of_every_form(frame: object) -> None:
    panel = Panel.from_data(frame)
    np.testing.assert_array_equal(panel.x, INDICATORS)
    back = panel.to_user()[1]
    assert (
        list(back["sky"]) == SKY and type(back) is type(frame) and list(back.columns) == list(frame.columns)
    )
    rows = future_frame(panel, 1)
    assert list(rows["sky"].is_null() if isinstance(rows, pl.DataFrame) else rows["sky"].isna()) == [
        True,
        True,
    ]


def test_one_category_alone_has_a_column() -> None:
    panel = Panel.from_data(X.assign(sky="sun"), Y)
    assert panel.layout.exog_names == ["t", "sky=sun", "p"] and (panel.x[:, 1] == 1).all()
    assert set(panel.to_user()[0]["sky"]) == {"sun"}


def test_future_rows_are_read_with_the_categories_of_the_history() -> None:
    panel = Panel.from_data(X, Y)
    later = X.set_axis(DAYS + DAYS.freq * 6).assign(sky=["rain"] * 6)
    assert build_request(panel, later).future_x[0, :, 1:3].tolist() == [[1.0, 0.0]] * 6
    with pytest.warns(UserWarning, match=r"X\['sky'\]: 'hail' not seen in fit; taken for the first category"):
        found = build_request(panel, later.assign(sky="hail")).future_x
    assert (found[0, :, 1:3] == 0).all()
    with pytest.raises(ValueError, match="NaN in column 'sky'"):
        build_request(panel, later.assign(sky=None))


def test_saved_and_read_again() -> None:
    panel = Panel.from_data(X, Y)
    again = panel_from_state(*panel_state(panel))
    assert again.layout.categories == panel.layout.categories
    pd.testing.assert_frame_equal(again.to_user()[0], panel.to_user()[0])
