"""From a program and windows to fitted weights: AR start, solver, closed-loop fine-tuning."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace

import numpy as np

from forecast._checks import explain
from forecast.networks.roles import Role
from forecast.training.flat_network import Array
from forecast.training.initial_weights import initial_weights
from forecast.training.keras_fit import keras_fit
from forecast.training.levenberg_marquardt import linear_evidence
from forecast.training.linear_init import linear_members, linear_start, silent
from forecast.training.prior import Prior, prior_at
from forecast.training.problem import FreeRun, OneStep
from forecast.training.solve import Options, solve
from forecast.training.window_program import Program
from forecast.windows import Windows

TOLD = {  # how much of the targets a network with lead rows is told, stage by stage
    "free-run": (0.0,),
    "teacher-forcing": (1.0,),
    "scheduled-sampling": (1.0, 0.75, 0.5, 0.25, 0.0),
}
SMALL, MIDDLE, ROWS = 1_500, 20_000, 2_000_000  # parameters up to which LM, L-BFGS; rows up to which either


@dataclass(frozen=True, eq=False)
class Fitted:
    """theta (P,), the linear AR solution it started from, the history of every stage and the solver used."""

    theta: Array
    start: Array
    solver: str
    linear: bool = False
    history: list[dict[str, float]] = field(default_factory=list)


def choose_solver(solver: str, parameters: int, rows: int, *, noisy: bool = False) -> str:
    """The solver for the size: Levenberg-Marquardt for small networks, L-BFGS for middle ones, else Adam.

    Adam alone draws the dropout of a noisy network.
    """
    if solver != "auto":
        return solver
    if noisy or rows > ROWS or parameters > MIDDLE:
        return "adam"
    return "lm" if parameters <= SMALL else "lbfgs"


def train(
    program: Program,
    windows: Windows,
    weights: Array,
    *,
    options: Options,
    rng: np.random.Generator,
    theta: Array | None = None,
) -> Fitted:
    """Fit `program` to the windows.

    Args:
        program: the compiled network.
        windows: L + H rows each; those with missing values are left out.
        weights: (N,) weight of every row of the buffer as a target.
        options: solver, kind of training and limits.
        rng: draws the initial weights and the batches.
        theta: (P,) to go on from; None starts at random, with the linear path at the AR solution.

    Returns:
        the fitted weights.
    """
    train_windows, held_out = windows.split(options.validation) if options.validation else (windows, None)
    one_step = one_step_problem(program, train_windows, weights)
    held = one_step_problem(program, held_out, weights) if held_out is not None else None
    start = linear_start(one_step, initial_weights(program, rng)) if theta is None else theta
    linear = start if theta is None else None
    solver = choose_solver(options.solver, program.size, len(one_step), noisy=program.noisy)
    decay = options.weight_decay if options.weight_decay is not None or solver == "lm" else 0.0
    prior = prior_at(program, start, decay=decay)
    if solver == "keras":
        fitted, history = _by_keras(program, one_step, held, start, options, rng)
        return Fitted(fitted, start, solver, fitted is linear, history)
    solved = options.training == "one-step" and decay in (None, 0.0) and linear_members(program).all()
    if theta is None and solved:
        return Fitted(start, start, "least squares", linear=True)
    fitted, history, evidence = _told_less_and_less(solver, one_step, held, start, prior, options, rng)
    if options.training == "one-step" or program.steps > 1:
        known = (
            np.isfinite(evidence) and held is None
        )  # Levenberg-Marquardt alone knows it, without a fixed decay
        if known and program.members(Role.LINEAR).any():
            rival = start if theta is None else linear_start(one_step, silent(program, theta))
            if evidence < linear_evidence(one_step, rival, prior_at(program, rival, decay=None)):
                fitted = linear = rival  # the data speak for the linear model
    else:
        fitted, more = _closed_loop(program, windows, weights, fitted, start, solver, prior, options, rng)
        history = history + more
    return Fitted(fitted, start, solver, fitted is linear, history)


def _told_less_and_less(
    solver: str,
    problem: OneStep,
    held_out: OneStep | None,
    theta: Array,
    prior: Prior,
    options: Options,
    rng: np.random.Generator,
) -> tuple[Array, list[dict[str, float]], float]:
    """One solver run a stage of `TOLD`; validation runs free, and the evidence is that of a free run."""
    stages, history, evidence = TOLD[options.decoding], list[dict[str, float]](), float("nan")
    if problem.program.lead:
        problem = replace(problem, coins=rng.uniform(size=(len(problem), problem.program.lead)))
    options = replace(options, epochs=-(-options.epochs // len(stages)))
    for told in stages:
        problem = replace(problem, told=told)
        theta, more, evidence = solve(solver, problem, held_out, theta, prior, options, rng)
        history = history + more
    return theta, history, evidence if told == 0.0 else float("nan")


def _by_keras(
    program: Program,
    problem: OneStep,
    held_out: OneStep | None,
    theta: Array,
    options: Options,
    rng: np.random.Generator,
) -> tuple[Array, list[dict[str, float]]]:
    """Training by `model.fit`, which knows its own loss and callbacks."""
    return keras_fit(
        program,
        problem,
        held_out,
        theta,
        loss=options.loss,
        epochs=options.epochs,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        patience=options.patience,
        verbose=options.verbose,
        callbacks=options.callbacks,
        rng=rng,
    )


def _closed_loop(
    program: Program,
    windows: Windows,
    weights: Array,
    theta: Array,
    start: Array,
    solver: str,
    prior: Prior,
    options: Options,
    rng: np.random.Generator,
) -> tuple[Array, list[dict[str, float]]]:
    """Go on in closed loop from the one-step fit, in growing stages: a long run may diverge at first."""
    history: list[dict[str, float]] = []
    lengths, stable, held = _stages(options.steps), 1, None
    candidates = [start, theta]
    while lengths:
        length = lengths.pop(0)
        problem, held = free_run_problems(program, windows, weights, length, options)
        if not np.isfinite(problem.error(theta)):
            if length > 2 * stable:
                lengths[:0] = [(stable + length) // 2, length]  # learn a shorter run first
                continue
            if not np.isfinite(problem.error(start)):
                _warn_diverged(length, "AR start and the fitted network")
                break
            _warn_diverged(length, "network fitted so far; going on from the AR start")
            theta = start
        stage = replace(options, epochs=max(5, options.epochs // 4), tolerance=1e-3) if lengths else options
        theta, more, _ = solve(solver, problem, held, theta, prior, stage, rng)
        stable = length
        candidates.append(theta)
        history += more
    if held is not None:
        theta = min(candidates, key=held.error)  # the AR start and the one-step fit count too
    return theta, history


def _stages(steps: int) -> list[int]:
    """Closed-loop lengths on the way to `steps`: each about four times the one before."""
    lengths = [steps]
    while lengths[0] > 16:
        lengths.insert(0, max(4, lengths[0] // 4))
    return lengths


def _warn_diverged(steps: int, what: str) -> None:
    warnings.warn(
        f"training: a free run of {steps} steps diverged with the {what}. "
        "Fewer steps, more lags or weight_decay make the closed loop easier to stabilise.",
        RuntimeWarning,
        stacklevel=4,
    )


def one_step_problem(program: Program, windows: Windows, weights: Array) -> OneStep:
    """The windows without missing values, each target weighted by its row."""
    keep = np.flatnonzero(windows.finite())
    if not len(keep):
        needed = f"some {windows.width} rows in a row without a missing value, lags and steps together"
        raise ValueError(explain("y", needed, "none", "Use fewer lags or fill the missing values"))
    rows = windows.target_rows(keep)[:, None] + np.arange(program.steps)
    if not weights[rows].any():
        allowed = "positive in some row to train on, and in some row of the validation part"
        raise ValueError(explain("sample_weight", allowed, "zero in all of them", "Pass validation=0"))
    return OneStep(program, windows, weights[rows].astype(program.dtype), keep)


def free_run_problems(
    program: Program, windows: Windows, weights: Array, steps: int, options: Options
) -> tuple[FreeRun, FreeRun | None]:
    """Closed-loop segments for training and, with a validation part, for validation.

    Multi-step training starts a segment at every quarter of its length; a free run lays them end to end.
    """
    cut = _cut_rows(windows, options.validation)  # (S,) first row held out
    stride = max(1, steps // 4) if options.training == "multi-step" else steps

    def segments(horizon: int) -> Windows:
        values, step = (windows.y, windows.x), min(stride, horizon)
        return Windows(windows.panel, length=windows.length, horizon=horizon, stride=step, values=values)

    long = segments(steps)
    train = long.select(np.flatnonzero(long.target_rows() + steps <= cut[long.series_of()]))
    longest = int((cut - windows.panel.offsets[:-1]).max()) - windows.length
    if not len(train):
        allowed = f"at most {longest}, the rows to train on after the first {windows.length}"
        raise ValueError(
            explain("steps", allowed, options.steps, "Use fewer steps, fewer lags or a longer series")
        )
    if not options.validation:
        return _free_run(program, train, weights), None
    tail = segments(min(steps, int((windows.panel.offsets[1:] - cut).max())))
    tail = tail.select(np.flatnonzero(tail.target_rows() >= cut[tail.series_of()]))
    return _free_run(program, train, weights), _free_run(program, tail, weights)


def _cut_rows(windows: Windows, validation: float | int) -> Array:
    """First buffer row (S,) of each series that is held out; its end without validation."""
    cut = windows.panel.offsets[1:].copy()
    if validation:
        _, tail = windows.split(validation)
        np.minimum.at(cut, tail.series_of(), tail.target_rows())
    return cut


def _free_run(program: Program, windows: Windows, weights: Array) -> FreeRun:
    """The closed loop over windows whose horizon is the length of a segment."""
    windows = windows.select(np.flatnonzero(windows.finite()))
    rows = windows.target_rows()[:, None] + np.arange(windows.horizon)
    times = np.bincount(rows.ravel(), minlength=len(weights))  # segments that share a row share its weight
    return FreeRun(program, windows, (weights[rows] / times[rows]).astype(program.dtype))
