"""Models of one series at a time: their loop, and which learned parameters belong to which series."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from forecast._checks import check_count, explain
from forecast.panel import Panel


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
                "Fit on a history that includes them",
            )
        )
    return np.array([known[series] for series in panel.ids], dtype=np.int64)


def each_target(panel: Panel) -> Iterator[tuple[int, int, slice, np.ndarray]]:
    """Series, target column, rows and values (T,) of every single series of the panel."""
    for series in range(panel.n_series):
        rows = slice(int(panel.offsets[series]), int(panel.offsets[series + 1]))
        for target in range(panel.n_targets):
            yield series, target, rows, np.asarray(panel.y[rows, target], dtype=float)


def season_of(season: int | None, panel: Panel) -> int:
    """The given number of steps in a season, or the one the index implies."""
    return panel.season_length if season is None else check_count("season", season)


def stacked(vectors: list[np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """Vectors of different lengths as one array (S, O, K), filled up with NaN."""
    width = max((len(vector) for vector in vectors), default=0)
    rows = [np.pad(vector, (0, width - len(vector)), constant_values=np.nan) for vector in vectors]
    return np.array(rows, dtype=float).reshape(*shape, width)


@contextmanager
def quiet() -> Iterator[None]:
    """Silence numerical remarks of statsmodels' optimisers, on which a user cannot act."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
