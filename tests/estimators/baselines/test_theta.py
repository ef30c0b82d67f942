"""Theta: the same numbers as statsmodels, without keeping its objects."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.tsa.forecasting.theta import ThetaModel

from forecast.estimators.baselines.theta import Theta
from tests.checks_forecaster import monthly
from tests.estimators.baselines.series import SERIES

Y = monthly(70)


@pytest.mark.parametrize("shift", [0.0, -60.0], ids=["multiplicative", "additive"])
@pytest.mark.parametrize("theta", [1.0, 2.0, 5.0])
def test_equals_statsmodels(shift: float, theta: float) -> None:
    y = Y.to_numpy() + shift
    reference = ThetaModel(y, period=12).fit()
    np.testing.assert_allclose(
        Theta(theta=theta, season=12).fit(y).predict(30), reference.forecast(30, theta=theta)
    )


@pytest.mark.parametrize("y", SERIES.values(), ids=SERIES.keys())
@pytest.mark.parametrize("season", [1, 12])
def test_equals_statsmodels_on_four_series(y: np.ndarray, season: int) -> None:
    reference = ThetaModel(y, period=season, deseasonalize=season > 1).fit()
    np.testing.assert_allclose(Theta(season=season).fit(y).predict(24), reference.forecast(24), rtol=1e-6)


def test_without_season_equals_statsmodels() -> None:
    y = Y.to_numpy()
    reference = ThetaModel(y, deseasonalize=False).fit()
    np.testing.assert_allclose(Theta().fit(y).predict(5), reference.forecast(5))


def test_level_is_a_weighted_mean_of_the_past() -> None:
    model = Theta().fit(Y.to_numpy())
    alpha, y = float(model.alpha_[0, 0]), Y.to_numpy()
    level = y[0]
    for value in y[1:]:
        level = alpha * value + (1 - alpha) * level
    expected = level + 0.5 * model.slope_[0, 0] * (1 - (1 - alpha) ** len(y)) / alpha
    assert model.predict(1)[0] == pytest.approx(expected)


def test_constant_series_is_forecast_by_its_constant() -> None:
    np.testing.assert_allclose(Theta(season=4).fit(np.full(20, 3.0)).predict(4), 3.0)


def test_wrong_theta() -> None:
    with pytest.raises(ValueError, match="theta: must be a number of at least 1; received 0"):
        Theta(theta=0).fit(Y)


def test_a_slow_level_on_a_short_series_equals_statsmodels() -> None:
    """Here (1 - alpha)^T is far from 0, so its power T counts."""
    y = 100.0 + np.arange(12.0) + np.random.default_rng(27).normal(0.0, 6.0, size=12)
    reference = ThetaModel(y, deseasonalize=False).fit()
    model = Theta().fit(y)
    alpha = float(model.alpha_[0, 0])
    assert (1 - alpha) ** 12 > 0.05
    assert model.predict(4) == pytest.approx(np.asarray(reference.forecast(4)), rel=1e-6)


@pytest.mark.parametrize("theta", [2.0, 5.0])
def test_a_short_series_with_a_small_weight(theta: float) -> None:
    """Here (1 - alpha)^T does not vanish, neither in the forecast nor in the values of the history."""
    y = np.array([0.3, -0.2, 0.4, 0.1, 0.6, -0.1, 0.5, 0.4])
    model = Theta(theta=theta).fit(y)
    model.alpha_[:] = alpha = 0.1
    level, rows = y[0], len(y)
    expected = np.empty(rows)
    for time in range(rows):
        level = alpha * y[time] + (1 - alpha) * level
        trend = (theta - 1) / theta * model.slope_[0, 0] * (1 - (1 - alpha) ** (time + 1)) / alpha
        expected[time] = level + trend
    np.testing.assert_allclose(model._fitted(model.panel_)[1:, 0], expected[:-1])
    np.testing.assert_allclose(model.predict(1), expected[-1:])
