"""Squared errors and their derivatives: one step ahead and in closed loop, against differences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecast.networks import NARXConfig
from forecast.training import problem as problems
from forecast.training import window_program
from forecast.training.fit import free_run_problems
from forecast.training.options import Options
from forecast.training.problem import DIVERGED, FreeRun, OneStep, Problem
from forecast.training.window_program import JACOBIAN_VALUES
from tests.training.cases import ALONE, BOTH, differences, free_run, one_step, program, theta, windows

pytestmark = pytest.mark.backend
each_config = pytest.mark.parametrize("config", [ALONE, BOTH], ids=["alone", "both"])
WEIGHTS = np.random.default_rng(5).uniform(0, 2, size=60)


def of_kind(kind: str, config: NARXConfig) -> Problem:
    return one_step(config, weights=WEIGHTS) if kind == "one-step" else free_run(config)


def residuals(problem: Problem, at: np.ndarray) -> np.ndarray:
    """Weighted residuals, one number for each squared error."""
    if isinstance(problem, OneStep):
        window, target, weight = problem.take(np.arange(len(problem)))
        return (np.sqrt(weight) * (target - problem.program.apply(at, window))).ravel()
    assert isinstance(problem, FreeRun)
    history, future, target, weight = problem.take(np.arange(len(problem)))
    run = problem.program.run(at, history, future[:, :, : problem.program.exog])
    return (np.sqrt(weight) * (target - run)).ravel()


@each_config
@pytest.mark.parametrize("kind", ["one-step", "free-run"])
def test_derivatives_agree(kind: str, config: NARXConfig) -> None:
    problem, at = of_kind(kind, config), theta(config)
    hessian, slope, error = problem.normal(at)
    value, gradient = problem.gradient(at)
    np.testing.assert_allclose([error, value], problem.error(at), rtol=1e-10)
    np.testing.assert_allclose(-2 * slope, gradient, rtol=1e-9, atol=1e-9 * np.abs(gradient).max())
    jacobian = -differences(lambda theta: residuals(problem, theta), at)
    size = np.abs(hessian).max()
    np.testing.assert_allclose(jacobian.T @ jacobian, hessian, rtol=1e-6, atol=1e-8 * size)
    np.testing.assert_allclose(jacobian.T @ residuals(problem, at), slope, rtol=1e-6, atol=1e-8 * size)


@each_config
def test_row_jacobian_of_a_network_equals_differences(config: NARXConfig) -> None:
    own, at = program(config), theta(config)
    rows = np.random.default_rng(0).normal(size=(4, config.window, config.targets + config.exog))
    ((count, (values, by_theta, by_row)),) = own.chunked("jacobian", at, rows)
    np.testing.assert_allclose(values[:count], own.apply(at, rows)[:, 0], rtol=1e-12)
    expected = differences(lambda theta: own.apply(theta, rows)[:, 0], at)
    np.testing.assert_allclose(by_theta[:count], expected, rtol=1e-6, atol=1e-9)
    flat = differences(
        lambda moved: own.apply(at, rows + moved.reshape(rows.shape[1:]))[:, 0], rows[0].ravel() * 0
    )
    np.testing.assert_allclose(by_row[:count].reshape(flat.shape), flat, rtol=1e-6, atol=1e-9)


@each_config
def test_free_run_of_one_step_is_one_step(config: NARXConfig) -> None:
    at, free = theta(config), free_run(config, steps=1)
    own = problems.OneStep(
        free.program, windows(config, rows=1 + config.window + 40), free.weights, np.arange(len(free)) * 8
    )
    assert free.error(at) == pytest.approx(own.error(at), rel=1e-12)
    for left, right in zip(free.normal(at), own.normal(at), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-10, atol=1e-12)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    at = theta(BOTH)
    once = [problem.normal(at) for problem in (one_step(BOTH), free_run(BOTH))]
    monkeypatch.setattr(problems, "CHUNK", 16)
    monkeypatch.setattr(problems, "JACOBIAN_VALUES", 2 * program(BOTH).size * 7 * 2)
    for problem, expected in zip((one_step(BOTH), free_run(BOTH)), once, strict=True):
        for left, right in zip(problem.normal(at), expected, strict=True):
            np.testing.assert_allclose(left, right, rtol=1e-10, atol=1e-10)
        assert problem.error(at) == pytest.approx(expected[2], rel=1e-12)
        assert problem.gradient(at)[0] == pytest.approx(expected[2], rel=1e-12)


def test_segments_are_rows_of_the_buffer_and_derivatives_come_in_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Windows much longer than the weights are many: neither is copied, and no call goes beyond the bound."""
    config = NARXConfig(lags=(1, 300), hidden=(), dtype="float64")
    rows, options = windows(config, rows=4000), Options(training="multi-step")
    problem, _ = free_run_problems(program(config), rows, np.ones(4000), 10, options)
    held = problem.weights.nbytes + problem.windows.starts.nbytes
    assert len(problem) == 1846 and problem.windows.y is rows.y and held < 6 * rows.y.nbytes
    few, at = free_run(config, steps=5, segments=5), theta(config)
    expected, sizes, propagate = few.normal(at), list[int](), problems._propagate

    def recorded(by_theta: np.ndarray, by_past: np.ndarray, lags: list[int]) -> np.ndarray:
        sizes.append(max(by_theta.size, by_past.size))
        return propagate(by_theta, by_past, lags)

    monkeypatch.setattr(problems, "JACOBIAN_VALUES", 2 * 5 * 300)
    monkeypatch.setattr(problems, "_propagate", recorded)
    for left, right in zip(few.normal(at), expected, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-10, atol=1e-10)
    assert sizes == [3000, 3000, 1500]
    assert program(config).block * 300 <= JACOBIAN_VALUES


@pytest.mark.parametrize("threads", [1, 3])
def test_blocks_in_threads_sum_to_the_whole(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    problem, at, seen = one_step(BOTH, rows=150), theta(BOTH), set[int]()
    expected, error, rows = problem.normal(at), problem.error(at), OneStep.rows

    def recorded(self: OneStep, at: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        seen.update(which.tolist())
        assert len(which) <= 20
        return rows(self, at, which)

    monkeypatch.setattr(problems, "THREADS", threads)
    monkeypatch.setattr(problems, "CHUNK", 20)
    monkeypatch.setattr(window_program, "JACOBIAN_ROWS", 20)
    monkeypatch.setattr(OneStep, "rows", recorded)
    found = problem.normal(at)
    for left, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-10, atol=1e-10)
    assert seen == set(range(len(problem))) and problem.error(at) == pytest.approx(error, rel=1e-12)
    for left, right in zip(problem.normal(at), found, strict=True):
        np.testing.assert_array_equal(left, right)  # the order of the sums is not that of the threads


@pytest.mark.parametrize("kind", ["one-step", "free-run"])
def test_rows_that_are_not_read_change_nothing(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    config = NARXConfig(targets=2, exog=1, lags=(1, 6), exog_lags=(4,), hidden=(3,), dtype="float64")
    whole, at = of_kind(kind, config), theta(config)
    expected = whole.error(at), *whole.normal(at), *whole.gradient(at)
    monkeypatch.setattr(problems, "WORTH", 0)
    part = of_kind(kind, config)
    found = part.error(at), *part.normal(at), *part.gradient(at)
    for left, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-10, atol=1e-10)
    assert isinstance(part, OneStep | FreeRun) and isinstance(whole, OneStep | FreeRun)
    assert part.program is whole.program and part._near[0].window == 3
    assert part._near == replace(part)._near and whole._near == (whole.program, None)  # compiled once
    assert one_step(BOTH)._near[1] is None  # three rows of three


def test_zero_weights_leave_windows_out() -> None:
    weights, at = np.ones(60), theta()
    weights[[10, 11, 30]] = 0.0
    some, every = one_step(weights=weights), one_step()
    kept = every.windows.target_rows(every.keep)
    rest = OneStep(every.program, every.windows, every.weights[:55], every.keep[weights[kept] > 0])
    assert some.count == rest.count == 55
    for left, right in zip(some.normal(at), rest.normal(at), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-10, atol=1e-12)


def test_a_diverging_run_has_an_infinite_error() -> None:
    at = np.zeros(program().size)
    at[program().slices()["linear/kernel"]] = [8.0, 0.0]
    free = free_run()
    assert 8.0**7 > DIVERGED and free.error(at) == np.inf
    at[program().slices()["linear/kernel"]] = [1e300, 0.0]
    error, gradient = free.gradient(at)
    assert error == np.inf and not gradient.any()


def test_count_is_the_number_of_squared_errors() -> None:
    assert one_step().count == len(one_step()) == 58
    assert one_step(BOTH).count == 2 * len(one_step(BOTH)) == 2 * 57
    free = free_run(BOTH)
    assert len(free) == 5 and free.count == pytest.approx(2 * free.weights.sum())
