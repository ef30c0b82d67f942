"""AR: the coefficients and orders of statsmodels, and forecasts that repeat the equation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.ar_model import AutoReg, ar_select_order
from statsmodels.tsa.ardl import ARDL
from statsmodels.tsa.vector_ar.var_model import VAR

from forecast.estimators.baselines.ar import AR
from forecast.estimators.baselines.order_selection import autoregression_order, nested_criteria
from forecast.panel import Panel
from tests.checks_forecaster import covariates, long_frame, monthly
from tests.panel.test_panel import AHEAD, INDEXES, ROWS

Y = monthly(144)


@pytest.mark.parametrize("trend", ["n", "c", "t", "ct"])
@pytest.mark.parametrize("lags", [3, [1, 12]])
def test_equals_autoreg(trend: str, lags: int | list[int]) -> None:
    model = AR(lags=lags, trend=trend).fit(Y)
    reference = AutoReg(Y.to_numpy(), lags, trend=trend).fit()
    own = np.concatenate([model.trend_coef_[0, 0][["c" in trend, "t" in trend]], model.coef_[0, 0]])
    np.testing.assert_allclose(own, reference.params, rtol=1e-6)
    np.testing.assert_allclose(model.predict(24), reference.forecast(24), rtol=1e-6)
    start = max(model.lags_)
    np.testing.assert_allclose(model.predict(Y.index[start:]), reference.fittedvalues, rtol=1e-6)


@pytest.mark.parametrize("exog_lags", [0, 2, [1, 3]])
def test_equals_ardl(exog_lags: int | list[int]) -> None:
    X = covariates(Y.index)
    y = Y + X["price"] - 2 * X["heat"].shift(1).fillna(0)
    model = AR(lags=2, exog_lags=exog_lags).fit(X, y)
    order = list(range(exog_lags + 1)) if isinstance(exog_lags, int) else exog_lags
    reference = ARDL(y.to_numpy(), 2, X.to_numpy(), order={0: order, 1: order}, trend="c").fit()
    given = model.exog_coef_[0, 0].reshape(len(order), 2).T.ravel()
    own = np.concatenate([model.trend_coef_[0, 0][:1], model.coef_[0, 0], given])
    np.testing.assert_allclose(own, reference.params, rtol=1e-6)
    later = covariates(pd.period_range(Y.index[-1] + 1, periods=6, freq="M"), seed=3)
    expected = reference.forecast(6, exog=later.to_numpy())
    np.testing.assert_allclose(model.predict(later), expected, rtol=1e-6)


@pytest.mark.parametrize("ic", ["aic", "bic", "hqic"])
@pytest.mark.parametrize("max_lags", [5, 20])
def test_order_equals_statsmodels(ic: str, max_lags: int) -> None:
    chosen = ar_select_order(Y.to_numpy(), max_lags, ic=ic).ar_lags
    assert AR(ic=ic, max_lags=max_lags, difference=False).fit(Y).order_[0, 0] == max(chosen)
    assert autoregression_order(Panel.from_data(Y), ic=ic, max_lags=max_lags) == max(chosen)


def test_order_of_a_panel_is_that_of_its_process() -> None:
    rng = np.random.default_rng(0)
    parts = []
    for name in range(8):
        y = np.zeros(300)
        for t in range(3, 300):
            y[t] = 0.5 * y[t - 1] - 0.5 * y[t - 3] + rng.normal()
        parts.append(pd.DataFrame({"unique_id": name, "ds": np.arange(300), "y": 10.0**name * y}))
    assert autoregression_order(Panel.from_data(pd.concat(parts))) == 3


def test_order_is_capped_by_the_data() -> None:
    assert AR().fit(np.random.default_rng(0).normal(size=8)).order_[0, 0] <= 2
    assert autoregression_order(Panel.from_data(np.arange(4.0))) == 1


def test_changes_are_the_same_equation_between_values() -> None:
    model = AR(lags=2, difference=True).fit(Y)
    changes = AR(lags=2).fit(Y.diff().iloc[1:])
    drift = changes.trend_coef_[0, 0, 0]
    first, second = changes.coef_[0, 0]
    np.testing.assert_allclose(model.coef_[0, 0], [1 + first, second - first, -second], rtol=1e-8)
    assert model.lags_.tolist() == [1, 2, 3] and 0 < model.trend_coef_[0, 0, 0] / drift < 1
    free = AR(lags=2, difference=True, trend="n").fit(Y).predict(6)
    steps = AR(lags=2, trend="n").fit(Y.diff().iloc[1:]).predict(6)
    np.testing.assert_allclose(free, Y.iloc[-1] + steps.cumsum(), rtol=1e-8)


def test_changes_of_covariates_drive_changes() -> None:
    X = covariates(Y.index)
    y = Y + 3 * X["price"].shift(1).fillna(0)
    model = AR(lags=2, exog_lags=[1], difference=True, trend="n").fit(X, y)
    changes = AR(lags=2, exog_lags=[1], trend="n").fit(X.diff().iloc[1:], y.diff().iloc[1:])
    assert model.exog_lags_.tolist() == [1, 2]
    np.testing.assert_allclose(model.exog_coef_[0, 0, :2], changes.exog_coef_[0, 0], rtol=1e-8)
    np.testing.assert_allclose(model.exog_coef_[0, 0, 2:], -changes.exog_coef_[0, 0], rtol=1e-8)


def test_a_drift_is_taken_as_far_as_it_is_sure() -> None:
    np.testing.assert_allclose(AR().fit(2.0 * np.arange(20)).predict(4), 2.0 * np.arange(20, 24))
    noise = np.random.default_rng(0).normal(size=200)
    model = AR(lags=1, difference=True).fit(noise.cumsum())
    steps = np.column_stack([np.ones(198), noise[1:-1]])
    found, rest = np.linalg.lstsq(steps, noise[2:], rcond=None)[:2]
    square = found[0] ** 2 / (rest[0] / 196 * np.linalg.inv(steps.T @ steps)[0, 0])
    assert model.trend_coef_[0, 0, 0] == pytest.approx(found[0] * square / (1 + square), rel=1e-6)


def test_values_or_changes_are_chosen_by_the_data() -> None:
    rng = np.random.default_rng(1)
    still, walk = np.zeros(300), rng.normal(size=300).cumsum()
    for t in range(2, 300):
        still[t] = 0.6 * still[t - 1] - 0.3 * still[t - 2] + rng.normal()
    assert AR().fit(still).coef_.sum() < 0.9
    assert AR().fit(walk).coef_.sum() == pytest.approx(1.0, abs=1e-9)
    assert AR(lags=2).fit(walk).coef_.sum() < 1.0
    assert abs(AR(difference=False).fit(walk).coef_.sum() - 1.0) > 1e-6


def test_no_forecast_of_an_automatic_order_leaves_three_ranges() -> None:
    y = 1.5 ** np.arange(30.0)
    y[:10] += np.random.default_rng(0).normal(size=10)
    model = AR(difference=False).fit(y)
    far = np.abs(model.predict(60) - y[-1]) / (y.max() - y.min())
    assert far[:30].max() == pytest.approx(3.0) and far[59] == pytest.approx(6.0)
    assert AR(lags=1).fit(y).predict(60)[-1] > 1e6 * y[-1]


def test_lags_around_several_seasons() -> None:
    day, week = np.tile(np.random.default_rng(0).normal(size=24), 35), np.repeat([1.0, 1, 1, 1, 1, 0, 0], 24)
    y = day * np.tile(week, 5) + 0.05 * np.random.default_rng(1).normal(size=840)
    hourly = pd.Series(y, pd.date_range("2024-01-01", periods=840, freq="h"))
    model = AR().fit(hourly)
    assert {24, 168} <= set(model.lags_.tolist())
    np.testing.assert_array_equal(AR(season=[24, 168]).fit(y).predict(9), model.predict(9))
    np.testing.assert_array_equal(AR(season=None).fit(hourly).predict(9), model.predict(9))
    assert max(AR(season=1).fit(hourly).lags_) < 31


def test_a_numbered_panel_without_a_season_is_told_once() -> None:
    numbered = long_frame((150, 160))
    numbered["ds"] = numbered.groupby("unique_id").cumcount()
    with pytest.warns(UserWarning, match="season=12") as told:
        AR().fit(numbered)
    assert len(told) == 1
    AR(season=1).fit(numbered)
    AR(lags=2).fit(numbered)


def test_seasonal_lags() -> None:
    model = AR(lags=2, seasonal_lags=2).fit(Y)
    assert model.lags_.tolist() == [1, 2, 12, 24]
    np.testing.assert_allclose(model.predict(9), AR(lags=[1, 2, 12, 24]).fit(Y).predict(9))
    auto = AR(seasonal_lags=1, season=7).fit(Y)
    assert 7 in auto.lags_
    with pytest.raises(ValueError, match="season=12"):
        AR(seasonal_lags=1).fit(np.arange(50.0))


def test_one_series_of_a_panel_equals_the_same_series_alone() -> None:
    long = long_frame((60, 30, 45))
    together = AR().fit(long)
    forecast = together.predict(5)
    for name, part in long.groupby("unique_id"):
        alone = AR().fit(part.set_index("ds")["y"].asfreq("MS"))
        np.testing.assert_allclose(forecast.loc[forecast["unique_id"] == name, "AR"], alone.predict(5))


def test_one_target_of_several_equals_the_same_target_alone() -> None:
    both = pd.DataFrame({"a": Y, "b": monthly(144, seed=4) ** 2})
    np.testing.assert_allclose(AR().fit(both).predict(7)["b"], AR().fit(both["b"]).predict(7))


@pytest.mark.parametrize("trend", ["c", "ct", "n"])
def test_given_lags_of_several_targets_are_a_vector_autoregression(trend: str) -> None:
    both = pd.DataFrame({"a": Y, "b": monthly(144, seed=4) ** 2, "c": monthly(144, seed=5).cumsum()})
    model = AR(lags=2, trend=trend).fit(both)
    reference = VAR(both.to_numpy()).fit(2, trend=trend)
    np.testing.assert_allclose(model.predict(9), reference.forecast(both.to_numpy()[-2:], 9), rtol=1e-6)
    inside = model.predict(both.index[2:])
    np.testing.assert_allclose(inside, reference.fittedvalues, rtol=1e-6)
    few = AR(lags=12).fit(both.iloc[:100])  # 36 coefficients would have 88 rows
    assert few.cross_coef_.size == 0
    apart = AR(lags=2, trend=trend, joint=False).fit(both)
    np.testing.assert_allclose(apart.predict(9)["b"], AR(lags=2, trend=trend).fit(both["b"]).predict(9))


def test_joint_changes_of_several_targets() -> None:
    both = pd.DataFrame({"a": Y, "b": monthly(144, seed=4)})
    model = AR(lags=1, difference=True, trend="n").fit(both)
    steps = VAR(both.diff().iloc[1:].to_numpy()).fit(1, trend="n")
    ahead = steps.forecast(both.diff().to_numpy()[-1:], 5).cumsum(axis=0)
    np.testing.assert_allclose(model.predict(5), both.to_numpy()[-1] + ahead, rtol=1e-6)


def test_joint_automatic_lags_and_missing_values() -> None:
    both = pd.DataFrame({"a": Y, "b": Y.shift(1).bfill() + monthly(144, seed=4)})
    whole = AR(joint=True).fit(both)
    assert whole.cross_coef_.shape == (1, 2, 2 * len(whole.lags_)) and np.isfinite(whole.predict(5)).all(
        axis=None
    )
    both.iloc[40, 0] = both.iloc[143, 1] = np.nan
    assert np.isfinite(AR(lags=2).fit(both).predict(3)).all(axis=None)


def test_pooled_series_share_one_equation_in_their_own_units() -> None:
    rng, parts = np.random.default_rng(3), []
    for name in range(6):
        y = np.zeros(60)
        for t in range(2, 60):
            y[t] = 0.6 * y[t - 1] + 0.2 * y[t - 2] + rng.normal()
        ds = pd.date_range("2020", periods=60, freq="YS")
        parts.append(pd.DataFrame({"unique_id": name, "ds": ds, "y": 10.0**name * (y + 5)}))
    model = AR(lags=2, pooled=True).fit(pd.concat(parts))
    np.testing.assert_allclose(model.coef_, np.broadcast_to(model.coef_[:1], model.coef_.shape))
    units = [(part["y"] - part["y"].mean()) / part["y"].std(ddof=0) for part in parts]
    design = np.vstack([np.column_stack([np.ones(58), u[1:-1], u[:-2]]) for u in units])
    expected = np.linalg.lstsq(design, np.concatenate([u[2:] for u in units]), rcond=None)[0]
    np.testing.assert_allclose(model.coef_[0, 0], expected[1:], rtol=1e-8)
    ahead = []
    for times, shift in ((1.0, 0.0), (1e3, 7.0)):  # a new series brings its own units
        record = parts[1][:50].assign(unique_id="new", y=times * parts[1]["y"] + shift)
        known = Panel.from_data(record.set_index(["unique_id", "ds"])["y"])
        ahead.append(model._forecast(known, 10, np.empty((1, 10, 0))))
    np.testing.assert_allclose(ahead[1], 1e3 * ahead[0] + 7.0, rtol=1e-8)


def test_experiments_on_one_system_share_its_equation() -> None:
    rng, parts = np.random.default_rng(4), []
    for name in range(3):
        u, y = rng.normal(size=80) * (1 + name), np.zeros(80)
        for t in range(1, 80):
            y[t] = 0.7 * y[t - 1] + 2.0 * u[t - 1] + 3.0
        parts.append(pd.DataFrame({"unique_id": name, "ds": np.arange(80), "y": y, "u": u}))
    model = AR(lags=1, exog_lags=[1], pooled=True).fit(pd.concat(parts))
    np.testing.assert_allclose(model.coef_.ravel(), 0.7, rtol=1e-8)
    np.testing.assert_allclose(model.exog_coef_.ravel(), 2.0, rtol=1e-8)
    simulated = AR(lags=1, exog_lags=[1]).fit(parts[0][["u"]].to_numpy(), parts[0]["y"].to_numpy())
    fresh, y = rng.normal(size=(30, 1)), np.zeros(30)
    for t in range(1, 30):
        y[t] = 0.7 * y[t - 1] + 2.0 * fresh[t - 1, 0] + 3.0
    np.testing.assert_allclose(simulated.simulate(fresh, y[:2]), y[2:], rtol=1e-6)
    both = pd.concat([pd.DataFrame({"unique_id": "new", "ds": np.arange(30), "u": fresh[:, 0]})])
    initial = pd.DataFrame({"unique_id": "new", "ds": np.arange(2), "y": y[:2]})
    np.testing.assert_allclose(model.simulate(both, initial)["AR"], y[2:], rtol=1e-6)


def test_whole_weights_equal_repeated_equations() -> None:
    y = Y.to_numpy()
    weights = np.random.default_rng(0).integers(0, 4, size=len(y))
    model = AR(lags=2).fit(y, sample_weight=weights)
    design = np.column_stack([np.ones(len(y) - 2), y[1:-1], y[:-2]])
    again = np.repeat(np.arange(len(y) - 2), weights[2:])
    expected = np.linalg.lstsq(design[again], y[2:][again], rcond=None)[0]
    own = np.concatenate([model.trend_coef_[0, 0][:1], model.coef_[0, 0]])
    np.testing.assert_allclose(own, expected, rtol=1e-8)


def test_missing_targets_leave_out_their_rows_and_are_replaced_by_forecasts() -> None:
    y = Y.to_numpy().copy()
    y[[30, 31, 80]] = np.nan
    model = AR(lags=2).fit(y)
    rows = [t for t in range(2, len(y)) if np.isfinite(y[t - 2 : t + 1]).all()]
    design = np.column_stack([np.ones(len(rows)), y[np.array(rows) - 1], y[np.array(rows) - 2]])
    expected = np.linalg.lstsq(design, y[rows], rcond=None)[0]
    own = np.concatenate([model.trend_coef_[0, 0][:1], model.coef_[0, 0]])
    np.testing.assert_allclose(own, expected, rtol=1e-8)
    ended = AR(lags=2).fit(np.concatenate([Y.to_numpy(), [np.nan, np.nan]]))
    whole = AR(lags=2).fit(Y.to_numpy())
    np.testing.assert_allclose(ended.predict(3), whole.predict(5)[2:], rtol=1e-8)


def test_constant_series_is_forecast_by_its_constant() -> None:
    np.testing.assert_allclose(AR().fit(np.full(30, 7.0)).predict(3), 7.0)
    np.testing.assert_allclose(AR(lags=3).fit(np.full(30, 7.0)).predict(3), 7.0)
    np.testing.assert_allclose(AR().fit(np.zeros(30)).predict(3), 0.0)


def test_scale_and_shift_follow() -> None:
    np.testing.assert_allclose(AR().fit(3 * Y + 100).predict(9), 3 * AR().fit(Y).predict(9) + 100, rtol=1e-8)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"lags": 0}, "lags: must be .* at least 1.*received 0"),
        ({"lags": [-1]}, "lags: must be"),
        ({"lags": "best"}, "lags: must be 'auto', a whole number"),
        ({"lags": 200}, "y: must be at least 201 rows.*n_samples=144.*fewer lags"),
        ({"trend": "linear"}, "trend: must be one of 'n'"),
        ({"ic": "mse"}, "ic: must be one of 'bic'"),
        ({"difference": "yes"}, "difference: must be one of 'auto', True, False"),
        ({"joint": 2}, "joint: must be one of 'auto', True, False"),
        ({"season": "weekly"}, "season: must be 'auto'"),
        ({"season": [0, 7]}, "season: must be"),
        ({"max_lags": 0}, "max_lags"),
        ({"seasonal_lags": -1}, "seasonal_lags"),
    ],
)
def test_wrong_arguments(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        AR(**arguments).fit(Y)  # type: ignore[arg-type]


def test_short_series_of_a_panel_is_named() -> None:
    with pytest.raises(ValueError, match="y of series 's1': must be at least 13 rows.*n_samples=9"):
        AR(lags=12).fit(long_frame((40, 9)))


def test_series_unknown_to_local_parameters_is_named() -> None:
    model = AR(lags=1).fit(long_frame((40, 30)))
    record = long_frame((40, 30, 20)).set_index(["unique_id", "ds"])[["y"]]
    with pytest.raises(ValueError, match="'s2'"):
        model._forecast(Panel.from_data(record["y"]), 2, np.empty((3, 2, 0)))


@pytest.mark.parametrize(
    ("rows", "initial", "words"),
    [
        (20, 20, "initial: must be shorter than X.*received 20 rows for 20 rows of X"),
        (20, 1, "initial: must be at least 2 rows"),
    ],
)
def test_a_record_to_simulate_needs_some_outputs_and_not_all(rows: int, initial: int, words: str) -> None:
    x, y = np.arange(40.0)[:, None] % 7, np.arange(40.0) % 5
    model = AR(lags=2).fit(x, y)
    with pytest.raises(ValueError, match=words):
        model.simulate(x[:rows], y[:initial])
    with pytest.raises(ValueError, match="X: must be of as many columns as in fit, 1; received 2"):
        model.simulate(np.hstack([x, x]), y[:5])


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES.keys())
def test_every_index_goes_on_and_changes_no_value(index: pd.Index) -> None:
    y = Y.iloc[: len(index)].set_axis(index)
    forecast = AR(lags=2).fit(y.iloc[:ROWS]).predict(AHEAD)
    pd.testing.assert_index_equal(forecast.index, index[ROWS:])
    np.testing.assert_array_equal(forecast, AR(lags=2).fit(y.to_numpy()[:ROWS]).predict(AHEAD))


def test_an_early_missing_value_counts_as_the_value_before_it() -> None:
    y = np.random.default_rng(5).normal(50.0, 1.0, size=40).cumsum() / 10
    y[1] = np.nan
    model = AR(lags=2).fit(pd.Series(y))
    expected = model.trend_coef_[0, 0, 0] + model.coef_[0, 0] @ [y[2], y[0]]
    assert model.predict(pd.RangeIndex(3, 4)).iloc[0] == pytest.approx(expected, rel=1e-9)


def test_an_early_missing_value_is_the_value_before_it() -> None:
    y = Y.to_numpy().copy()
    model = AR(lags=2).fit(y)
    record = y[:30] + 7
    record[1] = np.nan
    filled = np.where(np.isnan(record), record[0], record)
    np.testing.assert_allclose(
        model._fitted(Panel.from_data(record, allow_missing=True))[2:],
        model._fitted(Panel.from_data(filled))[2:],
    )


@pytest.mark.parametrize("rows", range(1, 8))
def test_a_few_rows_have_a_forecast(rows: int) -> None:
    y = np.array([1.0, 2.0, 4.0, 3.0, 5.0, 7.0, 6.0])[:rows]
    forecast = AR().fit(y).predict(3)
    assert np.isfinite(forecast).all() and np.abs(forecast - y[-1]).max() <= 3 * np.ptp(y) * max(1, 3 / rows)


def test_models_with_more_regressors_than_rows_leave_nothing() -> None:
    """A factor of two rows: the models of two and of three regressors fit the target exactly."""
    factor = np.array([[2.0, 1.0, 1.0, 3.0], [0.0, 1.0, 2.0, 4.0]])
    none, one, two, three = nested_criteria(factor, [0, 1, 2, 3], 1, 100, "aic")
    assert none - one == pytest.approx(100 * np.log(25 / 16) - 2)
    assert two < one - 1000 and three == pytest.approx(two + 2)
