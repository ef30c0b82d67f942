"""The Diebold-Mariano test against statsmodels and in its limits."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.stattools import diebold_mariano_test

from forecast.evaluation import compare


def backtest_frame(n=60, horizon=3, step=1, seed=0):
    """A frame whose model `good` errs half as much as `bad`."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=n + horizon + 1)
    rows = []
    for cutoff in range(0, n, step):
        ds = np.arange(cutoff + 1, cutoff + 1 + horizon)
        part = {"good": y[ds] + 0.5 * rng.normal(size=horizon), "bad": y[ds] + rng.normal(size=horizon)}
        rows.append(pd.DataFrame({"unique_id": "s", "ds": ds, "cutoff": cutoff, "y": y[ds], **part}))
    return pd.concat(rows, ignore_index=True)


@pytest.mark.parametrize("criterion", ["mse", "mae"])
@pytest.mark.parametrize("horizon", [1, 3])
def test_equals_statsmodels(horizon, criterion):
    frame = backtest_frame()
    rows = frame[frame["ds"] - frame["cutoff"] == horizon]
    expected = diebold_mariano_test(
        rows["y"],
        rows["good"],
        rows["bad"],
        lags=horizon - 1,
        horizon=horizon,
        criterion=criterion,
        harvey_adj=True,
    )
    result = compare(frame, "good", "bad", horizon, criterion=criterion).loc["s"]
    assert (result["n"], result["lags"]) == (60, horizon - 1)
    assert result["statistic"] == pytest.approx(expected.statistic)
    assert result["pvalue"] == pytest.approx(expected.pvalue)
    assert result["good"] < result["bad"] and result["statistic"] < 0


def test_is_antisymmetric():
    frame = backtest_frame()
    there, back = compare(frame, "good", "bad", 1).loc["s"], compare(frame, "bad", "good", 1).loc["s"]
    assert there["statistic"] == pytest.approx(-back["statistic"])
    assert there["pvalue"] == pytest.approx(back["pvalue"])


def test_all_steps_of_separate_windows():
    result = compare(backtest_frame(step=3), "good", "bad").loc["s"]
    assert (result["n"], result["lags"]) == (60, 2)


def test_separate_windows_share_no_shock():
    assert compare(backtest_frame(step=3), "good", "bad", 3).loc["s", "lags"] == 0
    assert compare(backtest_frame(step=2), "good", "bad", 3).loc["s", "lags"] == 1
    assert compare(backtest_frame(step=2), "good", "bad", 3, lags=4).loc["s", "lags"] == 4


def test_equal_forecasts_and_several_series():
    frame = backtest_frame()
    both = pd.concat([frame, frame.assign(unique_id="t", good=frame["bad"])], ignore_index=True)
    result = compare(both, "good", "bad", 1)
    assert list(result.index) == ["s", "t"]
    assert tuple(result.loc["t", ["statistic", "pvalue"]]) == (0.0, 1.0)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("good", "best", 1), "b: must be one of 'good', 'bad'; received 'best'"),
        (("good", "bad", 9), "horizon: must be a step ahead of at most 3; received 9"),
        (("good", "bad"), "horizon: must be a step ahead when windows overlap"),
        (("best", "bad", 1), "a: must be one of"),
        (("good", "bad", 0), "horizon: must be a whole number of at least 1"),
    ],
)
def test_errors(arguments, words):
    with pytest.raises(ValueError, match=words):
        compare(backtest_frame(), *arguments)


def test_too_few_windows():
    with pytest.raises(ValueError, match="frame: must be at least 3 rows per series; received 2 rows"):
        compare(backtest_frame(n=2), "good", "bad", 1)


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ({"good": np.nan}, {}, "forecasts of good: must be finite; received nan for 's', 1"),
        ({"bad": np.inf}, {}, "forecasts of bad: must be finite"),
        ({"y": np.nan}, {}, "frame: must be rows with a value of y"),
        ({"y": 0.0}, {"criterion": "mape"}, "criterion: must be no percentage where y is 0"),
        ({}, {"criterion": "rmse"}, "criterion: must be one of 'mse', 'mae', 'mape'"),
        ({}, {"lags": -1}, "lags: must be a whole number of at least 0"),
    ],
)
def test_losses_that_are_not_known_are_refused(change, options, words):
    with pytest.raises(ValueError, match=words):
        compare(backtest_frame().assign(**change), "good", "bad", 1, **options)


def test_rows_that_are_not_compared_may_be_missing():
    frame = backtest_frame()
    holes = frame.assign(good=frame["good"].where(frame["ds"] - frame["cutoff"] == 1))
    pd.testing.assert_frame_equal(compare(holes, "good", "bad", 1), compare(frame, "good", "bad", 1))


def test_equal_losses_of_different_forecasts_are_no_difference():
    frame = backtest_frame()
    frame = frame.assign(y=frame["y"].round(), good=frame["y"].round() + 1, bad=frame["y"].round() - 1)
    assert tuple(compare(frame, "good", "bad", 1).loc["s", ["statistic", "pvalue"]]) == (0.0, 1.0)


@pytest.mark.parametrize("arguments", [(1,), (2,), (3,)])
def test_order_of_rows_does_not_matter(arguments):
    frame = backtest_frame()
    mixed = frame.sample(frac=1, random_state=0)
    expected = compare(frame, "good", "bad", *arguments)
    pd.testing.assert_frame_equal(compare(mixed, "good", "bad", *arguments), expected)
    step = frame["ds"] - frame["cutoff"]
    only = frame[step == arguments[0]].assign(step=step)
    pd.testing.assert_frame_equal(compare(only, "good", "bad", *arguments), expected)
