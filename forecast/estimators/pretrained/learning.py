"""How a pretrained network learns: windows that end anywhere in any series, its loss, and Adam; the part with Keras."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from scipy.special import ndtri

from forecast.estimators.pretrained.families import Family
from forecast.estimators.pretrained.layout import Layout
from forecast.estimators.pretrained.network import Blocks
from forecast.estimators.pretrained.profile import reach, without_profile
from forecast.estimators.pretrained.window import Window, last_known, window_of
from forecast.networks.pretrained import block_maps, pretrained

BATCH, FAR, BEND = 512, 200.0, 6.0
SHARES = (0.05, 0.1, 0.25, 0.75, 0.9, 0.95)
WARM_UP = 100  # steps in which the rate rises


class Buffer:
    """Series of one season in one row, with room before and after each.

    Args:
        series: values of each, NaN where missing.
        layout: of the network; family: which season it is told, and which profile is taken off.
    """

    def __init__(self, series: Sequence[np.ndarray], layout: Layout, family: Family) -> None:
        self.layout, self.family = layout, family
        self.reach, self.ahead = reach(layout, family), len(layout.outputs(family.season))
        self.lengths = np.array([len(each) for each in series])
        self.first = np.cumsum(np.r_[0, self.lengths[:-1] + self.reach + self.ahead])
        self.values = np.full(self.first[-1] + self.lengths[-1] + self.reach + self.ahead, np.nan)
        for each, first in zip(series, self.first, strict=True):
            self.values[first + self.reach : first + self.reach + len(each)] = each
        self.view = np.lib.stride_tricks.sliding_window_view(self.values, self.reach + self.ahead)

    def at(self, which: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows before and after the first `known` rows of some series: (B, reach), (B, ahead)."""
        both = self.view[self.first[which] + known]
        return both[:, : self.reach].copy(), both[:, self.reach :]

    def draw(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Windows that end anywhere, some of them short or with missing rows."""
        which = rng.integers(len(self.lengths), size=count)
        least = np.where(rng.random(count) < 0.9, self.family.season + 2, 3)
        least = np.minimum(least, self.lengths[which] - 1)
        known = least + (rng.random(count) * (self.lengths[which] - least)).astype(int)
        rows, after = self.at(which, known)
        some = rng.random((count, 1)) < 0.05
        rows[(rng.random(rows.shape) < 0.2 * some)] = np.nan
        short = np.where(rng.random(count) < 0.1, rng.integers(3, self.reach + 1, count), self.reach)
        rows[np.arange(self.reach) < (self.reach - short)[:, None]] = np.nan
        rows, season = without_profile(rows, self.family.profile, self.ahead)
        return rows, after - season


def batches(
    parts: Sequence[Buffer], shares: np.ndarray, rng: np.random.Generator, *, relative: bool
) -> Iterator[Any]:
    """Inputs and targets for ever; targets are values in units of the window, and their weights.

    Args:
        parts: series of one layout; shares: of the windows, their sum is 1.
        rng: draws the windows.
        relative: whether a weight is the spread of the window in tenths of its mean size, at most 3, so that errors
            count as relative ones.
    """
    layout = parts[0].layout
    while True:
        part = parts[rng.choice(len(parts), p=shares)]
        counts = rng.multinomial(BATCH, shares) if not layout.slots else [BATCH]
        chosen = parts if not layout.slots else [part]
        pairs = [each.draw(rng, count) for each, count in zip(chosen, counts, strict=True) if count]
        rows, after = (np.concatenate(each) for each in zip(*pairs, strict=True))
        level, season = last_known(rows, 0.0), part.family.season
        seen = window_of(rows[:, -layout.reach(season) :], level, season, layout.back(season))
        target = (after - level) / np.where(seen.spread > 0, seen.spread, 1.0)
        known = np.isfinite(target) & (seen.spread > 0) & np.isfinite(rows).any(axis=1, keepdims=True)
        packed = np.zeros((len(rows), layout.width, 2), np.float32)
        packed[:, layout.outputs(season), 0] = np.clip(np.where(known, target, 0), -FAR, FAR)
        packed[:, layout.outputs(season), 1] = known * (relative_weight(rows, seen) if relative else 1.0)
        yield seen.inputs, packed.reshape(len(rows), -1)


def relative_weight(rows: np.ndarray, seen: Window) -> np.ndarray:
    """(B, 1): ten spreads over the mean |y|, at most 3."""
    known = np.isfinite(rows)
    size = np.where(known, np.abs(rows), 0.0).sum(axis=1, keepdims=True) / np.maximum(
        known.sum(axis=1, keepdims=True), 1
    )
    return np.minimum(10 * seen.spread / np.where(size > 0, size, 1.0), 3.0)


def loss(target: Any, numbers: Any) -> Any:
    """Absolute error of the median in units of the window, and the pinball loss of the quantiles after arcsinh."""
    target, numbers = (
        ops.reshape(target, (-1, numbers.shape[1] // 3, 2)),
        ops.reshape(numbers, (-1, numbers.shape[1] // 3, 3)),
    )
    value, weight = target[..., 0], target[..., 1]
    cost = ops.abs(ops.sinh(ops.clip(numbers[..., 0], -BEND, BEND)) - value)
    error = ops.arcsinh(value) - ops.stop_gradient(numbers[..., 0])
    for share in SHARES:
        width = ops.softplus(numbers[..., 1 if share < 0.5 else 2])
        gap = error - float(ndtri(share)) * width
        cost = cost + 0.5 * ops.maximum(share * gap, (share - 1) * gap)
    return ops.sum(weight * cost) / (ops.sum(weight) + 1.0)


def learned(
    model: keras.Model,
    found: Iterator[Any],
    *,
    rate: float,
    total: int,
    steps: int,
    epochs: int = 1,
    verbose: int = 0,
) -> Blocks:
    """The blocks of a model after Adam, whose rate rises to `rate` and falls to zero along a cosine.

    Args:
        model: `forecast.networks.pretrained`; it is changed.
        found: `batches`; total: of the cosine; steps: of each of the epochs.
    """
    warm_up = min(WARM_UP, total // 2)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, max(total - warm_up, 1), warmup_target=rate, warmup_steps=warm_up
    )
    model.compile(keras.optimizers.Adam(schedule, clipnorm=1.0), loss)
    model.fit(found, steps_per_epoch=steps, epochs=epochs, shuffle=False, verbose=verbose)
    return tuple(tuple(ops.convert_to_numpy(each) for each in maps) for maps in block_maps(model))


def fine_tuned(
    member: Blocks,
    buffer: Buffer,
    *,
    rate: float,
    steps: int,
    rng: np.random.Generator,
    relative: bool,
    verbose: int,
) -> Blocks:
    """The blocks of one member after more training, on the windows of a buffer alone."""
    layout, season = buffer.layout, buffer.family.season
    shape = {"blocks": len(member), "units": len(member[0][1])}
    model = pretrained(layout.inputs, layout.width, skip=layout.skip(season).tolist(), **shape)
    for own, maps in zip(block_maps(model), member, strict=True):
        for variable, values in zip(own, maps, strict=True):
            variable.assign(values)
    found = batches([buffer], np.ones(1), rng, relative=relative)
    return learned(model, found, rate=rate, total=steps, steps=steps, verbose=verbose)
