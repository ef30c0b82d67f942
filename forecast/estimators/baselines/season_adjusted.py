"""Models of a series without its season: a factor or a term for each place in the season, put back afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from forecast.estimators.baselines.local import LocalForecaster, each_target, match_series, season_shift
from forecast.estimators.unweighted import Unweighted
from forecast.panel import Panel


class Adjusted(NamedTuple):
    """Values (T,) of one series without its season, the season (T + H,), and the place of its parameters."""

    series: int
    target: int
    rows: slice
    values: np.ndarray
    factor: np.ndarray
    summand: np.ndarray
    where: tuple[int, int]


@dataclass(kw_only=True, eq=False, repr=False)
class SeasonAdjusted(LocalForecaster, Unweighted):
    """A local model that learns `seasonal_` (S, O, m) and `multiplicative_` (S, O); (y - summand) / factor is left."""

    uses_covariates: ClassVar[bool] = False

    def _adjusted(self, panel: Panel, horizon: int) -> Iterator[Adjusted]:
        which = match_series(self.panel_, panel)
        season = self.seasonal_.shape[2]
        shifts = season_shift(self.panel_, panel, which, season)
        for series, target, rows, y in each_target(panel):
            where = (int(which[series]), target)
            unit = self.seasonal_[where][(np.arange(len(y) + horizon) + shifts[series]) % season]
            multiplies = self.multiplicative_[where]
            factor, summand = (unit, np.zeros_like(unit)) if multiplies else (np.ones_like(unit), unit)
            values = (y - summand[: len(y)]) / factor[: len(y)]
            yield Adjusted(series, target, rows, values, factor, summand, where)
