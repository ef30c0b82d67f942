"""`export`: what a file says of itself, what is refused, and that nothing is written that answers differently."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.estimators.baselines.ar import AR
from forecast.estimators.baselines.naive import Naive
from tests.checks_forecaster import covariates, long_frame, monthly
from tests.checks_onnx import about, answers, onnxruntime, session


def two_tables(rows: int = 60) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame]:
    """Covariates, a series that follows the first at once and the second a season later, and the steps ahead."""
    X = covariates(monthly(rows + 6).index)
    y = (monthly(rows + 6) + 3 * X["price"] + 2 * X["heat"].shift(12).fillna(0)).rename("sales")
    return X.iloc[:rows], y.iloc[:rows], X.iloc[rows:]


def test_the_file_says_what_it_takes(tmp_path: Path) -> None:
    X, y, _ = two_tables()
    run = session(AR(lags=3, exog_lags={"price": [0], "heat": [12]}).fit(X, y), tmp_path, 6)
    assert [(each.name, each.shape) for each in run.get_inputs()] == [
        ("history", ["series", "rows", 1]),
        ("history_x", ["series", "rows", 2]),
        ("future_x", ["series", 6, 1]),
    ]
    assert [(each.name, each.shape) for each in run.get_outputs()] == [("forecast", ["series", 6, 1])]
    assert about(run) == {
        "model": "AR",
        "horizon": 6,
        "rows": 12,
        "season": 12,
        "frequency": "M",
        "targets": ["sales"],
        "covariates": ["price", "heat"],
        "future": ["price"],  # heat is read from a year before: it is not asked for
        "texts": [],
        "future_texts": [],
        "categories": {},
        "series": [],
    }


def test_series_go_by_their_place(tmp_path: Path) -> None:
    model = AR(lags=2).fit(long_frame())
    run = session(model, tmp_path, 3)
    told = about(run)
    assert told["series"] == ["s0", "s1"] and told["frequency"] == "MS"
    both, rows = answers(run, model), model.panel_.y[-2:][None]
    one = run.run(None, {"history": rows, "series": np.array([1])})[0]
    np.testing.assert_array_equal(one[0], both[1])


def test_a_missing_value_or_too_few_rows_give_no_number(tmp_path: Path) -> None:
    model = AR(lags=2).fit(monthly())
    run = session(model, tmp_path, 3)
    assert np.isnan(run.run(None, {"history": np.array([[[1.0], [np.nan]]])})[0]).all()
    assert np.isfinite(run.run(None, {"history": np.array([[[np.nan], [1.0], [2.0]]])})[0]).all()  # not read
    with pytest.raises(onnxruntime.capi.onnxruntime_pybind11_state.Fail, match="Reshape"):
        run.run(None, {"history": np.ones((2, 1, 1))})  # two histories of one row are not one of two


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (Naive(), "must be a forecaster that can be exported: AR, .*; received Naive. Use model.save"),
        (AR(lags=2, trend="ct", difference=False), "trend"),
        (AR(lags=2, horizon=61), "61 steps after 60 rows"),
    ],
)
def test_what_cannot_be_exported_is_refused_and_nothing_is_written(
    model: Any, told: str, tmp_path: Path
) -> None:
    X, y, _ = two_tables()
    (tmp_path / "old.onnx").write_text("as it was")
    with pytest.raises(ValueError, match=told):
        model.fit(X, y).export(tmp_path / "old.onnx")
    assert [file.read_text() for file in tmp_path.iterdir()] == ["as it was"]


def test_a_file_that_would_answer_differently_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = AR(lags=2).fit(monthly())
    monkeypatch.setattr(AR, "_ahead", lambda self, panel, horizon, x: panel.y[-horizon:][None] + 1e-3)
    with pytest.raises(ValueError, match="as `predict` does; received one that differs by"):
        model.export(tmp_path / "m.onnx", horizon=3)
    assert not [*tmp_path.iterdir()]


def test_the_extra_is_named_where_onnx_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"pip install 'keras-forecast\[onnx\]'"):
        AR(lags=2).fit(monthly()).export(tmp_path / "m.onnx")
