"""A fitted forecaster is stored by pickle and skops as plain values and arrays, without objects of pandas."""

from __future__ import annotations

import io
import pickle
from typing import Any

import pandas as pd
import pytest

from forecast.estimators.base import Forecaster
from forecast.estimators.baselines.ar import AR
from forecast.estimators.neural.narx import NARX
from forecast.estimators.pipeline import ForecastPipeline
from forecast.estimators.pretrained.estimator import Pretrained
from forecast.panel import Panel
from tests.checks_forecaster import covariates, monthly

Y = monthly(48)
X, LATER = covariates(Y.index), covariates(pd.period_range(Y.index[-1] + 1, periods=4, freq="M"))
PANEL = "forecast.panel.panel.Panel"
MODELS = {
    "AR": (AR(lags=2), ["forecast.estimators.baselines.ar.AR", PANEL]),
    "pipeline": (
        ForecastPipeline([("ar", AR(lags=2))]),
        ["forecast.estimators.baselines.ar.AR", "forecast.estimators.pipeline.ForecastPipeline", PANEL],
    ),
    "NARX": pytest.param(
        NARX(lags=2, exog_lags=0, epochs=2, hidden=(2,), jit_compile=False, random_state=0),
        [
            "forecast.estimators.neural.inputs.Scaler",
            "forecast.estimators.neural.narx.NARX",
            "forecast.networks.narx.NARXConfig",
            PANEL,
        ],
        marks=pytest.mark.backend,
    ),
    "Pretrained": (Pretrained(), ["forecast.estimators.pretrained.estimator.Pretrained", PANEL]),
}
every_model = pytest.mark.parametrize(("model", "trusted"), MODELS.values(), ids=MODELS.keys())


class Named(pickle.Unpickler):
    """Notes the modules of what it loads."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self.modules: set[str] = set()

    def find_class(self, module: str, name: str) -> Any:
        self.modules.add(module.partition(".")[0])
        return super().find_class(module, name)


@every_model
def test_a_pickle_holds_nothing_of_pandas(model: Forecaster, trusted: list[str]) -> None:
    model.fit(X, Y)
    loaded = Named(pickle.dumps(model))
    pd.testing.assert_series_equal(loaded.load().predict(LATER), model.predict(LATER))
    assert "pandas" not in loaded.modules


@every_model
def test_skops_asks_to_trust_our_classes_alone(model: Forecaster, trusted: list[str]) -> None:
    skops = pytest.importorskip("skops.io")
    stored = skops.dumps(model.fit(X, Y))
    assert skops.get_untrusted_types(data=stored) == trusted
    pd.testing.assert_series_equal(skops.loads(stored, trusted=trusted).predict(LATER), model.predict(LATER))


def test_labels_that_are_no_text_are_pickled_as_they_are() -> None:
    data = pd.DataFrame({("a", 1): [1.0, 2.0], ("b", 2): [3.0, 4.0]})
    data.columns = pd.Index([*data.columns], tupleize_cols=False)
    panel = Panel.from_data(data)
    pd.testing.assert_frame_equal(pickle.loads(pickle.dumps(panel)).to_user()[1], data)
