"""python examples/pretraining/train.py FOLDER [--families season_1 ...] [--steps N] [--out DIR]

Trains the networks of `forecast.Pretrained` and writes their weights: one file a family of seasons, and what each was
trained on and scored, as JSON, beside it. FOLDER holds `m4/` and the sets of the benchmarks, which are read to make
sure that no series of M4 shares a window with them. One series in ten is held out: its last horizon gives the scores
here, and its quantiles the calibration. Run with KERAS_BACKEND=jax, on one core for the same weights every time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from card import card
from keras import ops
from scipy.special import ndtri
from sources import Source, sources

from forecast.estimators.pretrained.layout import Layout
from forecast.estimators.pretrained.network import GRID, Network, read, write
from forecast.estimators.pretrained.window import Window, last_known, quantile, window_of
from forecast.networks.pretrained import block_maps, pretrained

BATCH, FAR, BEND = 512, 200.0, 6.0
SHARES = (0.05, 0.1, 0.25, 0.75, 0.9, 0.95)
STEP = 250  # batches of an epoch


@dataclass(frozen=True)
class Plan:
    """A family: its layout, size, members and training."""

    layout: Layout
    members: int
    steps: int
    blocks: int = 4
    units: int = 256
    scored: int = 6  # steps of the held-out scores


PLANS = {
    "season_1": Plan(Layout(recent=24, ahead=8), 2, 6_000, scored=6),
    "season_4": Plan(Layout(recent=28, ahead=8), 2, 6_000, scored=8),
    "season_12": Plan(Layout(recent=60, ahead=24), 2, 8_000, scored=18),
    "any_season": Plan(Layout(recent=24, ahead=2, slots=24, cycles=8), 1, 8_000, blocks=3, scored=14),
}


class Buffer:
    """Series of one season in one row, with room before and after each."""

    def __init__(self, series: list[np.ndarray], layout: Layout, season: int) -> None:
        self.season, self.reach, self.ahead = season, layout.reach(season), len(layout.outputs(season))
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
        least = np.minimum(np.where(rng.random(count) < 0.9, self.season + 2, 3), self.lengths[which] - 1)
        known = least + (rng.random(count) * (self.lengths[which] - least)).astype(int)
        rows, after = self.at(which, known)
        some = rng.random((count, 1)) < 0.05
        rows[(rng.random(rows.shape) < 0.2 * some)] = np.nan
        short = np.where(rng.random(count) < 0.1, rng.integers(3, self.reach + 1, count), self.reach)
        rows[np.arange(self.reach) < (self.reach - short)[:, None]] = np.nan
        return rows, after


def batches(parts: list[Buffer], shares: np.ndarray, layout: Layout, seed: int) -> Iterator[tuple[Any, Any]]:
    """Inputs and targets for ever; targets are values in units of the window, and their weights.

    For an odd seed a weight is the spread of the window in tenths of its mean size, at most 3, so that errors count
    as relative ones: members of both kinds are averaged.
    """
    rng = np.random.default_rng(seed)
    while True:
        part = parts[rng.choice(len(parts), p=shares)]
        counts = rng.multinomial(BATCH, shares) if not layout.slots else [BATCH]
        chosen = parts if not layout.slots else [part]
        pairs = [each.draw(rng, count) for each, count in zip(chosen, counts, strict=True) if count]
        rows, after = (np.concatenate(each) for each in zip(*pairs, strict=True))
        level = last_known(rows, 0.0)
        seen = window_of(rows, level, part.season, layout.back(part.season))
        target = (after - level) / np.where(seen.spread > 0, seen.spread, 1.0)
        known = np.isfinite(target) & (seen.spread > 0) & np.isfinite(rows).any(axis=1, keepdims=True)
        packed = np.zeros((len(rows), layout.width, 2), np.float32)
        packed[:, layout.outputs(part.season), 0] = np.clip(np.where(known, target, 0), -FAR, FAR)
        packed[:, layout.outputs(part.season), 1] = known * (relative_weight(rows, seen) if seed % 2 else 1.0)
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


def fit(plan: Plan, found: list[Source], seed: int) -> tuple[tuple[np.ndarray, ...], ...]:
    """The blocks of one network trained from `seed`."""
    keras.utils.set_random_seed(seed)
    layout, shape = plan.layout, {"blocks": plan.blocks, "units": plan.units}
    model = pretrained(layout.inputs, layout.width, skip=layout.skip(found[0].season), **shape)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, max(plan.steps - 100, 1), warmup_target=1e-3, warmup_steps=100
    )
    model.compile(keras.optimizers.Adam(rate, clipnorm=1.0), loss)
    parts = [Buffer(each.part(held=False), plan.layout, each.season) for each in found]
    shares = np.array([each.share for each in found])
    model.fit(
        batches(parts, shares / shares.sum(), plan.layout, seed),
        steps_per_epoch=min(STEP, plan.steps),
        epochs=-(-plan.steps // STEP),
        shuffle=False,
        verbose=2,
    )
    return tuple(tuple(ops.convert_to_numpy(each) for each in maps) for maps in block_maps(model))


def held_out(plan: Plan, network: Network, found: list[Source]) -> tuple[dict[str, Any], np.ndarray]:
    """sMAPE and MASE of the last horizon of the series held out, and the scores that stand for the shares of GRID."""
    table, pools = {}, []
    for source in found:
        series = [each for each in source.part(held=True) if len(each) > plan.scored + source.season + 2]
        buffer = Buffer(series, plan.layout, source.season)
        steps = min(plan.scored, buffer.ahead)
        rows, after = buffer.at(np.arange(len(series)), buffer.lengths - steps)
        level = last_known(rows, 0.0)
        numbers, spread = network.block(rows, level, source.season)
        forecast, truth = (
            (level + spread * quantile(numbers, np.zeros(1))[..., 0])[:, :steps],
            after[:, :steps],
        )
        error, size = np.abs(truth - forecast), np.abs(truth) + np.abs(forecast)
        scale = [
            np.mean(np.abs(each[source.season : -steps] - each[: -steps - source.season])) for each in series
        ]
        usable = np.array(scale) > 0
        table[source.name] = {
            "series": len(source.series),
            "season": source.season,
            "share": source.share,
            "sMAPE": round(200 * float(np.mean(error / np.where(size > 0, size, 1))), 3),
            "MASE": round(float(np.mean(error[usable].mean(axis=1) / np.array(scale)[usable])), 4),
        }
        gap = np.arcsinh((truth - level) / np.where(spread > 0, spread, 1)) - numbers[:, :steps, 0]
        width = np.logaddexp(np.where(gap < 0, numbers[:, :steps, 1], numbers[:, :steps, 2]), 0.0)
        pools.append((np.where(spread > 0, gap / width, np.nan).ravel(), source.share))
    weight = np.concatenate([np.full(len(each), share / len(each)) for each, share in pools])
    values = np.concatenate([each for each, _ in pools])
    known = np.isfinite(values)
    order = np.argsort(values[known])
    below = np.cumsum(weight[known][order]) / weight[known].sum()
    return table, np.interp(GRID, below, values[known][order])


def train(folder: Path, out: Path, family: str, plan: Plan) -> None:
    """Train a family; write its weights and what its card says of them, after each member."""
    found, members = sources(folder, family), []
    for seed in range(plan.members):
        members.append(fit(plan, found, seed))
        network = Network(plan.layout, tuple(members), ndtri(np.array(GRID)))
        _, scores = held_out(plan, network, found)
        path = out / f"{family}.npz"
        write(path, Network(plan.layout, network.members, np.where(np.array(GRID) == 0.5, 0.0, scores)))
        about = described(plan, family, path, found)
        print(json.dumps(about), flush=True)
        path.with_suffix(".json").write_text(json.dumps(about, indent=1) + "\n")


def described(plan: Plan, family: str, path: Path, found: list[Source]) -> dict[str, Any]:
    """What the card says of a file of weights; its scores are those in half precision."""
    network = read(path)
    return {
        "family": family,
        "date": time.strftime("%Y-%m-%d"),
        "seeds": list(range(len(network.members))),
        "steps": plan.steps,
        "batch": BATCH,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "held_out": held_out(plan, network, found)[0],
    }


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--families", nargs="+", default=list(PLANS), choices=list(PLANS))
    parser.add_argument("--steps", type=int, help="batches of each network; default: those of its plan")
    parser.add_argument("--out", type=Path, default=Path("forecast/_weights"))
    options = parser.parse_args(arguments)
    for family in options.families:
        plan = PLANS[family]
        train(options.folder, options.out, family, replace(plan, steps=options.steps or plan.steps))
    (options.out / "README.md").write_text(card(options.out))


if __name__ == "__main__":
    main()
