"""Training of a team of networks on windows drawn at random over all series of a panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from forecast.training.adam import adam
from forecast.training.drawn_windows import DrawnWindows, PaddedSeries, Team
from forecast.training.fit import Fitted
from forecast.training.flat_network import Array
from forecast.training.monitor import Monitor
from forecast.training.options import Options
from forecast.training.start import initial_weights, prior_at
from forecast.training.window_program import WindowProgram

PROBES = 2048  # most windows whose error is measured


def train_drawn(
    program: WindowProgram,
    padded: PaddedSeries,
    *,
    season: int,
    reaches: Sequence[int],
    measure: str | None,
    batches: int,
    options: Options,
    rng: np.random.Generator,
    thetas: Sequence[Array | None],
) -> list[Fitted]:
    """Fit direct networks of one shape to windows of all series, all of them in one compiled call.

    Callbacks follow a single network: with them the members learn one after the other.

    Args:
        program: the compiled network.
        padded: the series, with room before and after each.
        season: that of `DrawnWindows`.
        reaches: rows of a window that each member reads; measure: that of `DrawnWindows`.
        batches: of an epoch.
        options: `epochs`, `batch_size`, `learning_rate`, `weight_decay`.
        rng: draws the initial weights and the windows.
        thetas: weights (P,) of each member to continue from, None for a new start.
    """
    starts = [initial_weights(program, rng) if theta is None else theta for theta in thetas]
    least = np.minimum(padded.begin + max(3, season + 1), padded.end - 1)  # first targets
    probe = _origins(np.maximum(least, padded.end - padded.horizon), padded.end, padded.horizon)
    found = [
        DrawnWindows(program, padded, least, padded.end, probe, season, measure, reach, own)
        for reach, own in zip(reaches, rng.spawn(len(reaches)), strict=True)
    ]
    size = 1 if options.callbacks else len(found)
    fits: list[Fitted] = []
    for first in range(0, len(found), size):
        team = Team(tuple(found[first : first + size]), batches * options.batch_size)
        fits += _fitted(team, starts[first : first + size], options, rng)
    return fits


def _fitted(team: Team, starts: list[Array], options: Options, rng: np.random.Generator) -> list[Fitted]:
    """The last weights, whose rate has fallen to zero: the loss of an epoch is too noisy to choose by it."""
    alone = [prior_at(team.program, start, decay=options.weight_decay or 0.0) for start in starts]
    groups, centers = (
        np.concatenate([getattr(each, name) for each in alone]) for name in ("groups", "center")
    )
    prior = replace(alone[0], groups=groups, center=centers)
    monitor = Monitor(team, None, np.concatenate(starts), options)
    theta = adam(team, monitor.start, prior, options, monitor, rng).theta
    history = monitor.close(theta)
    if monitor.restored is not None:
        theta = monitor.restored
    if not np.all(np.isfinite(theta)):
        theta = monitor.best
    parts = theta.reshape(len(starts), -1)
    return [Fitted(part, start, "adam", history=history) for part, start in zip(parts, starts, strict=True)]


def _origins(first: Array, end: Array, horizon: int) -> tuple[Array, Array]:
    """(series, first target) of the windows whose targets all lie from `first` to `end`, PROBES of them at most."""
    count = np.maximum(end - first - horizon + 1, 0)
    series = np.repeat(np.arange(len(first)), count)
    place = np.arange(len(series)) - np.repeat(np.cumsum(count) - count, count)
    rows = first[series] + place
    some = np.unique(np.linspace(0, len(rows) - 1, PROBES).astype(int)) if len(rows) else np.arange(0)
    return series[some], rows[some]
