"""ETS: the same numbers as statsmodels, from the first origin and from later ones."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.tsa.exponential_smoothing.ets import ETSModel

from forecast.estimators.baselines.ets import ETS
from tests.checks_forecaster import long_frame, monthly

Y = monthly(72)


@pytest.mark.parametrize("kind", ["add", "mul"])
def test_equals_statsmodels(kind: str) -> None:
    model = ETS(error=kind, seasonal=kind).fit(Y)
    reference = ETSModel(
        Y.to_numpy(), error=kind, trend="add", damped_trend=True, seasonal=kind, seasonal_periods=12
    ).fit(disp=False, maxiter=1000)
    np.testing.assert_allclose(model.predict(24), reference.forecast(24), rtol=1e-6)
    np.testing.assert_allclose(model.predict(Y.index), reference.fittedvalues, rtol=1e-6)


@pytest.mark.parametrize("trend", [None, "add", "mul"])
@pytest.mark.parametrize("season", [None, "add", "mul"])
@pytest.mark.parametrize("error", ["add", "mul"])
def test_later_origin_keeps_the_parameters(error: str, trend: str | None, season: str | None) -> None:
    model = ETS(error=error, trend=trend, seasonal=season).fit(Y.iloc[:60])
    shape = {
        "error": error,
        "trend": trend,
        "damped_trend": trend is not None,
        "seasonal": season,
        "seasonal_periods": 12 if season else None,
    }
    params = ETSModel(Y.to_numpy()[:60], **shape).fit(disp=False, maxiter=1000).params
    reference = ETSModel(Y.to_numpy(), **shape).smooth(params)
    np.testing.assert_allclose(model.update(Y.iloc[60:]).predict(15), reference.forecast(15), rtol=1e-6)
    np.testing.assert_allclose(model.predict(Y.index), reference.fittedvalues, rtol=1e-6)


def test_form_is_chosen_by_aicc() -> None:
    time = np.arange(96)
    season = 1 + 0.4 * np.sin(time * np.pi / 6)
    noise = np.random.default_rng(0).normal(size=96)
    growing = (20 + 3 * time) * season * (1 + 0.03 * noise)
    assert ETS(season=12).fit(growing).form_[0, 0] == "mul,add,mul"
    assert ETS(season=12).fit(20 * season + noise - 30).form_[0, 0] == "add,add,add"
    assert ETS().fit(growing).form_[0, 0].endswith(",add,")


def test_long_season_and_short_history() -> None:
    week = np.tile(np.arange(24.0), 4) + np.random.default_rng(0).normal(size=96) + 5
    np.testing.assert_allclose(ETS(season=24).fit(week).predict(24), np.arange(24.0) + 5, atol=3)
    assert ETS(season=24).fit(week[:40]).form_[0, 0].endswith(",add,")


def test_constant_series_is_forecast_by_its_constant() -> None:
    np.testing.assert_allclose(ETS().fit(np.full(20, 3.0)).predict(4), 3.0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"error": "none"}, "error: must be one of"),
        ({"trend": "linear"}, "trend: must be one of"),
        ({"seasonal": "yes"}, "seasonal: must be one of"),
        ({"seasonal": "mul"}, 'greater than 0 everywhere.*-30.*Use "add"'),
        ({"seasonal": "add", "season": 40}, "season: must be .*at most half the rows.*40 with 72 rows"),
    ],
)
def test_wrong_arguments(arguments: dict[str, object], words: str) -> None:
    y = Y - Y.min() - 30
    with pytest.raises(ValueError, match=words):
        ETS(**arguments).fit(y)  # type: ignore[arg-type]


def test_short_series_is_named() -> None:
    with pytest.raises(ValueError, match="'s1'.*at least 10 rows"):
        ETS().fit(long_frame((40, 9)))
