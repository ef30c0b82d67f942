"""Windows drawn at random over all series of a panel, every series equally often; none is ever kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from forecast.training.backend import to_numpy
from forecast.training.flat_network import CHUNK, Array
from forecast.training.window_program import WindowProgram
from forecast.windows import change_in_windows, naive_error

LEAST_SHARE = 0.1  # of the error of the naive forecast of a series: the least unit of one of its windows


class PaddedSeries:
    """All series in one buffer with room before and after each, so that every window is a slice of it.

    Args:
        offsets: first row of each series and N, shape (S+1,).
        y: targets (N, O), NaN where missing; x: covariates (N, E); weights: (N,) of the rows as targets.
        zero: where zero lies in the units of y, (S, O).
        length: L, rows of a window; horizon: H, its targets.
        season: m, steps of the difference that measures a series.
    """

    def __init__(
        self,
        offsets: Array,
        y: Array,
        x: Array,
        weights: Array,
        *,
        zero: Array,
        length: int,
        horizon: int,
        season: int,
    ) -> None:
        self.length, self.horizon, self.zero = length, horizon, zero
        lengths, room = np.diff(offsets), length + horizon
        self.begin = offsets[:-1] + room * np.arange(len(lengths)) + length  # (S,) of the first rows
        self.end = self.begin + lengths
        rows = np.arange(len(y)) + np.repeat(self.begin - offsets[:-1], lengths)
        total = int(self.end[-1]) + horizon
        self.y = np.full((total, y.shape[1]), np.nan)
        self.x, self.weights = np.zeros((total, x.shape[1])), np.zeros((total, 1))
        self.y[rows], self.x[rows], self.weights[rows, 0] = y, x, weights
        self.naive = naive_error(y, offsets, season)

    def rows(self, values: Array, at: Array, width: int) -> Array:
        """Rows at, ..., at + width - 1 of a buffer: (B, width, F)."""
        view = np.lib.stride_tricks.sliding_window_view(values, width, axis=0)  # (n, F, width)
        return view[at].swapaxes(1, 2)

    def inputs(self, program: WindowProgram, past: Array, at: Array) -> Array:
        """What a network sees (B, L + lead, O+E) before the rows `at`: the targets `past` (B, L, O) and covariates."""
        rows, targets = self.length + program.lead, past.shape[2]
        window = np.full((len(at), rows, program.features), np.nan, program.dtype)
        window[:, : self.length, :targets] = past
        if program.exog:
            window[:, :, targets:] = self.rows(self.x, at - self.length + 1, rows)
        return window


@dataclass(frozen=True, eq=False)
class DrawnWindows:
    """Direct forecasts of one network from windows that end anywhere in any series.

    The cost of an error is taken in a unit, its `measure`: "window", the spread that the network sees, or "series",
    its naive error. That of the window knows nothing of later rows, and weighs calm and wild stretches alike.

    Args:
        program: the compiled network of L rows and H steps.
        padded: the series, with room before and after each.
        first, stop: buffer rows (S,): the first target of a window lies between them.
        probe: series (n,) and rows (n,) of the first targets of the windows whose error is measured.
        season: m of the units; measure: "window", "series" or None, for the units of the network.
        reach: rows of a window that are shown, older ones are missing.
        rng: draws windows.
    """

    program: WindowProgram
    padded: PaddedSeries
    first: Array
    stop: Array
    probe: tuple[Array, Array]
    season: int
    measure: str | None
    reach: int
    rng: np.random.Generator

    def draw(self, count: int) -> tuple[Array, ...]:
        """`count` newly drawn windows."""
        series = self.rng.integers(len(self.first), size=count)
        place = self.rng.random(count) * (self.stop - self.first)[series]
        return self.windows(series, self.first[series] + place.astype(int))

    def windows(self, series: Array, at: Array) -> tuple[Array, ...]:
        """Windows (B, L + lead, O+E) before the rows `at`, targets, zeros (B, 1, O), units and weights (B, H, O)."""
        padded, length, horizon = self.padded, self.padded.length, self.padded.horizon
        y = padded.rows(padded.y, at - length, length + horizon)
        past, targets = y[:, :length].copy(), y[:, length:]
        past[:, : length - self.reach] = np.nan
        weights = padded.rows(padded.weights, at, horizon) * np.isfinite(targets)
        targets = np.nan_to_num(targets)
        zero = (
            padded.zero[series][:, None]
            if self.program.objective.absolute
            else np.zeros((len(at), 1, y.shape[2]))
        )
        inputs = padded.inputs(self.program, past, at)
        return inputs, targets, zero, self._unit(past, targets, series), weights / horizon

    def _unit(self, past: Array, targets: Array, series: Array) -> Array:
        """The unit of each error (B, H, O)."""
        naive = self.padded.naive[series][:, None]
        unit = np.ones_like(naive)
        if self.measure == "window":
            unit = np.maximum(spread(past, self.season)[:, None], LEAST_SHARE * naive)
        if self.measure == "series":
            unit = naive
        return np.broadcast_to(unit, targets.shape)

    def error(self, theta: Array) -> float:
        """The mean cost of the probed windows."""
        total = weight = 0.0
        for start in range(0, len(self.probe[0]), CHUNK):
            some = (part[start : start + CHUNK] for part in self.probe)
            window, target, zero, unit, weights = self.windows(*some)
            forecast = self.program.apply(theta, window)
            cost = self.program.objective.cost_in(target, forecast, zero, unit)
            total += float(np.sum(weights * to_numpy(cost)))
            weight += float(np.sum(weights))
        return total / max(weight, 1e-12)


def spread(past: Array, season: int) -> Array:
    """Mean |y_t - y_{t-m}| (B, O) over pairs of known rows of windows (B, L, O); |y_t - y_{t-1}| without pairs."""
    near = np.nan_to_num(change_in_windows(past, 1))
    if not 1 < season < past.shape[1]:
        return near
    seasonal = change_in_windows(past, season)  # NaN is not above 0
    return np.where(seasonal > 0, seasonal, near)


@dataclass(frozen=True, eq=False)
class Team:
    """Networks of one shape that learn side by side in one compiled call, each from windows of its own; for Adam.

    Their weights are one vector (M*P,), one member after the other.

    Args:
        members: what each member learns from.
        draws: windows of an epoch.
    """

    update: ClassVar[str] = "team_adam"
    members: tuple[DrawnWindows, ...]
    draws: int

    @property
    def program(self) -> WindowProgram:
        """The network of each member."""
        return self.members[0].program

    @property
    def count(self) -> float:
        """The number of errors of an epoch."""
        return float(self.draws)

    def __len__(self) -> int:
        return self.draws

    def take(self, which: Array) -> tuple[Array, ...]:
        """As many windows of each member as `which` has numbers: arrays (B, M, ...)."""
        drawn = [member.draw(len(which)) for member in self.members]
        return tuple(np.stack(parts, axis=1) for parts in zip(*drawn, strict=True))

    def error(self, theta: Array) -> float:
        """The mean cost of the members, times the number of draws."""
        parts = theta.reshape(len(self.members), -1)
        costs = [member.error(part) for member, part in zip(self.members, parts, strict=True)]
        return float(np.mean(costs)) * self.draws
