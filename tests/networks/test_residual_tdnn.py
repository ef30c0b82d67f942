"""The residual TDNN: naive at the start, free of level and scale, causal in its covariates."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from forecast.networks import ResidualTDNNConfig
from forecast.networks.residual_tdnn import _proportions
from tests.checks import evaluate, normal, randomize, reload, same

pytestmark = pytest.mark.backend
CONFIG = ResidualTDNNConfig(
    length=6, horizon=3, season=2, blocks=2, hidden=(4,), targets=2, exog=1, window_norm=True
)
WINDOW = normal((5, 8, 3), dtype="float32")
WINDOW[:, 6:, :2] = np.nan  # lead rows: targets are not known


def test_a_new_network_is_the_naive_forecast() -> None:
    same(evaluate(CONFIG.build(), WINDOW), np.repeat(WINDOW[:, 5:6, :2], 3, axis=1), rtol=1e-5)


def test_with_a_skip_a_new_network_is_the_seasonal_naive_forecast() -> None:
    network = ResidualTDNNConfig(**{**CONFIG.to_dict(), "skip": True}).build()
    same(evaluate(network, WINDOW), WINDOW[:, [4, 5, 4], :2], rtol=1e-4, atol=1e-5)


def test_forecasts_move_with_level_and_scale_of_the_window() -> None:
    network = ResidualTDNNConfig(**{**CONFIG.to_dict(), "exog": 0}).build()
    randomize(network)
    window = WINDOW[:, :, :2]
    same(evaluate(network, 50 + 700 * window), 50 + 700 * evaluate(network, window), rtol=5e-3)


def test_a_step_sees_covariates_up_to_its_own_time() -> None:
    network = CONFIG.build()
    randomize(network)
    later = WINDOW.copy()
    later[:, 7, 2] += 1.0  # x of the last step
    before, after = evaluate(network, WINDOW), evaluate(network, later)
    same(after[:, :2], before[:, :2])
    assert np.abs(after[:, 2] - before[:, 2]).min() > 1e-6


def test_blocks_read_learned_sums_of_the_covariates_of_a_row() -> None:
    config = ResidualTDNNConfig(**{**CONFIG.to_dict(), "exog": 2})
    plain = config.build()
    randomize(plain)
    window = np.concatenate([WINDOW, normal((5, 8, 1), seed=3, dtype="float32")], axis=2)
    sums = ResidualTDNNConfig(**{**config.to_dict(), "exog_units": 2}).build()
    weights = {weight.path: weight.numpy() for weight in plain.weights}
    for weight in sums.weights:
        weight.assign(weights.get(weight.path, np.eye(2)))
    same(evaluate(sums, window), evaluate(plain, window))
    sums.get_layer("covariates").set_weights([np.array([[1.0, 2.0], [-1.0, -2.0]])])
    before = evaluate(sums, window)
    window[:, :5, 2:] += 3.0  # the sums do not change
    same(evaluate(sums, window), before, rtol=1e-4)


def test_config_and_network_come_back(tmp_path: object) -> None:
    config = ResidualTDNNConfig(length=4, horizon=2, embedded=((3, 2),))
    assert ResidualTDNNConfig.from_dict(config.to_dict()) == config and config.lead == 1
    network = CONFIG.build()
    randomize(network)
    same(evaluate(reload(network, tmp_path), WINDOW), evaluate(network, WINDOW))


def test_with_proportions_forecasts_follow_the_scale_and_not_the_level() -> None:
    network = ResidualTDNNConfig(**{**CONFIG.to_dict(), "exog": 0, "proportions": True}).build()
    randomize(network)
    window = 5 + WINDOW[:, :, :2]
    same(evaluate(network, 700 * window), 700 * evaluate(network, window), rtol=5e-3)
    assert np.abs(evaluate(network, 50 + window) - 50 - evaluate(network, window)).max() > 1e-2


def test_proportions_of_a_known_window() -> None:
    z, known = np.array([[[0.0], [1.0], [0.0]]], "float32"), np.array([[[0.0], [1.0], [1.0]]], "float32")
    units = np.array([[[8.0], [4.0]]], "float32")  # the known values are 12 and 8, their mean size is 10
    values = keras.ops.convert_to_numpy(_proportions(*map(keras.ops.convert_to_tensor, (z, known, units))))
    same(values.ravel(), np.log([0.8, 0.4]), rtol=1e-3)
