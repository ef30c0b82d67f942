"""TDNN: the impulse response model of numpy, the autoregression at its start, delays in every layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.estimators.baselines.ar import AR
from forecast.estimators.neural.narx import NARX
from forecast.estimators.neural.tdnn import TDNN
from tests.checks_forecaster import covariates, monthly

pytestmark = pytest.mark.backend
Y = monthly(96)
X = covariates(Y.index)


def parts(model: TDNN) -> dict[str, np.ndarray]:
    slices = model._compiled().slices()
    return {"/".join(path.split("/")[-2:]): model.theta_[0][part] for path, part in slices.items()}


def test_without_feedback_it_is_a_finite_impulse_response() -> None:
    """y_t = sum_d A_d x_{t-d} + C tanh(sum_d W_d x_{t-d} + b) + c, whatever the measured y."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2))
    lagged = np.stack([x[2 - d : 200 - d] for d in range(3)], axis=1)  # (198, delay, column)
    y = np.zeros(200)
    y[2:] = np.tanh(lagged[:, 0, 0] - lagged[:, 2, 1]) + 0.5 * lagged[:, 1, 0] + 0.01 * rng.normal(size=198)
    model = TDNN(lags=3, hidden=(4,), feedback=False, scale=None, random_state=0)
    model.set_params(jit_compile=False, epochs=60).fit(x[:150], y[:150])
    part = parts(model)
    hidden = np.einsum("tde,deu->tu", lagged, part["delay_1/kernel"].reshape(3, 2, 4))
    hidden = np.tanh(hidden + part["delay_1/bias"])
    linear = lagged.reshape(198, 6) @ part["linear/kernel"]
    expected = hidden @ part["output/kernel"] + part["output/bias"] + linear
    np.testing.assert_allclose(model.predict(x[150:]), expected[148:], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(model.predict(pd.RangeIndex(3, 150)), expected[1:148], rtol=1e-9, atol=1e-12)
    assert np.sqrt(np.mean((model.predict(x[150:]) - y[150:]) ** 2)) < 0.05
    other = model.simulate(x, 100 * rng.normal(size=3))  # the past of y does not matter
    np.testing.assert_allclose(other[147:], model.predict(x[150:]), rtol=1e-9, atol=1e-12)


def test_linear_response_is_least_squares() -> None:
    x = np.random.default_rng(1).normal(size=(120, 1))
    y = np.convolve(x[:, 0], [1.0, -0.5, 0.25])[:120] + 3.0
    model = TDNN(
        lags=3,
        hidden=(2,),
        feedback=False,
        epochs=1,
        scale=None,
        jit_compile=False,
        random_state=0,
        selection=False,
    ).fit(x, y)
    start = {path: model.linear_theta_[0, part] for path, part in model._compiled().slices().items()}
    np.testing.assert_allclose(start["linear/kernel"], [1.0, -0.5, 0.25], atol=1e-9)
    np.testing.assert_allclose(start["output/bias"], 3.0, atol=1e-9)


def test_the_start_forecasts_as_ar() -> None:
    model = TDNN(
        lags=[1, 12],
        hidden=(3,),
        epochs=1,
        jit_compile=False,
        random_state=0,
        scale="series",
        selection=False,
    ).fit(Y)
    model.theta_ = model.linear_theta_
    np.testing.assert_allclose(model.predict(24), AR(lags=[1, 12]).fit(Y).predict(24), rtol=1e-7)


@pytest.mark.slow
def test_delays_in_the_first_layer_alone_are_narx() -> None:
    """The same network under the other name: their weights, moved over, give the same forecasts."""
    narx = NARX(lags=2, hidden=(3,), epochs=10, weight_decay=1e-3, random_state=0).fit(Y)
    model = TDNN(lags=2, hidden=(3,), epochs=1, jit_compile=False, random_state=0).fit(Y)
    assert model.theta_.shape == narx.theta_.shape
    slices = narx._compiled().slices()
    values = {"/".join(path.split("/")[-2:]): narx.theta_[0][part] for path, part in slices.items()}
    renamed = {name.replace("hidden_1", "delay_1"): value for name, value in values.items()}
    model.theta_ = np.concatenate([renamed[name] for name in parts(model)])[None]
    np.testing.assert_allclose(model.predict(24), narx.predict(24), rtol=1e-9)


@pytest.mark.slow
def test_delays_in_every_layer() -> None:
    model = TDNN(
        lags=3,
        hidden=(4, 2),
        delays=(2, 1),
        activation=(None, "tanh"),
        epochs=3,
        jit_compile=False,
        random_state=0,
    )
    config = model.fit(X, Y).config_
    assert [layer.delays for layer in config.layers] == [(0, 1, 2), (0, 1, 2)]
    assert [layer.activation for layer in config.layers] == [None, "tanh"]
    assert config.output_delays == (0, 1) and model.window_ == 1 + 2 + 2 + 1
    assert np.isfinite(model.predict(covariates(pd.period_range(Y.index[-1] + 1, periods=5, freq="M")))).all()


@pytest.mark.slow
def test_a_wiener_hammerstein_system_is_learned() -> None:
    """Linear filter, static tanh, linear filter: the shape of the network is that of the system."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=800)
    inner = np.convolve(x, [1.0, 0.6, 0.3])[:800]
    y = np.convolve(np.tanh(1.5 * inner), [1.0, 0.5])[:800] + 0.02 * rng.normal(size=800)
    model = TDNN(
        lags=3,
        hidden=(4,),
        delays=1,
        feedback=False,
        linear=True,
        epochs=100,
        jit_compile=False,
        random_state=0,
    ).fit(x[:600, None], y[:600])
    error = np.sqrt(np.mean((model.predict(x[600:, None]) - y[600:]) ** 2))
    assert error < 0.03 < 0.1 * y.std()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"hidden": ()}, ValueError, "hidden: must be a list of at least 1"),
        ({"hidden": 8}, TypeError, r"hidden: must be a list.*received 8 of type int.*hidden=\(8,\)"),
        ({"hidden": (4, "8")}, TypeError, r"hidden\[1\]: must be a whole number.*'8' of type str"),
        ({"lags": "12"}, ValueError, "lags: must be 'auto', a whole number.*received '12'.*lags=12"),
        ({"weight_decay": -1}, ValueError, "weight_decay: must be at least 0, or None; received -1"),
        ({"callbacks": print}, TypeError, r"callbacks: must be a list.*callbacks=\[callback\]"),
        ({"delays": -1}, ValueError, "delays: must be a whole number of at least 0; received -1"),
        (
            {"delays": (1, 2)},
            ValueError,
            r"delays: must be one value, or one for each of the 1.*received \(1, 2\)",
        ),
        ({"delays": (1.5,)}, TypeError, "delays: must be a whole number.*1.5 of type float"),
        (
            {"activation": ("tanh", "relu")},
            ValueError,
            "activation: must be one value, or one for each of the 1",
        ),
        ({"activation": "tnah"}, ValueError, "activation: must be the Keras name.*received 'tnah'.*tanh"),
        ({"feedback": False}, ValueError, "feedback: must be True when exog=0"),
    ],
)
def test_wrong_arguments(options: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        TDNN(**{"lags": 2, **options}).fit(Y)


def test_direct_forecasts_are_regressions_of_every_step() -> None:
    """Of y_{t+h} on the lags of y_t and on the covariates from t to t+h, for h = 0, 1, 2."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 1))
    y = np.convolve(x[:, 0], [0.5, 0.3, 0.2])[:120] + rng.normal(size=120).cumsum() * 0.1
    options: dict[str, Any] = {
        "hidden": (1,),
        "epochs": 1,
        "weight_decay": 1e9,
        "validation": 0,
        "scale": None,
    }
    model = TDNN(lags=2, horizon=3, strategy="direct", jit_compile=False, random_state=0, **options).fit(
        x[:100], y[:100]
    )
    forecast = model.predict(x[100:104])
    for h in range(3):
        now = np.arange(2, 98)
        past = [np.ones(96), y[now - 1], y[now - 2], x[now, 0], x[now - 1, 0]]
        design = np.stack(past + [x[now + k, 0] for k in range(1, h + 1)], axis=1)
        found = np.linalg.lstsq(design, y[now + h], rcond=None)[0]
        row = [1.0, y[99], y[98], x[100, 0], x[99, 0], *x[101 : 101 + h, 0]]
        np.testing.assert_allclose(forecast[h], np.dot(row, found), rtol=1e-4)
    np.testing.assert_allclose(model.predict(x[100:102]), forecast[:2])  # later covariates change nothing
    np.testing.assert_allclose(model.update(x[100:103], forecast[:3]).predict(x[103:104]), forecast[3:])


@pytest.mark.parametrize("wrong", [{"horizon": 1}, {"horizon": 3, "training": "free-run"}])
def test_what_a_direct_forecast_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="direct"):
        TDNN(strategy="direct", **wrong).fit(Y)
