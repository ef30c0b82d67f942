"""NARX: the linear model of statsmodels at its start, never worse by accident, better where it should be."""

from __future__ import annotations

import gc
import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from statsmodels.tsa.ar_model import AutoReg
from statsmodels.tsa.ardl import ARDL
from statsmodels.tsa.vector_ar.var_model import VAR

from forecast.estimators.baselines.ar import AR
from forecast.estimators.neural.narx import NARX
from tests.checks_forecaster import covariates, monthly
from tests.panel.test_panel import AHEAD, INDEXES, ROWS

pytestmark = pytest.mark.backend
Y = monthly(96)
X = covariates(Y.index)
DRIVEN = Y + X["price"] - 2 * X["heat"].shift(1).fillna(0)


def parts(model: NARX, theta: np.ndarray) -> dict[str, np.ndarray]:
    """Variables by their short names, such as "linear/kernel"."""
    slices = model._compiled().slices()
    return {"/".join(path.split("/")[-2:]): theta[part] for path, part in slices.items()}


def coefficients(model: NARX) -> np.ndarray:
    """[intercept, lags, lags of the covariates] of a linear model in the units of the data."""
    found = parts(model, model.theta_[0])
    lags = len(model.lags_)
    own, exog = found["linear/kernel"][:lags], found["linear/kernel"][lags:]
    center, spread = model.scaler_.center[0, 0], model.scaler_.spread[0, 0]
    exog = (exog.reshape(-1, max(len(model.scaler_.x_center), 1)) * spread) / np.append(
        model.scaler_.x_spread, 1.0
    )[: len(X.columns)]
    level = np.sum(exog * model.scaler_.x_center) if len(model.scaler_.x_center) else 0.0
    return np.concatenate(
        [[found["linear/bias"][0] * spread + center * (1 - own.sum()) - level], own, exog.ravel()]
    )


@pytest.mark.parametrize("scale", ["series", None])
@pytest.mark.parametrize("lags", [3, [1, 12]])
def test_linear_narx_is_autoreg(lags: int | list[int], scale: str | None) -> None:
    model = NARX(lags=lags, hidden=(), scale=scale).fit(Y)
    reference = AutoReg(Y.to_numpy(), lags, trend="c").fit()
    np.testing.assert_allclose(coefficients(model), reference.params, rtol=1e-6)
    np.testing.assert_allclose(model.predict(24), reference.forecast(24), rtol=1e-6)
    start = max(model.lags_)
    np.testing.assert_allclose(model.predict(Y.index[start:]), reference.fittedvalues, rtol=1e-6)


@pytest.mark.parametrize("exog_lags", [0, 2, [1, 3]])
def test_linear_narx_is_ardl(exog_lags: int | list[int]) -> None:
    model = NARX(lags=2, exog_lags=exog_lags, hidden=()).fit(X, DRIVEN)
    order = list(range(exog_lags + 1)) if isinstance(exog_lags, int) else exog_lags
    reference = ARDL(
        DRIVEN.to_numpy(),
        2,
        X.to_numpy(),
        order={0: order, 1: order},
        trend="c",
        hold_back=model.window_,
    ).fit()
    own = coefficients(model)
    by_column = own[3:].reshape(len(order), 2).T.ravel()  # statsmodels: all lags of a column together
    np.testing.assert_allclose(np.concatenate([own[:3], by_column]), reference.params, rtol=1e-6)
    later = covariates(pd.period_range(Y.index[-1] + 1, periods=6, freq="M"), seed=3)
    expected = reference.forecast(6, exog=later.to_numpy())
    np.testing.assert_allclose(model.predict(later), expected, rtol=1e-6)


def test_linear_narx_of_two_targets_is_a_vector_autoregression() -> None:
    both = pd.DataFrame({"a": Y, "b": monthly(96, seed=4) - 0.3 * Y})
    model = NARX(lags=2, hidden=()).fit(both)
    reference = VAR(both.to_numpy()).fit(2, trend="c")
    np.testing.assert_allclose(model.predict(12), reference.forecast(both.to_numpy()[-2:], 12), rtol=1e-6)


def test_weights_are_those_of_weighted_least_squares() -> None:
    weights = np.random.default_rng(0).integers(0, 3, size=len(Y)).astype(float)
    model = NARX(lags=2, hidden=()).fit(Y, sample_weight=weights)
    np.testing.assert_allclose(
        model.predict(5), AR(lags=2).fit(Y, sample_weight=weights).predict(5), rtol=1e-7
    )


@pytest.mark.parametrize("exog", [False, True])
def test_the_start_forecasts_as_ar(exog: bool) -> None:
    model, reference = (
        NARX(lags=3, hidden=(4,), epochs=1, random_state=0, scale="series", selection=False),
        AR(lags=3),
    )
    given = (X, DRIVEN) if exog else (Y,)
    later = covariates(pd.period_range(Y.index[-1] + 1, periods=24, freq="M"), seed=3) if exog else 24
    model.fit(*given)
    model.theta_ = model.linear_theta_
    np.testing.assert_allclose(model.predict(later), reference.fit(*given).predict(later), rtol=1e-7)


def autoregression(rows: int, seed: int) -> np.ndarray:
    rng, y = np.random.default_rng(seed), np.zeros(rows + 50)
    for t in range(2, len(y)):
        y[t] = 1.2 * y[t - 1] - 0.5 * y[t - 2] + rng.normal()
    return y[50:]


def one_step_error(model: NARX | AR, y: np.ndarray, known: int) -> float:
    values = model.fit(y[:known]).update(y[known:]).predict(pd.RangeIndex(known, len(y)))
    return float(np.sqrt(np.mean((np.asarray(values) - y[known:]) ** 2)))


def test_pure_ar_data_stay_with_ar() -> None:
    ratios = []
    for seed in range(4):
        y = autoregression(1120, seed)[: 120 + 1000]
        ratios.append(
            one_step_error(NARX(lags=2, random_state=seed), y, 120) / one_step_error(AR(lags=2), y, 120)
        )
    assert max(ratios) < 1.03


def test_a_nonlinear_map_is_learned() -> None:
    """The logistic map with a little noise: AR sees nothing in it."""
    rng, y = np.random.default_rng(0), np.full(400, 0.3)
    for t in range(1, 400):
        y[t] = np.clip(3.8 * y[t - 1] * (1 - y[t - 1]) + 0.002 * rng.normal(), 0.01, 0.99)
    narx = one_step_error(NARX(lags=1, hidden=(4,), random_state=0), y, 200)
    assert narx < 0.02 * one_step_error(AR(lags=1), y, 200)


def test_a_free_run_fit_sees_through_noise_on_the_output() -> None:
    """y = 0.8 y + u, measured with noise: least squares is biased, the closed loop is not (output error)."""
    rng = np.random.default_rng(1)
    u, state = rng.normal(size=600), np.zeros(600)
    for t in range(1, 600):
        state[t] = 0.8 * state[t - 1] + u[t]
    y = state + rng.normal(size=600)
    options = {"lags": 1, "exog_lags": 0, "hidden": (), "scale": None, "weight_decay": 0.0}
    one_step = NARX(**options).fit(u[:, None], y)
    looped = NARX(training="free-run", steps=100, validation=0, **options).fit(u[:, None], y)
    biased, found = (parts(m, m.theta_[0])["linear/kernel"] for m in (one_step, looped))
    assert abs(biased[0] - 0.8) > 0.1
    np.testing.assert_allclose(found, [0.8, 1.0], atol=0.03)


def test_auto_lags() -> None:
    y = autoregression(400, 0)
    assert NARX(hidden=()).fit(y).lags_ == (1, 2)
    index = pd.period_range("2000-01", periods=400, freq="M")
    assert NARX(hidden=()).fit(pd.Series(y, index)).lags_ == (1, 2, 12)
    assert max(NARX(hidden=()).fit(y[:8]).lags_) <= 2
    found = NARX(hidden=()).fit(X, DRIVEN).config_
    assert (found.exog_lags, found.exog_kept) == ((0, 1), (0, 3))  # price now, heat a month ago


def test_lags_of_each_column() -> None:
    lags = {"heat": [1, 3], "price": 0}
    model = NARX(lags=4, exog_lags=lags, hidden=()).fit(X, DRIVEN)
    assert model.exog_lags_ == (0, 1, 3) and model.config_.size == 4 + 3 + 1
    later = covariates(pd.period_range(Y.index[-1] + 1, periods=6, freq="M"), seed=3)
    np.testing.assert_allclose(
        model.predict(later), AR(lags=4, exog_lags=lags).fit(X, DRIVEN).predict(later), rtol=1e-6
    )
    with pytest.raises(ValueError, match="exog_lags: must be a dict of the covariates"):
        NARX(exog_lags={"wind": 1}).fit(X, DRIVEN)


def test_lags_given() -> None:
    quick = dict(epochs=1, selection=False, jit_compile=False)
    model = NARX(lags=[4, 1], exog_lags=1, hidden=(2,), **quick).fit(X, DRIVEN)
    assert (model.lags_, model.exog_lags_, model.window_) == ((1, 4), (0, 1), 4)
    assert model.config_.hidden == (2,)
    assert NARX(lags=1, exog_lags=[5], hidden=(), **quick).fit(X, DRIVEN).min_history(model.panel_) == 6


@pytest.mark.parametrize(("linear", "activation"), [(False, "tanh"), (True, "relu"), (True, "linear")])
def test_other_architectures(linear: bool, activation: str) -> None:
    options = {"linear": linear, "activation": activation, "selection": False, "jit_compile": False}
    model = NARX(lags=2, hidden=(3, 2), epochs=5, random_state=0, **options).fit(Y)
    assert np.isfinite(model.predict(6)).all()
    assert ("linear/kernel" in parts(model, model.theta_[0])) == linear


@pytest.mark.slow
def test_grid_search_in_two_processes() -> None:
    search = GridSearchCV(
        NARX(hidden=(2,), epochs=3, random_state=0),
        {"lags": [1, 12]},
        cv=TimeSeriesSplit(2, test_size=6),
        n_jobs=2,
        error_score="raise",
    ).fit(Y)
    assert search.best_params_ == {"lags": 12}
    alone = NARX(lags=12, hidden=(2,), epochs=3, random_state=0).fit(Y)
    np.testing.assert_allclose(search.predict(4), alone.predict(4), rtol=1e-6)


@pytest.mark.parametrize("name", ["hours out of summer time", "business days", "month end unset"])
def test_the_index_goes_on_and_changes_no_value(name: str) -> None:
    model = NARX(lags=2, hidden=(2,), epochs=1, selection=False, jit_compile=False, random_state=0)
    index = INDEXES[name]
    y = Y.iloc[: len(index)].set_axis(index)
    forecast = model.fit(y.iloc[:ROWS]).predict(AHEAD)
    pd.testing.assert_index_equal(forecast.index, index[ROWS:])
    np.testing.assert_allclose(forecast, model.fit(y.to_numpy()[:ROWS]).predict(AHEAD), rtol=1e-6)


@pytest.mark.slow
def test_fifty_fits_keep_the_memory_of_one_and_leave_the_settings_alone() -> None:
    """50 more fits and forecasts of one shape add less than 30 MB to the process."""
    program = """
        import os, keras, numpy as np, resource, sys
        def settings():
            width = keras.layers.Dense(1)(np.ones((1, 1))).dtype
            return dict(os.environ), keras.backend.backend(), keras.config.floatx(), str(width)
        found = settings()
        from forecast.estimators.neural.narx import NARX
        y = np.random.default_rng(0).normal(size=80).cumsum()
        def resident():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * resource.getpagesize() / 2**20
        def fit(seed):
            return NARX(lags=2, hidden=(2,), epochs=3, random_state=seed).fit(y + seed).predict(8)
        fit(0), fit(1), fit(2)
        before = resident()
        for seed in range(50):
            fit(seed)
        assert settings() == found, (settings(), found)
        print(resident() - before)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True
    )
    assert float(done.stdout.split()[-1]) < 30.0


@pytest.mark.slow
def test_fits_of_one_shape_share_what_is_compiled() -> None:
    gc.collect()
    models = [NARX(lags=2, hidden=(2,), epochs=1, random_state=seed).fit(Y) for seed in range(3)]
    assert len({id(model._compiled()) for model in models}) == 1
    forecasts = [np.asarray(model.predict(3)) for model in models]
    for model, forecast in zip(models, forecasts, strict=True):  # and none disturbs another
        np.testing.assert_array_equal(model.predict(3), forecast)


def test_absolute_errors_are_minimised_by_levenberg_marquardt() -> None:
    """With wild noise: no slope and intercept on a grid do better than those found, and squares find others."""
    rng = np.random.default_rng(0)
    noise, y = rng.standard_t(1.5, size=300), np.zeros(300)
    for now in range(1, 300):
        y[now] = 0.5 * y[now - 1] + noise[now]
    errors = {}
    for loss in ("squared", "absolute"):
        model = NARX(
            lags=1, hidden=(), loss=loss, scale=None, weight_decay=1e-9, validation=0, tolerance=1e-7
        )
        model.fit(y)
        errors[loss] = np.abs(y[1:] - model.predict(pd.RangeIndex(1, 300))).mean()
    slopes, intercepts = np.meshgrid(np.arange(0.3, 0.7, 0.01), np.arange(-0.3, 0.3, 0.02))
    lines = slopes[..., None] * y[:-1] + intercepts[..., None]
    least = np.abs(y[1:] - lines).mean(axis=-1).min()
    assert errors["absolute"] < least + 1e-3 and errors["absolute"] < errors["squared"]
    with pytest.raises(ValueError, match="ResidualTDNN"):
        NARX(loss=[0.1, 0.9]).fit(y)
