"""Real-time recurrent learning: its gradients are those of backpropagation through time."""

from __future__ import annotations

from functools import cache

import keras
import numpy as np
import pytest

from forecast.layers.feedback import pair
from forecast.networks import OnlineConfig
from forecast.training import backend
from forecast.training.rtrl import BLOCK, Dense, Elementwise, Moments, OnlineProgram
from forecast.training.start import initial_weights
from tests.checks import some

pytestmark = pytest.mark.backend
LENGTH, SERIES, UNITS = 5, 2, 2
CELLS = (
    "elman",
    "jordan",
    "diagonal",
    "gru",
    "mut2",
    "lstm",
    "lstm-full-gate-recurrence",
)  # each kind of state


@cache
def program(cell: str, kind: str, units: int = UNITS) -> OnlineProgram:
    config = OnlineConfig(
        cell=cell, units=units, targets=2, exog=1, lags=(1, 3), exog_lags=(0, 1), dtype="float64"
    )
    net = OnlineProgram.of(config, exact=kind != "one-step", jit=False)
    if kind == "dense":
        net.influence = Dense(net.states, net.size)
    return net


def theta_of(program: OnlineProgram, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(scale=0.4, size=program.size)


def record(rows: int = LENGTH, seed: int = 1) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Three rows [y, x] that were, and y, x and presence of the rows to come; the last series ends early."""
    rng = np.random.default_rng(seed)
    here = np.ones((rows, SERIES))
    here[rows - 2 :, -1] = 0.0
    past, y = rng.normal(size=(SERIES, 3, 3)), rng.normal(size=(rows, SERIES, 2))
    return past, (y, rng.normal(size=(rows, SERIES, 1)), here)


def by_backpropagation(program: OnlineProgram, theta, past, rows):
    """Sum of the losses of all rows, unrolled, and its gradient."""

    def total(theta, past, y, x, here):
        hidden = backend.keras.ops.zeros((SERIES, program.states), dtype="float64")
        loss = 0.0
        for t in range(len(rows[0])):
            window = pair(past, keras.ops.expand_dims(x[t], 1), targets=program.targets)
            forecast, after = program._step(theta, window, hidden)
            error = (y[t] - forecast) ** 2 * here[t][:, None]
            loss = loss + backend.keras.ops.sum(error) / backend.keras.ops.sum(here[t])
            alive = here[t][:, None] > 0
            hidden = backend.keras.ops.where(alive, after, hidden)
            row = backend.keras.ops.concatenate([y[t], x[t]], axis=1)[:, None]
            moved = backend.keras.ops.concatenate([past[:, 1:], row], axis=1)
            past = backend.keras.ops.where(alive[:, None], moved, past)
        return loss

    with backend.precision("float64"):
        run = backend.compiled(backend.value_and_gradient(total), jit=False)
        return backend.to_numpy(run(theta, past, *rows))


def by_rtrl(program: OnlineProgram, theta, past, rows):
    """The same sum, one step at a time, with the parameters held."""
    memory, loss, total = program.begin(past), 0.0, np.zeros(program.size)
    hidden, influence = memory.hidden, memory.influence
    for y, x, here in zip(*rows, strict=True):
        covariates = np.concatenate([past[:, 1:, 2:], x[:, None]], axis=1)
        window = np.concatenate([past[..., :2], covariates], axis=2)
        value, slope = program.call("gradient", theta, hidden, influence, window, y, here)
        loss, total, alive = loss + value, total + slope, here[:, None] > 0
        after, moved = program.call("push", theta, hidden, influence, window)
        hidden = np.where(alive, after, hidden)
        influence = np.where(alive[..., None], moved, influence)
        past = np.concatenate([past[:, 1:], np.concatenate([y, x], axis=1)[:, None]], axis=1)
    return loss, total


SIZES = [*((cell, UNITS, LENGTH) for cell in CELLS), ("elman", 32, 3), ("gru", 32, 3)]


@pytest.mark.parametrize(("cell", "units", "length"), some(SIZES, SIZES[CELLS.index("lstm")], SIZES[-1]))
def test_gradient_equals_backpropagation_through_time(cell: str, units: int, length: int) -> None:
    past, rows = record(length)
    exact = program(cell, "dense", units)
    theta = theta_of(exact)
    expected_loss, expected = by_backpropagation(exact, theta, past, rows)
    loss, gradient = by_rtrl(exact, theta, past, rows)
    np.testing.assert_allclose(loss, expected_loss, rtol=1e-12)
    np.testing.assert_allclose(gradient, expected, rtol=1e-10, atol=1e-10)
    if (cell, units) == ("elman", UNITS):  # the past matters here
        assert np.abs(by_rtrl(program("elman", "one-step"), theta, past, rows)[1] - expected).max() > 1e-3


def test_elementwise_influence_is_the_dense_one_in_fewer_numbers() -> None:
    past, rows = record()
    small, large = program("diagonal", "elementwise"), program("diagonal", "dense")
    theta = theta_of(large)
    for value, expected in zip(
        by_rtrl(small, theta, past, rows), by_rtrl(large, theta, past, rows), strict=True
    ):
        np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-13)
    assert small.influence.shape == (1, small.size) and large.influence.shape == (UNITS, small.size)


def test_a_block_is_its_rows_one_by_one() -> None:
    past, rows = record(12)
    net = program("diagonal", "elementwise")
    block = net.learn(Moments.start(theta_of(net)), net.begin(past), rows, rate=0.01)
    learner, memory, forecasts = Moments.start(theta_of(net)), net.begin(past), []
    for t in range(12):
        learner, memory, values = net.learn(learner, memory, tuple(r[t : t + 1] for r in rows), rate=0.01)
        forecasts.append(values)
    np.testing.assert_allclose(np.concatenate(forecasts), block[2], rtol=1e-10)
    np.testing.assert_allclose(learner.theta, block[0].theta, rtol=1e-10, atol=1e-12)
    for name in ("hidden", "influence", "past"):
        np.testing.assert_allclose(getattr(memory, name), getattr(block[1], name), rtol=1e-9, atol=1e-12)
    assert learner.count == 12 < BLOCK
    assert np.abs(block[0].theta - theta_of(net)).max() > 0.01


def test_follow_is_the_forecast_without_learning_and_then_feeds_back() -> None:
    past, rows = record(10)
    net = program("diagonal", "elementwise")
    theta, free = theta_of(net), np.array([[-np.inf], [np.inf]]) * np.ones(2)
    here = np.ones((10, SERIES))
    _, memory, forecasts = net.learn(Moments.start(theta), net.begin(past), (*rows[:2], here), rate=0.0)
    known = here.copy()
    followed = net.follow(theta, free, net.begin(past), (*rows[:2], here, known))
    np.testing.assert_allclose(followed, forecasts, rtol=1e-12)
    known[6:] = 0.0
    closed = net.follow(theta, free, net.begin(past), (*rows[:2], here, known))
    own = rows[0].copy()
    own[6:] = closed[6:]  # in closed loop the forecasts are what is measured
    _, _, again = net.learn(Moments.start(theta), net.begin(past), (own, rows[1], here), rate=0.0)
    np.testing.assert_allclose(again, closed, rtol=1e-12)
    bounded = net.follow(
        theta, 0.1 * np.array([[-1.0], [1.0]]) * np.ones(2), net.begin(past), (*rows[:2], here, known)
    )
    assert np.abs(bounded[6:]).max() <= 0.1 < np.abs(bounded[:6]).max()
    np.testing.assert_allclose(bounded[:7].clip(-0.1, 0.1)[6], closed[6].clip(-0.1, 0.1), rtol=1e-12)


@pytest.mark.slow
def test_exact_gradients_learn_what_those_of_one_step_cannot() -> None:
    """An echo of two steps ago, which the linear path does not see: only the state can carry it."""
    x = np.random.default_rng(3).choice([-1.0, 1.0], size=400)
    y = np.concatenate([np.zeros(2), x[:-2]])
    config = OnlineConfig(cell="elman", units=6, exog=1, lags=(1,), exog_lags=(0,), dtype="float64")
    rows, start = (y[1:, None, None], x[1:, None, None], np.ones((399, 1))), np.array([[[y[0], x[0]]]])
    error = {}
    for kind in ("dense", "one-step"):
        net = OnlineProgram.of(config, exact=kind != "one-step")
        learner = Moments.start(initial_weights(net, np.random.default_rng(0)))
        _, _, forecasts = net.learn(learner, net.begin(start), rows, rate=0.015)
        error[kind] = np.mean((forecasts[-60:, 0, 0] - y[-60:]) ** 2)
    assert error["dense"] < 0.05 and error["one-step"] > 10 * error["dense"]


def test_elementwise_influence_of_two_state_vectors_is_the_dense_one() -> None:
    """Units that hold two numbers each, mixed inside a unit only: h' = tanh(a h + b k + c u), k' = d k + e h."""
    units, rng = 3, np.random.default_rng(0)
    theta, rows = rng.normal(size=5 * units), rng.normal(size=(4, 2 * units + 1))

    def step(theta, row):
        a, b, c, d, e = (theta[k * units : (k + 1) * units] for k in range(5))
        h, k, u = row[:units], row[units : 2 * units], row[2 * units]
        return keras.ops.concatenate([keras.ops.tanh(a * h + b * k + c * u), d * k + e * h])

    small, large = Elementwise(2 * units, np.tile(np.arange(units), 5)), Dense(2 * units, 5 * units)
    before = rng.normal(size=(4, *small.shape))  # (S, 2, P)
    wide = np.zeros((4, *large.shape))
    for part in range(2):
        for at, owner in enumerate(small.owner):
            wide[:, part * units + owner, at] = before[:, part, at]
    slope = rng.normal(size=(4, 2 * units))

    def pulled(influence):
        def run(theta, rows, before, slope):
            return influence.pull(slope, influence.push(step, theta, rows, before))

        return backend.compiled(run, jit=False)

    with backend.precision("float64"):
        found = backend.to_numpy(pulled(small)(theta, rows, before, slope))
        expected = backend.to_numpy(pulled(large)(theta, rows, wide, slope))
    np.testing.assert_allclose(found, expected, rtol=1e-10)
