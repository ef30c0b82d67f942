"""The closed loop as one graph: equal to the loop by hand, compiled, differentiable, with shared weights."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from statsmodels.tsa.api import ARDL
from statsmodels.tsa.ar_model import AutoReg

from forecast.networks import DelayLayer, NARXConfig, TDNNConfig, closed_loop, narx, tdnn
from tests.checks import check_gradient, evaluate, float64, normal, randomize, reload, same, to_numpy

pytestmark = pytest.mark.backend

CONFIGS = {
    "narx": NARXConfig(lags=(1, 2, 4), hidden=(4,)),
    "narx with inputs": NARXConfig(exog=2, lags=(1, 3), exog_lags=(0, 2), hidden=(4, 3)),
    "normalised windows": NARXConfig(targets=2, exog=1, lags=(1, 2, 3), exog_lags=(0,), window_norm=True),
    "tdnn": TDNNConfig(layers=(DelayLayer(3, (0, 1)), DelayLayer(2, (0, 2)))),
    "tdnn of inputs": TDNNConfig(
        exog=1, feedback=False, layers=(DelayLayer(3, (0, 1, 2)),), output_delays=(0, 1)
    ),
}


def build(config: NARXConfig | TDNNConfig) -> keras.Model:
    network = narx(config) if isinstance(config, NARXConfig) else tdnn(config)
    randomize(network, scale=0.3)
    return network


def loop(config: NARXConfig | TDNNConfig, network: keras.Model, horizon: int) -> keras.Model:
    return closed_loop(network, targets=config.targets, exog=config.exog, horizon=horizon)


def record(config: NARXConfig | TDNNConfig, horizon: int, dtype: str = "float32") -> list[np.ndarray]:
    history = normal((3, config.window, config.targets + config.exog), dtype=dtype)
    return [history, normal((3, horizon, max(config.exog, 1)), seed=2, dtype=dtype)]


def by_hand(config: NARXConfig | TDNNConfig, network: keras.Model, history: np.ndarray, future: np.ndarray):
    """Open loop again and again, each output appended to the record."""
    y, x = history[:, :, : config.targets], history[:, :, config.targets :]
    x = np.concatenate([x, future[:, :, : config.exog]], axis=1)
    for t in range(config.window, config.window + future.shape[1]):
        rows = [y[:, t - config.window : t], x[:, t - config.window + 1 : t + 1]]
        y = np.concatenate([y, evaluate(network, np.concatenate(rows, axis=-1))], axis=1)
    return y[:, config.window :]


@pytest.mark.parametrize("config", CONFIGS.values(), ids=list(CONFIGS))
def test_closed_loop_is_the_open_loop_repeated(config) -> None:
    network = build(config)
    history, future = record(config, 5)
    output = evaluate(loop(config, network, 5), [history, future])
    same(output, by_hand(config, network, history, future), rtol=2e-5, atol=2e-5)


def test_one_step_is_the_open_loop() -> None:
    config = CONFIGS["narx with inputs"]
    network = build(config)
    history, future = record(config, 1)
    output = evaluate(loop(config, network, 1), [history, future])
    same(output, by_hand(config, network, history, future))


@pytest.mark.parametrize("config", CONFIGS.values(), ids=list(CONFIGS))
def test_gradient_compiles_and_is_that_of_finite_differences(config) -> None:
    with float64():
        config = type(config).from_dict({**config.to_dict(), "dtype": "float64"})
        model = loop(config, build(config), 4)
        inputs = record(config, 4, "float64")

        def loss(y):
            return keras.ops.sum(keras.ops.square(y - 0.3))

        check_gradient(model, inputs, loss)


@pytest.mark.parametrize("config", CONFIGS.values(), ids=list(CONFIGS))
def test_a_file_gives_the_same_model(config, tmp_path) -> None:
    model, inputs = loop(config, build(config), 3), record(config, 3)
    same(evaluate(reload(model, tmp_path), inputs), evaluate(model, inputs))


def test_weights_are_those_of_the_network() -> None:
    config = CONFIGS["narx"]
    network = build(config)
    model, inputs = loop(config, network, 5), record(config, 5)
    assert [id(v) for v in model.trainable_variables] == [id(v) for v in network.trainable_variables]
    other = build(config)
    randomize(other, seed=9)
    values = [to_numpy(v) for v in other.trainable_variables]
    replaced, _ = model.stateless_call(values, [], [keras.ops.convert_to_tensor(a) for a in inputs])
    network.set_weights(values)
    same(replaced, evaluate(model, inputs))
    same(replaced, evaluate(loop(config, other, 5), inputs))


def test_linear_loop_is_the_forecast_of_autoreg() -> None:
    y = np.cumsum(normal((80,))) * 0.1
    fit = AutoReg(y, lags=[1, 2, 5]).fit()
    with float64():
        network = narx(NARXConfig(lags=(1, 2, 5), hidden=(), dtype="float64"))
        network.get_layer("linear").set_weights([fit.params[1:, None], fit.params[:1]])
        windows = np.lib.stride_tricks.sliding_window_view(y, 5)[:-1, :, None]
        same(evaluate(network, windows)[:, 0, 0], fit.fittedvalues, rtol=1e-9)
        model = closed_loop(network, targets=1, exog=0, horizon=12)
        forecast = evaluate(model, [y[None, -5:, None], np.zeros((1, 12, 1))])
        same(forecast[0, :, 0], fit.forecast(12), rtol=1e-9)


def test_linear_loop_is_the_forecast_of_ardl() -> None:
    x, noise = normal((90, 1), seed=4), 0.1 * normal((90,), seed=5)
    y = np.zeros(90)
    for t in range(2, 90):
        y[t] = 0.5 * y[t - 1] - 0.3 * y[t - 2] + x[t, 0] + 0.4 * x[t - 2, 0] + noise[t]
    past, future = slice(None, 80), slice(80, None)
    fit = ARDL(y[past], 2, x[past], {0: [0, 2]}).fit()
    with float64():
        config = NARXConfig(exog=1, lags=(1, 2), exog_lags=(0, 2), hidden=(), dtype="float64")
        network = narx(config)
        network.get_layer("linear").set_weights([fit.params[1:, None], fit.params[:1]])
        model = closed_loop(network, targets=1, exog=1, horizon=10)
        history = np.column_stack([y, x])[None, 80 - config.window : 80]
        forecast = evaluate(model, [history, x[None, future]])
        same(forecast[0, :, 0], fit.forecast(10, exog=x[future]), rtol=1e-9)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (dict(targets=1, exog=0, horizon=0), ValueError, "horizon: must be a whole number of at least 1"),
        (dict(targets=1, exog=0, horizon=2.0), TypeError, "horizon: .*2.0 of type float"),
        (dict(targets=1, exog=1, horizon=2), ValueError, "exog: must be 0.*received 1"),
        (dict(targets=2, exog=0, horizon=2), ValueError, "targets: must be at most 1"),
    ],
)
def test_errors_name_argument_allowed_and_received(options, error, words) -> None:
    with pytest.raises(error, match=words):
        closed_loop(narx(NARXConfig()), **options)
