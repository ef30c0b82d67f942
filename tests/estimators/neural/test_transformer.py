"""Transformer: the autoregression at its start, and a nonlinear series on which it leaves that behind."""

from __future__ import annotations

import keras
import numpy as np
import pandas as pd
import pytest

from forecast.estimators.baselines.ar import AR
from forecast.estimators.neural.transformer import Transformer
from forecast.networks import self_attention_reader
from tests.checks_forecaster import monthly

pytestmark = pytest.mark.backend
Y = monthly(96)


def test_the_start_forecasts_as_ar() -> None:
    options = dict(epochs=1, validation=0, random_state=0, scale="series", selection=False)
    model = Transformer(window=5, d_model=2, solver="lbfgs", jit_compile=False, **options).fit(Y)
    model.theta_ = model.linear_theta_
    np.testing.assert_allclose(model.predict(24), AR(lags=5).fit(Y).predict(24), rtol=1e-7)


@pytest.mark.slow
def test_it_learns_what_a_linear_model_cannot() -> None:
    y = [0.3]
    for _ in range(299):
        y.append(3.8 * y[-1] * (1 - y[-1]))  # the logistic map: its autocorrelation says nothing
    y = np.array(y)
    model = Transformer(window=3, d_model=4, epochs=100, random_state=0).fit(y[:250])
    errors = [
        [abs(step - truth) for step, truth in zip(fitted.predict(2), y[250:252], strict=True)]
        for fitted in (model, AR(lags=3).fit(y[:250]))
    ]
    assert max(errors[0]) < 0.1 * max(errors[1])


@pytest.mark.slow
def test_attention_weights_say_which_rows_a_step_reads() -> None:
    options = dict(window=3, d_model=2, heads=1, solver="lbfgs", epochs=2, jit_compile=False, random_state=0)
    model = Transformer(**options, selection=False).fit(Y[:90])
    weights = model.attention_weights(3)
    assert list(weights.columns) == ["lag3", "lag2", "lag1"]
    pd.testing.assert_index_equal(weights.index, Y.index[90:93])
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-5)
    window, _ = model.windows(pd.concat([Y[:90], model.predict(3)]))
    seen = self_attention_reader(model.network_)(window[-3:].astype("float32"))
    np.testing.assert_allclose(weights, keras.ops.convert_to_numpy(seen)[:, 0], rtol=1e-4)
    with pytest.raises(ValueError, match="X: must be steps after the history; received 2 rows of it"):
        model.attention_weights(Y.index[88:91])


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (dict(d_model=5), ValueError, "d_model: must be a multiple of heads=2; received 5"),
        (dict(window=0), ValueError, "window: must be a whole number of at least 1"),
        (dict(layers="two"), TypeError, "layers: must be a whole number"),
    ],
)
def test_wrong_arguments(options: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        Transformer(**options).fit(Y)
