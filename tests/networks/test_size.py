"""Parameters are counted without values, and nothing of the count is left to Keras."""

from __future__ import annotations

import keras
import pytest

from forecast.networks import NARXConfig
from forecast.networks.size import parameter_count

pytestmark = pytest.mark.backend


def huge() -> keras.Model:
    """A network that no memory holds."""
    return keras.Sequential([keras.Input((1_000_000,)), keras.layers.Dense(1_000_000)])


def test_the_count_makes_no_values_then_or_later() -> None:
    assert parameter_count(huge) == 1_000_000_000_000 + 1_000_000
    with keras.StatelessScope():  # at whose end Keras makes the values of variables that have none yet
        pass


def test_the_count_is_that_of_the_network() -> None:
    def small() -> keras.Model:
        return keras.Sequential([keras.Input((5, 2)), keras.layers.LSTM(3), keras.layers.Dense(1)])

    assert parameter_count(small) == small().count_params()


def test_double_precision_is_counted_without_a_warning() -> None:
    assert NARXConfig(lags=(1, 2), hidden=(3,), window_norm=True, dtype="float64").size == 2 + 9 + 4
