"""A panel of many series: the last horizons of each choose between AR and networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.estimators.baselines.ar import AR
from forecast.estimators.baselines.naive import Naive, SeasonalNaive
from forecast.estimators.neural.judged_panel import errors_at_end
from forecast.estimators.neural.residual_tdnn import ResidualTDNN
from forecast.estimators.saving import load
from forecast.panel import Panel
from forecast.windows import naive_error

pytestmark = pytest.mark.backend
QUARTERS = pd.date_range("2000-01-01", periods=60, freq="QS")
SMALL: dict[str, Any] = dict(
    horizon=4,
    hidden=(2,),
    blocks=1,
    members=1,
    epochs=1,
    batch_size=16,
    learning_rate=1e-9,
    jit_compile=False,
    random_state=0,
)


def many(season: np.ndarray, series: int = 100, rows: int = 30) -> pd.DataFrame:
    """Series of one pattern, each with noise of its own."""
    rng, parts = np.random.default_rng(0), []
    for number in range(series):
        y = 10 + np.tile(season, rows)[:rows] + 0.1 * rng.normal(size=rows).cumsum()
        parts.append(pd.DataFrame({"unique_id": f"s{number:03d}", "ds": QUARTERS[:rows], "y": y}))
    return pd.concat(parts, ignore_index=True)


def runs(y: np.ndarray, origins: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, naive and seasonal naive forecasts (S, H) of four steps after each origin."""
    truth = np.hstack([y[:, origin : origin + 4] for origin in origins])
    naive = np.hstack([np.repeat(y[:, origin - 1 : origin], 4, axis=1) for origin in origins])
    return truth, naive, np.hstack([y[:, origin - 4 : origin] for origin in origins])


@pytest.mark.parametrize(("rows", "origins"), [(30, (22, 26)), (13, (9,))])
def test_errors_are_those_of_the_last_rows_of_series_that_are_long_enough(
    rows: int, origins: tuple[int, ...]
) -> None:
    long = many(np.array([3.0, 0.0, -3.0, 0.0]), 2, rows)
    panel = Panel.from_data(pd.concat([long, many(np.zeros(4), 3, 9)[18:]]))
    found = errors_at_end(
        {"naive": Naive(), "season": SeasonalNaive()}, panel, None, horizon=4, season=1, beside="naive"
    )
    unit = naive_error(panel.y, panel.offsets, 1)[:2]
    truth, naive, season = runs(panel.y[: 2 * rows, 0].reshape(2, rows), origins)
    expected = {"naive": naive, "naive and season": (naive + season) / 2, "season": season}
    assert set(found) == set(expected)
    for name, forecast in expected.items():
        np.testing.assert_allclose(found[name], np.mean(np.abs(truth - forecast) / unit, axis=1))


@pytest.mark.parametrize(("season", "skip"), [([3.0, 0.0, -3.0, 0.0], True), ([0.0, 0.0, 0.0, 0.0], False)])
def test_forecasts_start_from_the_last_season_where_that_is_better(season: list[float], skip: bool) -> None:
    class Alone(ResidualTDNN):
        """Without AR beside it."""

        def _has_baseline(self, view: Any) -> bool:
            return False

    model = Alone(**SMALL).fit(many(np.array(season)))
    assert model.config_.skip is skip and model.series_ar_ is None
    assert model.selection_["candidate"].tolist() == ["network", "network, skip"]
    assert model.selection_["kept"].tolist() == [not skip, skip]


def test_ar_forecasts_where_no_network_is_better() -> None:
    data = many(np.zeros(4))
    data["y"] += (
        5.0 * data.groupby("unique_id").cumcount()
    )  # a drift, which an untrained network does not know
    model = ResidualTDNN(**SMALL).fit(data)
    names = ["AR", "network", "network, skip"]
    assert model.selection_["candidate"].tolist() == [*names, *(f"AR and {name}" for name in names[1:])]
    assert model.selection_["kept"].tolist() == [True, False, False, False, False]
    expected = AR(horizon=4).fit(data).predict()["AR"]
    np.testing.assert_array_equal(model.predict()["ResidualTDNN"], expected)
    new = model._forecast(Panel.from_data(many(np.zeros(4), 1)), 4, np.empty((1, 4, 0)))
    assert np.isfinite(new).all()


def test_the_mean_of_ar_and_a_network_is_forecast_where_it_is_kept(tmp_path: Any) -> None:
    data = many(np.array([3.0, 0.0, -3.0, 0.0]))
    network = ResidualTDNN(**SMALL, selection=False, skip=True).fit(data)
    alone, ar = network.predict()["ResidualTDNN"], AR(horizon=4).fit(data).predict()["AR"]
    network._keep_baseline(network._learnable(network.panel_), 0.5)
    np.testing.assert_allclose(network.predict()["ResidualTDNN"], (alone + ar) / 2)
    network.save(tmp_path / "model.zip")
    np.testing.assert_array_equal(load(tmp_path / "model.zip").predict(), network.predict())


def test_nothing_is_judged_when_told() -> None:
    model = ResidualTDNN(**SMALL, selection=False).fit(many(np.zeros(4)))
    assert not len(model.selection_) and model.series_ar_ is None
