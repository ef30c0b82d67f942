"""The graph network starts at its linear path, knows no order of nodes, and looks where it should."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from forecast.layers import CELLS
from forecast.networks import GraphConfig, graph_network
from tests.checks import check_all_matter, normal, randomize, same, some, to_numpy

pytestmark = pytest.mark.backend

EDGES = ((0, 1, 1.0), (1, 2, 2.0), (3, 2, 1.0))


def network(**options) -> keras.Model:
    config = {"targets": 4, "edges": EDGES, "units": 3, "lags": (1, 3), "memory": 2, "outputs": 2}
    built = graph_network(GraphConfig(**{**config, **options}))
    randomize(built)
    return built


def test_config_survives_json_and_knows_its_window() -> None:
    config = GraphConfig(targets=4, exog=1, edges=EDGES, lags=(2,), exog_lags=(0, 4), memory=3)
    listed = {
        key: list(value) if isinstance(value, tuple) else value for key, value in config.to_dict().items()
    }
    listed["edges"] = [list(edge) for edge in EDGES]
    assert GraphConfig.from_dict(listed) == config and config.window == 5
    assert hash(config) == hash(GraphConfig.from_dict(listed))


@pytest.mark.parametrize("shared", [True, False])
def test_silent_network_is_the_autoregression_of_each_node(shared: bool) -> None:
    model, window = network(shared=shared, exog=1, exog_lags=(1,)), normal((5, 3, 5), dtype="float32")
    model.get_layer("output").set_weights([np.zeros((3, 2))])
    kernel, bias = (to_numpy(w) for w in model.get_layer("linear").weights)
    for node in range(4):
        lags = np.stack([window[:, 2, node], window[:, 0, node], window[:, 1, 4]], axis=1)
        k = 0 if shared else node
        same(to_numpy(model(window))[:, :, node], lags @ kernel[k] + bias[k], rtol=1e-5, atol=1e-5)


def test_renamed_nodes_reorder_the_forecast() -> None:
    order = np.array([3, 1, 0, 2])
    where = np.argsort(order)
    renamed = tuple((int(where[s]), int(where[e]), w) for s, e, w in EDGES)
    model, other = network(shared=True), network(shared=True, edges=renamed)
    window = normal((5, 3, 4), dtype="float32")
    same(other(window[:, :, order]), to_numpy(model(window))[:, :, order], rtol=1e-5)


def test_messages_are_means_or_sums() -> None:
    for aggregate, weights in (("mean", [0, 2 / 3, 0, 1 / 3]), ("sum", [0, 2, 0, 1])):
        cell = network(aggregate=aggregate).get_layer("recurrent").cell
        np.testing.assert_allclose(cell.adjacency[0][2], weights)


def test_nodes_hear_neighbours_within_the_memory_alone() -> None:
    model, window = network(both_ways=False), normal((1, 3, 4), dtype="float32")
    before = to_numpy(model(window))
    for row, changed in ((2, {0, 1}), (1, {0, 1, 2}), (0, {0})):  # node 0 hears nobody, 1 hears it, 2 hears 1
        pushed = window.copy()
        pushed[0, row, 0] += 1.0
        moved = np.abs(to_numpy(model(pushed)) - before).max(axis=(0, 1)) > 1e-7
        assert set(np.flatnonzero(moved)) == changed, row


def test_covariates_belong_to_their_node_or_to_all() -> None:
    for own, changed in ((True, [False, True, False, False]), (False, [True] * 4)):
        exog = 8 if own else 2
        model = network(edges=(), exog=exog, node_exog=own, exog_lags=(0,))
        window = normal((1, 3, 4 + exog), dtype="float32")
        pushed = window.copy()
        pushed[0, -1, 4 + (2 if own else 0)] += 1.0  # the first covariate of node 1, or of all
        moved = np.abs(to_numpy(model(pushed)) - to_numpy(model(window))).max(axis=(0, 1)) > 1e-7
        assert moved.tolist() == changed


def test_wrong_configs_are_refused() -> None:
    for options, message in (
        ({"edges": ((0, 9, 1.0),)}, "edges: "),
        ({"cell": "elephant"}, "cell: "),
        ({"units": 0}, "units: "),
    ):
        with pytest.raises(ValueError, match=message):
            GraphConfig(**{"targets": 4, **options})


@pytest.mark.parametrize("cell", some(CELLS, "lstm"))
def test_every_cell_hears_its_neighbours(cell: str) -> None:
    model = network(cell=cell, targets=2, edges=EDGES[:1], units=2, lags=(1,))
    check_all_matter(model, normal((3, 2, 2), dtype="float32"), shape=(3, 2, 2))
