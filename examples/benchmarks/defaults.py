"""python examples/benchmarks/defaults.py FOLDER [--sets classics ...] [--models NARX ...] [--seeds 0 1 2] [--output F]

What a newcomer gets: every forecaster with its defaults, given the horizon (networks also the seed) and nothing else.

FOLDER holds `classics/*.csv`, `sysid/*.csv, *.parquet`, `bike_sharing/`, `vic_elec/`, and `m3/` and `m4/` with
`<Group>-train.parquet` and `<Group>-test.parquet` (columns unique_id, ds, y).

* classics: a new fit on all rows before each of the last WINDOWS origins; long series are fitted once.
* covariates: bike hire and the demand of Victoria, hourly and half-hourly, covariates of the forecast rows known.
* sysid: the part named train (else the first half) is learned, the rest simulated from its first rows.
* m3, m4: the training part of a panel is learned by one model, its test part forecast.

Scores are means of absolute errors in units of the training part's seasonal naive error (MASE); of a record, the root
mean squared error of the free run. Printed are the score of AR and the ratios of all others to it, the mean over
seeds; below them, for each model, the geometric mean and the greatest ratio.
"""

from __future__ import annotations

import argparse
import inspect
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from against_ar import RECORD_ROWS, SERIES, fit_record, free_run, read_record, read_series, stand_in

import forecast
from forecast import backtest

WINDOWS = 4
LONG = 2_000  # rows from which a series is fitted once for all origins
NETWORKS = ("NARX", "TDNN", "ResidualTDNN", "RNN", "Seq2Seq", "Transformer", "MemoryNetwork")
ON_RECORDS = ("NARX", "TDNN", "RNN")
BASELINES = ("AR", "Theta", "ETS", "SeasonalNaive")
SETS = ("classics", "covariates", "sysid", "m3", "m4")
SEASON = {"Yearly": 1, "Quarterly": 4, "Monthly": 12, "Other": 1, "Hourly": 24, "Weekly": 1}
FREQ = {"Yearly": "YS", "Quarterly": "QS", "Monthly": "MS", "Other": "D", "Hourly": "h", "Weekly": "W"}
GROUPS = {"m3": ("Yearly", "Quarterly", "Monthly", "Other"), "m4": ("Hourly",)}
GIVEN = 0.1  # fraction of a record's test part that is given to start the simulation, at most MOST rows
MOST = 200


@dataclass(frozen=True)
class Task:
    """One data set: its name and what scores a forecaster made by `make`."""

    name: str
    score: Callable[[Callable[..., Any]], float]


def mase(history: np.ndarray, error: np.ndarray, season: int) -> float:
    """Mean absolute error in units of the mean absolute seasonal difference of the history."""
    lag = season if len(history) > season else 1
    return float(np.nanmean(np.abs(error)) / np.nanmean(np.abs(history[lag:] - history[:-lag])))


def series_task(
    name: str, y: pd.Series, X: pd.DataFrame | None, horizon: int, season: int, windows: int
) -> Task:
    """Rolling origins at the end of one series."""

    def score(make: Callable[..., Any]) -> float:
        learn_once = len(y) > LONG
        frame = backtest(
            {"model": make(horizon)}, y, X, horizon=horizon, windows=windows, refit=not learn_once
        )
        history = y.iloc[: -windows * horizon].to_numpy(float)
        return mase(history, (frame["model"] - frame["y"]).to_numpy(float), season)

    return Task(name, score)


def record_task(path: Path) -> Task:
    """The free run of an input/output record."""
    train, test = read_record(path)
    train = train.iloc[-RECORD_ROWS:].reset_index(drop=True)
    given = int(min(MOST, max(GIVEN * len(test), 20)))

    def score(make: Callable[..., Any]) -> float:
        return free_run(fit_record(make(None), train), test, given)

    return Task(path.stem, score)


def panel_task(folder: Path, group: str, most: int | None) -> Task:
    """The official split of a panel; of more than `most` series every k-th."""
    season = SEASON[group]
    train, test = (pd.read_parquet(folder / f"{group}-{part}.parquet") for part in ("train", "test"))
    ids = train["unique_id"].drop_duplicates()
    kept = set(ids if most is None else ids.iloc[:: -(-len(ids) // most)])
    train, test = (part[part["unique_id"].isin(kept)] for part in (train, test))
    dates = pd.date_range(
        "1900-01-01", periods=int(max(train["ds"].max(), test["ds"].max())), freq=FREQ[group], unit="s"
    )
    train, test = (part.assign(ds=dates[part["ds"].to_numpy() - 1]) for part in (train, test))
    horizon = int(test.groupby("unique_id").size().max())

    def score(make: Callable[..., Any]) -> float:
        answer = make(horizon).fit(train).predict(horizon)
        found = test.merge(answer, on=["unique_id", "ds"], how="left")
        error = pd.Series((found[answer.columns[-1]] - found["y"]).to_numpy(), found["unique_id"])
        history = train.groupby("unique_id")["y"]
        return float(
            np.mean(
                [
                    mase(history.get_group(one).to_numpy(), part.to_numpy(), season)
                    for one, part in error.groupby(level=0)
                ]
            )
        )

    return Task(f"{folder.name} {group}", score)


def tasks(folder: Path, sets: Sequence[str], series: int | None) -> Iterator[Task]:
    """The tasks of the sets whose files are there."""
    season = {"M": 12, "Y": 1, "W-SAT": 52, "30min": 48, None: 1}
    for name, (columns, freq, horizon) in SERIES.items() if "classics" in sets else ():
        path = folder / "classics" / f"{name}.csv"
        for column in columns if path.exists() else ():
            y = read_series(path, column, freq)
            label = name if len(columns) == 1 else f"{name} {column}"
            yield series_task(label, y, None, horizon, season[freq], WINDOWS)
    if "covariates" in sets:
        yield from covariate_tasks(folder)
    for path in sorted((folder / "sysid").iterdir()) if "sysid" in sets else ():
        yield record_task(path)
    for name, groups in GROUPS.items():
        for group in groups if name in sets else ():
            if (folder / name / f"{group}-train.parquet").exists():
                yield panel_task(folder / name, group, series)


def covariate_tasks(folder: Path) -> Iterator[Task]:
    """Hourly bike hire with weather and calendar; half-hourly demand of Victoria with temperature and holidays."""
    path = folder / "bike_sharing" / "bike_sharing.parquet"
    if path.exists():
        data = pd.read_parquet(path).set_index("ds").asfreq("h")
        X = data[["holiday", "workingday", "temp", "hum", "windspeed"]].astype(float)
        yield series_task("bike_sharing", data["y"], X, 24, 24, 25)
    path = folder / "vic_elec" / "vic_elec.parquet"
    if path.exists():
        data = pd.read_parquet(path).set_index("ds").asfreq("30min").iloc[-17_520:]
        X = data[["temperature", "holiday"]].astype(float)
        yield series_task("vic_elec", data["y"], X, 48, 48, 25)


def maker(name: str, seed: int) -> Callable[[int | None], Any]:
    """A function of the horizon that makes the forecaster of a class, given nothing else but its seed."""
    kind = getattr(forecast, name)
    takes = inspect.signature(kind).parameters

    def make(horizon: int | None) -> Any:
        told = {"horizon": horizon, "random_state": seed}
        return kind(**{key: value for key, value in told.items() if key in takes and value is not None})

    return make


def measure(task: Task, names: Sequence[str], seeds: Sequence[int]) -> pd.DataFrame:
    """Score and seconds of each model and seed; a model that fails has no score."""
    rows = []
    for name in names:
        for seed in seeds if name in NETWORKS else seeds[:1]:
            begun = time.perf_counter()
            try:
                score = task.score(maker(name, seed))
            except Exception as error:  # one failure is a row of the table, and is printed
                print(f"{task.name}: {name}: {error}", flush=True)
                score = np.nan
            seconds = time.perf_counter() - begun
            rows.append({"set": task.name, "model": name, "seed": seed, "score": score, "seconds": seconds})
    return pd.DataFrame(rows)


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Score of AR and of the best baseline, and ratios of the networks to AR, one row for each set."""
    mean = rows.pivot_table(index="set", columns="model", values="score", sort=False, dropna=False)
    ratio = mean.div(mean["AR"], axis=0).drop(columns="AR")
    ratio.insert(0, "AR", mean["AR"])
    return ratio


def main(argv: Sequence[str] | None = None) -> pd.DataFrame:
    """Print a line for each set, then means; returns one row for each set, model and seed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[1])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--sets", nargs="+", default=SETS, choices=SETS)
    parser.add_argument("--models", nargs="+", default=NETWORKS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--series", type=int, default=300, help="most series of a panel")
    parser.add_argument("--only", default="", help="run only the sets whose name contains this")
    parser.add_argument("--output", type=Path, help="a CSV file for all scores")
    parser.add_argument("--quick", action="store_true", help="without FOLDER: generated data")
    options = parser.parse_args(argv)
    if options.folder is None and not options.quick:
        parser.error("FOLDER is needed unless --quick is given")
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as made:
        warnings.simplefilter("ignore")  # what the models warn of shows in their scores
        if options.folder is None:
            stand_in(Path(made))
        return run(options.folder or Path(made), options)


def run(folder: Path, options: argparse.Namespace) -> pd.DataFrame:
    """Measure the tasks of the folder, and print."""
    every = list[pd.DataFrame]()
    for task in tasks(folder, options.sets, options.series):
        if options.only not in task.name:
            continue
        record = task.name in {path.stem for path in (folder / "sysid").glob("*")}
        names = ["AR", *(one for one in options.models if one in ON_RECORDS or not record)]
        names += [] if record else [one for one in BASELINES if one != "AR"]
        rows = measure(task, list(dict.fromkeys(names)), options.seeds)
        every.append(rows)
        if options.output is not None:
            pd.concat(every).to_csv(options.output, index=False)
        shown = summary(rows).iloc[0]
        ratios = "  ".join(f"{name} {value:.3f}" for name, value in shown.items() if name != "AR")
        print(f"{task.name:24s} AR {shown['AR']:8.4g}  {ratios}  ({rows['seconds'].sum():.0f} s)", flush=True)
    found = pd.concat(every)
    table = summary(found).drop(columns="AR")
    print(f"\n{'ratio to AR':24s}{'geometric mean':>16s}{'greatest':>10s}{'sets':>6s}")
    for name, values in table.items():
        values = values.dropna()
        print(f"{name:24s}{np.exp(np.log(values).mean()):16.3f}{values.max():10.3f}{len(values):6d}")
    return found


if __name__ == "__main__":
    main()
