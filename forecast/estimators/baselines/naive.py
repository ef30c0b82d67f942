"""The forecasts that cost nothing and must be beaten: last value, last season, straight line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from forecast._checks import check_count
from forecast.estimators.unweighted import Unweighted
from forecast.panel import Panel
from forecast.windows import shift


@dataclass(kw_only=True, eq=False, repr=False)
class Naive(Unweighted):
    """The last observed value, for every step ahead.

        y_{T+h|T} = y_T

    y_T is the last value of a series that is not missing. Covariates are accepted and not used.

    Args:
        horizon: steps that `predict()` returns.

    References:
        Hyndman, R. J. and Athanasopoulos, G. (2021). Forecasting: Principles and Practice, section 5.2.

    Example:
        >>> Naive().fit([1.0, 2.0, 4.0]).predict(2)
        array([4., 4.])
    """

    uses_covariates: ClassVar[bool] = False

    def _min_history(self, panel: Panel) -> int:
        """One row."""
        return 0

    def _fit(self, panel: Panel, sample_weight: np.ndarray | None) -> None:
        """Nothing to learn."""

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        last = last_seen(panel, 1)[panel.offsets[1:] - 1]  # (S, O)
        return np.repeat(last[:, None], horizon, axis=1)

    def _fitted(self, panel: Panel) -> np.ndarray:
        return shift(last_seen(panel, 1), panel, 1)


@dataclass(kw_only=True, eq=False, repr=False)
class SeasonalNaive(Unweighted):
    """The value of the same season one cycle ago.

        y_{T+h|T} = y_{T+h-k m},   k = smallest whole number with k m >= h

    m is `season`. A missing value is replaced by that of the season before it. In a series shorter than one
    season the last observed value is used. Covariates are accepted and not used.

    Args:
        season: time steps in one season, at least 1; None = from the frequency of the index (monthly 12,
            quarterly 4, weekly 52, daily 7, business days 5, hourly 24; without a frequency 1).
        horizon: steps that `predict()` returns.

    Attributes:
        season_: the season used.

    References:
        Hyndman, R. J. and Athanasopoulos, G. (2021). Forecasting: Principles and Practice, section 5.2.

    Example:
        >>> SeasonalNaive(season=3).fit([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).predict(4)
        array([4., 5., 6., 4.])
    """

    uses_covariates: ClassVar[bool] = False

    season: int | None = None

    def _min_history(self, panel: Panel) -> int:
        """One row."""
        return 0

    def _fit(self, panel: Panel, sample_weight: np.ndarray | None) -> None:
        self.season_ = panel.season_length if self.season is None else check_count("season", self.season)

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        seen, fallback = last_seen(panel, self.season_), last_seen(panel, 1)
        back = self.season_ - np.arange(horizon) % self.season_  # (H,)
        rows = panel.offsets[1:, None] - back  # (S, H)
        inside = (back <= panel.lengths[:, None])[..., None]
        last = fallback[panel.offsets[1:] - 1][:, None]  # (S, 1, O)
        values = np.where(inside, seen[np.where(inside[..., 0], rows, 0)], last)
        return np.where(np.isnan(values), last, values)

    def _fitted(self, panel: Panel) -> np.ndarray:
        values = shift(last_seen(panel, self.season_), panel, self.season_)
        return np.where(np.isnan(values), shift(last_seen(panel, 1), panel, 1), values)


@dataclass(kw_only=True, eq=False, repr=False)
class Drift(Unweighted):
    """Random walk with drift: the straight line through the first and the last value.

        y_{T+h|T} = y_T + h (y_T - y_1) / (T - 1)

    y_1 and y_T are the first and last values that are not missing. The slope follows the origin, since it is
    a property of the history and not a learned parameter. Covariates are accepted and not used.

    Args:
        horizon: steps that `predict()` returns.

    References:
        Hyndman, R. J. and Athanasopoulos, G. (2021). Forecasting: Principles and Practice, section 5.2.

    Example:
        >>> Drift().fit([1.0, 5.0, 5.0]).predict(2)
        array([7., 9.])
    """

    uses_covariates: ClassVar[bool] = False

    def _min_history(self, panel: Panel) -> int:
        """One row, through which the line is flat."""
        return 0

    def _fit(self, panel: Panel, sample_weight: np.ndarray | None) -> None:
        """Nothing to learn."""

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        ends = panel.offsets[1:] - 1
        values, slope = self._line(panel)
        since = _since_seen(panel)[ends][:, None]  # steps from the last observed value to the end
        steps = np.arange(1, horizon + 1)[:, None] + since
        return values[ends][:, None] + steps * slope[ends][:, None]

    def _fitted(self, panel: Panel) -> np.ndarray:
        values, slope = self._line(panel)
        return shift(values + slope * (1 + _since_seen(panel)), panel, 1)

    @staticmethod
    def _line(panel: Panel) -> tuple[np.ndarray, np.ndarray]:
        """Last observed value and slope (N, O) as known at each row."""
        values = last_seen(panel, 1)
        last = panel.position_of_rows()[:, None] - _since_seen(panel)  # (N, O)
        first, start = _first_seen(panel)
        span = last - start
        flat = ~(span > 0)
        return values, np.where(flat, 0.0, (values - first) / np.where(flat, 1, span))


def last_seen(panel: Panel, step: int) -> np.ndarray:
    """Targets (N, O) with a missing value replaced by the nearest earlier one a multiple of `step` before."""
    y = np.asarray(panel.y, dtype=float)
    return y if np.isfinite(y).all() else _carried(y, panel, step)


def _carried(values: np.ndarray, panel: Panel, step: int) -> np.ndarray:
    """`values` (N, O), NaN replaced by the last value of the same series and the same phase of `step`."""
    group = panel.series_of_rows() * step + panel.position_of_rows() % step
    order = np.argsort(group, kind="stable")
    ordered, group = values[order], group[order]
    rows = np.arange(len(values))
    begin = np.searchsorted(group, group)  # first row of each row's group
    found = np.maximum.accumulate(np.where(np.isfinite(ordered), rows[:, None], -1), axis=0)
    filled = np.take_along_axis(ordered, np.maximum(found, 0), axis=0)
    result = np.empty_like(ordered)
    result[order] = np.where(found >= begin[:, None], filled, np.nan)
    return result


def _since_seen(panel: Panel) -> np.ndarray:
    """Rows (N, O) since the last observed value, 0 where the row itself is observed."""
    if np.isfinite(panel.y).all():
        return np.zeros(panel.y.shape)
    position = panel.position_of_rows()[:, None]
    return position - _carried(np.where(np.isfinite(panel.y), position, np.nan), panel, 1)


def _first_seen(panel: Panel) -> tuple[np.ndarray, np.ndarray]:
    """First observed value and its position (N, O), NaN before it."""
    seen = np.isfinite(panel.y)
    order = np.where(seen, panel.position_of_rows()[:, None], np.iinfo(np.int64).max)
    start = np.minimum.reduceat(order, panel.offsets[:-1], axis=0)  # (S, O)
    rows = np.minimum(start, panel.lengths[:, None] - 1) + panel.offsets[:-1, None]
    values = np.take_along_axis(np.asarray(panel.y, dtype=float), rows, axis=0)
    return np.repeat(values, panel.lengths, axis=0), np.repeat(start.astype(float), panel.lengths, axis=0)
