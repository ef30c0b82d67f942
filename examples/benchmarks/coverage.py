"""python examples/benchmarks/coverage.py FOLDER [--sets m3 m4 nn5 bike] [--models AR NARX ...] [--every 8] [--training]

How often intervals cover, how wide they are, and their Winkler score, beside the models' own intervals of AR, Gaussian
from its residuals, and of ETS, from paths that it simulates.

FOLDER holds `m3/Monthly-train.parquet` and `-test.parquet`, `m4/Hourly-*.parquet` (columns unique_id, ds, y),
`nn5/nn5.parquet` (and split) and `bike_sharing/bike_sharing.parquet` (ds, y). Row numbers become dates.

The last horizon of every series is forecast once (M3 Monthly 18 steps, M4 Hourly 48, NN5 56), bike hire of the last
25 days from 25 origins, fitted at the first. Coverage is that of all rows; width and score are in units of the mean
change of a series from one season to the next before its test rows, the mean of all series. With `--training` the last
horizon of the training part is forecast, and of bike hire the 25 days before the last: rules are chosen there, and the
test part is looked at only to report. `--every K` takes every K-th series; `--origins K` forecasts panels from K
origins one horizon apart, with a new fit at each, since the series of a panel have calm and wild times together.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

import forecast
from forecast import AR, ETS, backtest
from forecast.estimators.conformal import check_levels, column_names
from forecast.estimators.error_units import ErrorUnits
from forecast.evaluation import coverage, interval_width, winkler
from forecast.panel import Panel

LEVELS = (80, 95)
MODELS = ("AR", "AR own", "ETS", "ETS own", "Theta", "SeasonalNaive", "NARX")
BIKE_DAYS = 25


class GaussianAR(AR):
    """AR with the intervals of its own equation: z s sqrt(1 + psi_1^2 + ... + psi_{h-1}^2)."""

    def predict_interval(self, X: Any = None, level: float | Iterable[float] = LEVELS) -> Any:
        levels, request = check_levels(level), self._request(X)
        center, panel = self._values(self.panel_, request), self.panel_
        residuals = pd.DataFrame(panel.y - self._fitted(panel)).groupby(panel.series_of_rows())
        deviation = np.sqrt(residuals.agg(lambda e: np.nanmean(e**2)).to_numpy())  # (S, O)
        psi = np.zeros((*self.order_.shape, request.horizon))
        psi[..., 0] = 1.0
        for step in range(1, request.horizon):
            for number, lag in enumerate(self.lags_[self.lags_ <= step]):
                psi[..., step] += self.coef_[..., number] * psi[..., step - lag]
        spread = deviation[..., None] * np.sqrt(np.cumsum(psi**2, axis=-1))  # (S, O, H)
        step = request.position - panel.lengths[request.series]
        half = spread[request.series, :, step]
        sides = [center + sign * norm.ppf(0.5 + p / 200) * half for p in levels for sign in (-1, 1)]
        return self._framed(request, np.stack([center, *sides], axis=-1), column_names(["AR own"], levels))


class SimulatedETS(ETS):
    """ETS with intervals from paths that its own state space model draws."""

    def predict_interval(self, X: Any = None, level: float | Iterable[float] = LEVELS) -> Any:
        levels, request = check_levels(level), self._request(X)
        center, panel = self._values(self.panel_, request), self.panel_
        paths = np.empty((panel.n_series, request.horizon, 1000))
        normal = np.random.default_rng(0).normal(size=(request.horizon, 1000))
        for series, _, _, y, result in self._smoothed(panel):
            if result is None:  # constant
                paths[series] = y[-1]
                continue
            errors = normal * np.sqrt(np.mean(result.resid**2))
            drawn = result.simulate(request.horizon, anchor="end", repetitions=1000, random_errors=errors)
            paths[series] = np.reshape(drawn, (-1, 1000))
        step = request.position - panel.lengths[request.series]
        sides = [
            np.quantile(paths, 0.5 + sign * p / 200, axis=-1)[request.series, step][:, None]
            for p in levels
            for sign in (-1, 1)
        ]
        return self._framed(request, np.stack([center, *sides], axis=-1), column_names(["ETS own"], levels))


@dataclass(frozen=True)
class Task:
    """Rows unique_id, ds, y, the last `horizon * windows` of each series to be forecast."""

    name: str
    rows: pd.DataFrame
    horizon: int
    windows: int = 1


def dated(rows: pd.DataFrame, freq: str) -> pd.DataFrame:
    """Row numbers as dates of a frequency."""
    dates = pd.date_range("2001-01-01", periods=int(rows["ds"].max()), freq=freq)
    return rows.assign(ds=dates[rows["ds"].to_numpy() - 1])


def read(folder: Path, name: str, every: int, training: bool, origins: int = 1) -> Task:
    """One of the sets, without its test part if `training`."""
    if name == "bike":
        rows = pd.read_parquet(folder / "bike_sharing" / "bike_sharing.parquet").assign(unique_id="bike")
        last = -24 * BIKE_DAYS if training else None
        return Task("bike hire, hourly", rows[["unique_id", "ds", "y"]].iloc[:last], 24, BIKE_DAYS)
    if name == "nn5":
        rows, freq, title, horizon = pd.read_parquet(folder / "nn5" / "nn5.parquet"), "D", "NN5", 56
        learned = rows["split"] == "train"
        rows.loc[learned, "y"] = rows[learned].groupby("unique_id")["y"].ffill()
    else:
        group, freq, horizon = {"m3": ("Monthly", "MS", 18), "m4": ("Hourly", "h", 48)}[name]
        parts = [folder / name / f"{group}-{part}.parquet" for part in ("train", "test")]
        rows, title = pd.concat(map(pd.read_parquet, parts)), f"{name.upper()} {group}"
    kept = rows["unique_id"].unique()[::every]
    rows = rows[rows["unique_id"].isin(kept)].sort_values(["unique_id", "ds"])
    if training:
        rows = rows[rows.groupby("unique_id").cumcount(ascending=False) >= horizon]
    return Task(title, dated(rows[["unique_id", "ds", "y"]], freq), horizon, origins)


def generated() -> Task:
    """Generated autoregressions on which to try the script."""
    rng, parts = np.random.default_rng(0), []
    for name in range(12):
        y = np.zeros(60)
        for now in range(1, 60):
            y[now] = 0.7 * y[now - 1] + rng.normal()
        parts.append(pd.DataFrame({"unique_id": f"s{name}", "ds": np.arange(1, 61), "y": 20 + y}))
    return Task("generated", dated(pd.concat(parts), "MS"), 3)


def make(name: str) -> Any:
    """A model with the defaults of its class."""
    if name in ("AR own", "ETS own"):
        return GaussianAR() if name == "AR own" else SimulatedETS()
    kind = getattr(forecast, name)
    return kind(random_state=0) if "random_state" in kind().get_params() else kind()


def measure(task: Task, names: Sequence[str]) -> pd.DataFrame:
    """Coverage in percent, width and Winkler score of each model and level."""
    found = []
    tested = task.horizon * task.windows
    history = Panel.from_data(task.rows, allow_missing=True).head(drop=tested)
    units = pd.Series(ErrorUnits(history).mean[:, 0], history.ids)
    for name in names:
        began = time.perf_counter()
        frame = backtest(
            {name: make(name)},
            task.rows,
            horizon=task.horizon,
            windows=task.windows,
            level=LEVELS,
            align="end",
            refit=task.windows != BIKE_DAYS,
        )
        seconds = time.perf_counter() - began
        for level in LEVELS:
            scaled = [score(frame, level=level)[name] / units for score in (interval_width, winkler)]
            row = {"model": name, "level": level, "coverage": 100 * coverage(frame, level=level)[name].mean()}
            row |= {"width": scaled[0].mean(), "winkler": scaled[1].mean(), "seconds": seconds}
            found.append(row)
    return pd.DataFrame(found)


def main(argv: Sequence[str] | None = None) -> dict[str, pd.DataFrame]:
    """Measure, print, and return a table for each set."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--sets", nargs="+", default=["m3", "m4", "nn5", "bike"])
    parser.add_argument("--models", nargs="+", default=list(MODELS))
    parser.add_argument("--every", type=int, default=1, help="use every K-th series of a panel")
    parser.add_argument("--origins", type=int, default=1, help="origins of a panel")
    parser.add_argument("--training", action="store_true", help="forecast the last rows of the training part")
    parser.add_argument("--quick", action="store_true", help="without FOLDER: generated data")
    options = parser.parse_args(argv)
    if options.folder is None and not options.quick:
        parser.error("FOLDER is needed unless --quick is given")
    tables = {}
    for name in ["generated"] if options.folder is None else options.sets:
        chosen = (options.every, options.training, options.origins)
        task = generated() if options.folder is None else read(options.folder, name, *chosen)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tables[task.name] = table = measure(task, options.models)
        print(f"\n{task.name}, {task.rows['unique_id'].nunique()} series, {task.horizon} steps")
        print(
            f"{'':16s}"
            + "".join(f"  {f'{level} %: covers':>14s} {'width':>7s} {'Winkler':>8s}" for level in LEVELS)
        )
        for model, rows in table.groupby("model", sort=False):
            numbers = [
                f"  {row.coverage:14.1f} {row.width:7.3f} {row.winkler:8.3f}" for row in rows.itertuples()
            ]
            print(f"{model:16s}{''.join(numbers)}  ({rows['seconds'].iloc[0]:.1f} s)", flush=True)
    return tables


if __name__ == "__main__":
    main()
