"""The leaderboard holds its baselines, and its numbers follow from the metrics it names."""

import warnings

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


def test_a_model_of_a_baselines_name_stands_beside_it(y):
    own = {"AR": AR(lags=1), "SeasonalNaive": SeasonalNaive(season=5)}
    table = leaderboard(own, y, horizon=2, windows=2)
    plain = leaderboard(Naive(), y, horizon=2, windows=2)
    assert set(table.index) == {*own, "AR (baseline)", "SeasonalNaive (baseline)"}
    for name in own:
        error = table.loc[f"{name} (baseline)", "RMSSE"]
        assert error == plain.loc[name, "RMSSE"] and table.loc[f"{name} (baseline)", f"skill_{name}"] == 0
        np.testing.assert_allclose(table[f"skill_{name}"], 1 - table["RMSSE"] / error, atol=1e-12)
    frame = backtest({"AR": AR(lags=1)}, y, horizon=2, windows=2)
    assert table.loc["AR", "MAE"] == pytest.approx(mae(frame).loc["sales", "AR"])


def test_a_baseline_with_its_own_settings_is_not_shown_twice(y):
    table = leaderboard([AR(), SeasonalNaive(season=12), Naive()], y, horizon=2, windows=2, season=12)
    assert set(table.index) == {"AR", "SeasonalNaive", "Naive"}
    with pytest.raises(
        ValueError, match=r"models: must be named unlike a baseline; received 'AR \(baseline\)'"
    ):
        leaderboard({"AR": Naive(), "AR (baseline)": Naive()}, y, horizon=2, windows=2)


def test_in_a_frame_too_a_foreign_model_does_not_pass_for_a_baseline(y):
    frame = backtest({"AR": Naive(), "SeasonalNaive": SeasonalNaive(season=5)}, y, horizon=2, windows=2)
    table = leaderboard(frame, y)
    assert set(table.index) == {"AR", "SeasonalNaive", "AR (baseline)"}
    assert table.loc["AR (baseline)", "skill_AR"] == 0 != table.loc["AR", "skill_AR"]
    with pytest.raises(ValueError, match="models: must be a frame with both baselines unless y is given"):
        leaderboard(frame)


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
    frame = backtest({"SeasonalNaive": SeasonalNaive(season=3), "AR": AR()}, y, horizon=3, windows=4)
    table = leaderboard({"AR": AR()}, y, horizon=3, windows=4, season=3)
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
    frame = backtest({"AR": Naive(), "SeasonalNaive": SeasonalNaive()}, y, horizon=4, windows=2)
    del frame.attrs["models"]  # a frame of another source: its column AR is the baseline
    table = leaderboard(frame, y)
    assert table.index.tolist() == ["SeasonalNaive", "AR"] and table["skill_AR"].tolist() == [1.0, 0.0]
    frame = backtest({"AR": Naive(), "SeasonalNaive": SeasonalNaive()}, np.ones(30), horizon=2, windows=2)
    del frame.attrs["models"]
    flat = leaderboard(frame, np.ones(30))
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
        ({"metric": "skill_AR"}, "metric: must be one of 'MAE'"),
        ({"error_score": 0.0}, "error_score: must be 'raise', or NaN"),
        ({"verbose": 7}, "verbose: must be one of"),
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


class Failing(Naive):
    """Fails on histories of the lengths it is told."""

    def _fit(self, panel, sample_weight):
        if panel.lengths.max() in BAD_LENGTHS:
            raise RuntimeError(f"no fit on {panel.lengths.max()} rows")
        super()._fit(panel, sample_weight)


BAD_LENGTHS = (116, 118)


def test_a_failing_model_is_a_row_of_missing_values_and_one_warning(y):
    with pytest.warns(UserWarning) as caught:
        table = leaderboard({"bad": Failing(), "good": Naive()}, y, horizon=2, windows=3)
    assert len(caught) == 1
    words = "bad first in window 2 with RuntimeError: no fit on 116 rows"
    assert words in str(caught[0].message) and "good" not in str(caught[0].message)
    assert table.index[-1] == "bad" and table.loc["bad", COLUMNS[:-1]].isna().all()
    good = leaderboard(Naive(), y, horizon=2, windows=3).loc["Naive", COLUMNS[:-1]]
    pd.testing.assert_series_equal(table.loc["good", COLUMNS[:-1]], good, check_names=False)


def test_a_single_model_that_fails_raises_unless_told(y):
    with pytest.raises(RuntimeError, match="no fit on 116 rows") as caught:
        leaderboard({"bad": Failing()}, y, horizon=2, windows=3)
    done = leaderboard(caught.value.finished.query("cutoff == cutoff.min()"), y)
    assert done.loc["bad", "MAE"] > 0
    with pytest.warns(UserWarning, match="bad first in window 2"):
        table = leaderboard({"bad": Failing()}, y, horizon=2, windows=3, error_score=np.nan)
    assert np.isnan(table.loc["bad", "MAE"])
    with pytest.raises(RuntimeError, match="no fit on 116 rows"):
        leaderboard({"bad": Failing(), "good": Naive()}, y, horizon=2, windows=3, error_score="raise")


def test_steps_do_not_follow_the_order_of_rows(y):
    frame = backtest([Naive(), AR(lags=2), SeasonalNaive()], y, horizon=3, windows=4)
    for by in ("model", "step", "series"):
        mixed = leaderboard(frame.sample(frac=1, random_state=0), y, by=by)
        pd.testing.assert_frame_equal(mixed, leaderboard(frame, y, by=by))
    later = leaderboard(frame[frame.index % 3 > 0], y, by="step")
    pd.testing.assert_frame_equal(later, leaderboard(frame, y, by="step").loc[[2, 3]])


def test_a_frame_has_its_own_horizon_and_history(y):
    frame = backtest(Naive(), y, horizon=2, windows=2)
    leaderboard(frame, y, horizon=2)
    with pytest.raises(ValueError, match="horizon: must be that of the frame; received 3"):
        leaderboard(frame, y, horizon=3)
    with pytest.raises(ValueError, match="models: must be the frame of a backtest of y"):
        leaderboard(frame, y.rename("prices"))


def test_nothing_of_the_process_is_changed(y):
    filters, state = list(warnings.filters), np.random.get_state()[1].tolist()  # noqa: NPY002
    leaderboard([Naive(), Drift()], y, horizon=2, windows=2)
    assert warnings.filters == filters and np.random.get_state()[1].tolist() == state  # noqa: NPY002
