"""Delays of covariates: those that made the data are found, dead times and several columns included."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast import AR
from forecast.estimators.baselines.delays import find_pairs, named_pairs
from forecast.panel import Panel


def driven(dead: int, rows: int = 1000, smooth: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """y_t = 0.8 y_{t-1} + tanh(2 u_{t-dead}) + noise, with an input that may be smooth."""
    rng = np.random.default_rng(0)
    u, y, shocks = np.zeros(rows), np.zeros(rows), rng.normal(size=rows)
    for t in range(1, rows):
        u[t] = smooth * u[t - 1] + shocks[t]
    for t in range(dead, rows):
        y[t] = 0.8 * y[t - 1] + np.tanh(2 * u[t - dead]) + 0.05 * rng.normal()
    return u[:, None], y


@pytest.mark.parametrize("dead", [0, 3, 50, 300])
@pytest.mark.parametrize("smooth", [0.0, 0.8])
def test_a_dead_time_is_found(dead: int, smooth: float) -> None:
    u, y = driven(dead, smooth=smooth)
    found = find_pairs([(y, u)], (1, 2))
    assert (
        found[0] == (dead, 0) and found[-1][0] <= dead + 1
    )  # of a smooth input two delays say more than one
    assert find_pairs([(1e-3 * y, 1e6 * u + 5)], (1, 2)) == found


def test_each_column_has_delays_of_its_own() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(600, 3)), np.zeros(600)
    for t in range(9, 600):
        y[t] = 0.5 * y[t - 1] + x[t - 2, 0] - x[t - 9, 0] + x[t, 1] + 0.3 * rng.normal()
    found = ((0, 1), (0, 2), (2, 0), (9, 0))
    assert find_pairs([(y, x)], (1,)) == found  # the third column has none: its current value
    assert find_pairs([(y[:300], x[:300]), (y[300:], x[300:])], (1,)) == found
    holes = y.copy()
    holes[::40] = np.nan
    assert find_pairs([(holes, x)], (1,)) == found


def test_noise_has_no_delay() -> None:
    rng = np.random.default_rng(2)
    for _ in range(10):
        parts = [(rng.normal(size=300), rng.normal(size=(300, 2)))]
        assert find_pairs(parts, (1,)) == ((0, 0), (0, 1))


def test_few_rows_are_enough_to_say_nothing() -> None:
    assert find_pairs([(np.arange(4.0), np.ones((4, 1)))], ()) == ((0, 0),)
    assert find_pairs([(np.arange(4.0), np.arange(4.0)[:, None])], (1, 2, 3)) == ((0, 0),)


def test_delays_by_column() -> None:
    frame = pd.DataFrame({"u": [1.0, 2.0, 3.0], "t": 0.0})
    panel = Panel.from_data(frame, pd.Series([1.0, 2.0, 3.0]))
    assert named_pairs({"u": [3, 5], "t": 0}, panel) == ((0, 1), (3, 0), (5, 0))
    assert named_pairs({"u": 1}, panel) == ((0, 0), (1, 0))
    assert named_pairs([2, 0], panel) == ((0, 0), (0, 1), (2, 0), (2, 1))
    assert named_pairs("auto", panel) is None
    with pytest.raises(
        ValueError, match=r"exog_lags: must be a dict of the covariates \['u', 't'\]; received 'v'"
    ):
        named_pairs({"v": 1}, panel)
    with pytest.raises(ValueError, match=r"exog_lags\['u'\]: must be"):
        named_pairs({"u": [-1]}, panel)


def test_an_equation_has_the_delays_of_each_column() -> None:
    u, y = driven(3)
    X = pd.DataFrame({"u": u[:, 0], "t": np.sin(np.arange(1000) * 1.7)})
    model = AR(lags=1, exog_lags={"u": [3, 4], "t": 0}).fit(X, pd.Series(y))
    design = np.column_stack([np.ones(996), y[3:-1], X["t"][4:], u[1:-3, 0], u[:-4, 0]])
    expected = np.linalg.lstsq(design, y[4:], rcond=None)[0]
    assert model.exog_lags_.tolist() == [0, 3, 4]
    exog = model.exog_coef_[0, 0].reshape(3, 2)
    np.testing.assert_allclose([exog[0, 1], exog[1, 0], exog[2, 0]], expected[2:], rtol=1e-8)
    assert (exog[0, 0], exog[1, 1], exog[2, 1]) == (0.0, 0.0, 0.0)
    automatic = AR(lags=1).fit(X[["u"]], pd.Series(y))
    known = AR(lags=1, exog_lags=[3]).fit(X[["u"]], pd.Series(y))
    np.testing.assert_allclose(automatic.exog_coef_, known.exog_coef_, rtol=1e-8)
