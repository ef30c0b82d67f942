"""Files take covariates as the user knows them: texts, features of the calendar, the past alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.estimators.baselines.ar import AR
from forecast.estimators.neural.narx import NARX
from forecast.estimators.neural.residual_tdnn import ResidualTDNN
from forecast.estimators.pretrained.estimator import Pretrained
from tests.checks_forecaster import long_frame, monthly
from tests.checks_onnx import about, answers, assert_answers, session
from tests.estimators.neural.test_exported import stirred
from tests.estimators.test_exporting import two_tables

SMALL: dict[str, Any] = {"lags": 2, "hidden": (2,), "epochs": 1, "selection": False, "random_state": 0}


def messy() -> tuple[pd.DataFrame, pd.Series, pd.DataFrame]:
    """A text before numbers, a category of numbers between them, and a series that follows all of them."""
    X, y, future = two_tables()
    every = pd.concat([X, future])
    rng = np.random.default_rng(3)
    every.insert(0, "sky", rng.choice(["sun", "räin", "snow"], len(every)))
    every.insert(2, "shift", rng.choice([3, 1, 2], len(every)))
    y = y + 4 * (every["sky"] == "räin").iloc[:60] - 3 * (every["shift"] == 1).iloc[:60]
    return every.iloc[:60], y, every.iloc[60:]


@pytest.mark.parametrize(
    "model",
    [
        AR(lags=2, exog_lags=[0, 3], categories=["shift"], calendar=["quarter", (12, 2)]),
        AR(lags=2, exog_lags=[0, 3], categories=["shift"], past=["sky", "heat"]),
        Pretrained(covariates=True, categories=["shift"], calendar=["quarter"], past=["heat"]),
        pytest.param(
            NARX(**SMALL, categories=["shift"], calendar=["quarter"], past=["heat"], transform="difference"),
            marks=pytest.mark.backend,
        ),
        pytest.param(
            ResidualTDNN(
                horizon=4, epochs=1, random_state=0, past=["sky"], transform=["log", "seasonal_difference"]
            ),
            marks=pytest.mark.slow,
        ),
    ],
    ids=str,
)
def test_covariates_are_those_of_the_user(model: Any, tmp_path: Path) -> None:
    X, y, future = messy()
    assert_answers(model.fit(X, y), tmp_path, 6, future, X=X)


@pytest.mark.slow
def test_learned_vectors_of_categories_and_what_they_were_not_learned_for(tmp_path: Path) -> None:
    X, y, future = messy()
    model = stirred(NARX(**SMALL, categories={"sky": 2, "shift": 1}).fit(X, y))
    assert_answers(model, tmp_path, 6, future.assign(sky="hail", shift=9), X=X)


def test_an_unseen_category_is_the_first_and_a_missing_one_gives_no_number(tmp_path: Path) -> None:
    X, y, future = messy()
    model = AR(lags=2, exog_lags=[0], categories=["shift"]).fit(X, y)
    run = session(model, tmp_path, 6)
    assert about(run)["texts"] == about(run)["future_texts"] == ["sky"]
    assert about(run)["categories"] == {name: [*X[name].unique()] for name in ("sky", "shift")}
    first = {name: X[name].iloc[0] for name in ("sky", "shift")}
    usual = answers(run, model, future.assign(**first), X=X)
    np.testing.assert_array_equal(answers(run, model, future.assign(sky="hail", shift=9), X=X), usual)
    for gap in ({"sky": ""}, {"shift": np.nan}):
        assert np.isnan(answers(run, model, future.assign(**gap), X=X)).all()


def test_the_past_goes_on_by_its_season_where_the_series_has_two(tmp_path: Path) -> None:
    long = long_frame((60, 20))
    long["heat"] = np.sin(long.index * np.pi / 6) + np.random.default_rng(0).normal(size=len(long)) / 5
    long["size"] = long["unique_id"].map({"s0": 2.0, "s1": 5.0})
    model = AR(lags=2, exog_lags=[0], past=["heat"], static=["size"]).fit(long)
    assert_answers(model, tmp_path, 14)
    run = session(model, tmp_path, 14)
    assert [each.name for each in run.get_inputs()] == ["history", "series", "history_x"]
    assert about(run)["rows"] == 13  # a season and the row whose change is left
    few = {
        "history": model.panel_.y[None, :5],
        "history_x": model.panel_.x[None, :5],
        "series": np.array([0]),
    }
    assert np.isnan(run.run(None, few)[0]).all()


def test_the_calendar_of_any_time_continues_any_history(tmp_path: Path) -> None:
    y = monthly(80)
    model = AR(lags=2, calendar=["month"]).fit(y[:60])
    run = session(model, tmp_path, 6)
    assert about(run)["covariates"] == about(run)["future"] == [f"month={k}" for k in range(2, 13)]
    model.update(y[60:])
    future = pd.DataFrame(index=pd.period_range(y.index[-1] + 1, periods=6, freq="M"))
    found = answers(run, model, future, X=pd.DataFrame(index=y.index))
    np.testing.assert_allclose(found.ravel(), model.predict(6), rtol=1e-9)


def test_texts_beside_numbers_are_refused(tmp_path: Path) -> None:
    X, y, _ = messy()
    model = AR(lags=2, categories=["sky"]).fit(X.assign(sky=[*X["sky"][:-1], 7]), y)
    with pytest.raises(ValueError, match="all texts or all numbers; received those of 'sky'"):
        model.export(tmp_path / "m.onnx")
