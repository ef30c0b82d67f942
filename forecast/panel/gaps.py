"""Missing values of a record: what stands in for them, and which runs of them are too long for that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from forecast.panel.panel import Panel

LONGEST = 10  # rows of a gap that is filled for learning where there is no season


def filled(values: np.ndarray, offsets: np.ndarray, seasons: Sequence[int] = ()) -> np.ndarray:
    """Values (N, F) with each missing one replaced: the season's usual value, and a straight line through the rest.

        v_t = p_{t mod m} + r_t,   r_t on the line between the known neighbours of the gap

    p is the mean of each phase of a season m, about the straight line through all values; of the seasons and none, the
    one is taken that leaves the smoothest rest, by generalised cross-validation. Before the first and after the
    last known value r keeps its level. No v_t lies beyond the known values, so a positive series stays positive. A
    column without any known value stays missing.

    Args:
        values: columns of all series, NaN where missing; offsets: first row of each series and N, shape (S+1,).
        seasons: steps of the seasons.

    Example:
        >>> filled(np.array([[1.0], [np.nan], [3.0]]), np.array([0, 3])).ravel().tolist()
        [1.0, 2.0, 3.0]
    """

    def line(column: np.ndarray, known: np.ndarray) -> np.ndarray:
        profile = _profile(column, known, seasons)
        between = profile + np.interp(np.arange(len(column)), known, (column - profile)[known])
        return np.clip(between, column[known].min(), column[known].max())

    return _replaced(values, offsets, line)


def continued(values: np.ndarray, offsets: np.ndarray, season: int = 1) -> np.ndarray:
    """Values (N, F) with each missing one replaced by the last known one and the usual steps from there.

        v_t = v_s + sum_{i=s+1..t} d_i,   d_i = sum of the known steps v_j - v_{j-1} / (their number + 1)

    over the rows j < i of the phase of i in the season; so nothing depends on later rows. Without a season the last
    known value stays. Before the first known value that one stands.

    Example:
        >>> continued(np.array([[1.0], [np.nan], [3.0]]), np.array([0, 3])).ravel().tolist()
        [1.0, 1.0, 3.0]
        >>> continued(np.array([[0.0, 2.0, 0.0, 2.0, 0.0, np.nan]]).T, np.array([0, 6]), season=2)[-1].round(2).tolist()
        [1.33]
    """

    def onward(column: np.ndarray, known: np.ndarray) -> np.ndarray:
        rows = np.arange(len(column))
        path = np.cumsum(_usual_steps(column, season)) if season > 1 else np.zeros(len(column))
        last = known[np.maximum(np.searchsorted(known, rows, side="right") - 1, 0)]
        return column[last] + np.where(rows > last, path - path[last], 0.0)

    return _replaced(values, offsets, onward)


def _usual_steps(column: np.ndarray, season: int) -> np.ndarray:
    """The mean step (T,) into each row so far, over the rows of its phase, drawn to 0 where these are few."""
    steps = np.diff(column, prepend=np.nan)
    padded = np.append(steps, np.full(-len(steps) % season, np.nan)).reshape(-1, season)
    known = np.isfinite(padded)
    before = np.vstack([np.zeros((1, season)), np.cumsum(np.where(known, padded, 0.0), axis=0)[:-1]])
    count = np.vstack([np.zeros((1, season)), np.cumsum(known, axis=0)[:-1]])
    mean: np.ndarray = (before / (count + 1)).ravel()[: len(column)]
    return mean


def _replaced(
    values: np.ndarray, offsets: np.ndarray, fill: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> np.ndarray:
    """Values (N, F), the missing ones of each series and column by a function of it and of its known rows."""
    if np.isfinite(values).all():
        return values
    out = values.astype(float)
    for start, stop in zip(offsets[:-1], offsets[1:], strict=True):
        for column in out[start:stop].T:
            known = np.flatnonzero(np.isfinite(column))
            if 0 < len(known) < len(column):
                column[:] = np.where(np.isfinite(column), column, fill(column, known))
    return out


def _profile(column: np.ndarray, known: np.ndarray, seasons: Sequence[int]) -> np.ndarray:
    """The mean of each phase (T,) of the season, if any, without which the values are smoothest."""
    rows, nothing = np.arange(len(column)), np.zeros(len(column))
    if len(known) < 3 or not seasons:
        return nothing
    values = column[known] - np.polyval(np.polyfit(known, column[known], 1), known)
    best, least = nothing, _roughness(values, known, 1)
    for season in seasons:
        count = np.bincount(known % season, minlength=season)
        if len(column) < 2 * season or not count.all():
            continue
        means = np.bincount(known % season, weights=values, minlength=season) / count
        rough = _roughness(values - means[known % season], known, season)
        if rough < least:
            best, least = means[rows % season], rough
    return best


def _roughness(values: np.ndarray, known: np.ndarray, parameters: int) -> float:
    """Mean square of the steps between neighbours, as it would be on data that the parameters have not seen."""
    steps = np.diff(values)[np.diff(known) == 1]
    left = 1 - parameters / len(values)
    return float(np.mean(steps**2)) / left**2 if len(steps) and left > 0 else np.inf


def beyond_filling(y: np.ndarray, offsets: np.ndarray, seasons: Sequence[int] = ()) -> np.ndarray:
    """Values (N, O) from which nothing is learned: before the first or after the last known one of a target, or in a
    gap longer than the longest season (than 10 rows without one).

    Example:
        >>> beyond_filling(np.array([[np.nan], [1.0], [np.nan], [3.0]]), np.array([0, 4])).ravel().tolist()
        [True, False, False, False]
    """
    longest, rows = max((LONGEST, *seasons)), np.arange(len(y))
    first, end = np.repeat(offsets[:-1], np.diff(offsets)), np.repeat(offsets[1:], np.diff(offsets))
    void = np.zeros(y.shape, bool)
    for column, out in zip(y.T, void.T, strict=True):
        known = np.isfinite(column)
        before = np.maximum.accumulate(np.where(known, rows, -1))
        after = np.minimum.accumulate(np.where(known, rows, len(y))[::-1])[::-1]
        out[:] = ~known & ((before < first) | (after >= end) | (after - before - 1 > longest))
    return void


def counted(y: np.ndarray) -> np.ndarray:
    """Whether each value (T, ...) of a series counts as a target: known, and not right after one that is not.

    What stands in a gap knows the value after it, which therefore is no forecast from the gap.

    Example:
        >>> counted(np.array([1.0, np.nan, 3.0, 4.0])).tolist()
        [True, False, False, True]
    """
    known = np.isfinite(y)
    found: np.ndarray = known & np.concatenate([np.ones_like(known[:1]), known[:-1]])
    return found


def enough_known(y: np.ndarray, offsets: np.ndarray, reach: int) -> bool:
    """Whether at least half of the rows that have `reach` rows before them are known together with all of these."""
    missing = np.concatenate([[0], np.cumsum(~np.isfinite(y).all(axis=1))])
    last = np.arange(1, len(y) + 1)
    inside = last - 1 - np.repeat(offsets[:-1], np.diff(offsets)) >= reach
    whole = missing[last] == missing[np.maximum(last - 1 - reach, 0)]
    return 2 * int((whole & inside).sum()) >= int(inside.sum()) > 0


def learned_from(y: np.ndarray, offsets: np.ndarray, seasons: Sequence[int], reach: int | None) -> np.ndarray:
    """The targets (N, O) that a model which looks back `reach` rows sees while it learns.

    Rows that are known with all that is before them suffice where they are at least half of all (`enough_known`);
    otherwise gaps are `filled` that are not `beyond_filling`. None for `reach` fills in any case.
    """
    if np.isfinite(y).all() or (reach is not None and enough_known(y, offsets, reach)):
        return y
    return np.where(beyond_filling(y, offsets, seasons), np.nan, filled(y, offsets, seasons))


def completed(panel: Panel) -> Panel:
    """The panel with the missing targets `filled`, by the seasons of its index."""
    return replace(panel, y=filled(panel.y, panel.offsets, panel.seasons))


def completed_onward(panel: Panel) -> Panel:
    """The panel with the missing targets `continued`, so that no row knows a later one."""
    return replace(panel, y=continued(panel.y, panel.offsets, panel.season_length))


def with_filled_covariates(panel: Panel) -> Panel:
    """The panel with the last known value of each missing covariate, and the usual steps from there (`continued`).

    A column of whole numbers, such as flags and codes, keeps the last value as it is. Before the first known value of a
    series that one stands.
    """
    known = np.isfinite(panel.x)
    if known.all():
        return panel
    whole = np.where(known, np.mod(panel.x, 1.0), 0.0).max(axis=0) == 0
    x = continued(panel.x, panel.offsets, panel.season_length)
    x[:, whole] = continued(panel.x[:, whole], panel.offsets)
    return replace(panel, x=x.astype(panel.x.dtype))


def last_known(before: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Covariates (S, H, E) of the steps after `before` (S, E), each missing one the last known one."""
    rows = np.concatenate([before[:, None], x], axis=1)
    series, steps, width = rows.shape
    whole = continued(rows.reshape(-1, width), steps * np.arange(series + 1))
    return whole.reshape(rows.shape)[:, 1:]


def from_last_known(
    forecast: Callable[[Panel, int, np.ndarray], np.ndarray],
    panel: Panel,
    horizon: int,
    future_x: np.ndarray,
    *,
    least: int,
    together: bool,
) -> np.ndarray:
    """The forecast (S, H, ...) of a panel that ends with missing targets: from its last known row, through the rest.

    Args:
        forecast: a function of a history, a number of steps and their covariates (S, H, E).
        least: rows of a history at least, as far as there are so many.
        together: whether all series must end at one time.
    """
    count = np.arange(1, len(panel.y) + 1) - np.repeat(panel.offsets[:-1], panel.lengths)
    end = np.maximum.reduceat(np.where(np.isfinite(panel.y).any(axis=1), count, 0), panel.offsets[:-1])
    back = panel.lengths - np.maximum(end, np.minimum(max(least, 1), panel.lengths))
    back = np.broadcast_to(back.min(), back.shape) if together else back
    most = int(back.max())
    steps = np.arange(most + horizon)
    at = np.minimum((panel.offsets[1:] - back)[:, None] + steps, len(panel.x) - 1)
    later = np.clip(steps - back[:, None], 0, horizon - 1)
    series = np.arange(len(back))[:, None]
    x = np.where((steps < back[:, None])[..., None], panel.x[at], future_x[series, later])
    values = forecast(panel.head(panel.lengths - back), most + horizon, x)
    return values[series, back[:, None] + np.arange(horizon)]
