"""SARIMAX: the same numbers as statsmodels, from the first origin and from later ones."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning
from statsmodels.tsa.statespace.sarimax import SARIMAX as Reference

from forecast.estimators.baselines.alone import alone
from forecast.estimators.baselines.local import moments, on_grid
from forecast.estimators.baselines.sarimax import SARIMAX
from forecast.panel import Panel
from tests.checks_forecaster import covariates, monthly
from tests.estimators.baselines.series import SERIES

Y = monthly(96)


FORMS: list[dict[str, Any]] = [
    {"order": (1, 0, 0)},
    {"order": (2, 0, 1), "trend": "ct"},
    {"order": (1, 0, 0), "trend": "n"},
    {"order": (1, 0, 1), "trend": "t"},
    {"order": (1, 1, 1)},
    {"order": (0, 1, 1), "trend": "c"},
    {"order": (0, 2, 2)},
    {"order": (1, 0, 0), "seasonal_order": (1, 0, 0)},
    {"order": (0, 1, 1), "seasonal_order": (0, 1, 1)},
]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_equals_statsmodels_on_the_standardised_series(form: dict[str, Any]) -> None:
    for columns, values in zip((0, 2, 0, 2), SERIES.values(), strict=True):
        X = np.random.default_rng(1).normal(5, 3, size=(len(values) + 6, columns))
        y = values + X[: len(values)].sum(axis=1)
        model = SARIMAX(**form, season=4, max_iter=3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(*((X[: len(y)],) if columns else ()), y)
        forecast = model.predict(X[len(y) :] if columns else 6)
        np.testing.assert_allclose(forecast, reference_forecast(model, y, X), rtol=1e-6)


def reference_forecast(model: SARIMAX, y: np.ndarray, X: np.ndarray) -> np.ndarray:
    """statsmodels on (y - mean) / deviation; without a level in the model, on y / deviation; on the grid."""
    differenced = model.order[1] + model.seasonal_order[1] > 0
    trend = model.trend or ("n" if differenced else "c")
    level = differenced or "c" in trend
    known = X[: len(y)]
    (center, unit), (x_center, x_unit) = moments(y), moments(known)
    if not level:
        center, x_center = 0.0 * center, 0.0 * x_center
    X = on_grid((X - x_center) / x_unit)
    exog, later = (X[: len(y)], X[len(y) :]) if X.shape[1] else (None, None)
    season = (*model.seasonal_order, 4) if any(model.seasonal_order) else (0, 0, 0, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reference = Reference(
            on_grid((y - center) / unit), exog, order=model.order, seasonal_order=season, trend=trend
        )
        found = reference.fit(disp=False, maxiter=model.max_iter)
    return center + unit * found.forecast(6, exog=later)


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_likelihood_is_no_less_than_that_of_statsmodels(form: dict[str, Any]) -> None:
    season = {"seasonal_order": (*form["seasonal_order"], 4)} if "seasonal_order" in form else {}
    for values in SERIES.values():
        y = (values - values.mean()) / values.std()
        model = SARIMAX(**form, season=4, max_iter=500).fit(y)
        trend = model.trend or ("n" if model.order[1] or model.seasonal_order[1] else "c")
        reference = Reference(y, **{**form, **season, "trend": trend})
        with alone():
            theirs = reference.fit(disp=False, maxiter=500)
        # On the edge of invertibility the likelihood is flat, and rounding decides where the search ends.
        assert reference.loglike(model.params_[0, 0]) > theirs.llf - 1e-3


def test_near_statsmodels_on_the_series_itself() -> None:
    with alone():
        found = Reference(Y.to_numpy(), order=(2, 0, 1), trend="c").fit(disp=False, maxiter=500)
    np.testing.assert_allclose(SARIMAX(order=(2, 0, 1)).fit(Y).predict(12), found.forecast(12), rtol=1e-4)


@pytest.mark.slow
def test_later_origin_with_covariates_keeps_the_parameters() -> None:
    X = covariates(Y.index)
    y = Y + 3 * X["price"]
    model = SARIMAX(order=(1, 0, 1), trend="ct").fit(X[:80], y[:80])
    later = covariates(pd.period_range(Y.index[-1] + 1, periods=4, freq="M"))
    reference = Reference(y.to_numpy(), X.to_numpy(), order=(1, 0, 1), trend="ct").filter(model.params_[0, 0])
    forecast = model.update(X[80:], y[80:]).predict(later)
    np.testing.assert_allclose(forecast, reference.forecast(4, exog=later.to_numpy()))


def test_missing_targets_are_not_observed() -> None:
    y = Y.to_numpy().copy()
    y[[20, 50, 51]] = np.nan
    model = SARIMAX(order=(1, 0, 0)).fit(y)
    reference = Reference(y, order=(1, 0, 0), trend="c").filter(model.params_[0, 0])
    np.testing.assert_allclose(model.predict(5), reference.forecast(5))


def test_constant_covariate() -> None:
    X = pd.DataFrame({"x": 1.0}, index=Y.index)
    later = pd.DataFrame({"x": 1.0}, index=pd.period_range(Y.index[-1] + 1, periods=3, freq="M"))
    model, alone = SARIMAX(order=(1, 0, 0)).fit(X, Y), SARIMAX(order=(1, 0, 0)).fit(Y)
    np.testing.assert_allclose(model.predict(later), alone.predict(3))
    assert np.isfinite(model.simulate(X, Y[:5])).all()
    assert np.isfinite(model.predict_interval(later, level=80)).all(axis=None)


def test_history_reaches_behind_the_seasonal_differences() -> None:
    panel = Panel.from_data(Y)
    assert SARIMAX(order=(1, 1, 2), seasonal_order=(0, 1, 0)).min_history(panel) == 1 + 12 + 2
    assert SARIMAX(order=(1, 0, 0), seasonal_order=(1, 2, 0)).min_history(panel) == 24 + 1 + 12


def test_constant_series_is_forecast_by_its_constant() -> None:
    np.testing.assert_allclose(SARIMAX().fit(np.full(20, 3.0)).predict(4), 3.0)


def test_unfinished_optimisation_says_what_to_do() -> None:
    with pytest.warns(ConvergenceWarning, match="Raise max_iter or lower the order"):
        SARIMAX(order=(3, 0, 3), max_iter=1).fit(Y)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"order": (1, 0)}, r"order: must be three whole numbers \(p, d, q\)"),
        ({"order": (1, 0, -1)}, "order: must be a whole number of at least 0; received -1"),
        ({"seasonal_order": (1, 0, 0, 12)}, "seasonal_order: must be three"),
        ({"seasonal_order": (1, 0, 0), "season": 1}, "season: must be .* at least 2"),
        ({"trend": "linear"}, "trend: must be one of"),
        ({"max_iter": 0}, "max_iter"),
    ],
)
def test_wrong_arguments(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        SARIMAX(**arguments).fit(Y)  # type: ignore[arg-type]
