"""What the neural forecasters share: from options and a panel to a trained network, and its forecasts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any, ClassVar

import keras
import numpy as np
from keras.callbacks import Callback
from sklearn.utils.validation import check_is_fitted

from forecast._checks import (
    check_choice,
    check_count,
    check_positive,
    check_season,
    check_seed,
    check_verbose,
    explain,
)
from forecast.estimators import saving
from forecast.estimators.base import Forecaster, State
from forecast.estimators.neural.inputs import (
    NO_CODES,
    Coder,
    Scaled,
    Scaler,
    View,
    check_embedding,
    check_varies,
    shown,
    window_at,
)
from forecast.estimators.validation import learned
from forecast.networks import NetworkConfig
from forecast.panel import Panel
from forecast.panel.categories import Levels, coded, learned_levels
from forecast.training.drawn_windows import naive_error
from forecast.training.fit import ROWS, Fitted, choose_solver, train
from forecast.training.flat_network import made_once
from forecast.training.objective import Objective, objective_of
from forecast.training.options import Options
from forecast.training.window_program import RUN_CHUNK, Program
from forecast.windows import Windows, history_end, position_of_rows

SOLVERS = ("auto", "lm", "lbfgs", "adam")  # KerasForecaster adds "keras"
TRAININGS = ("one-step", "multi-step", "free-run")
SCALES = ("series", "window", None)


@made_once(32)
def compiled(config: NetworkConfig, jit: bool, objective: Objective) -> Program:
    """The compiled network of a config; fits of one shape share it, and only the first one compiles."""
    return Program.of(config, jit=jit, objective=objective)


@dataclass(kw_only=True, eq=False, repr=False)
class NeuralForecaster(Forecaster):
    """A window network y_t = f(y_{t-1}, ..., x_t, ...) behind the scikit-learn interface.

    A family adds its fields, the type of its `_config` and `_configure`, from data to config. `fit` checks the
    options, configures the network, scales the data, compiles and trains.

    Args:
        scale: "series" standardises every series by its own mean and deviation in the training part; "window"
            also normalises each window by its own statistics (for series that wander); None leaves the data
            alone.
        loss: what is minimised: "squared" (means), "absolute" (medians), "huber", "mase" (absolute errors in units
            of the seasonal naive one of their series), "smape" (with scale=None), a loss of Keras by its name or as
            an object. Networks of several steps at once also take "gaussian", "student-t", or a list of levels for
            quantiles that never cross.
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
        validation: fraction (float) or number of rows (int) at the end of every series held out to stop early,
            epoch 0 (the AR solution) included; "auto" = 0 with "lm" one step ahead, whose evidence needs
            none, and 0.2 otherwise.
        patience: epochs without a better validation error before stopping.
        tolerance: "lm" and "lbfgs" stop when steps lower the objective by less than this fraction.
        members: networks trained from different random starts; the forecast is their median.
        season: time steps in one season, or a list of them, for "auto" lags and windows; "auto" or None = from the
            frequency of the index, 1 = none.
        jit_compile: compile by XLA on TensorFlow.
        verbose: 0 silent, 1 or "auto" a progress bar, 2 one line per epoch.
        callbacks: keras.callbacks.Callback objects, told `loss` and `val_loss` of every epoch.
        random_state: seed of the random starts and batches.

    Attributes:
        config_: the frozen description of the network; scaler_: the units of the data.
        lags_, exog_lags_: the lags used, of families that have `lags`.
        window_: L, rows of the history that a forecast reads.
        theta_: weights of every member, shape (members, P); `network_` is a keras.Model that carries them.
        linear_theta_: the weights training started from, the linear AR/ARX solution where there is one.
        kept_linear_: for each member, whether the linear model was kept because its evidence was greater; also
            under its old name `linear_`.
        history_: training and validation loss of every epoch of every member.
        solver_: the solver used.
    """

    scale: str | None = "series"
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
    season: int | Sequence[int] | str | None = "auto"
    jit_compile: bool = True
    verbose: bool | int | str = 0
    callbacks: Sequence[Callback] | None = None
    random_state: int | None = None

    config_: Any = field(init=False)  # of the type `_config`
    scaler_: Scaler = field(init=False)

    _solvers: ClassVar[tuple[str, ...]] = SOLVERS
    _config: ClassVar[type[NetworkConfig]]
    _heads: ClassVar[tuple[str, ...]] = ("point",)
    _knows_zero: ClassVar[bool] = False  # whether training takes errors relative to the values themselves
    _before: ClassVar[float] = 0.0  # stands for the rows before the start of a series

    # ---------------------------------------------------------------- what a family adds

    def _configure(self, panel: Panel) -> NetworkConfig:
        """The frozen config of the network for the data; sets nothing."""
        raise NotImplementedError

    def _coder(self, panel: Panel) -> Coder:
        """Which covariates are codes of categories: none."""
        return NO_CODES

    def _reaches(self) -> list[int]:
        """Rows of the window whose targets each member reads: all of them."""
        return [self.config_.window] * self.members

    def _view(self, panel: Panel, *, whole: bool = False) -> View:
        """The panel as the network sees it, for the open loop the `whole` of it."""
        return View(panel)

    # ---------------------------------------------------------------- learning

    def _learn(self, panel: Panel, weights: np.ndarray | None) -> None:
        view = self._view(panel)
        config = self._configured(view.panel)
        self._check_length(panel, self._rows_before(config))
        check_varies(view.panel)
        self.config_ = config
        self.scaler_ = Scaler.fit(view.panel, self.scale, self._coder(panel))
        self._set_history(panel, weights)
        self._train(view, starts=[None] * self.members)

    def _configured(self, panel: Panel) -> NetworkConfig:
        coder = self._coder(panel)
        return replace(self._configure(coder.measured(panel)), embedded=coder.embedded(panel))

    def _update(self, panel: Panel) -> None:
        view = self._view(panel)
        self.scaler_ = self.scaler_.bounded(view.panel)
        self._train(view, starts=list(self.theta_))

    def _train(self, view: View, starts: list[np.ndarray | None]) -> None:
        program, inputs = self._compiled(), self._scaled(view.panel)
        windows = Windows(
            view.panel, length=program.window, horizon=program.steps, values=(inputs.y, inputs.x)
        )
        weights, options = view.weights(self.sample_weight_), self._options(program, len(windows))
        if self._objective().unit == "series":
            errors = naive_error(inputs.y, view.panel.offsets, view.panel.season_length).mean(axis=1)
            weights = weights / np.repeat(errors, view.panel.lengths)
        rng = np.random.default_rng(self.random_state)
        self._keep(
            [train(program, windows, weights, options=options, rng=rng, theta=start) for start in starts]
        )

    def _keep(self, fits: list[Fitted]) -> None:
        """What a fit of each member found."""
        self.theta_ = np.stack([fit.theta for fit in fits])  # (members, P)
        self.linear_theta_ = np.stack([fit.start for fit in fits])
        self.solver_ = fits[0].solver
        self.kept_linear_ = [fit.linear for fit in fits]
        self.history_ = [fit.history for fit in fits]

    def _compiled(self) -> Program:
        return compiled(self.config_, self.jit_compile, self._objective())

    def _objective(self) -> Objective:
        """What training minimises."""
        return objective_of(self.loss)

    def _scaled(self, panel: Panel) -> Scaled:
        """A panel in the units of the network."""
        known = self.panel_.layout.keyed == panel.layout.keyed
        series = self.panel_.ids.get_indexer(panel.ids) if known else np.full(panel.n_series, -1)
        return self.scaler_.scaled(panel, series, self._coder(panel))

    # ---------------------------------------------------------------- forecasting

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        outputs, inputs, view = self._outputs(panel, future_x)
        runs = [self._objective().point(output) for output in outputs]
        return view.steps(inputs.steps(np.median(runs, axis=0)))

    def _outputs(self, panel: Panel, future_x: np.ndarray) -> tuple[list[np.ndarray], Scaled, View]:
        """What each member puts out (S, H, O*K) for the steps ahead, the units and the view of the panel."""
        view, program = self._view(panel), self._compiled()
        inputs = self._scaled(view.panel)
        known, limits = inputs.future(view.future(future_x)), self._limits(inputs)
        past_y = history_end(inputs.y, view.panel, program.window, self._before)  # (S, L, O)
        past_x = history_end(inputs.x, view.panel, program.window)  # (S, L, E)
        if program.steps > 1:
            return (
                [
                    _run_direct(program, theta, past_y, past_x, known, limits, reach)
                    for theta, reach in zip(self.theta_, self._reaches(), strict=True)
                ],
                inputs,
                view,
            )
        history = np.concatenate([past_y, past_x], axis=2)
        return [program.run(theta, history, known, limits) for theta in self.theta_], inputs, view

    def _limits(self, inputs: Scaled) -> np.ndarray:
        """Bounds (2, O) of a forecast, which may be fed back."""
        return inputs.limits

    def _fitted(self, panel: Panel) -> np.ndarray:
        view, program = self._view(panel, whole=True), self._compiled()
        inputs = self._scaled(view.panel)
        windows = Windows(view.panel, length=program.window, horizon=1, values=(inputs.y, inputs.x))
        fitted = np.full(inputs.y.shape, np.nan)
        for start in range(0, len(windows), RUN_CHUNK):
            block = slice(start, start + RUN_CHUNK)
            paired = program.with_lead(windows.paired(windows.gather(block))[0])
            values = [program.apply(theta, paired)[:, 0] for theta in self.theta_]
            fitted[windows.target_rows(block)] = np.median(values, axis=0)
        early = position_of_rows(panel) < program.window
        return np.where(early[:, None], np.nan, view.rows(inputs.rows(fitted)))

    def min_history(self, panel: Panel) -> int:
        """Rows of a series before the first one that can be forecast: L, those of a window."""
        return self._rows_before(self.config_ if learned(self) else self._configured(self._view(panel).panel))

    def _rows_before(self, config: NetworkConfig) -> int:
        return config.window

    def windows(self, X: Any, y: Any = None) -> tuple[np.ndarray, np.ndarray]:
        """What `network_` sees of a history, and what it must forecast: (B, L + lead, O+E) and (B, H, O), scaled."""
        check_is_fitted(self, "panel_")
        panel, program = self._checked(self._coded(X), y, like=self.panel_), self._compiled()
        inputs = self._scaled(panel)
        windows = Windows(panel, length=program.window, horizon=program.steps, values=(inputs.y, inputs.x))
        window, targets, known = windows.paired(windows.gather(np.flatnonzero(windows.finite())))
        return program.with_lead(window, known[:, 1:]), targets

    # ---------------------------------------------------------------- learned attributes

    @property
    def window_(self) -> int:
        """L, the rows of the history that a forecast reads."""
        return self.config_.window

    @property
    def linear_(self) -> list[bool]:
        """The old name of `kept_linear_`."""
        return self.kept_linear_

    @property
    def lags_(self) -> tuple[int, ...]:
        """Lags of the targets that were used, of families with `lags`."""
        return self.config_.lags

    @property
    def exog_lags_(self) -> tuple[int, ...]:
        """Lags of the covariates that were used, of families with `exog_lags`."""
        return self.config_.exog_lags

    @property
    def network_(self) -> keras.Model:
        """A copy of the first member's network, (B, L + lead, O+E) -> (B, H, O) scaled, to call or save."""
        return self._compiled().assign(self.theta_[0], self._network())

    def _network(self) -> keras.Model:
        return replace(self.config_, dtype="float32").build()

    def _state(self) -> State:
        plain, arrays = saving.split_state(self, skip=("panel_", "conformal_", "config_", "scaler_"))
        scaler = {f"{name}_": values for name, values in vars(self.scaler_).items()}
        return {**plain, "config_": self.config_.to_dict()}, {**arrays, **scaler}

    def _restore(self, plain: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        self.config_ = self._config.from_dict(plain.pop("config_"))
        self.scaler_ = Scaler(**{name: arrays.pop(f"{name}_") for name in Scaler.__dataclass_fields__})
        super()._restore(plain, arrays)

    # ---------------------------------------------------------------- options

    def _solver(self, program: Program, rows: int) -> str:
        """The solver that `solver` means for a network and so many windows."""
        solver, able = (
            choose_solver(self.solver, program.size, rows, noisy=program.noisy),
            self._objective().solvers,
        )
        return solver if solver in able or self.solver != "auto" else able[-1]

    def _has_evidence(self, solver: str) -> bool:
        """Whether the evidence takes the place of a validation part."""
        return solver == "lm" and self.weight_decay is None and self.training == "one-step"

    def _options(self, program: Program, rows: int) -> Options:
        solver, validation = self._solver(program, rows), self.validation
        if program.noisy:
            _check_noise(solver, self.training)
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
        )

    def _check_options(self) -> None:
        super()._check_options()
        if self.solver == "rtrl":
            allowed = f"one of {', '.join(map(repr, self._solvers))}"
            raise ValueError(explain("solver", allowed, "'rtrl'", "Use OnlineRNN, which learns by RTRL"))
        check_choice("solver", self.solver, self._solvers)
        check_choice("training", self.training, TRAININGS)
        check_choice("scale", self.scale, SCALES)
        self._check_loss()
        for name in ("epochs", "batch_size", "patience", "members"):
            check_count(name, getattr(self, name))
        if self.steps is not None:
            check_count("steps", self.steps)
        check_seed(self.random_state)
        check_verbose(self.verbose)
        check_season(self.season)
        check_positive("learning_rate", self.learning_rate)
        check_positive("tolerance", self.tolerance)
        if isinstance(self.validation, str):
            check_choice("validation", self.validation, ("auto",))
        if isinstance(self.weight_decay, Real) and self.weight_decay < 0:
            remedy = "Leave it out, or pass for example weight_decay=0.1"
            raise ValueError(explain("weight_decay", "at least 0, or None", self.weight_decay, remedy))
        callbacks = self.callbacks or ()
        if not isinstance(callbacks, Iterable) or any(not isinstance(each, Callback) for each in callbacks):
            remedy = "Pass callbacks=[callback]"
            raise TypeError(explain("callbacks", "a list of keras.callbacks", repr(self.callbacks), remedy))

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

    def _common(self, panel: Panel) -> dict[str, Any]:
        """What the configs of all families share."""
        return {
            "targets": panel.n_targets,
            "exog": panel.n_exog,
            "window_norm": self.scale == "window",
            "head": self._objective().head,
            "numbers": self._objective().outputs,
            "dtype": self._precision(panel),
        }

    def _precision(self, panel: Panel) -> str:
        """float64 for the solvers that need it, float32 for Adam."""
        large = self.solver == "auto" and len(panel.y) > ROWS
        return "float32" if self.solver == "adam" or large else "float64"


@dataclass(kw_only=True, eq=False, repr=False)
class EmbeddingForecaster(NeuralForecaster):
    """A network that may tell series and categories apart by vectors it learns (`CategoryEmbedding`).

    The vectors are inputs of the nonlinear branch beside each row of the window; the linear path does not see
    them, so training starts at the AR solution. The evidence pulls them to zero, that is to one model of all
    series.

    Args:
        embed_series: length of the learned vector of every series of a panel; 0 for none. A record of
            another series has the mean vector of all.
        categories: {column of X: length of its learned vectors}, for covariates in a frame that hold
            categories, as text or as numbers (for `backtest` as numbers). A category not seen in `fit` has
            the mean vector.

    Attributes:
        levels_: the categories of each column, in the order of their vectors.
    """

    embed_series: int = 0
    categories: dict[str, int] | None = None

    levels_: Levels = field(init=False)

    def _check_options(self) -> None:
        super()._check_options()
        check_embedding(self.embed_series, self.categories)

    def _read(self, X: Any, y: Any) -> Panel:
        self.levels_ = learned_levels(X, self.categories) if self.categories else {}
        return super()._read(self._coded(X), y)

    def _coded(self, X: Any) -> Any:
        return coded(X, self.levels_) if self.levels_ else X

    def _coder(self, panel: Panel) -> Coder:
        return Coder.of(panel, self.categories, self.embed_series)


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


def _run_direct(
    program: Program,
    theta: np.ndarray,
    y: np.ndarray,
    x: np.ndarray,
    known: np.ndarray,
    limits: np.ndarray,
    reach: int,
) -> np.ndarray:
    """Blocks of H steps from a network with H outputs, each block fed back as history of the next."""
    horizon, blocks = known.shape[1], list[np.ndarray]()
    for start in range(0, horizon, program.steps):
        window = shown(window_at(program, y, x, known, start), program, reach)
        blocks.append(np.clip(program.apply(theta, window), *limits))
        y = np.concatenate([y, program.objective.point(blocks[-1])], axis=1)
    return np.concatenate(blocks, axis=1)[:, :horizon]
