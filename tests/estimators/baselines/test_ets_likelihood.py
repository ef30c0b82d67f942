"""The likelihood of ETS: statsmodels' values, an exact gradient, a maximum that does not depend on rounding."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.tsa.exponential_smoothing.ets import ETSModel

from forecast.estimators.baselines.alone import alone
from forecast.estimators.baselines.ets import build, fit_form
from forecast.estimators.baselines.ets_likelihood import _Cost, maximise
from tests.estimators.baselines.series import SERIES

FORMS = ["add,add,add", "add,add,mul", "mul,add,mul", "mul,mul,add"]
ESTIMATED = {"initialization_method": "estimated"}


def cost(model: ETSModel) -> tuple[_Cost, np.ndarray]:
    """The cost of all parameters of a damped seasonal model, and a point in the inside of its bounds."""
    start = np.concatenate([[0.3, 0.2, 0.4, 0.9], model.initial_level + np.zeros(1)])
    season = np.linspace(0.9, 1.1, model.seasonal_periods)
    point = np.concatenate([start, [1.01], season])
    return _Cost(model, point, np.arange(len(point))), point


@pytest.mark.parametrize("form", FORMS)
def test_value_and_gradient(form: str) -> None:
    y = SERIES["product"]
    model = build(y, form, True, 12, ESTIMATED)
    function, point = cost(model)
    value, gradient = function(point)
    values = point.copy()
    values[1] *= values[0]
    values[2] *= 1 - values[0]
    constant = 0.5 * (np.log(2 * np.pi) + 1)
    assert value + constant == pytest.approx(-model.loglike(values) / len(y), rel=1e-12)
    for place in range(len(point)):
        step = np.zeros(len(point))
        step[place] = 1e-6
        slope = (function(point + step)[0] - function(point - step)[0]) / 2e-6
        assert gradient[place] == pytest.approx(slope, rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("form", FORMS)
def test_rounding_does_not_move_the_maximum(form: str) -> None:
    y = SERIES["sum"]
    noise = 1 + 1e-10 * np.random.default_rng(0).normal(size=len(y))
    first, second = (fit_form(values, form, True, 12).forecast(12) for values in (y, y * noise))
    np.testing.assert_allclose(first, second, rtol=1e-6)


def test_statsmodels_finds_no_greater_likelihood() -> None:
    for name, form in (("air passengers", "add,add,mul"), ("sum", "add,add,add"), ("walk", "mul,add,")):
        model = build(SERIES[name], form, True, 12, ESTIMATED)
        with alone():
            theirs = model.fit(disp=False)
        assert model.loglike(maximise(model)) > theirs.llf - 1e-6
