"""Steps of a backtest frame follow from its times, whatever its rows' order; unusable frames are refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast import Naive
from forecast.evaluation import backtest, coverage, interval_width, mae, mase, rmse, rmsse, smape, winkler
from forecast.evaluation.frames import add_step, check_by, check_frame, check_history

HOLIDAYS = pd.offsets.CustomBusinessDay(holidays=["2024-01-03", "2024-01-04", "2024-01-11"])
INDEXES = {
    "months": pd.period_range("2020-01", periods=40, freq="M"),
    "two months": pd.period_range("2020-01", periods=40, freq="2M"),
    "month start": pd.date_range("2020-01", periods=40, freq="MS"),
    "month end": pd.date_range("2020-01-31", periods=40, freq="ME"),
    "quarters": pd.date_range("2020-01", periods=40, freq="QS"),
    "no freq": pd.DatetimeIndex(pd.date_range("2020-01", periods=40).to_numpy()),
    "business days": pd.date_range("2020-01-01", periods=40, freq="B"),
    "holidays": pd.date_range("2024-01-01", periods=40, freq=HOLIDAYS),
    "hours over a change of time": pd.date_range(
        "2024-03-30 12:00", periods=40, freq="h", tz="Europe/Berlin"
    ),
    "days over a change of time": pd.date_range("2024-03-20", periods=40, freq="D", tz="Europe/Berlin"),
    "5 minutes": pd.date_range("2024-03-30", periods=40, freq="5min", unit="s"),
    "every other number": pd.Index(range(10, 90, 2)),
    "range": pd.RangeIndex(40),
}


def series(index):
    return pd.Series(np.random.default_rng(0).normal(size=40).cumsum(), INDEXES[index], name="sales")


@pytest.mark.parametrize("gap", [0, 2])
@pytest.mark.parametrize("step", [1, 3, 5])
@pytest.mark.parametrize("index", INDEXES)
def test_steps_are_told_by_time_and_cutoff(index, step, gap):
    frame = backtest(Naive(), series(index), horizon=3, windows=4, step=step, gap=gap)
    assert add_step(frame)["step"].tolist() == [1, 2, 3] * 4
    mixed = add_step(frame.sample(frac=1, random_state=1))
    assert mixed["step"].sort_index().tolist() == [1, 2, 3] * 4
    if index != "holidays":  # the name of this frequency does not hold its calendar
        assert add_step(frame[frame.index % 3 == 2])["step"].tolist() == [3] * 4
        assert add_step(frame[frame.index % 3 != 1])["step"].tolist() == [1, 3] * 4


@pytest.mark.parametrize("index", INDEXES)
def test_whole_frames_of_another_source_have_the_same_steps(index):
    frame = backtest(Naive(), series(index), horizon=3, windows=4, step=7)
    frame.attrs = {}
    assert add_step(frame.iloc[::-1])["step"].tolist() == [3, 2, 1] * 4


def test_steps_of_a_panel_whose_series_begin_beside_each_other():
    hours = pd.date_range("2024-01-01", periods=20, freq="h")
    half = pd.Timedelta("30min")
    long = pd.concat(
        [pd.DataFrame({"unique_id": k, "ds": hours + k * half, "y": np.arange(20.0)}) for k in (0, 1)]
    )
    frame = backtest(Naive(), long, horizon=2, windows=2, align="end")
    assert add_step(frame)["step"].tolist() == [1, 2] * 4
    frame.attrs = {}
    assert add_step(frame)["step"].tolist() == [1, 2] * 4


def test_a_column_step_is_believed_when_it_can_be_one():
    frame = pd.DataFrame({"unique_id": "a", "ds": [3, 4], "cutoff": 2, "y": 0.0, "AR": 0.0, "step": [5, 6]})
    assert add_step(frame) is frame
    for wrong in ([0, 1], [1.5, 2.0], ["1", "2"]):
        with pytest.raises(ValueError, match="frame: must be with steps of at least 1"):
            add_step(frame.assign(step=wrong))


@pytest.fixture(scope="module")
def panel_data():
    """Two series of months, four windows, one model with an interval; and their history."""
    months = pd.period_range("2015-01", periods=60, freq="M")
    rng = np.random.default_rng(3)
    parts = {k: rng.normal(10, 1, size=60) for k in ("b", "a")}
    history = pd.concat([pd.DataFrame({"unique_id": k, "ds": months, "y": v}) for k, v in parts.items()])
    frame = backtest(Naive(), history.reset_index(drop=True), horizon=3, windows=4)
    frame = frame.assign(**{"Naive-lo-80": frame["Naive"] - 1, "Naive-hi-80": frame["Naive"] + 1.0})
    return frame, history.reset_index(drop=True)


METRICS = {
    "mae": lambda frame, history, by: mae(frame, by=by),
    "rmse": lambda frame, history, by: rmse(frame, by=by),
    "smape": lambda frame, history, by: smape(frame, by=by),
    "mase": lambda frame, history, by: mase(frame, history, season_length=12, by=by),
    "rmsse": lambda frame, history, by: rmsse(frame, history, season_length=12, by=by),
    "coverage": lambda frame, history, by: coverage(frame, level=80, by=by),
    "width": lambda frame, history, by: interval_width(frame, level=80, by=by),
    "winkler": lambda frame, history, by: winkler(frame, level=80, by=by),
}


BY = (["unique_id"], ["step"], ["unique_id", "step"], ["cutoff", "unique_id"], "ds")


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10**6), keep=st.integers(6, 24), by=st.sampled_from(BY))
def test_metrics_do_not_know_the_order_of_rows(panel_data, seed, keep, by):
    frame, history = panel_data
    rows = frame.sample(keep, random_state=seed)  # some rows, in any order
    mixed = history.sample(frac=1, random_state=seed)
    for name, metric in METRICS.items():
        expected = metric(rows.sort_index(), history, by)
        again = rows.set_axis(np.zeros(keep, dtype=int))  # no metric looks at the index
        pd.testing.assert_frame_equal(metric(again, mixed, by), expected, rtol=1e-12, obj=name)


def small():
    return pd.DataFrame({"unique_id": "a", "ds": [3, 4], "cutoff": 2, "y": [1.0, 3.0], "AR": [2.0, 1.0]})


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda f: f.drop(columns="cutoff"), ValueError, "frame: must be a backtest frame .* without cutoff"),
        (lambda f: f.drop(columns="AR"), ValueError, "at least one row and one model.*without a column"),
        (lambda f: f.iloc[:0], ValueError, "at least one row and one model; received a frame without rows"),
        (lambda f: f["AR"], TypeError, "frame: must be a backtest frame.*received an object of type Series"),
        (lambda f: f.to_numpy(), TypeError, "received an object of type ndarray"),
        (lambda f: None, TypeError, "received an object of type NoneType"),
        (lambda f: f.assign(unique_id=["a", None]), ValueError, "unique_id is known; received .* in row 1"),
        (
            lambda f: f.assign(ds=[3, None]),
            ValueError,
            "rows whose ds is known; received a missing ds in row 1",
        ),
        (lambda f: f.assign(cutoff=[np.nan, 2]), ValueError, "received a missing cutoff in row 0"),
        (lambda f: f.assign(ds=[3, 3]), ValueError, "one row for each .* unique_id a, ds 3, cutoff 2 more"),
        (
            lambda f: f.assign(ds=[3, 2]),
            ValueError,
            "after their cutoff; received a forecast for 2 made at 2",
        ),
        (lambda f: f.assign(AR=["2", "1"]), TypeError, "frame: must be numbers .* a column 'AR' of dtype"),
        (lambda f: f.assign(y=["2", "1"]), TypeError, "frame: must be numbers .* a column 'y' of dtype"),
        (lambda f: f.assign(cutoff=pd.Timestamp("2020")), TypeError, "of one type of time in ds and cutoff"),
        (lambda f: pd.concat([f, f["AR"]], axis=1), ValueError, "different names; received 'AR' twice"),
    ],
)
def test_frames_that_metrics_refuse(change, error, words):
    history = pd.DataFrame({"unique_id": "a", "ds": [0, 1, 2], "y": [0.0, 2.0, 0.0]})
    frame = change(small())
    with pytest.raises(error, match=words):
        check_frame(frame)
    for metric in (mae, rmse, smape):
        with pytest.raises(error, match=words):
            metric(frame)
    with pytest.raises(error, match=words):
        mase(frame, history)
    with pytest.raises(error, match=words):
        coverage(frame, level=80)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda h: h.drop(columns="y"), ValueError, "history: must be a pandas frame .* without y"),
        (lambda h: h["y"], TypeError, "history: must be a pandas frame"),
        (
            lambda h: h.assign(unique_id="b"),
            ValueError,
            "rows of every series of the frame; received none of 'a'",
        ),
        (lambda h: h.assign(ds=[0, None, 2]), ValueError, "a missing ds in row 1"),
        (lambda h: h.assign(ds=[0, 0, 2]), ValueError, "one row for each unique_id, ds"),
        (lambda h: h.assign(ds=pd.period_range("2020", periods=3, freq="M")), TypeError, "same type of time"),
        (lambda h: h.assign(y=list("123")), TypeError, "numbers in y"),
    ],
)
def test_histories_that_metrics_refuse(change, error, words):
    history = pd.DataFrame({"unique_id": "a", "ds": [0, 1, 2], "y": [0.0, 2.0, 0.0]})
    for metric in (mase, rmsse):
        with pytest.raises(error, match=words):
            metric(small(), change(history))


def test_a_history_comes_back_sorted():
    history = pd.DataFrame({"unique_id": list("baab"), "ds": [1, 2, 0, 0], "y": [1.0, 2.0, 3.0, 4.0]})
    assert check_history(history, small())["y"].tolist() == [3.0, 2.0, 4.0, 1.0]


@pytest.mark.parametrize(
    ("by", "error", "words"),
    [
        (["model"], ValueError, "by: must be one of 'unique_id', 'cutoff', 'ds', 'step'; received 'model'"),
        ([], ValueError, "by: must be at least one name"),
        (["step", "step"], ValueError, "by: must be at least one name, each once"),
        (None, TypeError, "by: must be a list of names"),
        ("y", ValueError, "by: must be one of"),
    ],
)
def test_groups_that_are_refused(by, error, words):
    with pytest.raises(error, match=words):
        check_by(by)
    with pytest.raises(error, match=words):
        mae(small(), by=by)


def test_a_model_may_be_called_group():
    assert mae(small().rename(columns={"AR": "group"})).loc["a", "group"] == 1.5
