"""The AR baseline beside a network: what it is judged by, and that it forecasts where it is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.estimators.baselines.ar import AR
from forecast.estimators.neural.graph_rnn import GraphRNN
from forecast.estimators.neural.narx import NARX
from forecast.estimators.neural.residual_tdnn import ResidualTDNN
from forecast.estimators.neural.series_ar import errors_of_baseline
from forecast.estimators.saving import load
from forecast.panel import Panel
from forecast.windows import naive_error

pytestmark = pytest.mark.backend
ROWS = 80
SMALL: dict[str, Any] = dict(
    horizon=4, lags=2, hidden=(2,), epochs=2, scale="series", jit_compile=False, random_state=0
)


def alternating(seed: int, slope: float, level: float) -> np.ndarray:
    """y_t = slope y_{t-1} + noise about a level."""
    noise, y = np.random.default_rng(seed).normal(size=ROWS), [0.0]
    for value in noise[1:]:
        y.append(slope * y[-1] + 0.1 * value)
    return level + np.array(y)


def panel(**series: np.ndarray) -> pd.DataFrame:
    days = pd.date_range("2024-01-01", periods=ROWS)
    parts = [pd.DataFrame({"unique_id": name, "ds": days[: len(y)], "y": y}) for name, y in series.items()]
    return pd.concat(parts, ignore_index=True)


UNLIKE = panel(a=alternating(0, 0.95, 50.0), b=alternating(1, -0.95, -3.0), c=alternating(2, 0.95, 0.0))


@pytest.fixture(scope="module")
def model() -> NARX:
    return NARX(**SMALL).fit(UNLIKE)


def test_series_unlike_each_other_are_forecast_by_an_equation_each(model: NARX) -> None:
    assert model.selection_["candidate"].tolist() == ["AR", "linear model", "network"]
    assert model.selection_["kept"].tolist() == [True, False, False] and model.kept_linear_ == [True]
    ar = AR(lags=2, horizon=4).fit(UNLIKE)
    expected = ar.predict()["AR"]
    np.testing.assert_array_equal(model.predict()["NARX"], expected)
    inside = UNLIKE.groupby("unique_id").tail(30)[["unique_id", "ds"]]
    np.testing.assert_array_equal(model.predict(inside)["NARX"], ar.predict(inside)["AR"])


TINY: dict[str, Any] = dict(blocks=1, hidden=(2,), members=1, epochs=1, jit_compile=False, random_state=0)


@pytest.mark.parametrize(
    "start", [NARX(**SMALL), ResidualTDNN(horizon=4, **TINY)], ids=["NARX", "ResidualTDNN"]
)
def test_a_model_inside_with_a_calendar_comes_back_from_its_file(start: Any, tmp_path: Path) -> None:
    model = start.set_params(calendar=["weekday"]).fit(UNLIKE)
    assert isinstance(model.series_ar_, AR)
    model.save(tmp_path / "model")
    pd.testing.assert_frame_equal(load(tmp_path / "model").predict(), model.predict(), check_exact=True)


def test_a_series_that_is_new_is_forecast_by_the_linear_path(model: NARX) -> None:
    new = panel(a=UNLIKE["y"].to_numpy()[:ROWS], z=alternating(3, 0.5, 7.0))
    both = Panel.from_data(new)
    values = model._forecast(both, 4, np.empty((2, 4, 0)))
    np.testing.assert_array_equal(values[0, :, 0], model.predict()["NARX"][:4])
    linear = NARX(**{**SMALL, "selection": False, "hidden": ()}).fit(UNLIKE)
    np.testing.assert_allclose(values[1], linear._forecast(both, 4, np.empty((2, 4, 0)))[1], rtol=1e-6)


def test_it_is_saved_and_goes_on_with_new_rows(model: NARX, tmp_path: Any) -> None:
    model.save(tmp_path / "model.zip")
    again = load(tmp_path / "model.zip")
    np.testing.assert_array_equal(again.predict()["NARX"], model.predict()["NARX"])
    history = UNLIKE[UNLIKE.groupby("unique_id").cumcount() < ROWS - 8]
    moved = NARX(**SMALL).fit(history).partial_fit(UNLIKE[~UNLIKE.index.isin(history.index)])
    np.testing.assert_allclose(moved.predict()["NARX"], AR(lags=2, horizon=4).fit(UNLIKE).predict()["AR"])


def test_a_bad_series_has_no_equation() -> None:
    with pytest.warns(UserWarning, match="1 of 4"):
        fitted = NARX(**SMALL).fit(pd.concat([UNLIKE, panel(flat=np.full(ROWS, 5.0))]))
    found = fitted.predict().set_index("unique_id")["NARX"]
    assert found["flat"].tolist() == [5.0] * 4
    np.testing.assert_array_equal(found[["a", "b", "c"]], AR(lags=2, horizon=4).fit(UNLIKE).predict()["AR"])


def test_one_series_whose_lags_are_chosen_is_forecast_by_ar_where_that_is_better() -> None:
    walk = (
        np.random.default_rng(0).normal(size=60).cumsum()
    )  # AR finds that changes forecast it better than values
    fitted = NARX(**{**SMALL, "lags": "auto"}).fit(walk)
    assert fitted.selection_["candidate"][0] == "AR" and fitted.selection_["kept"].tolist() == [
        True,
        False,
        False,
    ]
    np.testing.assert_array_equal(fitted.predict(), AR(horizon=4).fit(walk).predict())
    given = NARX(**SMALL).fit(walk)
    assert (
        "AR" not in given.selection_["candidate"].tolist() and given.series_ar_ is None
    )  # the linear path is AR


@pytest.mark.slow
def test_a_residual_network_stands_beside_it() -> None:
    fitted = ResidualTDNN(horizon=4, epochs=2, jit_compile=False, random_state=0).fit(UNLIKE)
    table = fitted.selection_.set_index("candidate")
    expected = AR(horizon=4).fit(UNLIKE).predict()["AR"]
    assert np.isfinite(table["error"]["AR"]) and table["kept"].sum() == 1
    fitted._keep_baseline(fitted._learnable(fitted.panel_), 1.0)
    np.testing.assert_array_equal(fitted.predict()["ResidualTDNN"], expected)


def test_errors_are_those_of_forecasts_from_the_origins(model: NARX) -> None:
    view = model._learnable(model.panel_)
    held = model._held_out(view, model.config_)
    assert held is not None
    errors = errors_of_baseline(AR(lags=2), held, model._scaled(view.panel))
    frame, unit = UNLIKE, naive_error(model.panel_.y, model.panel_.offsets, 7)[:, 0]
    rows = held.runs.target_rows()
    for run in (1, len(rows) - 1):
        series = int(held.runs.series_of()[run])
        own = frame[frame["unique_id"] == "abc"[series]]["y"].to_numpy()
        learned = int(held.before.panel.lengths[series])
        origin = int(rows[run] - model.panel_.offsets[series])
        ar = AR(lags=2).fit(own[:learned]).update(own[learned:origin])
        error = np.abs(ar.predict(4) - own[origin : origin + 4]).mean() / unit[series]
        np.testing.assert_allclose(errors[run], error, rtol=1e-9)


def test_networks_across_series_have_none() -> None:
    options: dict[str, Any] = dict(horizon=4, lags=2, units=2, epochs=2, random_state=0, jit_compile=False)
    fitted = GraphRNN(**options).fit(UNLIKE)
    assert fitted.series_ar_ is None and "AR" not in fitted.selection_["candidate"].tolist()
