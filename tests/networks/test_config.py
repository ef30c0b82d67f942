"""Columns of codes: learned vectors in every family of one-step networks, unseen by its linear path."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.networks import (
    DelayLayer,
    MemoryConfig,
    NARXConfig,
    NetworkConfig,
    RecurrentConfig,
    TDNNConfig,
    TransformerConfig,
)
from tests.checks import normal, randomize, to_numpy

pytestmark = pytest.mark.backend
COLUMNS = dict(exog=1, embedded=((3, 2), (2, 1)))
FAMILIES = [
    NARXConfig(lags=(1, 2), exog_lags=(0,), hidden=(3,), **COLUMNS),
    RecurrentConfig(cell="elman", units=(2,), length=2, lags=(1,), exog_lags=(0,), **COLUMNS),
    TDNNConfig(layers=(DelayLayer(3, (0, 1)),), **COLUMNS),
    TransformerConfig(length=2, d_model=4, **COLUMNS),
    MemoryConfig(length=2, units=2, slots=3, width=1, controller="dense", exog_lags=(0,), **COLUMNS),
]


def windows(codes: tuple[float, float]) -> np.ndarray:
    values = normal((4, 2, 2), dtype="float32")
    return np.concatenate([values, np.broadcast_to(np.float32(codes), (4, 2, 2))], axis=2)


@pytest.mark.parametrize("config", FAMILIES, ids=lambda config: type(config).__name__)
def test_codes_are_vectors_an_unknown_one_their_mean_and_the_linear_path_sees_neither(
    config: NetworkConfig,
) -> None:
    assert type(config).from_dict({**config.to_dict(), "embedded": [[3, 2], [2, 1]]}) == config
    network = config.build()
    randomize(network, scale=0.3)
    known, unknown = (to_numpy(network(windows(codes))) for codes in ((2, 1), (-1, 1)))
    assert np.abs(known - unknown).max() > 1e-4
    tables = [network.get_layer(f"embedding_{k}").embeddings for k in (1, 2)]
    tables[0].assign(np.tile(to_numpy(tables[0]).mean(axis=0), (3, 1)))
    np.testing.assert_allclose(to_numpy(network(windows((2, 1)))), unknown, rtol=1e-5, atol=1e-6)
    kernel = network.get_layer("output").trainable_variables[0]
    kernel.assign(0 * to_numpy(kernel))  # the linear path alone
    np.testing.assert_array_equal(to_numpy(network(windows((0, 0)))), to_numpy(network(windows((1, 1)))))
