"""The loop over series: any number of jobs, moments in any unit, seasons by timestamp, threads as before."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from statsmodels.tools.sm_exceptions import ModelWarning
from threadpoolctl import threadpool_info

from forecast import AR, ETS, SARIMAX, MarkovSwitching, Naive2, Theta
from forecast.estimators.baselines.alone import alone
from forecast.estimators.baselines.local import LocalForecaster, moments, on_grid
from tests.checks_forecaster import long_frame

MODELS: list[LocalForecaster] = [
    AR(),
    ETS(error="add", seasonal=None),
    Naive2(season=4),
    Theta(),
    SARIMAX(order=(1, 0, 0)),
    MarkovSwitching(iterations=2),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_the_number_of_jobs_changes_no_forecast(model: LocalForecaster) -> None:
    long = long_frame((40, 36, 30))
    one = model.set_params(n_jobs=None).fit(long).predict(3)
    with joblib.parallel_config(backend="threading"):
        two = model.set_params(n_jobs=2).fit(long).predict(3)
        every = model.set_params(n_jobs=-1).fit(long).predict(3)
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    pd.testing.assert_frame_equal(one, every, check_exact=True)


@pytest.mark.parametrize("n_jobs", [0, -3, 1.5, "all"])
def test_wrong_number_of_jobs(n_jobs: object) -> None:
    with pytest.raises((TypeError, ValueError), match="n_jobs: must be"):
        AR(n_jobs=n_jobs).fit(np.arange(30.0) % 7)  # type: ignore[arg-type]


@pytest.mark.parametrize("unit", [1e-300, 1.0, 1e300])
def test_moments_follow_the_unit(unit: float) -> None:
    y = np.random.default_rng(0).normal(3, 1, size=50)
    np.testing.assert_allclose(moments(unit * y), [unit * y.mean(), unit * y.std()], rtol=1e-12)


def test_the_grid_hides_rounding() -> None:
    y = np.r_[np.nan, np.random.default_rng(0).normal(size=200)]
    np.testing.assert_array_equal(on_grid((1e5 * y + 7.0 - 7.0) / 1e5), on_grid(y))
    assert 0 < np.nanmax(np.abs(on_grid(y) - y)) <= 2.0**-31


def test_moments_leave_out_what_is_missing() -> None:
    np.testing.assert_allclose(moments(np.array([1.0, np.nan, 3.0])), [2.0, 1.0])
    np.testing.assert_allclose(moments(np.full(9, 1e8 / 3)), [1e8 / 3, 1.0])


@pytest.mark.parametrize(
    "model",
    [
        ETS(error="add", seasonal="add"),
        ETS(error="mul", seasonal="mul"),
        Theta(),
        Theta(season=12),
        Naive2(season=12),
    ],
    ids=str,
)
@pytest.mark.parametrize("start", [0, 5])
def test_a_record_that_starts_later_in_the_season_keeps_its_season(
    model: LocalForecaster, start: int
) -> None:
    season = np.array([0, 1, 3, 8, 20, 40, 30, 18, 9, 4, 2, 1.0])
    index = pd.period_range("2015-01", periods=96, freq="M")
    rng = np.random.default_rng(0)
    y = pd.Series(100 + season[np.arange(96) % 12] + 0.1 * rng.normal(size=96), index)
    model.fit(y[:72])
    record = y[start : start + 36]
    forecast = model.simulate(pd.DataFrame(index=y.index[start : start + 48]), record)
    np.testing.assert_allclose(forecast, y[start + 36 : start + 48], atol=2)


def test_threads_leave_filters_of_warnings_and_threads_of_blas_as_before() -> None:
    y, before, blas = np.random.default_rng(0).normal(5, 1, size=40), warnings.filters, threadpool_info()
    content, heard = list(before), []

    def fit(model: LocalForecaster) -> None:
        model.fit(y)

    def neighbour() -> None:
        with warnings.catch_warnings(record=True) as caught:  # its own list, whoever fits beside it
            warnings.simplefilter("always")
            warnings.warn("heard", UserWarning, stacklevel=1)
        heard.extend(caught)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(fit, [clone(model) for model in MODELS * 4]))
    assert warnings.filters is before and warnings.filters == content
    assert threadpool_info() == blas
    with alone():
        neighbour()
        assert [entry for entry in warnings.filters if entry not in content] == [
            ("ignore", None, ModelWarning, None, 0)
        ]
    assert [str(entry.message) for entry in heard] == ["heard"]
