"""Networks of Keras as nodes of ONNX: the same numbers, by the reference implementation of onnx."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from forecast.layers.recurrent.catalogue import CELLS
from forecast.networks import (
    DelayLayer,
    NARXConfig,
    NetworkConfig,
    RecurrentConfig,
    ResidualTDNNConfig,
    TDNNConfig,
)
from forecast.training.backend import precision

pytest.importorskip("onnx", reason="onnx is not installed: pip install -e '.[test]'")
from forecast.export.graph import Graph, answer
from forecast.export.keras_nodes import nodes_of

pytestmark = pytest.mark.backend
WIDE: dict[str, Any] = {"dtype": "float64"}
QUICK = ("lstm", "gru")
NETWORKS = [
    NARXConfig(lags=(1, 2, 12), exog=2, exog_lags=(0, 2), exog_kept=(1, 2), hidden=(4, 3), **WIDE),
    NARXConfig(lags=(1, 3), window_norm=True, activation="elu", **WIDE),
    NARXConfig(lags=(1, 3), window_level=True, activation="selu", **WIDE),
    NARXConfig(lags=(1, 2), embedded=((3, 2),), activation="silu", **WIDE),
    TDNNConfig(layers=(DelayLayer(6, (0, 1, 2)), DelayLayer(3, (0, 5))), output_delays=(0, 2), **WIDE),
    TDNNConfig(layers=(DelayLayer(6, (0, 2)),), exog=1, horizon=3, linear_exog_lags=(0,), **WIDE),
    ResidualTDNNConfig(
        length=9, horizon=4, season=3, window_norm=True, exog=2, exog_units=1, skip=True, **WIDE
    ),
    ResidualTDNNConfig(
        length=9, horizon=4, window_norm=True, proportions=True, activation="softplus", **WIDE
    ),
    RecurrentConfig(
        cell="lstm", units=(3, 2), length=5, bidirectional="concat", pooling="mean", layer_norm=True, **WIDE
    ),
]


def assert_same(config: NetworkConfig) -> None:
    """The nodes of a network with random weights answer as the network does, for two windows at once."""
    rng = np.random.default_rng(0)
    with precision(config.dtype):
        network = config.build()
        for variable in network.trainable_variables:
            variable.assign(0.5 * rng.normal(size=variable.shape))
        window = rng.normal(size=(2, *network.inputs[0].shape[1:]))
        if isinstance(config, ResidualTDNNConfig):
            window[0, :3, 0] = np.nan
        if config.embedded:
            window[..., -1] = rng.integers(0, 4, window.shape[:2])  # 3 is no category
        wanted, graph = keras.ops.convert_to_numpy(network(window)), Graph()
        shape = window.shape[1:]
        given = graph.input("window", ["series", *shape]), (None, *shape), "float64"
        graph.output(nodes_of(graph, network, given), "y", [2, *wanted.shape[1:]])
    np.testing.assert_allclose(answer(graph.model({}, "network", "0"), {"window": window}), wanted, rtol=1e-9)


@pytest.mark.parametrize("config", NETWORKS, ids=lambda config: type(config).__name__)
def test_networks(config: NetworkConfig) -> None:
    assert_same(config)


@pytest.mark.parametrize(
    "cell", [each if each in QUICK else pytest.param(each, marks=pytest.mark.slow) for each in CELLS]
)
def test_cells(cell: str) -> None:
    assert_same(RecurrentConfig(cell=cell, units=(3,), lags=(1, 2), length=5, **WIDE))


def test_an_unknown_operation_is_named() -> None:
    graph = Graph()
    with pytest.raises(ValueError, match="counterpart in ONNX; received the operation Gelu"):
        nodes_of(graph, keras.activations.gelu, (graph.input("x", [1]), (1,), "float32"))


def test_what_symbols_do_not_tell_is_refused() -> None:
    graph, network = Graph(), RecurrentConfig(units=(2,), length=3, lags=(1,), zoneout=0.1).build()
    with pytest.raises(
        ValueError, match="counterpart in ONNX; received one with options that cannot be traced"
    ):
        nodes_of(graph, network, (graph.input("window", ["series", 3, 1]), (None, 3, 1), "float32"))
