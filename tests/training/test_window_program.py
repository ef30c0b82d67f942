"""A network as functions of one vector: weights, open loop, closed loop, blocks of rows."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

from forecast.networks import NARXConfig, RecurrentConfig, narx
from forecast.training.flat_network import padded
from forecast.training.window_program import WindowProgram
from tests.training.cases import ALONE, BOTH, differences, program, series, theta

pytestmark = pytest.mark.backend


def windows(config: NARXConfig, count: int = 5) -> np.ndarray:
    return np.random.default_rng(4).normal(size=(count, config.window, config.targets + config.exog))


def by_hand(config: NARXConfig, theta: np.ndarray, history: np.ndarray, future: np.ndarray) -> np.ndarray:
    """Repeated open loop: each forecast is appended to the past before the next one."""
    rows, outputs, values = history.copy(), config.targets, []
    for x in np.moveaxis(future, 1, 0):
        known = np.concatenate([rows[:, 1:, outputs:], x[:, None]], axis=1)
        value = program(config).apply(theta, np.concatenate([rows[:, :, :outputs], known], axis=2))
        rows = np.concatenate([rows[:, 1:], np.concatenate([value, x[:, None]], axis=2)], axis=1)
        values.append(value[:, 0])
    return np.stack(values, axis=1)


@pytest.mark.parametrize("config", [ALONE, BOTH], ids=["alone", "both"])
def test_theta_is_the_network(config: NARXConfig) -> None:
    own = program(config)
    vector = theta(config)
    before = own.read(own.network)
    assert before.shape == vector.shape == (own.size,) and own.exog == config.exog
    assert (own.window, own.features) == (config.window, config.targets + config.exog)
    covered = np.concatenate([np.arange(own.size)[part] for part in own.slices().values()])
    np.testing.assert_array_equal(covered, np.arange(own.size))
    network = own.assign(vector, narx(replace(config, dtype="float32")))
    inputs = windows(config)
    expected = keras.ops.convert_to_numpy(network(inputs.astype("float32")))
    np.testing.assert_allclose(own.apply(vector, inputs), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(own.read(own.network), before)


def test_apply_equals_numpy() -> None:
    own, vector, inputs = program(), theta(), windows(ALONE)
    part = {
        path.split("/", 1)[-1] if path.count("/") > 1 else path: vector[s] for path, s in own.slices().items()
    }
    lagged = inputs[:, [1, 0], 0]  # y lag 1, y lag 2
    hidden = np.tanh(lagged @ part["hidden_1/kernel"].reshape(2, 3) + part["hidden_1/bias"])
    expected = lagged @ part["linear/kernel"] + hidden @ part["output/kernel"] + part["output/bias"]
    np.testing.assert_allclose(own.apply(vector, inputs).ravel(), expected, rtol=1e-12)


@pytest.mark.parametrize("config", [ALONE, BOTH], ids=["alone", "both"])
def test_run_is_the_open_loop_repeated(config: NARXConfig) -> None:
    own, vector, history = program(config), theta(config), windows(config)
    future = series(5 * 7, 2, seed=8)[:, : config.exog].reshape(5, 7, config.exog)
    expected = by_hand(config, vector, history, future)
    np.testing.assert_allclose(own.run(vector, history, future), expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(own.run(vector, history, future[:, :3]), expected[:, :3], rtol=1e-10)
    bound = np.abs(expected).max(axis=(0, 1))
    limits = np.stack([-bound, bound])
    np.testing.assert_allclose(own.run(vector, history, future, limits), expected, rtol=1e-10)


def test_limits_bound_what_is_fed_back() -> None:
    vector = np.zeros(program().size)
    vector[program().slices()["linear/kernel"]] = [1.5, 0.0]  # y_t = 1.5 y_{t-1}
    history = np.ones((1, 2, 1))
    run = program().run(vector, history, np.zeros((1, 6, 0)), np.array([[-4.0], [4.0]]))
    np.testing.assert_allclose(run.ravel(), [1.5, 2.25, 3.375, 4, 4, 4])
    free = program().run(vector, history, np.zeros((1, 6, 0)))
    np.testing.assert_allclose(free.ravel(), 1.5 ** np.arange(1, 7))


def test_blocks_of_rows_change_nothing() -> None:
    own, vector, inputs = program(), theta(), windows(ALONE, 100)
    blocks = [values[:count] for count, values in own.chunked("apply", vector, inputs, chunk=32)]
    assert [len(block) for block in blocks] == [32, 32, 32, 4]
    np.testing.assert_allclose(np.concatenate(blocks), own.apply(vector, inputs), rtol=1e-13)
    assert own.apply(vector, inputs[:0]).shape == (0, 1, 1)


def test_buckets_are_few_and_close() -> None:
    for least in (1, 8, 64):
        sizes = [padded(count, least) for count in range(1, 5000)]
        assert all(size >= count for count, size in enumerate(sizes, start=1))
        assert all(
            size <= max(1.5 * count, count + 1023 if count > 1024 else least)
            for count, size in enumerate(sizes, start=1)
        )
        assert len(set(sizes)) < 25 and sizes == sorted(sizes)


def test_one_compilation_serves_smaller_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    own, shapes = program(), set()
    call = WindowProgram.call

    def watched(self: WindowProgram, name: str, *arrays: np.ndarray):
        shapes.add((name, *(np.shape(array) for array in arrays)))
        return call(self, name, *arrays)

    monkeypatch.setattr(WindowProgram, "call", watched)
    for count in (1, 5, 64):
        own.apply(theta(), windows(ALONE, count))
    for steps in (1, 5, 8):
        own.run(theta(), windows(ALONE, 1), np.zeros((1, steps, 0)))
    assert len(shapes) == 2


def test_copy_is_independent() -> None:
    own = program(replace(ALONE, dtype="float32"))
    first, second = theta(seed=1), theta(seed=2)
    network = own.copy(first)
    inputs = windows(ALONE).astype("float32")
    before = keras.ops.convert_to_numpy(network(inputs))
    own.assign(second, own.network)
    own.copy(second)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(network(inputs)), before)
    np.testing.assert_allclose(before, own.apply(first, inputs), rtol=1e-5, atol=1e-6)


def test_models_made_of_models_keep_their_variables_apart() -> None:
    def half() -> keras.Model:
        rows = keras.Input((2, 1))
        return keras.Model(rows, keras.layers.Dense(1, name="same")(rows))

    def build() -> keras.Model:
        rows = keras.Input((2, 1))
        total = half()(rows) + half()(rows)
        return keras.Model(rows, total[:, -1:])

    own = WindowProgram(build, targets=1, dtype="float32")
    assert own.size == 4 and len(own.slices()) == 4
    inputs = np.array([[[0.0], [3.0]]], "float32")
    weights = np.array([2.0, 0.5, -1.0, 0.25])
    assert own.apply(weights, inputs).item() == pytest.approx(3.75)
    assert own.run(weights, inputs, np.zeros((1, 2, 0))).ravel().tolist() == pytest.approx([3.75, 4.5])


def test_what_a_network_keeps_beside_theta_follows_after_forget() -> None:
    def build() -> keras.Model:
        rows = keras.Input((2, 1))
        return keras.Model(rows, keras.layers.BatchNormalization(epsilon=0.0)(rows)[:, -1:])

    own = WindowProgram(build, targets=1, dtype="float32")
    inputs = np.array([[[0.0], [3.0]]], "float32")
    assert own.apply(own.template, inputs).item() == pytest.approx(3.0)
    for variable in own.network.non_trainable_variables:
        variable.assign(np.full(variable.shape, 4.0))  # mean 4, variance 4
    own.forget()
    assert own.apply(own.template, inputs).item() == pytest.approx(-0.5)
    assert keras.ops.convert_to_numpy(own.copy(own.template)(inputs)).item() == pytest.approx(-0.5)


RECURRENT = RecurrentConfig(exog=1, cell="gru", units=(2,), length=3, lags=(1,), dtype="float64")


@pytest.mark.slow
def test_jacobian_of_a_recurrent_network_equals_differences() -> None:
    own = WindowProgram.of(RECURRENT)
    rng = np.random.default_rng(3)
    at, rows = rng.normal(scale=0.4, size=own.size), rng.normal(size=(4, 3, 2))
    ((count, (values, by_theta, by_row)),) = own.chunked("jacobian", at, rows)
    assert count == 4
    np.testing.assert_allclose(values[:4], own.apply(at, rows)[:, 0], rtol=1e-12)
    found = differences(lambda theta: own.apply(theta, rows).ravel(), at)
    np.testing.assert_allclose(by_theta[:4, 0], found, rtol=1e-6, atol=1e-8)
    found = differences(lambda row: own.apply(at, row.reshape(1, 3, 2)).ravel(), rows[1].ravel())
    np.testing.assert_allclose(by_row[1].ravel(), found.ravel(), rtol=1e-6, atol=1e-8)


def test_each_step_of_adam_draws_the_noise_anew_and_nothing_else_does() -> None:
    config = replace(RECURRENT, zoneout=0.5, dropout=0.3)
    noisy, still = (WindowProgram(config.build, targets=1, jit=False, noisy=noisy) for noisy in (True, False))
    rng = np.random.default_rng(3)
    at, rows = rng.normal(scale=0.4, size=noisy.size), rng.normal(size=(1, 4, 3, 2)).repeat(5, axis=0)
    zero, targets = np.zeros_like(at), np.ones((5, 4, 1, 1))

    def losses(own: WindowProgram, done: int) -> np.ndarray:
        return own.call("adam", at, zero, zero, done, 0.0, zero, zero, rows, targets, targets)[-1]

    plain = np.mean((1 - still.apply(at, rows[0])) ** 2)
    np.testing.assert_allclose(losses(still, 0), plain)
    np.testing.assert_allclose(noisy.apply(at, rows[0]), still.apply(at, rows[0]))
    drawn = losses(noisy, 0)
    assert len(set(drawn)) == 5 and np.abs(drawn - plain).min() > 1e-9
    np.testing.assert_array_equal(drawn, losses(noisy, 0))
    np.testing.assert_allclose(losses(noisy, 2)[:3], drawn[2:])
