"""Models of one series at a time: one loop over the series, which may run in parallel, and the series' units."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs

from forecast._checks import check_count, check_jobs, explain
from forecast.estimators.base import Forecaster
from forecast.estimators.validation import series_name
from forecast.panel import Panel
from forecast.panel.gaps import completed

PARTS = 8
"""Parts of a panel for each job: few, since each costs a message, and enough that no job waits long for another."""

Parameters = dict[str, Any]
"""Learned attributes of one series and target column by name, as numbers and arrays of equal shape."""

LARGE = 1_000_000
"""Values of a table whose moments are taken column by column, so that no copy of it is made."""

FitSeries = Callable[[np.ndarray, np.ndarray, np.ndarray | None, str], Parameters]
"""A pure function of target (T,), covariates (T, E), weights (T,) or None and the series' name in words."""


@dataclass(kw_only=True, eq=False, repr=False)
class LocalForecaster(Forecaster):
    """One model per series and target column; a family implements `_fit_series` and the hooks of forecasting.

    Args:
        horizon: steps that `predict()` returns.
        n_jobs: number of jobs that fit series in parallel, as in scikit-learn: None means 1 unless a
            `joblib.parallel_config` says otherwise, -1 all processors. The forecasts do not depend on it.
    """

    _fills: ClassVar[bool] = True  # whether a series is learned with its gaps filled

    n_jobs: int | None = None

    def _fit_series(self, panel: Panel) -> FitSeries:
        """Check the options against `panel`; the pure function that learns one series."""
        raise NotImplementedError

    def _fit(self, panel: Panel, sample_weight: np.ndarray | None) -> None:
        whole = completed(panel) if self._fills else panel
        found = map_series(self._fit_series(panel), whole, sample_weight, self.n_jobs)
        for name in found[0]:
            setattr(self, name, joined([parameters[name] for parameters in found], panel))


def map_series(
    f: FitSeries, panel: Panel, weights: np.ndarray | None = None, n_jobs: int | None = None
) -> list[Parameters]:
    """`f` of every series and target column, series by series, in `n_jobs` jobs of joblib."""
    check_jobs(n_jobs)
    size = -(-panel.n_series // (PARTS * effective_n_jobs(n_jobs)))
    parts = Parallel(n_jobs=n_jobs, batch_size=1)(
        delayed(_map_part)(f, _part(panel, weights, range(start, min(start + size, panel.n_series))))
        for start in range(0, panel.n_series, size)
    )
    return [found for part in parts for found in part]


def _part(panel: Panel, weights: np.ndarray | None, which: range) -> list[Any]:
    """What `FitSeries` takes, of some series: all that a worker is sent."""
    return [
        (y, panel.x[rows], None if weights is None else weights[rows], series_name(panel, series))
        for series, _, rows, y in each_target(panel, which)
    ]


def _map_part(f: FitSeries, part: list[Any]) -> list[Parameters]:
    return [f(*each) for each in part]


def joined(values: list[Any], panel: Panel) -> np.ndarray:
    """Parameters of all series as one array (S, O, ...); vectors of different lengths are padded with NaN."""
    if np.ndim(values[0]) == 1:
        width = max(len(vector) for vector in values)
        values = [
            np.pad(vector, (0, width - len(vector)), constant_values=np.nan)
            if len(vector) < width
            else vector
            for vector in values
        ]
    array = np.array(values)
    return array.reshape(panel.n_series, panel.n_targets, *array.shape[1:])


def match_series(trained: Panel, panel: Panel) -> np.ndarray:
    """Position (S,) in the trained panel of every series of `panel`, by id.

    A model trained on a single series applies to any series.

    Raises:
        ValueError: a series that was not trained on.
    """
    if trained.n_series == 1:
        return np.zeros(panel.n_series, dtype=np.int64)
    known = {series: position for position, series in enumerate(trained.ids)}
    unknown = [series for series in panel.ids if series not in known]
    if unknown:
        raise ValueError(
            explain(
                "series",
                "among those seen in fit, since each has its own parameters",
                f"{', '.join(map(repr, unknown[:5]))}",
                "Fit on a history that includes them; for records of one system pass AR(pooled=True) or NARX()",
            )
        )
    return np.array([known[series] for series in panel.ids], dtype=np.int64)


def each_target(panel: Panel, which: range | None = None) -> Iterator[tuple[int, int, slice, np.ndarray]]:
    """Series, target column, rows and values (T,) of every single series, or of those in `which`."""
    for series in range(panel.n_series) if which is None else which:
        rows = slice(int(panel.offsets[series]), int(panel.offsets[series + 1]))
        for target in range(panel.n_targets):
            yield series, target, rows, np.asarray(panel.y[rows, target], dtype=float)


def season_of(season: int | None, panel: Panel) -> int:
    """The given number of steps in a season, or the one the index implies."""
    return panel.season_length if season is None else check_count("season", season)


def season_shift(trained: Panel, panel: Panel, which: np.ndarray, season: int) -> np.ndarray:
    """Steps (S,) by which each series starts later in the season than series `which` (S,) of the trained panel.

    A record without timestamps starts where the trained one does.
    """
    if not (trained.layout.has_index and panel.layout.has_index):
        return np.zeros(panel.n_series, dtype=np.int64)
    shift: np.ndarray = (panel.phase(season) - trained.phase(season)[which]) % season
    return shift


def moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of the known values of each column, without overflow; deviation 1 for a constant.

    A deviation that is only rounding beside the mean counts as zero.

    Example:
        >>> [float(value) for value in moments(np.array([1.0, 3.0, np.nan]))]
        [2.0, 1.0]
    """
    if values.ndim == 2 and values.size > LARGE:
        center, spread = zip(*map(moments, values.T), strict=True)
        return np.array(center), np.array(spread)
    known = np.isfinite(values)
    peak = np.max(np.abs(values), axis=0, initial=0.0, where=known)
    unit = np.where(peak > 0, peak, 1.0)
    count = np.maximum(known.sum(axis=0), 1)
    relative = np.where(known, values / unit, 0.0)  # within -1 ... 1
    center = relative.sum(axis=0) / count
    spread = np.sqrt((np.where(known, relative - center, 0.0) ** 2).sum(axis=0) / count)
    return center * unit, np.where(spread > 1e-12 * np.abs(center), spread * unit, 1.0)


def on_grid(values: np.ndarray) -> np.ndarray:
    """Standardised values rounded to multiples of 2^-30.

    Those of a y + b differ from those of y by rounding, and an optimiser on a flat likelihood carries the last bit
    into the third digit; on the grid both are the same numbers.

    Example:
        >>> values = np.array([0.1, 0.3])
        >>> bool((on_grid(values) == on_grid(values + 1e-15)).all())
        True
    """
    rounded: np.ndarray = np.ldexp(np.round(np.ldexp(values, 30)), -30)
    return rounded
