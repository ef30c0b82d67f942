"""Units and levels: y -> a y + b makes forecasts a f + b, and another unit of a covariate changes nothing.

| follows | models |
| --- | --- |
| scale and shift | AR, Naive, SeasonalNaive, Drift, LagRegressor (linear), MarkovSwitching, all networks, |
| | SARIMAX with a constant or differences, additive ETS, Theta and Naive2 without factors for the season |
| scale alone | multiplicative ETS, Theta and Naive2 with factors, AR and SARIMAX without a constant |
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from forecast.estimators.base import Forecaster
from forecast.estimators.baselines.ar import AR
from forecast.estimators.baselines.ets import ETS
from forecast.estimators.baselines.markov_switching import MarkovSwitching
from forecast.estimators.baselines.naive import Drift, Naive, SeasonalNaive
from forecast.estimators.baselines.naive2 import Naive2
from forecast.estimators.baselines.sarimax import SARIMAX
from forecast.estimators.baselines.theta import Theta
from forecast.estimators.lag_regressor import LagRegressor
from forecast.estimators.neural.narx import NARX
from forecast.estimators.neural.tdnn import TDNN
from tests.checks_forecaster import forecasters, named

STATISTICAL: list[Forecaster] = [
    AR(),
    AR(lags=3, trend="ct"),
    Naive(),
    Naive2(),
    SeasonalNaive(season=4),
    Drift(),
    ETS(error="add", seasonal=None),
    ETS(error="add", seasonal="add", season=4),
    Theta(),
    SARIMAX(order=(2, 0, 0)),
    SARIMAX(order=(0, 1, 1)),
    MarkovSwitching(iterations=2),
    LagRegressor(lags=2),
]
SCALE_ALONE: list[Forecaster] = [
    AR(lags=2, trend="n"),
    ETS(error="mul", seasonal="mul", season=4),
    Naive2(season=4),
    Theta(season=4),
    SARIMAX(order=(1, 0, 0), trend="n"),
]
NETWORKS = [model for model in forecasters() if type(model) not in {type(other) for other in STATISTICAL}]


def walk(rows: int = 60) -> np.ndarray:
    """An autoregression with a small season: deviation 1, far enough from zero to be positive."""
    noise, y = np.random.default_rng(7).normal(size=rows), np.zeros(rows)
    for time in range(2, rows):
        y[time] = 0.8 * y[time - 1] - 0.3 * y[time - 2] + noise[time]
    y += np.tile([2.0, -1.0, 0.5, -1.5], rows)[:rows]
    return 10 + (y - y.mean()) / y.std()


Y = walk()
UNITS = st.floats(-8, 8).map(lambda power: 10.0**power)
few = settings(derandomize=True, max_examples=2, deadline=None, database=None)


def deviation(model: Forecaster, a: float, b: float, y: np.ndarray = Y) -> float:
    """Largest distance of the forecasts of a y + b from a f + b, in deviations of a y + b."""
    plain, other = clone(model).fit(y), clone(model).fit(a * y + b)
    inside = [np.abs(other.predict(5) - b - a * plain.predict(5)).max()]
    inside.append(np.abs(other._fitted(other.panel_)[20:] - b - a * plain._fitted(plain.panel_)[20:]).max())
    return float(max(inside) / abs(a))


@pytest.mark.parametrize("model", STATISTICAL, ids=repr)
@few
@given(a=UNITS, level=st.floats(-1e6, 1e6), sign=st.sampled_from([1, -1]))
def test_scale_and_shift(model: Forecaster, a: float, level: float, sign: int) -> None:
    if not isinstance(model, ETS | Theta):
        a *= sign
    assert deviation(model, a, level * a) < 1e-6


@pytest.mark.parametrize("model", SCALE_ALONE, ids=repr)
@few
@given(a=UNITS)
def test_scale(model: Forecaster, a: float) -> None:
    assert deviation(model, a, 0.0) < 1e-6


@pytest.mark.parametrize("model", STATISTICAL, ids=repr)
def test_a_level_of_1e8_deviations(model: Forecaster) -> None:
    # The values themselves are then rounded to 1e-8 deviations, which the models magnify.
    assert deviation(model, 1.0, 1e8) < 1e-5


@pytest.mark.parametrize("order", [(1, 0, 1), (2, 0, 1), (1, 1, 1), (2, 0, 2)], ids=str)
def test_a_flat_likelihood(order: tuple[int, int, int]) -> None:
    # Searches from series that differ by rounding end apart on a ridge: up to 1e-3 deviations in the forecasts.
    noise, y = np.random.default_rng(1).normal(size=170), np.zeros(170)
    for time in range(2, 170):
        y[time] = 1.2 * y[time - 1] - 0.5 * y[time - 2] + noise[time]
    for a, b in ((1e-8, 0.0), (1e8, -3e9), (0.3, -7.0)):
        assert deviation(SARIMAX(order=order), a, b, y[50:] / y.std()) < 1e-9


@pytest.mark.backend
@pytest.mark.parametrize(
    "model",
    [
        pytest.param(model, id=named(model), marks=[] if isinstance(model, NARX | TDNN) else pytest.mark.slow)
        for model in NETWORKS
    ],
)
@pytest.mark.parametrize(("a", "b"), [(1e-8, 0.0), (1e8, -3e9)])
def test_networks(model: Forecaster, a: float, b: float) -> None:
    assert deviation(model, a, b) < 1e-6


@pytest.mark.parametrize(
    "model",
    [AR(lags=2), AR(lags=1, exog_lags=1), SARIMAX(order=(1, 0, 0)), LagRegressor(lags=2, exog_lags=1)],
    ids=repr,
)
@few
@given(a=UNITS, level=st.floats(-1e3, 1e3))
def test_units_of_a_covariate(model: Forecaster, a: float, level: float) -> None:
    x = np.random.default_rng(8).normal(size=(66, 1))
    y = Y + x[:60, 0]
    other = a * (x + level)
    first = clone(model).fit(x[:60], y).predict(x[60:])
    second = clone(model).fit(other[:60], y).predict(other[60:])
    assert np.abs(first - second).max() < 1e-6


def test_the_order_is_that_of_the_rest_above_a_high_level() -> None:
    rng = np.random.default_rng(0)
    y = np.zeros(400)
    for time in range(2, 400):
        y[time] = 1.2 * y[time - 1] - 0.5 * y[time - 2] + rng.normal()
    assert AR().fit(y + 1e8).order_.item() == AR().fit(y).order_.item() == 2
