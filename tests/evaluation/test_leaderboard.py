"""The leaderboard holds its baselines, and its numbers follow from the metrics it names."""

import numpy as np
import pandas as pd
import pytest

from forecast import AR, Drift, Naive, SeasonalNaive
from forecast.evaluation import backtest, leaderboard, mae, mase, rmse, rmsse, smape

COLUMNS = ["MAE", "RMSE", "sMAPE", "MASE", "RMSSE", "skill_AR", "skill_SeasonalNaive", "seconds"]


@pytest.fixture(scope="module")
def y():
    """Ten years of a seasonal series with a trend."""
    months = pd.period_range("2010-01", periods=120, freq="M")
    t = np.arange(120)
    noise = np.random.default_rng(0).normal(size=120)
    return pd.Series(100 + t + 10 * np.sin(2 * np.pi * t / 12) + noise, index=months, name="sales")


@pytest.fixture(scope="module")
def long(y):
    other = 0.01 * y.iloc[24:] ** 1.5
    parts = {"big": y, "small": other}
    return pd.concat(
        [pd.DataFrame({"unique_id": k, "ds": v.index, "y": v.to_numpy()}) for k, v in parts.items()],
        ignore_index=True,
    )


def test_baselines_are_added_and_the_best_is_first(y):
    table = leaderboard([Naive(), Drift()], y, horizon=6, windows=3)
    assert set(table.index) == {"Naive", "Drift", "AR", "SeasonalNaive"} and table.index.name == "model"
    assert list(table.columns) == COLUMNS and table.attrs["metric"] == "RMSSE"
    assert table["RMSSE"].is_monotonic_increasing
    assert table.loc["AR", "skill_AR"] == table.loc["SeasonalNaive", "skill_SeasonalNaive"] == 0
    assert (table["seconds"] > 0).all()


def test_a_model_of_a_baselines_name_stands_for_it(y):
    table = leaderboard({"AR": AR(lags=1), "SeasonalNaive": SeasonalNaive(season=5)}, y, horizon=2, windows=2)
    frame = backtest({"AR": AR(lags=1)}, y, horizon=2, windows=2)
    assert len(table) == 2 and table.loc["AR", "MAE"] == pytest.approx(mae(frame).loc["sales", "AR"])


def test_numbers_are_those_of_the_metrics(long):
    frame = backtest([Naive(), AR(lags=13), SeasonalNaive()], long, horizon=6, windows=3)
    table = leaderboard(frame, long)
    for column, values in {
        "MAE": mae(frame),
        "RMSE": rmse(frame),
        "sMAPE": smape(frame),
        "MASE": mase(frame, long, season_length=12),
        "RMSSE": rmsse(frame, long, season_length=12),
    }.items():
        assert table[column].to_dict() == pytest.approx(values.mean().to_dict())
    for baseline in ("AR", "SeasonalNaive"):
        expected = 1 - table["RMSSE"] / table.loc[baseline, "RMSSE"]
        np.testing.assert_allclose(table[f"skill_{baseline}"], expected, atol=1e-12)
    assert table["seconds"].to_dict() == frame.attrs["seconds"]


def test_models_and_their_backtest_give_one_table(y):
    direct = leaderboard(Drift(), y, horizon=4, windows=3, step=2, gap=1, refit=2)
    frame = backtest(Drift(), y, horizon=4, windows=3, step=2, gap=1, refit=2)
    completed = leaderboard(frame, y)
    columns = COLUMNS[:-1]
    pd.testing.assert_frame_equal(direct[columns], completed[columns])


def test_without_y_there_is_no_scale(y):
    frame = backtest([Naive(), AR(lags=2), SeasonalNaive()], y, horizon=4, windows=2)
    table = leaderboard(frame)
    assert table.attrs["metric"] == "RMSE" and not {"MASE", "RMSSE"} & set(table.columns)
    np.testing.assert_allclose(table["skill_AR"], 1 - table["RMSE"] / table.loc["AR", "RMSE"], atol=1e-12)
    assert leaderboard(frame, metric="MAE").attrs["metric"] == "MAE"


def test_by_step(y):
    frame = backtest([Naive(), AR(lags=2), SeasonalNaive()], y, horizon=3, windows=4)
    table = leaderboard(frame, y, by="step")
    assert table.index.names == ["step", "model"] and len(table) == 9 and "seconds" not in table
    assert table.index.get_level_values("step").tolist() == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    for step in (1, 2, 3):
        rows = frame.iloc[step - 1 :: 3]
        assert table.loc[(step, "Naive"), "MAE"] == pytest.approx((rows["y"] - rows["Naive"]).abs().mean())
        part = table.loc[step]
        assert part["RMSSE"].is_monotonic_increasing
        np.testing.assert_allclose(part["skill_AR"], 1 - part["RMSSE"] / part.loc["AR", "RMSSE"], atol=1e-12)


def test_by_series(long):
    frame = backtest([Naive(), AR(lags=2), SeasonalNaive()], long, horizon=3, windows=4)
    table = leaderboard(frame, long, by="series")
    assert table.index.names == ["unique_id", "model"]
    assert table["MAE"].to_dict() == pytest.approx(mae(frame).stack().to_dict())
    mean = table["RMSSE"].groupby("model").mean()
    assert leaderboard(frame, long)["RMSSE"].to_dict() == pytest.approx(mean.to_dict())


def test_season_sets_scale_and_baseline():
    y = np.tile([1.0, 5.0, 2.0], 20) + np.random.default_rng(0).normal(size=60)
    frame = backtest({"SeasonalNaive": SeasonalNaive(season=3), "AR": AR(lags=1)}, y, horizon=3, windows=4)
    table = leaderboard({"AR": AR(lags=1)}, y, horizon=3, windows=4, season=3)
    history = pd.DataFrame({"unique_id": "y", "ds": range(60), "y": y})
    expected = mase(frame, history, season_length=3).loc["y"]
    assert table["MASE"].to_dict() == pytest.approx(expected.to_dict())


def test_a_failed_forecast_is_ranked_last(y):
    frame = backtest([Naive(), AR(lags=2), SeasonalNaive()], y, horizon=3, windows=2)
    frame.loc[0, "Naive"] = np.nan
    table = leaderboard(frame, y)
    assert table.index[-1] == "Naive" and table.loc["Naive", COLUMNS[:-1]].isna().all()


def test_perfect_forecasts_have_skill_one_and_constant_series_no_scale():
    y = pd.Series(np.tile(np.arange(4.0), 10), index=pd.period_range("2010", periods=40, freq="Q"))
    table = leaderboard({"AR": Naive()}, y, horizon=4, windows=2)
    assert table.index.tolist() == ["SeasonalNaive", "AR"] and table["skill_AR"].tolist() == [1.0, 0.0]
    flat = leaderboard({"AR": Naive()}, np.ones(30), horizon=2, windows=2)
    assert flat.attrs["metric"] == "RMSE" and flat["skill_AR"].tolist() == [0.0, 0.0]
    assert flat["MASE"].isna().all()


@pytest.mark.parametrize(
    "change, words",
    [
        ({"by": "day"}, "by: must be one of 'model', 'step', 'series'; received 'day'"),
        ({"metric": "MAPE"}, "metric: must be one of 'MAE'"),
        ({"horizon": None}, "horizon: must be given when models are to be backtested"),
        ({"y": None}, "y: must be given when models are to be backtested"),
        ({"season": 0}, "season: must be a whole number of at least 1"),
    ],
)
def test_bad_arguments(y, change, words):
    options = {"y": y, "horizon": 2, "windows": 2, **change}
    with pytest.raises(ValueError, match=words):
        leaderboard(Naive(), **options)


def test_a_frame_without_baselines_needs_y(y):
    frame = backtest(Naive(), y, horizon=2, windows=2)
    with pytest.raises(ValueError, match="models: must be a frame with both baselines unless y is given"):
        leaderboard(frame)
