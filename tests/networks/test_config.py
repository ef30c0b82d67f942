"""What all configs share: columns of codes, which the linear path does not see, and the rows that are read."""

from __future__ import annotations

from dataclasses import replace

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


LAGS = NARXConfig(
    lags=(2, 9, 1), exog_lags=(4, 0), hidden=(3,), exog_kept=(0, 2, 3), **{**COLUMNS, "exog": 2}
)
DELAYS = TDNNConfig(
    exog=1, layers=(DelayLayer(3, (0, 7)),), linear_lags=(8, 2), linear_exog_lags=(3,), window_level=True
)
COMPACT = {
    "lags": (LAGS, (0, 1, 4, 8)),
    "level": (NARXConfig(targets=2, lags=(5, 3), window_level=True), (0, 2, 4)),
    "inputs alone": (NARXConfig(exog=1, lags=(), exog_lags=(6, 2), hidden=()), (0, 2, 6)),
    "delays": (DELAYS, (0, 1, 3, 7)),
    "no linear path": (replace(DELAYS, linear=False, window_level=False), (0, 7)),
}


@pytest.mark.parametrize(("config", "rows"), COMPACT.values(), ids=list(COMPACT))
def test_a_compact_network_is_the_same_of_the_rows_that_are_read(
    config: NetworkConfig, rows: tuple[int, ...]
) -> None:
    assert config.compact is not None
    near, read = config.compact
    assert read == rows and near.window == len(rows) and near.compact == (near, tuple(range(len(rows))))
    whole, part = config.build(), near.build()
    randomize(whole, scale=0.3)
    part.set_weights(whole.get_weights())
    window = np.abs(normal((4, *whole.input_shape[1:]), dtype="float32"))
    window[:, :, config.targets + config.exog :] //= 1  # codes
    expected = to_numpy(whole(window))
    chosen = window[:, [config.window - 1 - row for row in reversed(rows)]]
    np.testing.assert_allclose(to_numpy(part(chosen)), expected, rtol=1e-5, atol=1e-6)


def test_what_reads_its_window_as_a_whole_has_no_compact_network() -> None:
    deep = replace(DELAYS, layers=(DelayLayer(3, (0, 7)), DelayLayer(2)), linear=False)
    direct = replace(DELAYS, horizon=2)
    scaled = [replace(config, window_norm=True, window_level=False) for config in (LAGS, DELAYS)]
    closing = replace(DELAYS, output_delays=(0, 1))
    others = [family for family in FAMILIES if not isinstance(family, NARXConfig | TDNNConfig)]
    assert all(config.compact is None for config in (deep, direct, closing, *scaled, *others))
