"""Covariates: a known effect is found, useless ones change nothing, and the effect is the same in every answer."""

import numpy as np
import pandas as pd
import pytest

from forecast import Pretrained, load
from forecast.datasets import load_air_passengers
from forecast.estimators.pretrained import judged_tail
from forecast.estimators.pretrained.covariates import ridge

INDEX = pd.period_range("2000-01", periods=240, freq="M")


def data(effect: float, *, seed: int = 0) -> tuple[pd.Series, pd.DataFrame, pd.Series]:
    """A seasonal series, two covariates, and the series plus `effect` times the first of them."""
    rng = np.random.default_rng(seed)
    plain = 10 * np.sin(np.arange(240) * np.pi / 6) + 0.5 * rng.normal(size=240).cumsum()
    X = pd.DataFrame(rng.normal(size=(240, 2)), INDEX, columns=["price", "noise"])
    return pd.Series(plain, INDEX, name="y"), X, pd.Series(plain + effect * X["price"], INDEX, name="y")


def test_a_known_effect_is_found_and_the_forecast_is_that_of_the_rest() -> None:
    plain, X, y = data(20.0)
    model = Pretrained(horizon=12).fit(X.iloc[:228], y.iloc[:228])
    unit = y.iloc[:228].diff().abs().mean()
    assert model.selection_["kept"].tolist() == [False, True] and model.exog_coef_ is not None
    np.testing.assert_allclose(unit * model.exog_coef_[0], [20.0, 0.0], atol=0.3)
    rest = Pretrained().fit(plain.iloc[:228]).predict(12) + 20 * X["price"].iloc[228:]
    np.testing.assert_allclose(model.predict(X.iloc[228:]), rest, atol=1.5)
    blind = Pretrained(horizon=12, covariates=False).fit(X.iloc[:228], y.iloc[:228])
    errors = [(each.predict(X.iloc[228:]) - y.iloc[228:]).abs().mean() for each in (model, blind)]
    assert errors[0] < 0.3 * errors[1]


def test_useless_covariates_change_nothing() -> None:
    y = load_air_passengers().astype(float)
    X = pd.DataFrame(np.random.default_rng(1).normal(size=(144, 3)), y.index, columns=list("abc"))
    model = Pretrained(horizon=12).fit(X.iloc[:132], y.iloc[:132])
    assert model.exog_coef_ is None and len(model.selection_) == 2
    alone = Pretrained().fit(y.iloc[:132])
    np.testing.assert_array_equal(model.predict(X.iloc[132:]), alone.predict(12))
    short = Pretrained(horizon=12).fit(X.iloc[:5], y.iloc[:5])
    assert short.exog_coef_ is None and not len(short.selection_)


def test_every_answer_has_the_effect(tmp_path: object) -> None:
    _, X, y = data(20.0)
    model = Pretrained(covariates=True).fit(X.iloc[:200], y.iloc[:200])
    future = X.iloc[190:230]  # rows in the history and after it
    told = model.predict_quantiles(future, [0.1, 0.5, 0.9])
    np.testing.assert_allclose(told["Pretrained-q0.5"], model.predict(future), rtol=1e-6)
    paths = model.sample(X.iloc[200:230], n=500, random_state=0)
    assert np.corrcoef(paths.mean(axis=1), X["price"].iloc[200:230])[0, 1] > 0.8
    width = (told["Pretrained-q0.9"] - told["Pretrained-q0.1"]).iloc[10:22]
    blind = (
        Pretrained(covariates=False)
        .fit(X.iloc[:200], y.iloc[:200])
        .predict_quantiles(X.iloc[200:212], [0.1, 0.9])
    )
    assert width.mean() < 0.3 * (blind.iloc[:, 1] - blind.iloc[:, 0]).mean()
    path = f"{tmp_path}/a.zip"
    model.save(path)
    pd.testing.assert_series_equal(load(path).predict(future), model.predict(future))


def test_an_update_keeps_the_effect() -> None:
    _, X, y = data(20.0)
    model = Pretrained(covariates=True).fit(X.iloc[:200], y.iloc[:200])

    def effect(future: pd.DataFrame) -> np.ndarray:
        return (model.predict(future + [1.0, 0.0]) - model.predict(future)).to_numpy()

    before = effect(X.iloc[200:210])
    loud = y.iloc[200:210] * 100  # whose mean step is another one
    model.update(X.iloc[200:210], loud)
    after = effect(X.iloc[210:220])
    np.testing.assert_allclose(before, before[0])
    np.testing.assert_allclose(after, before)


def test_forecasts_follow_the_units_of_target_and_covariates() -> None:
    _, X, y = data(20.0)
    plain = Pretrained(horizon=12).fit(X.iloc[:228], y.iloc[:228]).predict(X.iloc[228:])
    other, unit = X * [1e3, 1e-3] + [7.0, -2.0], 1e-4
    told = Pretrained(horizon=12).fit(other.iloc[:228], 5 + unit * y.iloc[:228]).predict(other.iloc[228:])
    np.testing.assert_allclose((told - 5) / unit, plain, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("judges", [1, 2])
def test_series_of_a_panel_share_the_effect(judges: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judged_tail, "MOST_SERIES", judges)
    parts = []
    for name, scale in (("a", 1.0), ("b", 100.0)):
        _, X, y = data(20.0, seed=len(parts))
        parts.append(X.assign(unique_id=name, ds=INDEX.to_timestamp(), y=scale * y))
    long = pd.concat(parts, ignore_index=True)
    known = long.groupby("unique_id").head(228)
    ahead = long.drop(index=known.index).reset_index(drop=True)
    told = Pretrained(horizon=12).fit(known).predict(ahead.drop(columns="y"))["Pretrained"]
    blind = Pretrained(horizon=12, covariates=False).fit(known).predict(ahead.drop(columns="y"))["Pretrained"]
    errors = [(each - ahead["y"]).abs().groupby(ahead["unique_id"]).mean() for each in (told, blind)]
    assert (errors[0] < 0.4 * errors[1]).all()


def test_the_ridge_is_that_of_the_least_leave_one_out_error() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3))
    goal = x @ [1.0, 0.0, -2.0] + rng.normal(size=40)
    goal[3] = np.nan
    least = np.linalg.lstsq(np.delete(x, 3, 0), np.delete(goal, 3), rcond=None)[0]
    np.testing.assert_allclose(ridge(x, goal), least, atol=0.2)
    assert np.abs(ridge(x, rng.normal(size=40))).max() < 0.15
    assert pytest.approx(np.zeros(3)) == ridge(np.zeros((40, 3)), goal)
