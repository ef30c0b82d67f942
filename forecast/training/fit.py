"""From a program and windows to fitted weights: AR start, solver, closed-loop fine-tuning."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from forecast._checks import explain
from forecast.training.adam import adam
from forecast.training.flat_network import Array
from forecast.training.keras_fit import keras_fit
from forecast.training.lbfgs import lbfgs
from forecast.training.levenberg_marquardt import levenberg_marquardt
from forecast.training.monitor import Monitor
from forecast.training.objective import Squared
from forecast.training.options import Options, Solution
from forecast.training.problem import FreeRun, OneStep, Problem
from forecast.training.start import Prior, initial_weights, linear_members, linear_start, prior_at, silent
from forecast.training.window_program import WindowProgram
from forecast.windows import Windows

TEACHER_FORCING = {  # the fraction of true targets given to a network with lead rows, stage by stage
    "free-run": (0.0,),
    "teacher-forcing": (1.0,),
    "scheduled-sampling": (1.0, 0.75, 0.5, 0.25, 0.0),
}
SMALL, MIDDLE, ROWS = 1_500, 20_000, 2_000_000  # most parameters for LM and for L-BFGS; most rows for either
SAMPLE, WORK = 3_000, 1e9  # rows at least, and rows * parameters^2, of the first steps of LM on a long series
FIRST_STEPS, LAST_STEPS = 40, 10  # of LM on these rows, and on all of them
LONG, FIRST_ROWS = 5_000, 4_096  # rows from which a series is learned in closed loop; rows of the first steps
MOST_AHEAD, AHEAD_STEPS, AHEAD_ROWS = 100, 16, 17_000  # of such a loop: its length; steps and rows of LM
SOLVERS: Mapping[str, Callable[..., Solution]] = MappingProxyType(
    {"lm": levenberg_marquardt, "lbfgs": lbfgs, "adam": adam}
)


@dataclass(frozen=True, eq=False)
class Fitted:
    """theta (P,), the linear AR solution it started from, the history of every stage and the solver used."""

    theta: Array
    start: Array
    solver: str
    linear: bool = False
    history: list[dict[str, float]] = field(default_factory=list)


def choose_solver(solver: str, parameters: int, rows: int, *, noisy: bool = False) -> str:
    """The solver for the size: Levenberg-Marquardt for small networks, L-BFGS for medium ones, else Adam.

    Only Adam draws the dropout of a noisy network.
    """
    if solver != "auto":
        return solver
    if noisy or rows > ROWS or parameters > MIDDLE:
        return "adam"
    return "lm" if parameters <= SMALL else "lbfgs"


def train(
    program: WindowProgram,
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
        theta: (P,) to continue from; None starts at random, with the linear path at the AR solution.

    Returns:
        the fitted weights.
    """
    train_windows, held_out = windows.split(options.validation) if options.validation else (windows, None)
    problem = one_step_problem(program, train_windows, weights)
    held = one_step_problem(program, held_out, weights) if held_out is not None else None
    start = linear_start(problem, initial_weights(program, rng)) if theta is None else theta
    options = replace(
        options, solver=choose_solver(options.solver, program.size, len(problem), noisy=program.noisy)
    )
    if options.solver == "keras":
        fitted, history = keras_fit(program, problem, held, start, options, rng)
        return Fitted(fitted, start, options.solver, history=history)
    by_evidence = options.weight_decay is None and options.solver == "lm"
    prior = prior_at(program, start, decay=None if by_evidence else options.weight_decay or 0.0)
    one_step = options.training == "one-step" or program.steps > 1
    if theta is None and options.training == "one-step" and is_solved(program, options):
        return Fitted(start, start, "least squares", linear=True)
    if held is None and _goes_ahead(problem, options):
        theta, history = _ahead(problem, weights, theta, start, prior, options, rng)
        return Fitted(theta, start, options.solver, history=history)
    some, history = _sample(problem, options), list[dict[str, float]]()
    if some is problem or theta is None:
        most = options.epochs if some is problem else min(options.epochs, FIRST_STEPS)
        first = replace(options, epochs=most)
        solution, history = _scheduled_sampling(some, held, start, prior, first, rng)
        theta = solution.theta
    if some is not problem and options.trial:
        problem = some
    elif some is not problem:
        last = replace(options, epochs=min(options.epochs, LAST_STEPS), warm_up=0)
        solution, more = _scheduled_sampling(problem, held, theta, prior, last, rng)
        history += more
    fitted = solution.theta
    if not one_step:
        fitted, more = _closed_loop(program, windows, weights, fitted, start, prior, options, rng)
        history += more
    return Fitted(fitted, start, options.solver, linear=fitted is start, history=history)


def _sample(problem: OneStep, options: Options) -> OneStep:
    """Enough rows to fit the network by Levenberg-Marquardt; all of them where that is cheap."""
    most = max(SAMPLE, int(WORK / problem.program.size**2))
    return problem if options.solver != "lm" or len(problem) <= 1.5 * most else _part(problem, most)


def _part(problem: OneStep, rows: int) -> OneStep:
    """At most `rows` rows, evenly spaced."""
    which = np.linspace(0, len(problem) - 1, min(rows, len(problem))).astype(int)
    return replace(problem, keep=problem.keep[which], weights=problem.weights[which])


def _goes_ahead(problem: OneStep, options: Options) -> bool:
    """Whether training ends in the closed loop that judges the network: a network of delays on one long series."""
    config = problem.program.config
    one_step = options.training == "one-step" and problem.program.steps == 1
    small = options.solver == "lm" and 1 < options.ahead <= MOST_AHEAD
    alone = problem.windows.panel.n_series == 1 and len(problem) >= LONG
    return one_step and small and alone and config is not None and config.compact is not None


def _ahead(
    problem: OneStep,
    weights: Array,
    theta: Array | None,
    start: Array,
    prior: Prior,
    options: Options,
    rng: np.random.Generator,
) -> tuple[Array, list[dict[str, float]]]:
    """A few steps of LM one step ahead on some rows, and a few in closed loop over as many steps as are judged."""
    history = list[dict[str, float]]()
    if theta is None:
        first = replace(options, epochs=min(options.epochs, FIRST_STEPS))
        solution, history = solve(_part(problem, FIRST_ROWS), None, start, prior, first, rng)
        theta = solution.theta
    program, windows, steps = problem.program, problem.windows, options.ahead
    free, _ = free_run_problems(program, windows, weights, steps, replace(options, steps=steps, validation=0))
    which = np.linspace(0, len(free) - 1, min(len(free), AHEAD_ROWS // steps)).astype(int)
    free = replace(free, windows=free.windows.select(which), weights=free.weights[which])
    begin = next((each for each in (theta, start) if np.isfinite(free.error(each))), None)
    if begin is None:
        return theta, history
    last = replace(options, epochs=min(options.epochs, AHEAD_STEPS), warm_up=2)
    solution, more = solve(free, None, begin, prior, last, rng)
    return solution.theta, history + more


def linear_fit(program: WindowProgram, windows: Windows, weights: Array, theta: Array) -> Fitted:
    """The linear path alone by least squares on all windows, with the nonlinear branch of `theta` silenced."""
    start = linear_start(one_step_problem(program, windows, weights), silent(program, theta))
    return Fitted(start, start, "least squares", linear=True)


def is_solved(program: WindowProgram, options: Options) -> bool:
    """Whether the least-squares start is already the solution: a linear network without weight decay."""
    squares = isinstance(program.objective, Squared)
    return squares and not options.weight_decay and bool(linear_members(program).all())


def _scheduled_sampling(
    problem: OneStep,
    held_out: OneStep | None,
    theta: Array,
    prior: Prior,
    options: Options,
    rng: np.random.Generator,
) -> tuple[Solution, list[dict[str, float]]]:
    """One run of the solver for each teacher-forcing ratio; validation and the evidence are those of the free run."""
    ratios, history, solution = TEACHER_FORCING[options.decoding], list[dict[str, float]](), Solution(theta)
    if problem.program.lead:
        problem = replace(problem, coins=rng.uniform(size=(len(problem), problem.program.lead)))
    options = replace(options, epochs=-(-options.epochs // len(ratios)))
    for ratio in ratios:
        problem = replace(problem, ratio=ratio)
        solution, more = solve(problem, held_out, solution.theta, prior, options, rng)
        history += more
    return solution if ratio == 0.0 else Solution(solution.theta), history


def solve(
    problem: Problem,
    held_out: Problem | None,
    theta: Array,
    prior: Prior,
    options: Options,
    rng: np.random.Generator,
) -> tuple[Solution, list[dict[str, float]]]:
    """Run the solver that the options name: the best theta by validation, else the last; and the history.

    Weights that a callback sets when training ends, as `EarlyStopping(restore_best_weights=True)` does, come first.
    """
    monitor = Monitor(problem, held_out, theta, options)
    solution = SOLVERS[options.solver](problem, monitor.start, prior, options, monitor, rng)
    history = monitor.close(solution.theta)
    keep_last = held_out is None and options.solver != "adam" and np.all(np.isfinite(solution.theta))
    chosen = solution.theta if keep_last else monitor.best
    if monitor.restored is not None:
        return Solution(monitor.restored), history
    return Solution(chosen, solution.evidence), history


def _closed_loop(
    program: WindowProgram,
    windows: Windows,
    weights: Array,
    theta: Array,
    start: Array,
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
        solution, more = solve(problem, held, theta, prior, stage, rng)
        theta, stable = solution.theta, length
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


def one_step_problem(program: WindowProgram, windows: Windows, weights: Array) -> OneStep:
    """The windows without missing values, each target weighted by its row."""
    keep = np.flatnonzero(windows.finite())
    if not len(keep):
        needed = f"{windows.width} consecutive rows without a missing value, lags and steps together"
        raise ValueError(explain("y", needed, "none", "Use fewer lags or fill the missing values"))
    rows = windows.target_rows(keep)[:, None] + np.arange(program.steps)
    counts, known = weights[rows], windows.observed(keep)
    if known is not None:
        counts = counts[..., None] * (known & windows.follows_known(keep))
        some = counts.any(axis=(1, 2))
        keep, counts = keep[some], counts[some]
    if not counts.any():
        allowed = "positive in some row to train on, and in some row of the validation part"
        raise ValueError(explain("sample_weight", allowed, "zero in all of them", "Pass validation=0"))
    return OneStep(program, windows, counts.astype(program.dtype), keep)


def free_run_problems(
    program: WindowProgram, windows: Windows, weights: Array, steps: int, options: Options
) -> tuple[FreeRun, FreeRun | None]:
    """Closed-loop segments for training and, with a validation part, for validation; every row is in one of them.

    Multi-step training starts a segment at every quarter of its length; a free run lays them end to end. They are
    counted back from the end of each part of a series; the first one starts with the part and may overlap the next.
    """
    begin, end = windows.panel.offsets[:-1] + windows.length, windows.panel.offsets[1:]
    cut = _cut_rows(windows, options.validation)  # (S,) first row held out
    stride = max(1, steps // 4) if options.training == "multi-step" else steps
    train = _segments(windows, begin, cut, steps, stride)
    if not len(train):
        allowed = f"at most {int((cut - begin).max())}, the rows to train on after the first {windows.length}"
        remedy = "Use fewer steps, fewer lags or a longer series"
        raise ValueError(explain("steps", allowed, options.steps, remedy))
    if not options.validation:
        return _free_run(program, train, weights), None
    shorter = min(steps, int((end - cut).max()))
    tail = _segments(windows, cut, end, shorter, min(stride, shorter))
    return _free_run(program, train, weights), _free_run(program, tail, weights)


def _segments(windows: Windows, begin: Array, end: Array, steps: int, stride: int) -> Windows:
    """Windows of `steps` targets each that cover the rows from `begin` to `end` (S,) of every series."""
    values = windows.y, windows.x
    every = Windows(windows.panel, length=windows.length, horizon=steps, values=values)
    series, row = every.series_of(), every.target_rows()
    left = end[series] - steps - row
    inside = (row >= begin[series]) & (left >= 0)
    return every.select(np.flatnonzero(inside & ((left % stride == 0) | (row == begin[series]))))


def _cut_rows(windows: Windows, validation: float | int) -> Array:
    """First buffer row (S,) of each series that is held out; its end without validation."""
    cut = windows.panel.offsets[1:].copy()
    if validation:
        _, tail = windows.split(validation)
        np.minimum.at(cut, tail.series_of(), tail.target_rows())
    return cut


def _free_run(program: WindowProgram, windows: Windows, weights: Array) -> FreeRun:
    """The closed loop over windows whose horizon is the length of a segment."""
    windows = windows.select(np.flatnonzero(windows.finite()))
    rows = windows.target_rows()[:, None] + np.arange(windows.horizon)
    times = np.bincount(rows.ravel(), minlength=len(weights))  # segments that share a row share its weight
    counts, known = weights[rows] / times[rows], windows.observed()
    if known is not None:
        counts = counts[..., None] * known
    return FreeRun(program, windows, counts.astype(program.dtype))
