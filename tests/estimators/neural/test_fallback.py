"""Series that no network can learn are forecast by the naive models and named; the others are learned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.estimators.baselines.naive import SeasonalNaive
from forecast.estimators.neural.fallback import unlearnable
from forecast.estimators.neural.graph_rnn import GraphRNN
from forecast.estimators.neural.narx import NARX
from forecast.estimators.saving import load
from forecast.panel import Panel

pytestmark = pytest.mark.backend
DAYS = pd.date_range("2024-01-01", periods=40)
SMALL: dict[str, Any] = dict(
    lags=2, hidden=(2,), epochs=3, scale="series", selection=False, jit_compile=False, random_state=0
)


def walk(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=40).cumsum()


def panel(**series: np.ndarray) -> pd.DataFrame:
    parts = [pd.DataFrame({"unique_id": name, "ds": DAYS[: len(y)], "y": y}) for name, y in series.items()]
    return pd.concat(parts, ignore_index=True)


GOOD = panel(a=walk(0), b=walk(1))
BAD = panel(flat=np.full(40, 5.0), short=np.array([1.0, 2.0]), empty=np.full(40, np.nan))
REASONS = {"flat": "constant", "short": "too short, 2 rows where 3 are needed", "empty": "all values missing"}


def test_bad_series_are_named_once_and_change_nothing_for_the_others(tmp_path) -> None:
    alone = NARX(**SMALL).fit(GOOD)
    with pytest.warns(
        UserWarning, match=r"NARX: 3 of 5 series .* 'flat' \(constant\), 'short' \(too"
    ) as told:
        model = NARX(**SMALL).fit(pd.concat([GOOD, BAD]))
    assert len([warning for warning in told if "fallback_" in str(warning.message)]) == 1
    assert model.fallback_ == REASONS and alone.fallback_ == {}
    np.testing.assert_array_equal(model.theta_, alone.theta_)
    forecast = model.predict(3).set_index("unique_id")["NARX"]
    np.testing.assert_allclose(forecast[["a", "b"]], alone.predict(3)["NARX"], rtol=1e-12)
    assert forecast["flat"].tolist() == [5.0] * 3 and forecast["short"].tolist() == [2.0] * 3
    assert forecast["empty"].isna().all()
    model.save(tmp_path / "model.zip")
    assert load(tmp_path / "model.zip").fallback_ == REASONS


def test_values_in_the_history_are_naive_too() -> None:
    with pytest.warns(UserWarning, match="1 of 2"):
        model = NARX(**{**SMALL, "lags": 20}).fit(panel(a=walk(0), c=walk(2)[:18]))
    rows = pd.DataFrame({"unique_id": ["a"] * 4 + ["c"] * 4, "ds": [*DAYS[30:34], *DAYS[8:12]]})
    expected = SeasonalNaive().fit(panel(c=walk(2)[:18])).predict(rows[4:])["SeasonalNaive"]
    np.testing.assert_array_equal(model.predict(rows)["NARX"][4:], expected)


def test_a_short_series_that_has_grown_is_learned() -> None:
    long = panel(a=walk(0), c=walk(2))
    first = long[(long["unique_id"] == "a") | (long["ds"] < DAYS[2])]
    with pytest.warns(UserWarning, match="too short"):
        model = NARX(**SMALL).fit(first)
    model.partial_fit(long.drop(first.index))
    assert model.fallback_ == {}


def test_a_series_alone_is_flat_or_an_error() -> None:
    with pytest.warns(UserWarning, match="NARX: y is constant"):
        model = NARX(**SMALL).fit(np.full(20, 3.0))
    assert model.predict(2).tolist() == [3.0, 3.0] and model.fallback_ == {0: "constant"}
    with pytest.raises(ValueError, match="at least 3 rows long"):
        NARX(**SMALL).fit([1.0, 2.0])


def test_a_gap_everywhere_is_a_reason() -> None:
    y = walk(0)
    y[::2] = np.nan
    data = Panel.from_data(panel(a=walk(1), holes=y), allow_missing=True)
    assert unlearnable(data, 2) == {"holes": "no 3 consecutive rows without a missing value"}


def test_a_constant_node_is_forecast_flat() -> None:
    with pytest.warns(UserWarning, match="constant"):
        model = GraphRNN(lags=1, units=2, epochs=2, selection=False, jit_compile=False, random_state=0).fit(
            panel(a=walk(0), b=walk(1), flat=np.full(40, 5.0))
        )
    assert model.predict(2).set_index("unique_id").loc["flat", "GraphRNN"].tolist() == [5.0, 5.0]


def test_missing_values_are_left_out_of_training_and_filled_by_one_step_forecasts() -> None:
    y = pd.Series(walk(3), DAYS)
    y.iloc[[20, 21, 38, 39]] = np.nan
    model = NARX(**{**SMALL, "hidden": ()}).fit(y)
    lagged = np.column_stack([y.shift(1), y.shift(2), np.ones(40)])
    rows = np.isfinite(lagged).all(axis=1) & y.notna().to_numpy()
    coefficients = np.linalg.lstsq(lagged[rows], y[rows], rcond=None)[0]
    value, before = y.iloc[37], y.iloc[36]
    for _ in range(3):
        value, before = coefficients @ [value, before, 1.0], value
    assert model.predict(1).iloc[0] == pytest.approx(value, rel=1e-6)
    assert model.predict(y.index).notna().all()
