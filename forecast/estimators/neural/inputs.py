"""From a panel to the inputs of a network: codes of categories, scaled values, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from forecast._checks import check_count, explain
from forecast.estimators.baselines.local import LARGE
from forecast.estimators.validation import series_name
from forecast.panel import Panel
from forecast.panel.gaps import enough_known, filled

FAR = 1e4  # spreads: at this distance float32 still resolves a thousandth of one


class View:
    """A panel as the network sees it, and values of the network in the user's form: here each series by itself.

    Shapes: S series of N rows in all, H steps, O targets, E covariates.
    """

    apart: ClassVar[bool] = True  # whether the network sees one series at a time

    def __init__(self, panel: Panel) -> None:
        self.panel = panel

    def weights(self, sample_weight: np.ndarray | None) -> np.ndarray:
        """Weight of each row of `panel` as a target."""
        return np.ones(len(self.panel.y)) if sample_weight is None else sample_weight

    def future(self, x: np.ndarray) -> np.ndarray:
        """Covariates (S, H, E) of the steps ahead, as the network sees them."""
        return x

    def steps(self, values: np.ndarray) -> np.ndarray:
        """Forecasts of the network as (S, H, O) of the user's series."""
        return values

    def rows(self, values: np.ndarray) -> np.ndarray:
        """Values of the rows of `panel` as (N, O) of the user's rows."""
        return values


class Part(View):
    """The series of a panel, by their numbers, that a network learns from."""

    def __init__(self, panel: Panel, which: np.ndarray) -> None:
        super().__init__(panel.of(which))
        self.kept = np.isin(panel.series_of_rows(), which)

    def weights(self, sample_weight: np.ndarray | None) -> np.ndarray:
        return super().weights(sample_weight if sample_weight is None else sample_weight[self.kept])


@dataclass(frozen=True)
class Coder:
    """Where a panel holds codes; the network sees them last, and after them the number of the series.

    Args:
        columns: positions of the codes among the covariates; units: length of the learned vectors of each.
        series: length of the learned vector of a series, 0 for none.
        constants: numbers that stand after them in every row.
    """

    columns: tuple[int, ...] = ()
    units: tuple[int, ...] = ()
    series: int = 0
    constants: tuple[float, ...] = ()

    @classmethod
    def of(cls, panel: Panel, categories: Mapping[str, int], series: int) -> Self:
        """The coder of the named categories, found among the covariates of the panel."""
        names = panel.layout.exog_names
        for name in categories:
            if name not in names:
                remedy = "Name columns of X; for the series itself pass embed_series=2"
                raise ValueError(explain("categories", f"among the covariates {names}", repr(name), remedy))
        return cls(tuple(names.index(name) for name in categories), tuple(categories.values()), series)

    def measured(self, panel: Panel) -> Panel:
        """The panel without its codes."""
        if not self.columns:
            return panel
        columns = list(self.columns)
        layout = replace(panel.layout, exog=panel.layout.exog.delete(columns))
        return replace(panel, x=np.delete(panel.x, columns, axis=1), layout=layout)

    def embedded(self, panel: Panel) -> tuple[tuple[int, int], ...]:
        """(number of categories, length of their vectors) of each column of codes and of the series."""
        counts = [int(panel.x[:, place].max()) + 1 for place in self.columns]
        sizes = list(zip(counts, self.units, strict=True))
        return (*sizes, (panel.n_series, self.series)) if self.series else tuple(sizes)

    def arranged(self, x: np.ndarray, series: np.ndarray) -> np.ndarray:
        """Covariates (..., E) with the codes last, then the number `series` (...) of the series."""
        if self.columns:
            numbers = np.delete(np.arange(x.shape[-1]), list(self.columns))
            x = x[..., [*numbers, *self.columns]]
        if self.series:
            x = np.concatenate([x, np.broadcast_to(series, x.shape[:-1])[..., None]], axis=-1)
        if not self.constants:
            return x
        return np.concatenate(
            [x, np.broadcast_to(self.constants, (*x.shape[:-1], len(self.constants)))], axis=-1
        )


NO_CODES = Coder()


def check_embedding(embed_series: object, categories: Mapping[str, int]) -> None:
    """The lengths of the learned vectors of a forecaster: those of series and of categories."""
    check_count("embed_series", embed_series, minimum=0)
    for name, units in categories.items():
        check_count(f"categories[{name!r}]", units)


@dataclass(frozen=True, eq=False)
class Scaler:
    """Means and deviations of a training panel, frozen; `scaled` puts any panel in these units.

    Args:
        center, spread: mean and deviation (S, O) of the targets of each series; (1, O) serves every series.
        x_center, x_spread: those of the covariates (E,), of all series together.
        range: least and greatest scaled target (2, O); limits: bounds (2, O) of a value that is fed back.
    """

    center: np.ndarray
    spread: np.ndarray
    x_center: np.ndarray
    x_spread: np.ndarray
    range: np.ndarray
    limits: np.ndarray

    @classmethod
    def fit(cls, panel: Panel, scale: str | None, coder: Coder = NO_CODES) -> Self:
        """The scaler of a panel: one of all series for "panel", none for None; columns of codes are left alone."""
        center, spread = np.zeros((1, panel.n_targets)), np.ones((1, panel.n_targets))
        x_center, x_spread = np.zeros(panel.n_exog), np.ones(panel.n_exog)
        if scale is not None:
            center, spread = moments_of_series(one_series(panel) if scale == "panel" else panel)
            if panel.n_exog:
                x_center, x_spread = _moments(panel.x)
        codes = list(coder.columns)
        x_center[codes], x_spread[codes] = 0.0, 1.0
        unbounded = np.zeros((2, panel.n_targets))
        return cls(center, spread, x_center, x_spread, unbounded, unbounded).bounded(panel)

    def bounded(self, panel: Panel) -> Self:
        """The same units, with the bounds of the panel, whose series are those of `fit`."""
        y = self.scaled(panel, np.arange(panel.n_series)).y
        limits = limits_of(y, panel.offsets, driven=panel.n_exog > 0)
        return replace(self, range=np.stack([np.fmin.reduce(y), np.fmax.reduce(y)]), limits=limits)

    def scaled(self, panel: Panel, series: np.ndarray, coder: Coder = NO_CODES) -> Scaled:
        """The panel in these units.

        Args:
            series: number (S,) that each series had in `fit`, -1 for a new one, whose own moments are taken.
            coder: how the network sees covariates that are codes.
        """
        if len(self.center) == 1:
            where = np.zeros(panel.n_series, int)
            center, spread = self.center[where], self.spread[where]
        else:
            center, spread = self.center[series], self.spread[series]
            new = (series < 0)[:, None]
            if new.any():
                own = moments_of_series(panel)
                center, spread = np.where(new, own[0], center), np.where(new, own[1], spread)
        return Scaled(self, panel, center, spread, series, coder)


class Scaled:
    """A panel in the units of a scaler: y (N, O), x (N, E) with codes last; and the way back.

    Args:
        center, spread: mean and deviation (S, O) of the targets of each series.
        The others are those of `Scaler.scaled`.
    """

    def __init__(
        self,
        scaler: Scaler,
        panel: Panel,
        center: np.ndarray,
        spread: np.ndarray,
        series: np.ndarray,
        coder: Coder,
    ) -> None:
        self.scaler, self.panel, self.center, self.spread = scaler, panel, center, spread
        self.series, self.coder = series, coder
        self.row_center, self.row_spread = (np.repeat(part, panel.lengths, 0) for part in (center, spread))
        self.y = (panel.y - self.row_center) / self.row_spread
        self.x = self._covariates(panel.x, np.repeat(series, panel.lengths))

    def from_zero(self) -> Scaled:
        """The same spreads with the zero of the data, at most FAR spreads from the mean of a series."""
        center = np.sign(self.center) * np.maximum(np.abs(self.center) - FAR * self.spread, 0.0)
        return Scaled(self.scaler, self.panel, center, self.spread, self.series, self.coder)

    def future(self, x: np.ndarray) -> np.ndarray:
        """Covariates (S, H, E) of the steps after each series, as `x` has those of the rows."""
        return self._covariates(x, self.series[:, None])

    def _covariates(self, x: np.ndarray, series: np.ndarray) -> np.ndarray:
        scaled = x - self.scaler.x_center
        scaled /= self.scaler.x_spread
        return self.coder.arranged(scaled, series)

    def rows(self, values: np.ndarray) -> np.ndarray:
        """Values (N, O) of the rows in the user's units."""
        return values * self.row_spread + self.row_center

    def steps(self, values: np.ndarray) -> np.ndarray:
        """Values (S, H, O) of the steps after each series in the user's units."""
        return values * self.spread[:, None] + self.center[:, None]

    def seen(self, reach: int) -> np.ndarray:
        """Targets (N, O) as windows of `reach` rows see them while they learn: filled where too few are whole."""
        panel = self.panel
        if np.isfinite(self.y).all():
            return self.y
        return (
            self.y
            if enough_known(self.y, panel.offsets, reach)
            else filled(self.y, panel.offsets, panel.seasons)
        )

    @property
    def limits(self) -> np.ndarray:
        """Bounds (2, O) of a value that is fed back."""
        return limits_after(self.scaler, self.y)


def limits_after(scaler: Scaler, y: np.ndarray) -> np.ndarray:
    """The scaler's bounds (2, O), moved out as far as scaled values (N, O) leave the range of the training data."""
    low = np.fmin(np.fmin.reduce(y), scaler.range[0])
    high = np.fmax(np.fmax.reduce(y), scaler.range[1])
    return scaler.limits + (np.stack([low, high]) - scaler.range)


def gaps(y: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """(N,) for each row with a missing target its place, from 1, in the run of such rows; 0 for the others."""
    missing = ~np.isfinite(y).all(axis=1)
    rows = np.arange(len(y))
    begins = ~missing
    begins[offsets[:-1]] = True
    last = np.maximum.accumulate(np.where(begins, rows, 0))  # the last whole row, or the first of the series
    return np.where(missing, rows - last + missing[last], 0)


def check_varies(panel: Panel) -> None:
    """Refuse a constant series, from which a network can learn nothing."""
    _, spread = moments_of_series(panel, floor=0.0)
    if (spread == 0).any():
        series, target = np.argwhere(spread == 0)[0]
        raise ValueError(
            explain(
                f"y{series_name(panel, series)}",
                "a series that varies, for a network to learn from",
                f"a constant one in {panel.layout.target_names[target]!r}",
                "Forecast it with Naive(), or leave this series out",
            )
        )


def one_series(panel: Panel) -> Panel:
    """The rows of all series as those of one."""
    return replace(panel, offsets=panel.offsets[[0, -1]])


def moments_of_series(panel: Panel, floor: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation (S, O) of the targets of each series; `floor` in place of a zero deviation.

    They are taken in units of the largest value of each series, whose square neither overflows nor vanishes.
    """
    counts = np.isfinite(panel.y)
    values = np.where(counts, panel.y, 0.0).astype(float)
    peak = np.maximum.reduceat(np.abs(values), panel.offsets[:-1], axis=0)
    unit = np.where(peak > 0, peak, 1.0)
    values /= np.repeat(unit, panel.lengths, axis=0)
    size = np.maximum(np.add.reduceat(counts, panel.offsets[:-1], axis=0), 1)
    center = np.add.reduceat(values, panel.offsets[:-1], axis=0) / size
    deviation = np.where(counts, values - np.repeat(center, panel.lengths, axis=0), 0.0)
    spread = np.sqrt(np.add.reduceat(deviation**2, panel.offsets[:-1], axis=0) / size)
    return center * unit, np.where(spread <= 1e-12 * np.abs(center), floor, spread * unit)


def _moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if values.ndim == 2 and values.size > LARGE:
        center, spread = zip(*map(_moments, values.T), strict=True)
        return np.array(center), np.array(spread)
    peak = np.abs(values).max(axis=0)
    unit = np.where(peak > 0, peak, 1.0)
    spread = (values / unit).std(axis=0) * unit
    return (values / unit).mean(axis=0) * unit, np.where(spread > 0, spread, 1.0)


def limits_of(y: np.ndarray, offsets: np.ndarray, *, driven: bool) -> np.ndarray:
    """Bounds (2, O) of what is fed back: the range of the data, on each side with room for more.

    The room is what the second half of a series added to the range of its first half, and at least a tenth of
    the whole range, or all of it for a system `driven` by covariates: a trend may continue, a stationary series
    stays where it was, and a system follows an input that is larger than in the training record.
    """
    halves = np.stack([offsets[:-1], (offsets[:-1] + offsets[1:] + 1) // 2], axis=1).ravel()
    low, high = np.fmin.reduceat(y, halves), np.fmax.reduceat(y, halves)  # (2 S, O)
    least, most = np.fmin.reduce(low), np.fmax.reduce(high)
    room = (1.0 if driven else 0.1) * (most - least)
    down = np.fmax(np.fmax.reduce(low[0::2] - low[1::2]), room)
    up = np.fmax(np.fmax.reduce(high[1::2] - high[0::2]), room)
    return np.stack([least - down, most + up])
