"""OnlineRNN: a recurrent network that learns from each observation as it arrives, without its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from forecast._checks import check_choice, check_count, check_positive, check_seed, explain
from forecast.estimators import differences, saving
from forecast.estimators.base import State
from forecast.estimators.neural.inputs import Scaled, Scaler, check_varies, limits_after
from forecast.estimators.neural.options import resolve_lags
from forecast.estimators.neural.time_major import TimeMajor, time_major
from forecast.estimators.unweighted import Unweighted
from forecast.estimators.validation import learned
from forecast.networks import OnlineConfig
from forecast.networks.roles import Role
from forecast.panel import Panel
from forecast.panel.gaps import completed_onward
from forecast.training.flat_network import made_once
from forecast.training.rtrl import Memory, Moments, OnlineProgram
from forecast.training.start import initial_weights
from forecast.windows import lag_table

SOLVERS = ("rtrl", "one-step")
DENSE_LIMIT = 5e8  # most products of one step of a dense cell
Array = np.ndarray


@made_once(32)
def compiled(config: OnlineConfig, solver: str, jit: bool) -> OnlineProgram:
    """The compiled network of a config, shared by all fits of one shape."""
    return OnlineProgram.of(config, exact=solver == "rtrl", jit=jit)


@dataclass
class OnlineState:
    """The state of the series; replaced field by field as rows arrive, while what was learned stays.

    Args:
        hidden, influence, past: those of `forecast.training.rtrl.Memory`, in scaled units.
        forecasts: one step ahead (N, O) for the rows kept in `panel_`, made before each row was seen.
        errors: true value less forecast (N, O), in `fit` that of the first pass.
        seen: least and greatest scaled values so far (2, O).
    """

    hidden: Array
    influence: Array
    past: Array
    forecasts: Array
    errors: Array
    seen: Array

    @property
    def memory(self) -> Memory:
        """What the compiled functions carry along."""
        return Memory(self.hidden, self.influence, self.past)


@dataclass(kw_only=True, eq=False, repr=False)
class OnlineRNN(Unweighted):
    """A recurrent network that forecasts each observation, then learns from it, and needs no history.

    Equation:
        h_t = cell([y_{t-1}, x_t], h_{t-1}),   yhat_t = A u_t + C h_t + c
        theta <- theta - rate * Adam(g_t),     g_t = d|y_t - yhat_t|^2 / dtheta through all steps before
        dh_t / dtheta = F_theta + F_h dh_{t-1} / dtheta

    Symbols:
        y: the targets, x: the covariates; u_t: y at `lags`, x at `exog_lags`; theta: all weights.
        A, c: start at the least-squares AR/ARX solution of the history given to `fit`; C starts at zero.
        F: the step of the cell. For cell="diagonal" each unit depends on its own weights only, so the cost of
            a step is proportional to the number of parameters; any other cell costs units^2 times as much.

    `fit` goes through the history in order, `epochs` times, and then once more without learning, so the
    state is that of the weights found. A missing target counts as its last known value and what its season adds.
    `partial_fit` learns from the rows that follow, one by one; `update`
    moves the state past them and learns nothing. All series of a panel share the weights; each has its own state,
    and rows at the same position are learned from together.

    Args:
        cell: name of the recurrent cell, one of `forecast.layers.CELLS`.
        units: units of the cell; dense cells up to about 32.
        lags: lags of the linear path: "auto" (those of one linear autoregression of all series,
            plus the season), an int n for lags 1..n, or a list of lags.
        exog_lags: lags of the covariates in it; "auto" = those that the data show, else 0; an int n for 0..n, a
            list, or a dict of these by column.
        solver: "rtrl", the exact gradient; or "one-step", the gradient of the present step only.
        learning_rate: rate of Adam, constant.
        epochs: passes over the history in `fit`.
        keep: rows of each series kept, with the forecasts made for them, for `predict` inside the history
            and `predict_interval`; learning and forecasting need none of them.
        scale: "series" standardises every series by its mean and deviation in `fit`; None leaves the data
            alone.
        season: time steps in one season, or a list of them, for automatic lags; "auto" or None = from the
            frequency of the index, 1 = none.
        jit_compile: compile by XLA on TensorFlow.
        random_state: seed of the initial weights.

    Attributes:
        theta_: weights (P,); linear_theta_: those that learning started from, the AR/ARX solution.
        moments_, steps_: the two moments (2, P) of Adam, and the steps made.
        state_: hidden state, its derivatives, and the last rows, of a size that does not grow.
        prequential_: errors (rows, O) of the forecasts made before each row kept was learned from, of transformed
            values where there is a `transform`.

    References:
        Williams, R. J. and Zipser, D. (1989). A learning algorithm for continually running fully recurrent
        neural networks. Neural Computation 1(2), 270-280.
        Zucchet, N., Meier, R., Schug, S., Mujika, A. and Sacramento, J. (2023). Online learning of long-range
        dependencies. Advances in Neural Information Processing Systems 36.

    Example:
        >>> import numpy as np
        >>> rng, y = np.random.default_rng(0), [0.0]
        >>> for now in range(1, 400):                                       # after 200 rows the sign changes
        ...     y.append((0.9 if now < 200 else -0.9) * y[-1] + rng.normal())
        >>> first, rest = np.array(y[:200]), np.array(y[200:])
        >>> learns = OnlineRNN(lags=1, units=4, random_state=0).fit(first).partial_fit(rest)
        >>> stays = OnlineRNN(lags=1, units=4, random_state=0).fit(first).update(rest)
        >>> bool(np.mean(learns.prequential_[-50:] ** 2) < 0.7 * np.mean(stays.prequential_[-50:] ** 2))
        True
    """

    cell: str = "diagonal"
    units: int = 16
    lags: int | Sequence[int] | str = "auto"
    exog_lags: int | Sequence[int] | dict[Any, int | Sequence[int]] | str = "auto"
    solver: str = "rtrl"
    learning_rate: float = 0.01
    epochs: int = 1
    keep: int = 1000
    scale: str | None = "series"
    season: int | Sequence[int] | str | None = "auto"
    jit_compile: bool = True
    random_state: int | None = None

    config_: OnlineConfig = field(init=False)
    scaler_: Scaler = field(init=False)
    state_: OnlineState = field(init=False)

    _config: ClassVar[type[OnlineConfig]] = OnlineConfig
    _masks: ClassVar[bool] = True  # the state has moved past the missing rows

    # ---------------------------------------------------------------- hooks of the base

    def _learn(self, panel: Panel, weights: np.ndarray | None) -> None:
        config = self._configure(panel)
        self._check_length(panel, config.window)
        check_varies(panel)
        self.config_ = config
        program = self._program()
        self._check_size(program)
        self.scaler_ = Scaler.fit(panel, self.scale)
        self._set_history(panel, weights)
        inputs = self._scaled(panel)
        scaled = _panel(inputs)
        self.linear_theta_ = self._linear_start(program, scaled)
        start, rows = self._beginning(program, scaled)
        learner, passes = Moments.start(self.linear_theta_), []
        for rate in [self.learning_rate] * self.epochs + [0.0]:  # last, without learning
            learner, memory, ahead = program.learn(learner, start, rows.past, rate=rate)
            passes.append(inputs.rows(rows.rows(ahead, panel)))
        self._set_learner(learner)
        stand = memory.hidden, memory.influence, memory.past
        self.state_ = OnlineState(*stand, passes[-1], panel.y - passes[0], self.scaler_.range)

    def _learn_from(self, panel: Panel, weights: np.ndarray | None) -> None:
        super()._learn_from(panel, weights)
        self._forget_rows()

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Forecast each new row, then learn from it; the first call is `fit`."""
        if not learned(self):
            return self.fit(X, y)
        self._advance(X, y, rate=self.learning_rate)
        self.conformal_ = None
        return self

    def update(self, X: Any, y: Any = None) -> Self:
        """Forecast each new row and move past it: the state moves, what was learned stays."""
        check_is_fitted(self, "panel_")
        self._advance(X, y, rate=0.0)
        return self

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        program, inputs = self._program(), self._scaled(panel)
        scaled, future = _panel(inputs), inputs.future(future_x)
        if panel is self.panel_:
            memory, rows = self.state_.memory, time_major(scaled, panel.lengths, future)
            limits = limits_after(self.scaler_, self.state_.seen)
        else:
            memory, rows = self._beginning(program, scaled, future)
            limits = inputs.limits
        ahead = program.follow(self.theta_, limits, memory, rows.all)  # (T, S, O)
        steps = panel.lengths - rows.starts + np.arange(horizon)[:, None]  # (H, S)
        return inputs.steps(ahead[steps, np.arange(panel.n_series)].transpose(1, 0, 2))

    def _fitted(self, panel: Panel) -> np.ndarray:
        if panel is self.panel_:
            return self.state_.forecasts
        program, inputs = self._program(), self._scaled(panel)
        memory, rows = self._beginning(program, _panel(inputs))
        ahead = program.follow(self.theta_, inputs.limits, memory, rows.all)
        return inputs.rows(rows.rows(ahead, panel))

    def _min_history(self, panel: Panel) -> int:
        """L, the rows that the linear path looks back."""
        return (self.config_ if learned(self) else self._configure(panel)).window

    def _state(self) -> State:
        plain, arrays = saving.split_state(
            self, skip=("panel_", "conformal_", "config_", "scaler_", "state_")
        )
        state = {f"state_{name}": values for name, values in vars(self.state_).items()}
        scaler = {f"{name}_": values for name, values in vars(self.scaler_).items()}
        return {**plain, "config_": asdict(self.config_)}, {**arrays, **state, **scaler}

    def _restore(self, plain: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        self.config_ = OnlineConfig(**plain.pop("config_"))
        self.scaler_ = Scaler(**{item.name: arrays.pop(f"{item.name}_") for item in fields(Scaler)})
        self.state_ = OnlineState(
            **{item.name: arrays.pop(f"state_{item.name}") for item in fields(OnlineState)}
        )
        super()._restore(plain, arrays)

    @property
    def prequential_(self) -> np.ndarray:
        """Errors (rows, O), in the user's order of rows; NaN in the first rows, which were not forecast."""
        errors = np.full(self.panel_.y.shape, np.nan)
        errors[self.panel_.position_of_rows() >= sum(self.differences_)] = self.state_.errors
        return self.panel_.user_rows(errors)

    # ---------------------------------------------------------------- inside

    def _configure(self, panel: Panel) -> OnlineConfig:
        return OnlineConfig(
            targets=panel.n_targets,
            exog=panel.n_exog,
            **resolve_lags(self.lags, self.exog_lags, panel, self.season)._asdict(),
            cell=self.cell,
            units=self.units,
            dtype="float64",
        )

    def _program(self) -> OnlineProgram:
        return compiled(self.config_, self.solver, self.jit_compile)

    def _scaled(self, panel: Panel) -> Scaled:
        """A panel in the units of the network, without gaps."""
        return self.scaler_.scaled(completed_onward(panel), self.panel_.ids.get_indexer(panel.ids))

    def _linear_start(self, program: OnlineProgram, scaled: Panel) -> np.ndarray:
        """Cell at random, output layer silent, linear path and intercept at the least-squares solution."""
        theta = initial_weights(program, np.random.default_rng(self.random_state))
        config = self.config_
        design = lag_table(scaled, scaled.y, config.lags, config.exog_lags)
        if config.exog_kept:
            first = scaled.n_targets * len(config.lags)
            design = design[:, [*range(first), *(first + place for place in config.exog_kept)]]
        keep = np.isfinite(design).all(axis=1)
        design = np.hstack([design[keep], np.ones((int(keep.sum()), 1))])
        solution = np.linalg.lstsq(design, scaled.y[keep], rcond=None)[0]  # (features + 1, O)
        for weight in program.weights:
            if weight.role is Role.LINEAR:
                theta[weight.part] = solution[:-1].ravel()
            elif weight.role is Role.OUTPUT and weight.bias:
                theta[weight.part] = solution[-1]
        return theta

    def _beginning(
        self, program: OnlineProgram, scaled: Panel, future: np.ndarray | None = None
    ) -> tuple[Memory, TimeMajor]:
        """The memory after the first L rows of each series, and the rows that follow them."""
        rows = scaled.offsets[:-1, None] + np.arange(program.window)
        past = np.concatenate([scaled.y[rows], scaled.x[rows]], axis=2)  # (S, L, O+E)
        starts = np.full(scaled.n_series, program.window)
        return program.begin(past), time_major(scaled, starts, future)

    def _advance(self, X: Any, y: Any, *, rate: float) -> None:
        """Append the new rows, run over them, and keep the last rows only."""
        before = self.panel_.lengths - sum(self.differences_)
        super().update(X, y)
        differences.within(self, lambda model: model._follow(before, rate))
        self._forget_rows()

    def _follow(self, before: np.ndarray, rate: float) -> None:
        """Run over the rows of the history after the first `before` (S,) ones."""
        panel, state, program = self.panel_, self.state_, self._program()
        inputs = self._scaled(panel)
        rows = time_major(_panel(inputs), before)
        learner = Moments(self.theta_, self.moments_[0], self.moments_[1], self.steps_)
        learner, memory, ahead = program.learn(learner, state.memory, rows.past, rate=rate)
        state.hidden, state.influence, state.past = memory.hidden, memory.influence, memory.past
        forecasts = inputs.rows(rows.rows(ahead, panel))
        errors, old = panel.y - forecasts, panel.position_of_rows() < np.repeat(before, panel.lengths)
        forecasts[old], errors[old] = state.forecasts, state.errors
        state.forecasts, state.errors = forecasts, errors
        state.seen = _range(np.concatenate([state.seen, inputs.y]))
        if rate:
            self._set_learner(learner)

    def _set_learner(self, learner: Moments) -> None:
        self.theta_, self.steps_ = learner.theta, learner.count
        self.moments_ = np.stack([learner.m, learner.v])

    def _forget_rows(self) -> None:
        """Keep the last `keep` rows of each series, or of its differences, and the forecasts made for them."""
        panel, state, lag = self.panel_, self.state_, sum(self.differences_)
        first = np.maximum(panel.lengths - self.keep - lag, 0)
        if first.any():
            position = panel.position_of_rows()
            kept = (position >= np.repeat(first + lag, panel.lengths))[position >= lag]
            state.forecasts, state.errors = state.forecasts[kept], state.errors[kept]
            self.panel_ = panel.slice(first)

    def _check_options(self) -> None:
        super()._check_options()
        check_choice("solver", self.solver, SOLVERS)
        check_choice("scale", self.scale, ("series", None))
        check_count("epochs", self.epochs)
        check_count("keep", self.keep)
        check_positive("learning_rate", self.learning_rate)
        check_seed(self.random_state)

    def _check_size(self, program: OnlineProgram) -> None:
        """Refuse a dense cell with which each step would take more than about a second."""
        states = program.influence.shape[0]
        if states * states * program.size > DENSE_LIMIT:
            allowed = f"smaller for cell={self.cell!r}, whose exact gradient costs units^2 * weights per step"
            remedy = "Use cell='diagonal', whose gradient costs only its weights, or units=32"
            raise ValueError(explain("units", allowed, self.units, remedy))


def _panel(inputs: Scaled) -> Panel:
    return replace(inputs.panel, y=inputs.y, x=inputs.x)


def _range(values: np.ndarray) -> np.ndarray:
    """Least and greatest of each column, (2, O)."""
    return np.stack([values.min(axis=0), values.max(axis=0)])
