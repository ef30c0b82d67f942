"""Time-delay networks: convolutions by hand, the Wiener-Hammerstein shape, what reaches the output."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
from scipy.signal import lfilter

from forecast.networks import DelayLayer, NARXConfig, TDNNConfig, narx, tdnn
from tests.checks import (
    check_gradient,
    evaluate,
    float64,
    gradient,
    normal,
    randomize,
    reload,
    row_gradients,
    same,
    to_numpy,
)

pytestmark = pytest.mark.backend

CONFIGS = {
    "one layer": TDNNConfig(layers=(DelayLayer(4, (0, 1, 2)),)),
    "distributed": TDNNConfig(
        layers=(DelayLayer(4, (0, 1, 2)), DelayLayer(3, (0, 5), "sigmoid"), DelayLayer(2, (1,)))
    ),
    "inputs": TDNNConfig(exog=2, layers=(DelayLayer(4, (0, 3)),), linear_lags=(1, 7), linear_exog_lags=(0,)),
    "inputs alone": TDNNConfig(exog=1, feedback=False, layers=(DelayLayer(4, (0, 1)), DelayLayer(2, (0, 2)))),
    "no linear path": TDNNConfig(targets=2, layers=(DelayLayer(4, (0, 1)),), linear=False),
    "closing delays": TDNNConfig(
        exog=1, layers=(DelayLayer(2, (0, 1), None), DelayLayer(3)), output_delays=(0, 1, 2)
    ),
    "normalised windows": TDNNConfig(exog=1, layers=(DelayLayer(4, (0, 1, 2)),), window_norm=True),
}
EACH = pytest.mark.parametrize("config", CONFIGS.values(), ids=list(CONFIGS))


def windows(config: TDNNConfig, dtype: str = "float32") -> np.ndarray:
    return normal((5, config.window, config.targets + config.exog), dtype=dtype)


def equation(config: TDNNConfig, network: keras.Model, window: np.ndarray) -> np.ndarray:
    """The network step by step, each layer by the sum over its delays."""
    weights = {layer.name: [to_numpy(w) for w in layer.weights] for layer in network.layers if layer.weights}
    y, x = window[:, :, : config.targets], window[:, :, config.targets :]
    mean, scale = 0.0, 1.0
    if config.window_norm:
        mean, scale = y.mean(1, keepdims=True), np.sqrt(y.var(1, keepdims=True) + 1e-5)
        y = (y - mean) / scale
    last = config.window - 1
    state = np.concatenate([y, x], axis=-1) if config.feedback else x
    layers = [*config.layers, DelayLayer(config.targets, config.output_delays, None)]
    for name, layer in zip([f"delay_{k}" for k in range(1, len(layers))] + ["output"], layers, strict=True):
        state = delay_layer(state, layer, *weights[name])
    value = state[:, last]
    if config.linear:
        lags, exog_lags = config.linear_delays
        u = np.concatenate([y[:, last + 1 - d] for d in lags] + [x[:, last - d] for d in exog_lags], axis=-1)
        value = value + u @ weights["linear"][0]
    return value[:, None] * scale + mean


def delay_layer(state: np.ndarray, layer: DelayLayer, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    features = state.shape[2]
    total = np.zeros((*state.shape[:2], layer.units)) + bias
    for number, delay in enumerate(layer.delays):
        part = kernel[number * features : (number + 1) * features]
        total[:, delay:] += state[:, : state.shape[1] - delay] @ part
    return {None: lambda z: z, "tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z))}[layer.activation](
        total
    )


@EACH
def test_network_is_its_equation(config: TDNNConfig) -> None:
    network = tdnn(config)
    randomize(network)
    assert network.output_shape == (None, 1, config.targets)
    same(evaluate(network, windows(config)), equation(config, network, windows(config)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("targets", [1, 2])
def test_one_layer_is_a_narx_network_with_the_same_lags(targets: int) -> None:
    network = tdnn(TDNNConfig(targets=targets, layers=(DelayLayer(4, (0, 1, 4)),), linear_lags=(1, 2, 5)))
    randomize(network)
    other = narx(NARXConfig(targets=targets, lags=(1, 2, 5), hidden=(4,)))
    for name, twin in [("delay_1", "hidden_1"), ("linear", "linear"), ("output", "output")]:
        other.get_layer(twin).set_weights(network.get_layer(name).get_weights())
    x = normal((5, 5, targets), dtype="float32")
    same(evaluate(network, x), evaluate(other, x))


def test_wiener_hammerstein_is_filter_then_curve_then_filter() -> None:
    first, second = np.array([0.9, -0.4, 0.2, 0.1]), np.array([0.5, 0.3, -0.2])
    config = TDNNConfig(
        exog=1,
        feedback=False,
        linear=False,
        layers=(DelayLayer(1, (0, 1, 2, 3), None), DelayLayer(1, (0,), "tanh")),
        output_delays=(0, 1, 2),
    )
    assert config.window == 6
    network = tdnn(config)
    network.get_layer("delay_1").set_weights([first[:, None], np.zeros(1)])
    network.get_layer("delay_2").set_weights([np.full((1, 1), 1.7), np.full(1, 0.2)])
    network.get_layer("output").set_weights([second[:, None], np.full(1, -0.1)])
    u = normal((60,))
    expected = lfilter(second, 1, np.tanh(1.7 * lfilter(first, 1, u) + 0.2)) - 0.1
    rows = np.stack([normal((60,), seed=1), u], axis=-1).astype("float32")  # the targets are not looked at
    pieces = np.lib.stride_tricks.sliding_window_view(rows, 6, axis=0).transpose(0, 2, 1)
    same(evaluate(network, np.ascontiguousarray(pieces))[:, 0, 0], expected[5:], rtol=1e-5, atol=1e-5)


@EACH
def test_network_starts_at_its_linear_path(config: TDNNConfig) -> None:
    network = tdnn(config)
    x = windows(config)
    start = evaluate(network, x)
    assert not to_numpy(network.get_layer("output").kernel).any()
    for layer in network.layers:
        if layer.name.startswith("delay"):
            layer.set_weights([normal(w.shape) for w in layer.get_weights()])
    same(evaluate(network, x), start)


def test_every_row_of_the_receptive_field_counts_and_no_other() -> None:
    config = TDNNConfig(layers=(DelayLayer(4, (0, 2)), DelayLayer(3, (0, 3))), linear_lags=(1, 9))
    assert (config.receptive_field, config.window) == (6, 9)
    network = tdnn(config)
    randomize(network)
    x = windows(config)[:1]
    moved = x + np.eye(9, dtype="float32")[:, :, None]  # one row moved in each of nine windows
    reached = np.abs(evaluate(network, moved) - evaluate(network, x))[:, 0, 0] > 1e-7
    # lags 1 + {0, 2} + {0, 3}, and 9 by the linear path; row j holds lag 9 - j
    assert [9 - row for row in range(9) if reached[row]] == [9, 6, 4, 3, 1]


@EACH
def test_config_round_trip(config: TDNNConfig) -> None:
    again = TDNNConfig.from_dict(json.loads(json.dumps(config.to_dict())))
    assert again == config
    assert hash(again) == hash(config)


@EACH
def test_a_file_gives_the_same_network(config: TDNNConfig, tmp_path) -> None:
    network = tdnn(config)
    randomize(network)
    same(evaluate(reload(network, tmp_path), windows(config)), evaluate(network, windows(config)))


@EACH
def test_row_gradients_vectorise_and_are_those_of_finite_differences(config: TDNNConfig) -> None:
    if config.targets > 1:
        config = TDNNConfig.from_dict({**config.to_dict(), "targets": 1})
    with float64():
        network = tdnn(TDNNConfig.from_dict({**config.to_dict(), "dtype": "float64"}))
        randomize(network)
        x = windows(config, "float64")
        total = gradient(network, x, keras.ops.sum)
        same([row.sum(axis=0) for row in row_gradients(network, x)], total, rtol=1e-9, atol=1e-9)
        check_gradient(network, x, keras.ops.sum)


@pytest.mark.parametrize(
    ("build", "error", "words"),
    [
        (lambda: DelayLayer(0), ValueError, "units: must be a whole number of at least 1"),
        (lambda: DelayLayer(2, (0, -1)), ValueError, "delays: must be .*at least 0"),
        (lambda: TDNNConfig(layers=()), ValueError, "layers: must be at least one DelayLayer"),
        (lambda: TDNNConfig(feedback=False), ValueError, "feedback: must be True when exog=0"),
        (
            lambda: TDNNConfig(exog=1, feedback=False, linear_lags=(1,)),
            ValueError,
            r"linear_lags: must be \(\)",
        ),
        (
            lambda: TDNNConfig(linear_lags=(0,)),
            ValueError,
            "linear_lags: must be a whole number of at least 1",
        ),
        (lambda: TDNNConfig(linear_lags=()), ValueError, "linear_lags: must be not empty"),
        (
            lambda: TDNNConfig(linear_exog_lags=(0,)),
            ValueError,
            "linear_exog_lags: must be empty when exog=0",
        ),
        (lambda: TDNNConfig(output_delays=()), ValueError, "output_delays: .*empty"),
        (lambda: TDNNConfig(targets=0), ValueError, "targets: must be a whole number of at least 1"),
        (lambda: TDNNConfig(dtype="half"), ValueError, "dtype: must be one of"),
    ],
)
def test_errors_name_argument_allowed_and_received(build, error, words) -> None:
    with pytest.raises(error, match=words):
        build()
