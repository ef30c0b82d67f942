"""Conformal intervals: the rank in the definition, coverage on simulated data, honest warnings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.estimators.baselines.ar import AR
from forecast.estimators.baselines.naive import Naive
from forecast.estimators.conformal import (
    Bound,
    Calibration,
    bound_names,
    calibrate,
    check_levels,
    column_names,
    interleave,
    read_bound,
)
from tests.checks_forecaster import long_frame, monthly


def ar_process(rows: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y = np.zeros(rows + 50)
    for t in range(2, len(y)):
        y[t] = 0.6 * y[t - 1] + 0.2 * y[t - 2] + rng.normal()
    return y[50:]


def test_radius_is_the_error_of_the_finite_sample_rank() -> None:
    errors = np.arange(1.0, 20.0)[:, None, None]  # 19 errors of one step
    found = Calibration(errors, np.ones((1, 1)))
    rows = np.zeros(1, dtype=int)
    assert found.radius([95], rows, rows).item() == 19.0  # ceil(20 * 0.95) = 19
    assert found.radius([50], rows, rows).item() == 10.0
    assert found.radius([90.1], rows, rows).item() == 19.0


def test_too_few_errors_are_said() -> None:
    found = Calibration(np.arange(1.0, 5.0)[:, None, None], np.ones((1, 1)))
    rows = np.zeros(1, dtype=int)
    with pytest.warns(
        UserWarning, match="95 % needs at least 19 .* step 1 has 4.*longer history.*lower level"
    ):
        assert found.radius([95], rows, rows).item() == 4.0


def test_errors_equal_a_loop_by_hand() -> None:
    y = ar_process(60, seed=0)
    model = Naive().fit(y)
    found = calibrate(model, 3)
    tail = 30
    by_hand = [abs(y[now + 2] - y[now - 1]) for now in range(60 - tail, 58)]  # three steps ahead
    np.testing.assert_allclose(found.errors[: len(by_hand), 2, 0], np.sort(by_hand))
    assert np.isnan(found.errors[len(by_hand) :, 2, 0]).all()


def test_calibrating_model_has_not_seen_the_tail() -> None:
    y = ar_process(300, seed=1)
    other = y.copy()
    other[-20:] += 50
    model = AR(lags=2).fit(y)
    blind = AR(lags=2).fit(y[: 300 - 102])
    found = calibrate(model, 3)
    first = np.abs(y[198:201] - blind.predict(3))
    assert all(np.isclose(found.errors[:, step, 0], first[step]).any() for step in range(3))


@pytest.mark.parametrize("level", [80, 95])
def test_coverage_on_an_autoregression(level: int) -> None:
    inside = []
    for seed in range(120):
        y = ar_process(406, seed)
        frame = AR(lags=2).fit(y[:400]).predict_interval(6, level=level).to_numpy()
        inside.append((frame[:, 1] <= y[400:]) & (y[400:] <= frame[:, 2]))
    coverage = 100 * np.mean(inside, axis=0)
    # 120 independent series: standard error below 3.7 points at 80 %, 2 at 95 %.
    np.testing.assert_allclose(coverage, level, atol=12 if level == 80 else 7)
    assert abs(coverage.mean() - level) < (6 if level == 80 else 3)


def test_panel_pools_errors_in_units_of_each_series() -> None:
    parts = [
        pd.DataFrame({"unique_id": k, "ds": np.arange(60), "y": 10.0**k * ar_process(60, seed=k)})
        for k in range(30)
    ]
    model = AR(lags=2).fit(pd.concat(parts))
    frame = model.predict_interval(4, level=80)
    width = (frame["AR-hi-80"] - frame["AR-lo-80"]).to_numpy().reshape(30, 4)
    np.testing.assert_allclose(np.log10(width[1:] / width[:-1]), 1.0, atol=0.4)
    assert model.conformal_.errors.shape[0] >= 100


def test_intervals_are_computed_once_and_again_after_learning() -> None:
    y = monthly(120)
    model = Naive().fit(y[:100])
    assert model.conformal_ is None
    model.predict_interval(6)
    first = model.conformal_
    model.predict_interval(3)
    assert model.conformal_ is first
    model.update(y[100:110]).predict_interval(6)
    assert model.conformal_ is first
    model.partial_fit(y[110:])
    assert model.conformal_ is None
    model.predict_interval(12)
    assert model.conformal_.horizon == 12


def test_missing_targets_are_left_out() -> None:
    y = ar_process(200, seed=3)
    y[[150, 180]] = np.nan
    assert np.isfinite(AR(lags=2).fit(y).predict_interval(3, level=80)).all(axis=None)


def test_history_too_short_for_the_steps_asked() -> None:
    with pytest.raises(ValueError, match="horizon: must be at most 10 .*received 15.*fewer steps"):
        Naive().fit(np.arange(20.0)).predict_interval(15)
    with pytest.warns(UserWarning, match="95 %"):
        Naive().fit(long_frame((30, 5))).predict_interval(2)


@pytest.mark.parametrize(
    ("level", "error"),
    [
        (0, ValueError),
        (100, ValueError),
        ([], ValueError),
        ("80", TypeError),
        ([True], TypeError),
        ([80, 80.0], ValueError),
    ],
)
def test_wrong_levels(level: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="level: must be"):
        check_levels(level)  # type: ignore[arg-type]


def test_a_level_is_in_percent() -> None:
    with pytest.raises(ValueError, match="level: must be in percent.*received 0.8. Pass level=80"):
        check_levels(0.8)


def test_columns() -> None:
    assert column_names(["A", "B"], [99.5]) == ["A", "A-lo-99.5", "A-hi-99.5", "B", "B-lo-99.5", "B-hi-99.5"]
    table = interleave(np.array([[1.0, 2.0]]), np.array([[[0.5, 1.0]]]))
    np.testing.assert_allclose(table, [[1, 0.5, 1.5, 2, 1, 3]])


@pytest.mark.parametrize("level", [80, 80.0, 99.5, 99.99999, np.float64(12.25), np.int64(7)])
@pytest.mark.parametrize("name", ["AR", "my-lo-10 model", "two\nlines"])
def test_the_name_of_a_bound_is_read_as_it_was_written(name: str, level: float) -> None:
    low, high = bound_names(name, level)
    assert (read_bound(low), read_bound(high)) == (Bound(name, "lo", level), Bound(name, "hi", level))
    assert column_names([name], [level]) == [name, low, high]
    assert read_bound(name) is None and read_bound(7) is None
