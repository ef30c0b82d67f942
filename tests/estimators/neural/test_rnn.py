"""RNN: the linear model at its start, what it learns beyond it, dropout in training alone, free runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.estimators.neural.narx import NARX
from forecast.estimators.neural.rnn import RNN
from forecast.panel import Panel
from tests.checks_forecaster import covariates, monthly

pytestmark = pytest.mark.backend
Y = monthly(96)
X = covariates(Y.index)
SMALL = dict(
    cell="gru", units=3, window=3, lags=2, jit_compile=False, random_state=0, scale="series", selection=False
)


def logistic(rows: int) -> np.ndarray:
    """y_t = 3.8 y_{t-1} (1 - y_{t-1})."""
    y = np.full(rows, 0.3)
    for t in range(1, rows):
        y[t] = 3.8 * y[t - 1] * (1 - y[t - 1])
    return y


def test_training_starts_at_least_squares() -> None:
    model = RNN(**{**SMALL, "window": 2}, exog_lags=1, epochs=1).fit(X, Y)
    linear = NARX(lags=2, exog_lags=1, hidden=()).fit(X, Y)
    model.theta_ = model.linear_theta_
    np.testing.assert_allclose(model.predict(X), linear.predict(X), rtol=1e-7)


@pytest.mark.slow
def test_it_learns_the_map_that_no_line_fits() -> None:
    y = logistic(120)
    model = RNN(**{**SMALL, "units": 6, "jit_compile": True}, epochs=60).fit(y[:100])
    assert model.solver_ == "lm" and not model.linear_[0]
    assert abs(model.predict(1)[0] - y[100]) < 0.02
    assert np.abs(NARX(lags=2, hidden=()).fit(y[:100]).predict(1)[0] - y[100]) > 0.05


def test_automatic_window_is_a_season_or_eight_rows() -> None:
    def length(y, **options) -> int:
        return RNN(**options)._configure(Panel.from_data(y)).length

    noise = np.random.default_rng(0).normal(size=300)
    assert length(Y) == 12 and length(Y, lags=[1, 24]) == 24
    assert length(noise) == 8 and length(noise[:12]) == 4
    assert length(Y, window=5) == 5


@pytest.mark.slow
def test_dropout_and_zoneout_are_trained_by_adam() -> None:
    options = dict(zoneout=0.2, dropout=0.3, recurrent_dropout=0.2)
    model = RNN(**SMALL, **options, epochs=4).fit(Y)
    assert model.solver_ == "adam" and model.config_.dtype == "float32"
    again = RNN(**SMALL, **options, epochs=4).fit(Y)
    np.testing.assert_array_equal(model.theta_, again.theta_)
    pd.testing.assert_series_equal(model.predict(6), again.predict(6))
    for change in (dict(solver="lm"), dict(solver="lbfgs"), dict(training="free-run")):
        with pytest.raises(ValueError, match="with dropout or zoneout"):
            RNN(**SMALL, **options, **change).fit(Y)


@pytest.mark.slow
def test_recurrent_dropout_is_of_training_alone() -> None:
    options = {**SMALL, "cell": "elman", "units": 2, "epochs": 3, "learning_rate": 0.05}
    kept, dropped = (RNN(**options, solver="adam", recurrent_dropout=p).fit(Y) for p in (0.0, 0.5))
    np.testing.assert_allclose(dropped.linear_theta_, kept.linear_theta_, rtol=1e-5, atol=1e-6)
    assert np.abs(dropped.theta_ - kept.theta_).max() > 1e-3
    kept.theta_ = dropped.theta_
    np.testing.assert_allclose(kept.predict(3), dropped.predict(3), rtol=1e-5)


@pytest.mark.slow
def test_truncation_reaches_the_training() -> None:
    options = dict(
        cell="elman", units=2, window=4, lags=1, solver="lbfgs", validation=0, epochs=2, jit_compile=False
    )
    full, short, long = (
        RNN(**options, truncate=truncate, random_state=0, scale="series", selection=False).fit(Y)
        for truncate in (None, (1, 1), (1, 4))
    )
    assert short.config_.truncate == (1, 1)
    assert np.abs(short.theta_ - full.theta_).max() > 1e-3
    np.testing.assert_allclose(long.theta_, full.theta_, rtol=1e-6, atol=1e-8)  # it reaches the whole window
    np.testing.assert_allclose(short.linear_theta_, full.linear_theta_, rtol=1e-9)


@pytest.mark.slow
def test_free_run_training_lowers_the_error_of_the_free_run() -> None:
    rng = np.random.default_rng(0)
    u, y = rng.normal(size=400), np.zeros(400)
    for t in range(1, 400):
        y[t] = 0.8 * y[t - 1] + np.tanh(u[t]) + 0.1 * y[t - 1] ** 2 * (y[t - 1] < 0)
    noisy = y + 0.3 * rng.normal(size=400)
    frame = pd.DataFrame({"u": u})
    options = {**SMALL, "jit_compile": True, "epochs": 10, "weight_decay": 1e-3, "validation": 0}
    errors = []
    for training in ("one-step", "free-run"):
        model = RNN(**options, training=training, steps=16).fit(frame[:300], noisy[:300])
        run = np.asarray(model.simulate(frame, noisy[:10]))
        errors.append(np.sqrt(np.mean((run[:290] - y[10:300]) ** 2)))
    assert errors[1] < 0.9 * errors[0]


@pytest.mark.slow
def test_another_architecture() -> None:
    options = dict(cell="lstm-peephole", units=(2, 1), linear=False, bidirectional="sum", pooling="mean")
    model = RNN(**options, window=3, lags=2, scale="window", solver="lbfgs", epochs=2, jit_compile=False).fit(
        Y
    )
    assert np.isfinite(model.predict(4)).all()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (dict(cell="transformer"), ValueError, "cell: must be one of"),
        (dict(solver="rtrl"), ValueError, "solver: must be one of 'auto'.*'rtrl'. Use OnlineRNN"),
        (dict(window="long"), ValueError, "window: must be 'auto'"),
        (dict(window=0), ValueError, "window: must be a whole number of at least 1"),
        (dict(units=()), ValueError, "units: must be units of at least one layer"),
        (dict(units="16"), TypeError, "units: .*of type str"),
        (dict(bidirectional="both"), ValueError, "bidirectional: must be one of"),
        (dict(truncate=(3, 1)), ValueError, "truncate: must be two whole numbers"),
        (dict(zoneout="0.1"), TypeError, "zoneout: must be a finite number"),
        (dict(recurrent_dropout=0.1, truncate=(1, 2)), ValueError, "recurrent_dropout: must be 0 with trunc"),
        (dict(dropout=1.0), ValueError, "dropout: must be a number of at least 0"),
    ],
)
def test_errors_name_argument_allowed_and_received(options, error, words) -> None:
    with pytest.raises(error, match=words):
        RNN(**{**SMALL, **options}).fit(Y)
