"""python examples/benchmarks/ar_choices.py FOLDER                      choices, by the end of each training part
python examples/benchmarks/ar_choices.py FOLDER --test               what was chosen, on the test parts
python examples/benchmarks/ar_choices.py FOLDER --quick              a few series: does it run?

How the automatic AR is chosen: criterion, and levels or differences, on M3, M4 and NN5.

FOLDER holds m3, m4 and nn5, one long table per group (unique_id, ds, y). The last horizon of each training part is
held out and every setting is fitted on the rest; the test parts are opened only with --test. Printed for each set and
setting: sMAPE, MASE and milliseconds per series; with --test also OWA where the folder holds the forecasts of Naive2.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast import AR, SeasonalNaive, Theta

SETS: dict[str, tuple[int, list[int], int]] = {  # horizon, seasons, k: every k-th series for the choice
    "m3/Yearly": (6, [1], 1),
    "m3/Quarterly": (8, [4], 1),
    "m3/Monthly": (18, [12], 2),
    "m3/Other": (8, [1], 1),
    "m4/Yearly": (6, [1], 10),
    "m4/Quarterly": (8, [4], 10),
    "m4/Weekly": (13, [52], 1),
    "m4/Hourly": (48, [24, 168], 4),
    "nn5": (56, [7], 2),
}
SETTINGS: dict[str, dict[str, Any]] = {
    "aicc auto": {},
    "bic auto": {"ic": "bic"},
    "aicc values": {"difference": False},
    "bic values": {"ic": "bic", "difference": False},
    "aicc changes": {"difference": True},
    "bic changes": {"ic": "bic", "difference": True},
}


def read(folder: Path, name: str, part: str) -> pd.DataFrame:
    """A part of a set, its gaps filled with the value before."""
    if name == "nn5":
        frame = pd.read_parquet(folder / "nn5" / "nn5.parquet")
        frame = frame[frame["split"] == part]
    else:
        frame = pd.read_parquet(folder / f"{name}-{part}.parquet")
    frame = frame[["unique_id", "ds", "y"]].reset_index(drop=True)
    if part == "train":
        frame["y"] = frame.groupby("unique_id")["y"].transform(lambda y: y.ffill().bfill())
    return frame


def split(frame: pd.DataFrame, horizon: int, every: int, least: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every `every`-th series of a training part: all but their last horizon, and their last horizon."""
    ids = frame["unique_id"].unique()[::every]
    frame = frame[frame["unique_id"].isin(ids)]
    back = frame.groupby("unique_id").cumcount(ascending=False)
    size = frame.groupby("unique_id")["y"].transform("size")
    enough = size >= horizon + least
    return frame[enough & (back >= horizon)], frame[enough & (back < horizon)]


def errors(
    answer: pd.DataFrame, past: pd.DataFrame, future: pd.DataFrame, season: int
) -> tuple[float, float]:
    """sMAPE and MASE, as means over series."""
    name = [column for column in answer if column not in ("unique_id", "ds", "y")][0]
    both = future.merge(answer[["unique_id", "ds", name]], on=["unique_id", "ds"]).dropna()
    both["gap"] = (both[name] - both["y"]).abs()
    size = both["y"].abs() + both[name].abs()
    both["smape"] = np.where(size > 0, 200 * both["gap"] / size.where(size > 0, 1.0), 0.0)
    step = past.groupby("unique_id")["y"].diff(season).abs().groupby(past["unique_id"]).mean()
    by_series = both.groupby("unique_id")[["smape", "gap"]].mean()
    scaled = by_series["gap"] / step.reindex(by_series.index)
    return float(by_series["smape"].mean()), float(scaled[np.isfinite(scaled)].mean())


def naive2(folder: Path, name: str, future: pd.DataFrame) -> pd.DataFrame | None:
    """The organisers' forecasts, on the rows of the test part."""
    path = folder / f"{name}-naive2.parquet"
    if not path.exists():
        return None
    given = pd.read_parquet(path).sort_values(["unique_id", "step"])
    rows = future.sort_values(["unique_id", "ds"])[["unique_id", "ds"]].copy()
    rows["step"] = rows.groupby("unique_id").cumcount() + 1
    return rows.merge(given, on=["unique_id", "step"])[["unique_id", "ds", "yhat"]]


def report(folder: Path, name: str, models: dict[str, Any], *, test: bool, quick: bool) -> None:
    """Print a line for each model."""
    horizon, seasons, every = SETS[name]
    past = read(folder, name, "train")
    if test:
        future = read(folder, name, "test")
        if quick:
            past = past[past["unique_id"].isin(past["unique_id"].unique()[:20])]
    else:
        past, future = split(past, horizon, every * (50 if quick else 1), 2 * seasons[0] + 5)
    series = past["unique_id"].nunique()
    base = naive2(folder, name, future) if test else None
    reference = None if base is None else errors(base, past, future, seasons[0])
    for title, model in models.items():
        started = time.perf_counter()
        answer = model.fit(past).predict(horizon)
        took = 1000 * (time.perf_counter() - started) / series
        smape, mase = errors(answer, past, future, seasons[0])
        line = f"{name:14s} {series:6d} {title:16s} {smape:8.3f} {mase:8.3f} {took:8.2f} ms"
        if reference is not None:
            line += f"   OWA {(smape / reference[0] + mase / reference[1]) / 2:.3f}"
        print(line, flush=True)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--test", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="*", default=[], metavar="SET")
    options = parser.parse_args(argv)
    warnings.simplefilter("ignore")
    for name, (_, seasons, _) in SETS.items():
        if options.only and name not in options.only:
            continue
        models: dict[str, Any] = {
            title: AR(season=seasons, **setting)
            for title, setting in SETTINGS.items()
            if not options.test or not setting
        }
        if options.test:
            models["seasonal naive"] = SeasonalNaive(season=seasons[-1])
            if name.startswith("m3"):
                models["Theta"] = Theta(season=seasons[0])
        report(options.folder, name, models, test=options.test, quick=options.quick)


if __name__ == "__main__":
    main()
