"""The Pretrained estimator: networks that were trained once, on many other series, and come with the package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy.special import ndtri
from sklearn.base import clone

from forecast._checks import check_choice, check_count, check_seed, check_verbose
from forecast.estimators.baselines.naive import last_seen
from forecast.estimators.export_inputs import Known
from forecast.estimators.held_out import mean_step
from forecast.estimators.pretrained import covariates
from forecast.estimators.pretrained.block_forecast import BlockForecast, forecast_blocks
from forecast.estimators.pretrained.exported import pretrained_nodes
from forecast.estimators.pretrained.families import family_of
from forecast.estimators.pretrained.judged_tail import judged
from forecast.estimators.pretrained.network import Network, shipped
from forecast.estimators.pretrained.profile import reach
from forecast.estimators.unweighted import Unweighted
from forecast.panel import Panel, Request
from forecast.training.progress import progress
from forecast.training.rivals import decide, kept

MANY, ROWS = 10, 20_000  # series and rows of a large panel
CELLS = 1 << 19  # values of the windows that are forecast at once: memory stays small
WITHOUT, WITH = "without covariates", "with covariates"  # candidates
Value = Callable[[BlockForecast, np.ndarray], np.ndarray]
"""K values of each step ahead (B, H, K), given the number of the series and target of each window (B,)."""


@dataclass(kw_only=True, eq=False, repr=False)
class Pretrained(Unweighted):
    """A network trained once, on other series, which learns nothing here unless asked to: a forecast in milliseconds.

        z_j = arcsinh((y_{T-j} - y_T) / d),   d = mean |y_t - y_{t-m}| over the rows that are read
        y_{T+h|T} = y_T + d sinh(v_h),   v, a, b = network(z; known)
        quantile of share p = y_T + d sinh(v_h + softplus(a_h) s),   s = Phi^-1(p) < 0; b in the place of a above

    The network consists of doubly residual blocks (Oreshkin et al. 2021), one for series without a season and one each
    for the seasons 4 and 12 and for all others up to 24, trained on the training parts of the M4 competition and on
    random series (`forecast.datasets.random_series`); the card beside the weights says on which and how well. `fit`
    stores the history. Forecasts follow the level and the unit of the data. Missing values and rows before the start
    of a short series are marked. Horizons beyond those of the network (8 steps, of monthly data 24, else two seasons)
    are made of blocks, each fed with the medians before it. Intervals are those of the network, scaled on series that
    it has not seen, and `sample` draws paths whose errors are correlated as those of a random walk. Of a season above
    24 the mean profile of the last ones is taken off first, as far as it is no chance. Known covariates add b x:
    the network sees y - b x, and b is a ridge regression of its out-of-sample errors on the part of x that it does not
    foresee (`forecast.estimators.pretrained.covariates`).

    Args:
        season: m, time steps in one season; None = from the frequency of the index: of a day and a week, where both are
            seasons of it, the day unless forecasts over the last part of the history are better with the week.
        horizon: steps that `predict()` returns, and by which fine-tuning is judged.
        covariates: whether known covariates are used: "auto" = where forecasts over the last part of the history are
            better with them, True = in any case, False = never.
        finetune: whether the weights are trained on the data, from where they are: "auto" = on panels of ten series and
            20,000 rows or more, and kept only where the last two horizons of the series are forecast better, alone or
            in the mean with the weights as they came; True = in any case. It takes a minute or two and loads Keras, so
            it is left to the user: by default a forecast comes at once, from a network that has not seen the data.
        verbose: 0 silent, 1 or "auto" a progress bar with the time left, for what takes more than a second; 2 a line
            for each network that is trained.
        random_state: seed of the windows that fine-tuning draws.

    Attributes:
        season_: the season used.
        theta_: the weights (members, P) after fine-tuning, None where those of the package are used.
        exog_coef_: b (O, E), in mean absolute steps of each series, which are `exog_unit_` (S, O); None where no
            covariates are used.
        selection_: the candidates of "auto" and their errors, as those of the networks; no rows where it did not train.

    References:
        Oreshkin, B. N., Carpov, D., Chapados, N. and Bengio, Y. (2021). Meta-learning framework with
        applications to zero-shot time-series forecasting. AAAI.

    Example:
        >>> from forecast.datasets import load_air_passengers
        >>> Pretrained().fit(load_air_passengers()).predict(12).shape
        (12,)
    """

    _masks: ClassVar[bool] = True
    _transforms_tried: ClassVar[tuple[str, ...]] = ("none",)  # its units follow the level of a window

    season: int | None = None
    covariates: bool | str = "auto"
    finetune: bool | str = False
    verbose: bool | int | str = 0
    random_state: int | None = None

    season_: int = field(init=False)
    theta_: np.ndarray | None = field(init=False)
    exog_coef_: np.ndarray | None = field(init=False)
    exog_unit_: np.ndarray | None = field(init=False)
    selection_: pd.DataFrame = field(init=False)

    def _check_options(self) -> None:
        super()._check_options()
        check_choice("covariates", self.covariates, ("auto", True, False))
        check_choice("finetune", self.finetune, ("auto", True, False))
        check_verbose(self.verbose)
        check_seed(self.random_state)

    def _min_history(self, panel: Panel) -> int:
        """Two rows, for a change."""
        return 2

    def _fit(self, panel: Panel, sample_weight: np.ndarray | None) -> None:
        self.theta_, self.exog_coef_, self.exog_unit_, self.selection_ = None, None, None, decide({})
        self.season_ = self._chosen_season(panel)
        if panel.n_exog and self.covariates:
            self._use_covariates(panel)
        if self.finetune is True or self.finetune == "auto" and is_large(panel):
            self._finetune(self._plain(panel))

    def _first_lags(self) -> np.ndarray:
        return np.full(self.panel_.n_exog, np.inf if self.exog_coef_ is None else 0.0)

    def _chosen_season(self, panel: Panel) -> int:
        """The season that is given, or the one of the frequency with the least error of held-out forecasts."""
        if self.season is not None:
            return check_count("season", self.season)
        self.season_, names = panel.season_length, {f"season {m}": m for m in panel.seasons}
        if len(names) < 2:
            return self.season_
        candidates = {name: self._plainer(season=m) for name, m in names.items()}
        return names.get(self._decided(judged(candidates, panel, self._steps_judged())), self.season_)

    def _plainer(self, **options: Any) -> Pretrained:
        """A copy that decides and shows nothing, with some options."""
        plain = {
            "season": None,
            "covariates": False,
            "finetune": False,
            "verbose": 0,
            "horizon": self._steps_judged(),
        }
        copy: Pretrained = clone(self).set_params(**(plain | options))
        return copy

    def _decided(self, table: pd.DataFrame) -> str:
        """The candidate that a table keeps, whose rows join those of `selection_`."""
        parts = [part for part in (self.selection_, table) if len(part)]
        self.selection_ = pd.concat(parts, ignore_index=True) if parts else table
        return kept(table)

    def _steps_judged(self) -> int:
        """Steps of the forecasts by which candidates are judged."""
        family = family_of(self.season_)
        return self.horizon if self.horizon > 1 else len(shipped(family.name).layout.outputs(family.season))

    def _use_covariates(self, panel: Panel) -> None:
        """Learn what they add, with "auto" only where held-out forecasts become better."""
        steps, used = self._steps_judged(), self.covariates is True
        if not used:
            candidates = {
                name: self._plainer(season=self.season_, covariates=name == WITH) for name in (WITHOUT, WITH)
            }
            used = self._decided(judged(candidates, panel, steps)) == WITH
        if used:
            least = max(self.min_history(panel), self.season_)
            self.exog_coef_ = covariates.coefficients(self._medians, panel, steps, least)
            self.panel_, self.exog_unit_ = panel, mean_step(panel)  # of these series

    def _finetune(self, panel: Panel) -> None:
        """Train the network on the panel, with "auto" only where that is better in the last horizons of its series."""
        from forecast.estimators.pretrained import finetuning  # Keras is loaded here alone

        network, family, table = self._network(), family_of(self.season_), decide({})
        if self.finetune == "auto":
            table = finetuning.judged(self, panel, self._steps_judged())
            self._decided(table)
        how = {"seed": self.random_state, "verbose": check_verbose(self.verbose)}
        self.theta_ = finetuning.learned_theta(network, family, panel, table, **how)

    def _network(self) -> Network:
        """That of the season, with the weights that were learned."""
        network = shipped(family_of(self.season_).name)
        return network if self.theta_ is None else network.with_theta(self.theta_)

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        values = self._medians(self._plain(panel), panel.offsets[1:], horizon)
        return values + self._effect(panel, np.arange(panel.n_series)[:, None], future_x)

    def _nodes(self, known: Known) -> tuple[str, int]:
        return pretrained_nodes(self, known)

    def _fitted(self, panel: Panel) -> np.ndarray:
        rows = np.flatnonzero(panel.position_of_rows() >= self.min_history(panel))
        values = np.full(panel.y.shape, np.nan)
        values[rows] = self._medians(self._plain(panel), rows, 1)[:, 0]
        values[rows] += self._effect(panel, panel.series_of_rows()[rows], panel.x[rows])
        return values

    def _quantiles(self, request: Request, shares: Sequence[float], center: np.ndarray) -> np.ndarray:
        scores = ndtri(np.asarray(shares, float))
        return self._requested(request, lambda told, place: told.quantiles(scores), center, len(scores))

    def _paths(
        self, request: Request, count: int, rng: np.random.Generator, center: np.ndarray
    ) -> np.ndarray:
        """Paths whose normal scores are correlated as a random walk: by sqrt(g / h) at the steps g < h."""
        shape = (self.panel_.n_series * self.panel_.n_targets, max(request.horizon, 1), count)
        walks = np.cumsum(rng.standard_normal(shape), axis=1) / np.sqrt(np.arange(1, shape[1] + 1))[:, None]

        def path(told: BlockForecast, place: np.ndarray) -> np.ndarray:
            return told.quantiles(walks[place, : told.median.shape[1]])

        return self._requested(request, path, center, count)

    def _requested(self, request: Request, value: Value, center: np.ndarray, count: int) -> np.ndarray:
        """`value` (R, O, K) of each requested row; `center` on rows too early to be forecast."""
        panel, plain = self.panel_, self._plain(self.panel_)
        found = np.repeat(center[..., None], count, axis=-1)
        step = request.position - panel.lengths[request.series]
        inside, ahead = (step < 0) & (request.position >= self.min_history(panel)), step >= 0
        if inside.any():
            rows = panel.offsets[request.series[inside]] + request.position[inside]
            values = self._after(plain, rows, 1, value)[:, 0]
            values += self._effect(panel, request.series[inside], panel.x[rows])[..., None]
            found[inside] = np.where(np.isnan(values), found[inside], values)  # nothing is known yet
        if ahead.any():
            values = self._after(plain, panel.offsets[1:], request.horizon, value)
            known = request.known_x(panel.x[panel.offsets[1:] - 1])  # (S, H, E)
            values += self._effect(panel, np.arange(panel.n_series)[:, None], known)[..., None]
            found[ahead] = values[request.series[ahead], step[ahead]]
        return found

    def _effect(self, panel: Panel, series: np.ndarray, x: np.ndarray) -> np.ndarray:
        """What covariates (..., E) add to the values (..., O) of series (...)."""
        if self.exog_coef_ is None:
            return np.zeros((*x.shape[:-1], panel.n_targets))
        unit, known = mean_step(panel), self.panel_.ids.get_indexer(panel.ids)
        if self.exog_unit_ is not None and self.panel_.layout.keyed == panel.layout.keyed:
            unit = np.where((known >= 0)[:, None], self.exog_unit_[known], unit)
        added: np.ndarray = unit[series] * (x @ self.exog_coef_.T)
        return added

    def _plain(self, panel: Panel) -> Panel:
        """The panel without what its covariates add, as the network sees it."""
        if self.exog_coef_ is None:
            return panel
        return replace(panel, y=panel.y - self._effect(panel, panel.series_of_rows(), panel.x))

    def _medians(self, panel: Panel, ends: np.ndarray, horizon: int) -> np.ndarray:
        """Forecasts (R, H, O) of the network from the past of the target alone."""
        return self._after(panel, ends, horizon, median)[..., 0]

    def _after(self, panel: Panel, ends: np.ndarray, horizon: int, value: Value) -> np.ndarray:
        """`value` (R, H, O, K) of the steps that follow the rows before `ends` (R,)."""
        family, targets, network = family_of(self.season_), panel.n_targets, self._network()
        width = reach(network.layout, family)
        series = panel.series_of_rows()[ends - 1]
        last, found = last_seen(panel, 1), []
        size = max(CELLS // (width * targets), 1)
        shown = check_verbose(self.verbose) == 1
        for start in progress(range(0, len(ends), size), shown=shown, unit="part"):
            some = slice(start, start + size)
            rows = ends[some, None] - np.arange(width, 0, -1)
            inside = (rows >= panel.offsets[series[some], None])[..., None]
            windows = np.where(inside, panel.y[np.maximum(rows, 0)], np.nan).swapaxes(1, 2)  # (B, O, W)
            before = last[ends[some] - 1].reshape(-1, 1)
            told = forecast_blocks(network, family, windows.reshape(-1, width).astype(float), before, horizon)
            values = value(told, (series[some, None] * targets + np.arange(targets)).ravel())
            found.append(values.reshape(-1, targets, horizon, values.shape[-1]).swapaxes(1, 2))
        return np.concatenate(found)


def is_large(panel: Panel) -> bool:
    """Whether there is enough to train on, and to judge by."""
    return panel.n_series >= MANY and len(panel.y) >= ROWS


def median(told: BlockForecast, place: np.ndarray) -> np.ndarray:
    """The forecast (B, H, 1)."""
    return told.median[..., None]
