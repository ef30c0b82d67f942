"""The Transformer network: linear at the start, and it knows the order of its rows."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest

from forecast.networks import TransformerConfig, self_attention_reader
from tests.checks import check_gradient, evaluate, float64, normal, randomize, reload, same, to_numpy
from tests.layers.equations import encoder_block, normalised

pytestmark = pytest.mark.backend
CONFIG = TransformerConfig(length=5, d_model=4, layers=2, targets=2, exog=1)
WINDOW = normal((3, 5, 3), dtype="float32")


def test_network_starts_at_its_linear_path() -> None:
    network = CONFIG.build()
    assert network.output_shape == (None, 1, 2)
    kernel = to_numpy(network.get_layer("linear").kernel)
    same(evaluate(network, WINDOW), (WINDOW.reshape(3, -1) @ kernel)[:, None], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("linear", [True, False])
def test_network_is_its_equation(linear: bool) -> None:
    """Embedding, positions, two blocks, the normalised last row and the linear path, all in numpy."""
    config = TransformerConfig(**{**CONFIG.to_dict(), "activation": "tanh", "linear": linear})
    network = config.build()
    randomize(network)
    w = {"/".join(v.path.split("/")[-2:]): to_numpy(v).astype("float64") for v in network.weights}
    rows = WINDOW.astype("float64")
    angles = np.arange(5)[:, None] / np.array([1.0, 100.0])  # w^(2i/F), w = 10,000, F = 4
    positions = np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(5, 4)
    state = rows @ w["embed/kernel"] + w["embed/bias"] + positions
    for number in (1, 2):
        state = encoder_block(state, network.get_layer(f"block_{number}"))
    last = normalised(state[:, -1], w["norm_last/gamma"], w["norm_last/beta"])
    expected = last @ w["output/kernel"] + w["output/bias"]
    if linear:
        expected = expected + rows.reshape(3, -1) @ w["linear/kernel"]
    same(evaluate(network, WINDOW)[:, 0], expected, rtol=1e-4, atol=1e-5)


def test_without_a_linear_path_the_order_of_the_rows_still_matters() -> None:
    network = TransformerConfig(length=5, d_model=4, exog=1, targets=2, linear=False).build()
    randomize(network)
    swapped = WINDOW[:, [1, 0, 2, 3, 4]]
    assert np.abs(evaluate(network, swapped) - evaluate(network, WINDOW)).min() > 1e-5


def test_gradient_is_that_of_finite_differences() -> None:
    with float64():
        network = TransformerConfig(length=4, d_model=4, dtype="float64").build()
        randomize(network)
        check_gradient(network, normal((3, 4, 1)), keras.ops.sum)


def test_normalised_windows_follow_shift_and_scale() -> None:
    network = TransformerConfig(length=5, d_model=4, window_norm=True).build()
    randomize(network)
    y = 10 * WINDOW[:, :, :1]
    same(evaluate(network, 500 + 20 * y), 500 + 20 * evaluate(network, y), rtol=1e-4)


def test_the_reader_gives_the_weights_behind_the_last_row() -> None:
    """The last row of a network of one block, written down: its weights are those that give its output."""
    config = TransformerConfig(length=5, d_model=4, targets=2, exog=1)
    network = config.build()
    randomize(network)
    weights = evaluate(self_attention_reader(network), WINDOW)
    same(weights.sum(axis=-1), np.ones((3, 2)))
    block = network.get_layer("block_1")
    state = network.get_layer("positions")(network.get_layer("embed")(WINDOW))
    rows = to_numpy(block.norm_attention(state))
    query, key = (
        (rows @ to_numpy(kernel)).reshape(3, 5, 2, 2)
        for kernel in (block.attention.query_kernel, block.attention.key_kernel)
    )
    scores = np.exp(np.einsum("bnd,bknd->bnk", query[:, -1], key) / np.sqrt(2))
    same(weights, scores / scores.sum(axis=-1, keepdims=True), rtol=1e-4, atol=1e-5)


def test_config_and_file_round_trip(tmp_path) -> None:
    assert TransformerConfig.from_dict(json.loads(json.dumps(CONFIG.to_dict()))) == CONFIG
    network = CONFIG.build()
    randomize(network)
    same(evaluate(reload(network, tmp_path), WINDOW), evaluate(network, WINDOW))


def test_errors_name_argument_allowed_and_received() -> None:
    with pytest.raises(
        ValueError, match="d_model: must be a multiple of heads=3; received 16. Pass d_model=24"
    ):
        TransformerConfig(heads=3)
    with pytest.raises(TypeError, match="layers: must be a whole number"):
        TransformerConfig(layers=1.0)
