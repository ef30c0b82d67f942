"""Networks with rows after the window: told the targets there or not, and trained so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecast.networks import Seq2SeqConfig
from forecast.panel import Panel
from forecast.training.fit import TEACHER_FORCING, one_step_problem, train
from forecast.training.options import Options
from forecast.training.problem import OneStep
from forecast.training.start import initial_weights, linear_start
from forecast.training.window_program import WindowProgram
from forecast.windows import Windows
from tests.training.cases import differences, series

pytestmark = pytest.mark.backend
CONFIG = Seq2SeqConfig(
    length=3, horizon=3, exog=1, cell="elman", units=2, attention="additive", dtype="float64"
)
PROGRAM = WindowProgram.of(CONFIG)
WINDOWS = Windows(Panel.from_data(series(40, seed=1), series(40)), length=3, horizon=3)
WEIGHTS = np.random.default_rng(5).uniform(0.5, 2, size=40)


def problem(told: float = 0.0) -> OneStep:
    whole = one_step_problem(PROGRAM, WINDOWS, WEIGHTS)
    coins = np.random.default_rng(6).uniform(size=(len(whole), PROGRAM.lead))
    return replace(whole, ratio=told, coins=coins)


def theta(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(scale=0.4, size=PROGRAM.size)


def test_lead_rows_go_on_as_the_window_does() -> None:
    """Row L-1+h is (y_{t+h-1}, x_{t+h}); y is NaN unless told."""
    panel = WINDOWS.panel
    for told in (0.0, 1.0):
        rows, target, _ = problem(told).take(np.array([4]))
        assert rows.shape == (1, 5, 2) and target.shape == (1, 3, 1)
        np.testing.assert_array_equal(rows[0, :, 1], panel.x[5:10, 0])
        np.testing.assert_array_equal(rows[0, :3, 0], panel.y[4:7, 0])
        np.testing.assert_array_equal(rows[0, 3:, 0], panel.y[7:9, 0] if told else [np.nan, np.nan])
    np.testing.assert_array_equal(PROGRAM.with_lead(rows[:, :3])[0, 3:], [[np.nan, 0.0], [np.nan, 0.0]])


def test_half_told_is_told_in_half_of_the_places_and_more_includes_less() -> None:
    every = np.arange(len(problem()))
    places = [~np.isnan(problem(told).take(every)[0][:, 3:, 0]) for told in (0.25, 0.5, 0.75)]
    assert [round(place.mean(), 1) for place in places] == pytest.approx([0.25, 0.5, 0.75], abs=0.1)
    assert (places[0] <= places[1]).all() and (places[1] <= places[2]).all()


def test_free_run_is_teacher_forcing_on_its_own_forecasts() -> None:
    rows, _, _ = problem(0.0).take(np.arange(5))
    run = PROGRAM.apply(theta(), rows)
    told = PROGRAM.with_lead(rows[:, :3], rows[:, 3:, 1:], run[:, :-1])
    np.testing.assert_allclose(PROGRAM.apply(theta(), told), run, rtol=1e-12)


@pytest.mark.parametrize("told", [0.0, 0.5])
@pytest.mark.slow
def test_derivatives_through_encoder_and_decoder_agree(told: float) -> None:
    given, at = problem(told), theta()
    rows, target, weight = given.take(np.arange(len(given)))

    def residuals(theta: np.ndarray) -> np.ndarray:
        return (np.sqrt(weight) * (target - PROGRAM.apply(theta, rows))).ravel()

    jacobian = -differences(residuals, at)
    hessian, slope, error = given.normal(at)
    value, gradient = given.gradient(at)
    np.testing.assert_allclose([error, value], given.error(at), rtol=1e-10)
    np.testing.assert_allclose(-2 * slope, gradient, rtol=1e-9, atol=1e-9 * np.abs(gradient).max())
    np.testing.assert_allclose(jacobian.T @ jacobian, hessian, rtol=1e-5, atol=1e-8 * np.abs(hessian).max())


def test_the_start_is_least_squares_for_every_step_on_what_is_known_by_then() -> None:
    given = problem()
    start = linear_start(given, initial_weights(PROGRAM, np.random.default_rng(0)))
    rows, target, weight = given.take(np.arange(len(given)))
    forecast = PROGRAM.apply(start, rows)
    for step in range(3):
        design = np.hstack(
            [rows[:, :3].reshape(len(rows), -1), rows[:, 3 : 3 + step, 1], np.ones((len(rows), 1))]
        )
        root = np.sqrt(weight[:, step])
        solution = np.linalg.lstsq(design * root, target[:, step] * root, rcond=None)[0]
        np.testing.assert_allclose(forecast[:, step], design @ solution, rtol=1e-7, atol=1e-9)


def test_scheduled_sampling_ends_in_a_free_run() -> None:
    assert TEACHER_FORCING["scheduled-sampling"][0] == TEACHER_FORCING["teacher-forcing"][0] == 1.0
    assert TEACHER_FORCING["scheduled-sampling"][-1] == TEACHER_FORCING["free-run"][0] == 0.0
    assert list(TEACHER_FORCING["scheduled-sampling"]) == sorted(
        TEACHER_FORCING["scheduled-sampling"], reverse=True
    )


def test_every_way_of_training_lowers_its_own_error_and_sampling_that_of_the_free_run() -> None:
    free, errors = problem(0.0), {}
    for decoding in TEACHER_FORCING:
        options = Options(solver="lbfgs", epochs=20, decoding=decoding)
        rng = np.random.default_rng(0)
        fitted = train(PROGRAM, WINDOWS, np.ones(40), options=options, rng=rng)
        assert len(fitted.history) > len(TEACHER_FORCING[decoding])
        first, last = fitted.history[0]["loss"], fitted.history[-1]["loss"]
        assert last < first
        errors[decoding] = replace(free, weights=np.ones_like(free.weights)).error(fitted.theta)
        if decoding != "teacher-forcing":
            np.testing.assert_allclose(errors[decoding] / free.weights.size, last, rtol=1e-6)
    assert errors["scheduled-sampling"] < errors["teacher-forcing"]


@pytest.mark.slow
def test_with_one_step_there_is_nothing_to_tell() -> None:
    config = replace(CONFIG, horizon=1)
    program = WindowProgram.of(config)
    windows = Windows(WINDOWS.panel, length=3, horizon=1)
    fits = [
        train(
            program,
            windows,
            np.ones(40),
            options=Options(solver="lbfgs", epochs=5, decoding=decoding),
            rng=np.random.default_rng(0),
        )
        for decoding in ("free-run", "teacher-forcing")
    ]
    np.testing.assert_array_equal(fits[0].theta, fits[1].theta)
