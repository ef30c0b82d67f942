"""Files of models of differences take and give levels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from forecast.estimators.baselines.ar import AR
from forecast.estimators.neural.narx import NARX
from forecast.estimators.pretrained.estimator import Pretrained
from tests.checks_forecaster import long_frame
from tests.checks_onnx import about, assert_answers, session
from tests.estimators.test_exporting import two_tables

SMALL: dict[str, Any] = {"lags": 2, "hidden": (2,), "epochs": 1, "selection": False, "random_state": 0}


@pytest.mark.parametrize(
    "model",
    [
        AR(lags=2, exog_lags=[0, 3], transform=["log", "seasonal_difference", "difference"]),
        Pretrained(transform="difference"),
        pytest.param(NARX(**SMALL, transform=["log", "seasonal_difference"]), marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_values_are_levels(model: Any, tmp_path: Path) -> None:
    X, y, future = two_tables()
    both = pd.DataFrame({"sales": y, "other": 2 * y.shift(1).bfill() + 100})
    assert_answers(model.fit(X, both), tmp_path, 6, future)


def test_a_horizon_beyond_the_season_is_cumulated_on_and_rows_are_those_read(tmp_path: Path) -> None:
    model = AR(lags=2, season=4, transform=["seasonal_difference", "difference"], bias_correction=True)
    model.fit(long_frame((60, 40)))  # which has nothing to correct
    assert_answers(model, tmp_path, 10)
    rows = about(session(model, tmp_path, 10))["rows"]
    assert rows == 2 + 4 + 1  # those of the equation, and of both differences
