"""python examples/benchmarks/selection_choices.py FOLDER

How much better must a network be from the last origins of its history to be kept? Measured only on training parts.

FOLDER holds `classics/*.csv`, `sysid/*`, `m3/*-train.parquet`. Each training part is cut at earlier origins; a network
and its linear start are judged from the last origins before the cut (`forecast.training.selection`), both are fitted on
all rows before it, and forecast what comes after it. The line of a case has the errors of the network and of what the
defaults choose, over those of the linear model at the same lags. Printed at the end, for several rules: the geometric
mean of the ratios that they would have had, the worst set, and how often they keep the network.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from against_ar import SERIES, TRAINING_ROWS, read_record, read_series

from forecast import NARX, TDNN
from forecast.training import selection

CUTS, SEEDS, GROUP = 3, 3, 100
FAMILIES: dict[str, Any] = {"NARX": NARX, "TDNN": TDNN}
HORIZONS = {"Yearly": (6, "YE"), "Quarterly": (8, "QE"), "Monthly": (18, "ME"), "Other": (8, None)}


class Case(NamedTuple):
    """A history (X, y), what follows it, and the horizon that the model is given."""

    name: str
    X: Any
    y: Any
    X_after: Any
    after: np.ndarray
    horizon: int


def series_cases(folder: Path, most: int) -> Iterator[Case]:
    """Textbook series before their last horizon, cut at the horizons before it."""
    for name, (columns, freq, horizon) in SERIES.items():
        path = folder / "classics" / f"{name}.csv"
        for column in columns if path.exists() else ():
            y = read_series(path, column, freq).iloc[-most:]
            for cut in range(CUTS):
                end = len(y) - (cut + 1) * horizon
                yield Case(
                    f"{name} {column}",
                    None,
                    y[: end - horizon],
                    None,
                    y[end - horizon : end].to_numpy(),
                    horizon,
                )


def record_cases(folder: Path, most: int) -> Iterator[Case]:
    """Training parts of records, cut at half and at three quarters."""
    for path in sorted((folder / "sysid").iterdir()):
        train, _ = read_record(path)
        train = train.iloc[-most:].reset_index(drop=True)
        inputs = [column for column in train if column.startswith("u")]
        for start in (len(train) // 2, 3 * len(train) // 4):
            end = start + len(train) // 4
            yield Case(
                path.stem,
                train[inputs][:start],
                train["y"][:start],
                train[inputs][start:end],
                train["y"][start:end].to_numpy(),
                1,
            )


def panel_cases(folder: Path, most: int) -> Iterator[Case]:
    """The last horizon of every training part of M3, a hundred series of a group."""
    for group, (horizon, freq) in HORIZONS.items():
        path = folder / "m3" / f"{group}-train.parquet"
        if not path.exists():
            continue
        data = pd.read_parquet(path)
        ids = data["unique_id"].unique()[:: max(1, data["unique_id"].nunique() // GROUP)]
        data = data[data["unique_id"].isin(ids)]
        data = data[data.groupby("unique_id")["y"].transform("size") > 2 * horizon]
        if freq is not None:
            longest = int(data["ds"].max())
            data["ds"] = pd.date_range("1950-01-31", periods=longest, freq=freq)[data["ds"].to_numpy() - 1]
        back = data.groupby("unique_id").cumcount(ascending=False)
        yield Case(f"M3 {group}", None, data[back >= horizon], None, data[back < horizon], horizon)


def errors_after(model: Any, case: Case) -> float:
    """Mean absolute error of the forecasts of a case, over a panel in units of each series' naive error."""
    if case.name.startswith("M3"):
        forecast = model.predict(case.horizon)
        unit = case.y.groupby("unique_id")["y"].apply(lambda y: y.diff().abs().mean())
        error = np.abs(forecast[type(model).__name__].to_numpy() - case.after["y"].to_numpy())
        return float(np.mean(error / forecast["unique_id"].map(unit).to_numpy()))
    forecast = model.predict(case.horizon) if case.X is None else model.predict(case.X_after)
    return float(np.mean(np.abs(np.asarray(forecast) - case.after)))


def measured(case: Case, family: Any, seed: int, **options: Any) -> dict[str, Any]:
    """Errors after the cut of network and linear model, and those from the origins before it."""
    given = (case.y,) if case.X is None else (case.X, case.y)
    found: dict[str, Any] = {}
    decide = selection.decide

    def noted(errors: dict[str, np.ndarray], overlap: float = 1.0, *rule: float) -> pd.DataFrame:
        found.update(errors)
        found["overlap"] = overlap
        return decide(errors, overlap, *rule)

    selection.decide = noted
    start = time.perf_counter()
    try:
        chosen = family(horizon=case.horizon, random_state=seed, **options).fit(*given)
    finally:
        selection.decide = decide
    seconds = time.perf_counter() - start
    network = family(horizon=case.horizon, random_state=seed, selection=False, **options).fit(*given)
    linear = NARX(horizon=case.horizon, hidden=(), **options)
    return {
        "case": case.name,
        "seed": seed,
        "network": errors_after(network, case),
        "linear": errors_after(linear.fit(*given), case),
        "chosen": errors_after(chosen, case),
        "judged": found,
        "seconds": seconds,
    }


def line(row: dict[str, Any]) -> str:
    """What was measured of one case, in a line."""
    ratios = [row[name] / row["linear"] for name in ("network", "chosen")]
    judged = " ".join(f"{name} {np.mean(value):.3f}" for name, value in row["judged"].items())
    return (
        f"{row['case']:26s}{row['seed']:3d}{ratios[0]:9.3f}{ratios[1]:9.3f}{row['seconds']:8.1f} s  {judged}"
    )


def summary(rows: list[dict[str, Any]]) -> None:
    """What rules of several widths would have kept, and what the defaults keep."""
    for name in ("network", "chosen"):
        told(name, rows, [row[name] / row["linear"] for row in rows])
    for width in (0.0, 0.5, 1.0, 2.0):
        kept = [keeps(row["judged"], width) for row in rows]
        ratios = [
            row["network"] / row["linear"] if keep else 1.0 for row, keep in zip(rows, kept, strict=True)
        ]
        told(f"{width} standard errors, {sum(kept)} networks", rows, ratios)


def keeps(judged: dict[str, Any], width: float) -> bool:
    """Whether the network is better than the linear model by `width` standard errors, and by a hundredth."""
    if "network" not in judged or selection.LINEAR not in judged:
        return False
    gain = judged[selection.LINEAR] - judged["network"]
    noise = np.std(gain) / np.sqrt(max(len(gain) / judged["overlap"], 1.0))
    return bool(gain.mean() > max(width * noise, 0.01 * judged[selection.LINEAR].mean()))


def told(name: str, rows: list[dict[str, Any]], ratios: list[float]) -> None:
    """Geometric mean over the sets, and the worst of them."""
    means = pd.Series(np.log(ratios)).groupby([row["case"] for row in rows]).mean()
    worst = f"worst {np.exp(means.max()):.3f} {means.idxmax()}"
    print(f"{name:36s} geometric mean {np.exp(means.mean()):.3f}, {worst}, of {len(means)} sets")


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--family", default="NARX", choices=FAMILIES)
    parser.add_argument("--only", default="")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument(
        "--rows", type=int, default=TRAINING_ROWS, help="longest history of a series or record"
    )
    parser.add_argument("--scale", default=None)
    arguments = parser.parse_args(argv)
    options = {} if arguments.scale is None else {"scale": arguments.scale}
    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for cases in (series_cases, panel_cases, record_cases):
            for case in cases(arguments.folder, arguments.rows):
                if arguments.only in case.name:
                    for seed in range(arguments.seeds):
                        rows.append(measured(case, FAMILIES[arguments.family], seed, **options))
                        print(line(rows[-1]), flush=True)
    summary(rows)


if __name__ == "__main__":
    main()
