"""How a neural forecaster trains: the options that all families share, and what they resolve to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar

from keras.callbacks import Callback

from forecast._checks import (
    check_choice,
    check_count,
    check_positive,
    check_season,
    check_seed,
    check_verbose,
    explain,
)
from forecast.estimators.base import Forecaster
from forecast.panel import Panel
from forecast.training.fit import ROWS, choose_solver
from forecast.training.objective import Objective, objective_of
from forecast.training.options import Options
from forecast.training.window_program import WindowProgram

TRAININGS = ("one-step", "multi-step", "free-run")
SOLVERS = ("auto", "lm", "lbfgs", "adam")  # KerasForecaster adds "keras"


@dataclass(kw_only=True, eq=False, repr=False)
class TrainingOptions(Forecaster):
    """The training options of every neural forecaster.

    Args:
        scale: "series" standardises every series by its own mean and deviation in the training part, "panel" all
            series by those of all rows, as the records of one system ask for; "window"
            also normalises each window by its own statistics (for series that wander), "level" subtracts its last
            value from each window (for series that grow); "auto" is the one of these whose linear model forecasts
            best from the last origins of the history, "series" for a linear model, and "panel" for records (covariates
            and no season) where "series" is not better; None leaves the data alone.
        loss: what is minimised: "squared" (means), "absolute" (medians), "huber", "mase" (absolute errors in units
            of the seasonal naive error of their series), "smape" (with scale=None), a loss of Keras by its name or
            as an object. Networks of several steps at once also take "gaussian", "student-t", or a list of levels
            for quantiles that never cross.
        solver: "lm" Levenberg-Marquardt, "lbfgs", "adam", or "auto": by number of parameters and rows.
        training: "one-step" (series-parallel; on one series of 5,000 rows or more finished in closed loop over the
            steps by which it is judged, unless `selection` is False), "multi-step" (closed loop of `steps` steps from
            every few rows) or "free-run" (closed loop over segments of `steps` laid end to end); the last two
            start from the one-step fit.
        steps: closed-loop steps of "multi-step" and "free-run"; None = `horizon`, and at least 10.
        epochs: most passes over the data, or iterations of "lm" and "lbfgs".
        batch_size: windows per step of "adam".
        learning_rate: the first rate of "adam"; it falls to zero along a cosine.
        weight_decay: strength of the pull towards the linear AR solution; None = from the evidence with "lm"
            (MacKay 1992; Foresee and Hagan 1997), 0 otherwise.
        validation: fraction (float) or number of rows (int) at the end of every series held out to stop early,
            epoch 0 (the AR solution) included; "auto" = 0 with "lm" one step ahead, whose evidence needs
            none, and 0.2 otherwise.
        patience: epochs without a better validation error before stopping.
        tolerance: "lm" and "lbfgs" stop when steps lower the objective by less than this fraction.
        members: networks trained from different random starts; the forecast is their median.
        selection: whether the linear model is kept unless a network forecasts better in closed loop from the last
            origins of the history: over `horizon` steps, else a season, else 10 steps; over free runs for a record
            with covariates and without a season. The one kept is then trained on all rows.
        season: time steps in one season, or a list of them, for "auto" lags and windows; "auto" or None = from the
            frequency of the index, 1 = none.
        jit_compile: compile by XLA on TensorFlow.
        verbose: 0 silent, 1 or "auto" a progress bar, 2 one line per epoch.
        callbacks: keras.callbacks.Callback objects, called with `loss` and `val_loss` of every epoch.
        random_state: seed of the random starts and batches.
    """

    scale: str | None = "auto"
    loss: Any = "squared"
    solver: str = "auto"
    training: str = "one-step"
    steps: int | None = None
    epochs: int = 200
    batch_size: int = 64
    learning_rate: float = 3e-3
    weight_decay: float | None = None
    validation: float | int | str = "auto"
    patience: int = 20
    tolerance: float = 1e-4
    members: int = 1
    selection: bool = True
    season: int | Sequence[int] | str | None = "auto"
    jit_compile: bool = True
    verbose: bool | int | str = 0
    callbacks: Sequence[Callback] | None = None
    random_state: int | None = None

    _solvers: ClassVar[tuple[str, ...]] = SOLVERS
    _scales: ClassVar[tuple[str | None, ...]] = ("auto", "series", "panel", "window", "level", None)
    _heads: ClassVar[tuple[str, ...]] = ("point",)
    _auto_batches: ClassVar[bool] = False  # whether batch_size may be "auto"
    _knows_zero: ClassVar[bool] = False  # whether training takes errors relative to the values themselves

    def _check_options(self) -> None:
        super()._check_options()
        check_choice("scale", self.scale, self._scales)
        check_training(self, self._solvers)
        self._check_loss()

    def _check_loss(self) -> None:
        objective = self._objective()
        if objective.head not in self._heads:
            allowed = "a loss of one number for each target, for a network of one step at a time"
            raise ValueError(explain("loss", allowed, repr(self.loss), "Use ResidualTDNN"))
        if objective.absolute and self.scale is not None and not self._knows_zero:
            allowed = "one that does not depend on where zero lies, or scale=None"
            raise ValueError(explain("loss", allowed, repr(self.loss), "Pass scale=None"))
        if self.solver not in ("auto", *objective.solvers):
            allowed = f"'auto' or one of {', '.join(map(repr, objective.solvers))} with loss={self.loss!r}"
            raise ValueError(explain("solver", allowed, repr(self.solver), 'Pass solver="auto"'))

    def _objective(self) -> Objective:
        """What training minimises."""
        return objective_of(self.loss)

    def _solver(self, program: WindowProgram, rows: int) -> str:
        """The solver that `solver` means for a network and `rows` windows."""
        solver, able = (
            choose_solver(self.solver, program.size, rows, noisy=program.noisy),
            self._objective().solvers,
        )
        return solver if solver in able or self.solver != "auto" else able[-1]

    def _has_evidence(self, solver: str) -> bool:
        """Whether the evidence takes the place of a validation part."""
        return solver == "lm" and self.weight_decay is None and self.training == "one-step"

    def _options(self, program: WindowProgram, rows: int) -> Options:
        solver, validation = self._solver(program, rows), self.validation
        if program.noisy:
            check_noise(solver, self.training)
        if isinstance(validation, str):
            validation = 0 if self._has_evidence(solver) else 0.2
        return Options(
            solver=solver,
            training=self.training,
            steps=max(self.horizon, 10) if self.steps is None else self.steps,
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            validation=validation,
            patience=self.patience,
            tolerance=self.tolerance,
            verbose=check_verbose(self.verbose),
            callbacks=tuple(self.callbacks or ()),
            select=self.selection,
            all_rows=self.validation == "auto" and self.training == "one-step",
        )

    def _precision(self, panel: Panel) -> str:
        """float64 for the solvers that need it, float32 for Adam."""
        large = self.solver == "auto" and len(panel.y) > ROWS
        return "float32" if self.solver == "adam" or large else "float64"


def check_training(model: Any, solvers: Sequence[str]) -> None:
    """Refuse wrong training options of a neural estimator; `solvers` are those it has."""
    if model.solver == "rtrl":
        allowed = f"one of {', '.join(map(repr, solvers))}"
        raise ValueError(explain("solver", allowed, "'rtrl'", "Use OnlineRNN, which learns by RTRL"))
    check_choice("solver", model.solver, solvers)
    check_choice("training", model.training, TRAININGS)
    for name in ("epochs", "batch_size", "patience", "members"):
        if not (name == "batch_size" and model._auto_batches and model.batch_size == "auto"):
            check_count(name, getattr(model, name))
    if model.steps is not None:
        check_count("steps", model.steps)
    check_seed(model.random_state)
    check_verbose(model.verbose)
    check_season(model.season)
    check_positive("learning_rate", model.learning_rate)
    check_positive("tolerance", model.tolerance)
    if isinstance(model.validation, str):
        check_choice("validation", model.validation, ("auto",))
    if isinstance(model.weight_decay, Real) and model.weight_decay < 0:
        remedy = "Leave it out, or pass for example weight_decay=0.1"
        raise ValueError(explain("weight_decay", "at least 0, or None", model.weight_decay, remedy))
    callbacks = model.callbacks or ()
    known = isinstance(callbacks, Iterable)
    if not known or any(not isinstance(each, Callback) for each in callbacks):
        remedy = "Pass callbacks=[callback]"
        raise TypeError(explain("callbacks", "a list of keras.callbacks", repr(model.callbacks), remedy))


def check_noise(solver: str, training: str) -> None:
    """Refuse what cannot train a network whose output is random in training."""
    if solver != "adam":
        allowed = "'auto' or 'adam' with dropout or zoneout"
        remedy = "Pass solver='adam', or leave dropout out"
        raise ValueError(explain("solver", allowed, repr(solver), remedy))
    if training != "one-step":
        allowed, remedy = "'one-step' with dropout or zoneout", "Leave dropout and zoneout out"
        raise ValueError(explain("training", allowed, repr(training), remedy))
