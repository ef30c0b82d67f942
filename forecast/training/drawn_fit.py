"""Training on windows drawn over all series of a panel."""

from __future__ import annotations

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

    Args:
        program: the compiled network.
        shelf: the data.
        season, measure, reach: those of `DrawnWindows`.
        options: `epochs` of 100 batches each, `batch_size`, `learning_rate`, `weight_decay`.
        rng: draws the initial weights and the windows.
        theta: (P,) to go on from.
    """
    start = initial_weights(program, rng) if theta is None else theta
    prior = prior_at(program, start, decay=options.weight_decay or 0.0)
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
    found, history = _minimise(problem, start, prior, options, rng)
    return Fitted(found, start, options.solver, history=history)


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


def _origins(first: Array, end: Array, horizon: int) -> tuple[Array, Array]:
    """(series, first target) of the windows whose targets all lie from `first` to `end`, PROBES of them at most."""
    count = np.maximum(end - first - horizon + 1, 0)
    series = np.repeat(np.arange(len(first)), count)
    place = np.arange(len(series)) - np.repeat(np.cumsum(count) - count, count)
    rows = first[series] + place
    some = np.unique(np.linspace(0, len(rows) - 1, PROBES).astype(int)) if len(rows) else np.arange(0)
    return series[some], rows[some]
