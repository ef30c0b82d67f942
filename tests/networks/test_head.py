"""Heads: quantiles in order, a log scale that moves with the spread of the window, K numbers of each target."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from forecast.networks.head import head as made
from tests.checks import normal, same, to_numpy

pytestmark = pytest.mark.backend
VALUES = normal((4, 3, 6), dtype="float32")  # O = 2, K = 3
LEVEL, SPREAD = normal((4, 1, 2), dtype="float32"), np.full((4, 1, 2), 2.5, "float32")


def head(*arrays: np.ndarray, **options: object) -> np.ndarray:
    return to_numpy(made(*map(keras.ops.convert_to_tensor, arrays), **options))


def test_quantiles_never_cross_and_move_with_the_window() -> None:
    q = head(VALUES, LEVEL, SPREAD, outputs=3, kind="quantiles").reshape(4, 3, 2, 3)
    assert (np.diff(q, axis=-1) > 0).all()
    plain = head(VALUES, 0 * LEVEL, SPREAD / SPREAD, outputs=3, kind="quantiles")
    same(q, LEVEL[..., None] + 2.5 * plain.reshape(4, 3, 2, 3), rtol=1e-5, atol=1e-5)


def test_quantiles_of_zeros_lie_around_the_level() -> None:
    q = head(0 * VALUES, LEVEL, SPREAD, outputs=3, kind="quantiles").reshape(4, 3, 2, 3)
    same(q[..., 1], np.repeat(LEVEL, 3, axis=1), rtol=1e-5, atol=1e-5)
    same(q[..., 0] + q[..., 2], 2 * q[..., 1], rtol=1e-5, atol=1e-5)


def test_a_mean_and_a_log_scale() -> None:
    both = head(VALUES[..., :4], LEVEL, SPREAD, outputs=2, kind="scale").reshape(4, 3, 2, 2)
    parts = VALUES[..., :4].reshape(4, 3, 2, 2)
    same(both[..., 0], LEVEL + 2.5 * parts[..., 0], rtol=1e-5, atol=1e-5)
    same(both[..., 1], parts[..., 1] + np.log(2.5), rtol=1e-5, atol=1e-5)


def test_one_number_is_a_point() -> None:
    same(
        head(VALUES[..., :2], LEVEL, SPREAD, outputs=1, kind="point"),
        LEVEL + 2.5 * VALUES[..., :2],
        rtol=1e-5,
    )
