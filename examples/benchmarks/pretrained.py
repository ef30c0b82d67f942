"""python examples/benchmarks/pretrained.py FOLDER [--sets M3 NN5 ...] [--ets] [--finetune] [--back K] [--weather]

The pretrained networks as they are shipped, on sets of which they have not seen a row (M3, NN5, ETTh1, exchange rates,
air passengers, and the seasonal series of classics, tourism_au and aus_retail), and on the test parts of M4, whose
training parts they know. Beside each the (seasonal) naive forecast, to show that the measure is the published one.

Scores: sMAPE and MASE, means over series, as the organisers of M3 and M4 define them; of NN5 the MASE with the scale of
one step, missing values left out, as the authors of the foundation models do; coverage of the intervals of 80 and 95 %.
With --finetune the weights go on from there on the training part of each set ("auto": kept where the last two horizons
of that part say so), in the rows named so beside the ones without. With --back K nothing of a test part is read: K
times the horizon is cut off every training part, and the first of these horizons is forecast; so the rate and the
number of steps were chosen. The weights as shipped know the training parts of M4, so that there such a comparison
favours them. In the rows "all forecasts" MASE is the mean of the rows above. With --ets also RMSSE over that of ETS,
geometric mean, two origins of two seasons a series; with --weather bike hire with and without covariates.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from forecast import AR, ETS, Pretrained
from forecast.datasets import load_air_passengers
from forecast.training.rivals import kept

M3 = {"Yearly": (6, 1), "Quarterly": (8, 4), "Monthly": (18, 12), "Other": (8, 1)}
M4 = {"Yearly": (6, 1, 1), "Quarterly": (8, 4, 4), "Weekly": (13, 1, 52), "Hourly": (48, 24, 24)}
LEAST_ROWS = 6  # of a history that is cut
WEATHER = ("temp", "atemp", "hum", "windspeed", "holiday", "workingday")
SETS = ("M3", "NN5", "ETTh1", "exchange", "passengers", "M4")


class Task(NamedTuple):
    """Histories and what followed them, the season of the data and that of the scale of MASE."""

    histories: list[np.ndarray]
    truth: np.ndarray
    season: int
    scale: int


def ragged(path: Path) -> list[np.ndarray]:
    """The series of a long table."""
    table = pd.read_parquet(path, columns=["unique_id", "y"])
    names, values = table["unique_id"].to_numpy(), table["y"].to_numpy(float)
    return np.split(values, np.flatnonzero(names[1:] != names[:-1]) + 1)


def competition(folder: Path, group: str, horizon: int, scale: int, season: int) -> Task:
    """A group of M3 or M4; its series stand in the same order in both files."""
    train, test = (ragged(folder / f"{group}-{part}.parquet") for part in ("train", "test"))
    return Task(train, np.stack([each[:horizon] for each in test]), season, scale)


def tail(series: Sequence[np.ndarray], horizon: int, season: int, scale: int) -> Task:
    """The last rows of each series as the truth."""
    return Task(
        [each[:-horizon] for each in series], np.stack([each[-horizon:] for each in series]), season, scale
    )


def long(histories: Sequence[np.ndarray]) -> pd.DataFrame:
    """A long frame with whole numbers as times."""
    lengths = [len(each) for each in histories]
    ids = np.repeat(np.arange(len(histories)), lengths)
    return pd.DataFrame(
        {
            "unique_id": ids,
            "ds": np.concatenate([np.arange(n) for n in lengths]),
            "y": np.concatenate(histories),
        }
    )


def naive(task: Task, season: int) -> np.ndarray:
    """The last season again (S, H), its missing values those of the season before."""
    steps = np.arange(task.truth.shape[1]) % season
    filled = [
        pd.Series(each).groupby(np.arange(len(each)) % season).ffill().to_numpy() for each in task.histories
    ]
    return np.stack(
        [
            each[len(each) - season + steps] if len(each) > season else np.full(len(steps), each[-1])
            for each in filled
        ]
    )


def scores(task: Task, forecast: np.ndarray) -> dict[str, float]:
    """sMAPE and MASE, means over series, and sMAPE over all forecasts."""
    error, size = np.abs(task.truth - forecast), np.abs(task.truth) + np.abs(forecast)
    smape = 200 * np.divide(error, size, out=np.zeros_like(error), where=size > 0)
    lag = task.scale
    scale = np.array(
        [
            np.nanmean(np.abs(each[lag:] - each[:-lag])) if len(each) > lag else np.nan
            for each in task.histories
        ]
    )
    scaled = np.nanmean(error, axis=1)[scale > 0] / scale[scale > 0]
    return {"sMAPE": float(np.nanmean(smape)), "MASE": float(np.nanmean(scaled)), "count": smape.size}


def before(task: Task, back: int) -> Task:
    """The same forecast `back` horizons earlier, of the series that are long enough; nothing of its truth is read."""
    steps = task.truth.shape[1]
    rows = back * steps
    usable = [each for each in task.histories if len(each) >= rows + LEAST_ROWS]
    truth = np.stack([each[len(each) - rows :][:steps] for each in usable])
    return task._replace(histories=[each[:-rows] for each in usable], truth=truth)


def run(name: str, task: Task, *, finetune: bool | str = False) -> dict[str, Any]:
    """One row of the table."""
    steps, began = task.truth.shape[1], time.perf_counter()
    model = Pretrained(season=task.season, horizon=steps, finetune=finetune, random_state=0)
    model.fit(long(task.histories))
    table = model.predict_interval(steps, level=[80, 95])
    told = {column: table[column].to_numpy().reshape(task.truth.shape) for column in table.columns[2:]}
    found = scores(task, told["Pretrained"])
    row: dict[str, Any] = {"set": name, "series": len(task.histories), **found}
    if len(model.selection_):
        row["kept"] = kept(model.selection_)
    row["seconds"] = time.perf_counter() - began
    row["naive MASE"] = scores(task, naive(task, task.scale))["MASE"]
    known = np.isfinite(task.truth)
    for level in (80, 95):
        low, high = told[f"Pretrained-lo-{level}"], told[f"Pretrained-hi-{level}"]
        row[f"in {level} %"] = 100 * float(((task.truth >= low) & (task.truth <= high))[known].mean())
    return row


def tasks(folder: Path, name: str) -> dict[str, Task]:
    """The tasks of a set by name."""
    if name == "M3":
        return {f"M3 {group}": competition(folder / "m3", group, h, m, m) for group, (h, m) in M3.items()}
    if name == "M4":
        return {
            f"M4 {group}, season {pattern}": competition(folder / "m4", group, h, m, pattern)
            for group, (h, m, season) in M4.items()
            for pattern in sorted({season, m})
        }
    if name == "NN5":
        return {"NN5": tail(ragged(folder / "nn5" / "nn5.parquet"), 56, 7, 1)}
    if name == "passengers":
        y = load_air_passengers().to_numpy(float)
        return {
            f"air passengers, origin {len(y) - k}": Task(
                [y[: len(y) - k]], y[None, len(y) - k :][:, :12], 12, 12
            )
            for k in (48, 36, 24, 12)
        }
    path, horizon, season = {
        "ETTh1": ("ett/ETTh1", 24, 24),
        "exchange": ("exchange_rate/exchange_rate", 30, 5),
    }[name]
    wide = pd.read_parquet(folder / f"{path}.parquet").iloc[:, 1:].to_numpy(float)
    return {name: tail(list(wide.T), horizon, season, season)}


def seasonal(folder: Path) -> list[tuple[str, int, list[np.ndarray]]]:
    """The series with a season of classics, tourism_au and aus_retail."""
    monthly = [load_air_passengers().to_numpy(float)]
    monthly += list(pd.read_csv(folder / "classics" / "seatbelts.csv")[["y"]].to_numpy(float).T)
    return [
        ("classics", 12, monthly),
        ("tourism_au", 4, ragged(folder / "tourism_au" / "tourism_au.parquet")),
        ("aus_retail", 12, ragged(folder / "aus_retail" / "aus_retail.parquet")),
    ]


def against_ets(folder: Path) -> dict[str, float]:
    """Geometric mean of RMSSE over that of ETS, two origins of two seasons a series."""
    ratios: dict[str, list[float]] = {}
    for name, season, series in seasonal(folder):
        steps = 2 * season
        for back in (2, 1):
            usable = [each for each in series if len(each) >= 4 * season + 2 * steps]
            histories = [each[: len(each) - back * steps] for each in usable]
            truth = np.stack([each[len(each) - back * steps :][:steps] for each in usable])
            frame = long(histories)
            errors = []
            for model in (Pretrained(season=season), ETS(season=season)):
                values = model.fit(frame).predict(steps)[type(model).__name__].to_numpy()
                errors.append(np.sqrt(np.mean((values.reshape(truth.shape) - truth) ** 2, axis=1)))
            kept = (errors[0] > 0) & (errors[1] > 0)
            ratios.setdefault(name, []).extend(np.log(errors[0][kept] / errors[1][kept]))
    return {name: float(np.exp(np.mean(values))) for name, values in ratios.items()} | {
        "all": float(np.exp(np.mean(np.concatenate(list(ratios.values())))))
    }


def bike_sharing(folder: Path) -> tuple[pd.DataFrame, pd.Series]:
    """The weather and days off of each hour, and the bicycles hired in it."""
    table = pd.read_parquet(folder / "bike_sharing" / "bike_sharing.parquet").set_index("ds")
    X = table[list(WEATHER)]
    return X.join(pd.get_dummies(table["weather"], dtype=float).iloc[:, 1:]), table["y"]


def bike_hire(folder: Path, days: int = 56) -> dict[str, float]:
    """Mean absolute error of bike hire, one day ahead from each of the last days, with and without the true weather."""
    X, y = bike_sharing(folder)
    first = len(y) - 24 * days
    models = {"AR, with weather": AR(season=[24, 168])}
    for season in (24, 168):
        for used in (False, "auto"):
            name = f"Pretrained, season {season}, {'with' if used else 'without'} weather"
            models[name] = Pretrained(season=season, horizon=24, covariates=used)
    found = {}
    for name, model in models.items():
        errors = []
        for start in range(first, len(y), 24):
            day, past = slice(start, start + 24), slice(start - 24, start)
            if start == first:
                model.fit(X.iloc[:start], y.iloc[:start])
            else:
                model.update(X.iloc[past], y.iloc[past])
            errors.append(np.abs(model.predict(X.iloc[day]) - y.iloc[day]))
        found[name] = float(np.mean(errors))
    return found


def main(arguments: list[str] | None = None) -> pd.DataFrame:
    """Print the table and return it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=SETS)
    parser.add_argument("--ets", action="store_true")
    parser.add_argument("--weather", action="store_true", help="bike hire with the weather as covariates")
    parser.add_argument("--finetune", action="store_true")
    parser.add_argument("--back", type=int, default=0, help="horizons before the end of the training parts")
    options = parser.parse_args(arguments)
    rows = []
    for name, task in (pair for each in options.sets for pair in tasks(options.folder, each).items()):
        task = before(task, options.back) if options.back else task
        rows.append(run(name, task))
        if options.finetune:
            rows.append(run(f"{name}, finetune", task, finetune="auto"))
    for name in ("M3", "air passengers"):
        group = [row for row in rows if row["set"].startswith(name) and "finetune" not in row["set"]]
        if group:
            total = sum(row["count"] for row in group)
            smape = sum(row["sMAPE"] * row["count"] for row in group) / total
            rows.append(
                {
                    "set": f"{name}, all forecasts",
                    "sMAPE": smape,
                    "MASE": np.mean([row["MASE"] for row in group]),
                }
            )
    table = pd.DataFrame(rows).drop(columns="count", errors="ignore").set_index("set")
    print(table.round(3).to_string(na_rep=""))
    if options.weather:
        for name, error in bike_hire(options.folder).items():
            print(f"bike hire, mean absolute error, {name}: {error:.2f}")
    if options.ets:
        for name, ratio in against_ets(options.folder).items():
            print(f"RMSSE over ETS, {name}: {ratio:.3f}")
    return table


if __name__ == "__main__":
    main()
