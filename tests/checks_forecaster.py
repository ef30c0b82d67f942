"""What every public forecaster must satisfy, and the one list of forecasters under test."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from _pytest.mark import ParameterSet
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError

from forecast.estimators.base import Forecaster
from forecast.estimators.baselines.ar import AR
from forecast.estimators.baselines.ets import ETS
from forecast.estimators.baselines.markov_switching import MarkovSwitching
from forecast.estimators.baselines.naive import Drift, Naive, SeasonalNaive
from forecast.estimators.baselines.naive2 import Naive2
from forecast.estimators.baselines.sarimax import SARIMAX
from forecast.estimators.baselines.theta import Theta
from forecast.estimators.ensemble import Ensemble
from forecast.estimators.lag_regressor import LagRegressor
from forecast.estimators.neural.base import NeuralForecaster
from forecast.estimators.neural.graph_rnn import GraphRNN
from forecast.estimators.neural.keras_forecaster import KerasForecaster
from forecast.estimators.neural.memory_network import MemoryNetwork
from forecast.estimators.neural.narx import NARX
from forecast.estimators.neural.online_rnn import OnlineRNN
from forecast.estimators.neural.recursive_net import RecursiveNet
from forecast.estimators.neural.residual_tdnn import ResidualTDNN
from forecast.estimators.neural.rnn import RNN
from forecast.estimators.neural.seq2seq import Seq2Seq
from forecast.estimators.neural.tdnn import TDNN
from forecast.estimators.neural.transformer import Transformer
from forecast.estimators.pretrained.estimator import Pretrained
from forecast.estimators.saving import load
from forecast.estimators.sequences.classifier import SequenceClassifier
from forecast.estimators.sequences.labeler import SequenceLabeler
from forecast.estimators.sequences.markov_chain import MarkovChain

EXPECTED_FAILED_CHECKS = {
    "check_methods_sample_order_invariance": "rows are ordered in time: another order is another series",
    "check_methods_subset_invariance": "rows of an array follow the history: the k-th row is k steps ahead",
    "check_sample_weight_equivalence_on_dense_data": "repeating or removing a row changes the lags of others",
}
"""Checks of scikit-learn that cannot hold for any forecaster, with the reason; nothing else is excused."""

PANEL = (36, 30)
"""Rows of the two series of the panel under the common checks."""


def forecasters() -> list[Forecaster]:
    """Every forecaster under test, small enough to fit in moments."""
    return [
        AR(),
        AR(lags=3, trend="ct"),
        Naive(),
        SeasonalNaive(),
        Drift(),
        Naive2(),
        ETS(error="add", damped=False, season=4),
        Theta(),
        SARIMAX(order=(1, 0, 0)),
        MarkovSwitching(iterations=2),
        LagRegressor(lags=2),
        Pretrained(),
        Ensemble({"ar": AR(lags=2), "drift": Drift()}, combine="weights"),
        NARX(lags=2, hidden=(2,), epochs=5, random_state=0),
        TDNN(lags=2, hidden=(2,), delays=1, epochs=5, selection=False, jit_compile=False, random_state=0),
        OnlineRNN(lags=2, units=2, jit_compile=False, random_state=0),
        RNN(
            cell="elman",
            units=2,
            window=2,
            lags=2,
            epochs=2,
            selection=False,
            jit_compile=False,
            random_state=0,
        ),
        GraphRNN(lags=2, units=2, cell="elman", epochs=3, selection=False, jit_compile=False, random_state=0),
        RecursiveNet(lags=2, units=2, epochs=3, selection=False, jit_compile=False, random_state=0),
        ResidualTDNN(
            window=3,
            horizon=2,
            blocks=1,
            hidden=(2,),
            batch_size=16,
            epochs=1,
            members=1,
            selection=False,
            jit_compile=False,
            random_state=0,
        ),
        Transformer(
            window=2,
            d_model=2,
            heads=1,
            linear=False,
            solver="lbfgs",
            validation=0,
            epochs=2,
            selection=False,
            jit_compile=False,
            random_state=0,
        ),
        Seq2Seq(
            window=2,
            cell="elman",
            units=2,
            horizon=2,
            attention="additive",
            linear=False,
            epochs=2,
            selection=False,
            jit_compile=False,
            random_state=0,
        ),
        MemoryNetwork(
            window=3,
            units=2,
            slots=3,
            width=1,
            controller="dense",
            lags=2,
            linear=False,
            solver="lbfgs",
            validation=0,
            epochs=2,
            selection=False,
            jit_compile=False,
            random_state=0,
        ),
        KerasForecaster(
            build=dense,
            window=2,
            solver="lbfgs",
            validation=0,
            epochs=3,
            jit_compile=False,
            random_state=0,
        ),
    ]


def on_sequences() -> list[BaseEstimator]:
    """The models of whole sequences, small enough to fit in moments."""
    small: dict[str, Any] = dict(cell="elman", units=(2,), epochs=15, jit_compile=False, random_state=0)
    return [SequenceClassifier(**small), SequenceLabeler(**small), MarkovChain()]


def dense(window: int, features: int, targets: int) -> keras.Model:
    """A small model for KerasForecaster."""
    rows = keras.Input((window, features))
    hidden = keras.layers.Dense(2, "tanh")(keras.layers.Flatten()(rows))
    return keras.Model(rows, keras.layers.Reshape((1, targets))(keras.layers.Dense(targets)(hidden)))


def cases(leave_out: type[Forecaster] | tuple[()] = (), *, broad: bool = False) -> list[ParameterSet]:
    """The forecasters as cases for pytest; those that need Keras are marked so.

    In a `broad` test, which asks more of scikit-learn than of the model, all networks are slow cases.
    """
    return [
        pytest.param(model, id=named(model), marks=_marks(model, broad))
        for model in forecasters()
        if not isinstance(model, leave_out)
    ]


def _marks(model: Forecaster, broad: bool) -> list[pytest.MarkDecorator]:
    if not isinstance(model, NeuralForecaster | OnlineRNN):
        return []
    slow = [pytest.mark.slow] if broad else []
    return [pytest.mark.backend, *slow]


def named(model: Forecaster) -> str:
    """Identifier of a case in pytest's output."""
    return type(model).__name__ if isinstance(model, NeuralForecaster | OnlineRNN) else repr(model)


def monthly(rows: int = 60, seed: int = 0) -> pd.Series:
    """A positive monthly series with trend, season and noise."""
    time = np.arange(rows)
    noise = np.random.default_rng(seed).normal(size=rows)
    index = pd.period_range("2015-01", periods=rows, freq="M")
    return pd.Series(50 + 0.2 * time + 5 * np.sin(time * np.pi / 6) + noise, index=index, name="sales")


def covariates(index: pd.Index, seed: int = 1) -> pd.DataFrame:
    """Two named columns of noise on an index."""
    values = np.random.default_rng(seed).normal(size=(len(index), 2))
    return pd.DataFrame(values, index=index, columns=["price", "heat"])


def long_frame(rows: tuple[int, ...] = (48, 40)) -> pd.DataFrame:
    """A long frame of monthly series of different lengths."""
    parts = []
    for number, length in enumerate(rows):
        y = monthly(length, seed=number)
        parts.append(
            pd.DataFrame({"unique_id": f"s{number}", "ds": y.index.to_timestamp(), "y": y.to_numpy()})
        )
    return pd.concat(parts, ignore_index=True)


def check_forecaster(model: Forecaster, folder: Path) -> None:
    """All common checks on one forecaster.

    Nearly all fits are on 50 rows, alone or as a panel of two series, and forecasts 8 steps at most: few shapes of
    arrays, so that a network is compiled for few of them.
    """
    check_unfitted(model)
    check_index(model)
    check_requests_agree(model)
    check_closed_loop_of_one_step_is_open_loop(model)
    check_history_is_forecast_causally(model)
    check_covariates(model)
    check_several_targets(model)
    check_panel(model)
    check_copies(model, folder)
    check_intervals(model)
    check_update_and_partial_fit(model)
    check_simulate(model)
    check_score(model)
    check_numpy(model)
    check_missing(model)


def check_unfitted(model: Forecaster) -> None:
    fresh = clone(model)
    for call in (
        fresh.predict,
        fresh.predict_interval,
        lambda: fresh.make_future_frame(2),
        lambda: fresh.update([1]),
    ):
        with pytest.raises(NotFittedError):
            call()


def check_index(model: Forecaster) -> None:
    y = monthly(50)
    assert clone(model).set_params(horizon=3).fit(y).predict().shape == (3,)
    fitted = clone(model)
    assert fitted.fit(y) is fitted
    forecast = fitted.predict(12)
    expected = pd.period_range(y.index[-1] + 1, periods=12, freq="M")
    pd.testing.assert_index_equal(forecast.index, expected)
    assert forecast.name == "sales" and forecast.dtype == float and forecast.notna().all()
    assert fitted.n_features_in_ == 0 and not hasattr(fitted, "feature_names_in_")
    pd.testing.assert_index_equal(fitted.make_future_frame(12).index, expected)
    for wrong, error in ((0, ValueError), (-1, ValueError), (1.5, TypeError), ("a", (TypeError, ValueError))):
        with pytest.raises(error):
            fitted.predict(wrong)


def check_requests_agree(model: Forecaster) -> None:
    y = monthly(50)
    fitted = clone(model).fit(y)
    twelve = fitted.predict(12)
    pd.testing.assert_series_equal(fitted.predict(twelve.index), twelve)
    pd.testing.assert_series_equal(fitted.predict(pd.DataFrame(index=twelve.index)), twelve)
    pd.testing.assert_series_equal(fitted.predict(twelve.index[4:]), twelve.iloc[4:])
    np.testing.assert_allclose(fitted.predict(5), twelve.iloc[:5])
    both = fitted.predict(y.index[-3:].append(twelve.index[:2]))
    np.testing.assert_allclose(both.iloc[3:], twelve.iloc[:2])
    np.testing.assert_allclose(both.iloc[:3], fitted.predict(y.index[-3:]))


def check_closed_loop_of_one_step_is_open_loop(model: Forecaster) -> None:
    y = monthly(58)
    fitted = clone(model).fit(y.iloc[:50])
    closed = []
    for now in range(50, 55):
        closed.append(float(fitted.predict(1).iloc[0]))
        fitted.update(y.iloc[now : now + 1])
    np.testing.assert_allclose(fitted.predict(y.index[50:55]), closed, rtol=1e-7)


def check_history_is_forecast_causally(model: Forecaster) -> None:
    y = monthly(58)
    fitted = clone(model).fit(y.iloc[:50])
    before = fitted.predict(y.index[1:50])
    assert fitted.predict(y.index[:50]).notna().all()
    pd.testing.assert_series_equal(fitted.update(y.iloc[50:] + 100.0).predict(y.index[1:50]), before)


def check_covariates(model: Forecaster) -> None:
    y = monthly(58)
    X = covariates(y.index)
    fitted = clone(model).fit(X.iloc[:50], y.iloc[:50])
    assert list(fitted.feature_names_in_) == ["price", "heat"] and fitted.n_features_in_ == 2
    forecast = fitted.predict(X.iloc[50:])
    pd.testing.assert_index_equal(forecast.index, y.index[50:])
    np.testing.assert_allclose(fitted.predict(X.iloc[50:54]), forecast.iloc[:4])
    with pytest.raises(ValueError, match="same order"):
        fitted.predict(X.iloc[50:][["heat", "price"]])
    frame = fitted.make_future_frame(4)
    if np.isinf(fitted._first_lags()).all():  # none matters, perhaps for this history alone
        assert frame.shape == (4, 0)
        return
    assert list(frame.columns) == ["price", "heat"] and frame.isna().all(axis=None)
    with pytest.raises(ValueError, match="price"):
        fitted.predict(X.iloc[50:][["heat"]])
    with pytest.raises(ValueError, match="NaN"):
        fitted.predict(frame)


def check_several_targets(model: Forecaster) -> None:
    y = pd.DataFrame({"a": monthly(50), "b": monthly(50, seed=5)})
    forecast = clone(model).fit(y).predict(3)
    assert list(forecast.columns) == ["a", "b"] and forecast.notna().all(axis=None)
    pd.testing.assert_index_equal(forecast.index, pd.period_range(y.index[-1] + 1, periods=3, freq="M"))
    name = type(model).__name__
    bounds = clone(model).fit(y).predict_interval(2, level=50)
    assert list(bounds.columns) == [f"{name}-{t}{end}" for t in "ab" for end in ("", "-lo-50", "-hi-50")]


def check_panel(model: Forecaster) -> None:
    long = long_frame(PANEL)
    name = type(model).__name__
    forecast = clone(model).fit(long).predict(4)
    assert list(forecast.columns) == ["unique_id", "ds", name]
    assert list(forecast["unique_id"]) == ["s0"] * 4 + ["s1"] * 4
    assert list(forecast["ds"][:4]) == list(pd.date_range("2018-01-01", periods=4, freq="MS"))
    wide = long.set_index(["unique_id", "ds"])["y"]
    stacked = clone(model).fit(wide).predict(4)
    assert stacked.index.names == ["unique_id", "ds"]
    np.testing.assert_allclose(stacked.to_numpy(), forecast[name])
    assert clone(model).fit(long).predict_interval(2, level=50).shape == (4, 5)


def check_copies(model: Forecaster, folder: Path) -> None:
    y = monthly(50)
    fitted = clone(model).fit(y)
    expected = fitted.predict(6)
    assert "NaN" not in fitted._repr_html_() and type(model).__name__ in fitted._repr_html_()
    pd.testing.assert_series_equal(pickle.loads(pickle.dumps(fitted)).predict(6), expected)
    again = clone(fitted)
    assert str(again.get_params()) == str(fitted.get_params()) and not hasattr(again, "panel_")
    pd.testing.assert_series_equal(again.fit(y).predict(6), expected)
    if isinstance(model, LagRegressor | KerasForecaster):
        with pytest.raises(ValueError, match=r"joblib"):
            fitted.save(folder / "model.zip")
        return
    bounds = fitted.predict_interval(2, level=50)
    fitted.save(folder / "model.zip")
    loaded = load(folder / "model.zip")
    assert type(loaded) is type(model) and str(loaded.get_params()) == str(fitted.get_params())
    pd.testing.assert_series_equal(loaded.predict(6), expected)
    pd.testing.assert_frame_equal(loaded.predict_interval(2, level=50), bounds)


def check_intervals(model: Forecaster) -> None:
    fitted = clone(model).fit(monthly(50))
    name = type(model).__name__
    frame = fitted.predict_interval(6, level=[50, 80])
    assert list(frame.columns) == [name, f"{name}-lo-50", f"{name}-hi-50", f"{name}-lo-80", f"{name}-hi-80"]
    np.testing.assert_allclose(frame[name], fitted.predict(6))
    ordered = frame[[f"{name}-lo-80", f"{name}-lo-50", name, f"{name}-hi-50", f"{name}-hi-80"]].to_numpy()
    assert (np.diff(ordered, axis=1) >= 0).all() and (ordered[:, -1] > ordered[:, 0]).all()
    inside = fitted.predict_interval(monthly(50).index[-2:], level=50)
    np.testing.assert_allclose(inside[name], fitted.predict(monthly(50).index[-2:]))


def check_update_and_partial_fit(model: Forecaster) -> None:
    y = monthly(58)
    fitted = clone(model).fit(y.iloc[:50])
    learned = {name: value for name, value in vars(fitted).items() if name.endswith("_")}
    assert fitted.update(y.iloc[50:55]) is fitted
    for name, value in learned.items():
        if name not in ("panel_", "conformal_"):
            assert vars(fitted)[name] is value, name
    assert fitted.predict(1).index[0] == y.index[55]
    with pytest.raises(ValueError):
        fitted.update(y.iloc[57:])
    with pytest.raises(ValueError):
        fitted.update(y.iloc[53:56])
    assert fitted.partial_fit(y.iloc[55:]) is fitted
    assert fitted.predict(1).index[0] == y.index[-1] + 1
    first = clone(model).partial_fit(y.iloc[:50])
    pd.testing.assert_series_equal(first.predict(3), clone(model).fit(y.iloc[:50]).predict(3))


def check_simulate(model: Forecaster) -> None:
    y = monthly(58)
    X = covariates(y.index)
    fitted = clone(model).fit(X.iloc[:50], y.iloc[:50])
    forecast = fitted.predict(X.iloc[50:])
    record = fitted.simulate(X, y.iloc[:50])
    pd.testing.assert_series_equal(record, forecast)
    array = fitted.simulate(X.to_numpy(), y.to_numpy()[:50])
    np.testing.assert_allclose(array, forecast)
    alone = clone(model).fit(y.iloc[:50])
    np.testing.assert_allclose(alone.simulate(3, y.iloc[:50]), alone.predict(3))
    long = long_frame(PANEL).assign(price=np.arange(66.0) % 7, heat=np.arange(66.0) % 5)
    first = long.groupby("unique_id").head(28)
    panel = clone(model).fit(first)
    rest = long.drop(index=first.index).drop(columns="y")
    steps = panel.simulate(long.drop(columns="y"), first.drop(columns=["price", "heat"]))
    pd.testing.assert_frame_equal(steps, panel.predict(rest))
    keys = ["unique_id", "ds"]
    indexed = clone(model).fit(first.set_index(keys))
    stacked = indexed.simulate(long.set_index(keys)[["price", "heat"]], first.set_index(keys)["y"])
    np.testing.assert_allclose(stacked.to_numpy().ravel(), steps[type(model).__name__])
    need = fitted.min_history(fitted.panel_)
    if need > 1:
        with pytest.raises(ValueError, match=f"initial: must be at least {need} rows"):
            fitted.simulate(X, y.iloc[: need - 1])


def check_score(model: Forecaster) -> None:
    y = monthly(58)
    X = covariates(y.index)
    fitted = clone(model).fit(y.iloc[:50])
    truth = y.iloc[50:]
    error = ((truth - fitted.predict(8)) ** 2).sum() / ((truth - truth.mean()) ** 2).sum()
    assert fitted.score(truth) == pytest.approx(1 - error)
    both = clone(model).fit(X.iloc[:50], y.iloc[:50])
    assert np.isfinite(both.score(X.iloc[50:], truth)) and np.isfinite(both.score(X, y))
    long = long_frame(PANEL)
    last = long.groupby("unique_id").tail(3)
    rest = long.drop(index=last.index)
    assert np.isfinite(clone(model).fit(rest).score(last))


def check_numpy(model: Forecaster) -> None:
    series = monthly(58).reset_index(drop=True)
    plain = covariates(series.index)
    y, X = series.to_numpy(), plain.to_numpy()
    fitted = clone(model).fit(y[:50])
    np.testing.assert_allclose(fitted.predict(4), clone(model).fit(series[:50]).predict(4))
    both: Any = clone(model).fit(X[:50], y[:50])
    assert isinstance(both.predict(X[50:]), np.ndarray) and both.predict(X[50:]).shape == (8,)
    np.testing.assert_allclose(both.predict(X[50:53]), both.predict(X[50:])[:3])
    framed: Any = clone(model).fit(plain[:50], y[:50])
    np.testing.assert_allclose(both.predict(X[:50]), framed.predict(plain[:50]))


def check_missing(model: Forecaster) -> None:
    """Targets and covariates with gaps are learned from, and nothing looks ahead of a gap."""
    y = monthly(56)
    X = covariates(y.index)
    holes, gaps = y.copy(), X.copy()
    holes.iloc[[9, 20, 21, 35, 48, 49, 51]] = np.nan
    gaps.iloc[[12, 13, 30, 50, 52], 0] = np.nan
    fitted = clone(model).fit(gaps.iloc[:50], holes.iloc[:50])
    inside = fitted.predict(gaps.iloc[:50])
    assert inside.notna().all() and fitted.predict(X.iloc[50:53]).notna().all()
    if fitted._first_lags()[0] < 3:  # the covariate matters in the steps ahead
        with pytest.raises(ValueError, match=r"NaN in column 'price' at 2019-03.*X\.ffill"):
            fitted.predict(gaps.iloc[50:53])
    steps = fitted.simulate(gaps, holes.iloc[:50])
    np.testing.assert_allclose(steps, fitted.predict(gaps.ffill().iloc[50:]))
    fitted.update(gaps.iloc[50:54], holes.iloc[50:54] + 100.0)
    assert fitted.predict(X.iloc[54:56]).notna().all()
    pd.testing.assert_series_equal(fitted.predict(gaps.iloc[1:50]), inside.iloc[1:])
