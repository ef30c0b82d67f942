"""The network that is trained once starts at the last value."""

import keras
import numpy as np
import pytest

from forecast.networks.pretrained import pretrained


@pytest.mark.backend
def test_an_untrained_network_forecasts_the_last_value() -> None:
    numbers = pretrained(6, 3, blocks=2, units=4)(np.ones((2, 12), "float32"))
    assert (keras.ops.convert_to_numpy(numbers) == 0).all() and tuple(numbers.shape) == (2, 9)
