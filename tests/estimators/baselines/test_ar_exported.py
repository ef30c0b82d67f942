"""The file of an AR forecasts as AR does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.datasets import load_air_passengers
from forecast.estimators.baselines.ar import AR
from tests.checks_forecaster import long_frame, monthly
from tests.checks_onnx import assert_answers
from tests.estimators.test_exporting import two_tables


@pytest.mark.parametrize(
    ("model", "y"),
    [
        (AR(), load_air_passengers()),  # in differences, with a drift
        (AR(lags=3, trend="n"), monthly() * 1e6),
        (AR(lags=2, joint=True), pd.DataFrame({"a": monthly(), "b": monthly(seed=1) * 10})),
        (AR(lags=2), long_frame()),
        (AR(lags=2, pooled=True), long_frame()),
    ],
)
def test_series(model: AR, y: Any, tmp_path: Path) -> None:
    assert_answers(model.fit(y), tmp_path, 24, error=1e-12)


@pytest.mark.parametrize("lags", ["auto", [0, 1], {"price": [0], "heat": [12]}])
def test_covariates(lags: Any, tmp_path: Path) -> None:
    X, y, future = two_tables()
    assert_answers(AR(lags=3, exog_lags=lags).fit(X, y), tmp_path, 6, future, error=1e-12)


def test_what_is_fed_back_keeps_its_bounds(tmp_path: Path) -> None:
    model = AR(lags=1, difference=True).fit(monthly())
    model.bound_ = np.full_like(model.bound_, 0.1)
    assert np.ptp(model.predict(12)) < 0.2
    assert_answers(model, tmp_path, 12, error=1e-12)
