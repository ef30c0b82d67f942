"""Baselines: known answers, missing values, and equality with their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.estimators.base import Forecaster
from forecast.estimators.baselines.naive import Drift, Naive, SeasonalNaive
from tests.checks_forecaster import long_frame, monthly

NAN = np.nan


@pytest.mark.parametrize(
    ("model", "y", "expected"),
    [
        (Naive(), [1.0, 5.0], [5.0, 5.0, 5.0]),
        (Naive(), [1.0, 5.0, NAN], [5.0, 5.0, 5.0]),
        (Naive(), [2.0], [2.0, 2.0, 2.0]),
        (SeasonalNaive(season=2), [1.0, 2.0, 3.0, 4.0], [3.0, 4.0, 3.0]),
        (SeasonalNaive(season=2), [1.0, 2.0, 3.0, NAN], [3.0, 2.0, 3.0]),
        (SeasonalNaive(season=4), [1.0, 2.0], [2.0, 2.0, 1.0]),
        (SeasonalNaive(), [1.0, 2.0], [2.0, 2.0, 2.0]),
        (Drift(), [1.0, 0.0, 3.0], [4.0, 5.0, 6.0]),
        (Drift(), [NAN, 1.0, 0.0, 3.0, NAN], [5.0, 6.0, 7.0]),
        (Drift(), [2.0], [2.0, 2.0, 2.0]),
        (Drift(), [3.0, 3.0], [3.0, 3.0, 3.0]),
    ],
    ids=repr,
)
def test_known_answers(model: Forecaster, y: list[float], expected: list[float]) -> None:
    np.testing.assert_allclose(model.fit(np.array(y)).predict(3), expected)


def test_a_drift_goes_on_from_the_last_seen_value_of_each_target() -> None:
    y = np.array([[1.0, 5.0], [2.0, 7.0], [3.0, NAN]])
    np.testing.assert_allclose(Drift().fit(y).predict(2), [[4.0, 11.0], [5.0, 13.0]])


@pytest.mark.parametrize("model", [Naive(), SeasonalNaive(season=3), Drift()], ids=repr)
def test_history_equals_forecasts_from_each_origin(model: Forecaster) -> None:
    y = np.random.default_rng(0).normal(size=12)
    y[[4, 7, 8]] = NAN
    closed = [float(type(model)(**model.get_params()).fit(y[:now]).predict(1)[0]) for now in range(1, 12)]
    np.testing.assert_allclose(model.fit(y)._fitted(model.panel_)[1:, 0], closed)


def test_season_comes_from_the_frequency() -> None:
    y = monthly()
    model = SeasonalNaive().fit(y)
    assert model.season_ == 12
    np.testing.assert_allclose(model.predict(24), np.tile(y.to_numpy()[-12:], 2))


def test_panel_of_different_lengths() -> None:
    long = long_frame((30, 20))
    last = long.groupby("unique_id")["y"].last().to_numpy()
    np.testing.assert_allclose(Naive().fit(long).predict(2)["Naive"], np.repeat(last, 2))


def test_weights_are_no_argument() -> None:
    with pytest.raises(TypeError, match="sample_weight"):
        Naive().fit(monthly(), sample_weight=np.ones(60))  # type: ignore[call-arg]


def test_wrong_season() -> None:
    with pytest.raises(ValueError, match="season: must be a whole number of at least 1; received 0"):
        SeasonalNaive(season=0).fit(monthly())
