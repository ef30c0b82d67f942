"""Windows of a panel, gathered from the flat buffer when asked for; no window crosses two series."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from copy import copy
from functools import cached_property
from numbers import Integral
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from forecast._checks import check_count, check_lags, explain
from forecast.panel import Panel
from forecast.panel.gaps import beyond_filling


class Batch(NamedTuple):
    """Rows of B windows of W steps: y (B, W, O), x (B, W, E), mask (B, W) True at real rows, or None."""

    y: np.ndarray
    x: np.ndarray
    mask: np.ndarray | None


class Windows:
    """All windows of L known steps and H targets in a panel, kept as the row where each one starts.

    Window k covers the buffer rows starts[k] ... starts[k] + L + H - 1; its first target is y_t with
    t = starts[k] + L.

    Args:
        panel: history of S series.
        length: L, known steps in front of the targets, at least 1.
        horizon: H, targets, at least 1.
        stride: steps between the starts of two windows; the last window of a series is always included.
        values: buffers (y, x) to gather from instead of `panel.y` and `panel.x`, for example scaled copies;
            x may have other columns.
        pad: give a series shorter than L + H left-padded windows with at least one known step.

    Raises:
        ValueError: length, horizon or stride below 1; buffers of another shape.

    Example:
        >>> windows = Windows(Panel.from_data(np.arange(5.0)), length=2)
        >>> windows.gather([0, 2]).y[..., 0]
        array([[0., 1., 2.],
               [2., 3., 4.]])
    """

    def __init__(
        self,
        panel: Panel,
        *,
        length: int,
        horizon: int = 1,
        stride: int = 1,
        values: tuple[np.ndarray, np.ndarray] | None = None,
        pad: bool = False,
    ) -> None:
        if not isinstance(panel, Panel):
            remedy = "Pass Panel.from_data(y) or Panel.from_data(X, y)"
            raise TypeError(explain("panel", "a Panel", f"a {type(panel).__name__}", remedy))
        self.panel = panel
        self.length = check_count("length", length)
        self.horizon = check_count("horizon", horizon)
        self.stride = check_count("stride", stride)
        self.pad = bool(pad)
        y, x = (panel.y, panel.x) if values is None else values
        if y.shape != panel.y.shape or len(x) != len(panel.x):
            allowed = f"of the shapes {panel.y.shape} and ({len(panel.x)}, columns)"
            remedy = "Pass changed copies of panel.y and panel.x"
            raise ValueError(explain("values", allowed, f"{y.shape} and {x.shape}", remedy))
        self.y, self.x = np.ascontiguousarray(y), np.ascontiguousarray(x)
        self.filled = bool((np.isfinite(self.y) & ~np.isfinite(panel.y)).any())
        self.starts = self._all_starts()

    # ------------------------------------------------------------ which windows

    @property
    def width(self) -> int:
        """W = L + H, rows of a window."""
        return self.length + self.horizon

    def __len__(self) -> int:
        return len(self.starts)

    def _all_starts(self) -> np.ndarray:
        """Start rows (n,) of all windows, int32 while they fit."""
        lengths = self.panel.lengths
        count = np.maximum(lengths - self.width + 1, 0)
        if self.pad:
            count = np.where(count == 0, np.maximum(lengths - self.horizon, 0), count)
        kept = -(-count // self.stride)  # counted back from the last window of each series
        kind = np.int32 if len(self.y) < 2**31 else np.int64
        ends = (self.panel.offsets[1:] - self.width).astype(kind)
        first = np.cumsum(kept) - kept
        back = np.arange(kept.sum(), dtype=kind)
        back -= np.repeat((first + kept - 1).astype(kind), kept)
        back *= self.stride
        back += np.repeat(ends, kept)
        return back

    def series_of(self, which: np.ndarray | Sequence[int] | slice = slice(None)) -> np.ndarray:
        """Number of the series of each window, shape (n,)."""
        last = self.starts[which] + (self.width - 1)
        return np.searchsorted(self.panel.offsets, last, side="right") - 1

    def target_rows(self, which: np.ndarray | Sequence[int] | slice = slice(None)) -> np.ndarray:
        """Buffer row of the first target of each window, shape (n,)."""
        return self.starts[which] + self.length

    def select(self, which: np.ndarray | Sequence[int] | slice) -> Windows:
        """The same buffers with some of the windows."""
        chosen = copy(self)
        chosen.starts = self.starts[which]
        return chosen

    def finite(self, which: np.ndarray | Sequence[int] | slice = slice(None)) -> np.ndarray:
        """Whether every value a window uses is finite, shape (n,); covariates of its first row are unused.

        Where `values` stand in for missing targets of the panel, known rows of a window may not be `beyond_filling`.
        """
        starts = self.starts[which]
        if self._bad_rows is None:
            return np.ones(len(starts), bool)
        bad_y, bad_x, void = self._bad_rows
        begin, stop = starts, starts + self.width
        if self.pad:
            begin = np.maximum(starts, self.panel.offsets[self.series_of(which)])
        inputs = np.maximum(begin, starts + 1)
        known = (bad_y[stop] == bad_y[begin]) & (bad_x[stop] == bad_x[inputs])
        return np.asarray(known & (void[starts + self.length] == void[begin]))

    @cached_property
    def _bad_rows(self) -> tuple[np.ndarray, ...] | None:
        """Running counts (N+1,) of rows not finite in y or x, and of filled ones that say nothing; None without any."""
        bad = [~np.isfinite(values).all(axis=1) for values in (self.y, self.x)]
        bad.append(np.zeros(len(self.y), bool))
        if self.filled:
            bad[2] = beyond_filling(self.panel.y, self.panel.offsets, self.panel.seasons).mean(axis=1) > 0.5
        if not any(rows.any() for rows in bad):
            return None
        return tuple(np.concatenate([[0], np.cumsum(rows, dtype=np.int32)]) for rows in bad)

    def observed(self, which: np.ndarray | Sequence[int] | slice = slice(None)) -> np.ndarray | None:
        """Whether each target (n, H, O) of some windows is known, not filled; None where no target was filled."""
        rows = self.target_rows(which)[:, None] + np.arange(self.horizon)
        return np.isfinite(self.panel.y)[rows] if self.filled else None

    def follows_known(self, which: np.ndarray | Sequence[int] | slice = slice(None)) -> np.ndarray:
        """Whether the row before the targets is known (n, 1, O): what stands in a gap knows the value after it."""
        return np.isfinite(self.panel.y)[self.target_rows(which) - 1][:, None]

    def split(self, validation: int | float) -> tuple[Windows, Windows]:
        """Training and validation windows: the last targets of each series in time are for validation.

        All targets of a validation window lie after all targets of the training windows of its series;
        windows whose targets fall on both sides are in neither part. A series too short for both parts
        belongs to training.

        Args:
            validation: number of time steps at the end of each series, or the fraction of its targets, between
                0 and 1.

        Raises:
            ValueError: no window is left for one of the two parts.
        """
        lengths = self.panel.lengths
        context = np.where(lengths < self.width, 1, self.length) if self.pad else self.length
        targets = np.maximum(lengths - context, 0)
        held = self._held_out(validation, targets)
        series, first = self.series_of(), self.target_rows()
        cut = (self.panel.offsets[1:] - held)[series]
        before, after = first + self.horizon <= cut, first >= cut
        has_both = np.ones(self.panel.n_series, bool)
        for part in (before, after):
            has_both &= np.bincount(series[part], minlength=self.panel.n_series) > 0
        train = self.select(np.flatnonzero(before | ~has_both[series]))
        tail = self.select(np.flatnonzero(after & has_both[series]))
        if not len(train) or not len(tail):
            received = f"{validation!r} of {int(targets.max(initial=0))} targets in the longest series"
            allowed = f"at least {self.horizon} steps and leave as many for training"
            remedy = "Use a smaller fraction, fewer lags or a longer history"
            raise ValueError(explain("validation", allowed, received, remedy))
        return train, tail

    def _held_out(self, validation: int | float, targets: np.ndarray) -> np.ndarray:
        """Steps (S,) at the end of each series whose targets are for validation."""
        if isinstance(validation, (float, np.floating)):
            if not 0 < validation < 1:
                allowed = "a fraction between 0 and 1, or a whole number of steps"
                raise ValueError(explain("validation", allowed, validation, "Pass for example 0.2"))
            part = np.ceil(targets * float(validation) - 1e-9).astype(np.int64)
            return np.where(targets >= 2 * self.horizon, np.maximum(part, self.horizon), part)
        return np.full(len(targets), check_count("validation", validation))

    # ------------------------------------------------------------ what is in them

    def gather(self, which: np.ndarray | Sequence[int] | slice = slice(None)) -> Batch:
        """The rows of some windows; padded rows are zero and False in the mask."""
        starts = self.starts[which]
        if not self.pad:
            return Batch(self._rows(self.y, starts), self._rows(self.x, starts), None)
        begin = self.panel.offsets[self.series_of(which)]
        rows = starts[:, None].astype(np.int64) + np.arange(self.width)  # (B, W)
        mask = rows >= begin[:, None]
        rows = np.maximum(rows, begin[:, None])
        y, x = (np.where(mask[..., None], values[rows], values.dtype.type(0)) for values in (self.y, self.x))
        return Batch(y, x, mask)

    def _rows(self, buffer: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """(N, F) -> (B, W, F), contiguous."""
        features = buffer.shape[1]
        if not features or not len(starts):
            return np.empty((len(starts), self.width, features), buffer.dtype)
        at = starts if features == 1 else starts.astype(np.int64) * features
        view = sliding_window_view(buffer.reshape(-1), self.width * features)
        return view[at].reshape(len(starts), self.width, features)

    def paired(self, batch: Batch) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Inputs and targets of the network, and the covariates of the steps to forecast.

        Returns:
            paired window (B, L, O+E), target y_t ... y_{t+H-1} (B, H, O), covariates x_t ... x_{t+H-1} (B, H, E).
        """
        known = self.length
        return pair(batch.y[:, :known], batch.x), batch.y[:, known:], batch.x[:, known:]

    def read(self, which: np.ndarray, rows: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Only some rows of `paired` windows, and the first target.

        Args:
            which: windows without padding.
            rows: rows of the window, counted back from the last one, row 0.

        Returns:
            the rows in order of time (B, R, O+E), y_t (B, 1, O).
        """
        now = self.target_rows(which).astype(np.int64)[:, None]
        at = now - np.sort(np.asarray(rows))[::-1]
        return np.concatenate([self.y[at - 1], self.x[at]], axis=2), self.y[now]

    # ------------------------------------------------------------ lag tables

    def lagged(
        self,
        batch: Batch,
        lags: int | Sequence[int],
        exog_lags: int | Sequence[int] = (),
    ) -> np.ndarray:
        """Lag features (B, O*len(lags) + E*len(exog_lags)) of the first target of each window.

        Args:
            batch: windows from `gather`.
            lags: delays of y, at least 1 and at most L; in this order, all targets of one lag together.
            exog_lags: delays of x, at least 0 and at most L; 0 is the time of the target.
        """
        y_lags, x_lags = self._lags(lags, exog_lags)
        parts = [batch.y[:, self.length - lag] for lag in y_lags]
        parts += [batch.x[:, self.length - lag] for lag in x_lags]
        return np.concatenate(parts, axis=1) if parts else np.empty((len(batch.y), 0), self.y.dtype)

    def _lags(
        self, lags: int | Sequence[int], exog_lags: int | Sequence[int]
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        y_lags = _checked_lags("lags", lags, 1)
        x_lags = _checked_lags("exog_lags", exog_lags, 0)
        longest = max((*y_lags, *x_lags), default=0)
        if longest > self.length:
            remedy = f"Make the windows longer, Windows(panel, length={longest})"
            raise ValueError(explain("lags", f"at most length={self.length}", longest, remedy))
        return y_lags, x_lags

    def to_frame(self, lags: int | Sequence[int], exog_lags: int | Sequence[int] = ()) -> pd.DataFrame:
        """The lag table for any regressor: targets, then columns such as `y.lag1` and `x.lag0`.

        Args:
            lags: delays of y, a list or n for 1..n, at most L.
            exog_lags: delays of the covariates, a list or n for 0..n, at most L.

        Returns:
            One row per window, on the timestamp of its first target (for a panel on series and timestamp).
            With H > 1 the targets after the first are columns such as `y.lead1`.

        Example:
            >>> y = pd.Series([1.0, 2.0, 4.0], pd.period_range("2024", periods=3, freq="Y"), name="y")
            >>> Windows(Panel.from_data(y), length=1).to_frame(lags=[1])
                    y  y.lag1
            2025  2.0     1.0
            2026  4.0     2.0
        """
        y_lags, x_lags = self._lags(lags, exog_lags)
        batch, layout = self.gather(), self.panel.layout
        names: list[Hashable] = list(layout.target_names)
        names += [f"{name}.lead{step}" for step in range(1, self.horizon) for name in layout.target_names]
        names += [f"{name}.lag{lag}" for lag in y_lags for name in layout.target_names]
        names += [f"{name}.lag{lag}" for lag in x_lags for name in layout.exog_names]
        targets = batch.y[:, self.length :].reshape(len(self), -1)  # (B, H*O)
        values = np.concatenate([targets, self.lagged(batch, y_lags, x_lags)], axis=1)
        return pd.DataFrame(values, index=self._target_index(), columns=pd.Index(names))

    def _target_index(self) -> pd.Index:
        series, panel = self.series_of(), self.panel
        times = panel.timeline.stamps(series, self.target_rows() - panel.offsets[series])
        if not panel.layout.keyed:
            return times
        layout = panel.layout
        names = (layout.id_name, times.name)
        if layout.form == "long":
            names = (layout.names.series, layout.names.time)
        return pd.MultiIndex.from_arrays([panel.ids.take(series), times], names=names)


def pair(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Targets and covariates side by side as a network sees them: the one convention of time.

    Row j carries y_j and x_{j+1}, all that is known when y_{j+1} is forecast. `forecast.layers.feedback.pair` is the
    same in a compiled loop.

    Args:
        y: targets (B, T, O).
        x: covariates (B, T + 1, E) of the same rows and the next one; more are not used.

    Returns:
        (B, T, O+E).

    Example:
        >>> pair(np.array([[[1.0], [2.0]]]), np.array([[[10.0], [20.0], [30.0]]]))
        array([[[ 1., 20.],
                [ 2., 30.]]])
    """
    return np.concatenate([y, x[:, 1 : y.shape[1] + 1]], axis=2)


def _checked_lags(name: str, value: int | Sequence[int], minimum: int) -> tuple[int, ...]:
    """Lags in the order given; an int n means minimum..n."""
    if isinstance(value, Sequence) and not len(value):
        return ()
    ordered = check_lags(name, value, minimum)
    return ordered if isinstance(value, Integral | int) else tuple(int(lag) for lag in value)


def shift(values: np.ndarray, panel: Panel, lag: int, fill: float = np.nan) -> np.ndarray:
    """`values` (N, K) moved `lag` rows later; `fill` where that reaches before the series."""
    moved = np.full(values.shape, fill, np.result_type(values, fill))
    moved[lag:] = values[: max(len(values) - lag, 0)]
    moved[panel.position_of_rows() < lag] = fill
    return moved


def lag_table(panel: Panel, y: np.ndarray, lags: tuple[int, ...], exog_lags: tuple[int, ...]) -> np.ndarray:
    """Regressors (N, lags * O + exog_lags * E) of each row, lag-major, NaN before the series."""
    targets, width = y.shape[1] * len(lags), panel.n_exog
    table = np.empty((len(y), targets + width * len(exog_lags)), np.result_type(y, panel.x))
    for place, lag in enumerate(lags):
        table[:, place * y.shape[1] : (place + 1) * y.shape[1]] = shift(y, panel, lag)
    for place, lag in enumerate(exog_lags):
        table[:, targets + place * width : targets + (place + 1) * width] = shift(panel.x, panel, lag)
    return table


def history_end(values: np.ndarray, panel: Panel, reach: int, fill: float = 0.0) -> np.ndarray:
    """Last `reach` rows (S, reach, K) of each series; `fill` before the start of a shorter one."""
    rows = panel.offsets[1:, None] - np.arange(reach, 0, -1)  # (S, reach)
    inside = rows >= panel.offsets[:-1, None]
    return np.where(inside[..., None], values[np.where(inside, rows, 0)], fill)


def mean_change(y: np.ndarray, offsets: np.ndarray, lag: int) -> np.ndarray:
    """Mean |y_t - y_{t-lag}| of each series (S, O), zero where it has no such pair."""
    position = np.arange(len(y)) - np.repeat(offsets[:-1], np.diff(offsets))
    gap = np.abs(y - y[np.maximum(np.arange(len(y)) - lag, 0)])
    known = np.isfinite(gap) & (position >= lag)[:, None]
    sums = np.add.reduceat(np.where(known, gap, 0.0), offsets[:-1], axis=0)
    counts = np.add.reduceat(known, offsets[:-1], axis=0, dtype=float)
    return np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)


def change_in_windows(rows: np.ndarray, lag: int) -> np.ndarray:
    """Mean |y_t - y_{t-lag}| of each window (B, ...) of rows (B, L, ...) over pairs of known rows, NaN without one.

    Example:
        >>> change_in_windows(np.array([[1.0, 2.0, 4.0, np.nan]]), 1)
        array([1.5])
    """
    gap = np.abs(rows[:, lag:] - rows[:, :-lag])
    known = np.isfinite(gap)
    sums, pairs = np.where(known, gap, 0.0).sum(axis=1), known.sum(axis=1)
    return np.divide(sums, pairs, out=np.full_like(sums, np.nan), where=pairs > 0)


def naive_error(y: np.ndarray, offsets: np.ndarray, season: int) -> np.ndarray:
    """Mean |y_t - y_{t-m}| of each series (S, O), of |y_t - y_{t-1}| where it has no such pair; at least 1e-3."""
    error = mean_change(y, offsets, season)
    return np.maximum(np.where(error > 0, error, mean_change(y, offsets, 1)), 1e-3)
