"""The automatic transform: Box-Cox where nothing speaks against it, decided by forecasts of the last known rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.estimators.baselines.ar import AR
from forecast.estimators.held_out import held_out
from forecast.estimators.pretrained.estimator import Pretrained
from forecast.estimators.saving import load
from forecast.estimators.transform_choice import held_out_errors
from forecast.evaluation.backtest import backtest
from forecast.panel import Panel
from tests.estimators.test_saving import contents, forge, refused

T = np.arange(120)
NOISE = 1 + 0.05 * np.random.default_rng(0).normal(size=120)
GROWS = pd.Series(
    np.exp(T / 30) * (2 + np.sin(T * np.pi / 6)) * NOISE, pd.period_range("2000-01", periods=120, freq="M")
)
LINE = pd.Series((10 + 10 * T) * NOISE)  # its spread grows, but its logarithm bends


def test_a_growing_season_is_transformed_and_a_line_is_not(tmp_path: Path) -> None:
    grows = AR(lags=12, transform="auto").fit(GROWS)
    line = AR(lags=1, trend="ct", transform="auto").fit(LINE)
    assert grows.transform_ == ("boxcox",) and line.transform_ == ()
    assert list(grows.transform_selection_["candidate"]) == ["boxcox", "none"]
    assert grows.transform_selection_["kept"].tolist() == [True, False]
    assert line.transform_selection_["error"].diff().iloc[1] < 0
    pd.testing.assert_series_equal(grows.predict(12), AR(lags=12, transform="boxcox").fit(GROWS).predict(12))
    pd.testing.assert_series_equal(line.predict(12), AR(lags=1, trend="ct").fit(LINE).predict(12))
    for model in (grows, line):
        model.save(tmp_path / "m.zip")
        loaded = load(tmp_path / "m.zip")
        pd.testing.assert_series_equal(loaded.predict(12), model.predict(12))
        pd.testing.assert_frame_equal(loaded.transform_selection_, model.transform_selection_)
    config, members = contents(tmp_path / "m.zip")
    forge(
        tmp_path / "m.zip",
        {**config, "state": {**config["state"], "transform_": {"tuple": ["log"]}}},
        members,
    )
    refused(tmp_path / "m.zip", "no candidate")


def test_a_network_that_learned_values_as_they_are_keeps_them() -> None:
    model = Pretrained(transform="auto").fit(GROWS)
    assert model.transform_ == () and not len(model.transform_selection_)


def test_nothing_is_chosen_for_zeros_and_short_histories() -> None:
    for y in (GROWS - GROWS.min(), GROWS[:2]):
        model = AR(lags=1, transform="auto").fit(y)
        assert model.transform_ == () and not len(model.transform_selection_)


@pytest.mark.parametrize("values", [[0.0], [-1.0, np.nan], [5.0, 0.0, 6.0]])
def test_later_values_that_the_chosen_transform_does_not_take_count_as_missing(
    values: list[float], tmp_path: Path
) -> None:
    index = pd.period_range("2010-01", periods=len(values), freq="M")
    new = pd.Series(values, index)
    model, other = (AR(lags=12, transform="auto").fit(GROWS) for _ in range(2))
    with pytest.warns(
        UserWarning, match=r"1 new values of at most 0, the first at 2010-.* count as missing"
    ) as told:
        model.update(new)
    assert len(told) == 1 and told[0].filename == __file__
    expected = other.update(new.where(new > 0)).predict_interval(12, level=80)
    pd.testing.assert_frame_equal(model.predict_interval(12, level=80), expected)
    model.save(tmp_path / "m.zip")
    pd.testing.assert_frame_equal(load(tmp_path / "m.zip").predict_interval(12, level=80), expected)
    assert AR(lags=12, transform="auto").fit(pd.concat([GROWS, new])).transform_ == ()
    with pytest.raises(ValueError, match="above 0 for transform='boxcox'"):
        AR(lags=12, transform="boxcox").fit(GROWS).update(new)


def test_a_backtest_without_refit_goes_past_a_zero() -> None:
    y = GROWS.copy()
    y.iloc[-4] = 0.0
    options = {"horizon": 3, "windows": 2, "refit": False}
    with pytest.warns(UserWarning, match="count as missing"):
        found = backtest(AR(lags=12, transform="auto"), y, **options)
    expected = backtest(AR(lags=12, transform="auto"), y.where(y > 0), **options)
    np.testing.assert_allclose(found["AR"], expected["AR"])
    assert found["y"].eq(0).sum() == 1
    with pytest.raises(ValueError, match="above 0"):
        backtest(AR(lags=12, transform="boxcox"), y, **options)


def test_errors_are_those_of_held_out_forecasts_in_the_units_of_the_user() -> None:
    panel = Panel.from_data(LINE)
    errors, overlap = held_out_errors(AR(lags=2), panel, None, ["none", "log"], 6)
    logs = AR(lags=2).fit(np.log(LINE))
    found = held_out(logs, logs.panel_, None, 6)
    gap = np.abs(np.exp(found.forecast) - np.exp(found.truth))[:, 0, :, 0]
    head = LINE.to_numpy()
    np.testing.assert_allclose(
        errors["log"], np.nanmean(gap, axis=1) / np.abs(np.diff(head)).mean(), rtol=1e-12
    )
    assert len(errors["none"]) == len(errors["log"]) and overlap >= 1


def test_origins_further_apart_than_they_forecast_count_one_each() -> None:
    y = pd.Series(1 + np.random.default_rng(1).random(1200), pd.date_range("2024", periods=1200, freq="h"))
    panel = Panel.from_data(pd.concat({k: y for k in range(10)}))
    found = held_out(AR(lags=1), panel, None, 3)
    assert np.diff(found.origins, axis=0).max() > 3
    assert held_out_errors(AR(lags=1), panel, None, ["none"], 3)[1] == found.overlap() == 1.0
