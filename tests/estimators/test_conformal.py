"""Conformal intervals, quantiles and sample paths: the rank in the definition, coverage, honest warnings."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from forecast.estimators.baselines.ar import AR
from forecast.estimators.baselines.naive import Naive, SeasonalNaive
from forecast.estimators.conformal import (
    Bound,
    Calibration,
    bound_names,
    calibrate,
    check_levels,
    check_shares,
    column_names,
    read_bound,
)
from forecast.estimators.error_units import ErrorUnits
from forecast.panel import Panel
from tests.checks_forecaster import long_frame, monthly


def ar_process(rows: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y = np.zeros(rows + 50)
    for t in range(2, len(y)):
        y[t] = 0.6 * y[t - 1] + 0.2 * y[t - 2] + rng.normal()
    return y[50:]


def of_one_step(errors: np.ndarray) -> Calibration:
    """A calibration of the errors (n,) of one step."""
    return Calibration(errors[:, None, None, None])


def test_a_bound_is_the_error_of_the_finite_sample_rank() -> None:
    found = of_one_step(np.arange(1.0, 20.0))  # 19 errors
    for share, rank in ((0.95, 19), (0.5, 10), (0.901, 19), (0.9, 18), (0.1, 2), (0.05, 1)):
        assert found.shifts([share], 0, 0.0).item() == rank  # ceil(20 * 0.95) = 19
    for level, rank in (
        (95, 19),
        (50, 10),
        (90.1, 19),
    ):  # as many as their mirror images: those of absolute errors
        low, high = found.shifts([(100 - level) / 200, (100 + level) / 200], 0, 0.5).ravel()
        assert (low, high) == (-rank, rank)


def test_a_quarter_of_an_error_counts_with_the_opposite_sign() -> None:
    found = of_one_step(np.concatenate([np.zeros(70), np.full(30, 8.0)]))
    low, high = found.shifts([0.1, 0.9], 0, 0.25).ravel()
    assert (low, high) == (0.0, 8.0)  # 30 / 4 of 100 mirrored below, 90 / 4 above
    low, high = found.shifts([0.05, 0.95], 0, 0.25).ravel()
    assert (low, high) == (-8.0, 8.0)
    assert of_one_step(np.array([-3.0, 1.0, 2.0])).shifts([0.5], 0, 0.0).item() == 1.0


def test_too_few_errors_are_said() -> None:
    found = of_one_step(np.arange(1.0, 5.0))
    with pytest.warns(
        UserWarning, match="95 % needs at least 29 .* step 1 has 4.*longer history.*lower level"
    ):
        found.check([0.025, 0.9], 1, 0.25)
    assert found.shifts([0.975], 0, 0.25).item() == 4.0


def test_errors_equal_a_loop_by_hand() -> None:
    y = ar_process(60, seed=0)
    errors = calibrate(Naive().fit(y), 3).errors[..., 0, 0]  # (A, H)
    assert errors.shape == (30, 3)  # of two times 15 rows, since a quarter gives fewer than 30 errors
    for row, now in enumerate(range(30, 60)):
        unit = np.abs(np.diff(y[:now])).mean()
        by_hand = [(y[now + h] - y[now - 1]) / unit if now + h < 60 else np.nan for h in range(3)]
        np.testing.assert_allclose(errors[row], by_hand)


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
    tail = 75  # a quarter
    assert Recorder.diary[0] == ("fit", 300 - tail, y[300 - tail - 1])
    origins = [("forecast", rows, y[rows - 1]) for rows in range(300 - tail, 300)]
    assert Recorder.diary[1:] == origins  # learned once, then every origin from the rows before it
    for step in range(3):  # the unit is 1
        np.testing.assert_allclose(found.errors[: tail - step, step, 0, 0], y[300 - tail + step :])
        assert np.isnan(found.errors[tail - step :, step, 0]).all()


def test_weights_of_the_calibrating_model_are_those_of_its_rows() -> None:
    y = ar_process(120, seed=4)
    weight = np.linspace(0.1, 1.0, 120)
    found = calibrate(AR(lags=1).fit(y, sample_weight=weight), 1)
    blind = AR(lags=1).fit(y[:90], sample_weight=weight[:90])
    errors = [y[90] - blind.predict(1)[0]]
    for t in range(91, 120):
        errors.append(y[t] - blind.update(y[t - 1 : t]).predict(1)[0])
    units = [np.abs(np.diff(y[:t])).mean() for t in range(90, 120)]
    np.testing.assert_allclose(found.errors[:, 0, 0, 0], np.divide(errors, units), rtol=1e-9)


@pytest.mark.parametrize("level", [5, 50, 80, 90, 95, 99])
@pytest.mark.parametrize("count", [19, 20, 99, 100, 199])
@pytest.mark.parametrize("mirrored", [0.0, 0.5])
def test_rank_covers_an_exchangeable_error_with_the_level_and_hardly_more(
    count: int, level: int, mirrored: float
) -> None:
    """Each of n + 1 errors is the new one in turn: it lies below the bound of the others k times in n + 1."""
    outer = level / 100 if not mirrored else (1 + level / 100) / 2
    if (count + 1) * level / 100 > count:
        pytest.skip("more errors are needed for this level")
    errors, inside = np.random.default_rng(count).exponential(size=count + 1), 0
    for new in range(count + 1):
        bound = of_one_step(np.delete(errors, new)).shifts([outer], 0, mirrored).item()
        inside += errors[new] <= bound if outer > 0.5 or mirrored else errors[new] < bound
    assert -1 <= inside - (count + 1) * level / 100 < 1
    assert outer < 0.5 or inside >= (count + 1) * level / 100 - 1e-9 or level == 50


@pytest.mark.parametrize(("rows", "level"), [(160, 80), (160, 95), (400, 50)])
def test_coverage_of_independent_errors_is_near_the_level(rows: int, level: int) -> None:
    """Errors of a model that forecasts zero are independent normals, so the coverage of an interval is known."""
    rng, covered = np.random.default_rng(rows + level), []
    for _ in range(200):
        low, high = Recorder().fit(rng.normal(size=rows)).predict_interval(1, level=level).to_numpy()[0, 1:]
        covered.append(norm.cdf(high) - norm.cdf(low))  # probability of the next value, given the interval
    assert -0.5 < 100 * np.mean(covered) - level < 3


def test_panel_pools_errors_in_units_of_each_series() -> None:
    parts = [
        pd.DataFrame({"unique_id": k, "ds": np.arange(60), "y": 10.0**k * ar_process(60, seed=k)})
        for k in range(30)
    ]
    model = AR(lags=2).fit(pd.concat(parts))
    frame = model.predict_interval(4, level=80)
    width = (frame["AR-hi-80"] - frame["AR-lo-80"]).to_numpy().reshape(30, 4)
    np.testing.assert_allclose(np.log10(width[1:] / width[:-1]), 1.0, atol=0.4)
    assert model.conformal_.errors.shape[0] >= 300


def test_each_step_has_the_bounds_of_its_own_errors() -> None:
    y = np.cumsum(ar_process(80, seed=3))  # a random walk: errors grow with the step
    model = AR(lags=1).fit(pd.Series(y))
    frame = model.predict_interval(5, level=80)
    assert model.conformal_ is not None
    unit = np.abs(np.diff(y)).mean()
    low, high = model.conformal_.shifts([0.1, 0.9], 0, 0.25)[:, :, 0] * unit
    assert (np.diff(high - low) > 0).all()
    np.testing.assert_allclose(frame["AR-hi-80"] - frame["AR"], np.maximum(high, 0))
    np.testing.assert_allclose(frame["AR-lo-80"] - frame["AR"], np.minimum(low, 0))
    one = model.predict_interval(pd.RangeIndex(82, 83), level=80)  # the third step alone
    np.testing.assert_allclose(one["AR-hi-80"], frame["AR-hi-80"].iloc[2])


def test_an_hour_without_change_has_narrow_bounds() -> None:
    hours = pd.date_range("2024-01-01", periods=24 * 60, freq="h")
    y = pd.Series(np.random.default_rng(0).normal(size=len(hours)) * np.where(hours.hour < 6, 0.1, 10), hours)
    frame = SeasonalNaive().fit(y).predict_interval(24, level=80)
    width = (frame["SeasonalNaive-hi-80"] - frame["SeasonalNaive-lo-80"]).to_numpy()
    assert width[:6].max() < 0.4 * width[6:].min()
    later = (
        SeasonalNaive().fit(y[:-7]).update(y[-7:]).predict_interval(24, level=80)
    )  # another hour to begin with
    assert later["SeasonalNaive-hi-80"].notna().all()


def test_skewed_errors_give_skewed_intervals() -> None:
    y = np.random.default_rng(3).exponential(size=2000)
    frame = Recorder().fit(y).predict_interval(1, level=80).iloc[0]
    assert frame["Recorder-hi-80"] - frame["Recorder"] > 1.5 * (frame["Recorder"] - frame["Recorder-lo-80"])


def test_quantiles_are_the_bounds_and_never_cross() -> None:
    model = AR(lags=2).fit(long_frame())
    frame = model.predict_quantiles(4, [0.9, 0.1, 0.5, 0.525])
    assert list(frame.columns) == ["unique_id", "ds", "AR-q0.9", "AR-q0.1", "AR-q0.5", "AR-q0.525"]
    bounds = model.predict_interval(4, level=80)
    np.testing.assert_array_equal(frame[["AR-q0.1", "AR-q0.9"]], bounds[["AR-lo-80", "AR-hi-80"]])
    many = model.predict_quantiles(4, np.linspace(0.05, 0.95, 19)).iloc[:, 2:].to_numpy()
    assert (np.diff(many, axis=1) >= 0).all()
    both = AR(lags=2).fit(pd.DataFrame({"a": monthly(), "b": monthly(seed=1)}))
    assert list(both.predict_quantiles(2, 0.5).columns) == ["AR-a-q0.5", "AR-b-q0.5"]


@pytest.mark.parametrize(
    ("shares", "error"),
    [(0, ValueError), (1.0, ValueError), ([], ValueError), ([0.5, 0.5], ValueError), ("a", TypeError)],
)
def test_wrong_shares(shares: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="quantiles: must be"):
        check_shares(shares)  # type: ignore[arg-type]


class Knowing(Naive):
    """Tells quantiles that are wrong: those of a normal distribution of deviation 1."""

    quantiles = (0.1, 0.5, 0.9)  # type: ignore[assignment]

    def _forecast_quantiles(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        return self._forecast(panel, horizon, future_x)[..., None] + norm.ppf(self.quantiles)


def test_told_quantiles_are_calibrated_each_by_its_errors() -> None:
    y = 5 * np.cumsum(np.random.default_rng(0).normal(size=1500))
    model = Knowing().fit(y)
    found = model.predict_quantiles(1, [0.05, 0.1, 0.3, 0.5, 0.9]).to_numpy()[0] - y[-1]
    np.testing.assert_allclose(found, 5 * norm.ppf([0.05, 0.1, 0.3, 0.5, 0.9]), atol=1.2)
    assert found[2] == pytest.approx((found[1] + found[3]) / 2)
    errors = model.conformal_.errors
    assert errors.shape == (300, 1, 1, 4)
    unit = np.abs(np.diff(y[:1200])).mean()
    assert errors[0, 0, 0, 3] == pytest.approx((y[1200] - y[1199] - norm.ppf(0.9)) / unit)


def test_sample_paths_keep_steps_together_and_have_the_quantiles() -> None:
    y = pd.Series(
        np.cumsum(np.random.default_rng(1).normal(size=800)),
        pd.date_range("2020-01-06", periods=800, freq="B"),
    )
    model = Naive().fit(y)
    paths = model.sample(6, n=4000, random_state=0)
    assert list(paths.columns[:2]) == ["Naive-sample-1", "Naive-sample-2"] and paths.shape == (6, 4000)
    pd.testing.assert_index_equal(paths.index, model.predict(6).index)
    pd.testing.assert_frame_equal(paths, model.sample(6, n=4000, random_state=0))
    ends = model.predict_quantiles(6, [0.1, 0.9]).to_numpy()
    width = np.diff(np.quantile(paths, [0.1, 0.9], axis=1), axis=0)[0] / np.diff(ends, axis=1)[:, 0]
    np.testing.assert_allclose(width, 1.0, atol=0.1)
    steps = np.corrcoef(paths)  # a random walk: corr(e_2, e_6) = sqrt(2 / 6)
    assert steps[1, 5] == pytest.approx(np.sqrt(2 / 6), abs=0.15)
    changes = paths.sub(model.predict(6), axis=0)
    errors = (
        model.conformal_.errors[:, :, 0, 0]
        * ErrorUnits(model.panel_).at(np.zeros(6, int), 800 + np.arange(6), np.full(6, 800))[:, 0]
    )
    errors = errors[np.isfinite(errors).all(axis=1)]
    assert (
        np.abs(np.abs(errors[:, None]) - np.abs(changes.to_numpy().T[:5])).max(axis=2).min(axis=0).max()
        < 1e-9
    )


def test_sample_paths_of_other_forms() -> None:
    both = AR(lags=2).fit(pd.DataFrame({"a": monthly(), "b": monthly()}))
    paths = both.sample(3, n=2, random_state=1)
    names = [f"AR-{target}-sample-{number}" for target in "ab" for number in (1, 2)]
    assert list(paths.columns) == names
    np.testing.assert_array_equal(paths["AR-a-sample-1"], paths["AR-b-sample-1"])  # targets stay together
    frame = AR(lags=2).fit(long_frame()).sample(3, n=2)
    assert list(frame.columns) == ["unique_id", "ds", "AR-sample-1", "AR-sample-2"]
    with pytest.raises(ValueError, match="n: must be"):
        both.sample(3, n=0)


def test_a_constant_series_has_no_width() -> None:
    with pytest.warns(UserWarning, match="has 0"):
        frame = Naive().fit(np.full(200, 7.0)).predict_interval(2, level=80)
    assert (frame == 7.0).all(axis=None)


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


@pytest.mark.parametrize("level", [80, 80.0, 99.5, 99.99999, np.float64(12.25), np.int64(7)])
@pytest.mark.parametrize("name", ["AR", "my-lo-10 model", "two\nlines"])
def test_the_name_of_a_bound_is_read_as_it_was_written(name: str, level: float) -> None:
    low, high = bound_names(name, level)
    assert (read_bound(low), read_bound(high)) == (Bound(name, "lo", level), Bound(name, "hi", level))
    assert column_names([name], [level]) == [name, low, high]
    assert read_bound(name) is None and read_bound(7) is None
