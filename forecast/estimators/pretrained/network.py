"""A pretrained network as arrays, and its forward pass in numpy; the same as `forecast.networks.pretrained`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtri

from forecast.estimators.pretrained.layout import Layout
from forecast.estimators.pretrained.window import window_of

MAPS = ("kernel_1", "bias_1", "kernel_2", "bias_2", "backcast", "output")
"""Weights of a residual block: two hidden layers, and what their state says of the past and of the future."""
Blocks = tuple[tuple[np.ndarray, ...], ...]
"""A network of residual blocks, each its `MAPS`."""
GRID = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
"""Shares of the quantiles that are calibrated."""


@dataclass(frozen=True, eq=False)
class Network:
    """The members of a family: networks of one layout whose answers are averaged.

    Args:
        layout: what it reads and forecasts.
        members: the blocks of each member, a block being its `MAPS`.
        scores: normal scores (Q,) that stand for the shares of `GRID`, from series that it was not trained on.
    """

    layout: Layout
    members: tuple[Blocks, ...]
    scores: np.ndarray

    @property
    def theta(self) -> np.ndarray:
        """The weights (M, P) of each member in one row."""
        return np.stack(
            [np.concatenate([maps.ravel() for block in each for maps in block]) for each in self.members]
        )

    def with_theta(self, theta: np.ndarray) -> Network:
        """The same network with other weights (M, P), of as many members as there are rows."""
        sizes = np.cumsum([maps.size for block in self.members[0] for maps in block])
        members = []
        for row in theta:
            parts = iter(np.split(row, sizes[:-1]))
            members.append(
                tuple(tuple(next(parts).reshape(maps.shape) for maps in block) for block in self.members[0])
            )
        return self.of(tuple(members))

    def of(self, members: tuple[Blocks, ...]) -> Network:
        """The same with other members."""
        return replace(self, members=members)

    def numbers(self, inputs: np.ndarray, season: int) -> np.ndarray:
        """v, a, b (B, width, 3) of each output, for inputs (B, 2 I) of a season m."""
        total: Any = sum(forward(blocks, inputs) for blocks in self.members)
        mean: np.ndarray = (total / np.float32(len(self.members))).reshape(len(inputs), -1, 3)
        mean[..., 0] += inputs[:, self.layout.skip(season)]
        return mean

    def block(self, rows: np.ndarray, level: np.ndarray, season: int) -> tuple[np.ndarray, np.ndarray]:
        """The numbers (B, H, 3) of the H steps of one block, and the spread (B, 1) of its window."""
        layout = self.layout
        seen = window_of(rows[:, -layout.reach(season) :], level, season, layout.back(season))
        numbers = self.numbers(seen.inputs, season)[:, layout.outputs(season)]
        return numbers.astype(float), seen.spread

    def calibrated(self, score: np.ndarray | float) -> np.ndarray:
        """The score of the network that stands for a normal score, linear between those of `GRID` and beyond them."""
        known = ndtri(np.array(GRID))
        steep = np.where(np.less(score, 0), self.scores[0] / known[0], self.scores[-1] / known[-1])
        found: np.ndarray = np.where(
            np.abs(score) > known[-1], score * steep, np.interp(score, known, self.scores)
        )
        return found


def forward(blocks: Blocks, inputs: np.ndarray) -> np.ndarray:
    """Doubly residual blocks: inputs (B, 2 I) -> (B, outputs), see `forecast.layers.residual`.

    Args:
        blocks: `MAPS` of each block.
        inputs: the past (B, I), which blocks explain in turn, and I columns that they read as they are.
    """
    past = inputs.shape[1] // 2
    rest, context = inputs[:, :past], inputs[:, past:]
    total = np.zeros((len(inputs), blocks[0][-1].shape[1]), np.float32)
    for kernel_1, bias_1, kernel_2, bias_2, backcast, output in blocks:
        state = np.maximum(rest @ kernel_1[:past] + context @ kernel_1[past:] + bias_1, 0.0)
        state = np.maximum(state @ kernel_2 + bias_2, 0.0)
        rest, total = rest - state @ backcast, total + state @ output
    return total


def write(path: Path, network: Network) -> None:
    """Write a family as one npz file in half precision, readable without executing anything."""
    arrays = {
        f"{member}.{block}.{name}": values.astype(np.float16)
        for member, blocks in enumerate(network.members)
        for block, maps in enumerate(blocks)
        for name, values in zip(MAPS, maps, strict=True)
    }
    about = {
        "layout": asdict(network.layout),
        "members": len(network.members),
        "blocks": len(network.members[0]),
    }
    np.savez_compressed(path, about=np.array(json.dumps(about)), scores=network.scores, **arrays)  # type: ignore[arg-type]


def read(path: Any) -> Network:
    """The family that `write` wrote, in single precision."""
    with np.load(path, allow_pickle=False) as file:
        about = json.loads(str(file["about"]))
        members = tuple(
            tuple(_maps(file, f"{member}.{block}.") for block in range(about["blocks"]))
            for member in range(about["members"])
        )
        return Network(Layout(**about["layout"]), members, file["scores"].astype(float))


def _maps(file: Mapping[str, np.ndarray], prefix: str) -> tuple[np.ndarray, ...]:
    return tuple(file[prefix + name].astype(np.float32) for name in MAPS)


@cache
def shipped(family: str) -> Network:
    """The family of this name that comes with the package."""
    with (files("forecast") / "_weights" / f"{family}.npz").open("rb") as file:
        return read(file)
