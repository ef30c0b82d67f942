"""KerasForecaster: any Keras model as a forecaster, trained by Keras or by the package."""

from __future__ import annotations

import pickle

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from forecast.estimators.neural import keras_forecaster
from forecast.estimators.neural.keras_forecaster import KerasForecaster
from tests.checks_forecaster import covariates, dense, monthly

pytestmark = pytest.mark.backend
Y = monthly(60)
X = covariates(Y.index)
LATER = covariates(pd.period_range(Y.index[-1] + 1, periods=6, freq="M"), seed=3)
WAVE = np.sin(0.5 * np.arange(120.0))


def two_steps(window: int, features: int, targets: int) -> keras.Model:
    rows = keras.Input((window, features))
    hidden = keras.layers.Dense(8, "tanh")(keras.layers.Flatten()(rows))
    return keras.Model(rows, keras.layers.Dense(2 * targets)(hidden))


def recurrent(window: int, features: int, targets: int) -> keras.Model:
    layers = [keras.Input((window, features)), keras.layers.GRU(4), keras.layers.Dense(targets)]
    return keras.Sequential(layers)


def restless(window: int, features: int, targets: int) -> keras.Model:
    """Dropout and batch statistics: more than weights."""
    rows = keras.Input((window, features))
    hidden = keras.layers.BatchNormalization()(keras.layers.Dense(4, "tanh")(keras.layers.Flatten()(rows)))
    return keras.Model(rows, keras.layers.Dense(targets)(keras.layers.Dropout(0.2)(hidden)))


def small(build=dense, **options) -> KerasForecaster:
    small = {"build": build, "window": 3, "epochs": 3, "jit_compile": False, "random_state": 0}
    return KerasForecaster(**small | options)


@pytest.mark.parametrize("build", [dense, recurrent])
@pytest.mark.slow
def test_keras_learns_a_wave(build) -> None:
    model = small(build, window=4, epochs=25, learning_rate=0.05, batch_size=16).fit(WAVE[:100])
    rows = pd.RangeIndex(4, 100)
    error = np.sqrt(np.mean((model.predict(rows) - WAVE[4:100]) ** 2))
    assert error < 0.25 * WAVE.std() and model.solver_ == "keras"
    assert model.history_[0][-1]["loss"] < 0.2 * model.history_[0][0]["loss"]


@pytest.mark.slow
def test_a_forecast_is_the_model_on_its_own_results() -> None:
    model = small(recurrent).fit(Y)
    network, window = model.network_, (Y.to_numpy()[-3:] - model.scaler_.center[0]) / model.scaler_.spread[0]
    for value in model.predict(4):
        output = keras.ops.convert_to_numpy(network(window.reshape(1, 3, 1).astype("float32"))).ravel()
        expected = output[0] * model.scaler_.spread[0, 0] + model.scaler_.center[0, 0]
        assert value == pytest.approx(float(expected), rel=1e-5)
        window = np.append(window[1:], output)


def test_several_steps_at_once_come_in_blocks() -> None:
    model = small(two_steps).fit(X, Y)
    network = model.network_
    y = (Y.to_numpy()[:, None] - model.scaler_.center[0]) / model.scaler_.spread[0]
    x = (np.vstack([X, LATER]) - model.scaler_.x_center) / model.scaler_.x_spread
    for _ in range(3):
        rows = len(y)
        window = np.hstack([y[-3:], x[rows - 2 : rows + 1]])[None].astype("float32")
        y = np.vstack([y, keras.ops.convert_to_numpy(network(window)).reshape(2, 1)])
    expected = y[60:, 0] * model.scaler_.spread[0, 0] + model.scaler_.center[0, 0]
    np.testing.assert_allclose(model.predict(LATER), expected, rtol=1e-5)
    np.testing.assert_allclose(model.predict(LATER.iloc[:3]), expected[:3], rtol=1e-5)
    assert model.min_history(model.panel_) == 3


@pytest.mark.slow
def test_batch_statistics_belong_to_the_model() -> None:
    model = small(restless).fit(Y)
    expected = model.predict(4)
    network, y = model.network_, (Y.to_numpy() - model.scaler_.center[0]) / model.scaler_.spread[0]
    windows = np.lib.stride_tricks.sliding_window_view(y, 3)[:-1, :, None].astype("float32")
    output = keras.ops.convert_to_numpy(network(windows)).ravel()
    values = output * model.scaler_.spread[0, 0] + model.scaler_.center[0, 0]
    np.testing.assert_allclose(model.predict(Y.index[3:]), values, rtol=1e-5)
    keras_forecaster._programs.clear()  # as in another process
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_allclose(again.predict(4), expected, rtol=1e-6)
    with pytest.raises(ValueError, match="members: must be 1 for a model whose training changes more"):
        small(restless, members=2).fit(Y)


@pytest.mark.slow
def test_members_start_apart_and_again_the_same() -> None:
    first, again = (small(members=2, epochs=1).fit(Y) for _ in range(2))
    np.testing.assert_allclose(first.theta_, again.theta_, rtol=1e-6)
    assert not np.allclose(*first.linear_theta_)


@pytest.mark.parametrize("training", ["multi-step", "free-run"])
def test_the_package_trains_it_in_closed_loop(training: str) -> None:
    model = small(solver="lm", training=training, steps=5, weight_decay=1e-3).fit(X, Y)
    assert model.solver_ == "lm" and np.isfinite(model.predict(LATER)).all()


@pytest.mark.slow
def test_a_loss_of_ones_own() -> None:
    by_name = small(loss="mean_absolute_error").fit(Y)
    by_object = small(loss=keras.losses.MeanAbsoluteError()).fit(Y)
    np.testing.assert_allclose(by_name.predict(3), by_object.predict(3), rtol=1e-5)
    assert not np.allclose(by_name.predict(3), small().fit(Y).predict(3), rtol=1e-6)


def test_silence_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    small().fit(Y)
    capfd.readouterr()
    small().fit(Y).predict(2)
    assert capfd.readouterr().out == ""


def test_callbacks_hear_every_epoch_once() -> None:
    class Count(keras.callbacks.Callback):
        epochs: list = []

        def on_epoch_end(self, epoch, logs=None):
            self.epochs.append((epoch, sorted(logs)))

    small(callbacks=[Count()]).fit(Y)
    assert Count.epochs == [(number, ["loss", "val_loss"]) for number in range(3)]


def test_the_cache_of_programs_is_bounded() -> None:
    models = [small(solver="lm", jit_compile=False, epochs=1).fit(Y) for _ in range(3)]
    kept = keras_forecaster._KEPT
    assert len(keras_forecaster._programs) <= kept
    keras_forecaster._programs.clear()
    forecasts = [model.predict(2) for model in models]
    assert len(keras_forecaster._programs) == 3
    np.testing.assert_allclose(models[0].predict(2), forecasts[0])


def test_parameters_are_kept_as_given() -> None:
    model = clone(small(two_steps, loss="huber"))
    assert model.build is two_steps and model.loss == "huber"


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"build": None}, ValueError, "build: must be a function"),
        ({"build": lambda w, f, t: "model"}, TypeError, "build: must be a function that returns.*str"),
        ({"window": 0}, ValueError, "window: must be a whole number of at least 1; received 0"),
        ({"window": 2.5}, TypeError, "window: must be a whole number.*2.5 of type float"),
        (
            {"build": lambda w, f, t: dense(w + 1, f, t)},
            ValueError,
            r"build: must be .*inputs \(batch, 3, 1\)",
        ),
        (
            {"build": lambda w, f, t: keras.Sequential([keras.Input((w, f)), keras.layers.Dense(3)])},
            ValueError,
            r"build: must be a model of outputs \(batch, steps, 1\).*received \(None, 3, 3\)",
        ),
        ({"solver": "sgd"}, ValueError, "solver: must be one of.*'keras'.*received 'sgd'"),
        ({"training": "free-run"}, ValueError, "solver: must be one of the package.*'keras'.*lm"),
        (
            {"build": two_steps, "solver": "lm", "training": "free-run"},
            ValueError,
            "training: must be .one-step. for a model of several steps",
        ),
    ],
    ids=range(9),
)
def test_wrong_arguments(options: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        small(**options).fit(Y)
