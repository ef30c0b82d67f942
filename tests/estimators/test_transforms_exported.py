"""Files of models with a transform take and give values in the user's units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.preprocessing import PowerTransformer

from forecast.estimators.baselines.ar import AR
from forecast.estimators.neural.narx import NARX
from forecast.estimators.pretrained.estimator import Pretrained
from tests.checks_forecaster import long_frame, monthly
from tests.checks_onnx import assert_answers

SMALL: dict[str, Any] = dict(
    lags=2, hidden=(2,), epochs=1, selection=False, jit_compile=False, random_state=0
)


@pytest.mark.parametrize(
    "model",
    [
        AR(lags=3, transform="log"),
        AR(lags=3, transform=["log1p", "boxcox"]),
        Pretrained(transform="boxcox", nonnegative=True),
        pytest.param(NARX(**SMALL, transform="log"), marks=pytest.mark.backend),
    ],
    ids=str,
)
def test_values_are_those_of_the_user(model: Any, tmp_path: Path) -> None:
    assert_answers(model.fit(monthly()), tmp_path, 6)


def test_exponents_go_by_the_series(tmp_path: Path) -> None:
    long = long_frame((60, 60))
    long["y"] = np.where(long["unique_id"] == "s0", np.exp(long["y"] / long["y"].max()), long["y"])
    model = AR(lags=2, transform="boxcox", season=6).fit(long)
    assert len(np.unique(model.lambda_)) == 2
    assert_answers(model, tmp_path, 4)


def test_a_forecast_below_zero_is_zero(tmp_path: Path) -> None:
    falling = np.r_[np.linspace(40, 1, 40)]
    model = AR(lags=1, difference=True, nonnegative=True).fit(falling)
    assert (model.predict(5)[1:] == 0).all()
    assert_answers(model, tmp_path, 5)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"transform": PowerTransformer()}, "transform='PowerTransformer'"),
        ({"transform": "log", "bias_correction": True}, "bias_correction"),
    ],
)
def test_what_a_file_does_not_compute_is_refused(options: dict[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=told):
        AR(lags=2, **options).fit(monthly()).export(tmp_path / "m.onnx")
