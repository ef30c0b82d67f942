"""One packing of the weights: settings that networks of one shape hold each their own of."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from forecast.networks import TreeConfig
from forecast.training.window_program import Program
from tests.checks import normal

pytestmark = pytest.mark.backend
SCALES = (1.0, 2.0, 4.0)
CONFIG = TreeConfig(targets=3, parents=(-1, 0, 0), units=2, lags=(1, 2), dtype="float64")


def test_networks_of_one_shape_hold_scales_of_their_own_and_share_what_is_compiled() -> None:
    shape = Program.of(TreeConfig(**{**CONFIG.to_dict(), "scales": (1.0,) * 3}))
    whole = Program.of(TreeConfig(**{**CONFIG.to_dict(), "scales": SCALES}))
    held, rows = shape.holding(np.array(SCALES)), normal((4, 2, 3))
    theta = np.random.default_rng(0).normal(size=shape.size)
    np.testing.assert_allclose(held.apply(theta, rows), whole.apply(theta, rows), rtol=1e-12)
    run = (held.run(theta, rows, np.zeros((4, 5, 0))), whole.run(theta, rows, np.zeros((4, 5, 0))))
    np.testing.assert_allclose(*run, rtol=1e-12)
    found = held.apply(theta, rows)[:, 0]
    np.testing.assert_allclose(found[:, 0], found[:, 1:] @ [2.0, 4.0], rtol=1e-12)
    assert held.functions is shape.functions
    assert not np.allclose(shape.apply(theta, rows)[:, 0, 0], found[:, 0])  # as it was
    copied = held.copy(theta)(rows)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(copied)[:, 0], found, rtol=1e-12)


def test_gradients_go_by_the_scales_that_are_held() -> None:
    shape = Program.of(TreeConfig(**{**CONFIG.to_dict(), "scales": (1.0,) * 3}))
    whole = Program.of(TreeConfig(**{**CONFIG.to_dict(), "scales": SCALES}))
    held, rows, targets = shape.holding(np.array(SCALES)), normal((4, 2, 3)), normal((4, 1, 3), seed=2)
    theta = np.random.default_rng(0).normal(size=shape.size)
    arrays = rows, targets, np.ones_like(targets)
    pairs = zip(held.call("gradient", theta, *arrays), whole.call("gradient", theta, *arrays), strict=True)
    for found, expected in pairs:
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
