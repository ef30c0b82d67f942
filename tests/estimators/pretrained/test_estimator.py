"""Pretrained: follows the level and the unit of the data, knows missing values, and answers at once."""

import subprocess
import sys
from functools import partial

import numpy as np
import pandas as pd
import pytest

from forecast import Pretrained, SeasonalNaive
from forecast.datasets import load_air_passengers
from forecast.estimators.pretrained import estimator
from forecast.training import progress

SEASONS = (1, 2, 4, 7, 12, 24, 52)


def seasonal(season: int, rows: int = 80) -> np.ndarray:
    rng = np.random.default_rng(season)
    return np.tile(rng.normal(size=season), rows // season + 1)[:rows] + 0.3 * rng.normal(size=rows).cumsum()


@pytest.mark.parametrize("season", SEASONS)
def test_forecasts_follow_the_level_and_the_unit(season: int) -> None:
    y = seasonal(season)
    model = Pretrained(season=season)
    for level, unit in ((1000.0, 1.0), (0.0, 1e6), (-3.0, 1e-4)):
        told = model.fit(level + unit * y).predict_interval(30)
        plain = model.fit(y).predict_interval(30)
        np.testing.assert_allclose(told, level + unit * plain, rtol=1e-5, atol=1e-5 * unit * np.ptp(y))


@pytest.mark.parametrize("season", SEASONS)
@pytest.mark.parametrize("rows", [3, 5, 30])
def test_any_length_from_three_rows_on(season: int, rows: int) -> None:
    model = Pretrained(season=season).fit(seasonal(season)[:rows])
    assert np.isfinite(model.predict_interval(2 * season + 9)).all(axis=None)
    with pytest.raises(ValueError, match="at least 3 rows"):
        Pretrained(season=season).fit(np.arange(2.0))


def test_a_constant_stays() -> None:
    assert (Pretrained(season=4).fit(np.full(30, 7.0)).predict_interval(12) == 7.0).all(axis=None)


def test_missing_values_are_marked() -> None:
    y = load_air_passengers().astype(float)
    gappy = y.copy()
    gappy.iloc[[3, 100, 101, 143]] = np.nan
    told, whole = Pretrained().fit(gappy).predict(12), Pretrained().fit(y).predict(12)
    assert told.notna().all() and np.abs(told / whole - 1).max() < 0.2
    only = pd.Series(np.r_[y.to_numpy()[:100], np.full(44, np.nan)], y.index)
    assert Pretrained().fit(only).predict(3).notna().all()
    late = y.mask(np.arange(144) < 50)
    assert Pretrained().fit(late).predict_interval(y.index[40:60]).notna().all(axis=None)


def test_series_of_a_panel_do_not_see_each_other() -> None:
    parts = [seasonal(4, 20), seasonal(7, 33), seasonal(12, 5)]
    ids = np.repeat(["a", "b", "c"], [len(part) for part in parts])
    ds = np.concatenate([np.arange(len(part)) for part in parts])
    panel = pd.DataFrame({"unique_id": ids, "ds": ds, "y": np.concatenate(parts)})
    told = Pretrained(season=4).fit(panel).predict(6)["Pretrained"].to_numpy().reshape(3, 6)
    alone = [Pretrained(season=4).fit(part).predict(6) for part in parts]
    np.testing.assert_allclose(told, alone, rtol=1e-5)


def test_intervals_widen_from_block_to_block() -> None:
    frame = Pretrained(season=4).fit(seasonal(4)).predict_interval(40, level=80)
    width = (frame["Pretrained-hi-80"] - frame["Pretrained-lo-80"]).to_numpy().reshape(5, 8).mean(axis=1)
    assert (np.diff(width) > 0).all()


def test_the_median_is_the_forecast_and_samples_have_the_quantiles() -> None:
    model = Pretrained().fit(load_air_passengers())
    told = model.predict_quantiles(6, [0.1, 0.5, 0.9])
    np.testing.assert_allclose(told["Pretrained-q0.5"], model.predict(6))
    paths = model.sample(6, n=2000, random_state=0).to_numpy()
    spread = (told["Pretrained-q0.9"] - told["Pretrained-q0.1"]).to_numpy()
    np.testing.assert_allclose(
        np.quantile(paths, 0.1, axis=1), told["Pretrained-q0.1"], atol=0.1 * spread.min()
    )
    near, far = (np.corrcoef(paths[4] - paths[4].mean(), paths[k])[0, 1] for k in (5, 0))
    assert near > 0.8 > far > 0.2


def test_it_beats_the_last_season_of_the_air_passengers() -> None:
    y = load_air_passengers().astype(float)
    past, truth = y.iloc[:-12], y.iloc[-12:]
    errors = [(truth - model.fit(past).predict(12)).abs().mean() for model in (Pretrained(), SeasonalNaive())]
    assert errors[0] < 0.7 * errors[1]


def test_many_series_show_the_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(estimator, "CELLS", 64)  # a series or two at once
    monkeypatch.setattr(progress, "tqdm", partial(progress.tqdm, mininterval=0))
    y = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 40)).cumsum(axis=0))
    silent = Pretrained(season=1).fit(y).predict(3)
    assert not capsys.readouterr().err
    monkeypatch.setattr(progress, "DELAY", 0)
    told = Pretrained(season=1, verbose=1).fit(y).predict(3)
    assert "part/s" in capsys.readouterr().err
    pd.testing.assert_frame_equal(told, silent)


@pytest.mark.slow
def test_a_fresh_process_forecasts_without_keras_in_time() -> None:
    code = (
        "import sys, time, numpy as np, forecast; "
        "forecast.Pretrained(season=12).fit(np.arange(60.0)).predict(12); "
        "print(time.process_time(), 'keras' in sys.modules)"  # of the processor: others may be busy too
    )
    done = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    seconds, keras = zip(*(each.stdout.split() for each in done), strict=True)
    assert min(map(float, seconds)) < 1.5 and set(keras) == {"False"}


def test_the_week_of_hours_is_used_where_it_is_seen() -> None:
    hours = pd.date_range("2024-01-01", periods=24 * 7 * 12, freq="h")
    day, week = np.sin(np.arange(24 * 84) * np.pi / 12), np.arange(24 * 84) // 24 % 7 >= 5
    noise = np.random.default_rng(0).normal(size=24 * 84)
    walk, weekly = pd.Series(noise.cumsum(), hours), pd.Series(10 + day + 3 * week + 0.1 * noise, hours)
    assert Pretrained(horizon=24).fit(walk).season_ == 24
    model = Pretrained(horizon=24).fit(weekly)
    assert model.season_ == 168 and model.selection_["candidate"].tolist() == ["season 24", "season 168"]
    pd.testing.assert_series_equal(model.predict(24), Pretrained(season=168).fit(weekly).predict(24))
    assert Pretrained(season=24, horizon=24).fit(weekly).season_ == 24
    assert Pretrained(horizon=24).fit(weekly[:60]).season_ == 24  # too short to tell
