"""No option of a family is accepted and ignored: each changes the network, the training or the units, or is refused."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from forecast.estimators.neural import padded
from forecast.estimators.neural.base import NeuralForecaster
from forecast.estimators.neural.keras_forecaster import KerasForecaster
from forecast.estimators.neural.multivariate import MultivariateForecaster
from forecast.estimators.neural.narx import NARX
from forecast.estimators.neural.residual_tdnn import ResidualTDNN
from forecast.estimators.neural.seq2seq import Seq2Seq
from forecast.estimators.neural.tdnn import TDNN
from forecast.training import selection
from forecast.training.fit import Fitted
from tests.checks_forecaster import dense, forecasters, monthly, named

pytestmark = pytest.mark.backend
MODELS = [model for model in forecasters() if isinstance(model, NeuralForecaster)]
NODES = pd.DataFrame({"source": ["a"], "target": ["b"]})
TREE = pd.DataFrame({"node": ["a", "b", "c"], "parent": ["c", "c", None]})


def two_layers(window: int, features: int, targets: int) -> keras.Model:
    rows = keras.Input((window, features))
    hidden = keras.layers.Dense(5, "tanh")(keras.layers.Flatten()(rows))
    return keras.Model(rows, keras.layers.Dense(targets)(keras.layers.Dense(4, "tanh")(hidden)))


OTHERS: dict[str, Any] = {
    "scale": "window", "solver": "adam", "training": "free-run", "steps": 11, "epochs": 7, "batch_size": 9,
    "learning_rate": 0.02, "weight_decay": 0.5, "validation": 0.4, "patience": 3, "tolerance": 0.01, "members": 2,
    "jit_compile": True, "verbose": 1, "callbacks": [keras.callbacks.Callback()], "random_state": 5, "horizon": 12,
    "lags": [1, 3], "exog_lags": [0, 2], "hidden": (3,), "activation": "relu", "linear": False, "delays": 2,
    "feedback": False, "embed_series": 2, "categories": {"x": 2}, "cell": "gru", "units": 3, "window": 4,
    "bidirectional": "sum", "pooling": "mean", "layer_norm": True, "zoneout": 0.1, "dropout": 0.1,
    "recurrent_dropout": 0.1, "truncate": (1, 1), "d_model": 4, "heads": 2, "layers": 2, "widening": 3,
    "attention": "multiplicative", "context": "every", "decoding": "teacher-forcing", "slots": 4, "width": 2,
    "read_heads": 2, "controller": "gru", "outputs": 2, "loss": "absolute", "edges": NODES, "parents": TREE,
    "both_ways": False, "aggregate": "sum", "season": 9, "blocks": 2, "skip": True, "strategy": "direct",
    "build": two_layers, "exog_units": 2, "selection": True, "start": "pretrained", "calendar": ["month"],
    "transform": "log",
}  # fmt: skip


def other(model: NeuralForecaster, name: str) -> Any:
    """A value that is not the one at hand."""
    value, now = OTHERS[name], model.get_params()[name]
    if isinstance(model, KerasForecaster) and name == "loss":
        return "mean_absolute_error"
    if name == "linear" and isinstance(now, str):
        return "shared"
    if isinstance(now, bool):
        return not now
    second = {"heads": 1, "solver": "lbfgs", "scale": "series", "activation": "tanh", "loss": "huber"}
    return second.get(name, value) if str(value) == str(now) else value


def learned_from(model: NeuralForecaster, monkeypatch: pytest.MonkeyPatch) -> str:
    """All that decides the weights: the config, windows, options and generator, without any training."""
    seen: list[Any] = []

    def record(
        program: Any, windows: Any, *more: Any, options: Any, rng: Any, theta: Any = None, **reach: Any
    ) -> Fitted:
        seen.extend(
            [program.jit, program.size, program.objective, windows.y.tolist(), windows.x.tolist(), reach]
        )
        seen.extend([len(program.network.layers), vars(options), rng.random()])
        return Fitted(program.template, program.template, "none")

    monkeypatch.setattr(selection, "train", record)
    monkeypatch.setattr(
        padded,
        "train_drawn",
        lambda *data, thetas, **more: [record(*data, **more, theta=theta) for theta in thetas],
    )
    x = pd.DataFrame({"x": np.arange(30) % 7}, index=monthly(30).index)
    frame = pd.DataFrame({"a": monthly(30), "b": monthly(30, seed=1)})
    frame["c"] = frame["a"] + frame["b"]
    model.fit(x, frame if isinstance(model, MultivariateForecaster) else frame["a"])
    config = {name: value for name, value in vars(model.config_).items() if name != "model"}
    return str([seen, config, model.horizon, model.selection_.to_string()])


QUICK = (NARX, TDNN, ResidualTDNN)


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(model, id=named(model), marks=[] if isinstance(model, QUICK) else pytest.mark.slow)
        for model in MODELS
    ],
)
def test_every_option_tells(model: NeuralForecaster, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = []
    read, given = {"past", "static", "missing_rows"}, {"nonnegative", "bias_correction"}
    at_the_border = read | given  # what is read, asked for and given back, not what is trained
    for name in [item.name for item in fields(model) if item.init and item.name not in at_the_border]:
        start = clone(model).set_params(selection=False)
        if name == "steps" and not isinstance(model, Seq2Seq | ResidualTDNN):
            start.set_params(training="free-run")
        if name == "season":  # it tells what "auto" stands for
            if isinstance(start, KerasForecaster):
                continue
            start.set_params(**{"lags" if hasattr(start, "lags") else "window": "auto"})
        before, changed = learned_from(start, monkeypatch), clone(start)
        try:
            after = learned_from(changed.set_params(**{name: other(start, name)}), monkeypatch)
        except ValueError as error:
            assert name in str(error) or "solver" in str(error), error
        else:
            silent += [name] if after == before else []
    assert silent == []


def test_a_users_network_is_normalised_by_window() -> None:
    """What it learned of one level it knows of every other, as the package's own networks do."""
    options: dict[str, Any] = {"window": 3, "epochs": 2, "solver": "lbfgs", "random_state": 0}
    y = monthly(40)
    model = KerasForecaster(build=dense, scale="window", **options).fit(y)
    np.testing.assert_allclose(model.simulate(3, y + 20.0), model.predict(3) + 20.0, rtol=1e-5)
    assert not np.allclose(model.predict(3), KerasForecaster(build=dense, **options).fit(y).predict(3))
    window = (y.to_numpy()[-3:, None] - model.scaler_.center[0]) / model.scaler_.spread[0]
    output = keras.ops.convert_to_numpy(model.network_(window[None].astype("float32"))).ravel()
    value = output[0] * model.scaler_.spread[0, 0] + model.scaler_.center[0, 0]
    assert model.predict(1).iloc[0] == pytest.approx(float(value), rel=1e-5)
