"""python examples/benchmarks/panels.py FOLDER [--set M4-Yearly ...] [--seeds 0 1 2] [--choose] [--options NAME=VALUE]

One network for all series of a competition, trained on its training part alone, with its defaults: given the horizon,
the season and the seed, and nothing else.

FOLDER holds `m3/` and `m4/` with `<Group>-train.parquet` and `<Group>-test.parquet` (unique_id, ds, y), for M4 also
`<Group>-naive2.parquet` (unique_id, step, yhat), and `nn5/nn5.parquet` (unique_id, ds, y, split).

Scores are those of the organisers: sMAPE, the mean over all forecasts (targets that are missing left out), MASE, and
for M4 OWA, the mean of both in units of those of Naive2. Beside them AR and Theta where there are few series.

With --choose nothing of a test part is read: AR and the network with each of the settings in CHOICES learn from all but
the last ORIGINS horizons of every training part, and forecast each of these, alone and in the mean with AR; so the
defaults of ResidualTDNN were chosen, and the number of horizons that judge it. --options tries other settings.
"""

from __future__ import annotations

import argparse
import ast
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast import AR, ResidualTDNN, Theta
from forecast.datasets.competition_folder import dated
from forecast.networks import ResidualTDNNConfig
from forecast.panel import Panel

ORIGINS = 3
LEAST_ROWS = 6  # of a series before these horizons
LOCAL = 1_000  # series up to which AR and Theta are fitted as well
FREQ: dict[Any, str] = {1: "YS", 4: "QS", 12: "MS", 7: "D", (24, 168): "h", 52: "W"}


@dataclass(frozen=True)
class Set:
    """A competition: where it lies, its horizon, the season of its MASE and that of its data."""

    folder: str
    group: str
    horizon: int
    season: int
    pattern: int | tuple[int, ...]


SETS = {
    "M4-Yearly": Set("m4", "Yearly", 6, 1, 1),
    "M4-Quarterly": Set("m4", "Quarterly", 8, 4, 4),
    "M4-Weekly": Set("m4", "Weekly", 13, 1, 52),
    "M4-Hourly": Set("m4", "Hourly", 48, 24, (24, 168)),
    "M3-Yearly": Set("m3", "Yearly", 6, 1, 1),
    "M3-Quarterly": Set("m3", "Quarterly", 8, 4, 4),
    "M3-Monthly": Set("m3", "Monthly", 18, 12, 12),
    "M3-Other": Set("m3", "Other", 8, 1, 1),
    "NN5": Set("nn5", "nn5", 56, 7, 7),
}
CHOICES: dict[str, dict[str, Any]] = {
    "defaults": {},
    "no proportions": {"proportions": False},
    "loss mase": {"loss": "mase"},
    "loss smape": {"loss": "smape"},
    "1 epoch": {"epochs": 1},
    "3 epochs": {"epochs": 3},
    "20 epochs": {"epochs": 20},
    "skip": {"skip": True},
    "short window": {"window": -1},
    "long window": {"window": -2},
    "1 block of 32 units": {"blocks": 1, "hidden": (32, 32)},
    "weight decay": {"weight_decay": 1.0},
    "64 units": {"hidden": (64, 64)},
    "128 units": {"hidden": (128, 128)},
    "256 units": {"hidden": (256, 256)},
    "3 members": {"members": 3},
    "5 members": {"members": 5},
    "batch 128": {"batch_size": 128},
    "batch 256": {"batch_size": 256},
}


class WithoutProportions(ResidualTDNN):
    """Knows nothing of the size of values beside their changes."""

    def _configure(self, panel: Panel) -> ResidualTDNNConfig:
        return replace(super()._configure(panel), proportions=False)


def read(folder: Path, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and test part, columns unique_id, ds, y."""
    task, columns = SETS[name], ["unique_id", "ds", "y"]
    if task.folder == "nn5":
        both = pd.read_parquet(folder / "nn5" / "nn5.parquet")
        return tuple(
            both.loc[both.split == part, columns].reset_index(drop=True) for part in ("train", "test")
        )
    parts = (
        pd.read_parquet(folder / task.folder / f"{task.group}-{part}.parquet") for part in ("train", "test")
    )
    return tuple(part[columns].astype({"y": float}) for part in parts)


def pieces(train: pd.DataFrame, horizon: int) -> list[pd.DataFrame]:
    """The rows before the last ORIGINS horizons of each series that is long enough, and the rows of each of these."""
    rows = train.groupby("unique_id")["y"].transform("size")
    train = train[rows >= ORIGINS * horizon + LEAST_ROWS]
    ahead = ORIGINS - train.groupby("unique_id").cumcount(ascending=False) // horizon
    return [train[ahead.clip(lower=0) == piece].reset_index(drop=True) for piece in range(ORIGINS + 1)]


def aligned(values: pd.DataFrame, test: pd.DataFrame, column: str) -> np.ndarray:
    """Forecasts (rows of test,) by series and place."""
    keys = [frame.assign(step=frame.groupby("unique_id").cumcount()) for frame in (test, values)]
    return (
        keys[0]
        .merge(keys[1][["unique_id", "step", column]], on=["unique_id", "step"], how="left")[column]
        .to_numpy()
    )


def scores(train: pd.DataFrame, test: pd.DataFrame, forecast: np.ndarray, season: int) -> tuple[float, float]:
    """(sMAPE over all forecasts, MASE over series)."""
    y = test.y.to_numpy()
    with np.errstate(invalid="ignore"):
        share = np.where(y == forecast, 0.0, 200 * np.abs(y - forecast) / (np.abs(y) + np.abs(forecast)))
    gap = train.y.sub(train.groupby("unique_id")["y"].shift(season)).abs().groupby(train.unique_id).mean()
    error = pd.Series(np.abs(y - forecast)).groupby(test.unique_id.to_numpy()).mean()
    ratio = (error / gap.reindex(error.index)).replace([np.inf, -np.inf], np.nan)
    return float(np.nanmean(share)), float(ratio.mean())


def forecast_of(
    model: Any, train: pd.DataFrame, test: pd.DataFrame, horizon: int
) -> tuple[np.ndarray, float]:
    """(forecasts on the rows of test, seconds)."""
    began = time.perf_counter()
    return from_each(model, [train, test], horizon)[0], time.perf_counter() - began


def network(name: str, seed: int, options: dict[str, Any]) -> ResidualTDNN:
    task, options = SETS[name], dict(options)
    kind = ResidualTDNN if options.pop("proportions", True) else WithoutProportions
    return kind(**{"horizon": task.horizon, "season": task.pattern, "random_state": seed, **options})


def models(
    name: str, train: pd.DataFrame, seeds: list[int], options: dict[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    """(label, model, training data)."""
    for seed in seeds:
        yield f"ResidualTDNN seed {seed}", network(name, seed, options), train
    if train.unique_id.nunique() <= LOCAL and not train.y.isna().any():
        calendar = dated(train, FREQ[SETS[name].pattern])  # so that models of one series know the season
        yield "AR", AR(), calendar
        yield "Theta", Theta(), calendar


def report(folder: Path, name: str, seeds: list[int], options: dict[str, Any]) -> None:
    """The row of each model on the test part."""
    task, (train, test) = SETS[name], read(folder, name)
    naive = folder / task.folder / f"{task.group}-naive2.parquet"
    unit = None
    if naive.exists():
        unit = scores(
            train, test, aligned(pd.read_parquet(naive).drop(columns="step"), test, "yhat"), task.season
        )
    for label, model, data in models(name, train, seeds, options):
        found, seconds = forecast_of(model, data, test, task.horizon)
        smape, mase = scores(train, test, found, task.season)
        owa = "" if unit is None else f"  OWA {(smape / unit[0] + mase / unit[1]) / 2:.4f}"
        print(f"{name:13} {label:22} sMAPE {smape:7.3f}  MASE {mase:6.3f}{owa}  {seconds:6.1f} s", flush=True)


def from_each(model: Any, parts: list[pd.DataFrame], horizon: int) -> list[np.ndarray]:
    """The forecasts of every part but the first, which alone is learned."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model.fit(parts[0])
        for known, part in zip(parts, parts[1:], strict=False):
            if found:
                model.update(known)
            found.append(aligned(model.predict(horizon), part, type(model).__name__))
    return found


def choose(folder: Path, name: str, seeds: list[int], options: dict[str, Any], only: list[str]) -> None:
    """The held-out scores of AR and of each setting, alone and in the mean with AR."""
    task = SETS[name]
    parts, season = pieces(read(folder, name)[0], task.horizon), int(np.min(task.pattern))
    known = [pd.concat(parts[: number + 1], ignore_index=True) for number in range(ORIGINS)]

    def show(label: str, forecasts: list[np.ndarray], seconds: float) -> None:
        rows = [
            scores(past, part, found, task.season)
            for past, part, found in zip(known, parts[1:], forecasts, strict=True)
        ]
        smape, mase = ("".join(f"{value:8.3f}" for value in column) for column in zip(*rows, strict=True))
        print(f"{name:13} {label:26} sMAPE{smape}  MASE{mase}  {seconds:6.1f} s", flush=True)

    began = time.perf_counter()
    local = from_each(AR(season=task.pattern), parts, task.horizon)
    show("AR", local, time.perf_counter() - began)
    for label, setting in CHOICES.items():
        if only and label not in only:
            continue
        window = {-1: task.horizon + season, -2: 4 * task.horizon + season}
        for seed in seeds:
            model = network(name, seed, {"selection": False, **options, **setting})
            model.window = window.get(model.window, model.window)
            began = time.perf_counter()
            alone = from_each(model, parts, task.horizon)
            seconds = time.perf_counter() - began
            show(label, alone, seconds)
            both = [(a + b) / 2 for a, b in zip(local, alone, strict=True)]
            show(f"AR and {label}", both, seconds)


def main(arguments: list[str] | None = None) -> None:
    """See the head of this file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--set", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--choose", action="store_true")
    parser.add_argument("--only", nargs="+", default=[], help="of the settings in CHOICES")
    parser.add_argument("--options", nargs="+", default=[], metavar="NAME=VALUE")
    given = parser.parse_args(arguments)
    options = {
        name: ast.literal_eval(value) for name, value in (each.split("=", 1) for each in given.options)
    }
    for name in given.set:
        if given.choose:
            choose(given.folder, name, given.seeds, options, given.only)
        else:
            report(given.folder, name, given.seeds, options)


if __name__ == "__main__":
    main()
