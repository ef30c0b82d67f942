"""The ResidualTDNN estimator: direct forecasts of a horizon, one network for one series or for thousands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from forecast._checks import check_choice, check_count, explain
from forecast.estimators.export_inputs import Known
from forecast.estimators.neural.inputs import View
from forecast.estimators.neural.judged_panel import errors_at_end
from forecast.estimators.neural.options import check_activation, check_units
from forecast.estimators.neural.padded import (
    LEAST_SERIES,
    PaddedForecaster,
    block_size,
    block_steps,
    first_season,
    has_zero,
    member_lengths,
    window_lengths,
)
from forecast.estimators.neural.series_ar import BASELINE, errors_of_baseline
from forecast.estimators.pretrained.estimator import Pretrained, is_large
from forecast.estimators.pretrained.finetuning import AFTER, BEFORE
from forecast.networks import NetworkConfig, ResidualTDNNConfig
from forecast.panel import Panel
from forecast.training.fit import Fitted
from forecast.training.rivals import decide, kept
from forecast.training.selection import show

OF_ANY_START = ("horizon", "season", "selection", "verbose", "jit_compile", "random_state", "start")
EXOG_UNITS, MANY_COVARIATES = 4, 8  # chosen by examples/benchmarks/exog_units_choices.py
PRETRAINED = "Pretrained"  # its name among the parts of a file


@dataclass(kw_only=True, eq=False, repr=False)
class ResidualTDNN(PaddedForecaster):
    """Residual blocks of delays that forecast H steps at once, one network for all series.

        z_j = (y_{t-L+j} - level) / spread,   j = 0, ..., L-1
        x_1 = arcsinh z,   x_{k+1} = x_k - backcast_k(x_k),   k = 1, ..., blocks
        y_{t+h} = level + spread (s_h + sum_k forecast_k(x_k)_h) + noise_{t+h},   h = 0, ..., H-1

    level is the last value of the window and spread its mean absolute seasonal difference (`scale`), so that every
    window of every series has the same units; rows before the start of a short series, and missing values, are
    marked. Each block has the `hidden` layers; s is the last season with `skip`, else 0. Before training the
    forecast is the naive or the seasonal naive one. Longer horizons are made of blocks of H steps, each fed back
    as history.

    Args:
        horizon: H, and the steps that `predict()` returns; 1 = a season or 8, up to a quarter of the longest series.
        window: L, a number of rows, or a sequence from which the members take theirs in turn; "auto" = from H, the
            season and the length of the series.
        blocks: number of residual blocks; "auto" = from the number of windows.
        hidden: units of each hidden layer of a block; "auto" = from the number of windows.
        activation: Keras name of the activation of the hidden layers.
        exog_units: number of learned linear combinations of the covariates by which each row of the window is read;
            None = the covariates themselves; "auto" = 4 where there are more than 8 covariates, else None.
        skip: whether forecasts start from the last season instead of the last value; "auto" = where that is
            better in the last horizons of the series, if there are many of them, else not.

        start: "random" weights, or "pretrained": the network is that of `Pretrained`, whose weights go on from there on
            panels of ten series and 20,000 rows or more, and stay as they are on others. AR, the network before and
            after, and the means of AR and either are judged by the last origins of the series. Then only `horizon`,
            `season`, `selection`, `verbose` and `random_state` can be given, and `network_` is not trained.

    Attributes:
        pretrained_: with start="pretrained" the fitted `Pretrained` in the place of the network; else None.

    References:
        Oreshkin, B. N., Carpov, D., Chapados, N. and Bengio, Y. (2020). N-BEATS: neural basis expansion
        analysis for interpretable time series forecasting. ICLR.

    Example:
        >>> import numpy as np
        >>> y = np.sin(np.arange(80) * 0.7)
        >>> model = ResidualTDNN(horizon=4, window=8, epochs=2, random_state=0).fit(y)
        >>> model.predict(6).shape                                       # a block of four steps and half of one
        (6,)
    """

    window: int | Sequence[int] | str = "auto"
    blocks: int | str = "auto"
    hidden: Sequence[int] | str = "auto"
    activation: str = "relu"
    exog_units: int | str | None = "auto"
    skip: bool | str = "auto"
    start: str = "random"

    pretrained_: Pretrained | None = field(init=False, default=None)

    _config: ClassVar[type[NetworkConfig]] = ResidualTDNNConfig
    _inside: ClassVar[tuple[str, ...]] = ("series_ar_", "pretrained_")

    def _configure(self, panel: Panel) -> ResidualTDNNConfig:
        season = first_season(self.season, panel)
        steps = block_steps(self.horizon, season, panel)
        blocks, hidden = block_size(self.blocks, self.hidden, panel)
        return ResidualTDNNConfig(
            length=max(window_lengths(self.window, steps, season, panel)),
            horizon=steps,
            season=season,
            blocks=blocks,
            hidden=check_units("hidden", hidden, minimum=1),
            activation=check_activation(self.activation) or "linear",
            exog_units=_exog_units(self.exog_units, panel.n_exog),
            skip=self.skip is True,
            proportions=self.scale == "window" and has_zero(panel),
            **self._common(panel),
        )

    def _check_options(self) -> None:
        super()._check_options()
        if not isinstance(self.skip, bool):
            check_choice("skip", self.skip, ("auto", True, False))
        check_choice("start", self.start, ("random", "pretrained"))
        given = [each.name for each in fields(self) if each.init and vars(self)[each.name] != each.default]
        if self.start == "pretrained" and (rest := [name for name in given if name not in OF_ANY_START]):
            allowed = f"'random' with {', '.join(rest)}, which pretrained weights leave no choice of"
            raise ValueError(explain("start", allowed, "'pretrained'", "Leave one of them out"))

    def _variants(self) -> dict[str, dict[str, Any]]:
        if self.skip != "auto" or self.config_.season == 1:
            return {"network": {}}
        return {"network": {"skip": False}, "network, skip": {"skip": True}}

    def _reaches(self, members: int) -> list[int]:
        config = self.config_
        if self._replaced:
            return super()._reaches(members)
        lengths = member_lengths(self.window, config.length, config.horizon, config.season)
        return [lengths[member % len(lengths)] for member in range(members)]

    # ---------------------------------------------------------------- from pretrained weights

    def _train(self, view: View, starts: list[np.ndarray | None]) -> None:
        self.pretrained_ = None
        if self.start == "random":
            super()._train(view, starts)
            return
        if self.sample_weight_ is not None:
            remedy = 'Leave them out, or start="random"'
            raise ValueError(explain("sample_weight", "None with pretrained weights", "weights", remedy))
        table = self._judged_start(view) if self.selection else decide({})
        chosen, untrained = kept(table), self._compiled().template
        show(table, self._options(self._compiled(), len(view.panel.y)))
        self._keep([Fitted(untrained, untrained, "none")] * len(starts))
        self._keep_baseline(view, 1.0 if chosen == BASELINE else 0.5 * chosen.startswith(BASELINE))
        self.pretrained_ = self._pretrained(
            finetune=chosen.endswith(AFTER) or not chosen and is_large(view.panel)
        )
        self.pretrained_._learn(view.panel, None)
        self.pretrained_.n_features_in_ = len(view.panel.layout.covariates)
        self.selection_ = table

    def _pretrained(self, *, finetune: bool, verbose: int | None = None) -> Pretrained:
        return Pretrained(
            season=self.config_.season,
            horizon=self.config_.steps,
            finetune=finetune,
            verbose=self.verbose if verbose is None else verbose,
            random_state=self.random_state,
        )

    def _judged_start(self, view: View) -> pd.DataFrame:
        """AR, and the pretrained network before and after it learned, by the last origins of the series."""
        models: dict[str, Any] = {BASELINE: self._baseline(view), BEFORE: self._pretrained(finetune=False)}
        if is_large(view.panel):
            models[AFTER] = self._pretrained(finetune=True, verbose=0)
        if view.panel.n_series >= LEAST_SERIES:
            steps = {"horizon": self.config_.steps, "season": self.config_.season}
            errors = errors_at_end(models, view.panel, None, **steps, beside=BASELINE)
            return decide(errors, in_turn=False)
        inputs = self._scaled(view.panel)
        held = self._held_out(view, self.config_, inputs)
        if held is None:
            return decide({})
        return decide(
            {name: errors_of_baseline(model, held, inputs) for name, model in models.items()}, held.overlap
        )

    def _steps(self, panel: Panel, future_x: np.ndarray) -> np.ndarray:
        if self.pretrained_ is None:
            return super()._steps(panel, future_x)
        return self.pretrained_._forecast(panel, future_x.shape[1], future_x)

    def _step_nodes(self, known: Known) -> tuple[str, int]:
        return super()._step_nodes(known) if self.pretrained_ is None else self.pretrained_._nodes(known)

    def _fitted(self, panel: Panel) -> np.ndarray:
        if self.pretrained_ is None:
            return super()._fitted(panel)
        return self._rows_of_all(panel, self.pretrained_._fitted(panel))

    def _parts(self) -> dict[str, Any]:
        own = {} if self.pretrained_ is None else {PRETRAINED: self.pretrained_}
        return super()._parts() | own

    def _take_parts(self, parts: dict[str, Any]) -> None:
        self.pretrained_ = parts.get(PRETRAINED)
        if not isinstance(self.pretrained_, Pretrained | None):
            raise ValueError("a model other than Pretrained stands in the place of the network")
        if rest := {name: part for name, part in parts.items() if name != PRETRAINED}:
            super()._take_parts(rest)


def _exog_units(units: int | str | None, covariates: int) -> int | None:
    """Sums by which a row of so many covariates is read; None = the covariates themselves."""
    if isinstance(units, str):
        if units != "auto":
            allowed, remedy = "'auto', None or a whole number", "Pass exog_units='auto' or exog_units=4"
            raise ValueError(explain("exog_units", allowed, repr(units), remedy))
        units = EXOG_UNITS if covariates > MANY_COVARIATES else None
    return None if units is None or not covariates else check_count("exog_units", units)
