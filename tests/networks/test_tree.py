"""The network on a hierarchy: leaves start at their autoregression, the levels add up, all nodes are seen."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from forecast.networks import TreeConfig, tree_network
from tests.checks import normal, randomize, same, to_numpy

pytestmark = pytest.mark.backend

PARENTS = (4, 4, 5, 5, 6, 6, -1)
SCALES = (1.0, 2.0, 0.5, 3.0, 2.5, 3.0, 4.0)


def network(**options) -> keras.Model:
    config = {"targets": 7, "parents": PARENTS, "scaled": True, "units": 3, "lags": (1, 2), "outputs": 2}
    built = tree_network(TreeConfig(**{**config, **options}))
    randomize(built)
    return built


def test_config_survives_json() -> None:
    config = TreeConfig(targets=7, parents=PARENTS, scaled=True, lags=(1, 4))
    assert TreeConfig.from_dict({**config.to_dict(), "parents": list(PARENTS)}) == config
    assert config.leaves == (0, 1, 2, 3) and config.window == 4
    assert TreeConfig(targets=3).leaves == (0, 1, 2)


def units(rows: np.ndarray) -> np.ndarray:
    """The rows with the units of the nodes beside them."""
    return np.concatenate([rows, np.broadcast_to(np.array(SCALES), rows.shape)], axis=2).astype("float32")


@pytest.mark.parametrize("window_norm", [True, False])
def test_levels_add_up_in_their_units(window_norm: bool) -> None:
    raw = normal((5, 2, 4))
    y = np.concatenate(
        [raw, raw[:, :, :2].sum(2, keepdims=True), raw[:, :, 2:].sum(2, keepdims=True)], axis=2
    )
    y = np.concatenate([y, y[:, :, 4:].sum(2, keepdims=True)], axis=2) / SCALES
    forecast = to_numpy(network(window_norm=window_norm)(units(y))) * SCALES
    same(forecast[:, :, 4], forecast[:, :, 0] + forecast[:, :, 1], rtol=1e-5, atol=1e-5)
    same(forecast[:, :, 6], forecast[:, :, :4].sum(axis=2), rtol=1e-5, atol=1e-5)


def test_silent_network_is_the_autoregression_of_each_leaf() -> None:
    model, window = network(), normal((5, 2, 7), dtype="float32")
    model.get_layer("output").set_weights([np.zeros((3, 2))])
    kernel, bias = (to_numpy(w) for w in model.get_layer("linear").weights)
    for leaf in range(4):
        same(
            to_numpy(model(units(window)))[:, :, leaf],
            window[:, ::-1, leaf] @ kernel[leaf] + bias[leaf],
            rtol=1e-4,
        )


def test_a_leaf_sees_every_node_of_its_tree_and_none_of_another() -> None:
    forest = (4, 4, 5, 5, -1, -1, -1)
    window = normal((1, 2, 7), dtype="float32")
    for parents, seen in ((PARENTS, [True] * 7), (forest, [True, True, False, False, True, False, False])):
        model = network(parents=parents)
        before = to_numpy(model(units(window)))[:, :, 0]
        moved = []
        for node in range(7):
            pushed = window.copy()
            pushed[0, -1, node] += 1.0
            moved.append(bool(np.abs(to_numpy(model(units(pushed)))[:, :, 0] - before).max() > 1e-7))
        assert moved == seen


def test_empty_rows_that_fill_up_a_batch_stay_finite() -> None:
    assert np.isfinite(to_numpy(network()(np.zeros((2, 2, 14), "float32")))).all()


def test_wrong_configs_are_refused() -> None:
    for options, message in (
        ({"parents": (-1, 0)}, "parents: must be empty or 3"),
        ({"parents": (1, 0, -1)}, "cycle"),
        ({"outputs": 0}, "outputs: "),
    ):
        with pytest.raises(ValueError, match=message):
            TreeConfig(**{"targets": 3, **options})
