"""From windows to weights: the choice of a solver, stages of the closed loop, and what training refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from forecast.networks import NARXConfig
from forecast.panel import Panel
from forecast.training import fit as fits
from forecast.training.fit import (
    MOST_AHEAD,
    _goes_ahead,
    _stages,
    choose_solver,
    free_run_problems,
    one_step_problem,
    solve,
    train,
)
from forecast.training.options import Options
from forecast.training.problem import FreeRun, OneStep, Problem
from forecast.training.window_program import WindowProgram
from forecast.windows import Windows
from tests.checks import float64
from tests.training.cases import ALONE, BOTH, LINEAR, program, windows

pytestmark = pytest.mark.backend
ONES = np.ones(60)


def fit(config: NARXConfig = ALONE, theta: np.ndarray | None = None, seed: int = 0, **options):
    rng = np.random.default_rng(seed)
    return train(program(config), windows(config), ONES, options=Options(**options), rng=rng, theta=theta)


@pytest.mark.parametrize(
    ("parameters", "rows", "solver"),
    [(400, 10_000, "lm"), (5_000, 10_000, "lbfgs"), (50_000, 10_000, "adam"), (400, 5_000_000, "adam")],
)
def test_auto_goes_by_size(parameters: int, rows: int, solver: str) -> None:
    assert choose_solver("auto", parameters, rows) == solver
    assert choose_solver("lbfgs", parameters, rows) == "lbfgs"


@pytest.mark.parametrize("solver", ["lm", "lbfgs", "adam"])
def test_every_solver_improves_on_the_linear_start(solver: str) -> None:
    fitted = fit(solver=solver, weight_decay=0.0, epochs=40, learning_rate=0.03, batch_size=8)
    problem = one_step_problem(program(), windows(), ONES)
    assert fitted.solver == solver and len(fitted.history) > 5
    assert problem.error(fitted.theta) < 0.8 * problem.error(fitted.start)
    assert fitted.history[0]["loss"] == pytest.approx(problem.error(fitted.start) / problem.count)


def test_the_same_generator_gives_the_same_weights() -> None:
    first, again, other = (fit(solver="adam", epochs=3, seed=seed).theta for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_a_linear_network_is_solved_at_once() -> None:
    fitted = fit(LINEAR)
    assert fitted.solver == "least squares" and fitted.history == []
    np.testing.assert_array_equal(fitted.theta, fitted.start)
    free = fit(LINEAR, training="free-run", steps=8, epochs=30)
    problem, _ = free_run_problems(program(LINEAR), windows(LINEAR), ONES, 8, Options(training="free-run"))
    assert free.solver == "lm" and problem.error(free.theta) < problem.error(fitted.theta)


def test_a_long_series_trains_the_closed_loop_that_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    options = Options(solver="lm", epochs=30, ahead=5)
    problem, _ = free_run_problems(program(), windows(), ONES, 5, options)
    near = fit(solver="lm", epochs=30, ahead=5)
    monkeypatch.setattr(fits, "LONG", 20)
    ahead, other = fit(solver="lm", epochs=30, ahead=5), fit(solver="lm", epochs=30, ahead=1)
    np.testing.assert_array_equal(near.theta, other.theta)
    assert problem.error(ahead.theta) < 0.95 * problem.error(near.theta)
    assert len(ahead.history) > 5 and not ahead.linear
    one_step = one_step_problem(program(), windows(), ONES)
    refused = ({"training": "multi-step"}, {"solver": "adam"}, {"ahead": MOST_AHEAD + 1})
    assert not any(_goes_ahead(one_step, replace(options, **each)) for each in refused)


def test_the_best_epoch_by_validation_counts_and_epoch_0_is_one() -> None:
    fitted = fit(solver="lm", weight_decay=0.0, validation=0.25, patience=3, epochs=50)
    scores = [logs["val_loss"] for logs in fitted.history]
    _, tail = windows().split(0.25)
    held = one_step_problem(program(), tail, ONES)
    assert held.error(fitted.theta) / held.count == pytest.approx(min(scores), rel=1e-9)
    assert len(scores) - 1 - int(np.argmin(scores)) <= 3
    bad = fit(solver="adam", learning_rate=5.0, validation=0.25, patience=2, epochs=10)
    np.testing.assert_array_equal(bad.theta, bad.start)


@pytest.mark.parametrize("training", ["multi-step", "free-run"])
def test_closed_loop_training_starts_at_the_one_step_fit_and_lowers_the_closed_loop_error(
    training: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    solved = []

    def recorded(problem: Problem, held_out: None, theta: np.ndarray, *rest: Any) -> Any:
        result = solve(problem, held_out, theta, *rest)
        solved.append((type(problem), theta, result[0].theta))
        return result

    options = {"training": training, "steps": 6, "weight_decay": 1e-3}
    one_step = fit(BOTH, weight_decay=1e-3, epochs=30)
    monkeypatch.setattr("forecast.training.fit.solve", recorded)
    looped = fit(BOTH, epochs=30, **options)
    (first, _, found), (second, start, _) = solved
    assert (first, second) == (OneStep, FreeRun)
    np.testing.assert_array_equal(start, found)
    problem, held = free_run_problems(program(BOTH), windows(BOTH), ONES, 6, Options(**options))
    assert held is None
    assert problem.error(looped.theta) < problem.error(one_step.theta)


def test_closed_loop_with_validation_keeps_the_best_candidate() -> None:
    options = {"training": "free-run", "steps": 6, "validation": 0.3, "weight_decay": 0.0}
    fitted = fit(epochs=10, patience=2, **options)
    _, held = free_run_problems(program(), windows(), ONES, 6, Options(**options))
    assert held is not None and held.error(fitted.theta) <= held.error(fitted.start)


def test_segments() -> None:
    """Free runs lie end to end, multi-steps overlap, each row counts once, no target is held out."""
    free = Options(training="free-run", validation=10)
    train_part, held = free_run_problems(program(), windows(), ONES, 8, free)
    y = windows().panel.y  # rows 2 to 49 are six segments; the last 10 rows are held out
    history, _, targets, _ = train_part.take(np.arange(6))
    assert train_part.weights.tolist() == [[1.0] * 8] * 6
    np.testing.assert_array_equal(targets.ravel(), y[2:50].ravel())
    np.testing.assert_array_equal(history[0], y[:2])
    np.testing.assert_array_equal(held.take(np.arange(2))[2], [y[50:58], y[52:60]])
    overlapping, _ = free_run_problems(
        program(), windows(), ONES, 8, replace(free, training="multi-step", validation=0)
    )
    assert len(overlapping) > 2 * 6
    _, _, targets, weights = overlapping.take(np.arange(len(overlapping)))
    rows = np.bincount((targets == y[20]).ravel(), weights=weights.ravel())
    assert rows[1] == pytest.approx(1.0)


@pytest.mark.parametrize("training", ["free-run", "multi-step"])
@pytest.mark.parametrize("validation", [0, 13])
def test_every_row_after_the_first_window_is_in_a_segment(training: str, validation: int) -> None:
    """Whatever the length of the record, from its first target to its last."""
    problems = free_run_problems(
        program(), windows(), ONES, 7, Options(training=training, validation=validation)
    )
    weight = np.zeros(60)
    for problem in problems:
        if problem is not None:
            rows = problem.windows.target_rows()[:, None] + np.arange(problem.windows.horizon)
            np.add.at(weight, rows, problem.weights)
    np.testing.assert_allclose(weight, [0.0] * 2 + [1.0] * 58)


def test_covariates_of_a_segment_are_those_of_its_times() -> None:
    problem, _ = free_run_problems(program(BOTH), windows(BOTH), ONES, 8, Options(training="free-run"))
    panel = windows(BOTH).panel
    first = 60 - 8 * (len(problem) - 1)
    history, future, _, _ = problem.take(np.arange(1, 2))
    np.testing.assert_array_equal(future[0], panel.x[first : first + 8])
    np.testing.assert_array_equal(history[0], np.hstack([panel.y, panel.x])[first - BOTH.window : first])


def test_stages_grow_to_the_length_asked_for() -> None:
    for steps in (1, 10, 16, 17, 50, 1000):
        lengths = _stages(steps)
        assert lengths[-1] == steps and lengths == sorted(set(lengths))
        assert all(after <= 8 * before for before, after in zip(lengths, lengths[1:], strict=False))


def explosive(gain: float) -> np.ndarray:
    theta = np.zeros(program().size)
    theta[program().slices()["linear/kernel"]] = [gain, 0.0]
    return theta


def test_a_diverging_free_run_is_told_and_refused() -> None:
    with pytest.warns(RuntimeWarning, match=r"free run of \d+ steps diverged.*Fewer steps, more lags or"):
        fitted = fit(theta=explosive(50.0), training="free-run", steps=40, epochs=1, weight_decay=10.0)
    assert np.isfinite(fitted.theta).all()


def test_a_lost_loss_keeps_the_best_weights_and_says_so() -> None:
    with pytest.warns(RuntimeWarning, match="loss became .* kept the best weights so far"):
        fitted = fit(solver="adam", learning_rate=1e200, epochs=5)
    np.testing.assert_array_equal(fitted.theta, fitted.start)


def test_zero_weights_are_windows_left_out() -> None:
    weights = ONES.copy()
    weights[:30] = 0.0
    options, rng = Options(weight_decay=1e-3, epochs=8), np.random.default_rng
    some = train(program(), windows(), weights, options=options, rng=rng(0))
    rest = windows().select(np.flatnonzero(windows().target_rows() >= 30))
    alone = train(program(), rest, ONES, options=options, rng=rng(0))
    np.testing.assert_allclose(some.theta, alone.theta, rtol=1e-6, atol=1e-9)


def test_windows_with_missing_values_are_left_out() -> None:
    y = windows().panel.y.copy()
    y[30] = np.nan
    holes = Windows(Panel.from_data(y, allow_missing=True), length=2)
    problem = one_step_problem(program(), holes, ONES)
    assert (
        len(problem) == 58 - 3 and not np.isin(problem.windows.target_rows(problem.keep), [30, 31, 32]).any()
    )


def test_filled_targets_have_no_weight() -> None:
    """What stands in a gap is an input alone, and not of the window that ends in it: it knows the value after it."""
    whole = windows()
    y = whole.panel.y.copy()
    y[[30, 45]] = np.nan
    holes = Windows(Panel.from_data(y, allow_missing=True), length=2, values=(whole.y, whole.x))
    problem, theta = one_step_problem(program(), holes, ONES), fit().theta
    counted = np.setdiff1d(np.arange(2, 60), [30, 31, 45, 46])
    np.testing.assert_array_equal(problem.windows.target_rows(problem.keep), counted)
    alone = whole.select(counted - 2)
    expected = one_step_problem(program(), alone, ONES)
    assert problem.error(theta) == pytest.approx(expected.error(theta)) and problem.count == 54
    for mine, theirs in zip(problem.normal(theta), expected.normal(theta), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-9)
    free, _ = free_run_problems(program(), holes, ONES, 58, Options(training="free-run", validation=0))
    assert free.count == 56 and np.flatnonzero(free.weights.ravel() == 0).tolist() == [28, 43]
    run = free.windows.gather().y[:, 2:, 0] - program().run(theta, *free.take(np.arange(1))[:2])[..., 0]
    assert free.error(theta) == pytest.approx(float(np.sum(np.delete(run.ravel(), [28, 43]) ** 2)), rel=1e-6)


def test_windows_in_long_runs_of_missing_values_are_not_used() -> None:
    y = windows().panel.y.copy()
    y[20:32] = np.nan
    holes = Windows(Panel.from_data(y, allow_missing=True), length=2, values=(windows().y, windows().x))
    rows = holes.target_rows(one_step_problem(program(), holes, ONES).keep)
    assert not np.isin(rows, range(20, 34)).any() and len(rows) == 58 - 14


def test_no_window_crosses_two_series() -> None:
    long = pd.DataFrame(
        {"unique_id": ["a"] * 30 + ["b"] * 12, "ds": [*range(30), *range(12)], "y": np.sin(np.arange(42.0))}
    )
    both = Windows(Panel.from_data(long), length=2)
    assert len(one_step_problem(program(), both, np.ones(42))) == 28 + 10
    free, held = free_run_problems(
        program(), both, np.ones(42), 5, Options(training="free-run", validation=0.2)
    )
    assert held is not None and free.weights.shape == (7, 5) and held.weights.shape == (2, 5)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"training": "free-run", "steps": 70}, "steps: must be at most 58.*received 70.*fewer lags"),
        ({"validation": 70}, "validation: must be at least 1 steps.*received 70 of 58.*smaller fraction"),
        ({"validation": 1.5}, "validation: must be a fraction between 0 and 1.*received 1.5.*0.2"),
    ],
)
def test_what_does_not_fit_the_data(options: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        fit(epochs=1, **options)


def test_weights_that_leave_no_validation_part() -> None:
    weights = ONES.copy()
    weights[-20:] = 0.0
    with pytest.raises(ValueError, match="sample_weight: must be positive in some row.*validation part"):
        train(
            program(),
            windows(),
            weights,
            options=Options(validation=10),
            rng=np.random.default_rng(0),
        )


@pytest.mark.parametrize(
    "names", [("linear", "output"), ("norm", "hidden_1"), ("embedding_1", "delay_1")], ids=str
)
def test_the_names_of_a_users_layers_do_not_matter(names: tuple[str, str]) -> None:
    def fitted(hidden: str, last: str):
        with float64():
            rows = keras.Input((2, 1), dtype="float64")
            state = keras.layers.Flatten()(rows)
            for name, units, activation in ((hidden, 3, "tanh"), (last, 1, None)):
                state = keras.layers.Dense(units, activation, name=name, dtype="float64")(state)
        own = WindowProgram(
            lambda: keras.Model(rows, keras.ops.reshape(state, (-1, 1, 1))), targets=1, jit=False
        )
        theta = np.random.default_rng(0).normal(scale=0.4, size=own.size)
        return train(
            own,
            windows(ALONE),
            np.ones(60),
            options=Options(solver="lm", epochs=15),
            rng=np.random.default_rng(0),
            theta=theta,
        )

    named, plain = fitted(*names), fitted("first", "last")
    np.testing.assert_array_equal(named.theta, plain.theta)
    assert not named.linear and not np.array_equal(named.theta, named.start)


def test_a_network_that_fits_data_without_noise_is_kept() -> None:
    """An error of rounding alone is no reason to doubt the network."""
    y = np.zeros(300)
    u = np.random.default_rng(1).normal(size=300)
    for k in range(1, 300):
        y[k] = 0.5 * y[k - 1] + np.tanh(2 * u[k])
    config = NARXConfig(exog=1, lags=(1,), exog_lags=(0,), hidden=(2,), dtype="float64")
    record = Windows(Panel.from_data(u[:, None], y), length=1)
    options = Options(solver="lm", epochs=120)
    fitted = train(program(config), record, np.ones(300), options=options, rng=np.random.default_rng(0))
    assert not fitted.linear and fitted.history[-1]["loss"] < 1e-8 * y.var()


def test_a_long_series_is_learned_from_some_rows_first_and_from_all_at_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = []

    def recorded(problem: Problem, *rest: Any) -> Any:
        rows.append((len(problem), rest[3].epochs, rest[3].warm_up))
        return solve(problem, *rest)

    monkeypatch.setattr("forecast.training.fit.solve", recorded)
    monkeypatch.setattr("forecast.training.fit.SAMPLE", 20)
    monkeypatch.setattr("forecast.training.fit.WORK", 0.0)
    quick = fit(solver="lm", epochs=60)
    assert rows == [(20, 40, 12), (58, 10, 0)]
    problem = one_step_problem(program(), windows(), ONES)
    assert problem.error(quick.theta) < 0.6 * problem.error(quick.start)
    rows.clear()
    fit(solver="lm", epochs=60, trial=True)
    assert rows == [(20, 40, 12)]
