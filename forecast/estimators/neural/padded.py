"""What estimators on windows of any length of history share: a row before the start of a series is a missing one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from forecast._checks import check_auto, check_choice, check_count, explain
from forecast.estimators.neural.embedding import EmbeddingForecaster
from forecast.estimators.neural.inputs import Scaled, View
from forecast.estimators.neural.options import check_listed
from forecast.networks import NetworkConfig
from forecast.networks.head import HEADS
from forecast.panel import Panel
from forecast.training.drawn_fit import train_drawn
from forecast.training.drawn_windows import MEASURES, Shelf
from forecast.training.options import Options
from forecast.training.window_program import RUN_CHUNK, Program, shown
from forecast.windows import position_of_rows

FEW = 20_000  # windows below which held-out forecasts choose how long to train
SIZES = ((1_000, 1, 32), (10_000, 2, 64), (100_000, 3, 128))  # windows up to which blocks of so many units
LARGEST = (4, 256)


@dataclass(kw_only=True, eq=False, repr=False)
class PaddedForecaster(EmbeddingForecaster):
    """A direct network over windows that may reach beyond the start of a series, trained on windows drawn by chance.

    Args:
        scale: "window" gives each window units of its own, its last value and its mean absolute seasonal difference;
            "series" those of its series, mean and deviation in the training part; None leaves the data alone.
        solver: "adam" alone; training: "one-step" alone, all steps of a block at once.
        epochs: passes of 100 batches.
        batch_size: windows of one batch, drawn over all series, every series as often as another.
        validation: fraction (float) or number of rows (int) at the end of every series held out to choose how long
            to train; the network is then trained on all rows. "auto" holds out 0.2 where there are fewer than
            20,000 windows to learn from, and nothing otherwise. 0 for none.
        members: networks that differ in their random start, in the rows they read, and in the unit of their errors:
            the naive error of the series, the level, the spread of the window; the forecast is their median.
    """

    _before: ClassVar[float] = np.nan
    _knows_zero: ClassVar[bool] = True
    _heads: ClassVar[tuple[str, ...]] = HEADS

    scale: str | None = "window"
    loss: Any = "absolute"
    solver: str = "adam"
    epochs: int = 10
    batch_size: int = 512
    learning_rate: float = 1e-3
    members: int = 3

    _solvers: ClassVar[tuple[str, ...]] = ("adam",)
    _scales: ClassVar[tuple[str | None, ...]] = ("series", "window", None)

    def _check_options(self) -> None:
        super()._check_options()
        check_choice("training", self.training, ("one-step",))
        if self.steps is not None:
            raise ValueError(explain("steps", "None", self.steps, "Pass horizon= for longer blocks"))

    def _rows_before(self, config: NetworkConfig) -> int:
        return 2  # the least that tells a spread

    def _options(self, program: Program, rows: int) -> Options:
        windows = int(np.maximum(self.panel_.lengths - 3, 0).sum())
        options = super()._options(program, rows)
        few = windows < FEW if self.validation == "auto" else bool(options.validation)
        size = min(self.batch_size, max(16, windows // 8))
        return replace(options, validation=options.validation if few else 0, batch_size=size)

    def _measures(self) -> list[str | None]:
        """The unit in which each member measures an error."""
        unit = self._objective().unit
        if unit is None or not self.config_.window_norm:
            return [None] * self.members
        if unit == "any":
            return [MEASURES[member % len(MEASURES)] for member in range(self.members)]
        return ["series"] * self.members

    def _shelf(self, view: View) -> Shelf:
        inputs, config = self._scaled(view.panel), self.config_
        weights = view.weights(self.sample_weight_)
        return Shelf(
            view.panel.offsets,
            inputs.y,
            inputs.x,
            weights,
            zero=-inputs.center / inputs.spread,
            length=config.window,
            horizon=config.steps,
            season=config.season,
        )

    def _train(self, view: View, starts: list[np.ndarray | None]) -> None:
        program, shelf = self._compiled(), self._shelf(view)
        options = self._options(program, len(view.panel.y))
        rng = np.random.default_rng(self.random_state)
        config, fits = self.config_, []
        for start, reach, measure in zip(starts, self._reaches(), self._measures(), strict=True):
            units = {"season": config.season, "measure": measure, "reach": reach}
            fits.append(train_drawn(program, shelf, **units, options=options, rng=rng, theta=start))
        self._keep(fits)

    def _limits(self, inputs: Scaled) -> np.ndarray:
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
        view, program = self._view(panel, whole=True), self._compiled()
        inputs, shelf = self._scaled(view.panel), self._shelf(view)
        rows = np.arange(len(panel.y)) + np.repeat(shelf.begin - panel.offsets[:-1], panel.lengths)
        fitted = np.full(inputs.y.shape, np.nan)
        for start in range(0, len(rows), RUN_CHUNK):
            at = rows[start : start + RUN_CHUNK]
            past = shelf.rows(shelf.y, at - program.window, program.window)
            window = shelf.inputs(program, past, at)
            values = [
                program.objective.point(program.apply(theta, shown(window, program, reach))[:, 0])
                for theta, reach in zip(self.theta_, self._reaches(), strict=True)
            ]
            fitted[start : start + len(at)] = np.median(values, axis=0)
        early = position_of_rows(panel) < self.min_history(panel)
        return self._rows_with_fallback(
            panel, np.where(early[:, None], np.nan, view.rows(inputs.rows(fitted)))
        )

    def _completed(self, panel: Panel, inputs: Scaled) -> np.ndarray:
        return inputs.y  # the network is told which values are missing


def block_steps(horizon: int, season: int, panel: Panel) -> int:
    """H: the horizon; where none is given the season, or 8, as far as a quarter of the longest series reaches."""
    if horizon > 1:
        return horizon
    return max(1, min(season if season > 1 else 8, int(panel.lengths.max()) // 4))


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
    """L of each member in turn: as given, or four horizons and a season, at most as long as the longest series."""
    if isinstance(window, str):
        check_auto("window", window)
        return [max(1, min(4 * steps + season, int(panel.lengths.max()) - 1))]
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
