"""Naive2: the organisers' test of a season and decomposition, on known answers."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.tsa.seasonal import seasonal_decompose
from statsmodels.tsa.stattools import acf

from forecast.estimators.baselines.naive2 import Naive2, has_season, seasonal_figure
from tests.estimators.baselines.series import SERIES

Q = np.array([112.0, 80.0, 95.0, 130.0, 120.0, 88.0, 99.0, 141.0, 127.0, 93.0, 104.0, 150.0, 133.0, 97.0])


@pytest.mark.parametrize("y", SERIES.values(), ids=SERIES.keys())
@pytest.mark.parametrize("season", [2, 4, 7, 12])
def test_equals_the_decomposition_and_the_autocorrelation_of_statsmodels(y: np.ndarray, season: int) -> None:
    for multiplies, model in ((True, "multiplicative"), (False, "additive")):
        expected = seasonal_decompose(y, model=model, period=season).seasonal[:season]
        np.testing.assert_allclose(seasonal_figure(y, season, multiplies), expected, rtol=1e-10, atol=1e-12)
    r = acf(y, nlags=season, fft=False)[1:]
    limit = 1.645 * np.sqrt((1 + 2 * (r[:-1] ** 2).sum()) / len(y))
    assert has_season(y, season) == (abs(r[-1]) > limit)


def test_the_last_level_times_the_season_to_come() -> None:
    """14 quarters: the forecast begins in the third of a year, and keeps the share of each quarter."""
    model = Naive2(season=4).fit(Q)
    assert bool(model.multiplicative_[0, 0])
    s = seasonal_figure(Q, 4, True)
    np.testing.assert_allclose(model.predict(6), Q[-1] / s[1] * s[[2, 3, 0, 1, 2, 3]])
    np.testing.assert_allclose(
        model._fitted(model.panel_)[1:, 0], (Q / s[np.arange(14) % 4])[:-1] * s[np.arange(1, 14) % 4]
    )


def test_without_a_season_it_is_naive() -> None:
    assert Naive2(season=4).fit(Q[:11]).predict(3).tolist() == [104.0] * 3  # less than three years
    assert Naive2(season=1).fit(Q).predict(2).tolist() == [97.0] * 2
    assert Naive2(season=4).fit(np.full(20, 5.0)).predict(2).tolist() == [5.0] * 2
    assert Naive2().fit([3.0]).predict(2).tolist() == [3.0] * 2


def test_terms_where_the_series_is_not_positive() -> None:
    model = Naive2(season=4).fit(Q - 100)
    assert not model.multiplicative_[0, 0]
    s = seasonal_figure(Q, 4, False)
    np.testing.assert_allclose(model.predict(3), Q[-1] - 100 - s[1] + s[[2, 3, 0]])
