"""The bound on a fed-back forecast."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from forecast.layers import Saturation
from tests.checks import check_layer, normal, reload, same, to_numpy

pytestmark = pytest.mark.backend


def test_without_limits_nothing_changes() -> None:
    y = 1e6 * normal((4, 3, 2), dtype="float32")
    same(Saturation()(y), y, rtol=0, atol=0)


def test_each_target_keeps_to_its_own_limits() -> None:
    y = normal((4, 3, 2), dtype="float32")
    layer = Saturation()
    layer.build(y.shape)
    limits = np.array([[-0.5, -0.1], [0.2, 0.9]], "float32")
    layer.limits.assign(limits)
    same(layer(y), np.clip(y, limits[0], limits[1]), rtol=0, atol=0)
    assert not layer.trainable_variables


def test_the_limits_are_in_the_file(tmp_path) -> None:
    symbol = keras.Input((3, 1))
    model = keras.Model(symbol, Saturation()(symbol))
    model.layers[-1].limits.assign([[-1.0], [2.0]])
    again = reload(model, tmp_path)
    assert to_numpy(again.layers[-1].limits).tolist() == [[-1.0], [2.0]]


def test_check_layer(tmp_path) -> None:
    check_layer(
        lambda dtype: Saturation(dtype=dtype),
        input_shape=(4, 7, 2),
        output_shape=(4, 7, 2),
        folder=tmp_path,
        masks=False,
    )
