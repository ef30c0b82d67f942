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
    ("rows", "series", "season", "tail", "stride"),
    [
        (2000, 1, 1, 304, 1),  # 300 errors of the last step
        (2000, 1, 400, 500, 3),  # every phase of a season, a quarter
        (20_000, 1, 24, 304, 1),  # 12 days
        (400, 1, 1, 100, 1),  # a quarter
        (100, 1, 1, 34, 1),  # 30 errors
        (50, 1, 1, 25, 1),  # half
        (100, 10, 1, 25, 1),
        (960, 414, 24, 240, 11),  # 30 origins of all phases
        (40, 1000, 12, 10, 1),
    ],
)
def test_rows_held_out(rows: int, series: int, season: int, tail: int, stride: int) -> None:
    stand_in: Any = SimpleNamespace(n_series=series, lengths=np.full(series, rows), season_length=season)
    tails, apart = tail_rows(Naive(), stand_in, 5)
    assert (set(tails), apart) == ({tail}, stride)


def test_mean_step_is_that_of_each_series() -> None:
    long = long_frame()
    long.loc[3, "y"] = np.nan
    long.loc[long["unique_id"] == "s1", "y"] *= 1e12
    found = mean_step(Panel.from_data(long, allow_missing=True))
    by_hand = [np.nanmean(np.abs(np.diff(y))) for _, y in long.groupby("unique_id")["y"]]
    np.testing.assert_allclose(found[:, 0], by_hand)
    assert mean_step(Panel.from_data(np.full(9, 3.0))).item() == 1.0
