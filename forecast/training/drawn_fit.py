"""Training on windows drawn over all series: how long by held-out forecasts, then on every row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from forecast.training.adam import adam
from forecast.training.drawn_windows import DrawnWindows, Shelf
from forecast.training.fit import Fitted
from forecast.training.flat_network import Array
from forecast.training.monitor import Monitor
from forecast.training.options import Options
from forecast.training.start import Prior, initial_weights, prior_at
from forecast.training.window_program import Program

EPOCH = 100  # batches of an epoch
PROBES = 2048  # windows at most whose error is told
SHARES = (0.25, 1.0)  # of the epochs: the lengths of training that held-out forecasts choose from


def train_drawn(
    program: Program,
    shelf: Shelf,
    *,
    season: int,
    measure: str | None,
    reach: int,
    options: Options,
    rng: np.random.Generator,
    theta: Array | None = None,
) -> Fitted:
    """Fit a direct network to windows of all series.

    With `options.validation` the last rows of each series are held out at first, and the length of training with
    the least cost of forecasts over them is taken, none at all included; the network is then trained on all rows.

    Args:
        program: the compiled network.
        shelf: the data.
        season, measure, reach: those of `DrawnWindows`.
        options: `epochs` of 100 batches each, `batch_size`, `learning_rate`, `weight_decay`, `validation`.
        rng: draws the initial weights and the windows.
        theta: (P,) to go on from.
    """
    start = initial_weights(program, rng) if theta is None else theta
    prior = prior_at(program, start, decay=options.weight_decay or 0.0)
    history: list[dict[str, float]] = []
    least = np.minimum(shelf.begin + max(3, season + 1), shelf.end - 1)  # first targets
    problem = DrawnWindows(
        program,
        shelf,
        least,
        shelf.end,
        shelf.end,
        _origins(np.maximum(least, shelf.end - shelf.horizon), shelf.end, shelf.horizon),
        season,
        measure,
        reach,
        EPOCH * options.batch_size,
        rng,
    )
    if options.validation:
        cut = shelf.end - np.maximum(_held_rows(shelf, options.validation), shelf.horizon)
        cut = np.where(cut > least, cut, shelf.end)  # too short: nothing is held out
        told = _origins(cut, shelf.end, shelf.horizon)
        train = replace(problem, stop=cut, visible=cut)
        held = replace(problem, probe=told)
        costs = {0.0: held.error(start)} if options.select else {}
        for share in SHARES:
            shorter = replace(options, epochs=max(1, round(share * options.epochs)))
            found, history = _minimise(train, start, prior, shorter, rng)
            costs[share] = held.error(found)
        best = min(costs, key=lambda share: costs[share])
        if best == 0.0:
            return Fitted(start, start, options.solver, linear=True, history=history)
        options = replace(options, epochs=max(1, round(best * options.epochs)))
    found, more = _minimise(problem, start, prior, options, rng)
    return Fitted(found, start, options.solver, history=history + more)


def _minimise(
    problem: DrawnWindows, start: Array, prior: Prior, options: Options, rng: np.random.Generator
) -> tuple[Array, list[dict[str, float]]]:
    """The last weights, whose rate has fallen to zero: the loss of an epoch is too noisy to choose by it."""
    monitor = Monitor(problem, None, start, options)
    theta = adam(problem, monitor.start, prior, options, monitor, rng).theta
    history = monitor.close(theta)
    if monitor.restored is not None:
        return monitor.restored, history
    return (theta if np.all(np.isfinite(theta)) else monitor.best), history


def _held_rows(shelf: Shelf, validation: float | int) -> Array:
    lengths = shelf.end - shelf.begin
    if isinstance(validation, float):
        return np.ceil(validation * lengths).astype(int)
    return np.full(len(lengths), validation)


def _origins(first: Array, end: Array, horizon: int) -> tuple[Array, Array]:
    """(series, first target) of the windows whose targets all lie from `first` to `end`, PROBES of them at most."""
    count = np.maximum(end - first - horizon + 1, 0)
    series = np.repeat(np.arange(len(first)), count)
    place = np.arange(len(series)) - np.repeat(np.cumsum(count) - count, count)
    rows = first[series] + place
    some = np.unique(np.linspace(0, len(rows) - 1, PROBES).astype(int)) if len(rows) else np.arange(0)
    return series[some], rows[some]
