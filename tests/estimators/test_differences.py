"""Models of differences: forecasts of y_t - y_{t-m}, added to the last levels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from forecast.estimators.base import Forecaster
from forecast.estimators.baselines.ar import AR
from forecast.estimators.baselines.naive import Naive, SeasonalNaive
from forecast.estimators.baselines.theta import Theta
from forecast.estimators.ensemble import Ensemble
from forecast.estimators.held_out import held_out
from forecast.estimators.lag_regressor import LagRegressor
from forecast.estimators.neural.narx import NARX
from forecast.estimators.neural.online_rnn import OnlineRNN
from forecast.estimators.neural.residual_tdnn import ResidualTDNN
from forecast.estimators.neural.seq2seq import Seq2Seq
from forecast.estimators.neural.transformer import Transformer
from forecast.estimators.pretrained.estimator import Pretrained
from forecast.estimators.saving import load
from tests.checks_forecaster import covariates, long_frame, monthly

Y = monthly(72)
SLOW = [pytest.mark.backend, pytest.mark.slow]
NETWORK = NARX(lags=3, hidden=(2,), epochs=5, jit_compile=False, random_state=0)
ONLINE = OnlineRNN(lags=2, units=2, jit_compile=False, random_state=0)
MODELS = [
    AR(),
    LagRegressor(lags=3),
    Theta(),
    Pretrained(),
    SeasonalNaive(),
    Ensemble({"ar": AR(lags=2), "naive": Naive()}, combine="weights"),
    pytest.param(ONLINE, marks=SLOW),
    pytest.param(NETWORK, marks=SLOW),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_seasonal_differences_are_those_taken_by_hand(model: Forecaster) -> None:
    X = covariates(Y.index)
    outer = clone(model).set_params(transform="seasonal_difference").fit(X[:60], Y[:60])
    changes = Y.diff(12).dropna()
    inner = clone(model).fit(X[12:60], changes[:48])
    assert outer.min_history(outer.panel_) == 12 + max(inner.min_history(inner.panel_), 1)
    told, steps = outer.predict(X[60:]), inner.predict(X[60:])
    pd.testing.assert_series_equal(told, steps + Y[48:60].to_numpy(), rtol=1e-12)
    known = Y.index[outer.min_history(outer.panel_) : 60]
    before = Y.shift(12)[known]
    pd.testing.assert_series_equal(outer.predict(X.loc[known]), inner.predict(X.loc[known]) + before)
    outer.update(X[60:65], Y[60:65]), inner.update(X[60:65], changes[48:53])
    pd.testing.assert_series_equal(outer.predict(X[65:]), inner.predict(X[65:]) + Y[53:60].to_numpy())
    outer.partial_fit(X[65:70], Y[65:70]), inner.partial_fit(X[65:70], changes[53:58])
    pd.testing.assert_series_equal(outer.predict(X[70:]), inner.predict(X[70:]) + Y[58:60].to_numpy())


@pytest.mark.backend
def test_a_stream_keeps_the_levels_that_its_differences_need(tmp_path: Path) -> None:
    changes = Y.diff(12).dropna()
    outer = clone(ONLINE).set_params(transform="seasonal_difference", keep=20).fit(Y[:60])
    inner = clone(ONLINE).set_params(keep=20).fit(changes[:48])
    outer.partial_fit(Y[60:65]).update(Y[65:]), inner.partial_fit(changes[48:53]).update(changes[53:])
    assert len(outer.panel_.y) == 32 and len(inner.panel_.y) == 20
    outer.save(tmp_path / "model.forecast")
    for model in (outer, load(tmp_path / "model.forecast")):
        pd.testing.assert_series_equal(model.predict(9), inner.predict(9) + Y[60:69].to_numpy())
        np.testing.assert_allclose(model.prequential_[12:], inner.prequential_)
        assert np.isnan(model.prequential_[:12]).all()


def test_models_of_an_ensemble_share_one_history_of_differences(tmp_path: Path) -> None:
    long = long_frame()
    model = Ensemble([AR(lags=2), Naive()], transform="difference").fit(long)
    model.update(long_frame((50, 44)).groupby("unique_id").tail(2).iloc[:2])  # of the first series alone
    one, other = model.named_estimators_.values()
    assert one.panel_ is other.panel_ and [*one.panel_.lengths] == [49, 39]
    model.save(tmp_path / "model.forecast")
    pd.testing.assert_frame_equal(load(tmp_path / "model.forecast").predict(3), model.predict(3))


def test_two_differences_after_a_logarithm() -> None:
    model = AR(lags=2, transform=["log", "difference", "seasonal_difference"]).fit(Y)
    assert model.transform_ == ("log", "difference", "seasonal_difference") and model.differences_ == (1, 12)
    logs = np.log(Y)
    path = [*logs]
    for step in AR(lags=2).fit(logs.diff().diff(12).dropna()).predict(15):
        path.append(step + path[-1] + path[-12] - path[-13])
    np.testing.assert_allclose(model.predict(15), np.exp(path[72:]), rtol=1e-12)
    lines = pd.Series(np.arange(40.0) ** 2)
    np.testing.assert_allclose(
        Naive(transform=["difference", "difference"]).fit(lines).predict(5), np.arange(40, 45) ** 2
    )


def test_panels_weights_and_records() -> None:
    long = long_frame()
    weights = np.linspace(0.0, 1.0, len(long))
    model = AR(lags=2, transform="difference").fit(long, sample_weight=weights)
    first = long[long["unique_id"] == "s0"].set_index("ds")["y"].asfreq("MS")
    steps = AR(lags=2).fit(first.diff().dropna(), sample_weight=weights[1:48]).predict(4)
    told = model.predict(4)
    np.testing.assert_allclose(told["AR"][:4], first.iloc[-1] + steps.cumsum(), rtol=1e-12)
    np.testing.assert_array_equal(model.sample_weight_, weights)
    record = AR(lags=2, transform="difference").fit(Y).simulate(6, Y[:30])
    pd.testing.assert_series_equal(record, AR(lags=2, transform="difference").fit(Y).simulate(9, Y[:30])[:6])
    assert record.index[0] == Y.index[30] and abs(record.iloc[0] - Y.iloc[29]) < 10


def test_held_out_errors_are_those_of_levels() -> None:
    model = Naive(transform="difference").fit(Y)
    found = held_out(model, model.panel_, None, 3)
    last = Y.to_numpy()[found.origins[:, 0] - 1]
    step = last - Y.to_numpy()[found.origins[:, 0] - 2]
    np.testing.assert_allclose(
        found.forecast[:, 0, :3, 0][:, 2][~np.isnan(found.forecast[:, 0, 2, 0])],
        (last + 3 * step)[~np.isnan(found.forecast[:, 0, 2, 0])],
    )
    width = np.diff(model.predict_interval(8, level=80)[["Naive-lo-80", "Naive-hi-80"]], axis=1).ravel()
    assert width[-1] > 3 * width[0]  # errors of differences add up


def test_levels_change_nothing_but_the_level() -> None:
    model = AR(transform="difference").fit(Y)
    moved = AR(transform="difference").fit(Y + 1e3)
    pd.testing.assert_series_equal(moved.predict(9), model.predict(9) + 1e3)
    told = moved.predict_interval(9, level=80)
    pd.testing.assert_frame_equal(told, model.predict_interval(9, level=80) + 1e3)


@pytest.mark.parametrize("model", [Naive(), AR(lags=1), LagRegressor(lags=1), Theta(), Pretrained()])
def test_missing_values_of_a_straight_line(model: Forecaster) -> None:
    line = pd.Series(np.arange(60.0), pd.period_range("2000-01", periods=60, freq="M"))
    holes = line.copy()
    holes.iloc[[5, 20, 21, 40, 58, 59]] = np.nan
    fitted = clone(model).set_params(transform="difference").fit(holes)
    np.testing.assert_allclose(fitted.predict(4), np.arange(60.0, 64.0), rtol=1e-6)
    rows = [41, 45, 57]
    np.testing.assert_allclose(fitted.predict(line.index[rows])[1:], line.iloc[rows[1:]], rtol=1e-6)
    assert fitted.predict(line.index).notna().all()


def test_refusals_name_the_season_and_the_rows() -> None:
    with pytest.raises(ValueError, match=r"transform: .*no season is known.*season=12"):
        AR(transform="seasonal_difference").fit(Y.to_numpy())
    assert AR(transform="seasonal_difference", season=[12, 24]).fit(Y.to_numpy()).differences_ == (12,)
    with pytest.raises(ValueError, match="at least 13 rows long"):
        Naive(transform="seasonal_difference").fit(Y[:12])
    with pytest.raises(ValueError, match="12 less than rows"):
        AR(lags=5, transform="seasonal_difference").fit(Y[:16])


SMALL: dict[str, Any] = dict(
    window=4, horizon=3, epochs=1, jit_compile=False, random_state=0, selection=False
)


@pytest.mark.backend
@pytest.mark.parametrize("transform", [None, "difference"])
def test_bounds_of_a_network_of_quantiles(transform: str | None) -> None:
    model = ResidualTDNN(loss=[0.1, 0.5, 0.9], members=1, blocks=1, hidden=(2,), transform=transform, **SMALL)
    told = model.fit(Y).predict_interval(5, level=80)
    assert (np.diff(told[["ResidualTDNN-lo-80", "ResidualTDNN", "ResidualTDNN-hi-80"]]) >= 0).all()


@pytest.mark.backend
@pytest.mark.slow
@pytest.mark.parametrize(
    "model",
    [
        Seq2Seq(cell="elman", units=2, attention="additive", linear=False, **SMALL),
        Transformer(d_model=2, heads=1, linear=False, solver="lbfgs", validation=0, **SMALL),
    ],
    ids=lambda model: type(model).__name__,
)
def test_attention_is_that_of_the_network_of_differences(model: Any) -> None:
    outer, changes = clone(model).set_params(transform="difference").fit(Y), Y.diff().dropna()
    inner = clone(model).fit(changes)
    pd.testing.assert_frame_equal(outer.attention_weights(3), inner.attention_weights(3))
    np.testing.assert_array_equal(outer.windows(Y)[0], inner.windows(changes)[0])
