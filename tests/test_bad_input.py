"""Bad input gets a clear error: each case names the argument, what is allowed, what came and what to do."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from forecast import AR, NARX, SARIMAX, load

pytestmark = pytest.mark.backend

INDEX = pd.period_range("2015-01", periods=48, freq="M")
Y = pd.Series(np.sin(np.arange(48) * 0.7) + np.arange(48) / 20, INDEX, name="sales")
X = pd.DataFrame({"price": np.cos(np.arange(48.0)), "heat": np.arange(48.0) % 5}, INDEX)
DAYS = pd.Series(Y.to_numpy(), pd.date_range("2024-01-01", periods=48, freq="D"), name="sales")
LONG = pd.DataFrame({"unique_id": ["a"] * 48 + ["b"] * 48, "ds": list(DAYS.index) * 2, "y": np.tile(Y, 2)})


def narx(**changes: Any) -> NARX:
    return NARX(**{"lags": 3, "hidden": (2,), "epochs": 2, **changes})


def fitted() -> AR:
    return AR(lags=2).fit(X, Y)


def ahead(rows: int, **columns: Any) -> pd.DataFrame:
    """Future covariates of the rows after Y."""
    index = pd.period_range(INDEX[-1] + 1, periods=rows, freq="M")
    return pd.DataFrame({"price": 1.0, "heat": 2.0, **columns}, index)


def replaced(value: float) -> pd.Series:
    y = Y.copy()
    y.iloc[7] = value
    return y


CASES: dict[str, tuple[Callable[[], Any], type[Exception], tuple[str, ...]]] = {
    "NaN in y": (
        lambda: narx().fit(replaced(np.nan)),
        ValueError,
        ("y", "free of NaN", "2015-08", "interpolate"),
    ),
    "infinity in y": (lambda: AR().fit(replaced(np.inf)), ValueError, ("y", "finite|infinity", "2015-08")),
    "NaN in X": (
        lambda: narx().fit(X.where(X != 3), Y),
        ValueError,
        ("X", "NaN", "heat", "interpolate|Fill"),
    ),
    "infinity in X": (lambda: AR().fit(X.replace(3.0, np.inf), Y), ValueError, ("X", "heat", "infinity")),
    "duplicate timestamps": (
        lambda: AR().fit(pd.concat([DAYS, DAYS.iloc[-1:]])),
        ValueError,
        ("timestamps", "once|unique|duplicate", "2024-02-17", "drop_duplicates|groupby|duplicated"),
    ),
    "unsorted timestamps": (
        lambda: AR().fit(DAYS.iloc[::-1]),
        ValueError,
        ("timestamps", "sort", "sort_index"),
    ),
    "missing timestamps": (
        lambda: AR().fit(DAYS.drop(DAYS.index[20])),
        ValueError,
        ("missing", "2024-01-21", "asfreq"),
    ),
    "series too short": (
        lambda: narx(lags=12).fit(Y[:12]),
        ValueError,
        ("at least 13 rows", "12", "fewer lags"),
    ),
    "constant series": (lambda: narx().fit(Y * 0 + 1), ValueError, ("y", "varies", "constant", "Naive")),
    "strings": (lambda: AR().fit(Y.astype(str)), TypeError, ("y", "real numbers", "str", "float")),
    "objects": (
        lambda: AR().fit(Y.astype(object).where(Y > 1, "few")),
        TypeError,
        ("y", "real numbers", "Convert"),
    ),
    "complex": (lambda: AR().fit(Y.to_numpy() + 1j), ValueError, ("Complex data not supported",)),
    "empty frame": (lambda: AR().fit(Y[:0]), ValueError, ("y", "at least", "0", "")),
    "X not aligned with y": (
        lambda: AR().fit(X.shift(1, freq="M"), Y),
        ValueError,
        ("X|y", "same", "2015-0", ""),
    ),
    "missing column": (lambda: fitted().predict(ahead(3)[["price"]]), ValueError, ("X", "price", "heat")),
    "extra column": (
        lambda: fitted().predict(ahead(3, rain=0.0)),
        ValueError,
        ("X", "price", "heat", "rain"),
    ),
    "reordered columns": (lambda: fitted().predict(ahead(3)[["heat", "price"]]), ValueError, ("X", "order")),
    "missing future rows": (
        lambda: fitted().predict(ahead(5).iloc[2:]),
        ValueError,
        ("X", "2019-01", "2019-02"),
    ),
    "gap in future covariates": (
        lambda: fitted().predict(ahead(5).drop(ahead(5).index[2])),
        ValueError,
        ("2019-03",),
    ),
    "NaN in future covariates": (
        lambda: fitted().predict(fitted().make_future_frame(2)),
        ValueError,
        ("X", "NaN"),
    ),
    "a horizon without covariates": (
        lambda: fitted().predict(3),
        ValueError,
        ("X", "price", "make_future_frame"),
    ),
    "predict before fit": (lambda: narx().predict(3), NotFittedError, ("NARX", "fit")),
    "horizon 0": (
        lambda: AR().fit(Y).predict(0),
        ValueError,
        ("horizon", "at least 1", "received 0", "predict"),
    ),
    "horizon negative": (lambda: AR().fit(Y).predict(-3), ValueError, ("horizon", "at least 1", "-3")),
    "horizon float": (lambda: AR().fit(Y).predict(1.5), TypeError, ("horizon", "whole number", "1.5")),
    "lags 0": (lambda: narx(lags=0).fit(Y), ValueError, ("lags", "at least 1", "received 0", "lags=12")),
    "negative lag": (lambda: narx(lags=[1, -2]).fit(Y), ValueError, ("lags", "at least 1", "-2")),
    "unknown solver": (lambda: narx(solver="sgd").fit(Y), ValueError, ("solver", "'lm'", "'sgd'", "solver=")),
    "unknown training": (
        lambda: narx(training="open").fit(Y),
        ValueError,
        ("training", "'free-run'", "'open'"),
    ),
    "one series missing at predict": (
        lambda: (
            AR(lags=1)
            .fit(LONG.assign(x=1.0))
            .predict(
                pd.DataFrame({"unique_id": ["a"], "ds": [DAYS.index[-1] + pd.Timedelta(days=1)], "x": [1.0]})
            )
        ),
        ValueError,
        ("'b'|b",),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input(case: str) -> None:
    call, error, words = CASES[case]
    with pytest.raises(error) as caught:
        call()
    for word in words:
        assert any(part in str(caught.value) for part in word.split("|")), (word, str(caught.value))


def _written(folder: Path) -> Path:
    path = folder / "model.zip"
    AR(lags=2).fit(Y).save(path)
    return path


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def _tampered(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))


def _newer(path: Path) -> None:
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    config = json.loads(members["config.json"])
    members["config.json"] = json.dumps({**config, "format_version": 99}).encode()
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members.items():
            file.writestr(name, data)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_truncated, ("path", "undamaged", "again")),
        (_tampered, ("path", "undamaged", "again")),
        (_newer, ("format_version", "at most 1", "99", "newer")),
    ],
)
def test_bad_model_files(spoil: Callable[[Path], None], words: tuple[str, ...], tmp_path: Path) -> None:
    path = _written(tmp_path)
    spoil(path)
    with pytest.raises(ValueError) as caught:
        load(path)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_forecaster_that_handles_missing_targets_masks_them() -> None:
    for model in (AR(lags=2), SARIMAX(order=(1, 0, 0))):
        forecast = model.fit(replaced(np.nan)).predict(3)
        assert forecast.notna().all()
