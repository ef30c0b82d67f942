"""The network with an external memory: its cell on the latest rows, and a linear path that it starts at."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest

from forecast.layers import MemoryCell
from forecast.networks import MemoryConfig, NARXConfig, memory_network, narx
from tests.checks import evaluate, normal, randomize, reload, same, to_numpy

pytestmark = pytest.mark.backend
SMALL = dict(units=3, slots=4, width=2)
CONFIGS = {
    "series": MemoryConfig(length=5, **SMALL),
    "long lags": MemoryConfig(length=3, lags=(1, 6), **SMALL),
    "inputs": MemoryConfig(
        length=4, exog=2, targets=2, lags=(2,), exog_lags=(0, 4), read_heads=2, controller="lstm", **SMALL
    ),
    "normalised windows": MemoryConfig(length=4, window_norm=True, controller="dense", **SMALL),
    "memory alone": MemoryConfig(length=4, linear=False, **SMALL),
}
EACH = pytest.mark.parametrize("config", CONFIGS.values(), ids=list(CONFIGS))


@EACH
def test_window_and_round_trips(config: MemoryConfig, tmp_path) -> None:
    depths = (*config.lags, *(lag + 1 for lag in config.exog_lags)) if config.linear else ()
    assert config.window == max(config.length, *depths, 1)
    assert MemoryConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    network = memory_network(config)
    randomize(network)
    x = normal((3, config.window, config.targets + config.exog), dtype="float32")
    assert evaluate(network, x).shape == (3, 1, config.targets)
    same(evaluate(reload(network, tmp_path), x), evaluate(network, x))


def test_it_starts_at_its_linear_path() -> None:
    config = CONFIGS["inputs"]
    network = memory_network(config)
    linear = narx(NARXConfig(exog=2, targets=2, lags=(2,), exog_lags=(0, 4), hidden=()))
    linear.get_layer("linear").set_weights([to_numpy(network.get_layer("linear").kernel), np.zeros(2)])
    x = normal((6, 5, 4), dtype="float32")
    same(evaluate(network, x), evaluate(linear, x))


def test_it_is_the_cell_over_the_latest_rows() -> None:
    config = CONFIGS["long lags"]
    network = memory_network(config)
    randomize(network)
    cell = MemoryCell(3, slots=4, width=2, controller="gru")
    recurrent = keras.layers.RNN(cell)
    recurrent.build((None, 3, 1))
    cell.set_weights(network.get_layer("memory").cell.get_weights())
    x = normal((4, 6, 1), dtype="float32")
    kernel, bias = (to_numpy(w) for w in network.get_layer("output").weights)
    lags = np.concatenate([x[:, 5], x[:, 0]], axis=1) @ to_numpy(network.get_layer("linear").kernel)
    same(
        evaluate(network, x)[:, 0], to_numpy(recurrent(x[:, 3:])) @ kernel + bias + lags, rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (dict(length=0), ValueError, "length: must be a whole number of at least 1"),
        (dict(lags=(0,)), ValueError, "lags: must be a whole number of at least 1"),
        (dict(exog_lags=(0,)), ValueError, "exog_lags: must be empty when exog=0"),
        (dict(slots=2), ValueError, "reach: must be less than half of slots=2"),
        (dict(controller="rnn"), ValueError, "controller: must be one of 'lstm', 'gru', 'dense'"),
        (dict(units=1.5), TypeError, "units: must be a whole number"),
    ],
)
def test_errors_name_argument_allowed_and_received(options, error, words) -> None:
    with pytest.raises(error, match=words):
        memory_network(MemoryConfig(**options))
