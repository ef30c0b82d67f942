"""New rows follow the history without a gap or an overlap, or the error names the rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.panel import Panel, extend_panel

DAYS = pd.date_range("2024-01-01", periods=20, freq="D")
Y = pd.Series(np.arange(20.0), DAYS, name="sales")
X = pd.DataFrame({"temp": np.arange(20.0)}, DAYS)
LEVELS = pd.MultiIndex.from_product([["a", "b"], DAYS])
PANEL = pd.Series(np.arange(40.0), LEVELS)
PAST = LEVELS.get_level_values(1) < DAYS[15]
SHOPS = Panel.from_data(PANEL[PAST])
ONE = Panel.from_data(Y.iloc[:15])
DRIVEN = Panel.from_data(X.iloc[:15], Y.iloc[:15])

CASES: dict[str, tuple[Panel, tuple[Any, ...], type[Exception], list[str]]] = {
    "gap": (ONE, (Y.iloc[17:],), ValueError, ["missing timestamps: 2024-01-16, 2024-01-17", "too"]),
    "overlap": (ONE, (Y.iloc[13:],), ValueError, ["after the history, which ends at 2024-01-15", "overlap"]),
    "off the grid": (ONE, (Y.iloc[15:].shift(1, "h"),), ValueError, ["no step of the history", "frequency"]),
    "other index": (ONE, (Y.iloc[15:].reset_index(drop=True),), TypeError, ["timestamps", "int64"]),
    "gap of one series": (SHOPS, (PANEL[~PAST].drop(("b", DAYS[15])),), ValueError, ["'b'", "2024-01-16"]),
    "unknown series": (
        SHOPS,
        (PANEL[~PAST].rename({"b": "q"}),),
        ValueError,
        ["unknown series q", "Fit again"],
    ),
    "single series for a panel": (SHOPS, (Y.iloc[15:],), ValueError, ["panel", "single series", "form"]),
    "covariates missing": (
        DRIVEN,
        (Y.iloc[15:],),
        ValueError,
        ["columns of X", "['temp']", "[]", "(X_new, y_new)"],
    ),
    "covariates of other names": (
        DRIVEN,
        (X.iloc[15:].rename(columns={"temp": "t"}), Y.iloc[15:]),
        ValueError,
        ["columns of X", "['temp']", "['t']", "same columns"],
    ),
}


@pytest.mark.parametrize(("history", "data", "kind", "words"), CASES.values(), ids=CASES.keys())
def test_rows_that_do_not_follow_are_refused(
    history: Panel, data: tuple[Any, ...], kind: type[Exception], words: list[str]
) -> None:
    with pytest.raises(kind) as caught:
        extend_panel(history, Panel.from_data(*data, like=history))
    for word in words:
        assert word in str(caught.value)


def test_head_and_rest_make_the_whole() -> None:
    whole = Panel.from_data(PANEL)
    for cut in (np.array([3, 20]), np.array([19, 1]), 7):
        grown = extend_panel(whole.head(cut), whole.slice(cut))
        pd.testing.assert_series_equal(grown.to_user()[1], PANEL)


def test_arrays_simply_go_on() -> None:
    panel = extend_panel(Panel.from_data(np.arange(5.0)), Panel.from_data(np.arange(5.0, 8.0)))
    np.testing.assert_array_equal(panel.to_user()[1], np.arange(8.0))
    after = extend_panel(ONE, Panel.from_data(np.arange(15.0, 20.0)))
    pd.testing.assert_series_equal(after.to_user()[1], Y)


def test_rows_in_turn_come_back_in_the_order_in_which_they_came() -> None:
    whole = pd.DataFrame(
        {"unique_id": ["b", "a"] * 4, "ds": np.repeat(np.arange(4), 2), "y": np.arange(8.0)}
    ).iloc[[0, 1, 2, 3, 5, 4, 6, 7]]
    grown = extend_panel(Panel.from_data(whole.iloc[:4]), Panel.from_data(whole.iloc[4:]))
    assert grown.y[:, 0].tolist() == [0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 7.0]
    pd.testing.assert_frame_equal(grown.to_user()[1], whole.reset_index(drop=True))
    sorted_first = extend_panel(
        Panel.from_data(PANEL[PAST]), Panel.from_data(PANEL[~PAST].iloc[[0, 5, 1, 6]])
    )
    pd.testing.assert_series_equal(sorted_first.to_user()[1].iloc[30:], PANEL[~PAST].iloc[[0, 5, 1, 6]])


def test_series_without_new_rows_stay_as_they_are() -> None:
    grown = extend_panel(SHOPS, Panel.from_data(PANEL[~PAST].loc[["b"]]))
    assert grown.lengths.tolist() == [15, 20]
    np.testing.assert_array_equal(grown.y[15:, 0], PANEL.loc["b"])


def test_original_panels_are_untouched() -> None:
    before = ONE.y.copy()
    grown = extend_panel(ONE, Panel.from_data(Y.iloc[15:]))
    grown.y[:] = -1.0
    np.testing.assert_array_equal(ONE.y, before)


@pytest.mark.parametrize("words", [{}, {"counts": 3, "drop": 3}])
def test_head_wants_one_of_two_words(words: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="either counts or drop"):
        ONE.head(**words)
