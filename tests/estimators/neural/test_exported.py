"""The files of window networks forecast as they do, whatever was kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.estimators.neural.narx import NARX
from forecast.estimators.neural.residual_tdnn import ResidualTDNN
from forecast.estimators.neural.rnn import RNN
from forecast.estimators.neural.tdnn import TDNN
from tests.checks_forecaster import long_frame, monthly
from tests.checks_onnx import answers, assert_answers, session
from tests.estimators.test_exporting import two_tables

pytestmark = pytest.mark.backend
TINY: dict[str, Any] = {"epochs": 1, "selection": False, "jit_compile": False, "random_state": 0}


def stirred(model: Any) -> Any:
    """The model with weights that are all different, so that each counts; scaled to keep a loop stable."""
    rng = np.random.default_rng(0)
    model.theta_ = model.theta_ + 0.1 * rng.normal(size=model.theta_.shape).astype(model.theta_.dtype)
    return model


@pytest.mark.parametrize(
    "model",
    [
        NARX(lags=3, exog_lags=[0, 2], hidden=(3,), members=2, **TINY),
        *(
            pytest.param(model, marks=pytest.mark.slow)
            for model in (
                TDNN(lags=3, hidden=(3,), delays=1, scale="window", **TINY),
                TDNN(lags=3, hidden=(3,), horizon=4, strategy="direct", **TINY),
                RNN(cell="gru", units=3, window=5, lags=2, **TINY),
                RNN(units=(3, 2), window=5, lags=2, truncate=(2, 3), **TINY),
                ResidualTDNN(horizon=4, window=[8, 5], blocks=1, hidden=(4,), members=2, skip=True, **TINY),
            )
        ),
    ],
)
def test_networks_with_covariates_and_two_targets(model: Any, tmp_path: Path) -> None:
    X, y, future = two_tables()
    both = pd.DataFrame({"sales": y, "other": -2 * y.shift(1).bfill()})
    assert_answers(stirred(model.fit(X, both)), tmp_path, 6, future)


@pytest.mark.slow
def test_linear_models_ar_and_the_mean_with_a_network(tmp_path: Path) -> None:
    model = NARX(random_state=0).fit(monthly())
    assert model.series_ar_ is not None
    assert_answers(model, tmp_path, 12, error=1e-12)
    model.ar_share_ = 0.5
    assert_answers(stirred(model), tmp_path, 12)


def test_a_history_beyond_the_training_data_moves_the_bounds(tmp_path: Path) -> None:
    y = pd.Series(1.2 ** np.arange(40.0) + np.sin(np.arange(40.0)))
    model = NARX(lags=2, jit_compile=False, random_state=0).fit(y[:36])
    run = session(model, tmp_path, 12)
    model.update(y[36:])
    np.testing.assert_allclose(answers(run, model).ravel(), model.predict(12), rtol=1e-9)
    history = np.concatenate([[[[np.nan]]], model.panel_.y[None]], axis=1)  # a missing value that is not read
    np.testing.assert_allclose(run.run(None, {"history": history})[0].ravel(), model.predict(12), rtol=1e-9)
    assert np.isnan(run.run(None, {"history": np.where(history > history[0, -2], np.nan, history)})[0]).all()


@pytest.mark.slow
def test_learned_vectors_and_gaps(tmp_path: Path) -> None:
    assert_answers(stirred(NARX(lags=3, embed_series=2, **TINY).fit(long_frame())), tmp_path, 6)
    y = monthly().where(np.random.default_rng(0).random(60) > 0.2)
    y.iloc[-1] = 60.0
    assert_answers(ResidualTDNN(horizon=4, **TINY).fit(y), tmp_path, 6)
