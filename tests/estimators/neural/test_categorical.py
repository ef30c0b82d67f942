"""Learned vectors of series and categories: they tell apart what one model of all cannot; a new one has their mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone

from forecast.estimators.baselines.ar import AR
from forecast.estimators.neural.embedding import EmbeddingForecaster
from forecast.estimators.neural.narx import NARX
from forecast.estimators.neural.rnn import RNN
from forecast.estimators.saving import load

pytestmark = pytest.mark.backend
SMALL = dict(lags=1, hidden=(4,), scale=None, jit_compile=False, random_state=0)
QUICK = dict(epochs=1, solver="lbfgs", validation=0, scale=None, jit_compile=False, random_state=0)
NETWORKS = [
    NARX(lags=1, hidden=(3,), **QUICK),
    RNN(cell="elman", units=2, window=2, lags=1, **QUICK),
]


def panel(names: tuple[str, ...] = ("up", "down"), rows: int = 60) -> pd.DataFrame:
    """y = x^2 - 4/3 in one series and 4/3 - x^2 in the other, with a little noise; and the sign as a text."""
    rng, parts = np.random.default_rng(0), []
    for number, name in enumerate(names):
        x = rng.uniform(-2, 2, size=rows)
        y = (-1) ** number * (x**2 - 4 / 3) + 0.05 * rng.normal(size=rows)
        parts.append(pd.DataFrame({"unique_id": name, "ds": np.arange(rows), "y": y, "x": x}))
    return pd.concat(parts, ignore_index=True)


LONG = panel()
FIRST, REST = LONG[LONG["ds"] < 45], LONG[LONG["ds"] >= 45]


def error(model, first: pd.DataFrame = FIRST, rest: pd.DataFrame = REST) -> float:
    forecast = model.fit(first).predict(rest.drop(columns="y"))[type(model).__name__]
    return float(np.sqrt(np.mean((forecast.to_numpy() - rest["y"].to_numpy()) ** 2)))


def kinds(long: pd.DataFrame) -> pd.DataFrame:
    """The same rows shuffled between two series, so that only the text tells the sign."""
    mixed = long.sample(frac=1.0, random_state=1).reset_index(drop=True)
    mixed = mixed.rename(columns={"unique_id": "kind"})
    half = len(mixed) // 2
    return mixed.assign(unique_id=np.repeat(["a", "b"], half), ds=np.tile(np.arange(half), 2))


@pytest.mark.slow
def test_a_vector_for_each_series_tells_their_signs() -> None:
    assert error(NARX(**SMALL, embed_series=1, epochs=40)) < 0.1
    assert min(error(AR(lags=1)), error(NARX(**SMALL, epochs=20))) > 1.0


@pytest.fixture(scope="module")
def by_kind() -> NARX:
    long = kinds(LONG)
    return NARX(**SMALL, categories={"kind": 1}, epochs=80).fit(long[long["ds"] < 45])


def test_a_vector_for_each_text_tells_their_signs(by_kind: NARX, tmp_path: Path) -> None:
    long = kinds(LONG)
    rest = long[long["ds"] >= 45]
    future = rest.drop(columns="y")
    forecast = by_kind.predict(future)
    assert np.sqrt(np.mean((forecast["NARX"].to_numpy() - rest["y"].to_numpy()) ** 2)) < 0.15
    assert set(by_kind.levels_["kind"]) == {"up", "down"}
    by_kind.save(tmp_path / "model.zip")
    pd.testing.assert_frame_equal(load(tmp_path / "model.zip").predict(future), forecast)
    first = long[long["ds"] < 45]
    record = by_kind.simulate(long.drop(columns="y"), first.drop(columns=["x", "kind"]))
    pd.testing.assert_frame_equal(record, forecast)
    moved = clone(by_kind).set_params(epochs=1).fit(first).update(rest)
    assert moved.get_params() == by_kind.set_params(epochs=1).get_params()
    np.testing.assert_array_equal(moved.panel_.x[:, 0].reshape(2, 60)[:, 45:].ravel() >= 0, True)


def test_an_unknown_text_is_no_other_and_a_missing_one_is_refused(by_kind: NARX) -> None:
    future = kinds(LONG)[lambda rows: rows["ds"] == 45].drop(columns="y").assign(x=1.0)
    ask = {kind: by_kind.predict(future.assign(kind=kind))["NARX"][0] for kind in ("up", "down", "a", "b")}
    assert ask["a"] == ask["b"] and len(set(ask.values())) == 3
    with pytest.raises(ValueError, match="NaN in column 'kind'"):
        by_kind.predict(future.assign(kind=None))


def test_frames_of_polars_and_numbers_as_categories_are_the_same() -> None:
    long = kinds(LONG)[["unique_id", "ds", "y", "x", "kind"]]
    model = clone(NETWORKS[0]).set_params(categories={"kind": 2})
    first, future = long[long["ds"] < 45], long[long["ds"] >= 45].drop(columns="y")
    expected = clone(model).fit(first).predict(future)["NARX"].to_numpy()
    polars = clone(model).fit(pl.DataFrame(first.to_dict("list")))
    np.testing.assert_allclose(polars.predict(pl.DataFrame(future.to_dict("list")))["NARX"], expected)
    numbers = {"up": 7, "down": 3}
    coded = clone(model).fit(first.replace({"kind": numbers}))
    np.testing.assert_allclose(coded.predict(future.replace({"kind": numbers}))["NARX"], expected)


@pytest.mark.parametrize("model", NETWORKS, ids=lambda model: type(model).__name__)
def test_training_starts_at_one_least_squares_fit_and_a_new_series_has_the_mean_vector(
    model: EmbeddingForecaster,
) -> None:
    model = clone(model).set_params(embed_series=2, selection=False).fit(FIRST)
    assert model.config_.embedded == ((2, 2),) and model.config_.exog == 1
    parts = model._compiled().slices()
    (linear,) = [part for path, part in parts.items() if path.endswith("linear/kernel")]
    (table,) = [part for path, part in parts.items() if path.endswith("embedding_1/embeddings")]
    used = FIRST.assign(before=FIRST.groupby("unique_id")["y"].shift(), one=1.0)
    used = used[used["ds"] >= model.window_]
    expected = np.linalg.lstsq(used[["before", "x", "one"]], used["y"], rcond=None)[0]
    np.testing.assert_allclose(model.linear_theta_[0, linear], expected[:2], rtol=1e-6)

    record = LONG[LONG["unique_id"] == "up"]

    def run(name: str) -> np.ndarray:
        named = record.assign(unique_id=name)
        start = named[named["ds"] < 10].drop(columns="x")
        return model.simulate(named.drop(columns="y"), start)[type(model).__name__].to_numpy()

    model.theta_ = 0.5 * np.random.default_rng(0).normal(size=model.theta_.shape)
    new = run("new")
    assert np.abs(new - run("up")).max() > 1e-3
    model.theta_[:, table] = np.tile(model.theta_[:, table].reshape(2, 2).mean(axis=0), 2)
    np.testing.assert_allclose(run("up"), new, rtol=1e-6)
    window, _ = model.windows(FIRST)
    assert sorted(np.unique(window[:, :, -1])) == [0.0, 1.0]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (dict(embed_series=-1), ValueError, "embed_series: must be a whole number of at least 0"),
        (dict(categories="x"), TypeError, "categories: must be a list of columns of X"),
        (dict(categories=["z"]), ValueError, "categories: must be columns of a frame X"),
        (dict(categories={"x": 0}), ValueError, r"categories\['x'\]: must be a whole number of at least 1"),
        (dict(categories={"shop": 1}), ValueError, "categories: must be columns of a frame X"),
        (dict(categories={"unique_id": 1}), ValueError, "categories: must be among the covariates"),
        (dict(embed_series=1, hidden=()), ValueError, "hidden: must be at least one layer"),
    ],
)
def test_errors_name_argument_allowed_and_received(options: dict, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        NARX(**{**SMALL, **options}).fit(FIRST)
