"""ResidualTDNN: the naive forecast before training, a known answer after it, short and gappy series."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast import load
from forecast.estimators.baselines.naive import Naive, SeasonalNaive
from forecast.estimators.neural.padded import MANY
from forecast.estimators.neural.residual_tdnn import ResidualTDNN
from forecast.panel import Panel
from forecast.training.drawn_windows import DrawnWindows
from tests.checks_forecaster import monthly

pytestmark = pytest.mark.backend
SMALL = dict(
    blocks=1, hidden=(8,), batch_size=32, members=1, selection=False, jit_compile=False, random_state=0
)


def ramps(count: int = 20, rows: int = 30) -> pd.DataFrame:
    """Straight lines of any slope and level, some of them short."""
    rng = np.random.default_rng(0)
    parts = []
    for number in range(count):
        length = 5 if number == 0 else rows
        y = 100 * rng.normal() + rng.uniform(0.5, 3) * rng.choice([-1, 1]) * np.arange(length)
        ds = np.arange(rows - length, rows)
        parts.append(pd.DataFrame({"unique_id": f"s{number:02d}", "ds": ds, "y": y}))
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("skip", [False, True])
def test_untrained_it_is_the_naive_or_seasonal_naive_forecast(skip: bool) -> None:
    y = monthly(40)
    model = ResidualTDNN(horizon=6, skip=skip, epochs=1, learning_rate=1e-12, **SMALL).fit(y)
    naive = SeasonalNaive(season=12).fit(y) if skip else Naive().fit(y)
    np.testing.assert_allclose(model.predict(6), naive.predict(6), rtol=1e-4)


def test_straight_lines_go_on_from_few_rows_and_many() -> None:
    frame = ramps()
    model = ResidualTDNN(horizon=3, window=4, season=1, epochs=6, learning_rate=1e-2, **SMALL).fit(frame)
    forecast = model.predict(5).set_index("unique_id")["ResidualTDNN"].to_numpy().reshape(20, 5)
    for line, (_, part) in zip(forecast, frame.groupby("unique_id"), strict=True):
        slope = part.y.iloc[-1] - part.y.iloc[-2]
        np.testing.assert_allclose(line, part.y.iloc[-1] + slope * np.arange(1, 6), atol=0.6 * abs(slope))


def test_missing_values_are_left_out() -> None:
    y = monthly(60)
    y.iloc[[7, 30, 59]] = np.nan
    assert ResidualTDNN(horizon=3, epochs=1, **SMALL).fit(y).predict(3).notna().all()


def test_members_read_windows_of_several_lengths(tmp_path: Path) -> None:
    y = monthly(60)
    model = ResidualTDNN(horizon=3, window=(12, 4), epochs=1, **{**SMALL, "members": 2}).fit(y)
    assert model.window_ == 12 and model.theta_.shape[0] == 2
    model.save(tmp_path / "model.zip")
    pd.testing.assert_series_equal(load(tmp_path / "model.zip").predict(7), model.predict(7))
    assert model._reaches(2) == [12, 4]
    fitted = model.predict(y.index[20:])  # the order of the members does not matter
    model.window, model.theta_ = (4, 12), model.theta_[::-1]
    pd.testing.assert_series_equal(model.predict(y.index[20:]), fitted)


@pytest.mark.slow
def test_horizon_and_season_shape_the_network() -> None:
    y = monthly(60)
    config = ResidualTDNN(epochs=1, **SMALL).fit(y).config_
    assert (config.season, config.horizon) == (12, 12)
    config = ResidualTDNN(season=4, horizon=5, epochs=1, **SMALL).fit(y).config_
    assert (config.season, config.horizon) == (4, 5)


def test_batches_have_fewer_windows_where_the_horizon_is_long_or_rows_are_few() -> None:
    y = pd.Series(np.random.default_rng(0).normal(size=6_000))
    untrained = {**SMALL, "hidden": (2,), "season": None}

    def size(rows: int, horizon: int, batch_size: object) -> int:
        model = ResidualTDNN(horizon=horizon, window=4, epochs=1, **untrained).set_params(
            batch_size=batch_size
        )
        model.config_ = model._configure(Panel.from_data(y, None))
        return model._options(model._compiled(), rows).batch_size

    assert [size(6_000, steps, "auto") for steps in (1, 64, 65, 168)] == [512, 512, 256, 128]
    assert size(6_000, 168, 512) == 512 and size(300, 1, "auto") == 32
    with pytest.raises(ValueError, match="batch_size: must be .auto. or a whole number"):
        ResidualTDNN(batch_size="few").fit(y)


def test_many_covariates_are_read_by_a_few_sums(tmp_path: Path) -> None:
    y = monthly(60)
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(66, 9)), pd.period_range(y.index[0], periods=66))
    X.columns = [f"x{number}" for number in range(9)]
    options = dict(horizon=3, window=6, epochs=1, **SMALL)
    model = ResidualTDNN(**options).fit(X[:60], y)
    assert model.config_.exog_units == 4
    assert ResidualTDNN(**options).fit(X.iloc[:60, :8], y).config_.exog_units is None
    assert ResidualTDNN(exog_units=4, **options).fit(y).config_.exog_units is None
    model.save(tmp_path / "model.zip")
    pd.testing.assert_series_equal(load(tmp_path / "model.zip").predict(X[60:]), model.predict(X[60:]))
    with pytest.raises(ValueError, match="exog_units: must be a whole number"):
        ResidualTDNN(exog_units=0, **options).fit(X[:60], y)


@pytest.mark.parametrize("loss", [(0.1, 0.5, 0.9), "gaussian"])
def test_quantiles_do_not_cross_and_hold_the_forecast(loss: object) -> None:
    y = monthly(60)
    model = ResidualTDNN(horizon=3, window=6, loss=loss, epochs=1, **SMALL).fit(y)
    q = model._forecast_quantiles(model.panel_, 5, np.empty((1, 5, 0)))  # (S, H, O, Q)
    assert q.shape == (1, 5, 1, len(model.quantiles)) and (np.diff(q, axis=-1) > 0).all()
    middle = model.quantiles.index(0.5)
    np.testing.assert_allclose(q[0, :, 0, middle], model.predict(5), rtol=1e-6)


@pytest.mark.slow
def test_an_autoregression_takes_its_place_where_it_forecasts_better(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    y = pd.Series(rng.normal(size=90).cumsum(), pd.period_range("2015-01", periods=90, freq="M"))
    model = ResidualTDNN(
        horizon=3, window=6, blocks=1, hidden=(4,), epochs=2, jit_compile=False, random_state=0
    ).fit(y)
    assert (
        model.selection_["candidate"].iloc[-1] == "network, 2 epochs" and model.selection_["kept"].sum() == 1
    )
    assert model.kept_linear_ == [True] * 3 and model.predict(y.index[-5:]).notna().all()
    model.save(tmp_path / "model.zip")
    pd.testing.assert_series_equal(load(tmp_path / "model.zip").predict(4), model.predict(4))
    trained = ResidualTDNN(horizon=3, window=6, epochs=1, **SMALL).fit(y)
    assert not len(trained.selection_) and trained.kept_linear_ == [False]


@pytest.mark.parametrize("level", [0.0, 1000.0])
def test_many_series_that_are_never_negative_tell_how_large_their_values_are(level: float) -> None:
    frame = ramps(MANY, rows=12)
    frame["y"] += level
    model = ResidualTDNN(horizon=2, window=4, season=1, epochs=1, **SMALL).fit(frame)
    assert model.config_.proportions == (level > 0)
    large = ResidualTDNN(horizon=2, window=4, season=1, epochs=1, **SMALL).fit(frame.assign(y=64 * frame.y))
    np.testing.assert_allclose(large.predict().ResidualTDNN, 64 * model.predict().ResidualTDNN, rtol=1e-3)


def test_an_epoch_of_many_series_draws_no_more_than_all_rows() -> None:
    frame = ramps(MANY, rows=12)
    model = ResidualTDNN(horizon=2, window=4, season=1, epochs=1, **SMALL)
    assert count_draws(model, frame) == 32 * -(-len(frame) // 32)
    assert count_draws(model, frame[frame.unique_id < "s50"]) == 32 * 100


def count_draws(model: ResidualTDNN, frame: pd.DataFrame) -> int:
    """Windows that each member learns from in one epoch."""
    drawn = list[int]()

    def draw(self: DrawnWindows, count: int) -> tuple[np.ndarray, ...]:
        drawn.append(count)
        return whole(self, count)

    whole = DrawnWindows.draw
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DrawnWindows, "draw", draw)
        model.fit(frame)
    return sum(drawn[1:])  # the first is a window to see its shape
