"""SARIMAX: the same numbers as statsmodels, from the first origin and from later ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning
from statsmodels.tsa.statespace.sarimax import SARIMAX as Reference

from forecast.estimators.baselines.sarimax import SARIMAX
from tests.checks_forecaster import covariates, monthly

Y = monthly(96)


def test_equals_statsmodels_with_season() -> None:
    model = SARIMAX(order=(1, 0, 0), seasonal_order=(0, 1, 1)).fit(Y)
    reference = Reference(Y.to_numpy(), order=(1, 0, 0), seasonal_order=(0, 1, 1, 12)).fit(
        disp=False, maxiter=200
    )
    np.testing.assert_allclose(model.params_[0, 0], reference.params)
    np.testing.assert_allclose(model.predict(24), reference.forecast(24))
    np.testing.assert_allclose(model.predict(Y.index[13:]), reference.fittedvalues[13:])


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
    reference = Reference(y, order=(1, 0, 0), trend="c").fit(disp=False, maxiter=200)
    np.testing.assert_allclose(model.predict(5), reference.forecast(5))


def test_constant_series_is_forecast_by_its_constant() -> None:
    np.testing.assert_allclose(SARIMAX().fit(np.full(20, 3.0)).predict(4), 3.0)


def test_unfinished_optimisation_says_what_to_do() -> None:
    with pytest.warns(ConvergenceWarning, match="Raise max_iter, lower the order"):
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
