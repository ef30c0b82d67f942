"""Every forecaster under the common checks, scikit-learn's and ours."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning

import forecast
from forecast.estimators.base import Forecaster
from forecast.estimators.baselines.ar import AR
from forecast.estimators.baselines.ets import ETS
from forecast.estimators.neural.narx import NARX
from forecast.estimators.pipeline import ForecastPipeline
from tests.checks_forecaster import EXPECTED_FAILED_CHECKS, cases, check_forecaster, forecasters, on_sequences
from tests.checks_tools import check_backtest, check_polars, check_sklearn


@pytest.mark.parametrize("model", cases())
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_check_forecaster(model: Forecaster, tmp_path: Path) -> None:
    check_forecaster(model, tmp_path)
    check_backtest(model)  # here, where the model is compiled


@pytest.mark.slow
def test_check_forecaster_on_every_form_of_smoothing(tmp_path: Path) -> None:
    check_forecaster(ETS(), tmp_path)


@pytest.mark.parametrize("model", cases(broad=True))
def test_check_estimator(model: Forecaster) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        check_sklearn(model, EXPECTED_FAILED_CHECKS)


def test_every_public_estimator_is_under_these_checks() -> None:
    public = [getattr(forecast, name) for name in forecast.__all__]
    classes = {each for each in public if isinstance(each, type) and issubclass(each, BaseEstimator)}
    assert classes - {ForecastPipeline} == {type(model) for model in [*forecasters(), *on_sequences()]}


@pytest.mark.parametrize(
    "model",
    [AR(), pytest.param(NARX(lags=2, hidden=(2,), epochs=2, jit_compile=False), marks=pytest.mark.backend)],
    ids=["AR", "NARX"],
)
def test_check_polars(model: Forecaster) -> None:
    check_polars(model)


@pytest.mark.slow
def test_array_api_dispatch_changes_nothing() -> None:
    """The one check that scikit-learn skips unless this switch is set before SciPy is imported."""
    program = (
        "from sklearn.utils.estimator_checks import check_array_api_input\n"
        "from tests.checks_forecaster import forecasters, on_sequences\n"
        "for model in [*forecasters(), *on_sequences()]:\n"
        "    name = type(model).__name__\n"
        "    check_array_api_input(name, model, 'numpy', expect_only_array_outputs=False)\n"
    )
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_at_most_three_checks_are_excused_each_with_a_reason() -> None:
    assert len(EXPECTED_FAILED_CHECKS) <= 3
    assert all(len(reason) > 20 for reason in EXPECTED_FAILED_CHECKS.values())
