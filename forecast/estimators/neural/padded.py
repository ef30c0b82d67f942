"""What estimators on windows of any length of history share: a row before the start of a series is a missing one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from sklearn.base import clone

from forecast._checks import check_auto, check_choice, check_count, explain
from forecast.estimators.baselines.order_selection import seasons_of
from forecast.estimators.neural.embedding import EmbeddingForecaster
from forecast.estimators.neural.inputs import Scaled, View
from forecast.estimators.neural.judged import compiled
from forecast.estimators.neural.judged_panel import TOGETHER, errors_at_end
from forecast.estimators.neural.options import Delays, check_listed, lags_within
from forecast.estimators.neural.series_ar import BASELINE
from forecast.networks import NARXConfig, NetworkConfig
from forecast.networks.head import HEADS
from forecast.panel import Panel
from forecast.training.drawn_fit import train_drawn
from forecast.training.drawn_windows import PaddedSeries
from forecast.training.fit import Fitted
from forecast.training.objective import SQUARED
from forecast.training.options import Options
from forecast.training.rivals import decide, kept
from forecast.training.selection import LINEAR, choose_scale, joined, show
from forecast.training.window_program import RUN_CHUNK, WindowProgram, shown

FEW, MANY = 20_000, 100  # rows and series below which forecasts from several origins choose how long to train
LEAST_SERIES = 10  # of a larger history whose last horizons choose
BATCHES = 100  # of an epoch
BATCH, BATCH_VALUES = 512, 1 << 15  # most windows of a batch, and most values that they forecast
SHARES = (0.25, 1.0)  # of the epochs: the lengths that they choose from
JUDGED_SHARE = 0.5  # of the epochs: how long networks learn to be judged by the last horizons
SIZES = ((1_000, 1, 32), (10_000, 2, 64), (100_000, 3, 128))  # most windows, blocks, units
LARGEST = (4, 256)


@dataclass(kw_only=True, eq=False, repr=False)
class PaddedForecaster(EmbeddingForecaster):
    """A direct network over windows that may reach beyond the start of a series, trained on random windows.

    Args:
        scale: "window" gives each window units of its own, its last value and its mean absolute seasonal difference;
            "series" those of its series, mean and deviation in the training part; None leaves the data alone.
        solver: only "adam"; training: only "one-step", all steps of a block at once.
        epochs: passes of 100 batches, or over all rows where a hundred series or more have fewer of them.
        batch_size: windows per batch, drawn at random, every series equally often, at most about an eighth of the rows;
            "auto" = 512, and fewer where the horizon is above 64 steps, so that a batch forecasts no more than 32,768
            values (`examples/benchmarks/exog_units_choices.py`).
        validation: only "auto": where there are fewer than 20,000 rows and 100 series, forecasts from the last
            origins of the history choose how long to train, or an autoregression in place of the network
            (`selection`); of ten series or more with more rows, the last two horizons of each choose between AR,
            the network, and the mean of both.
        members: networks that differ in their random start and in the rows they read; the forecast is their median.
    """

    _before: ClassVar[float] = np.nan
    _knows_zero: ClassVar[bool] = True
    _heads: ClassVar[tuple[str, ...]] = HEADS

    scale: str | None = "window"
    loss: Any = "absolute"
    solver: str = "adam"
    epochs: int = 10
    batch_size: Any = "auto"
    learning_rate: float = 1e-3
    members: int = 3

    _solvers: ClassVar[tuple[str, ...]] = ("adam",)
    _scales: ClassVar[tuple[str | None, ...]] = ("series", "window", None)
    _auto_batches: ClassVar[bool] = True

    def _rows_before(self, config: NetworkConfig) -> int:
        return config.window if isinstance(config, NARXConfig) else 2  # the least that tells a spread

    def _check_options(self) -> None:
        if isinstance(self.batch_size, str) and self.batch_size != "auto":
            allowed, remedy = "'auto' or a whole number", "Pass batch_size='auto' or batch_size=512"
            raise ValueError(explain("batch_size", allowed, repr(self.batch_size), remedy))
        super()._check_options()
        check_choice("training", self.training, ("one-step",))
        if self.steps is not None:
            raise ValueError(explain("steps", "None", self.steps, "Pass horizon= for longer blocks"))
        if self.validation != "auto":
            allowed, remedy = '"auto": held-out origins decide', "Pass selection=False to train without"
            raise ValueError(explain("validation", allowed, self.validation, remedy))

    def _options(self, program: WindowProgram, rows: int) -> Options:
        options, size = super()._options(program, rows), self.batch_size
        if size == "auto":
            size = min(BATCH, _power_of_two(BATCH_VALUES // self.config_.steps))
        return replace(options, validation=0, batch_size=min(size, _power_of_two(max(rows // 8, 16))))

    def _few(self, panel: Panel) -> bool:
        """Whether forecasts from several origins choose."""
        return len(panel.y) < FEW and panel.n_series < MANY

    def _variants(self) -> dict[str, dict[str, Any]]:
        """Arguments of the networks that are judged beside each other on a panel of many series, by name."""
        return {"network": {}}

    def _measure(self) -> str | None:
        """The unit in which an error is measured."""
        unit = self._objective().unit if self.config_.window_norm else None
        return "window" if unit == "any" else unit

    def _padded(
        self, panel: Panel, values: tuple[np.ndarray, np.ndarray], weights: np.ndarray, zero: np.ndarray
    ) -> PaddedSeries:
        config = self.config_
        shape = {"length": config.window, "horizon": config.steps, "season": config.season}
        return PaddedSeries(panel.offsets, *values, weights, zero=zero, **shape)

    def _train(self, view: View, starts: list[np.ndarray | None]) -> None:
        inputs, options = self._scaled(view.panel), self._options(self._compiled(), len(view.panel.y))
        if options.select and starts[0] is None and not self._replaced:
            if self._few(view.panel):
                options = self._judged(view, inputs, options)
            elif view.panel.n_series >= LEAST_SERIES:
                options = self._judged_at_end(view, options)
        if self._replaced:
            table = self.selection_
            super()._train(view, starts)
            self.selection_ = table
            return
        weights, zero = view.weights(self.sample_weight_), -inputs.center / inputs.spread
        padded = self._padded(view.panel, (inputs.y, inputs.x), weights, zero)
        self._keep(self._fits(padded, options, starts))

    def _judged(self, view: View, inputs: Scaled, options: Options) -> Options:
        """How long to train, by forecasts from the last origins; or an autoregression in place of the network."""
        rival, held, scales = self._rival(view.panel), self._held_out(view, self.config_, inputs), decide({})
        if held is None:  # too short to judge by
            self.config_ = self.config_ if rival is None else rival
            self.selection_ = decide({} if rival is None else {LINEAR: np.full(1, np.nan)})
            return options
        trials = dict[str, Options]()
        if rival is not None:
            scale, scales = choose_scale(held, rival)
            rival = self._rescaled(rival, scale)
        errors = {} if rival is None else self._others(view, inputs, held, rival)
        before, zero = held.before, -inputs.center / inputs.spread
        known = np.where(np.isfinite(before.panel.y), before.y, np.nan)
        padded = self._padded(before.panel, (known, before.x), held.weights, zero)
        for epochs in sorted({max(1, round(share * self.epochs)) for share in SHARES}):
            name = f"network, {epochs} epochs"
            trials[name] = replace(options, epochs=epochs, callbacks=())
            thetas = [fit.theta for fit in self._fits(padded, trials[name], [None] * self.members)]
            errors[name] = held.errors(self._compiled(), *thetas, reaches=list(self._reaches(len(thetas))))
        table = decide(errors, held.overlap)
        show(table, options)
        self.selection_, chosen = joined(scales, table), kept(table)
        if chosen in (LINEAR, BASELINE) and rival is not None:
            self.config_ = rival
        self._keep_baseline(view, float(chosen == BASELINE))
        return replace(options, epochs=trials[chosen].epochs if chosen in trials else options.epochs)

    def _judged_at_end(self, view: View, options: Options) -> Options:
        """Which network to train, or AR in its place, by the last horizons of many series."""
        short = max(1, round(JUDGED_SHARE * self.epochs))
        given: dict[str, Any] = {"selection": False, "epochs": short, "callbacks": None, "verbose": 0}
        variants = self._variants()
        models = {BASELINE: self._baseline(view)} if self._has_baseline(view) else {}
        models |= {name: clone(self).set_params(**given, **own) for name, own in variants.items()}
        if len(models) < 2:
            return options
        errors = errors_at_end(
            models,
            view.panel,
            self._own_weights(view),
            horizon=self.config_.steps,
            season=self.config_.season,
            beside=BASELINE if BASELINE in models else None,
        )
        if not errors:
            return options
        self.selection_ = decide(errors, in_turn=False)
        show(self.selection_, options)
        chosen, rival = kept(self.selection_), self._rival(view.panel)
        halves = {TOGETHER.format(BASELINE, name): own for name, own in variants.items()}
        self._keep_baseline(view, 1.0 if chosen == BASELINE else 0.5 * (chosen in halves))
        if chosen != BASELINE:
            self.config_ = replace(self.config_, **(variants | halves)[chosen])
            return options
        self.config_ = self.config_ if rival is None else rival
        return replace(options, epochs=short)  # of a network that forecasts new series alone

    def _has_baseline(self, view: View) -> bool:
        return super()._has_baseline(view) and self._objective().head == "point"

    @property
    def _replaced(self) -> bool:
        """Whether an autoregression stands in place of the network."""
        return isinstance(self.config_, NARXConfig)

    def _rival(self, panel: Panel) -> NARXConfig | None:
        rival = super()._rival(panel)
        if rival is None or self._objective().head != "point" or panel.lengths.min() <= rival.window:
            return None
        return replace(rival, window_norm=False, dtype="float64")

    def _rival_lags(self, panel: Panel, config: Any) -> Delays:
        return lags_within(config.window, panel, self.season)

    def _compiled(self) -> WindowProgram:
        return compiled(self.config_, self.jit_compile, SQUARED) if self._replaced else super()._compiled()

    def _fits(self, padded: PaddedSeries, options: Options, starts: list[np.ndarray | None]) -> list[Fitted]:
        """The members, trained on padded series."""
        rng, season = np.random.default_rng(self.random_state), self.config_.season
        data = {"season": season, "reaches": self._reaches(self.members), "measure": self._measure()}
        batches = self._batches(padded, options)
        return train_drawn(
            self._compiled(), padded, **data, batches=batches, options=options, rng=rng, thetas=starts
        )

    def _scaled(self, panel: Panel) -> Scaled:
        inputs = super()._scaled(panel)
        return inputs.from_zero() if not self._replaced and self.config_.proportions else inputs

    def _batches(self, padded: PaddedSeries, options: Options) -> int:
        """Batches of an epoch: many series of few rows would soon be learned by heart."""
        rows = int((padded.end - padded.begin).sum())
        whole = -(-rows // options.batch_size)
        return BATCHES if len(padded.begin) < MANY else min(BATCHES, whole)

    def _limits(self, inputs: Scaled) -> np.ndarray:
        if self._replaced:
            return super()._limits(inputs)
        return np.array([[-np.inf], [np.inf]])  # a block follows the level of its window, wherever that goes

    @property
    def quantiles(self) -> tuple[float, ...]:
        """Levels of the quantiles that the network tells, none unless `loss` asks for them."""
        return self._objective().levels

    def _forecast_quantiles(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        """Quantiles (S, H, O, Q) of `quantiles`, blocks after the first from the point forecasts before them."""
        outputs, inputs, view = self._outputs(panel, future_x)
        objective = self._objective()
        values = np.median([objective.quantiles(output) for output in outputs], axis=0)
        return np.stack([view.steps(inputs.steps(part)) for part in np.moveaxis(values, -1, 0)], axis=-1)

    def _fitted(self, panel: Panel) -> np.ndarray:
        if self._replaced:
            return super()._fitted(panel)
        view, program = self._view(panel, whole=True), self._compiled()
        inputs = self._scaled(view.panel)
        padded = self._padded(view.panel, (inputs.y, inputs.x), np.ones(len(inputs.y)), inputs.center)
        rows = np.arange(len(panel.y)) + np.repeat(padded.begin - panel.offsets[:-1], panel.lengths)
        fitted = np.full(inputs.y.shape, np.nan)
        for start in range(0, len(rows), RUN_CHUNK):
            at = rows[start : start + RUN_CHUNK]
            past = padded.rows(padded.y, at - program.window, program.window)
            window = padded.inputs(program, past, at)
            values = [
                program.objective.point(program.apply(theta, shown(window, program, reach))[:, 0])
                for theta, reach in zip(self.theta_, self._reaches(len(self.theta_)), strict=True)
            ]
            fitted[start : start + len(at)] = np.median(values, axis=0)
        early = panel.position_of_rows() < self.min_history(panel)
        return self._rows_of_all(panel, np.where(early[:, None], np.nan, view.rows(inputs.rows(fitted))))

    def _past(self, panel: Panel, inputs: Scaled) -> np.ndarray:
        return (
            super()._past(panel, inputs) if self._replaced else inputs.y
        )  # the network is told what is missing

    def _completed(self, panel: Panel, inputs: Scaled) -> np.ndarray:
        if self._replaced:
            return super()._completed(panel, inputs)
        return inputs.y  # the network is told which values are missing


def _power_of_two(number: int) -> int:
    """The largest power of two up to a number: of few sizes, fits share what is compiled."""
    return 1 << max(number, 1).bit_length() - 1


def first_season(season: Any, panel: Panel) -> int:
    """m: steps of the shortest season, 1 where there is none or no two of them in the longest series."""
    steps = max((1, *seasons_of(season, panel, told=True)[:1]))
    return steps if 2 * steps <= panel.lengths.max() else 1


def block_steps(horizon: int, season: int, panel: Panel) -> int:
    """H: the horizon; where none is given the season, or 8, as far as a quarter of the longest series reaches."""
    if horizon > 1:
        return horizon
    return max(1, min(season if season > 1 else 8, int(panel.lengths.max()) // 4))


def has_zero(panel: Panel) -> bool:
    """Whether the size of a value says something: many series to learn it from, none of them ever negative."""
    return panel.n_series >= MANY and not (panel.y < 0).any()


def block_size(blocks: int | str, hidden: Sequence[int] | str, panel: Panel) -> tuple[int, Sequence[int]]:
    """(blocks, units of their layers): as given, or from the number of rows."""
    rows = len(panel.y)
    own, units = next(((count, size) for limit, count, size in SIZES if rows <= limit), LARGEST)
    if isinstance(blocks, str):
        check_auto("blocks", blocks)
        blocks = own
    if isinstance(hidden, str):
        check_auto("hidden", hidden)
        hidden = (units, units)
    return check_count("blocks", blocks), hidden


def window_lengths(window: int | Sequence[int] | str, steps: int, season: int, panel: Panel) -> list[int]:
    """L of each member in turn: as given, or three horizons or two seasons, at most half of the longest series."""
    if isinstance(window, str):
        check_auto("window", window)
        return [max(1, min(max(3 * steps, 2 * season), int(panel.lengths.max()) // 2))]
    return _listed(window)


def member_lengths(window: int | Sequence[int] | str, length: int, steps: int, season: int) -> list[int]:
    """Rows that each member reads, in turn; with "auto" all, three quarters and a half of the window."""
    if not isinstance(window, str):
        return _listed(window)
    least = min(length, season + 1)
    return [max(least, length * part // 4) for part in (4, 3, 2)]


def _listed(window: int | Sequence[int]) -> list[int]:
    if isinstance(window, Sequence):
        check_listed("window", window, "a number of rows, or a list of them", "Pass window=24")
        return [check_count(f"window[{place}]", rows) for place, rows in enumerate(window)]
    return [check_count("window", window)]
