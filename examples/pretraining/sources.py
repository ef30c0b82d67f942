"""What the networks learn from: training parts of M4, and random series; and what they must never see."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from overlap import all_fingerprints, without

from forecast.datasets import random_series

MONTH = 365.25 / 12 / 7  # weeks
HELD_OUT = 10  # one series in so many is kept from training, for the choice of settings and for calibration


@dataclass(frozen=True, eq=False)
class Source:
    """Series of one season, how often a batch is drawn from them, and how many were left out."""

    name: str
    season: int
    share: float
    series: list[np.ndarray]
    left_out: int = 0

    def part(self, *, held: bool) -> list[np.ndarray]:
        """The series to learn from, or those held out."""
        return [each for number, each in enumerate(self.series) if (number % HELD_OUT == 0) == held]


def ragged(path: Path) -> list[np.ndarray]:
    """Series of a long table with the columns unique_id and y, sorted by series."""
    table = pd.read_parquet(path, columns=["unique_id", "y"])
    names, values = table["unique_id"].to_numpy(), table["y"].to_numpy(float)
    return np.split(values, np.flatnonzero(names[1:] != names[:-1]) + 1)


def block_means(series: list[np.ndarray], rows: float) -> list[np.ndarray]:
    """Means over stretches of `rows` values, which may be no whole number, counted back from the last one."""
    found = []
    for each in series:
        ends = len(each) - rows * np.arange(int(len(each) / rows) + 1)[::-1]
        total = np.interp(ends, np.arange(len(each) + 1), np.r_[0.0, np.cumsum(each)])
        found.append(np.diff(total) / rows)
    return found


def columns(table: pd.DataFrame) -> list[np.ndarray]:
    """The columns of numbers but the first, which counts the rows."""
    return list(table.iloc[:, 1:].select_dtypes("number").to_numpy(float).T)


def quoted(folder: Path) -> np.ndarray:
    """Fingerprints of all series that the networks are measured on without training, test parts included."""
    found: list[np.ndarray] = []
    for path in sorted((folder / "m3").glob("*-train.parquet")):
        both = [
            pd.read_parquet(path.with_name(path.name.replace("train", part))) for part in ("train", "test")
        ]
        found += [group["y"].to_numpy(float) for _, group in pd.concat(both).groupby("unique_id", sort=False)]
    for name in ("nn5/nn5", "tourism_au/tourism_au", "aus_retail/aus_retail"):
        found += ragged(folder / f"{name}.parquet")
    for name in ("ett/ETTh1", "exchange_rate/exchange_rate"):
        found += columns(pd.read_parquet(folder / f"{name}.parquet"))
    for path in sorted((folder / "classics").glob("*.csv")):
        found += columns(pd.read_csv(path))
    return all_fingerprints(found)


def sources(folder: Path, family: str, *, seed: int = 0) -> list[Source]:
    """What a family learns from, without the series that share a window with a quoted set.

    Args:
        folder: holds `m4/` and the quoted sets.
        family: "season_1", "season_4", "season_12" or "any_season".
        seed: of the random series.
    """
    others = quoted(folder)

    def m4(name: str, group: str, season: int, share: float, rows: float = 1) -> Source:
        whole = ragged(folder / "m4" / f"{group}-train.parquet")
        series = without(whole, others)
        if rows != 1:
            series = without(block_means(series, rows), others)
        return Source(name, season, share, series, len(whole) - len(series))

    def drawn(name: str, season: int, share: float, count: int, length: int = 160) -> Source:
        whole = random_series(count, season=season, length=length, random_state=seed + season)
        keep = np.random.default_rng(seed).integers(min(3 * season + 2, length // 2), length, count)
        return Source(name, season, share, [each[-rows:] for each, rows in zip(whole, keep, strict=True)])

    if family == "season_1":
        return [
            m4("M4 Yearly", "Yearly", 1, 0.87),
            m4("M4 Weekly", "Weekly", 1, 0.08),
            drawn("random", 1, 0.05, 10_000, 100),
        ]
    if family == "season_4":
        return [m4("M4 Quarterly", "Quarterly", 4, 0.96), drawn("random", 4, 0.04, 5_000)]
    if family == "season_12":
        return [
            m4("M4 Monthly", "Monthly-partial", 12, 0.45),
            drawn("random", 12, 0.35, 15_000),
            m4("M4 Weekly, means of a month", "Weekly", 12, 0.1, MONTH),
            m4("M4 Hourly, means of 2", "Hourly", 12, 0.1, 2),
        ]
    found = [
        m4("M4 Hourly", "Hourly", 24, 0.25),
        m4("M4 Hourly, means of 3", "Hourly", 8, 0.04, 3),
        m4("M4 Hourly, means of 24", "Hourly", 7, 0.08, 24),
        m4("M4 Weekly, means of 4", "Weekly", 13, 0.06, 4),
        m4("M4 Weekly as quarters of 13 weeks", "Weekly", 13, 0.1),
        m4("M4 Weekly as a week of five days", "Weekly", 5, 0.08),
    ]
    for season, share in {5: 0.06, 7: 0.2, 9: 0.02, 10: 0.03, 13: 0.04, 16: 0.03, 20: 0.03, 24: 0.13}.items():
        found.append(drawn(f"random, season {season}", season, share, 4_000, 16 * season))
    return found
