"""How much of a history is held out, and the unit of one step."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from forecast.estimators.baselines.naive import Naive
from forecast.estimators.held_out import mean_step, tail_rows
from forecast.panel import Panel
from tests.checks_forecaster import long_frame


@pytest.mark.parametrize(
    ("rows", "series", "horizon", "season", "tail"),
    [
        (2000, 1, 5, 1, 304),  # 300 errors of the last step
        (2000, 1, 5, 400, 404),  # every phase of a season
        (400, 1, 5, 1, 100),  # a quarter
        (100, 1, 5, 1, 34),  # 30 errors
        (50, 1, 5, 1, 25),  # half
        (100, 10, 5, 1, 25),
        (400, 100, 5, 1, 7),
        (40, 1000, 5, 12, 10),
    ],
)
def test_rows_held_out(rows: int, series: int, horizon: int, season: int, tail: int) -> None:
    stand_in: Any = SimpleNamespace(n_series=series, lengths=np.full(series, rows), season_length=season)
    assert set(tail_rows(Naive(), stand_in, horizon)) == {tail}


def test_mean_step_is_that_of_each_series() -> None:
    long = long_frame()
    long.loc[3, "y"] = np.nan
    long.loc[long["unique_id"] == "s1", "y"] *= 1e12
    found = mean_step(Panel.from_data(long, allow_missing=True))
    by_hand = [np.nanmean(np.abs(np.diff(y))) for _, y in long.groupby("unique_id")["y"]]
    np.testing.assert_allclose(found[:, 0], by_hand)
    assert mean_step(Panel.from_data(np.full(9, 3.0))).item() == 1.0
