"""LagRegressor: least squares equals AR, and the closed loop equals a loop by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.tree import DecisionTreeRegressor

from forecast.estimators.baselines.ar import AR
from forecast.estimators.lag_regressor import LagRegressor
from forecast.panel import Panel
from forecast.windows import Windows, lag_table
from tests.checks_forecaster import covariates, long_frame, monthly

Y = monthly(96)


def test_linear_regression_equals_ar() -> None:
    X = covariates(Y.index)
    later = covariates(pd.period_range(Y.index[-1] + 1, periods=8, freq="M"))
    own = LagRegressor(lags=[1, 2, 12], exog_lags=1).fit(X, Y)
    reference = AR(lags=[1, 2, 12], exog_lags=1).fit(X, Y)
    np.testing.assert_allclose(own.predict(later), reference.predict(later), rtol=1e-8)
    np.testing.assert_allclose(own.predict(X.iloc[12:]), reference.predict(X.iloc[12:]), rtol=1e-8)


def test_lag_table_equals_that_of_the_windows() -> None:
    panel = Panel.from_data(covariates(Y.index), Y)
    frame = Windows(panel, length=3).to_frame(lags=[1, 3], exog_lags=[0, 2])
    table = lag_table(panel, panel.y, (1, 3), (0, 2))
    np.testing.assert_allclose(table[3:], frame.drop(columns="sales"))
    assert np.isnan(table[:3]).any(axis=1).all()


def test_closed_loop_equals_loop_by_hand() -> None:
    tree = DecisionTreeRegressor(random_state=0)
    model = LagRegressor(estimator=tree, lags=[1, 3]).fit(Y)
    path = list(Y)
    for _ in range(10):
        path.append(model.regressors_[0].predict([[path[-1], path[-3]]])[0])
    np.testing.assert_allclose(model.predict(10), path[-10:])
    assert not hasattr(tree, "tree_")


@pytest.mark.parametrize("strategy", ["direct", "dirrec"])
@pytest.mark.parametrize("difference", [False, True])
def test_a_regressor_for_each_step_equals_regressions_by_hand(strategy: str, difference: bool) -> None:
    model = LagRegressor(
        estimator=Ridge(), lags=[1, 3], strategy=strategy, horizon=3, difference=difference
    ).fit(Y)
    path, rows = Y.to_numpy(), len(Y)
    path = np.diff(path) if difference else path
    for block in range(2):  # steps beyond the horizon: from the forecasts before them
        origin = rows - difference + 3 * block
        for step in range(3):
            lags = [*range(1, step + 1)] * (strategy == "dirrec") + [1 + step, 3 + step]
            known = np.diff(Y.to_numpy()) if difference else Y.to_numpy()
            table = np.column_stack([known[max(lags) - lag : len(known) - lag] for lag in lags])
            regressor = Ridge().fit(table, known[max(lags) :])
            path = np.append(path, regressor.predict([[path[origin + step - lag] for lag in lags]]))
    expected = Y.iloc[-1] + np.cumsum(path[rows - 1 :]) if difference else path[rows:]
    np.testing.assert_allclose(model.predict(6), expected, rtol=1e-9)
    np.testing.assert_allclose(model.predict(2), expected[:2], rtol=1e-9)
    np.testing.assert_allclose(model.set_params(horizon=5).predict(), expected[:5], rtol=1e-9)


def test_a_history_too_short_for_the_last_step() -> None:
    with pytest.raises(ValueError, match="at least 16 rows"):
        LagRegressor(lags=4, strategy="direct", horizon=12).fit(Y[:15])
    assert LagRegressor(lags=4, strategy="direct", horizon=12).fit(Y[:16]).predict(13).notna().all()


def test_panel_learns_one_regressor_from_all_series() -> None:
    long = long_frame((40, 30))
    model = LagRegressor(estimator=Ridge(), lags=2).fit(long)
    blocks = [part["y"].to_numpy() for _, part in long.groupby("unique_id")]
    table = np.concatenate([np.column_stack([y[1:-1], y[:-2]]) for y in blocks])
    reference = Ridge().fit(table, np.concatenate([y[2:] for y in blocks]))
    np.testing.assert_allclose(model.regressors_[0].coef_, reference.coef_)
    np.testing.assert_allclose(
        model.predict(1)["LagRegressor"], reference.predict([y[:-3:-1] for y in blocks])
    )


def test_several_targets_see_the_lags_of_all() -> None:
    both = pd.DataFrame({"a": Y, "b": Y.shift(1).bfill()})
    model = LagRegressor(lags=1).fit(both)
    assert model.regressors_[1].coef_ == pytest.approx([1.0, 0.0], abs=1e-8)


@pytest.mark.parametrize("estimator", [None, LinearRegression(copy_X=False), Ridge(copy_X=False)])
def test_each_of_several_targets_sees_the_table_as_it_is(estimator: object) -> None:
    rng = np.random.default_rng(0)
    y, weights = rng.normal(size=(60, 2)).cumsum(axis=0), rng.uniform(0.1, 2, 60)
    table = np.hstack([y[:-1], rng.normal(size=(59, 1))])
    fitted = LagRegressor(lags=1, estimator=estimator).fit(
        np.vstack([np.zeros((1, 1)), table[:, 2:]]), y, weights
    )
    plain = LinearRegression() if estimator is None else clone(estimator).set_params(copy_X=True)
    for target, found in enumerate(fitted.regressors_):
        wanted = clone(plain).fit(table, y[1:, target], weights[1:])
        assert found.coef_ == pytest.approx(wanted.coef_)


def test_parameters_of_the_regressor_can_be_searched() -> None:
    model = LagRegressor(estimator=Ridge(alpha=1.0)).set_params(estimator__alpha=5.0)
    assert model.get_params()["estimator__alpha"] == 5.0 and model.estimator.alpha == 5.0


def test_weights_need_a_regressor_that_takes_them() -> None:
    with pytest.raises(ValueError, match="sample_weight: must be None for a regressor"):
        LagRegressor(estimator=KNeighborsRegressor(), lags=2).fit(Y, sample_weight=np.ones(96))


def test_an_estimator_is_no_name() -> None:
    with pytest.raises(
        TypeError, match="estimator: must be a scikit-learn regressor.*received 'ridge'.*Ridge()"
    ):
        LagRegressor(estimator="ridge", lags=2).fit(Y)


@pytest.mark.parametrize("lags", [0, [0], "season", 96])
def test_wrong_lags(lags: object) -> None:
    with pytest.raises(ValueError, match="lags"):
        LagRegressor(lags=lags).fit(Y)  # type: ignore[arg-type]


def test_changes_equal_the_autoregression_of_changes() -> None:
    X = covariates(Y.index)
    later = covariates(pd.period_range(Y.index[-1] + 1, periods=8, freq="M"))
    own = LagRegressor(lags=[1, 2], exog_lags=1, difference=True).fit(X, Y)
    steps = LagRegressor(lags=[1, 2], exog_lags=1).fit(X.diff().iloc[1:], Y.diff().iloc[1:])
    ahead = steps.predict(pd.concat([X.iloc[-1:], later]).diff().iloc[1:])
    np.testing.assert_allclose(own.predict(later), Y.iloc[-1] + np.cumsum(ahead), rtol=1e-8)
    inside = Y.shift(1).iloc[5:] + steps.predict(X.diff().iloc[5:])
    np.testing.assert_allclose(own.predict(X.iloc[5:]), inside, rtol=1e-8)
    assert own.min_history(own.panel_) == 3


def test_series_are_seen_in_units_of_their_own() -> None:
    long = long_frame((40, 30))
    far = long.assign(y=np.where(long["unique_id"] == "s0", 1e4 * long["y"] + 5e4, long["y"]))
    model = LagRegressor(estimator=Ridge(), lags=2, scale="series")
    near, other = model.fit(long).predict(5), model.fit(far).predict(5)
    scaled = np.where(near["unique_id"] == "s0", 1e4 * near["LagRegressor"] + 5e4, near["LagRegressor"])
    np.testing.assert_allclose(other["LagRegressor"], scaled, rtol=1e-8)
    raw = LagRegressor(estimator=Ridge(), lags=2).fit(far).predict(5)["LagRegressor"]
    assert not np.allclose(raw, scaled, rtol=1e-6)


def test_automatic_changes_of_a_panel_that_grows() -> None:
    rng, parts = np.random.default_rng(0), []
    for name in range(8):
        y = 10.0**name * (1 + rng.normal(0.3, 0.2, size=40)).cumsum()
        parts.append(
            pd.DataFrame({"unique_id": name, "ds": pd.period_range("1980", periods=40, freq="Y"), "y": y})
        )
    model = LagRegressor(estimator=DecisionTreeRegressor(random_state=0)).fit(pd.concat(parts))
    last = np.array([part["y"].iloc[-1] for part in parts])
    assert model.difference_ and (model.predict(1)["LagRegressor"].to_numpy() > last).all()
    noise = np.random.default_rng(1).normal(size=200)
    assert not LagRegressor().fit(noise).difference_


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"scale": "window"}, "scale: must be one of 'auto', 'series'"),
        ({"difference": 1}, "difference: must be"),
    ],
)
def test_wrong_arguments(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        LagRegressor(lags=2, **arguments).fit(Y)  # type: ignore[arg-type]
