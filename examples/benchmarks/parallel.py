"""python examples/benchmarks/parallel.py [--series 2000] [--models AR Theta ETS] [--rounds 3]

Local models of many series on Dask clusters of one and of two worker processes: seconds, their ratio, equal forecasts.

The clusters take turns, so that a busy machine slows both; the ratio is that of the least times. On a machine that has
other work to do, seconds say little; so the processor time is told too: that of this process (with the scheduler) plus
that of its busiest worker, which is the time that an idle machine would take. With --kill a worker of the second
cluster is killed in the middle of one more fit.
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from distributed import Client, LocalCluster
from joblib import parallel_config

from forecast import AR, ETS, Theta

MODELS = {
    "AR": AR(),
    "Theta": Theta(),
    "ETS": ETS(error="add", trend=None, seasonal="add"),
    "auto ETS": ETS(),
}
HORIZON = 12


def panel(series: int, rows: int = 120) -> pd.DataFrame:
    """Monthly series with a level, a season and a random walk."""
    rng, month = np.random.default_rng(0), np.arange(rows)
    season = 10 * np.sin(2 * np.pi * month / 12 + rng.uniform(0, 6, size=(series, 1)))
    walk = rng.standard_normal((series, rows)).cumsum(axis=1)
    y = rng.uniform(80, 120, size=(series, 1)) + season + walk + rng.standard_normal((series, rows))
    index = pd.MultiIndex.from_product(
        [[f"s{each}" for each in range(series)], pd.date_range("2015-01", periods=rows, freq="MS")]
    )
    return pd.Series(y.ravel(), index, name="y").rename_axis(["unique_id", "ds"]).reset_index()


def fitted(model: Any, long: pd.DataFrame, client: Client) -> tuple[float, float]:
    """Seconds of a fit by the workers of a client, and processor time of this process and of the busiest worker."""
    before, here, began = client.run(time.process_time), time.process_time(), time.perf_counter()
    with parallel_config("dask", client=client):
        model.fit(long)
    seconds, here = time.perf_counter() - began, time.process_time() - here
    busy = max(after - before[worker] for worker, after in client.run(time.process_time).items())
    return seconds, here + busy


def compare(name: str, long: pd.DataFrame, clients: Sequence[Client], rounds: int) -> dict[str, Any]:
    """Seconds of one process, of one worker and of two, and whether their forecasts are the same numbers."""
    model, warm = MODELS[name], long[long["unique_id"].isin(long["unique_id"].unique()[:16])]
    for client in clients:
        fitted(model, warm, client)
    began = time.perf_counter()
    here = model.fit(long).predict(HORIZON)
    alone, same = time.perf_counter() - began, True
    times: tuple[list[tuple[float, float]], ...] = ([], [])
    for _ in range(rounds):
        for found, client in zip(times, clients, strict=True):
            found.append(fitted(model, long, client))
            same = same and model.predict(HORIZON).equals(here)
    one, two = (np.min(found, axis=0) for found in times)
    told = {"one process": alone, "one worker": one[0], "two workers": two[0], "ratio": one[0] / two[0]}
    processor = {"processor, one": one[1], "processor, two": two[1], "its ratio": one[1] / two[1]}
    return {**told, **processor, "same": same}


def with_a_death(name: str, long: pd.DataFrame, cluster: LocalCluster, client: Client) -> bool:
    """Whether the forecasts are the same after one worker was killed in the middle."""
    model = MODELS[name]
    began = time.perf_counter()
    here = model.fit(long).predict(HORIZON)
    wait = (time.perf_counter() - began) / 4
    timer = threading.Timer(wait, os.kill, (cluster.workers[0].pid, signal.SIGKILL))
    timer.start()
    fitted(model, long, client)
    return timer.finished.is_set() and model.predict(HORIZON).equals(here)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one row for each model."""
    parser = argparse.ArgumentParser(description="Local models on one and on two Dask workers.")
    parser.add_argument("--series", type=int, default=2000)
    parser.add_argument("--models", nargs="+", choices=tuple(MODELS), default=["AR", "Theta", "ETS"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kill", action="store_true", help="also kill a worker in the middle of a fit")
    options = parser.parse_args(arguments)
    long = panel(options.series)
    how = {"threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": 50}
    with (
        LocalCluster(n_workers=1, **how) as small,
        LocalCluster(n_workers=2, **how) as large,
        Client(small) as one,
        Client(large) as two,
    ):
        rows = {name: compare(name, long, (one, two), options.rounds) for name in options.models}
        print(f"{options.series} series, seconds; load of the machine {os.getloadavg()[0]:.1f}")
        print(pd.DataFrame(rows).T.rename_axis("model").to_string(float_format="{:.2f}".format))
        if options.kill:
            same = with_a_death(options.models[-1], long, large, two)
            print(f"a worker killed in the middle: {'the same' if same else 'OTHER'} forecasts")


if __name__ == "__main__":
    main()
