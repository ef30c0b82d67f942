"""The file of a pretrained network forecasts as it does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.datasets import load_air_passengers
from forecast.estimators.pretrained.estimator import Pretrained
from tests.checks_forecaster import long_frame, monthly
from tests.checks_onnx import about, answers, assert_answers, session
from tests.estimators.test_exporting import two_tables


def gappy(y: pd.Series) -> pd.Series:
    """A series without a fifth of its values, the last one among them."""
    lost = np.random.default_rng(0).random(len(y)) < 0.2
    lost[-1] = True
    return y.where(~lost).astype(float)


@pytest.mark.parametrize(
    ("season", "y"),
    [
        (None, load_air_passengers()),
        (None, gappy(monthly(90))),
        (None, long_frame((70, 70))),
        (4, pd.DataFrame({"a": monthly(70), "b": monthly(70, seed=1) * 10})),
        (7, monthly(90)),
        (52, gappy(monthly(420))),  # the profile of a year is taken off
    ],
)
def test_series(season: int | None, y: Any, tmp_path: Path) -> None:
    assert_answers(Pretrained(season=season).fit(y), tmp_path, 30)


def test_covariates(tmp_path: Path) -> None:
    X, y, future = two_tables(90)
    assert_answers(Pretrained(covariates=True).fit(X, y), tmp_path, 6, future)


def test_a_short_history_is_enough(tmp_path: Path) -> None:
    model = Pretrained().fit(monthly(7))
    run = session(model, tmp_path, 3)
    assert about(run)["rows"] > 7
    np.testing.assert_allclose(answers(run, model, rows=7).ravel(), model.predict(3), rtol=1e-6)
