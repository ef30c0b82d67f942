"""python examples/pretraining/train.py FOLDER [--families season_1 ...] [--steps N] [--out DIR] [--calibrate]

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

ORIGINS = 2  # last horizons that calibrate the quantiles: the luck of one is common to many series
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


def ahead(
    plan: Plan, network: Network, series: list[np.ndarray], season: int, back: int = 0
) -> tuple[np.ndarray, ...]:
    """Forecast (B, H), truth (B, H), numbers (B, H, 3), level and spread (B, 1) of one of the last horizons of series.

    Args:
        back: horizons between it and the end of each series.
    """
    buffer = buffer_of(series, plan, season)
    steps = min(plan.scored, buffer.ahead)
    rows, after = buffer.at(np.arange(len(series)), buffer.lengths - (1 + back) * steps)
    level = last_known(rows, 0.0)
    numbers, spread = network.block(rows, level, season)
    forecast = level + spread * quantile(numbers, np.zeros(1))[..., 0]
    return forecast[:, :steps], after[:, :steps], numbers[:, :steps], level, spread


def held_out(plan: Plan, network: Network, found: list[Source]) -> dict[str, Any]:
    """sMAPE and MASE of the last horizon of the series held out."""
    table = {}
    for source in found:
        series = long_enough(source, plan, 1)
        forecast, truth, *_ = ahead(plan, network, series, source.season)
        error, size, steps = np.abs(truth - forecast), np.abs(truth) + np.abs(forecast), truth.shape[1]
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
    return table


def long_enough(source: Source, plan: Plan, horizons: int) -> list[np.ndarray]:
    """The series held out whose last horizons can be forecast."""
    least = horizons * plan.scored + source.season + 2
    return [each for each in source.part(held=True) if len(each) > least]


def calibrated(plan: Plan, network: Network, found: list[Source]) -> np.ndarray:
    """The scores that stand for the shares of GRID in the last horizons of the series held out; 0 for the median."""
    pools = []
    for source in found:
        for back in range(ORIGINS):
            if series := long_enough(source, plan, 1 + back):
                _, truth, numbers, level, spread = ahead(plan, network, series, source.season, back)
                gap = np.arcsinh((truth - level) / np.where(spread > 0, spread, 1)) - numbers[..., 0]
                width = np.logaddexp(np.where(gap < 0, numbers[..., 1], numbers[..., 2]), 0.0)
                pools.append((np.where(spread > 0, gap / width, np.nan).ravel(), source.share))
    weight = np.concatenate([np.full(len(each), share / len(each)) for each, share in pools])
    values = np.concatenate([each for each, _ in pools])
    known = np.isfinite(values)
    order = np.argsort(values[known])
    below = np.cumsum(weight[known][order]) / weight[known].sum()
    return np.where(np.array(GRID) == 0.5, 0.0, np.interp(GRID, below, values[known][order]))


def train(folder: Path, out: Path, family: str, plan: Plan) -> None:
    """Train a family; write its weights and what its card says of them, after each member."""
    found, members = sources(folder, family), []
    for seed in range(plan.members):
        members.append(fit(plan, found, seed))
        save(out, family, plan, found, tuple(members))


def save(out: Path, family: str, plan: Plan, found: list[Source], members: tuple[Blocks, ...]) -> None:
    """Calibrate the members and write them, and what the card says of them."""
    network, path = Network(plan.layout, members, ndtri(np.array(GRID))), out / f"{family}.npz"
    write(path, replace(network, scores=calibrated(plan, network, found)))
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
        "held_out": held_out(plan, network, found),
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
    parser.add_argument("--calibrate", action="store_true", help="no training: the weights in --out again")
    options = parser.parse_args(arguments)
    for family in options.families:
        plan = replace(PLANS[family], steps=options.steps or PLANS[family].steps)
        if options.calibrate:
            members = read(options.out / f"{family}.npz").members
            save(options.out, family, plan, sources(options.folder, family), members)
        else:
            train(options.folder, options.out, family, plan)
    (options.out / "README.md").write_text(card(options.out))


if __name__ == "__main__":
    main()
