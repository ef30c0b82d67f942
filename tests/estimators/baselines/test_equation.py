"""Least squares of many rows: block by block as at once, and without copies of the data."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from forecast.estimators.baselines import local, order_selection
from forecast.estimators.baselines.ar import AR
from forecast.estimators.baselines.equation import Form, fit_equation
from forecast.estimators.lag_regressor import LagRegressor
from forecast.panel import Panel


def record(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Covariates, and an autoregression that they drive."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(rows, columns)), np.zeros(rows)
    for t in range(1, rows):
        y[t] = 0.8 * y[t - 1] + x[t, 0] - x[t - 1, 1] + 0.1 * rng.normal()
    return x, y


@pytest.mark.parametrize("difference", [False, True, "auto"])
@pytest.mark.parametrize("lags", [(1, 3), None])
def test_blocks_give_the_equation_of_all_rows(
    difference: bool | str, lags: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (x, y), (_, other) = record(400, 2), record(90, 2)
    y[50:53] = np.nan
    weights = np.random.default_rng(1).uniform(size=400)
    parts = [(y, x, weights), (other[:9], x[:9], None), (other, x[:90], None)]
    form = Form("ct", lags, (), ((0, 0), (1, 1), (4, 0)), difference=difference)
    whole = fit_equation(parts, form)
    monkeypatch.setattr(order_selection, "CHUNK", 64)
    pieces = fit_equation(parts, form)
    assert pieces.lags == whole.lags and pieces.changed == whole.changed
    for name in ("own", "exog", "trend"):
        np.testing.assert_allclose(getattr(pieces, name), getattr(whole, name), rtol=1e-8, atol=1e-11)


def test_moments_of_a_large_table_are_those_of_its_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    values = 1e3 + np.random.default_rng(0).normal(size=(50, 3))
    values[3, 1] = np.nan
    whole = local.moments(values)
    monkeypatch.setattr(local, "LARGE", 10)
    np.testing.assert_allclose(local.moments(values), whole, rtol=1e-12)


def test_lags_of_blocks_are_those_of_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    (x, y), (_, other) = record(400, 2), record(90, 2)
    y[50:53] = np.nan
    frame = pd.DataFrame({"unique_id": 400 * ["a"] + 90 * ["b"], "ds": [*range(400), *range(90)]})
    frame["y"], frame["x"] = np.append(y, other), np.append(x[:, 0], x[:90, 1])
    pairs, lags = [(0, 0), (2, 0)], [1, 2, 3, 24]
    panel = Panel.from_data(frame, allow_missing=True)
    whole, rows = order_selection._shared_factor(panel, "ct", pairs, lags, 500)
    monkeypatch.setattr(order_selection, "CHUNK", 64)
    pieces, counted = order_selection._shared_factor(panel, "ct", pairs, lags, 500)
    assert rows == counted and whole is not None and pieces is not None
    np.testing.assert_allclose(pieces.T @ pieces, whole.T @ whole, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("forecaster", [AR(lags=3, exog_lags=[0, 3]), LagRegressor()])
def test_linear_models_make_no_more_than_three_copies(forecaster: AR | LagRegressor) -> None:
    values, y = record(40_000, 40)
    x = pd.DataFrame(values, pd.date_range("2000", periods=len(y), freq="h"))
    tracemalloc.start()
    model = clone(forecaster).fit(x, pd.Series(y, x.index))
    held, most = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    model.predict(x[:5].set_axis(x.index[-5:] + pd.Timedelta("5h")))
    ahead = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert held < 1.2 * values.nbytes  # the history that the model keeps
    assert most < 4 * values.nbytes  # with three copies beside it
    assert ahead < 4 * values.nbytes
