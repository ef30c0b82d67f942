"""python examples/benchmarks/weather.py FOLDER [--sets bike victoria] [--steps 24 168] [--models AR]

Hourly bike hire and the half-hourly demand of Victoria, with weather that is known up to now alone, and known ahead.

FOLDER holds `bike_sharing/bike_sharing.parquet` (ds, y, temp, hum, windspeed, weather) and
`vic_elec/vic_elec.parquet` (ds, y, temperature). Every model has the calendar of the local day, CALENDAR, and its
defaults; it learns once, and forecasts the last ORIGINS spans of so many steps, each from its first row. The scores are
root mean squared errors in units of the seasonal naive forecast of the day in the training part (RMSSE); beside them
those of AR with the same calendar and weather, and of the value a week before.
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

import forecast
from forecast import SeasonalNaive, backtest

ORIGINS = 20
MODELS = ("AR", "NARX", "TDNN", "ResidualTDNN")
CALENDAR = {"bike": ["hour", "weekday", "holiday:US-DC"], "victoria": ["hour", "weekday", "holiday:AU-VIC"]}
DAY = {"bike": 24, "victoria": 48}


def read(folder: Path, name: str) -> tuple[pd.Series, pd.DataFrame]:
    """The series on its local time, and its weather."""
    if name == "bike":
        data = pd.read_parquet(folder / "bike_sharing" / "bike_sharing.parquet").set_index("ds").asfreq("h")
        return data["y"], data[["temp", "hum", "windspeed", "weather"]]
    data = pd.read_parquet(folder / "vic_elec" / "vic_elec.parquet").set_index("ds").asfreq("30min")
    data = data.tz_localize("UTC").tz_convert("Australia/Melbourne")
    return data["y"], data[["temperature"]]


def generated() -> tuple[pd.Series, pd.DataFrame]:
    """Generated hours on which to try the script."""
    hours = pd.date_range("2024-01-01", periods=24 * 30, freq="h")
    X = pd.DataFrame({"temp": np.random.default_rng(0).normal(size=len(hours))}, hours)
    return 10 + np.sin(hours.hour.to_series(hours) / 24 * 2 * np.pi) + X["temp"], X


def rmsse(model: Any, y: pd.Series, X: pd.DataFrame | None, horizon: int, origins: int, day: int) -> float:
    """Root mean squared error over all origins, in units of the naive forecast of the day."""
    frame = backtest({"model": model}, y, X, horizon=horizon, windows=origins, refit=False)
    known = y.iloc[: -origins * horizon].to_numpy(float)
    unit = np.sqrt(np.nanmean((known[day:] - known[:-day]) ** 2))
    return float(np.sqrt(np.nanmean((frame["model"] - frame["y"]) ** 2)) / unit)


def make(name: str, horizon: int, calendar: list[str], past: list[str] | None) -> Any:
    """A forecaster with its defaults but for the horizon, the calendar and what is known up to now alone."""
    kind = getattr(forecast, name)
    seed = {"random_state": 0} if "random_state" in kind().get_params() else {}
    return kind(horizon=horizon, calendar=calendar, past=past, **seed)


def parser_of(description: str | None) -> argparse.ArgumentParser:
    """The options of every script on these sets."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--sets", nargs="+", default=list(DAY), choices=DAY)
    parser.add_argument("--steps", nargs="+", type=int, default=[24, 168], help="horizons in rows")
    parser.add_argument("--quick", action="store_true", help="without FOLDER: generated data, two origins")
    return parser


def main(argv: Sequence[str] | None = None) -> pd.DataFrame:
    """Measure and print; one row for each set, horizon, kind of weather and model."""
    parser = parser_of(__doc__)
    parser.add_argument("--weather", nargs="+", default=["past", "known"], choices=("past", "known"))
    parser.add_argument("--models", nargs="+", default=list(MODELS))
    options = parser.parse_args(argv)
    if options.folder is None and not options.quick:
        parser.error("FOLDER is needed unless --quick is given")
    origins, rows = 2 if options.quick else ORIGINS, []
    for name in options.sets[:1] if options.folder is None else options.sets:
        y, X = generated() if options.folder is None else read(options.folder, name)
        day = DAY[name]
        for steps in options.steps:
            week = rmsse(SeasonalNaive(season=7 * day), y, None, steps, origins, day)
            print(f"{name} {steps} steps ahead: the value of a week before {week:.4f}", flush=True)
            for weather in options.weather:
                past = list(X) if weather == "past" else None
                for model in options.models:
                    begun = time.perf_counter()
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore", UserWarning)
                        made = make(model, steps, CALENDAR[name], past)
                        score = rmsse(made, y, X, steps, origins, day)
                    seconds = time.perf_counter() - begun
                    print(f"  weather {weather:6s}{model:14s} {score:.4f}  ({seconds:.0f} s)", flush=True)
                    rows.append([name, steps, weather, model, score, week])
    return pd.DataFrame(rows, columns=["set", "steps", "weather", "model", "RMSSE", "week"])


if __name__ == "__main__":
    main()
