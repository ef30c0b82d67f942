"""Units of a window: known answers, no effect of level and scale, missing rows left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from forecast.layers import WindowUnits
from tests.checks import check_layer, normal, same, to_numpy

pytestmark = pytest.mark.backend
Y = normal((4, 9, 2), dtype="float32")


def test_level_and_spread_are_the_last_value_and_the_mean_seasonal_difference() -> None:
    z, known, units = map(to_numpy, WindowUnits(season=3, epsilon=1e-9)(Y))
    same(units[:, 0], Y[:, -1])
    same(units[:, 1], np.abs(Y[:, 3:] - Y[:, :-3]).mean(axis=1), rtol=1e-5)
    same(z * units[:, 1:] + units[:, :1], Y, rtol=1e-4, atol=1e-5)
    same(known, np.ones_like(Y))


def test_level_and_scale_drop_out() -> None:
    layer = WindowUnits(season=3, epsilon=1e-9)
    same(layer(50 + 7 * Y)[0], layer(Y)[0], rtol=1e-3, atol=1e-4)


def test_rows_before_a_short_series_change_nothing() -> None:
    layer = WindowUnits(season=3)
    padded = np.concatenate([np.full((4, 5, 2), np.nan, "float32"), Y], axis=1)
    for whole, part in zip(layer(padded), layer(Y), strict=True):
        same(to_numpy(whole)[:, -part.shape[1] :], part, rtol=1e-5, atol=1e-6)
    same(to_numpy(layer(padded)[0])[:, :5], np.zeros((4, 5, 2)))


def test_the_last_known_row_is_the_level() -> None:
    gappy = Y.copy()
    gappy[:, -2:, 0] = np.nan
    units = to_numpy(WindowUnits()(gappy)[2])
    same(units[:, 0], np.stack([Y[:, -3, 0], Y[:, -1, 1]], axis=1))


def test_without_a_seasonal_pair_neighbours_tell_the_spread() -> None:
    short = np.concatenate([np.full((4, 6, 2), np.nan, "float32"), Y[:, -3:]], axis=1)
    units = to_numpy(WindowUnits(season=3, epsilon=1e-9)(short)[2])
    same(units[:, 1], np.abs(np.diff(Y[:, -3:], axis=1)).mean(axis=1), rtol=1e-5)


def test_a_window_without_a_known_row_is_finite() -> None:
    z, known, units = WindowUnits()(np.full((1, 4, 1), np.nan, "float32"))
    same(z, np.zeros((1, 4, 1)))
    same(known, np.zeros((1, 4, 1)))
    same(units, np.array([[[0.0], [1e-3]]]))


def test_layer_checks(tmp_path: Path) -> None:
    check_layer(
        lambda dtype: WindowUnits(season=2, dtype=dtype),
        input_shape=Y.shape,
        output_shape=[Y.shape, Y.shape, (4, 2, 2)],
        folder=tmp_path,
        masks=False,
    )
