"""A forecaster in the hands of other tools: scikit-learn, polars, the backtest and the leaderboard."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from polars.testing import assert_frame_equal
from sklearn.base import BaseEstimator, clone
from sklearn.utils.estimator_checks import check_estimator

from forecast.estimators.base import Forecaster
from forecast.evaluation.backtest import backtest
from forecast.evaluation.leaderboard import leaderboard
from tests.checks_forecaster import covariates, long_frame, monthly


def check_sklearn(model: BaseEstimator, excused: dict[str, str]) -> None:
    """Every check of scikit-learn but the excused; that of the array API has a test of its own."""
    results = check_estimator(model, expected_failed_checks=excused, on_skip=None, on_fail=None)
    wrong = [
        f"{row['check_name']}: {row['status']} {row['exception']!r}"
        for row in results
        if row["status"] not in ("passed", "xfail") and row["check_name"] != "check_array_api_input"
    ]
    assert not wrong, "\n".join(wrong)
    assert len(results) > 40


def check_backtest(model: Forecaster) -> None:
    """Two origins, learning at the first: the forecasts are those by hand, and both baselines stand beside."""
    y, name = monthly(54), type(model).__name__
    X = covariates(y.index)
    frame = backtest(model, y, X, horizon=2, windows=2, refit=False)
    np.testing.assert_array_equal(frame["y"], y.iloc[-4:])
    fitted = clone(model).fit(X.iloc[:50], y.iloc[:50])
    by_hand = [fitted.predict(X.iloc[50:52])]
    by_hand.append(fitted.update(X.iloc[50:52], y.iloc[50:52]).predict(X.iloc[52:]))
    np.testing.assert_allclose(frame[name], np.concatenate(by_hand), rtol=1e-6)
    board = leaderboard(frame, y, X)
    assert set(board.index) == {name, "AR", "SeasonalNaive"} and np.isfinite(board).all(axis=None)
    assert board["RMSE"].is_monotonic_increasing


def check_polars(model: Forecaster) -> None:
    """Every verb gives a long frame of polars what it gives that of pandas."""
    long = long_frame().assign(price=np.arange(88.0) % 7)
    order = long.groupby("unique_id").cumcount()
    head, next_two = long[order < 30], long[(order >= 30) & (order < 32)]
    later = long[(order >= 32) & (order < 36)]
    ours, theirs = clone(model).fit(head), clone(model).fit(pl.from_pandas(head))
    future = next_two.drop(columns="y")
    _assert_same(theirs.predict(pl.from_pandas(future)), ours.predict(future))
    bounds = theirs.predict_interval(pl.from_pandas(future), level=50)
    _assert_same(bounds, ours.predict_interval(future, level=50))
    record, first = long[order < 36].drop(columns="y"), head.drop(columns="price")
    steps = theirs.simulate(pl.from_pandas(record), pl.from_pandas(first))
    _assert_same(steps, ours.simulate(record, first))
    for verb, rows in (("update", next_two), ("partial_fit", later)):
        getattr(ours, verb)(rows)
        getattr(theirs, verb)(pl.from_pandas(rows))
    assert theirs.panel_.lengths.tolist() == [36, 36]
    last = long[order >= 36].groupby("unique_id").head(3)
    _assert_same(theirs.predict(pl.from_pandas(last.drop(columns="y"))), ours.predict(last.drop(columns="y")))
    assert theirs.score(pl.from_pandas(last)) == ours.score(last)
    X, y = np.sin(np.arange(88.0))[:, None], long["y"]  # no row recurs
    prices = pl.DataFrame({"price": X[:, 0]})
    alone, array = clone(model).fit(prices, pl.from_pandas(y)), clone(model).fit(X, y.to_numpy())
    np.testing.assert_allclose(alone.predict(prices[:3]), array.predict(X[:3]), rtol=1e-6)
    later_prices = pl.DataFrame({"price": X[:3, 0] + 0.01})
    np.testing.assert_allclose(alone.predict(later_prices), array.predict(X[:3] + 0.01), rtol=1e-6)
    np.testing.assert_allclose(
        alone.simulate(prices, pl.from_pandas(y)[:80]), array.simulate(X, y.to_numpy()[:80]), rtol=1e-6
    )


def _assert_same(theirs: Any, ours: Any) -> None:
    assert_frame_equal(theirs, pl.from_pandas(ours), check_dtypes=False, rel_tol=1e-6)
