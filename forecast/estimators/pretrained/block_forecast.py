"""Forecasts of a pretrained network for many windows, block by block: medians, and quantiles around them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.estimators.pretrained.families import Family
from forecast.estimators.pretrained.network import Network
from forecast.estimators.pretrained.profile import without_profile
from forecast.estimators.pretrained.window import last_known, quantile


@dataclass(frozen=True, eq=False)
class BlockForecast:
    """H steps ahead of B windows, in blocks of as many as the network forecasts at once.

    Args:
        network: the family.
        median: the forecast (B, H).
        blocks: of each block the numbers (B, h, 3) and the spread (B, 1) of its window.
    """

    network: Network
    median: np.ndarray
    blocks: tuple[tuple[np.ndarray, np.ndarray], ...]

    def quantiles(self, scores: np.ndarray) -> np.ndarray:
        """The quantiles (B, H, K) of normal scores, (K,) or (B, H, K).

        The history of a later block holds medians in the place of values, so its deviations from the median are joined
        to that of the last step before it as those of independent errors: by the root of the sum of squares.
        """
        wanted = self.network.calibrated(scores)
        wanted = np.broadcast_to(wanted, (*self.median.shape, wanted.shape[-1]))
        found, ends, start = [], list[tuple[np.ndarray, np.ndarray]](), 0
        for numbers, spread in self.blocks:
            here = wanted[:, start : start + numbers.shape[1]]
            squares = sum(_deviation(*each, here) ** 2 for each in ((numbers, spread), *ends))
            found.append(np.sign(here) * np.sqrt(squares))
            ends.append((numbers[:, -1:], spread))
            start += numbers.shape[1]
        total: np.ndarray = self.median[..., None] + np.concatenate(found, axis=1)
        return total


def _deviation(numbers: np.ndarray, spread: np.ndarray, score: np.ndarray) -> np.ndarray:
    """From the median to quantiles (B, h, K)."""
    found: np.ndarray = spread[..., None] * (quantile(numbers, score) - quantile(numbers, np.zeros(1)))
    return found


def forecast_blocks(
    network: Network, family: Family, rows: np.ndarray, otherwise: np.ndarray, horizon: int
) -> BlockForecast:
    """Forecast the steps after windows of rows, block by block, each from the medians of the one before.

    Args:
        network: of the family; family: which season it is told, and which profile is taken off.
        rows: windows (B, W), NaN where missing.
        otherwise: the last value (B, 1) known before windows in which none is.
        horizon: H.
    """
    medians, blocks, told = [], [], 0
    rows, season = without_profile(rows, family.profile, horizon)
    while told < horizon:
        level = last_known(rows, otherwise)
        numbers, spread = network.block(rows, level, family.season)
        numbers = numbers[:, : horizon - told]
        median = level + spread * quantile(numbers, np.zeros(1))[..., 0]
        rows = np.concatenate([rows, median], axis=1)[:, -rows.shape[1] :]
        medians.append(median)
        blocks.append((numbers, spread))
        told += numbers.shape[1]
    return BlockForecast(network, np.concatenate(medians, axis=1) + season, tuple(blocks))
