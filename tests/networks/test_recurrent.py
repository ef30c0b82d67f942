"""Recurrent networks: their equation step by step, the linear start, gradients, the config."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest

from forecast.networks import RecurrentConfig, recurrent
from tests.checks import check_gradient, evaluate, float64, normal, randomize, reload, same, to_numpy

pytestmark = pytest.mark.backend

CONFIGS = {
    "elman": RecurrentConfig(cell="elman", units=(3,), length=5, lags=(1, 2)),
    "inputs": RecurrentConfig(exog=2, cell="gru", units=(3, 2), length=4, lags=(1, 6), exog_lags=(0, 2)),
    "several targets": RecurrentConfig(targets=2, units=(3,), length=3, linear=False, bidirectional="concat"),
    "options": RecurrentConfig(
        units=(3,), length=4, layer_norm=True, zoneout=0.1, dropout=0.2, pooling="mean", window_norm=True
    ),
}
EACH = pytest.mark.parametrize("config", CONFIGS.values(), ids=list(CONFIGS))


def windows(config: RecurrentConfig, dtype: str = "float32") -> np.ndarray:
    return normal((5, config.window, config.targets + config.exog), dtype=dtype)


def test_simple_network_is_its_equation() -> None:
    config = RecurrentConfig(exog=1, cell="elman", units=(3,), length=4, lags=(1, 6), exog_lags=(0, 2))
    network = recurrent(config)
    randomize(network)
    x = windows(config)
    kernel, recurrence, bias = (to_numpy(w) for w in network.get_layer("stack").weights)
    h = np.zeros((5, 3))
    for row in range(config.window - 4, config.window):
        h = np.tanh(x[:, row] @ kernel + h @ recurrence + bias)
    out = [to_numpy(w) for w in network.get_layer("output").weights]
    u = np.stack([x[:, -1, 0], x[:, -6, 0], x[:, -1, 1], x[:, -3, 1]], axis=-1)  # y at 1, 6; x at 0, 2
    expected = h @ out[0] + out[1] + u @ to_numpy(network.get_layer("linear").kernel)
    same(evaluate(network, x)[:, 0], expected, rtol=1e-5, atol=1e-5)


@EACH
def test_network_starts_at_its_linear_path(config: RecurrentConfig) -> None:
    network = recurrent(config)
    x = windows(config)
    start = evaluate(network, x)
    stack = network.get_layer("stack")
    stack.set_weights([normal(w.shape) for w in stack.get_weights()])
    same(evaluate(network, x), start)
    assert not to_numpy(network.get_layer("output").kernel).any()


@EACH
def test_config_round_trip_and_file(config: RecurrentConfig, tmp_path) -> None:
    again = RecurrentConfig.from_dict(json.loads(json.dumps(config.to_dict())))
    assert again == config and hash(again) == hash(config)
    network = recurrent(again)
    randomize(network)
    assert network.output_shape == (None, 1, config.targets)
    same(evaluate(reload(network, tmp_path), windows(config)), evaluate(network, windows(config)))


def test_gradient_is_that_of_finite_differences() -> None:
    with float64():
        config = RecurrentConfig(cell="gru", units=(3,), length=4, lags=(1,), dtype="float64")
        network = recurrent(config)
        randomize(network)
        check_gradient(network, windows(config, "float64"), keras.ops.sum)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (dict(cell="rnn"), ValueError, "cell: must be one of 'elman'"),
        (dict(units=()), ValueError, "units: must be units of at least one layer"),
        (dict(units=(2.0,)), TypeError, "units: .*2.0 of type float"),
        (dict(length=0), ValueError, "length: must be a whole number of at least 1"),
        (dict(lags=(0,)), ValueError, "lags: must be a whole number of at least 1"),
        (dict(exog_lags=(0,)), ValueError, "exog_lags: must be empty when exog=0"),
    ],
)
def test_errors_name_argument_allowed_and_received(options, error, words) -> None:
    with pytest.raises(error, match=words):
        RecurrentConfig(**options)
