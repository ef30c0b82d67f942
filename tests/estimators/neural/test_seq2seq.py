"""Seq2Seq: least squares a step at its start, covariates ahead, blocks of its horizon, readable weights."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.estimators.neural.seq2seq import Seq2Seq
from tests.checks_forecaster import covariates, long_frame, monthly

pytestmark = pytest.mark.backend
Y = monthly(96)
X = covariates(Y.index)
SMALL = dict(window=3, units=2, horizon=4, epochs=2, jit_compile=False, random_state=0)


@pytest.fixture(scope="module")
def attentive() -> Seq2Seq:
    return Seq2Seq(**SMALL, attention="additive", selection=False).fit(X[:90], Y[:90])


@pytest.mark.slow
def test_the_start_is_a_regression_for_every_step_on_what_is_known_by_then() -> None:
    held_out = 18  # 0.2 of the 87 targets after the first three, all of whose four steps are left out
    y, x = Y.to_numpy(), X.to_numpy()
    model = Seq2Seq(**SMALL, attention="additive", selection=False, scale="series").fit(X[:90], Y[:90])
    model.theta_ = model.linear_theta_
    forecast = model.predict(X[90:94]).to_numpy()

    def known(t: int, step: int) -> np.ndarray:
        return np.concatenate([y[t - 3 : t], x[t - 2 : t + step + 1].ravel(), [1.0]])

    for step in range(4):
        origins = range(3, 90 - held_out - 3)
        design = np.array([known(t, step) for t in origins])
        solution = np.linalg.lstsq(design, y[[t + step for t in origins]], rcond=None)[0]
        np.testing.assert_allclose(forecast[step], known(90, step) @ solution, rtol=1e-6)


@pytest.mark.slow
def test_longer_forecasts_go_on_in_blocks() -> None:
    model = Seq2Seq(**SMALL).fit(Y[:90])
    six = model.predict(6)
    pd.testing.assert_series_equal(model.update(six[:4]).predict(2), six[4:])


@pytest.mark.slow
def test_what_lies_ahead_of_a_step_does_not_matter(attentive: Seq2Seq) -> None:
    other = X[90:].copy()
    other.iloc[2:] += 5.0
    before, after = attentive.predict(X[90:]), attentive.predict(other)
    np.testing.assert_array_equal(before[:2], after[:2])
    assert np.abs(before[2:] - after[2:]).min() > 1e-6


@pytest.mark.parametrize("decoding", ["free-run", "teacher-forcing", "scheduled-sampling"])
@pytest.mark.slow
def test_it_learns_what_covariates_ahead_say(decoding: str) -> None:
    """y_t = sin(2 x_t) + x_{t-1} / 2 cannot be known from the past, and not from a linear model."""
    x = np.random.default_rng(0).uniform(-2, 2, size=(400, 1))
    y = np.sin(2 * x[:, 0]) + 0.5 * np.roll(x[:, 0], 1)
    model = Seq2Seq(
        window=2,
        units=6,
        horizon=3,
        decoding=decoding,
        epochs=100,
        scale=None,
        validation=0.1,
        random_state=0,
        selection=False,
    ).fit(x[:360], y[:360])

    def error() -> float:
        return float(np.sqrt(np.mean((model.predict(x[360:]) - y[360:]) ** 2)))

    learned, model.theta_ = error(), model.linear_theta_
    assert learned < 0.35 * error()


@pytest.mark.slow
def test_with_one_step_the_ways_of_decoding_are_one() -> None:
    free, told = (
        Seq2Seq(window=2, units=2, epochs=2, random_state=0, decoding=decoding).fit(Y)
        for decoding in ("free-run", "teacher-forcing")
    )
    np.testing.assert_array_equal(free.theta_, told.theta_)


@pytest.mark.slow
def test_attention_weights_say_which_rows_a_step_reads(attentive: Seq2Seq) -> None:
    weights = attentive.attention_weights(X[90:94])
    assert list(weights.columns) == ["lag3", "lag2", "lag1"]
    pd.testing.assert_index_equal(weights.index, X.index[90:94])
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-5)
    assert (weights > 0).all(axis=None) and weights.std().max() > 0
    np.testing.assert_allclose(attentive.attention_weights(X[90:92]), weights[:2], rtol=1e-5)
    panel = (
        Seq2Seq(**SMALL, attention="multiplicative", selection=False).fit(long_frame()).attention_weights(2)
    )
    assert list(panel.columns) == ["unique_id", "ds", "lag3", "lag2", "lag1"] and len(panel) == 4
    with pytest.raises(ValueError, match="X: must be at most horizon=4 steps after the history"):
        attentive.attention_weights(X[90:95])
    with pytest.raises(ValueError, match="attention: must be one to read; received None"):
        Seq2Seq(window=2, units=2, epochs=1).fit(Y).attention_weights(1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(decoding="greedy"), "decoding: must be one of 'free-run', 'teacher-forcing', 'scheduled"),
        (dict(training="free-run"), "training: must be one of 'one-step'"),
        (dict(cell="transistor"), "cell: must be one of .*'lstm'"),
        (dict(window="long"), "window: must be 'auto', a whole number"),
    ],
)
def test_wrong_arguments(options: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Seq2Seq(**options).fit(Y)
