"""Each metric against its equation in numpy, against scikit-learn and against utilsforecast itself."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_absolute_error, root_mean_squared_error
from utilsforecast import losses

from forecast.evaluation import (
    coverage,
    interval_width,
    mae,
    mape,
    mase,
    msis,
    rmse,
    rmsse,
    smape,
    winkler,
)

SEASON, HORIZON = 4, 3


@pytest.fixture(params=["datetime", "period", "integer", "zone"])
def data(request):
    """Two series of 20 rows, two windows of three steps, two models."""
    index = {
        "datetime": pd.date_range("2020", periods=20, freq="MS"),
        "period": pd.period_range("2020", periods=20, freq="M"),
        "integer": pd.RangeIndex(20),
        "zone": pd.date_range("2024-03-31", periods=20, freq="h", tz="Europe/Berlin"),
    }[request.param]
    rng = np.random.default_rng(0)
    history, rows = [], []
    for number, name in enumerate(["b", "a"]):
        y = (1 + 9 * number) * rng.normal(10, 1, size=20)
        history.append(pd.DataFrame({"unique_id": name, "ds": index, "y": y}))
        for cutoff in (13, 16):
            part = slice(cutoff + 1, cutoff + 1 + HORIZON)
            window = {"unique_id": name, "ds": index[part], "cutoff": index[cutoff], "y": y[part]}
            models = {"AR": y[part] + rng.normal(size=3), "NARX": y[part] + rng.normal(size=3)}
            bounds = {"AR-lo-80": models["AR"] - 1, "AR-hi-80": models["AR"] + 1.0}
            rows.append(pd.DataFrame({**window, **models, **bounds}))
    return pd.concat(history, ignore_index=True), pd.concat(rows, ignore_index=True)


def parts(frame):
    return {name: rows for name, rows in frame.groupby("unique_id")}


def test_mae_and_rmse_equal_scikit_learn(data):
    _, frame = data
    for name, rows in parts(frame).items():
        assert mae(frame).loc[name, "AR"] == pytest.approx(mean_absolute_error(rows["y"], rows["AR"]))
        assert rmse(frame).loc[name, "AR"] == pytest.approx(root_mean_squared_error(rows["y"], rows["AR"]))


def test_mape_is_in_percent_of_the_target_and_leaves_zeros_out(data):
    _, frame = data
    rows = parts(frame)["a"]
    assert mape(frame).loc["a", "AR"] == pytest.approx(np.mean(100 * np.abs(rows.y - rows.AR) / rows.y))
    first = frame["unique_id"].ne(frame["unique_id"].shift())
    zero = frame.assign(y=frame["y"].mask(first, 0.0))
    assert mape(zero).loc["a", "AR"] == pytest.approx(mape(frame[~first]).loc["a", "AR"])


def test_msis_is_the_winkler_score_in_units_of_mase(data):
    history, frame = data
    for cutoff, rows in frame.groupby("cutoff"):
        past = history[history["ds"] <= cutoff]
        unit = mae(rows)["AR"] / mase(rows, past, season_length=SEASON)["AR"]
        expected = winkler(rows, level=80)["AR"] / unit
        found = msis(rows, past, level=80, season_length=SEASON)["AR"]
        np.testing.assert_allclose(found, expected)
    flat = history.assign(y=1.0)
    assert msis(frame, flat, level=80).empty


def test_smape_is_in_percent_up_to_200(data):
    _, frame = data
    rows = parts(frame)["a"]
    expected = np.mean(200 * np.abs(rows.y - rows.NARX) / (np.abs(rows.y) + np.abs(rows.NARX)))
    assert smape(frame).loc["a", "NARX"] == pytest.approx(expected)
    worst = frame.assign(AR=-frame["y"])
    assert smape(worst)["AR"].tolist() == pytest.approx([200.0, 200.0])


def test_scaled_errors_equal_their_equations(data):
    history, frame = data
    position = {ds: number for number, ds in enumerate(history["ds"].unique())}
    for name, rows in parts(frame).items():
        y = parts(history)[name]["y"].to_numpy()
        absolute, squared = [], []
        for _, row in rows.iterrows():
            past = y[: position[row["cutoff"]] + 1]
            season = past[SEASON:] - past[:-SEASON]
            absolute.append(abs(row["y"] - row["AR"]) / np.abs(season).mean())
            squared.append((row["y"] - row["AR"]) ** 2 / (season**2).mean())
        assert mase(frame, history, season_length=SEASON).loc[name, "AR"] == pytest.approx(np.mean(absolute))
        scaled = rmsse(frame, history, season_length=SEASON).loc[name, "AR"]
        assert scaled == pytest.approx(np.sqrt(np.mean(squared)))


def test_one_window_equals_utilsforecast():
    rng = np.random.default_rng(1)
    history = pd.DataFrame({"unique_id": np.repeat(["a", "b"], 30), "ds": [*range(30)] * 2})
    history["y"] = rng.normal(size=60)
    frame = history[history["ds"] >= 24].assign(cutoff=23, AR=rng.normal(size=12))
    for ours, theirs in ((mase, losses.mase), (rmsse, losses.rmsse)):
        expected = theirs(frame, ["AR"], seasonality=7, train_df=history).set_index("unique_id")["AR"]
        assert ours(frame, history, season_length=7)["AR"].to_dict() == pytest.approx(expected.to_dict())


def test_seasonal_naive_in_its_own_history_has_mase_one():
    history = pd.DataFrame({"unique_id": "a", "ds": range(9), "y": [0.0, 1.0] * 4 + [0.0]})
    frame = pd.DataFrame({"unique_id": "a", "ds": [9], "cutoff": 8, "y": [1.0], "Naive": [0.0]})
    assert mase(frame, history).loc["a", "Naive"] == pytest.approx(1.0)
    assert rmsse(frame, history).loc["a", "Naive"] == pytest.approx(1.0)


def test_groups_by_step_and_cutoff(data):
    _, frame = data
    table = rmse(frame, by=["unique_id", "step"])
    assert table.index.names == ["unique_id", "step"] and len(table) == 2 * HORIZON
    second = parts(frame)["a"].iloc[[1, 4]]
    assert table.loc[("a", 2), "AR"] == pytest.approx(root_mean_squared_error(second["y"], second["AR"]))
    windows = mae(frame, by=["cutoff"])
    assert windows.index.equals(pd.Index(frame["cutoff"].unique(), name="cutoff"))


def test_missing_truth_is_left_out_and_missing_forecast_is_not(data):
    _, frame = data
    frame.loc[0, "y"] = np.nan
    kept = frame.drop(index=0)
    assert mae(frame).equals(mae(kept))
    frame.loc[1, "AR"] = np.nan
    table = mae(frame)
    assert np.isnan(table.loc["b", "AR"]) and table.loc["b", "NARX"] == mae(kept).loc["b", "NARX"]
    assert np.isfinite(table.loc["a"]).all()


def test_series_without_a_scale_are_left_out():
    history = pd.DataFrame({"unique_id": np.repeat(["flat", "short", "good"], [9, 3, 9])})
    history["ds"] = [*range(9), 6, 7, 8, *range(9)]
    history["y"] = [1.0] * 9 + [1.0, 2.0, 3.0] + [*range(9)]
    frame = pd.DataFrame({"unique_id": ["flat", "short", "good"], "ds": 9, "cutoff": 8, "y": 2.0, "AR": 1.0})
    assert list(mase(frame, history, season_length=4).index) == ["good"]
    assert list(mae(frame).index) == ["flat", "good", "short"]


def test_interval_scores_equal_their_equations(data):
    _, frame = data
    for name, rows in parts(frame).items():
        y, low, high = (rows[c].to_numpy() for c in ("y", "AR-lo-80", "AR-hi-80"))
        miss = np.maximum(0, np.maximum(low - y, y - high))
        assert coverage(frame, level=80).loc[name, "AR"] == pytest.approx(np.mean(miss == 0))
        assert interval_width(frame, level=80).loc[name, "AR"] == pytest.approx(2.0)
        assert winkler(frame, level=80).loc[name, "AR"] == pytest.approx(np.mean(2.0 + miss / 0.1))
    assert list(coverage(frame, level=80).columns) == ["AR"]


def test_a_missing_bound_is_not_a_miss(data):
    _, frame = data
    frame.loc[0, "AR-hi-80"] = np.nan
    assert np.isnan(coverage(frame, level=80).loc["b", "AR"])


def test_errors_name_what_is_missing(data):
    history, frame = data
    with pytest.raises(ValueError, match="frame: must be a backtest frame.*without cutoff"):
        mae(frame.drop(columns="cutoff"))
    with pytest.raises(ValueError, match="level: must be a level that the frame has columns for"):
        coverage(frame, level=95)
    with pytest.raises(ValueError, match="season_length: must be"):
        mase(frame, history, season_length=0)
