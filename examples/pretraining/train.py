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
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from card import card
from scipy.special import ndtri
from sources import Source, sources

from forecast.estimators.pretrained.families import Family
from forecast.estimators.pretrained.layout import Layout
from forecast.estimators.pretrained.learning import BATCH, Buffer, batches, learned
from forecast.estimators.pretrained.network import GRID, Blocks, Network, read, write
from forecast.estimators.pretrained.window import last_known, quantile
from forecast.networks.pretrained import pretrained

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


def fit(plan: Plan, found: list[Source], seed: int) -> Blocks:
    """The blocks of one network trained from `seed`."""
    keras.utils.set_random_seed(seed)
    layout, shape = plan.layout, {"blocks": plan.blocks, "units": plan.units}
    model = pretrained(layout.inputs, layout.width, skip=layout.skip(found[0].season), **shape)
    parts = [buffer_of(each.part(held=False), plan, each.season) for each in found]
    shares = np.array([each.share for each in found])
    drawn = batches(parts, shares / shares.sum(), np.random.default_rng(seed), relative=bool(seed % 2))
    size = {"steps": min(STEP, plan.steps), "epochs": -(-plan.steps // STEP)}
    return learned(model, drawn, rate=1e-3, total=plan.steps, **size, verbose=2)


def buffer_of(series: list[np.ndarray], plan: Plan, season: int) -> Buffer:
    """Series of one season, of which no profile is taken off."""
    return Buffer(series, plan.layout, Family("", season, 1))


def held_out(plan: Plan, network: Network, found: list[Source]) -> tuple[dict[str, Any], np.ndarray]:
    """sMAPE and MASE of the last horizon of the series held out, and the scores that stand for the shares of GRID."""
    table, pools = {}, []
    for source in found:
        series = [each for each in source.part(held=True) if len(each) > plan.scored + source.season + 2]
        buffer = buffer_of(series, plan, source.season)
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
            "left_out": source.left_out,
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
