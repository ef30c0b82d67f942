"""Long frames with columns of other names: every answer is that of unique_id, ds and y, under the user's names."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone

from forecast.estimators.baselines.ar import AR
from forecast.estimators.baselines.naive import Naive
from forecast.estimators.ensemble import Ensemble
from forecast.estimators.neural.online_rnn import OnlineRNN
from forecast.estimators.neural.tdnn import TDNN
from forecast.estimators.saving import load
from forecast.panel import Coding, Panel
from forecast.panel.long import Names
from forecast.panel.naming import names_of
from forecast.windows import Windows

NAMES = {"series": "store", "time": "date", "target": "sales"}
USUAL = {"store": "unique_id", "date": "ds", "sales": "y", "y": "z"}
DAYS = pd.date_range("2024-01-01", periods=44)
RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "date": [*DAYS] * 2,
        "sky": RNG.choice(["sun", "rain"], 88),
        "store": ["b"] * 44 + ["a"] * 44,
        "sales": 9.0 + np.sin(np.arange(88)) + RNG.normal(size=88),
        "y": RNG.normal(size=88),  # a covariate of this name disturbs nobody
    }
)
ALONE = FRAME[["date", "sales"]][:40]


def rows(start: int, stop: int) -> pd.DataFrame:
    return FRAME[FRAME["date"].isin(DAYS[start:stop])].reset_index(drop=True)


def usual(frame: Any) -> pd.DataFrame:
    frame = frame.to_pandas() if isinstance(frame, pl.DataFrame) else frame
    return frame.rename(columns=USUAL)


def same(found: Any, expected: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(usual(found), expected, check_dtype=False, rtol=1e-9)


QUICK: dict[str, Any] = {
    "hidden": (2,),
    "epochs": 2,
    "selection": False,
    "jit_compile": False,
    "random_state": 0,
}
MODELS = [
    AR(lags=2),
    AR(lags=2, past=["y"], transform="log", missing_rows="fill"),
    Ensemble({"ar": AR(lags=1), "naive": Naive()}, transform="log"),
    pytest.param(
        TDNN(lags=2, categories={"sky": 2}, embed_series=1, **QUICK),
        marks=[pytest.mark.backend, pytest.mark.slow],
    ),
    pytest.param(
        OnlineRNN(lags=2, units=2, epochs=1, random_state=0), marks=[pytest.mark.backend, pytest.mark.slow]
    ),
]


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_answers_are_those_of_the_usual_names(model: Any, library: str, tmp_path: Path) -> None:
    given: Callable[[pd.DataFrame], Any] = pl.from_pandas if library == "polars" else pd.DataFrame
    past = ["z"] if model.get_params().get("past") else None
    other = clone(model).set_params(**({"past": past} if past else {})).fit(usual(rows(0, 36)))
    model = clone(model).fit(given(rows(0, 36)), **NAMES)
    ahead, asked = given(rows(36, 40).drop(columns="sales")), usual(rows(36, 40).drop(columns="sales"))
    for method in ("predict", "predict_interval", "predict_quantiles"):
        same(getattr(model, method)(ahead), getattr(other, method)(asked))
    empty, to_fill = usual(model.make_future_frame(2)), other.make_future_frame(2)
    assert list(empty.columns) == list(to_fill.columns)
    same(empty[["unique_id", "ds"]], to_fill[["unique_id", "ds"]])
    assert model.score(rows(36, 40)) == pytest.approx(other.score(usual(rows(36, 40))))
    model.save(tmp_path / "model.forecast")
    for copy in (load(tmp_path / "model.forecast"), pickle.loads(pickle.dumps(model)), model):
        answer = copy.update(given(rows(36, 38))).predict(given(rows(38, 40)))
        assert list(answer.columns)[:2] == ["store", "date"] and isinstance(answer, type(ahead))
    same(answer, other.update(usual(rows(36, 38))).predict(usual(rows(38, 40))))


def test_records_of_other_names_are_simulated() -> None:
    model, X = AR(lags=2).fit(rows(0, 36), **NAMES), rows(36, 42).drop(columns="sales")
    expected = AR(lags=2).fit(usual(rows(0, 36))).simulate(usual(X), usual(rows(36, 39)))
    same(model.simulate(X, rows(36, 39)), expected)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_frame_without_a_column_of_series_is_one_series(library: str) -> None:
    given: Callable[[pd.DataFrame], Any] = pl.from_pandas if library == "polars" else pd.DataFrame
    y = ALONE.set_index("date")["sales"]
    model = AR(lags=2).fit(given(ALONE[:36]), time="date")
    answer = model.update(given(ALONE[36:38])).predict(2)
    expected = AR(lags=2).fit(y[:36]).update(y[36:38]).predict(2)
    assert list(answer.columns) == ["date", "AR"] and isinstance(answer, type(given(ALONE)))
    np.testing.assert_allclose(answer["AR"], expected)
    np.testing.assert_array_equal(answer["date"], expected.index)
    np.testing.assert_allclose(model.predict(given(ALONE[["date"]][38:]))["AR"], expected)
    history = pickle.loads(pickle.dumps(model.panel_)).to_user()[1]
    pd.testing.assert_frame_equal(
        history if library == "pandas" else history.to_pandas(), ALONE[:38], check_dtype=False
    )


def test_the_lag_table_has_the_names() -> None:
    panel = Panel.from_data(rows(0, 5)[["date", "store", "sales"]], coding=Coding(names=Names(**NAMES)))
    table = Windows(panel, length=1).to_frame(lags=[1])
    assert table.index.names == ["store", "date"] and list(table.columns) == ["sales", "sales.lag1"]
    pd.testing.assert_frame_equal(panel.to_user()[1], rows(0, 5)[["date", "store", "sales"]])


@pytest.mark.parametrize(
    ("data", "names", "words"),
    [
        (
            (FRAME,),
            {"series": "shop"},
            ["series: must be a column", "(date, sky, store, sales, y)", "'shop'"],
        ),
        ((FRAME,), {"series": "store", "target": "sales"}, ["time: must be a column", "received None"]),
        ((FRAME,), {**NAMES, "target": "sold"}, ["target: must be a column", "'sold'"]),
        ((FRAME.drop(columns="y"),), {**NAMES, "target": None}, ["target: must be", "target='sales'"]),
        ((FRAME,), {**NAMES, "target": ["sales"]}, ["target: must be a column", "a list"]),
        (
            (FRAME,),
            {**NAMES, "target": "store"},
            ["series and target: must be different", "'store' for both"],
        ),
        ((FRAME,), {"time": "date", "target": "sales"}, ["series: must be given where a time", "2024-01-01"]),
        ((FRAME.set_index("date"),), NAMES, ["time: must be a column", "frame.reset_index()"]),
        ((FRAME["sales"],), NAMES, ["series: must be given with a long frame alone", "a Series", "Leave"]),
        ((np.ones((9, 2)),), {"time": 0}, ["time: must be given with a long frame alone", "a ndarray"]),
        ((FRAME[["y"]], FRAME["sales"]), {"time": "date"}, ["time: must be given with a", "X and y"]),
    ],
)
def test_names_that_cannot_be_say_so(data: Any, names: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ValueError) as caught:
        AR(lags=1).fit(*data, **names)
    assert [part for part in words if part not in str(caught.value)] == []


@pytest.mark.parametrize("method", ["update", "predict"])
def test_later_frames_need_the_names(method: str) -> None:
    model = Naive().fit(rows(0, 36), **NAMES)
    with pytest.raises(
        ValueError, match=r"the columns store, date.*frame.rename\(columns={'unique_id': 'store'}\)"
    ):
        getattr(model, method)(rows(36, 38).rename(columns={"store": "unique_id"}))


def test_text_as_times_and_missing_series_are_told_by_name() -> None:
    with pytest.raises(TypeError, match=r"date: .*Parse dates with long\['date'\] = pd.to_datetime"):
        Naive().fit(FRAME.assign(date=FRAME["date"].astype(str)), **NAMES)
    with pytest.raises(ValueError, match="store: must be known in every row"):
        Naive().fit(FRAME.assign(store=FRAME["store"].where(FRAME["store"] == "a", None)), **NAMES)


def test_usual_names_need_not_be_given() -> None:
    assert names_of(usual(FRAME), None, None, None, None) == Names()
    assert names_of(usual(FRAME).rename(columns={"ds": "date"}), None, None, "date", None).time == "date"


def test_a_column_of_the_name_of_the_forecasts_is_not_lost() -> None:
    model = AR(lags=1).fit(rows(0, 36).rename(columns={"store": "AR"}), **{**NAMES, "series": "AR"})
    with pytest.raises(ValueError, match="must be named unlike the forecasts; received 'AR'"):
        model.predict(rows(36, 38).rename(columns={"store": "AR"}))


def test_a_score_needs_the_target_under_its_name() -> None:
    frame = FRAME.drop(columns=["sky", "y"])
    model = Naive().fit(frame[frame["date"] < DAYS[40]], **NAMES)
    with pytest.raises(ValueError, match="rename"):
        model.score(frame[frame["date"] >= DAYS[40]].rename(columns={"sales": "y"}))


def test_two_columns_of_one_role_are_told() -> None:
    frame = pd.concat([ALONE, ALONE[["date"]]], axis=1)
    with pytest.raises(ValueError, match=r"\['date'\] more than once"):
        Naive().fit(frame, time="date", target="sales")


def test_what_selects_the_covariates_selects_the_keys_too() -> None:
    model = AR(lags=1).fit(FRAME.drop(columns="sky"), **NAMES)
    with pytest.raises(ValueError) as error:
        model.predict(model.make_future_frame(1).assign(y=0.0, more=0.0))
    assert "X[['store', 'date', 'y']]" in str(error.value)
