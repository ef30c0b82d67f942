"""What the neural forecasters share: scaling, training, closed-loop and open-loop forecasts."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, ClassVar

import keras
import numpy as np
from sklearn.utils.validation import check_is_fitted

from forecast._checks import (
    check_auto,
    check_choice,
    check_count,
    check_lags,
    check_positive,
    check_seed,
    check_verbose,
    explain,
)
from forecast.estimators.base import Forecaster
from forecast.estimators.baselines.order_selection import autoregression_order
from forecast.estimators.neural.scaler import SeriesScaling, limits_of
from forecast.estimators.shifting import history_end
from forecast.networks import NetworkConfig
from forecast.panel import Panel
from forecast.training.fit import ROWS, choose_solver, train
from forecast.training.solve import Options
from forecast.training.window_program import RUN_CHUNK, Program
from forecast.windows import Windows

SOLVERS = ("auto", "lm", "lbfgs", "adam")  # KerasForecaster adds "keras"
TRAININGS = ("one-step", "multi-step", "free-run")
SCALES = ("series", "window", None)


@functools.lru_cache(maxsize=32)
def program_of(config: NetworkConfig, jit: bool, loss: str = "squared") -> Program:
    """The compiled network of a config; fits of one shape share it, so that only the first one compiles."""
    return Program.of(config, jit=jit, loss=loss)


@dataclass(kw_only=True, eq=False, repr=False)
class NeuralForecaster(SeriesScaling, Forecaster):
    """A window network y_t = f(y_{t-1}, ..., x_t, ...) behind the scikit-learn interface.

    A family adds its architecture, the type of its `_config` and `_configure(panel)`. The training options
    below are the same for all.

    Args:
        scale: "series" standardises every series by its own mean and deviation in the training part; "window"
            also normalises each window by its own statistics (for series that wander); None leaves the data
            alone.
        solver: "lm" Levenberg-Marquardt, "lbfgs", "adam", or "auto": by number of parameters and rows.
        training: "one-step" (series-parallel), "multi-step" (closed loop of `steps` steps from every few
            rows) or "free-run" (closed loop over segments of `steps` laid end to end); the last two start
            from the one-step fit.
        steps: closed-loop steps of "multi-step" and "free-run"; None = `horizon`, and at least 10.
        epochs: passes over the data at most, iterations of "lm" and "lbfgs".
        batch_size: windows of one step of "adam".
        learning_rate: the first rate of "adam"; it falls to zero on a cosine.
        weight_decay: strength of the pull towards the linear AR solution; None = from the evidence with "lm"
            (MacKay 1992; Foresee and Hagan 1997), 0 otherwise.
        validation: part (float) or number of rows (int) at the end of every series held out to stop early,
            epoch 0 (the AR solution) included; "auto" = 0 with "lm" one step ahead, whose evidence needs
            none, and 0.2 otherwise.
        patience: epochs without a better validation error before stopping.
        tolerance: "lm" and "lbfgs" stop when steps lower the objective by less than this part.
        members: networks trained from different random starts; the forecast is their median.
        jit_compile: compile by XLA on TensorFlow.
        verbose: 0 silent, 1 or "auto" a progress bar, 2 a line an epoch.
        callbacks: keras.callbacks.Callback objects, told `loss` and `val_loss` of every epoch.
        random_state: seed of the random starts and batches.
    """

    scale: str | None = "series"
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
    jit_compile: bool = True
    verbose: int | str = 0
    callbacks: Sequence[keras.callbacks.Callback] | None = None
    random_state: int | None = None

    _solvers: ClassVar[tuple[str, ...]] = SOLVERS
    _config: ClassVar[type[NetworkConfig]]

    # ---------------------------------------------------------------- what a family adds

    def _configure(self, panel: Panel) -> NetworkConfig:
        """The network for the data; may set attributes ending in `_`."""
        raise NotImplementedError

    # ---------------------------------------------------------------- the network

    def _program(self, panel: Panel) -> Program:
        """The compiled network for the data."""
        config = self._network_config(panel)
        self.config_, self.window_ = config.to_dict(), config.window
        return self._fitted_program()

    def _network_config(self, panel: Panel) -> NetworkConfig:
        return self._configure(panel)

    def _fitted_program(self) -> Program:
        """The same network again, from learned attributes alone."""
        return program_of(self._config.from_dict(self.config_), self.jit_compile)

    def _network(self) -> keras.Model:
        """The network anew, in single precision, for `network_`."""
        return replace(self._config.from_dict(self.config_), dtype="float32").build()

    # ---------------------------------------------------------------- hooks of the base

    def _fit(self, panel: Panel, sample_weight: np.ndarray | None) -> None:
        self._check_options()
        self._check_varies(panel)
        program = self._program(panel)
        self._measure_scale(panel)
        self._train(program, panel, sample_weight, starts=[None] * self.members)

    def _update(self, panel: Panel) -> None:
        self._train(self._fitted_program(), panel, self.sample_weight_, starts=list(self.theta_))

    def _train(
        self,
        program: Program,
        panel: Panel,
        sample_weight: np.ndarray | None,
        starts: list[np.ndarray | None],
    ) -> None:
        y, x = self._scaled(panel)
        windows = Windows(panel, length=program.window, horizon=program.steps, values=(y, x))
        weights = np.ones(len(y)) if sample_weight is None else sample_weight
        options = self._options(program, len(windows))
        rng = np.random.default_rng(self.random_state)
        fits = [train(program, windows, weights, options=options, rng=rng, theta=start) for start in starts]
        self.theta_ = np.stack([fit.theta for fit in fits])  # (members, P)
        self.linear_theta_ = np.stack([fit.start for fit in fits])
        self.solver_ = fits[0].solver
        self.linear_ = [fit.linear for fit in fits]
        self.history_ = [fit.history for fit in fits]
        self.range_ = np.stack([y.min(axis=0), y.max(axis=0)])  # (2, O)
        self.limits_ = limits_of(y, panel.offsets, driven=panel.n_exog > 0)

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        program = self._fitted_program()
        y, x = self._scaled(panel)
        known = self._scaled_x(panel, future_x)
        limits = self._limits_after(y)
        past_y = history_end(y, panel, program.window)  # (S, L, O)
        past_x = history_end(x, panel, program.window)  # (S, L, E)
        if program.steps > 1:
            runs = [self._run_direct(program, theta, past_y, past_x, known, limits) for theta in self.theta_]
        else:
            history = np.concatenate([past_y, past_x], axis=2)
            runs = [program.run(theta, history, known, limits) for theta in self.theta_]
        center, spread = self._series_scale(panel)
        return np.median(runs, axis=0) * spread[:, None] + center[:, None]

    def _fitted(self, panel: Panel) -> np.ndarray:
        program = self._fitted_program()
        windows = Windows(panel, length=program.window, horizon=1, values=self._scaled(panel))
        center, spread = self._row_scale(panel)
        fitted = np.full((len(panel.y), panel.n_targets), np.nan)
        for start in range(0, len(windows), RUN_CHUNK):
            block = slice(start, start + RUN_CHUNK)
            paired, _, _ = windows.paired(windows.gather(block))
            paired = program.led(paired)
            values = np.median([program.apply(theta, paired)[:, 0] for theta in self.theta_], axis=0)
            rows = windows.target_rows(block)
            fitted[rows] = values * spread[rows] + center[rows]
        return fitted

    def min_history(self, panel: Panel) -> int:
        """L, the rows of a window."""
        if hasattr(self, "window_"):
            return self.window_
        return self._program(panel).window

    def windows(self, X: Any, y: Any = None) -> tuple[np.ndarray, np.ndarray]:
        """What `network_` sees of a history, and what it must forecast: (B, L + lead, O+E) and (B, H, O), scaled."""
        check_is_fitted(self, "panel_")
        panel, program = self._checked(X, y, like=self.panel_), self._fitted_program()
        windows = Windows(panel, length=program.window, horizon=program.steps, values=self._scaled(panel))
        window, targets, known = windows.paired(windows.gather(np.flatnonzero(windows.finite())))
        return program.led(window, known[:, 1:]), targets

    @property
    def network_(self) -> keras.Model:
        """A copy of the first member's network, (B, L + lead, O+E) -> (B, H, O) scaled, to call or save."""
        return self._fitted_program().assign(self.theta_[0], self._network())

    # ---------------------------------------------------------------- inside

    def _run_direct(
        self,
        program: Program,
        theta: np.ndarray,
        y: np.ndarray,
        x: np.ndarray,
        known: np.ndarray,
        limits: np.ndarray,
    ) -> np.ndarray:
        """Blocks of H steps from a network with H outputs, each block fed back as history of the next."""
        horizon, blocks = known.shape[1], list[np.ndarray]()
        for start in range(0, horizon, program.steps):
            block = np.clip(program.apply(theta, window_at(program, y, x, known, start)), *limits)
            blocks.append(block)
            y = np.concatenate([y, block], axis=1)
        return np.concatenate(blocks, axis=1)[:, :horizon]

    def _solver(self, program: Program, rows: int) -> str:
        """The solver that `solver` means for a network and so many windows."""
        return choose_solver(self.solver, program.size, rows, noisy=program.noisy)

    def _options(self, program: Program, rows: int) -> Options:
        solver = self._solver(program, rows)
        if program.noisy:
            _check_noise(solver, self.training)
        validation = self.validation
        if isinstance(validation, str):
            check_choice("validation", validation, ("auto",))
            evidence = solver == "lm" and self.weight_decay is None and self.training == "one-step"
            evidence = evidence and getattr(self, "decoding", "free-run") != "teacher-forcing"
            validation = 0 if evidence else 0.2
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
            loss=getattr(self, "loss", None),
            decoding=getattr(self, "decoding", "free-run"),
        )

    def _check_options(self) -> None:
        if self.solver == "rtrl":
            allowed = f"one of {', '.join(map(repr, self._solvers))}"
            raise ValueError(explain("solver", allowed, "'rtrl'", "Use OnlineRNN, which learns by RTRL"))
        check_choice("solver", self.solver, self._solvers)
        check_choice("training", self.training, TRAININGS)
        check_choice("scale", self.scale, SCALES)
        for name in ("epochs", "batch_size", "patience", "members"):
            check_count(name, getattr(self, name))
        if self.steps is not None:
            check_count("steps", self.steps)
        check_seed(self.random_state)
        check_positive("learning_rate", self.learning_rate)
        check_positive("tolerance", self.tolerance)
        if isinstance(self.weight_decay, Real) and self.weight_decay < 0:
            remedy = "Leave it out, or pass for example weight_decay=0.1"
            raise ValueError(explain("weight_decay", "at least 0, or None", self.weight_decay, remedy))
        if self.weight_decay is not None and self.weight_decay != 0:
            check_positive("weight_decay", self.weight_decay)
        if self.callbacks is not None and not isinstance(self.callbacks, Iterable):
            remedy = "Pass callbacks=[callback]"
            raise TypeError(explain("callbacks", "a list of keras.callbacks", repr(self.callbacks), remedy))

    def _precision(self, panel: Panel) -> str:
        """float64 for the solvers that need it, float32 for Adam."""
        large = self.solver == "auto" and len(panel.y) > ROWS
        return "float32" if self.solver == "adam" or large else "float64"


def _check_noise(solver: str, training: str) -> None:
    """Refuse what cannot train a network whose output is random in training."""
    if solver != "adam":
        allowed, remedy = (
            "'auto' or 'adam' with dropout or zoneout",
            "Pass solver='adam', or leave dropout out",
        )
        raise ValueError(explain("solver", allowed, repr(solver), remedy))
    if training != "one-step":
        allowed, remedy = "'one-step' with dropout or zoneout", "Leave dropout and zoneout out"
        raise ValueError(explain("training", allowed, repr(training), remedy))


def window_at(
    program: Program, y: np.ndarray, x: np.ndarray, known: np.ndarray, start: int = 0
) -> np.ndarray:
    """The network's input (S, L + lead, O+E) to forecast from step `start` after the history on.

    Args:
        y: targets (S, L + start, O), those of the steps before `start` forecast.
        x: covariates (S, L, E) of the history.
        known: covariates (S, H, E) of the steps ahead; the last stand for any later ones, which are not used.
    """
    record = np.concatenate([x, known, np.repeat(known[:, -1:], program.steps, axis=1)], axis=1)
    now = start + 1 + program.window
    window = np.concatenate([y[:, -program.window :], record[:, start + 1 : now]], axis=2)
    return program.led(window, record[:, now : now + program.lead])


def resolve_lags(
    model: Any, panel: Panel, exog_lags: int | Sequence[int] | str
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(lags, exog_lags) of a model: "auto" is the AR order by BIC, capped by the data, plus the season."""
    lags: tuple[int, ...]
    if isinstance(model.lags, str):
        check_auto("lags", model.lags)
        order, season = autoregression_order(panel), panel.season_length
        longest = max(1, int(panel.lengths.min()) // 3)
        extra = (season,) if 1 < season <= longest else ()
        lags = tuple(sorted({*range(1, min(order, longest) + 1), *extra}))
    else:
        lags = check_lags("lags", model.lags)
    if not panel.n_exog:
        return lags, ()
    if isinstance(exog_lags, str):
        check_auto("exog_lags", exog_lags)
        return lags, (0,)
    return lags, check_lags("exog_lags", exog_lags, minimum=0)


def check_hidden(hidden: Any, minimum: int = 0) -> tuple[int, ...]:
    """Units of each hidden layer, at least `minimum` layers."""
    allowed, remedy = "a list of the units of each layer", "Pass hidden=(8,) for one layer of eight units"
    if isinstance(hidden, str) or not isinstance(hidden, Iterable):
        raise TypeError(explain("hidden", allowed, f"{hidden!r} of type {type(hidden).__name__}", remedy))
    units = tuple(check_count(f"hidden[{place}]", number) for place, number in enumerate(hidden))
    if len(units) < minimum:
        allowed = f"a list of at least {minimum} numbers of units"
        raise ValueError(explain("hidden", allowed, units, "Pass hidden=(8,), or use NARX(hidden=())"))
    return units


def check_activation(activation: Any) -> str | None:
    """A name that Keras knows; None is linear."""
    try:
        keras.activations.get(activation)
    except (TypeError, ValueError) as error:
        allowed = "the Keras name of an activation"
        remedy = "Pass for example activation='tanh'"
        raise ValueError(explain("activation", allowed, repr(activation), remedy)) from error
    return activation if activation is None else str(activation)
