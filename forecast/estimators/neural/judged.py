"""A configured network, and what it is judged against by forecasts from the last origins of the history."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from forecast.estimators.baselines.ar import AR
from forecast.estimators.baselines.order_selection import seasons_of
from forecast.estimators.neural.inputs import NO_CODES, Coder, Scaled, Scaler, View
from forecast.estimators.neural.options import Delays
from forecast.estimators.neural.series_ar import BASELINE, baseline, errors_of_baseline
from forecast.estimators.neural.training_options import TrainingOptions
from forecast.networks import NARXConfig, NetworkConfig
from forecast.panel import Panel
from forecast.training.flat_network import made_once
from forecast.training.objective import Objective
from forecast.training.rivals import Linear, decide
from forecast.training.selection import LINEAR, HeldOut, choose_scale
from forecast.training.window_program import WindowProgram
from forecast.windows import Windows

JUDGED = 10  # steps of the forecasts by which candidates are judged, without a horizon and a season
OWN_UNITS = 0.2  # gain that shows that records have units of their own; one system reached 0.15, by chance


@made_once(32)
def compiled(config: NetworkConfig, jit: bool, objective: Objective) -> WindowProgram:
    """The compiled network of a config; fits of one shape share it, and only the first one compiles."""
    return WindowProgram.of(config, jit=jit, objective=objective)


@dataclass(kw_only=True, eq=False, repr=False)
class JudgedForecaster(TrainingOptions):
    """From options and a panel to a network, and to the candidates beside it: AR, and linear models of a window."""

    config_: Any = field(init=False)  # of the type `_config`
    scaler_: Scaler = field(init=False)
    selection_: pd.DataFrame = field(init=False)
    fallback_: dict[Any, str] = field(init=False)
    series_ar_: AR | None = field(init=False, default=None)
    ar_share_: float = field(init=False, default=0.0)

    _config: ClassVar[type[NetworkConfig]]

    # ---------------------------------------------------------------- what a family adds

    def _configure(self, panel: Panel) -> NetworkConfig:
        """The frozen config of the network for the data; sets nothing."""
        raise NotImplementedError

    def _coder(self, panel: Panel) -> Coder:
        """Which covariates are codes of categories: none."""
        return NO_CODES

    def _reaches(self, members: int) -> list[int]:
        """Rows of the window whose targets each member reads: all of them."""
        return [self.config_.window] * members

    def _view(self, panel: Panel, *, whole: bool = False) -> View:
        """The panel as the network sees it, for the open loop as a `whole`."""
        return View(panel)

    def _configured(self, panel: Panel) -> NetworkConfig:
        coder = self._coder(panel)
        return replace(self._configure(coder.measured(panel)), embedded=coder.embedded(panel))

    def _compiled(self) -> WindowProgram:
        return compiled(self.config_, self.jit_compile, self._objective())

    def _scaled(self, panel: Panel) -> Scaled:
        """A panel in the units of the network."""
        known = self.panel_.layout.keyed == panel.layout.keyed
        series = self.panel_.ids.get_indexer(panel.ids) if known else np.full(panel.n_series, -1)
        return self.scaler_.scaled(panel, series, self._coder(panel))

    def _windows(self, panel: Panel, inputs: Scaled, length: int, horizon: int) -> Windows:
        values = inputs.seen(length + horizon - 1), inputs.x
        return Windows(panel, length=length, horizon=horizon, values=values)

    # ---------------------------------------------------------------- what it is judged against

    def _choose_scale(self, view: View) -> pd.DataFrame:
        """Scale the windows of the network as the held-out origins ask for, and say why.

        A system keeps its gain wherever it is driven, so the windows of a record have the units of the record.
        """
        if self._steps_judged(view.panel) is None:
            return self._choose_unit(view)
        config = self._rival(view.panel) or self.config_
        held_out = None if config.only_linear and config is self.config_ else self._held_out(view, config)
        if held_out is None:
            return decide({})
        scale, table = choose_scale(held_out, config)
        self.config_ = self._rescaled(self.config_, scale)
        return table

    def _choose_unit(self, view: View) -> pd.DataFrame:
        """Give all records of a system one mean and deviation, unless those of each forecast better, and say why."""
        if view.panel.n_series == 1:
            return decide({})
        own, config = self.scaler_, self._rival(view.panel) or self.config_
        together = Scaler.fit(self._view(self.panel_).panel, "panel", self._coder(view.panel))
        errors: dict[str, np.ndarray] = {}
        for name, scaler in ((LINEAR, together), (f"{LINEAR}, scale of each series", own)):
            self.scaler_ = scaler
            held_out = self._held_out(view, config)
            if held_out is not None:
                errors[name] = held_out.errors_of_linear(Linear.of(config))
        table = decide(errors, least=OWN_UNITS)
        self.scaler_ = own if len(table) and table["kept"].iloc[-1] else together
        return table

    def _rescaled(self, config: Any, scale: str | None) -> Any:
        """The config of a network that scales its windows as `scale` says."""
        return replace(config, window_norm=scale == "window", window_level=scale == "level")

    def _held_out(self, view: View, config: NetworkConfig, inputs: Scaled | None = None) -> HeldOut | None:
        """The origins at the end of the history by which candidates are judged; `inputs`: the panel, scaled."""
        inputs = self._scaled(view.panel) if inputs is None else inputs
        season = self._first_season(view.panel)
        horizon = self._steps_judged(view.panel)
        windows = self._windows(view.panel, inputs, config.window, config.steps)
        weights = view.weights(self.sample_weight_)
        found = HeldOut.of(windows, weights, horizon=horizon, season=season, limits=inputs.limits)
        return found if found is None or not self.past or not view.apart else self._foresighted(found)

    def _foresighted(self, held_out: HeldOut) -> HeldOut:
        """The same origins, each of which knows the covariates of the past up to itself alone."""
        runs, panel, scaler = held_out.runs, held_out.runs.panel, self.scaler_
        series, rows = runs.series_of(), runs.target_rows()
        ahead = panel.x[rows[:, None] + np.arange(runs.horizon)].astype(float)
        for number, (one, row) in enumerate(zip(series, rows, strict=True)):
            before = panel.of(np.array([one])).head(row - panel.offsets[one])
            ahead[number] = self._without_hindsight(before, ahead[number][None])[0]
        return replace(held_out, foreseen=(ahead, (ahead - scaler.x_center) / scaler.x_spread))

    def _steps_judged(self, panel: Panel) -> int | None:
        """Steps of the forecasts by which candidates are judged; None for free runs over a record."""
        season = self._first_season(panel)
        if self.horizon > 1 or season > 1:
            return self.horizon if self.horizon > 1 else season
        return None if panel.n_exog else JUDGED

    def _first_season(self, panel: Panel) -> int:
        """Rows of the shortest season, 1 where there is none."""
        return max((1, *seasons_of(self.season, panel)[:1]))

    def _rival(self, panel: Panel) -> NARXConfig | None:
        """The autoregression that forecasts in place of a network which has none as its linear path."""
        config = self.config_
        if config.autoregressive or config.embedded or not self.selection:
            return None
        lags, exog_lags, kept = self._rival_lags(panel, config)
        return NARXConfig(
            targets=config.targets,
            exog=config.exog,
            lags=lags,
            exog_lags=exog_lags,
            exog_kept=kept,
            hidden=(),
            window_norm=config.window_norm,
            window_level=config.window_level,
            dtype=config.dtype,
        )

    def _rival_lags(self, panel: Panel, config: Any) -> Delays:
        """Lags of the targets and of the covariates of this autoregression: those of the network."""
        return Delays._make(config.delays)

    def _others(
        self, view: View, inputs: Scaled, held: HeldOut | None, rival: NARXConfig | None
    ) -> dict[str, np.ndarray]:
        """Errors of the candidates beside a network: the AR baseline, and the autoregression in its place."""
        if held is None:
            return {} if rival is None else {LINEAR: np.full(1, np.nan)}
        errors: dict[str, np.ndarray] = {}
        if self._has_baseline(view):
            errors[BASELINE] = errors_of_baseline(self._baseline(view), held, inputs)
        if rival is not None:
            errors[LINEAR] = held.errors_of_linear(Linear.of(rival))
        return errors

    def _has_baseline(self, view: View) -> bool:
        """Whether AR is another model than the linear path: lags of its own, or an equation for each series."""
        if self.config_.only_linear or not view.apart or self._coder(view.panel).columns:
            return False
        return view.panel.n_series > 1 or isinstance(self.get_params(deep=False).get("lags", "auto"), str)

    def _baseline(self, view: View) -> AR:
        return baseline(self, pooled=view.panel.n_series > 1 and self._steps_judged(view.panel) is None)

    def _own_weights(self, view: View) -> np.ndarray | None:
        """Weights of the rows of a view for a model that learns beside the network; None where none were given."""
        return None if self.sample_weight_ is None else view.weights(self.sample_weight_)

    def _keep_baseline(self, view: View, share: float) -> None:
        """Fit AR to the whole history where it has a share in the forecasts."""
        if share:
            self.ar_share_ = share
            self.series_ar_ = self._baseline(view)
            self.series_ar_._learn(view.panel, self._own_weights(view))
            self.series_ar_.n_features_in_ = len(view.panel.layout.covariates)
