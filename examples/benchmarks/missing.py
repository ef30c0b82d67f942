"""python examples/benchmarks/missing.py --data DIR                                       all of it
python examples/benchmarks/missing.py --data DIR --parts nn5 --models AR ETS --series 30
python examples/benchmarks/missing.py --data DIR --parts bike victoria --models NARX --shares 0.2 --origins 5
python examples/benchmarks/missing.py --parts record --rows 40000

What missing values cost: NN5 as it is against interpolated data, bike hire and demand with values taken away, one long
record with long gaps.

nn5       sMAPE of 56 days on the test part, whose missing values are left out, after a fit to the training part as it
          is and after one to the same data interpolated in time; the bar is a difference of 0.3
bike      hourly hire with temperature and humidity, 24 hours from each origin; victoria: half-hourly demand with
          temperature, 48 steps. A share of the targets and as many covariates of the history are taken away, at random
          or in runs of 6 to 72 steps; the error against the complete truth and its growth; the bars are 3, 8 and 25 %
          for shares of 1, 5 and 20 %
record    a generated record like that of a pollution monitor: hourly, 5 % missing in runs of a day to two weeks, in one
          call; the bar is that it works, and beats the seasonal naive forecast

DIR holds nn5/nn5.parquet, bike_sharing/bike_sharing.parquet and vic_elec/vic_elec.parquet, as tables with ds and y.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

import forecast
from forecast.evaluation.metrics import smape

BARS = {0.01: 3.0, 0.05: 8.0, 0.2: 25.0}  # percent by share of values taken away
AHEAD = {"nn5": 56, "bike": 24, "victoria": 48, "record": 24}
BETWEEN = 37  # steps from one origin to the next, so that they meet every hour of a day

Hidden = np.ndarray


def models(names: Sequence[str], horizon: int) -> dict[str, Any]:
    """Forecasters by name, those with random weights from one seed."""
    made: dict[str, Callable[[], Any]] = {
        "NARX": lambda: forecast.NARX(horizon=horizon, random_state=0),
        "TDNN": lambda: forecast.TDNN(horizon=horizon, random_state=0),
        "RNN": lambda: forecast.RNN(horizon=horizon, epochs=20, random_state=0),
        "ResidualTDNN": lambda: forecast.ResidualTDNN(horizon=horizon, random_state=0),
        "GraphRNN": lambda: forecast.GraphRNN(horizon=horizon, epochs=20, random_state=0),
    }
    return {
        name: made[name]() if name in made else getattr(forecast, name)(horizon=horizon) for name in names
    }


def nn5(folder: Path, names: Sequence[str], series: int | None) -> None:
    """Print sMAPE as it is, interpolated, and their difference for each model."""
    frame = pd.read_parquet(folder / "nn5" / "nn5.parquet")
    frame = frame[frame["unique_id"].isin(frame["unique_id"].unique()[:series])]
    frame["ds"] = pd.Timestamp("1996-03-18") + pd.to_timedelta(frame["ds"] - frame["ds"].min(), unit="D")
    train, test = (frame.loc[frame["split"] == part, ["unique_id", "ds", "y"]] for part in ("train", "test"))
    whole = train.assign(
        y=train.groupby("unique_id")["y"].transform(lambda y: y.interpolate(limit_direction="both"))
    )
    print(
        f"nn5: {train['unique_id'].nunique()} series, {int(train['y'].isna().sum())} of {len(train)} values missing"
    )
    for name, model in models(names, AHEAD["nn5"]).items():
        found, started = [], time.perf_counter()
        for data in (train, whole):
            answer = (
                clone(model)
                .fit(data.reset_index(drop=True))
                .predict()
                .rename(columns={type(model).__name__: "f"})
            )
            rows = test.merge(answer, on=["unique_id", "ds"]).assign(cutoff=train["ds"].max())
            found.append(float(smape(rows[["unique_id", "ds", "cutoff", "y", "f"]])["f"].mean()))
        took = time.perf_counter() - started
        print(
            f"  {name:14s} {found[0]:7.3f} {found[1]:7.3f} {found[0] - found[1]:+7.3f}   {took:6.1f} s",
            flush=True,
        )


def hidden(rows: int, share: float, kind: str, rng: np.random.Generator) -> Hidden:
    """Which of some rows are taken away, about a share of all."""
    if kind == "random":
        return rng.random(rows) < share
    gone = np.zeros(rows, bool)
    while gone.mean() < share:
        start, length = rng.integers(rows), rng.integers(6, 73)
        gone[start : start + length] = True
    return gone


def load(folder: Path, part: str, rows: int | None) -> tuple[pd.DataFrame, pd.Series]:
    """The last rows of a set: covariates and target."""
    name, columns = {
        "bike": ("bike_sharing", ["temp", "hum"]),
        "victoria": ("vic_elec", ["temperature"]),
    }[part]
    frame = pd.read_parquet(folder / name / f"{name}.parquet").set_index("ds")
    frame = frame.asfreq(pd.infer_freq(frame.index[:50])).iloc[-(rows or len(frame)) :]
    return frame[columns].astype(float), frame["y"].astype(float)


def error(
    model: Any, X: pd.DataFrame, y: pd.Series, seen: tuple[pd.DataFrame, pd.Series], origins: int
) -> float:
    """Mean absolute error against y from origins at the end, after one fit to what was seen before the first."""
    horizon = model.horizon
    ends = [len(y) - horizon - BETWEEN * back for back in range(origins)][::-1]
    model, last, errors = clone(model).fit(seen[0].iloc[: ends[0]], seen[1].iloc[: ends[0]]), ends[0], []
    for end in ends:
        if end > last:
            model.update(seen[0].iloc[last:end], seen[1].iloc[last:end])
        last, ahead = end, slice(end, end + horizon)
        errors.append(np.abs(model.predict(X.iloc[ahead]) - y.iloc[ahead]).mean())
    return float(np.mean(errors))


def planted(
    folder: Path,
    part: str,
    names: Sequence[str],
    *,
    rows: int | None,
    origins: int,
    shares: Sequence[float],
    seed: int,
) -> None:
    """Print the error of each model on complete data, and its growth by kind and share."""
    X, y = load(folder, part, rows)
    print(f"{part}: {len(y)} rows, {origins} origins x {AHEAD[part]} steps, growth of the error in percent")
    for name, model in models(names, AHEAD[part]).items():
        started = time.perf_counter()
        base, told = error(model, X, y, (X, y), origins), []
        for kind in ("random", "runs"):
            for share in shares:
                rng = np.random.default_rng(seed)
                gone = hidden(len(y), share, kind, rng)
                seen = X.copy(), y.mask(gone)
                for column in X:
                    seen[0].loc[hidden(len(y), share, kind, rng), column] = np.nan
                growth = 100 * (error(model, X, y, seen, origins) / base - 1)
                mark = "" if growth <= BARS.get(share, np.inf) else "!"
                told.append(f"{kind} {share:.0%} {growth:+.1f}{mark}")
        took = time.perf_counter() - started
        print(f"  {name:14s} {base:8.3f}   {'  '.join(told)}   {took:.0f} s", flush=True)


def pollution(rows: int, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.Series]:
    """An hourly record: wind that blows the concentration away, rush hours, and 5 % missing in runs of 1 to 14 days."""
    hours = pd.date_range("2010-01-01", periods=rows, freq="h", name="ds")
    noise, wind, level = rng.standard_normal((2, rows)), np.zeros(rows), np.zeros(rows)
    for t in range(1, rows):
        wind[t] = 0.95 * wind[t - 1] + noise[0, t]
        level[t] = 0.9 * level[t - 1] - 0.05 * np.tanh(wind[t]) + 0.1 * noise[1, t]
    rush = np.exp(-0.5 * ((hours.hour.to_numpy() % 12 - 8) / 2) ** 2)
    gone = np.zeros(rows, bool)
    while gone.mean() < 0.05:
        start = rng.integers(rows)
        gone[start : start + rng.integers(24, 337)] = True
    y = pd.Series(40 * np.exp(level + 0.4 * rush), hours, name="pm25").mask(gone)
    return pd.DataFrame({"wind": wind}, hours).mask(np.roll(gone, 100)[:, None]), y


def record(names: Sequence[str], rows: int, origins: int, seed: int) -> None:
    """Print seconds and error of each model fitted in one call."""
    X, y = pollution(rows, np.random.default_rng(seed))
    first = rows - origins * AHEAD["record"]
    print(f"record: {rows} hours, {int(y.isna().sum())} missing, {origins} origins x {AHEAD['record']} steps")
    for name, model in models([*names, "SeasonalNaive"], AHEAD["record"]).items():
        started = time.perf_counter()
        frame = forecast.backtest(model, y, X, horizon=AHEAD["record"], windows=origins, refit=False)
        gap = (frame[type(model).__name__] - frame["y"]).abs().mean()
        took = time.perf_counter() - started
        print(
            f"  {name:14s} {gap:8.3f}   {int(y[:first].isna().sum())} missing values   {took:.0f} s",
            flush=True,
        )


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder of the sets")
    parser.add_argument("--parts", nargs="+", choices=list(AHEAD), default=list(AHEAD))
    parser.add_argument("--models", nargs="+", default=["SeasonalNaive", "AR", "NARX"], metavar="NAME")
    parser.add_argument("--series", type=int, help="of NN5; all of them by default")
    parser.add_argument("--rows", type=int, help="of each record, the last ones; all of them by default")
    parser.add_argument("--origins", type=int, default=20)
    parser.add_argument("--shares", nargs="+", type=float, default=list(BARS))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    warnings.simplefilter("ignore")
    if options.data is None and options.parts != ["record"]:
        parser.error("--data is needed unless --parts record is given")
    for part in options.parts:
        if part == "nn5":
            nn5(options.data, options.models, options.series)
        elif part == "record":
            record(options.models, options.rows or 40_000, options.origins, options.seed)
        else:
            given = {"rows": options.rows, "origins": options.origins, "shares": options.shares}
            planted(options.data, part, options.models, **given, seed=options.seed)


if __name__ == "__main__":
    main()
