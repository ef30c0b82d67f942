"""python examples/benchmarks/partitions.py FOLDER [--series 1000000 --length 120] [--layout series|date] [--jobs 1]

A panel larger than memory through `predict_partitions`: peak memory, rows a second, and what a billion rows would take.

Writes parquet files of monthly series into FOLDER, forecasts them by Pretrained in a process of their own, and deletes
all of it. With --layout series every file holds whole series, with --layout date every series is divided among all
files, so that the table has to be shuffled on disk first.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from forecast import Pretrained, predict_partitions

FILE_ROWS = 1_000_000


def generate(folder: Path, series: int, length: int, layout: str) -> None:
    """Files of about a million rows: a level, a season and noise, with two decimals as in a table of sales."""
    folder.mkdir(parents=True)
    dates = (np.datetime64("2010-01", "M") + np.arange(length)).astype("datetime64[us]")
    rng, files = np.random.default_rng(0), max(series * length // FILE_ROWS, 1)
    level, phase = rng.uniform(50, 5000, size=series), rng.uniform(0, 12, size=series)
    blocks = [np.array_split(np.arange(each), files) for each in (series, length)]
    for number in range(files):
        which = blocks[0][number] if layout == "series" else np.arange(series)
        at = blocks[1][number] if layout == "date" else np.arange(length)
        season = 1 + 0.2 * np.sin(2 * np.pi * (at + phase[which, None]) / 12)
        y = level[which, None] * (season + 0.05 * rng.standard_normal(season.shape))
        ids = pa.array([f"store-{each:08d}" for each in which]).take(
            pa.array(np.repeat(np.arange(len(which)), len(at)))
        )
        columns = {"unique_id": ids, "ds": np.tile(dates[at], len(which)), "y": np.round(y, 2).ravel()}
        pq.write_table(pa.table(columns), folder / f"{number:05d}.parquet")


def measure(data: Path, output: Path, rows: int, jobs: int) -> dict[str, float]:
    """Seconds, those of the processor, and peak of memory of this process and of the largest of its workers, GB."""
    whole = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, time.perf_counter()
    files = predict_partitions(Pretrained(), data, output, horizon=12, rows=rows, n_jobs=jobs)
    seconds = time.perf_counter() - began
    used = [resource.getrusage(who) for who in whole]
    own, workers = (each.ru_maxrss / 1e6 for each in used)
    cpu = sum(each.ru_utime + each.ru_stime for each in used)
    return {
        "seconds": seconds,
        "cpu": cpu,
        "start": before,
        "peak": own,
        "worker": workers,
        "partitions": len(files),
    }


def report(found: dict[str, float], rows: int, stored: float) -> str:
    """What was measured, and what follows for a billion rows."""
    rate = rows / found["seconds"]
    hours, room = 1e9 / rate / 3600, 1e9 / rows * stored
    return "\n".join(
        [
            f"{rows:,} rows, {8 * rows / 1e9:.2f} GB of values, {stored:.2f} GB of parquet, "
            f"{found['partitions']:g} partitions",
            f"{found['seconds']:.0f} s, {rate:,.0f} rows a second; {found['cpu']:.0f} s of processor time, "
            f"{rows / found['cpu']:,.0f} rows for each of them",
            f"peak of memory {found['peak']:.2f} GB, of a worker {found['worker']:.2f} GB; "
            f"{found['start']:.2f} GB after the imports",
            f"a billion rows: 1e9 / {rate:,.0f} = {1e9 / rate:,.0f} s = {hours:.2f} hours, "
            f"{8:.0f} GB of values, about {room:.0f} GB of parquet, memory as here",
        ]
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the files, forecast them in another process, print what it took, delete them."""
    parser = argparse.ArgumentParser(description="Forecast a panel that is larger than memory.")
    parser.add_argument("folder", type=Path, help="a folder that is made, and deleted at the end")
    parser.add_argument("--series", type=int, default=1_000_000)
    parser.add_argument("--length", type=int, default=120)
    parser.add_argument("--layout", choices=("series", "date"), default="series")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of a partition")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--measure", action="store_true", help="forecast what is in FOLDER/data, and no more")
    options = parser.parse_args(arguments)
    data, output = options.folder / "data", options.folder / "output"
    if options.measure:
        print(json.dumps(measure(data, output, options.rows, options.jobs)))
        return
    generate(data, options.series, options.length, options.layout)
    try:
        stored = sum(path.stat().st_size for path in data.iterdir()) / 1e9
        words = [sys.executable, __file__, str(options.folder), "--measure"]
        words += ["--rows", str(options.rows), "--jobs", str(options.jobs)]
        found = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout)
        told = pd.read_parquet(output / "part-00000.parquet")
        assert np.isfinite(told["Pretrained"]).all()
        print(report(found, options.series * options.length, stored))
    finally:
        shutil.rmtree(options.folder)


if __name__ == "__main__":
    main()
