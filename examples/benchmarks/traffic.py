"""python examples/benchmarks/traffic.py FOLDER

GraphRNN on the speeds at 207 road sensors: with its edges, without them, and AR for every sensor.

FOLDER holds `speed.parquet` (ds, then one column per sensor, every 5 minutes for a week) and `edges.csv` (source,
target, weight). The first 80 % of the rows are for learning, their last eighth (10 % of all) to stop early; from
every row of the last 20 % that has 12 rows after it the next 12 are forecast, without further learning.

A speed of zero is a sensor without data. The script prints how many there are and leaves them out of the scores; in
the inputs they stay as they are.

All models see the same covariates, HARMONICS sine and cosine pairs of the time of day, and nothing else.
"AR" is a least-squares autoregression of each sensor in closed loop (`forecast.AR`), "direct AR" one for each sensor
and step ahead, where both networks start. The networks differ only in their edges. They minimise absolute errors,
the AR models squared ones, so RMSE is printed too. Settings were chosen by the held-out part of seed 0.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from forecast import AR, GraphRNN

STEPS, SHOWN, DAY, HARMONICS = 12, (3, 6, 12), 288, 6
SETTING = {
    "lags": 6,
    "window": 6,
    "units": 16,
    "outputs": STEPS,
    "loss": "absolute",
    "epochs": 6,
    "batch_size": 8,
    "learning_rate": 5e-3,
}
Error = np.ndarray  # (origins, STEPS, sensors)


def read(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Speeds, time of day and edges; a sensor's edge to itself is left out, as every node sees itself."""
    speed = pd.read_parquet(folder / "speed.parquet").set_index("ds").asfreq("5min")
    angle = 2 * np.pi * np.arange(len(speed)) / DAY
    waves = {f"{f.__name__}{k}": f(k * angle) for k in range(1, HARMONICS + 1) for f in (np.sin, np.cos)}
    edges = pd.read_csv(folder / "edges.csv", dtype={"source": str, "target": str})
    return speed, pd.DataFrame(waves, speed.index), edges[edges["source"] != edges["target"]]


def stand_in(folder: Path) -> None:
    """Five sensors over 400 rows in the form of the real ones, two values missing."""
    rng, rows = np.random.default_rng(0), 400
    names = [f"s{k}" for k in range(5)]
    values = 60 + 5 * np.sin(np.arange(rows) / 30)[:, None] + rng.normal(size=(rows, 5))
    values[[100, 380], [0, 1]] = 0
    speed = pd.DataFrame(values, columns=names)
    speed.insert(0, "ds", pd.date_range("2012-03-01", periods=rows, freq="5min"))
    speed.to_parquet(folder / "speed.parquet")
    edges = pd.DataFrame({"source": names, "target": names[1:] + names[:1], "weight": 1.0})
    edges.to_csv(folder / "edges.csv", index=False)


def windows(values: np.ndarray, origins: np.ndarray, first: int, last: int) -> np.ndarray:
    """Rows origin + first, ..., origin + last - 1 of every origin: (origins, last - first, columns)."""
    return values[origins[:, None] + np.arange(first, last)]


def network_errors(model: GraphRNN, data: tuple, origins: np.ndarray) -> Error:
    """Errors of all origins in one call of the fitted network, which forecasts the 12 steps at once."""
    speed, waves = (part.to_numpy() for part in data)
    y, x = (
        (speed - model.scaler_.center) / model.scaler_.spread,
        (waves - model.scaler_.x_center) / model.scaler_.x_spread,
    )
    length = model.window_
    paired = np.concatenate([windows(y, origins, -length, 0), windows(x, origins, 1 - length, 1)], axis=2)
    forecast = keras.ops.convert_to_numpy(model.network_(paired.astype("float32")))
    return forecast * model.scaler_.spread + model.scaler_.center - windows(speed, origins, 0, STEPS)


def ar_errors(data: tuple, learned: int, origins: np.ndarray) -> Error:
    """Errors of an AR of each sensor in closed loop; it learns once, and its origin moves on."""
    speed, waves = data
    model = AR(lags=SETTING["lags"], exog_lags=0, joint=False).fit(waves.iloc[:learned], speed.iloc[:learned])
    lags, constant = model.coef_[0].T, model.trend_coef_[0, :, 0]  # (P, sensors), (sensors,)
    drift = waves.to_numpy() @ model.exog_coef_[0].T  # (rows, sensors)
    path = windows(speed.to_numpy(), origins, -len(lags), 0)
    for step in range(STEPS):
        value = constant + drift[origins + step]
        for lag, coefficient in zip(model.lags_, lags, strict=True):
            value = value + coefficient * path[:, -lag]
        path = np.concatenate([path, value[:, None]], axis=1)
    return path[:, -STEPS:] - windows(speed.to_numpy(), origins, 0, STEPS)


def report(name: str, runs: list[Error], known: np.ndarray, seconds: float) -> None:
    """One row: MAE and RMSE at the steps shown, the mean over runs and the spread."""
    words = []
    for step in SHOWN:
        seen = known[:, step - 1]
        mae = [np.abs(run[:, step - 1][seen]).mean() for run in runs]
        rmse = [np.sqrt((run[:, step - 1][seen] ** 2).mean()) for run in runs]
        words.append(f"{np.mean(mae):7.3f} ± {np.std(mae):5.3f} {np.mean(rmse):7.3f}")
    print(f"{name:24s}" + "".join(f"{word:>26s}" for word in words) + f"{seconds:9.0f}", flush=True)


def main(argv: Sequence[str] | None = None) -> dict[str, list[Error]]:
    """Print one row per model; returns the errors of each run."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--quick", action="store_true", help="five generated sensors, one epoch: does it run?"
    )
    arguments = parser.parse_args(argv)
    if arguments.folder is None and not arguments.quick:
        parser.error("FOLDER is needed unless --quick is given")
    with tempfile.TemporaryDirectory() as made:
        if arguments.quick:
            stand_in(Path(made))
        data = read(Path(made) if arguments.quick else arguments.folder)
    setting = {**SETTING, "units": 2, "epochs": 1} if arguments.quick else SETTING
    return run(*data, setting, 1 if arguments.quick else arguments.seeds)


def run(
    speed: pd.DataFrame, waves: pd.DataFrame, edges: pd.DataFrame, setting: dict, seeds: int
) -> dict[str, list[Error]]:
    """Fit and score every model."""
    found: dict[str, list[Error]] = {}
    held, learned = int(0.7 * len(speed)), int(0.8 * len(speed))
    origins = np.arange(learned, len(speed) - STEPS + 1)
    known = windows(speed.to_numpy(), origins, 0, STEPS) != 0
    print(
        f"{speed.shape[1]} sensors, {learned} rows to learn from, {len(origins)} origins, {len(edges)} edges, ",
        end="",
    )
    print(f"{int((speed == 0).sum().sum())} zeros")
    head = "".join(f"{f'step {step}: MAE ± sd   RMSE':>26s}" for step in SHOWN)
    print(f"{'model':24s}{head}{'seconds':>9s}")
    last = speed.to_numpy()[origins - 1][:, None] - windows(speed.to_numpy(), origins, 0, STEPS)
    report("last value", [last], known, 0)
    for name, columns in (("AR, speed alone", waves.columns[:0]), ("AR", waves.columns)):
        start = time.perf_counter()
        found[name] = [ar_errors((speed, waves[columns]), learned, origins)]
        report(name, found[name], known, time.perf_counter() - start)
    for name, graph in (("GraphRNN without edges", None), ("GraphRNN", edges)):
        runs, start = [], time.perf_counter()
        for seed in range(seeds):
            model = GraphRNN(
                edges=graph, validation=learned - held, selection=False, random_state=seed, **setting
            )
            model.fit(waves.iloc[:learned], speed.iloc[:learned])
            runs.append(network_errors(model, (speed, waves), origins))
        if graph is None:
            model.theta_ = model.linear_theta_
            found["direct AR"] = [network_errors(model, (speed, waves), origins)]
            report("direct AR", found["direct AR"], known, 0)
        found[name] = runs
        report(name, runs, known, (time.perf_counter() - start) / seeds)
    return found


if __name__ == "__main__":
    main()
