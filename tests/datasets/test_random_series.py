"""Random series: the same for a seed, finite, of many kinds."""

import numpy as np
import pytest

from forecast.datasets import random_series


@pytest.mark.parametrize("season", [1, 7, 12])
def test_random_series(season: int) -> None:
    y = random_series(300, season=season, length=60, random_state=3)
    assert y.shape == (300, 60) and np.isfinite(y).all()
    np.testing.assert_array_equal(y, random_series(300, season=season, length=60, random_state=3))
    assert 0.6 < (y > 0).all(axis=1).mean() < 1
    if season > 1:  # most have a season: a season back is nearer than half a season
        half = season // 2
        near = np.abs(y[:, season:] - y[:, :-season]).mean(axis=1)
        assert 0.6 < (near < np.abs(y[:, half:] - y[:, :-half]).mean(axis=1)).mean() < 1


def test_numbers_are_checked() -> None:
    with pytest.raises(ValueError, match="season"):
        random_series(3, season=0)
