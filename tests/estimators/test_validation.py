"""Rows of weights, true values and records are placed by their index, wherever they have one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import r2_score

from forecast.estimators.baselines.ar import AR
from tests.checks_forecaster import covariates, long_frame, monthly

Y = monthly(60)
X = covariates(Y.index)
WEIGHTS = pd.Series(np.linspace(0.0, 2.0, 60), Y.index)
HISTORY, LATER = slice(0, 50), slice(50, 60)


def test_weights_are_aligned_by_their_index() -> None:
    right = AR(lags=2).fit(Y, sample_weight=WEIGHTS).predict(3)
    order = np.random.default_rng(0).permutation(60)
    for weights in (WEIGHTS.iloc[order], WEIGHTS.to_numpy(), list(WEIGHTS)):
        pd.testing.assert_series_equal(AR(lags=2).fit(Y, sample_weight=weights).predict(3), right)
    model = AR(lags=1).fit(X, Y, sample_weight=WEIGHTS)
    other = AR(lags=1).fit(X, Y, sample_weight=WEIGHTS[::-1])
    np.testing.assert_array_equal(model.sample_weight_, other.sample_weight_)
    assert not np.array_equal(AR(lags=2).fit(Y).predict(3), right)


def test_weights_of_a_long_frame_go_by_the_index_of_its_rows() -> None:
    long = long_frame().sample(frac=1.0, random_state=0).sort_values("ds", kind="stable")
    weights = pd.Series(np.arange(1.0, len(long) + 1), long.index)
    right = AR(lags=1).fit(long, sample_weight=weights.to_numpy()).sample_weight_
    np.testing.assert_array_equal(
        AR(lags=1).fit(long, sample_weight=weights.sort_index()).sample_weight_, right
    )


@pytest.mark.parametrize(
    "weights", [WEIGHTS.reset_index(drop=True), WEIGHTS.iloc[:59], WEIGHTS.set_axis(Y.index + 1)]
)
def test_weights_on_another_index_are_refused(weights: pd.Series) -> None:
    with pytest.raises(ValueError, match=r"sample_weight: must be on the index.*another index.*to_numpy\(\)"):
        AR(lags=1).fit(Y, sample_weight=weights)


def test_masked_weights_are_missing() -> None:
    with pytest.raises(ValueError, match="sample_weight: .*NaN"):
        AR(lags=1).fit(Y, sample_weight=np.ma.masked_less(WEIGHTS.to_numpy(), 1.0))


def test_index_of_y_says_which_rows_an_array_means() -> None:
    model = AR(lags=1).fit(X[HISTORY].to_numpy(), Y[HISTORY])
    framed = AR(lags=1).fit(X[HISTORY], Y[HISTORY])
    right = r2_score(Y[LATER], framed.predict(X[LATER]))
    assert model.score(X[LATER].to_numpy(), Y[LATER]) == pytest.approx(right)
    assert model.score(X[5:30].to_numpy(), Y[5:30]) == pytest.approx(framed.score(X[5:30], Y[5:30]))
    with pytest.warns(UserWarning, match="last known covariates are held"):
        after_gap = model.score(X[53:].to_numpy(), Y[53:])
    held = pd.concat([X.iloc[[49] * 3].set_axis(Y.index[50:53]), X[53:]])
    assert after_gap == pytest.approx(r2_score(Y[53:], framed.predict(held)[3:]))


def test_weights_of_rows_that_are_inserted_have_to_be_given() -> None:
    y = monthly(24).drop(monthly(24).index[5])
    with pytest.raises(ValueError, match="fill_gaps, and weigh them too"):
        AR(lags=1, missing_rows="fill").fit(y, sample_weight=np.ones(23))


def test_score_weighs_the_rows_of_its_index() -> None:
    model = AR(lags=1).fit(Y[HISTORY])
    right = model.score(10, Y[LATER], sample_weight=WEIGHTS[LATER])
    assert model.score(10, Y[LATER], sample_weight=WEIGHTS[LATER][::-1]) == right
    assert right != model.score(10, Y[LATER])


CASES: dict[str, tuple[Any, Any]] = {
    "other order": (X[LATER], Y[LATER][::-1]),
    "other rows": (X[LATER], Y[40:50]),
    "row numbers": (X[LATER], Y[LATER].reset_index(drop=True)),
}


@pytest.mark.parametrize(("asked", "true"), CASES.values(), ids=CASES.keys())
def test_true_values_on_other_rows_are_refused(asked: Any, true: pd.Series) -> None:
    with pytest.raises(ValueError, match="y: must be on the rows of the forecast.*Align them"):
        AR(lags=1).fit(X[HISTORY], Y[HISTORY]).score(asked, true)


def test_true_values_after_a_gap_are_not_those_of_the_next_steps() -> None:
    model = AR(lags=1).fit(Y[HISTORY])
    with pytest.raises(ValueError, match="y: must be on the rows of the forecast"):
        model.score(7, Y[53:])
    assert model.score(Y[53:]) == pytest.approx(r2_score(Y[53:], model.predict(10)[3:]))
    with pytest.raises(ValueError, match="no index.*set_output"):
        model.score(Y[53:].to_numpy())


def test_training_part_scores_itself_also_as_an_array() -> None:
    values = Y.to_numpy()
    assert AR(lags=1).fit(values).score(values) == pytest.approx(AR(lags=1).fit(Y).score(Y))


def test_record_of_an_array_goes_on_from_its_first_outputs() -> None:
    model = AR(lags=2).fit(X, Y)
    framed = model.simulate(X[:20], Y[:6])
    pd.testing.assert_series_equal(model.simulate(X[:20].to_numpy(), Y[:6]), framed, check_freq=False)
    np.testing.assert_allclose(model.simulate(X[:20].to_numpy(), Y[:6].to_numpy()), framed)
    for record, initial in ((X[:20], Y[1:7]), (X[:20][::-1], Y[:6])):
        with pytest.raises(ValueError, match="same index as X"):
            model.simulate(record, initial)
