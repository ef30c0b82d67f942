"""What the neural forecasters share: from options and a panel to a trained network, and its forecasts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, ClassVar, Self

import keras
import numpy as np
from sklearn.utils.validation import check_is_fitted

from forecast.estimators import saving, validation
from forecast.estimators.base import State
from forecast.estimators.baselines.ar import AR
from forecast.estimators.differences import differenced, inside
from forecast.estimators.export_inputs import Known
from forecast.estimators.neural.exported import Loop, nodes_with_baseline
from forecast.estimators.neural.fallback import naive_rows, naive_steps, unlearnable, warn_of
from forecast.estimators.neural.inputs import (
    Part,
    Scaled,
    Scaler,
    View,
    check_varies,
    gaps,
)
from forecast.estimators.neural.judged import JudgedForecaster
from forecast.estimators.neural.series_ar import (
    BASELINE,
    rows_before_baseline,
    rows_with_baseline,
    with_baseline,
)
from forecast.networks import NARXConfig, NetworkConfig
from forecast.panel import Panel
from forecast.panel.gaps import continued, filled
from forecast.training.fit import Fitted
from forecast.training.flat_network import CHUNK
from forecast.training.rivals import decide, kept
from forecast.training.selection import LINEAR, fit_members, joined
from forecast.training.window_program import WindowProgram
from forecast.windows import Windows, history_end, naive_error


@dataclass(kw_only=True, eq=False, repr=False)
class NeuralForecaster(JudgedForecaster):
    """A window network y_t = f(y_{t-1}, ..., x_t, ...) behind the scikit-learn interface.

    A missing target has weight 0. Windows without a missing value are trained on where they are at least half of all;
    otherwise gaps of up to a season are filled (`forecast.panel.gaps.filled`), and a window counts whose last row is
    known, since what stands in a gap knows the value after it. Held-out forecasts that judge the network do the same.
    In the window of a forecast gaps are filled, in the open loop by the model's own forecasts one step ahead.

    A family adds its fields, the type of its `_config` and `_configure`, from data to config. `fit` checks the
    options, configures the network, scales the data, compiles and trains.

    Attributes:
        config_: the frozen description of the network; scaler_: the units of the data.
        lags_, exog_lags_: the lags used, of families that have `lags`.
        window_: L, rows of the history that a forecast reads.
        theta_: weights of every member, shape (members, P); `network_` is a keras.Model that carries them.
        linear_theta_: the weights training started from, the linear AR/ARX solution where there is one.
        kept_linear_: for each member, whether the linear model was kept; also under its old name `linear_`.
        fallback_: why a series of a panel could not be learned, by its name; it is forecast by its last season, or
            its last value (`SeasonalNaive`).
        selection_: the candidates, their mean absolute error in units of the naive forecast (NaN where the history
            is too short), the standard error of its difference from the first, and which one is kept; no rows where
            there was nothing to choose.
        series_ar_: the AR baseline, an equation for each series, where it is kept; else None. It forecasts the series
            it knows, and the linear path of `network_` any other; ar_share_: its share in these forecasts, 0.5
            where the mean of AR and a network is kept.
        history_: training and validation loss of every epoch of every member.
        solver_: the solver used.
    """

    _inside: ClassVar[tuple[str, ...]] = ("series_ar_",)  # attributes that hold fitted models
    _before: ClassVar[float] = 0.0  # stands for the rows before the start of a series

    # ---------------------------------------------------------------- learning

    def _learn(self, panel: Panel, weights: np.ndarray | None) -> None:
        self.fallback_ = self._unlearnable(panel, 1)
        config = self._configured(self._learnable(panel).panel)
        self.fallback_ = self._unlearnable(panel, self._rows_before(config))
        view = self._learnable(panel)
        self._check_length(view.panel, self._rows_before(config))
        validation.check_observed(view.panel)
        if panel.n_series == 1 and not self.fallback_:
            check_varies(view.panel)
        self.config_ = replace(config, embedded=self._coder(panel).embedded(panel))
        self.scaler_ = Scaler.fit(self._view(panel).panel, self.scale, self._coder(panel))
        self._set_history(panel, weights)
        if self.fallback_:
            warn_of(type(self).__name__, self.fallback_, panel.n_series)
        self.selection_, self.series_ar_, self.ar_share_ = decide({}), None, 0.0
        scales = self._choose_scale(view) if self.scale == "auto" else decide({})
        self._train(view, starts=[None] * self.members)
        self.selection_ = joined(scales, self.selection_)

    def _unlearnable(self, panel: Panel, rows: int) -> dict[Any, str]:
        """Series that a network which looks back `rows` rows cannot learn, and why."""
        return unlearnable(panel, rows)

    def _learnable(self, panel: Panel) -> View:
        """The panel as the network sees it, without the series that have a fallback unless all have one."""
        good = ~panel.ids.isin(list(self.fallback_))
        return self._view(panel) if good.all() or not good.any() else Part(panel, np.flatnonzero(good))

    def _update(self, panel: Panel) -> None:
        self.fallback_ = self._unlearnable(panel, self._rows_before(self.config_))
        self.scaler_ = self.scaler_.bounded(self._view(panel).panel)
        self.series_ar_, self.ar_share_ = None, 0.0
        self._train(self._learnable(panel), starts=list(self.theta_))

    def _train(self, view: View, starts: list[np.ndarray | None]) -> None:
        program, inputs = self._compiled(), self._scaled(view.panel)
        if len(self.fallback_) == self.panel_.n_series:
            return self._keep([Fitted(program.template, program.template, "none", linear=True)] * len(starts))
        windows = self._windows(view.panel, inputs, program.window, program.steps)
        weights, options = view.weights(self.sample_weight_), self._options(program, len(windows))
        if self._objective().unit == "series":
            errors = naive_error(inputs.y, view.panel.offsets, self._first_season(view.panel)).mean(axis=1)
            weights = weights / np.repeat(errors, view.panel.lengths)
        held = self._held_out(view, self.config_, inputs) if self.selection else None
        rival = self._rival(view.panel)
        fits, table = fit_members(
            program,
            windows,
            weights,
            held,
            starts,
            options=options,
            seed=self.random_state,
            others=self._others(view, inputs, held, rival),
        )
        chosen = kept(table)
        if rival is not None and chosen in (LINEAR, BASELINE):
            self.config_ = rival
            self._train(view, [None] * len(starts))
        else:
            self._keep(fits)
        self._keep_baseline(view, float(chosen == BASELINE))
        self.selection_ = table

    def _keep(self, fits: list[Fitted]) -> None:
        """Set the learned attributes from the fit of each member."""
        self.theta_ = np.stack([fit.theta for fit in fits])  # (members, P)
        self.linear_theta_ = np.stack([fit.start for fit in fits])
        self.solver_ = fits[0].solver
        self.kept_linear_ = [fit.linear for fit in fits]
        self.history_ = [fit.history for fit in fits]

    # ---------------------------------------------------------------- forecasting

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        if self.series_ar_ is None:
            values = self._steps(panel, future_x)
        else:
            others = partial(self._steps, panel, future_x)
            values = with_baseline(self.series_ar_, panel, future_x, self.ar_share_, others)
        return self._with_fallback(panel, values, naive_steps(panel, horizon)) if self.fallback_ else values

    def _nodes(self, known: Known) -> tuple[str, int]:
        return nodes_with_baseline(self, known)

    def _step_nodes(self, known: Known) -> tuple[str, int]:
        """`_steps` for `export`."""
        return Loop(self, known).forecast()

    def _steps(self, panel: Panel, future_x: np.ndarray) -> np.ndarray:
        """Forecasts (S, H, O) of the network, the median of its members."""
        outputs, inputs, view = self._outputs(panel, future_x)
        runs = [self._objective().point(output) for output in outputs]
        return view.steps(inputs.steps(np.median(runs, axis=0)))

    def _with_fallback(self, panel: Panel, values: np.ndarray, naive: np.ndarray) -> np.ndarray:
        """Values (S, ...) of all series, the naive ones for series that were not learned."""
        bad = panel.ids.isin(list(self.fallback_))
        return np.where(bad.reshape(-1, *[1] * (values.ndim - 1)), naive, values)

    def _outputs(self, panel: Panel, future_x: np.ndarray) -> tuple[list[np.ndarray], Scaled, View]:
        """The outputs (S, H, O*K) of each member for the steps ahead, the units and the view of the panel."""
        view, program = self._view(panel), self._compiled()
        inputs = self._scaled(view.panel)
        known, limits = inputs.future(view.future(future_x)), self._limits(inputs)
        past_y = history_end(self._past(view.panel, inputs), view.panel, program.window, self._before)
        past_x = history_end(inputs.x, view.panel, program.window)  # (S, L, E)
        outputs = [
            program.ahead(theta, past_y, past_x, known, limits, reach)
            for theta, reach in zip(self.theta_, self._reaches(len(self.theta_)), strict=True)
        ]
        return outputs, inputs, view

    def _limits(self, inputs: Scaled) -> np.ndarray:
        """Bounds (2, O) of a forecast, which may be fed back."""
        return inputs.limits

    def _fitted(self, panel: Panel) -> np.ndarray:
        view, program = self._view(panel, whole=True), self._compiled()
        inputs = self._scaled(view.panel)
        completed = self._completed(view.panel, inputs)
        windows = Windows(view.panel, length=program.window, horizon=1, values=(completed, inputs.x))
        fitted = np.full(inputs.y.shape, np.nan)
        for start in range(0, len(windows), CHUNK):
            block = slice(start, start + CHUNK)
            fitted[windows.target_rows(block)] = self._next(program, windows, block)
        early = panel.position_of_rows() < program.window
        return self._rows_of_all(panel, np.where(early[:, None], np.nan, view.rows(inputs.rows(fitted))))

    def _rows_of_all(self, panel: Panel, values: np.ndarray) -> np.ndarray:
        """Values (N, O) of all rows, those of AR where it is kept, the naive ones for series that were not learned."""
        if self.series_ar_ is not None:
            values = rows_with_baseline(self.series_ar_, panel, values, self.ar_share_)
        if not self.fallback_:
            return values
        bad = panel.ids.isin(list(self.fallback_))[panel.series_of_rows()]
        return np.where(bad[:, None], naive_rows(panel), values)

    def _next(self, program: WindowProgram, windows: Windows, which: Any) -> np.ndarray:
        """The step after some windows, (B, O)."""
        paired = program.with_lead(windows.paired(windows.gather(which))[0])
        return np.median([program.apply(theta, paired)[:, 0] for theta in self.theta_], axis=0)

    def _past(self, panel: Panel, inputs: Scaled) -> np.ndarray:
        """Scaled targets (N, O) of the history that a forecast reads, with the missing ones filled."""
        return inputs.y if np.isfinite(inputs.y).all() else filled(inputs.y, panel.offsets, panel.seasons)

    def _completed(self, panel: Panel, inputs: Scaled) -> np.ndarray:
        """Scaled targets (N, O), each missing one replaced by its forecast one step ahead, in order of time.

        Among the first L rows of a series those of `continued` stay.
        """
        y, program = inputs.y, self._compiled()
        if np.isfinite(y).all():
            return y
        place, early = gaps(y, panel.offsets), panel.position_of_rows() < program.window
        done = continued(y, panel.offsets, panel.season_length)
        windows = Windows(panel, length=program.window, horizon=1, values=(done, inputs.x))
        number = np.zeros(len(done), int)
        number[windows.target_rows()] = np.arange(len(windows))
        for step in range(1, int(place[~early].max(initial=0)) + 1):
            rows = np.flatnonzero((place == step) & ~early)
            values = self._next(program, windows, number[rows])
            windows.y[rows] = np.where(np.isfinite(y[rows]), y[rows], values)
        return windows.y

    def _first_lags(self) -> np.ndarray:
        config = self.config_
        if not isinstance(config, NARXConfig) or config.embedded or config.exog != self.panel_.n_exog:
            return super()._first_lags()
        _, lags, kept = config.delays
        used = [(lag, column) for lag in lags for column in range(config.exog)]
        first = np.full(config.exog, np.inf)
        for lag, column in [used[place] for place in kept] if kept else used:
            first[column] = min(first[column], lag)
        return first if self.series_ar_ is None else np.minimum(first, self.series_ar_._first_lags())

    def _min_history(self, panel: Panel) -> int:
        """Rows of a series before the first one that can be forecast: L, those of a window."""
        if not validation.learned(self):
            return self._rows_before(self._configured(self._view(panel).panel))
        own = self._rows_before(self.config_)
        return own if self.series_ar_ is None else max(own, rows_before_baseline(self.series_ar_, panel))

    def _rows_before(self, config: NetworkConfig) -> int:
        return config.window

    def windows(self, X: Any, y: Any = None) -> tuple[np.ndarray, np.ndarray]:
        """Inputs (B, L + lead, O+E) and targets (B, H, O) of `network_` from a history, scaled."""
        check_is_fitted(self, "panel_")
        panel, program = self._checked(self._coded(X), y, like=self.panel_), self._compiled()
        panel = differenced(panel, self.differences_)[-1]
        inputs = self._scaled(panel)
        windows = Windows(panel, length=program.window, horizon=program.steps, values=(inputs.y, inputs.x))
        window, targets, known = windows.paired(windows.gather(np.flatnonzero(windows.finite())))
        return program.with_lead(window, known[:, 1:]), targets

    def _inner(self) -> Self:
        """The model of what the network sees: of differences, where it learned these."""
        return inside(self, self.panel_, self.differences_) if self.differences_ else self

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
        skip = ("panel_", "conformal_", "config_", "scaler_", *self._inside)
        plain, arrays = saving.split_state(self, skip=skip)
        scaler = {f"{name}_": values for name, values in vars(self.scaler_).items()}
        return {**plain, "config_": self.config_.to_dict()}, {**arrays, **scaler}

    def _restore(self, plain: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        values = plain.pop("config_")
        self.config_ = self._config_type(values).from_dict(values)
        self.scaler_ = Scaler(**{name: arrays.pop(f"{name}_") for name in Scaler.__dataclass_fields__})
        super()._restore(plain, arrays)

    def _parts(self) -> dict[str, Any]:
        return {} if self.series_ar_ is None else {BASELINE: self.series_ar_}

    def _take_parts(self, parts: dict[str, Any]) -> None:
        if list(parts) != [BASELINE] or not isinstance(parts[BASELINE], AR):
            raise ValueError("a model other than AR stands beside the network")
        self.series_ar_ = parts[BASELINE]

    @classmethod
    def _config_type(cls, values: Mapping[str, Any]) -> type[NetworkConfig]:
        """What a file of these fields describes: the network, or the autoregression kept in its place."""
        linear = values.keys() == {item.name for item in fields(NARXConfig)}
        return NARXConfig if linear else cls._config

    def _common(self, panel: Panel) -> dict[str, Any]:
        """What the configs of all families share."""
        return {
            "targets": panel.n_targets,
            "exog": panel.n_exog,
            "window_norm": self.scale == "window",
            "window_level": self.scale == "level",
            "head": self._objective().head,
            "numbers": self._objective().outputs,
            "dtype": self._precision(panel),
        }
