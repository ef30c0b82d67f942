"""The network that is trained once starts at the last value."""

import keras
import numpy as np
import pytest

from forecast.networks.pretrained import pretrained


@pytest.mark.backend
def test_an_untrained_network_forecasts_the_last_value() -> None:
    numbers = pretrained(6, 3, blocks=2, units=4)(np.ones((2, 12), "float32"))
    assert (keras.ops.convert_to_numpy(numbers) == 0).all() and tuple(numbers.shape) == (2, 9)


@pytest.mark.backend
def test_with_a_skip_it_starts_at_the_last_season() -> None:
    window = np.arange(12, dtype="float32")[None]
    numbers = pretrained(6, 3, blocks=1, units=4, skip=[4, 5, 4])(window)
    assert keras.ops.convert_to_numpy(numbers).tolist() == [[4, 0, 0, 5, 0, 0, 4, 0, 0]]
