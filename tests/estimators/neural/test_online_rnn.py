"""OnlineRNN: learning row by row, a state that does not grow, and forecasts made before learning."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast import AR, OnlineRNN, load
from tests.checks_forecaster import long_frame, monthly

pytestmark = pytest.mark.backend
SMALL = {"lags": 2, "units": 2, "jit_compile": False, "random_state": 0}  # as under the common checks


def drifting(rows: int, seed: int = 0) -> np.ndarray:
    """y_t = a_t y_{t-1} + noise of variance 1, a_t a slow cosine."""
    noise, y = np.random.default_rng(seed).normal(size=rows), np.zeros(rows)
    for t in range(1, rows):
        y[t] = 0.9 * np.cos(2 * np.pi * t / 800) * y[t - 1] + noise[t]
    return y


def test_it_starts_as_the_autoregression() -> None:
    y = monthly()
    model = OnlineRNN(**{**SMALL, "learning_rate": 1e-12}).fit(y)
    expected = AR(lags=2).fit(y)
    np.testing.assert_allclose(model.predict(3), expected.predict(3), rtol=1e-6)
    np.testing.assert_allclose(model.predict(y.index[5:]), expected.predict(y.index[5:]), rtol=1e-6)


def test_one_by_one_equals_the_block() -> None:
    y = monthly(60)
    block = OnlineRNN(**SMALL).fit(y[:40]).partial_fit(y[40:])
    single = OnlineRNN(**SMALL).fit(y[:40])
    for now in range(40, 60):
        single.partial_fit(y.iloc[now : now + 1])
    np.testing.assert_allclose(single.theta_, block.theta_, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(single.predict(6), block.predict(6), rtol=1e-9)
    np.testing.assert_allclose(single.prequential_, block.prequential_, rtol=1e-8, atol=1e-10)
    assert np.abs(block.theta_ - block.linear_theta_).max() > 1e-3


def test_each_row_is_forecast_before_it_is_learned() -> None:
    y = monthly(60)
    model = OnlineRNN(**SMALL).fit(y[:55])
    for now in range(55, 60):
        ahead, theta = model.predict(1).iloc[0], model.theta_
        model.partial_fit(y.iloc[now : now + 1])
        np.testing.assert_allclose(model.prequential_[-1, 0], y.iloc[now] - ahead, rtol=1e-9)
        np.testing.assert_allclose(model.predict(y.index[[now]]), ahead, rtol=1e-9)
        assert np.abs(model.theta_ - theta).max() > 0
    first = model.prequential_[:2]
    assert np.isnan(first).all() and np.isfinite(model.prequential_[2:]).all()


def test_the_state_does_not_grow_and_the_history_is_forgotten() -> None:
    y = monthly(200)
    model = OnlineRNN(**SMALL, keep=10).fit(y[:60])
    size = len(pickle.dumps(model))
    for start in range(60, 200, 20):
        model.partial_fit(y[start : start + 20])
    assert abs(len(pickle.dumps(model)) - size) < 0.02 * size
    assert len(model.panel_.y) == 10 and model.prequential_.shape == (10, 1)
    longer = OnlineRNN(**SMALL).fit(y[:60]).partial_fit(y[60:])
    pd.testing.assert_series_equal(model.predict(4), longer.predict(4), rtol=1e-7)
    pd.testing.assert_series_equal(model.predict(y.index[-10:]), longer.predict(y.index[-10:]), rtol=1e-7)
    with pytest.raises(ValueError, match="before the history"):
        model.predict(y.index[-11:])


def test_it_follows_a_drift_that_a_frozen_model_misses() -> None:
    y = drifting(1200)
    options = {**SMALL, "lags": 1}
    learning, frozen = (OnlineRNN(**options).fit(y[:300]) for _ in range(2))
    learning.partial_fit(y[300:])
    frozen.update(y[300:])
    error, other = (np.mean(model.prequential_[-600:] ** 2) for model in (learning, frozen))
    assert 1.0 < error < 1.3 and other > 1.4 * error  # the noise has variance 1
    np.testing.assert_array_equal(frozen.theta_, OnlineRNN(**options).fit(y[:300]).theta_)


def test_series_of_a_panel_share_weights_and_have_states_of_their_own() -> None:
    long = long_frame()
    new = long.groupby("unique_id").tail(5)
    model = OnlineRNN(**SMALL).fit(long.drop(index=new.index))
    before = model.predict(3)
    model.update(new[new["unique_id"] == "s1"])  # s0 has nothing new
    after = model.predict(3)
    same = before["unique_id"] == "s0"
    pd.testing.assert_frame_equal(after[same], before[same])
    assert not np.allclose(after["OnlineRNN"][~same], before["OnlineRNN"][~same])
    model.partial_fit(new[new["unique_id"] == "s0"])
    assert model.prequential_.shape == (len(long), 1)


def test_a_saved_model_learns_on_where_it_stood(tmp_path: Path) -> None:
    y = monthly(60)
    model = OnlineRNN(**SMALL).fit(y[:40]).partial_fit(y[40:50])
    model.save(tmp_path / "online.zip")
    again = load(tmp_path / "online.zip").partial_fit(y[50:])
    pd.testing.assert_series_equal(again.predict(3), model.partial_fit(y[50:]).predict(3))
    np.testing.assert_array_equal(again.state_.influence, model.state_.influence)


@pytest.mark.parametrize("solver", ["rtrl", "one-step"])
def test_other_cells_and_solvers(solver: str) -> None:
    y = monthly(40)
    model = OnlineRNN(**{**SMALL, "cell": "gru"}, solver=solver).fit(y[:35]).partial_fit(y[35:])
    rows = 2 if solver == "rtrl" else 0
    assert model.state_.influence.shape == (1, rows, len(model.theta_))
    assert model.predict(2).notna().all()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"solver": "adam"}, ValueError, "solver: must be one of 'rtrl', 'one-step'"),
        ({"cell": "none"}, ValueError, "cell: must be one of"),
        ({"units": 1.5}, TypeError, "units: must be a whole number"),
        ({"keep": 0}, ValueError, "keep: must be a whole number of at least 1"),
        ({"scale": "window"}, ValueError, "scale: must be one of 'series', None"),
        ({"learning_rate": 0.0}, ValueError, "learning_rate: must be a finite number greater than 0"),
        ({"cell": "elman", "units": 200}, ValueError, "units: must be smaller .* Use cell='diagonal'"),
    ],
)
def test_errors_name_the_argument(options: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        OnlineRNN(**{**SMALL, **options}).fit(monthly())


def test_a_constant_series_is_refused() -> None:
    with pytest.raises(ValueError, match="y: must be a series that varies.*Forecast it with Naive"):
        OnlineRNN(**SMALL).fit(0 * monthly())
