"""Transforms of the target: the forecasts of a model of transformed values, brought back."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import boxcox, inv_boxcox
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.preprocessing import FunctionTransformer, KBinsDiscretizer, MinMaxScaler, PowerTransformer

from forecast.estimators.base import Forecaster
from forecast.estimators.baselines.ar import AR
from forecast.estimators.baselines.naive import Drift, Naive
from forecast.estimators.baselines.theta import Theta
from forecast.estimators.ensemble import Ensemble
from forecast.estimators.lag_regressor import LagRegressor
from forecast.estimators.neural.narx import NARX
from forecast.estimators.neural.online_rnn import OnlineRNN
from forecast.estimators.neural.recursive_net import RecursiveNet
from forecast.estimators.pretrained.estimator import Pretrained
from forecast.estimators.saving import load
from forecast.estimators.transforms import exponents
from forecast.evaluation.backtest import backtest
from forecast.panel import Panel
from tests.checks_forecaster import check_forecaster, covariates, long_frame, monthly
from tests.estimators.test_saving import array, contents, forge, refused

Y = monthly()
NETWORK = NARX(lags=3, hidden=(2,), epochs=5, jit_compile=False, random_state=0)
SLOW = [pytest.mark.backend, pytest.mark.slow]


def agree(given: Any, wanted: Any) -> None:
    """The same numbers on the same index, under the same names."""
    if isinstance(given, pd.DataFrame):
        pd.testing.assert_frame_equal(given, wanted, rtol=1e-12, atol=0)
    else:
        pd.testing.assert_series_equal(given, wanted, rtol=1e-12, atol=0)


@pytest.mark.parametrize(
    "model",
    [AR(), LagRegressor(lags=3), Theta(), Pretrained(), pytest.param(NETWORK, marks=SLOW)],
    ids=lambda model: type(model).__name__,
)
def test_answers_are_those_of_the_model_of_logarithms_brought_back(model: Forecaster) -> None:
    y, holes = Y.copy(), [10, 30, 31, 55]
    y.iloc[holes] = np.nan
    X = covariates(y.index)
    outer = clone(model).set_params(transform="log").fit(X[:50], y[:50])
    inner = clone(model).fit(X[:50], np.log(y[:50]))
    assert outer.panel_.y[holes[:3]].size == np.isnan(outer.panel_.y).sum()
    for ask in (
        lambda fitted: fitted.predict(X),
        lambda fitted: fitted.predict_interval(X[50:53], level=50),
        lambda fitted: fitted.predict_quantiles(X[50:53], [0.2, 0.6]),
        lambda fitted: fitted.sample(X[50:53], n=3, random_state=0),
    ):
        agree(ask(outer), np.exp(ask(inner)))
    agree(outer.simulate(X, y[:45]), np.exp(inner.simulate(X, np.log(y[:45]))))
    learned = outer.transform_
    outer.update(X[50:56], y[50:56]), inner.update(X[50:56], np.log(y[50:56]))
    agree(outer.predict(X[56:]), np.exp(inner.predict(X[56:])))
    assert outer.transform_ is learned
    outer.partial_fit(X[56:], y[56:]), inner.partial_fit(X[56:], np.log(y[56:]))
    agree(outer.predict(X[40:]), np.exp(inner.predict(X[40:])))


@pytest.mark.backend
def test_a_network_of_differences_of_logarithms() -> None:
    quick, logs = clone(NETWORK).set_params(selection=False), np.log(Y)
    outer = clone(quick).set_params(transform=["log", "difference"]).fit(Y)
    inner = quick.fit(logs.diff().dropna())
    agree(outer.predict(12), np.exp(logs.iloc[-1] + inner.predict(12).cumsum()))
    known = Y.index[4:]
    agree(outer.predict(known), np.exp(logs.shift(1)[known] + inner.predict(known)))
    np.testing.assert_array_equal(outer.windows(Y)[0], inner.windows(logs.diff().dropna())[0])


def test_panels_several_targets_and_backtests() -> None:
    long = long_frame()
    logs = long.assign(y=np.log(long["y"]))
    answer, wanted = AR(transform="log").fit(long).predict(4), AR().fit(logs).predict(4)
    agree(answer, wanted.assign(AR=np.exp(wanted["AR"])))
    both = pd.DataFrame({"a": Y, "b": monthly(seed=5)})
    bounds = AR(lags=2, transform="log").fit(both).predict_interval(3, level=80)
    agree(bounds, np.exp(AR(lags=2).fit(np.log(both)).predict_interval(3, level=80)))
    told = {"horizon": 3, "windows": 3, "refit": False, "level": [80]}
    table, other = backtest(AR(transform="log"), Y, **told), backtest(AR(), np.log(Y), **told)
    columns = ["y", "AR", "AR-lo-80", "AR-hi-80"]
    np.testing.assert_allclose(table[columns], np.exp(other[columns]), rtol=1e-12)


def test_rows_of_an_array_are_found_in_the_users_units() -> None:
    y = Y.to_numpy()
    model = AR(lags=2, transform="log").fit(y)
    np.testing.assert_allclose(model.predict(y[20:30]), model.predict(y)[20:30])
    assert model.score(y) > 0.5


def test_boxcox_is_the_model_of_powers_with_the_exponent_of_each_series() -> None:
    rng, season = np.random.default_rng(0), np.tile([1.0, 2.0, 1.5, 0.8], 10)
    level = np.exp(np.arange(40) / 20)
    noise = 1 + 0.01 * rng.normal(size=40)
    index = pd.period_range("2000Q1", periods=40, freq="Q")
    grows, steady = (
        pd.Series(level * season * noise, index),
        pd.Series(10 + np.arange(40) + season * noise, index),
    )
    found = exponents(Panel.from_data(pd.DataFrame({"a": grows, "b": 7 * grows, "c": steady})), 4)[0]
    assert found[0] == found[1] < 0.1 and found[2] > 0.9
    model = AR(lags=4, transform="boxcox").fit(grows)
    exponent = float(model.lambda_[0, 0])
    inner = AR(lags=4).fit(pd.Series(boxcox(grows, exponent), index))
    agree(model.predict(6), inv_boxcox(inner.predict(6), exponent).rename(None))
    unit = AR(lags=4, transform="boxcox").fit(1000 * grows)
    agree(unit.predict(6) / 1000, model.predict(6))
    stacked = pd.concat({"steady": steady, "grows": grows})
    both = AR(lags=4, transform="boxcox").fit(stacked)
    assert both.lambda_[0, 0] > both.lambda_[1, 0]
    np.testing.assert_allclose(both.predict(6)["grows"], model.predict(6), rtol=1e-12)
    np.testing.assert_allclose(both._history().to_user()[1], stacked, rtol=1e-12)
    kept = model.lambda_
    assert model.update(pd.Series([3.0], [index[-1] + 1])).lambda_ is kept
    assert model.panel_.y[-1, 0] == boxcox(3.0, exponent)


def test_series_too_short_or_new_share_the_exponent_of_the_others() -> None:
    t = np.arange(40.0)
    parts = {"a": np.exp(t / 9) * np.tile([1, 2], 20), "b": np.exp(t[:6]), "c": 50 + t + np.tile([1, 2], 20)}
    frames = [pd.DataFrame({"unique_id": k, "ds": np.arange(len(v)), "y": v}) for k, v in parts.items()]
    model = AR(lags=1, pooled=True, transform="boxcox").fit(pd.concat(frames, ignore_index=True))
    first, short, last = model.lambda_[:, 0]
    assert short == np.median([first, last]) and first < last
    record = frames[0].assign(unique_id="new")
    known = record.head(10)
    inner = AR(lags=1, pooled=True)
    inner.fit(frame_of(model.panel_))
    steps = inner.simulate(record.drop(columns="y"), known.assign(y=boxcox(known["y"], short)))
    np.testing.assert_allclose(
        model.simulate(record.drop(columns="y"), known)["AR"], inv_boxcox(steps["AR"], short)
    )
    assert (exponents(Panel.from_data(np.arange(1.0, 6.0)), 2) == 1).all()


def frame_of(panel: Panel) -> Any:
    return panel.to_user()[1]


def test_an_inverse_that_ends_gives_its_end() -> None:
    level = np.linspace(100.0, 1.0, 60)
    falls = pd.Series(level + np.tile([0.0, 0.5], 30) * np.sqrt(level))
    model = AR(lags=1, season=2, transform="boxcox", trend="ct").fit(falls)
    assert 0 < model.lambda_[0, 0] < 1 and model.predict(40).iloc[-1] == 0.0
    rises = AR(lags=1, trend="n", difference=False, transform="log").fit(np.exp(2.0 ** np.arange(10)))
    assert np.isfinite(rises.predict(5)).all()


def test_counts_stay_counts() -> None:
    y = pd.Series(np.maximum(np.linspace(9, -3, 60), 0) + np.tile([0.0, 1.0], 30), Y.index, name="n")
    bounded, free = AR(lags=2, nonnegative=True).fit(y), AR(lags=2).fit(y)
    for ask in (
        lambda fitted: fitted.predict(20),
        lambda fitted: fitted.predict_interval(9, level=80),
        lambda fitted: fitted.predict_quantiles(9),
        lambda fitted: fitted.sample(9, n=5, random_state=1),
        lambda fitted: fitted.predict(y.index),
        lambda fitted: fitted.simulate(4, y[:50]),
    ):
        assert (ask(free) < 0).to_numpy().any()
        agree(ask(bounded), ask(free).clip(lower=0.0))
    with pytest.raises(
        ValueError, match=r"y: must be at least 0 for nonnegative=True; received -1 .*2015-02"
    ):
        AR(nonnegative=True).fit(y.where(y.index != y.index[1], -1.0))
    with pytest.raises(ValueError, match="nonnegative"):
        bounded.update(pd.Series([-2.0], [y.index[-1] + 1], name="n"))


@pytest.mark.parametrize("transform", ["log", ["log", "difference"]])
def test_bias_correction_is_the_mean_of_a_log_normal_distribution(transform: Any) -> None:
    y = Y * np.exp(0.3 * np.random.default_rng(3).normal(size=60))
    median = AR(lags=2, transform=transform).fit(y)
    mean = AR(lags=2, transform=transform, bias_correction=True).fit(y)
    told = mean.predict(4)
    errors = mean.conformal_.errors[:, :4, 0, 0]  # in units of the error at the end
    inner = AR(lags=2, transform=transform[1:] if isinstance(transform, list) else None).fit(np.log(y))
    unit = np.diff(inner.predict_quantiles(4, [0.3, 0.7]))[:, 0] / np.diff(
        mean.conformal_.shifts([0.3, 0.7], 0, 0.25)[:, :4, 0], axis=0
    )
    square = unit[0] ** 2 * np.nanmean(errors**2, axis=0)
    np.testing.assert_allclose(told, median.predict(4) * np.exp(square / 2), rtol=1e-9)
    agree(mean.predict_quantiles(4), median.predict_quantiles(4))
    answer, plain = mean.predict_interval(4, level=80), median.predict_interval(4, level=80)
    agree(answer.iloc[:, 1:], plain.iloc[:, 1:])
    np.testing.assert_array_equal(answer["AR"], told)
    agree(mean.predict(y.index), median.predict(y.index))


def test_without_a_bent_transform_there_is_no_bias() -> None:
    short = monthly(8)  # too short to hold rows out, which is not asked for
    for options in ({"transform": "difference"}, {"nonnegative": True}):
        agree(
            Naive(bias_correction=True, **options).fit(short).predict(3),
            Naive(**options).fit(short).predict(3),
        )


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (
            "log",
            r"y: must be above 0 for transform='log'; received 0 in column 'sales' at 2015-03.*'log1p'",
        ),
        ("boxcox", r"above 0 for transform='boxcox'.*'log1p'"),
        (["log1p", "log"], "PowerTransformer|log1p"),
        ("logarithm", "transform: must be None, 'log', .*received 'logarithm'"),
        (["difference", "log"], "differences last"),
        (FunctionTransformer(np.reciprocal, np.reciprocal), "increasing"),
        (FunctionTransformer(np.sqrt), "undone by its inverse_transform.*or take another"),
        (KBinsDiscretizer(3), "from one column to one"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_with_the_remedy(transform: Any, message: str) -> None:
    y = (
        Y.where(Y.index != Y.index[2], 0.0)
        if "FunctionTransformer(func=<ufunc 'rec" not in str(transform)
        else Y
    )
    model = AR().fit(Y)
    with pytest.raises(ValueError, match=message):
        model.set_params(transform=transform).fit(y)
    assert model.transform_ == () and model.predict(1).notna().all()  # as before


def test_values_below_zero_and_a_class_are_refused() -> None:
    with pytest.raises(ValueError, match="PowerTransformer"):
        AR(transform="log").fit(Y - 60)
    with pytest.raises(TypeError, match="received <class"):
        AR(transform=PowerTransformer).fit(Y)
    with pytest.raises(ValueError, match=r"above 0 for transform='log'"):
        AR(transform="log").fit(Y).update(pd.Series([0.0], [Y.index[-1] + 1], name="sales"))
    assert AR(transform="log1p").fit(Y - Y.min()).predict(3).notna().all()


def test_transformers_of_scikit_learn() -> None:
    logs = AR(lags=2, transform=FunctionTransformer(np.log, np.exp)).fit(Y)
    agree(
        logs.predict_interval(5, level=80),
        AR(lags=2, transform="log").fit(Y).predict_interval(5, level=80),
    )
    both = pd.DataFrame({"a": Y, "b": -monthly(seed=5)})
    both.iloc[[4, 20], 1] = np.nan
    scaled = AR(lags=2, transform=MinMaxScaler()).fit(both)
    assert np.nanmax(scaled.panel_.y, axis=0).tolist() == [1.0, 1.0] and np.isnan(scaled.panel_.y).sum() == 2
    np.testing.assert_allclose(scaled.predict(5), AR(lags=2).fit(both).predict(5), rtol=1e-9)
    mixed = AR(lags=2, transform=[PowerTransformer(), "difference"]).fit(both)
    assert mixed.predict_interval(5, level=80).notna().all(axis=None)
    agree(pickle.loads(pickle.dumps(mixed)).predict(5), mixed.predict(5))
    with pytest.raises(ValueError, match=r"transform: .*joblib"):
        mixed.save("never.zip")
    search = GridSearchCV(
        AR(lags=2),
        {"transform": [None, "log", "boxcox", MinMaxScaler()]},
        cv=TimeSeriesSplit(2, test_size=6),
    ).fit(Y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_members_of_an_ensemble_keep_their_transforms() -> None:
    own = Ensemble({"ar": AR(lags=2, transform="log"), "naive": Drift()}, combine="mean").fit(Y[:50])
    alone = AR(lags=2, transform="log").fit(Y[:50]), Drift().fit(Y[:50])
    agree(own.predict(4), sum(model.predict(4) for model in alone) / 2)
    agree(own.predict(Y.index[5:50]), sum(model.predict(Y.index[5:50]) for model in alone) / 2)
    around = clone(own).set_params(ar__transform=None, transform="log").fit(Y[:50])
    inside = clone(own).set_params(ar__transform=None).fit(np.log(Y[:50]))
    for ask in (lambda fitted: fitted.predict(4), lambda fitted: fitted.predict_interval(4, level=50)):
        agree(ask(around), np.exp(ask(inside)))
    around.update(Y[50:55]), inside.update(np.log(Y[50:55]))
    agree(around.partial_fit(Y[55:]).predict(4), np.exp(inside.partial_fit(np.log(Y[55:])).predict(4)))
    with pytest.raises(ValueError, match=r"bias_correction: must be False inside an ensemble"):
        Ensemble({"ar": AR(transform="log", bias_correction=True)}).fit(Y)


@pytest.mark.backend
def test_models_that_learn_online_and_hierarchies() -> None:
    small = OnlineRNN(lags=2, units=2, jit_compile=False, random_state=0)
    outer, inner = (
        clone(small).set_params(transform="log").fit(Y[:40]),
        clone(small).fit(np.log(Y[:40])),
    )
    outer.partial_fit(Y[40:]), inner.partial_fit(np.log(Y[40:]))
    agree(outer.predict(3), np.exp(inner.predict(3)))
    frame = pd.DataFrame({"a": Y, "b": Y, "sum": 2 * Y})
    tree = pd.DataFrame({"node": ["a", "b", "sum"], "parent": ["sum", "sum", None]})
    for options in ({"transform": "log"}, {"nonnegative": True}):
        with pytest.raises(ValueError, match="where levels add up"):
            RecursiveNet(parents=tree, **options).fit(frame)


@pytest.mark.parametrize(
    "model",
    [
        AR(transform=["boxcox", "difference"], nonnegative=True),
        LagRegressor(lags=2, season=12, transform=["log", "seasonal_difference"]),
        pytest.param(Theta(transform="boxcox"), marks=pytest.mark.slow),
        pytest.param(Pretrained(transform=["log1p", "difference"]), marks=pytest.mark.slow),
        pytest.param(
            Ensemble(
                {"ar": AR(lags=2, transform="log"), "drift": Drift(transform="difference")},
                combine="weights",
                transform="boxcox",
            ),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            NARX(
                lags=2,
                hidden=(2,),
                epochs=5,
                jit_compile=False,
                random_state=0,
                transform=["log", "difference"],
            ),
            marks=SLOW,
        ),
    ],
    ids=lambda model: type(model).__name__,
)
def test_the_common_checks(model: Forecaster, tmp_path: Path) -> None:
    check_forecaster(model, tmp_path)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    AR(lags=2, transform=["boxcox", "seasonal_difference"], nonnegative=True).fit(Y).save(tmp_path / "m.zip")
    return tmp_path / "m.zip"


def test_a_file_keeps_the_transform(saved: Path) -> None:
    model = load(saved)
    assert model.transform_ == ("boxcox", "seasonal_difference") and model.differences_ == (12,)
    before = AR(lags=2, transform=["boxcox", "seasonal_difference"], nonnegative=True).fit(Y)
    agree(model.update(next_rows()).predict(4), before.update(next_rows()).predict(4))


def next_rows() -> pd.Series:
    return pd.Series([60.0, 61.0], pd.period_range(Y.index[-1] + 1, periods=2, freq="M"), name="sales")


@pytest.mark.parametrize(
    "value", [np.array([[7.0]]), np.array([[np.nan]]), np.array([[0.5, 0.5]]), np.array([0.5])]
)
def test_a_forged_exponent_is_refused(saved: Path, value: np.ndarray) -> None:
    array(saved, "state/lambda_", value)
    refused(saved, "lambda_")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("transform_", {"tuple": ["log", "seasonal_difference"]}),
        ("transform_", {"tuple": ["boxcox"]}),
        ("transform_", ["boxcox", "seasonal_difference"]),
        ("differences_", {"tuple": [1]}),
        ("differences_", {"tuple": [12, 12]}),
        ("differences_", {"tuple": [-12]}),
        ("differences_", {"tuple": []}),
    ],
)
def test_another_transform_than_that_of_the_model_is_refused(saved: Path, name: str, value: Any) -> None:
    config, members = contents(saved)
    forge(saved, {**config, "state": {**config["state"], name: value}}, members)
    refused(saved)


def test_a_transform_without_its_values_is_refused(saved: Path) -> None:
    config, members = contents(saved)
    for params in (
        {"transform": None},
        {"transform": "auto"},
        {"transform": ["boxcox"]},
    ):
        forge(saved, {**config, "params": {**config["params"], **params}}, members)
        refused(saved)
    for name in ("transform_", "differences_"):
        state = {key: value for key, value in config["state"].items() if key != name}
        forge(saved, {**config, "state": state}, members)
        refused(saved)


def test_missing_values_do_not_switch_the_exponent_off() -> None:
    t = np.arange(120)
    y = np.exp(t / 30) * (2 + np.sin(t * np.pi / 6))
    whole = exponents(Panel.from_data(y), 12)
    for seed in range(5):
        gaps = np.where(np.random.default_rng(seed).random(120) < 0.2, np.nan, y)
        np.testing.assert_allclose(exponents(Panel.from_data(gaps, allow_missing=True), 12), whole, atol=0.15)
