"""python examples/benchmarks/day_or_week.py FOLDER [--only bike]

Which season Pretrained takes for hours and half-hours, a day or a week, and what that is worth.

FOLDER holds `bike_sharing/`, `vic_elec/`, `ett/ETTh1.parquet`, `gefcom2012/load.parquet` and
`classics/taylor_half_hourly.csv`. Three times, 10 horizons apart, the last rows are cut off; what is left decides by
itself, and the next 10 horizons are forecast by either season. Printed are the ratios of the mean absolute error of
the week to that of the day, with a star where the week was taken; below them the geometric mean of what was taken.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from forecast import Pretrained

CUTS, ORIGINS = 3, 10
ZONES = 4  # of the load of GEFCom
ROWS = 30_000  # of a zone, before the weeks that are missing


def tasks(folder: Path) -> Iterator[tuple[str, pd.Series, int, int]]:
    """Name, series, steps of a day, horizon."""
    bike = pd.read_parquet(folder / "bike_sharing" / "bike_sharing.parquet").set_index("ds")["y"].asfreq("h")
    demand = pd.read_parquet(folder / "vic_elec" / "vic_elec.parquet").set_index("ds")["y"].asfreq("30min")
    for name, y, day in (("bike hire", bike, 24), ("demand of Victoria", demand, 48)):
        yield from ((f"{name}, {days} days", y, day, days * day) for days in (1, 7))
    loads = pd.read_parquet(folder / "ett" / "ETTh1.parquet").set_index("ds").asfreq("h")
    yield from ((f"ETTh1 {column}", loads[column], 24, 96) for column in loads)
    zones = pd.read_parquet(folder / "gefcom2012" / "load.parquet")
    for name in zones["unique_id"].unique()[:ZONES]:
        yield (
            f"GEFCom {name}",
            zones[zones["unique_id"] == name].set_index("ds")["y"].asfreq("h")[:ROWS],
            24,
            168,
        )
    taylor = pd.read_csv(folder / "classics" / "taylor_half_hourly.csv").iloc[:, -1].astype(float)
    yield "half-hourly demand", taylor.set_axis(half_hours(len(taylor))), 48, 48


def half_hours(rows: int) -> pd.DatetimeIndex:
    """Times of the demand of Taylor (2003), from Monday, 5 June 2000."""
    return pd.date_range("2000-06-05", periods=rows, freq="30min")


def generated() -> Iterator[tuple[str, pd.Series, int, int]]:
    """Hours with a day and a week, on which to try the script."""
    hours = pd.date_range("2024-01-01", periods=24 * 7 * 16, freq="h")
    weekend = 3.0 * (hours.day_of_week >= 5)
    noise = 0.1 * np.random.default_rng(0).normal(size=len(hours))
    yield "generated", pd.Series(np.sin(hours.hour / 12 * np.pi) + weekend + noise, hours), 24, 24


def error(y: pd.Series, season: int, horizon: int) -> float:
    """Mean absolute error over the last ORIGINS horizons."""
    rows = len(y) - ORIGINS * horizon
    model, found = Pretrained(season=season, horizon=horizon).fit(y.iloc[:rows]), []
    for start in range(rows, len(y), horizon):
        truth = y.iloc[start : start + horizon]
        found.append((model.predict(horizon) - truth).abs().mean())
        model.update(truth)
    return float(np.mean(found))


def main(argv: Sequence[str] | None = None) -> pd.DataFrame:
    """Measure and print; one row for each task and cut."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--only", default="", help="tasks whose name contains this")
    parser.add_argument("--quick", action="store_true", help="without FOLDER: generated data")
    options = parser.parse_args(argv)
    if options.folder is None and not options.quick:
        parser.error("FOLDER is needed unless --quick is given")
    rows = []
    for name, y, day, horizon in generated() if options.folder is None else tasks(options.folder):
        if options.only not in name:
            continue
        shown = ""
        for cut in range(CUTS):
            known = y.iloc[: len(y) - cut * ORIGINS * horizon]
            week = Pretrained(horizon=horizon).fit(known.iloc[: -ORIGINS * horizon]).season_ == 7 * day
            ratio = error(known, 7 * day, horizon) / error(known, day, horizon)
            rows.append([name, cut, ratio, week])
            shown += f"{ratio:8.3f}{'*' if week else ' '}"
        print(f"{name:28s}{shown}", flush=True)
    table = pd.DataFrame(rows, columns=["task", "cut", "ratio", "week"])
    taken, all_weeks = np.where(table["week"], table["ratio"], 1.0), table["ratio"]
    means = [float(np.exp(np.mean(np.log(values)))) for values in (taken, all_weeks)]
    print(f"\nto the day alone, geometric mean: as taken {means[0]:.3f}, always the week {means[1]:.3f}")
    return table


if __name__ == "__main__":
    main()
