"""Conformal intervals: the rank in the definition, coverage on simulated data, honest warnings."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

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
from forecast.panel import Panel
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


class Recorder(Naive):
    """Forecasts zero, and writes down, in a list that clones share, which rows it was shown."""

    diary: ClassVar[list[tuple[str, int, float]]] = []

    def _fit(self, panel: Panel, sample_weight: np.ndarray | None) -> None:
        self.diary.append(("fit", int(panel.lengths[0]), float(panel.y[-1, 0])))
        super()._fit(panel, sample_weight)

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        self.diary.append(("forecast", int(panel.lengths[0]), float(panel.y[-1, 0])))
        return np.zeros((panel.n_series, horizon, panel.n_targets))


def test_calibrating_model_has_not_seen_the_tail() -> None:
    y = np.arange(300.0)
    model = Recorder().fit(y)
    Recorder.diary.clear()
    found = calibrate(model, 3)
    tail = 102  # 100 errors of the third step
    assert Recorder.diary[0] == ("fit", 300 - tail, y[300 - tail - 1])
    origins = [("forecast", rows, y[rows - 1]) for rows in range(300 - tail, 300)]
    assert Recorder.diary[1:] == origins  # learned once, then every origin from the rows before it
    for step in range(3):
        np.testing.assert_array_equal(found.errors[: tail - step, step, 0], y[300 - tail + step :])
        assert np.isnan(found.errors[tail - step :, step, 0]).all()


def test_weights_of_the_calibrating_model_are_those_of_its_rows() -> None:
    y = ar_process(120, seed=4)
    weight = np.linspace(0.1, 1.0, 120)
    found = calibrate(AR(lags=1).fit(y, sample_weight=weight), 1)
    blind = AR(lags=1).fit(y[:60], sample_weight=weight[:60])
    errors = [abs(y[60] - blind.predict(1)[0])]
    for t in range(61, 120):
        errors.append(abs(y[t] - blind.update(y[t - 1 : t]).predict(1)[0]))
    np.testing.assert_allclose(found.errors[:, 0, 0], np.sort(errors), rtol=1e-9)


@pytest.mark.parametrize("level", [5, 50, 80, 90, 95, 99])
@pytest.mark.parametrize("count", [19, 20, 99, 100, 199])
def test_rank_covers_an_exchangeable_error_with_the_level_and_hardly_more(count: int, level: int) -> None:
    """Each of n + 1 errors is the new one in turn: it lies within the radius of the others k times in n + 1."""
    if level > 100 * count / (count + 1):
        pytest.skip("more errors are needed for this level")
    errors, rows = np.random.default_rng(count).exponential(size=count + 1), np.zeros(1, dtype=int)
    inside = 0
    for new in range(count + 1):
        others = np.sort(np.delete(errors, new))[:, None, None]
        inside += errors[new] <= Calibration(others, np.ones((1, 1))).radius([level], rows, rows).item()
    assert 0 <= inside - (count + 1) * level / 100 < 1


@pytest.mark.parametrize(("rows", "level"), [(38, 80), (38, 95), (38, 50), (60, 90)])
def test_coverage_of_exchangeable_errors_is_the_finite_sample_guarantee(rows: int, level: int) -> None:
    """Errors of a model that forecasts zero are independent normals: the coverage is k / (n + 1) exactly."""
    count = rows // 2
    rank = int(np.ceil(round((count + 1) * level / 100, 9)))
    rng, covered = np.random.default_rng(rows + level), []
    for _ in range(400):
        low, high = Recorder().fit(rng.normal(size=rows)).predict_interval(1, level=level).to_numpy()[0, 1:]
        assert low == -high
        covered.append(2 * norm.cdf(high) - 1)  # probability of the next value, given the interval
    guarantee = rank / (count + 1)
    deviation = np.sqrt(
        guarantee * (1 - guarantee) / (count + 2) / len(covered)
    )  # of a mean of Beta(k, n + 1 - k)
    assert abs(np.mean(covered) - guarantee) < 4 * deviation < 0.5 / (count + 1)


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


def test_each_step_has_the_radius_of_its_own_errors() -> None:
    y = np.cumsum(ar_process(80, seed=3))  # a random walk: errors grow with the step
    model = AR(lags=1).fit(pd.Series(y))
    frame = model.predict_interval(5, level=80)
    half = (frame["AR-hi-80"] - frame["AR-lo-80"]) / 2
    assert model.conformal_ is not None
    errors = model.conformal_.errors[..., 0] * model.conformal_.scale[0, 0]  # (n, H)
    by_hand = []
    for column in errors.T:
        known = np.sort(column[np.isfinite(column)])
        by_hand.append(known[int(np.ceil((len(known) + 1) * 0.8)) - 1])
    assert (np.diff(by_hand) > 0).all()
    np.testing.assert_allclose(half, by_hand)
    one = model.predict_interval(pd.RangeIndex(82, 83), level=80)  # the third step alone
    np.testing.assert_allclose((one["AR-hi-80"] - one["AR-lo-80"]) / 2, by_hand[2])


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
