"""Pipelines of transformers of X keep the timeline, and have the methods of their forecaster."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from forecast.estimators.baselines.ar import AR
from forecast.estimators.pipeline import ForecastPipeline, with_timeline
from forecast.evaluation import backtest, leaderboard
from tests.checks_forecaster import covariates, monthly

Y = monthly(72)
X = covariates(Y.index)
SCALED = ForecastPipeline([("scale", StandardScaler()), ("ar", AR(lags=2))])


def test_methods_of_the_forecaster_give_what_it_gives_alone() -> None:
    later = X[64:]
    alone = AR(lags=2).fit(X[:60], Y[:60]).update(X[60:64], Y[60:64])
    piped = SCALED.fit(X[:60], Y[:60]).update(X[60:64], Y[60:64])
    pd.testing.assert_series_equal(piped.predict(later), alone.predict(later))
    pd.testing.assert_frame_equal(piped.predict_interval(later, 80), alone.predict_interval(later, 80))
    pd.testing.assert_frame_equal(piped.predict_quantiles(later, 0.3), alone.predict_quantiles(later, 0.3))
    pd.testing.assert_frame_equal(
        piped.sample(later, 3, random_state=0), alone.sample(later, 3, random_state=0)
    )
    pd.testing.assert_series_equal(piped.simulate(X, Y[:5]), alone.simulate(X, Y[:5]))
    pd.testing.assert_frame_equal(piped.make_future_frame(3), alone.make_future_frame(3))


@pytest.mark.parametrize("form", ["pair", "long", "joint", "arrays", "array of X", "two targets"])
def test_a_pipeline_in_a_backtest_is_the_model_on_transformed_covariates(form: str) -> None:
    shops = {"a": (X, Y), "b": (X[20:] + 1, Y[20:] * 3)}
    joint = pd.concat({name: x.assign(y=y) for name, (x, y) in shops.items()}, names=["unique_id", "ds"])
    data: tuple = {
        "pair": (Y, X),
        "long": (joint.reset_index(),),
        "joint": (joint,),
        "arrays": (Y.to_numpy(), X.to_numpy()),
        "array of X": (Y, X.to_numpy()),
        "two targets": (np.column_stack([Y, 2 * Y]), X.to_numpy()),
    }[form]
    models = {"piped": make_pipeline(StandardScaler(), AR(lags=2)), "alone": AR(lags=2)}
    frame = backtest(models, *data, horizon=4, windows=3, refit=False, level=[80])
    for bound in ("", "-lo-80", "-hi-80"):
        np.testing.assert_allclose(frame[f"piped{bound}"], frame[f"alone{bound}"])
    other = backtest({"alone": AR(lags=2)}, *data, horizon=4, windows=3, refit=False)
    np.testing.assert_allclose(frame["alone"], other["alone"])  # whatever stands beside it


def test_rows_of_arrays_follow_the_history() -> None:
    scaled = ForecastPipeline([("scale", StandardScaler()), ("ar", AR(lags=2))])
    ahead = scaled.fit(X[:60].to_numpy(), Y[:60].to_numpy()).predict(X[60:].to_numpy())
    np.testing.assert_allclose(ahead, AR(lags=2).fit(X[:60], Y[:60]).predict(X[60:]))
    assert scaled.make_future_frame(3).shape == (3, X.shape[1])


def test_any_transformers_keep_the_timeline() -> None:
    weather = X.assign(sky=np.where(X.iloc[:, 0] > 0, "sun", "rain"))
    encoder = make_column_transformer(
        (OneHotEncoder(sparse_output=False, handle_unknown="ignore"), ["sky"]),
        (make_pipeline(StandardScaler(), PCA(1)), [*X.columns]),
    )
    models = {"encoded": make_pipeline(encoder, AR(lags=2)), "nothing": make_pipeline("passthrough", AR())}
    table = leaderboard(models, Y, weather, horizon=4, windows=2, refit=False, error_score="raise")
    assert np.isfinite(table.loc[[*models], "MASE"]).all()
    assert encoder.transformers[0][1].sparse_output is False and not hasattr(encoder, "transformers_")


def test_a_search_sets_the_options_of_every_step() -> None:
    grid = {"ar__lags": [1, 2], "scale__with_mean": [True, False]}
    search = GridSearchCV(SCALED, grid, cv=TimeSeriesSplit(2, test_size=6), scoring="neg_mean_squared_error")
    assert search.fit(X, Y).predict(X[60:]).index.equals(Y.index[60:])


def test_transformers_need_an_X_of_their_own() -> None:
    with pytest.raises(ValueError, match=r"y: must be given beside X.*fit\(X, y\)"):
        SCALED.fit(Y)
    with pytest.raises(ValueError, match="X: must be the covariates .* received None. Pass them"):
        SCALED.fit(None, Y)
    fitted = SCALED.fit(X[:60], Y[:60])
    for method in (fitted.predict, fitted.predict_interval):
        for asked, words in ((3, "received 3"), (X.index[60:], "received an index")):
            with pytest.raises(ValueError, match=f"X: must be the covariates .* {words}. Fill in the frame"):
                method(asked)
    alone = make_pipeline(AR(lags=2))
    pd.testing.assert_series_equal(
        backtest(alone, Y, horizon=2)["Pipeline"], backtest(AR(lags=2), Y, horizon=2)["AR"], check_names=False
    )
    assert with_timeline(AR) is AR
