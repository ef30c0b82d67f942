"""What stands in for missing values: known answers, no look ahead, and what is left out of learning."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from forecast.panel import Panel
from forecast.panel.gaps import (
    beyond_filling,
    continued,
    counted,
    enough_known,
    filled,
    from_last_known,
    last_known,
    learned_from,
    with_filled_covariates,
)

TWO = np.array([0, 60, 120])
SEASON = np.tile([0.0, 3.0, 1.0, -4.0, 7.0], 24)[:, None]


def told_all(history: Panel, horizon: int, future: np.ndarray) -> np.ndarray:
    assert horizon == future.shape[1]
    return future


def gaps_in(values: np.ndarray, *rows: int) -> np.ndarray:
    values = values.astype(float).copy()
    values[list(rows)] = np.nan
    return values


def test_what_is_filled_lies_within_the_known_values() -> None:
    demand = np.maximum(np.tile([40.0, 1.0, 1.0, 90.0], 30) * np.repeat([0.05, 1.0], 60), 1.0)[:, None]
    holes = gaps_in(demand, *range(1, 60, 8), *range(3, 60, 16))
    found = filled(holes, np.array([0, 120]), (4,))
    assert found.min() == 1.0 and found.max() == 90.0


def test_a_trend_and_a_season_are_filled_and_each_series_by_itself() -> None:
    line = np.r_[np.arange(60.0), 500.0 - 2 * np.arange(60.0)][:, None]
    assert_allclose(filled(gaps_in(line, 7, 8, 70), TWO), line)
    assert_allclose(
        filled(gaps_in(SEASON, 7, 8, 9, 10, 11, 70), TWO, (5,)), SEASON, atol=0.02
    )  # a line through few seasons tilts
    walk = np.random.default_rng(0).normal(size=(120, 1)).cumsum(axis=0)
    holes = gaps_in(walk, 9, 20, 70)
    assert_array_equal(filled(holes, TWO, (12,)), filled(holes, TWO))  # no season there
    assert_array_equal(filled(gaps_in(line, 0, 1), TWO)[:2], [[2.0], [2.0]])
    assert filled(line, TWO) is line and continued(line, TWO) is line


@pytest.mark.parametrize("season", [1, 5])
def test_continued_values_depend_on_no_later_row(season: int) -> None:
    y = np.random.default_rng(1).normal(size=(60, 2))
    holes, one = gaps_in(y, 11, 12, 40), np.array([0, 60])
    later = holes.copy()
    later[41:] += 100.0
    assert_array_equal(continued(later, one, season)[:41], continued(holes, one, season)[:41])
    if season == 1:
        assert_array_equal(continued(holes, one)[[11, 12, 40]], y[[10, 10, 39]])


def test_what_is_learned_from() -> None:
    y = gaps_in(np.arange(40.0)[:, None], 0, *range(20, 32), 36)
    one = np.array([0, 40])
    void = [0, *range(20, 32)]
    assert_array_equal(np.flatnonzero(beyond_filling(y, one)), void)
    assert_array_equal(np.flatnonzero(beyond_filling(y, one, (12,))), [0])  # no longer than a season
    seen = learned_from(y, one, (), 30)
    assert_array_equal(np.flatnonzero(np.isnan(seen)), void)
    assert seen[36] == 36 and learned_from(y, one, (), 1) is y  # 22 of 39 rows are whole with the one before
    assert enough_known(y, one, 1) and not enough_known(y, one, 30)
    assert_array_equal(np.flatnonzero(~counted(y)), [0, 1, *range(20, 33), 36, 37])


def test_covariates_carry_on_and_flags_stay_flags() -> None:
    flag = np.r_[np.zeros(5), np.ones(115)]
    x = np.column_stack([SEASON[:, 0] + 0.5, flag])
    panel = Panel.from_data(gaps_in(x, 33, 34), np.zeros(120), allow_missing=True)
    assert_array_equal(with_filled_covariates(panel).x[[33, 34]], x[[32, 32]])
    single = panel.x.astype(np.float32)
    assert (
        with_filled_covariates(Panel.from_data(single, np.zeros(120), allow_missing=True)).x.dtype
        == np.float32
    )
    ahead = np.array([[[np.nan], [2.0], [np.nan]]])
    assert_array_equal(last_known(np.array([[1.0]]), ahead).ravel(), [1.0, 2.0, 2.0])


def test_a_forecast_goes_on_from_the_last_known_row() -> None:
    """Rows with covariates 0, 1, 2, ...: the forecast names the step and the covariate that it was given."""
    x = np.arange(10.0)[:, None]
    y = gaps_in(x, 8, 9)
    panel = Panel.from_data(x, y[:, 0], allow_missing=True)

    def told(history: Panel, horizon: int, future: np.ndarray) -> np.ndarray:
        assert len(history.y) == 8 and horizon == 5
        return future

    found = from_last_known(told, panel, 3, np.array([[[10.0], [11.0], [12.0]]]), least=1, together=False)
    assert_array_equal(found.ravel(), [10, 11, 12])
    ragged = Panel.from_data(np.zeros((3, 2)), np.array([[1.0, np.nan]] * 3), allow_missing=True)
    known = from_last_known(told_all, ragged, 2, np.ones((1, 2, 2)), least=1, together=True)
    assert_array_equal(known, np.ones((1, 2, 2)))  # a row with one known target is a known row
