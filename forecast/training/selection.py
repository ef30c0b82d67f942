"""Which candidate is kept: the one whose closed loop has the smaller error from the last origins of the history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Self

import numpy as np
import pandas as pd
from tqdm import tqdm

from forecast.networks import NetworkConfig
from forecast.networks.roles import Role
from forecast.training.fit import Fitted, is_solved, linear_fit, train
from forecast.training.flat_network import Array
from forecast.training.options import Options
from forecast.training.rivals import Linear, decide
from forecast.training.start import initial_weights, linear_members
from forecast.training.window_program import WindowProgram
from forecast.windows import Windows, naive_error

ORIGINS, MOST_ORIGINS = 8, 32  # at most, of each series and of a single series
HELD_OUT = 3  # at most one row in this many lies after the first origin
LINEAR = "linear model"  # the first candidate
NO_OTHERS: Mapping[str, Array] = MappingProxyType({})
FREE_RUNS, LONGEST_RUN = 2, 1_000  # of a simulated record, and the rows of one run at most


@dataclass(frozen=True, eq=False)
class HeldOut:
    """The last origins of each series, and the windows that lie before the first of them.

    Args:
        before: windows to train a candidate on; weights: (N,) weight of each row of its panel as a target.
        runs: L known rows and H rows to forecast in closed loop, one for each origin.
        unit: (n, O) error of the naive forecast of the series of each run, the unit of its error.
        limits: (2, O) bounds of a value that is fed back.
        overlap: how many runs count as one: those that share a row of a series, at most all runs of a series.
        foreseen: (n, H, E) the first covariates of the rows ahead as each origin knows them, in the user's units and
            scaled; None where that is what came.
    """

    before: Windows
    weights: Array
    runs: Windows
    unit: Array
    limits: Array
    overlap: float
    foreseen: tuple[Array, Array] | None = None

    @classmethod
    def of(
        cls, windows: Windows, weights: Array, *, horizon: int | None, season: int, limits: Array
    ) -> Self | None:
        """The last origins of the panel of `windows`; None where all series are too short.

        Args:
            horizon: steps that count; None for free runs laid end to end.
            season: rows between the values that the naive error compares.
        """
        panel, length, values = windows.panel, windows.length, (windows.y, windows.x)
        room = (panel.lengths - length) // HELD_OUT  # (S,)
        longest = int(room.max(initial=0))
        if longest < windows.horizon:
            return None
        if horizon is None:
            most, horizon = FREE_RUNS, min(max(longest // FREE_RUNS, 1), LONGEST_RUN)
        else:
            most, horizon = max(ORIGINS, MOST_ORIGINS // panel.n_series), min(horizon, longest)
        stride = int(np.clip((longest - horizon) // max(most - 1, 1), 1, horizon))
        runs = Windows(panel, length=length, horizon=horizon, stride=stride, values=values)
        series = runs.series_of()
        back = panel.offsets[1:][series] - runs.target_rows()  # rows from the origin to the end
        recent = (back <= room[series]) & (back - horizon < most * stride)
        runs = runs.select(np.flatnonzero(recent & runs.finite()))
        if (told := runs.observed()) is not None:  # what is filled neither judges nor knows what comes
            runs = runs.select(np.flatnonzero((told & runs.follows_known()).any(axis=(1, 2))))
        cut = panel.offsets[1:].copy()
        np.minimum.at(cut, runs.series_of(), runs.target_rows())
        rows: Any = np.arange(len(weights)) < np.repeat(cut, panel.lengths)
        if panel.n_series == 1:
            rows = slice(int(cut[0]))  # no copy
        before = Windows(
            panel.head(cut - panel.offsets[:-1]),
            length=length,
            horizon=windows.horizon,
            values=(values[0][rows], values[1][rows]),
        )
        if not len(runs) or not weights[rows][before.target_rows()[before.finite()]].any():
            return None
        # Runs of one series share rows, so they are no independent evidence; different series are.
        overlap = min(horizon / stride, len(runs) / len(np.unique(runs.series_of())))
        known = np.where(np.isfinite(panel.y), windows.y, np.nan) if windows.filled else windows.y
        unit = naive_error(known, panel.offsets, season)[runs.series_of()]
        return cls(before, weights[rows], runs, unit, limits, overlap)

    def errors(
        self, program: WindowProgram, *thetas: Array, reaches: list[int | None] | None = None
    ) -> Array:
        """(n,) mean absolute error of the median of closed loops, in units of the naive forecast.

        Args:
            thetas: weights (P,) of each member; reaches: rows that each reads, by default all of the window.
        """
        y, x, target = self._known()
        parts = x[:, : y.shape[1]], x[:, y.shape[1] :], self.limits
        runs = [
            program.objective.point(program.ahead(theta, y, *parts, reach))
            for theta, reach in zip(thetas, reaches or [None] * len(thetas), strict=True)
        ]
        return self.in_units(np.abs(target - np.median(runs, axis=0)))

    def errors_of_linear(self, model: Linear) -> Array:
        """(n,) the same for a linear model fitted to the rows before."""
        y, x, target = self._known()
        coefficients = model.fit(self.before, self.weights)
        return self.in_units(np.abs(target - model.ahead(coefficients, y, x, self.limits)))

    def _known(self) -> tuple[Array, Array, Array]:
        """Known rows (n, L, O), covariates (n, L+H, E) and targets (n, H, O) of the runs."""
        batch, length = self.runs.gather(), self.runs.length
        if self.foreseen is not None:
            scaled = self.foreseen[1]
            batch.x[:, length:, : scaled.shape[2]] = scaled
        target, known = batch.y[:, length:], self.runs.observed()
        return batch.y[:, :length], batch.x, target if known is None else np.where(known, target, np.nan)

    def in_units(self, error: Array, which: Array | slice = slice(None)) -> Array:
        """Mean (n,) of the known absolute errors (n, H, O) of some runs, in units of the naive forecast."""
        average = np.mean if np.isfinite(error).all() else np.nanmean
        mean: Array = average(error / self.unit[which, None], axis=(1, 2))
        return mean


def choose_scale(held_out: HeldOut, config: NetworkConfig) -> tuple[str, pd.DataFrame]:
    """Scale of windows, "series", "level" or "window", judged by linear models of the same inputs; and the table."""
    names = {"series": LINEAR, "level": f"{LINEAR}, level", "window": f"{LINEAR}, window"}
    linear = Linear.of(config)
    errors = {names[scale]: held_out.errors_of_linear(replace(linear, scale=scale)) for scale in names}
    table = decide(errors, held_out.overlap)
    return list(names)[int(table["kept"].argmax())], table


def joined(scales: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """One table of the choice of a scale, and of the choice among which is the linear model of that scale."""
    if not len(scales) or not len(table):
        return table if len(table) else scales
    own = table["candidate"] == LINEAR
    chosen = scales["kept"] & bool(table["kept"][own].any())
    return pd.concat([scales.assign(kept=chosen), table[~own]], ignore_index=True)


def fit_members(
    program: WindowProgram,
    windows: Windows,
    weights: Array,
    held_out: HeldOut | None,
    starts: list[Array | None],
    *,
    options: Options,
    seed: int | None,
    others: Mapping[str, Array] = NO_OTHERS,
) -> tuple[list[Fitted], pd.DataFrame]:
    """The members of a fit on all windows, and the table of what was decided: the linear model, or the network.

    Both are trained on the rows before the held-out origins and judged from these; one network represents all
    members. The kept one is trained on all rows; where that makes the closed loop of a network worse than before, the
    network that was judged stays. Without a linear path, or with nothing beside it, there is nothing to choose.

    Args:
        program: the compiled network.
        windows: L + H rows each; weights: (N,) weight of every row of the buffer as a target.
        held_out: the origins that decide; None keeps the linear model.
        starts: weights (P,) of each member to continue from, None for a new start.
        options: of the training.
        seed: of the random starts and batches.
        others: errors of candidates that are no part of the network, the first rows of the table; where one of
            these is kept, the members are the linear path.
    """
    rng, own = np.random.default_rng(seed), bool(program.members(Role.LINEAR).any())
    data = program, windows, weights
    if is_solved(program, options) and options.training == "one-step":
        return [linear_fit(*data, initial_weights(program, rng)) for _ in starts], decide({})
    if not (options.select and (own or others)) or linear_members(program).all():
        return [train(*data, options=options, rng=rng, theta=start) for start in starts], decide({})
    first = [initial_weights(program, rng) if start is None else start for start in starts]
    linear = [linear_fit(*data, theta) for theta in first]
    if held_out is None:
        return linear, decide({LINEAR: np.full(1, np.nan)})
    options = replace(options, ahead=held_out.runs.horizon)
    trial, errors = _trial(program, held_out, options, seed), dict(others)
    for name, fit in trial.items():
        if name == "network" or own:
            errors[name if name not in errors else "linear path"] = held_out.errors(program, fit.theta)
    table = decide(errors, held_out.overlap)
    show(table, options)
    if not table["kept"].iloc[-1]:
        return linear, table
    again = _again(trial["network"], options)
    fits: list[Fitted] = []
    for start, begin in zip(starts, linear, strict=True):
        theta = trial["network"].theta if start is None and not fits and not options.validation else start
        fit = train(*data, options=again, rng=np.random.default_rng(seed) if not fits else rng, theta=theta)
        worse = held_out.errors(program, fit.theta).mean() > errors["network"].mean()
        fits.append(replace(trial["network"] if worse else fit, start=begin.theta))
    return fits, table


def _trial(
    program: WindowProgram, held_out: HeldOut, options: Options, seed: int | None
) -> dict[str, Fitted]:
    """The linear model and a network, both trained on the rows before the first origin."""
    data = program, held_out.before, held_out.weights
    linear = linear_fit(*data, initial_weights(program, np.random.default_rng(seed)))
    quiet, rng = replace(options, callbacks=(), trial=True), np.random.default_rng(seed)
    return {LINEAR: linear, "network": train(*data, options=quiet, rng=rng)}


def _again(trial: Fitted, options: Options) -> Options:
    """Options to train again on all rows: no validation part, and as many epochs as it found best."""
    losses = [logs["val_loss"] for logs in trial.history if "val_loss" in logs]
    if not (options.all_rows and losses):
        return options
    return replace(options, validation=0, epochs=max(1, int(np.argmin(losses))))


def show(table: pd.DataFrame, options: Options) -> None:
    """Print what was decided, unless silent."""
    if options.verbose:
        tqdm.write(table.to_string(index=False))
