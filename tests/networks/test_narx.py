"""NARX networks: their equation, their start at the linear model, their gradients."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest

from forecast.networks import NARXConfig, narx
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
    "linear": NARXConfig(lags=(1, 2), hidden=()),
    "lags with gaps": NARXConfig(lags=(1, 2, 3, 12, 13), hidden=(5,)),
    "inputs": NARXConfig(exog=2, lags=(1, 2), exog_lags=(0, 1, 4), hidden=(5, 3), activation="sigmoid"),
    "inputs alone": NARXConfig(exog=1, lags=(), exog_lags=(0, 2), hidden=(4,), linear=False),
    "unused inputs": NARXConfig(exog=1, lags=(2,)),
    "several targets": NARXConfig(targets=3, exog=1, lags=(1, 3), exog_lags=(0,), hidden=(4,)),
    "normalised windows": NARXConfig(exog=1, lags=(1, 3), exog_lags=(0,), hidden=(4,), window_norm=True),
}
EACH = pytest.mark.parametrize("config", CONFIGS.values(), ids=list(CONFIGS))


def windows(config: NARXConfig, dtype: str = "float32") -> np.ndarray:
    return normal((6, config.window, config.targets + config.exog), dtype=dtype)


def lag_table(config: NARXConfig, window: np.ndarray) -> np.ndarray:
    """Target lag d in row L-d, exogenous lag d in row L-1-d, lag by lag."""
    y, x = window[:, :, : config.targets], window[:, :, config.targets :]
    last = config.window
    return np.concatenate(
        [y[:, last - d] for d in config.lags] + [x[:, last - 1 - d] for d in config.exog_lags], -1
    )


def equation(config: NARXConfig, network: keras.Model, window: np.ndarray) -> np.ndarray:
    weights = {layer.name: [to_numpy(w) for w in layer.weights] for layer in network.layers if layer.weights}
    mean, scale = 0.0, 1.0
    if config.window_norm:
        y = window[:, :, : config.targets]
        mean, scale = y.mean(1, keepdims=True), np.sqrt(y.var(1, keepdims=True) + 1e-5)
        window = np.concatenate([(y - mean) / scale, window[:, :, config.targets :]], axis=-1)
    u = lag_table(config, window)
    value = u @ weights["linear"][0] if "linear" in weights else 0.0
    if not config.hidden:
        return (value + weights["linear"][1])[:, None] * scale + mean
    phi = {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z))}[config.activation]
    hidden = u
    for number in range(1, len(config.hidden) + 1):
        kernel, bias = weights[f"hidden_{number}"]
        hidden = phi(hidden @ kernel + bias)
    value = value + hidden @ weights["output"][0] + weights["output"][1]
    return value[:, None] * scale + mean


@EACH
def test_network_is_its_equation(config: NARXConfig) -> None:
    network = narx(config)
    randomize(network)
    assert network.output_shape == (None, 1, config.targets)
    same(evaluate(network, windows(config)), equation(config, network, windows(config)), rtol=1e-5, atol=1e-5)


@EACH
def test_network_starts_at_its_linear_path(config: NARXConfig) -> None:
    if not (config.hidden and config.linear):
        config = NARXConfig.from_dict({**config.to_dict(), "hidden": [4], "linear": True})
    network = narx(config)
    assert not to_numpy(network.get_layer("output").kernel).any()
    linear = narx(NARXConfig.from_dict({**config.to_dict(), "hidden": []}))
    kernel = to_numpy(network.get_layer("linear").kernel)
    linear.get_layer("linear").set_weights([kernel, np.zeros(config.targets)])
    same(evaluate(network, windows(config)), evaluate(linear, windows(config)))


@EACH
def test_config_round_trip(config: NARXConfig) -> None:
    again = NARXConfig.from_dict(json.loads(json.dumps(config.to_dict())))
    assert again == config
    assert hash(again) == hash(config)


@EACH
def test_a_file_gives_the_same_network(config: NARXConfig, tmp_path) -> None:
    network = narx(config)
    randomize(network)
    same(evaluate(reload(network, tmp_path), windows(config)), evaluate(network, windows(config)))


@EACH
def test_row_gradients_vectorise_and_are_those_of_finite_differences(config: NARXConfig) -> None:
    if config.targets > 1:
        config = NARXConfig.from_dict({**config.to_dict(), "targets": 1})
    with float64():
        network = narx(NARXConfig.from_dict({**config.to_dict(), "dtype": "float64"}))
        randomize(network)
        x = windows(config, "float64")
        rows = row_gradients(network, x)
        total = gradient(network, x, keras.ops.sum)
        same([row.sum(axis=0) for row in rows], total, rtol=1e-9, atol=1e-9)
        check_gradient(network, x, keras.ops.sum)
        assert all(row.dtype == np.float64 for row in rows)


def test_normalised_windows_follow_shift_and_scale() -> None:
    config = NARXConfig(lags=(1, 2, 5), window_norm=True)
    network = narx(config)
    randomize(network)
    y = 10 * windows(config)
    same(evaluate(network, 500 + 20 * y), 500 + 20 * evaluate(network, y), rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (dict(lags=(0, 1)), ValueError, "lags: must be a whole number of at least 1"),
        (dict(lags=(1.5,)), TypeError, "lags: .*1.5 of type float"),
        (dict(lags=(2, 2)), ValueError, "lags: must be different numbers"),
        (dict(lags=()), ValueError, "lags: must be not empty when exog_lags is empty"),
        (dict(exog_lags=(0,)), ValueError, "exog_lags: must be empty when exog=0"),
        (dict(exog=1, exog_lags=(-1,)), ValueError, "exog_lags: .*at least 0"),
        (dict(targets=0), ValueError, "targets: must be a whole number of at least 1"),
        (dict(exog=-1), ValueError, "exog: must be a whole number of at least 0"),
        (dict(hidden=(0,)), ValueError, "hidden: must be a whole number of at least 1"),
        (dict(dtype="float16"), ValueError, "dtype: must be one of 'float32', 'float64'"),
    ],
)
def test_errors_name_argument_allowed_and_received(options, error, words) -> None:
    with pytest.raises(error, match=words):
        NARXConfig(**options)
