"""python examples/benchmarks/against_ar.py FOLDER

NARX beside AR at the same lags on textbook series (rolling origin) and on system records (free run).

FOLDER holds `classics/*.csv` and `sysid/*.csv, *.parquet`: columns ds, targets y (or several), inputs u, split. The
score is RMSE(NARX) / RMSE(AR) at the lags of NARX; the bar is a geometric mean of at most 0.95 and no ratio above 1.10.

Series: the last WINDOWS * horizon rows are forecast from WINDOWS origins, each with a new fit. The setting is chosen
once, by the closed-loop error from INNER earlier origins, all before the first test row.
Records: the part named train (else the first half) is learned, the rest simulated from its first rows. The setting is
chosen by free runs over the third and the last quarter of the training part, each from a fit on the rows before it.
In both, a network is taken instead of the best linear model only when it is better by a tenth overall, and better in
both of two or in three of four held-out blocks: a single block may favour it by chance.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from forecast import AR, NARX, backtest
from forecast.datasets import load_lynx, wiener_hammerstein

WINDOWS, INNER = 5, 4
SERIES = {  # file: (columns, frequency, horizon)
    "air_passengers": (["y"], "M", 12),
    "co2_weekly": (["y"], "W-SAT", 52),
    "eu_stock_markets": (["DAX", "SMI", "CAC", "FTSE"], None, 20),
    "lynx": (["y"], "Y", 10),
    "santa_fe_laser": (["y"], None, 100),
    "seatbelts": (["y"], "M", 12),
    "sunspots_monthly": (["y"], "M", 132),
    "sunspots_yearly": (["y"], "Y", 10),
    "taylor_half_hourly": (["y"], "30min", 336),
}
TRAINING_ROWS = 2_000  # the longest history a series is fitted on
RECORD_ROWS = 6_000  # the same for a record
MARGIN = 0.9
NETWORKS: dict[str, dict] = {
    "linear": {"hidden": ()},
    "8 units": {"hidden": (8,), "epochs": 100},
    "8 units, 30 steps": {"hidden": (8,), "training": "multi-step", "steps": 30, "epochs": 60},
}
LAGS: dict[str, list] = {
    "M": ["auto", 13],
    "30min": [[1, 2, 3, 48, 49, 336, 337]],
    "W-SAT": [[1, 2, 3, 4, 52, 53]],
    "Y": ["auto", 9],
    "": [2, 20],
}
RECORD_LAGS = [2, 4, 8]
RECORD_NETWORKS: dict[str, dict] = {
    "linear": {"hidden": ()},
    "8 units, 50 steps": {"hidden": (8,), "training": "free-run", "steps": 50, "epochs": 60},
    "8 units, 200 steps": {"hidden": (8,), "training": "free-run", "steps": 200, "epochs": 60},
}


def rmse(error: np.ndarray) -> float:
    """Root mean squared error."""
    return float(np.sqrt(np.nanmean(np.square(error))))


def read_series(path: Path, column: str, freq: str | None) -> pd.Series:
    """One column on the index of its frequency; missing weeks are interpolated."""
    data = pd.read_csv(path)
    values = data[column].to_numpy(float)
    if freq is None:
        return pd.Series(values, name=column)
    if freq == "30min":
        return pd.Series(values, pd.date_range("2000-06-05", periods=len(values), freq=freq), name=column)
    if freq == "W-SAT":
        series = pd.Series(values, pd.to_datetime(data["ds"]), name=column)
        return series.asfreq(freq).interpolate()
    start = str(data["ds"].iloc[0])[:7]
    return pd.Series(values, pd.period_range(start, periods=len(values), freq=freq), name=column)


def choose(errors: dict[tuple, np.ndarray]) -> tuple:
    """The key (lags, network) of the smallest error over the blocks, linear unless a network is clearly better."""

    def total(key: tuple) -> float:
        return rmse(errors[key])

    linear = min((key for key in errors if key[1] == "linear"), key=total)
    best = min(errors, key=total)
    wins = int(np.sum(errors[best] < errors[linear]))
    clear = total(best) < MARGIN * total(linear) and wins >= min(3, len(errors[best]))
    return best if clear else linear


def choose_for_series(y: pd.Series, horizon: int, freq: str, networks: dict[str, dict]) -> tuple[str, dict]:
    """The setting chosen from origins inside y, and its name."""
    candidates = {
        (str(lags), name): {"lags": lags, **network}
        for lags in LAGS[freq]
        for name, network in networks.items()
        if (not isinstance(lags, int) or lags * 3 < len(y)) and (len(y) > 500 or "training" not in network)
    }
    models = {" ".join(key): NARX(**setting, random_state=0) for key, setting in candidates.items()}
    frame = backtest(models, y, horizon=horizon, windows=INNER, refit=False)
    blocks = frame.groupby("cutoff")
    errors = {}
    for key in candidates:
        found = [rmse((block[" ".join(key)] - block["y"]).to_numpy()) for _, block in blocks]
        errors[key] = np.array(found)
    best = choose(errors)
    return f"lags={best[0]}, {best[1]}", candidates[best]


def compare_series(
    path: Path, column: str, freq: str | None, horizon: int, networks: dict[str, dict] = NETWORKS
) -> tuple[str, float, float]:
    """(setting, RMSE of NARX, RMSE of AR)."""
    y = read_series(path, column, freq)
    y = y.iloc[-(TRAINING_ROWS + WINDOWS * horizon) :]
    name, setting = choose_for_series(y.iloc[: -WINDOWS * horizon], horizon, freq or "", networks)
    lags = NARX(**{**setting, "hidden": ()}).fit(y.iloc[: -WINDOWS * horizon]).lags_
    models = {
        "NARX": NARX(**{**setting, "lags": list(lags)}, members=3, random_state=0),
        "AR": AR(lags=list(lags)),
    }
    frame = backtest(models, y, horizon=horizon, windows=WINDOWS)
    return name, *(rmse((frame[model] - frame["y"]).to_numpy()) for model in ("NARX", "AR"))


def read_record(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and test part of an input/output record."""
    data = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    if "split" not in data:
        half = len(data) // 2
        return data.iloc[:half].reset_index(drop=True), data.iloc[half:].reset_index(drop=True)
    train = data[data["split"] == "train"].reset_index(drop=True)
    return train, data[data["split"].str.startswith("test")].reset_index(drop=True)


def free_run(model: NARX | AR, record: pd.DataFrame, given: int) -> float:
    """RMSE of a simulation from the first rows, in units of the record's deviation, over all targets."""
    inputs = [column for column in record if column.startswith("u")]
    targets = [column for column in record if column.startswith("y")]
    y = record[targets] if len(targets) > 1 else record[targets[0]]
    run = model.simulate(record[inputs], initial=y.iloc[:given])
    return rmse(((run - y.iloc[given:]) / record[targets].std().to_numpy().squeeze()).to_numpy())


def fit_record(model: NARX | AR, record: pd.DataFrame) -> NARX | AR:
    """Fit on the inputs u* and targets y* of a record."""
    inputs = [column for column in record if column.startswith("u")]
    targets = [column for column in record if column.startswith("y")]
    return model.fit(record[inputs], record[targets] if len(targets) > 1 else record[targets[0]])


def compare_record(path: Path, networks: dict[str, dict] = RECORD_NETWORKS) -> tuple[str, float, float]:
    """(setting, free-run RMSE of NARX, of ARX), in deviations of the record."""
    train, test = read_record(path)
    train, given = train.iloc[-RECORD_ROWS:].reset_index(drop=True), max(RECORD_LAGS) + 1
    quarter = len(train) // 4
    errors: dict[tuple, np.ndarray] = {}
    for lags in RECORD_LAGS:
        for name, network in networks.items():
            if network.get("steps", 0) > quarter:
                continue
            found = []
            for start in (2 * quarter, 3 * quarter):
                model = NARX(lags=lags, exog_lags=lags, **network, random_state=0)
                held = train.iloc[start : start + quarter].reset_index(drop=True)
                found.append(free_run(fit_record(model, train.iloc[:start]), held, given))
            errors[lags, name] = np.array(found)
    lags, name = choose(errors)
    model = NARX(lags=lags, exog_lags=lags, members=3, **networks[name], random_state=0)
    ar = AR(lags=lags, exog_lags=lags)
    scores = [free_run(fit_record(fitted, train), test, given) for fitted in (model, ar)]
    return f"lags={lags}, {name}", scores[0], scores[1]


def stand_in(folder: Path) -> None:
    """A short series and a short record, in the form of the real ones."""
    for name in ("classics", "sysid"):
        (folder / name).mkdir()
    lynx = load_lynx()
    pd.DataFrame({"ds": lynx.index.astype(str), "y": lynx.to_numpy()}).to_csv(
        folder / "classics" / "lynx.csv", index=False
    )
    wiener_hammerstein(length=240, noise=0.02, random_state=0)[["u", "y"]].to_csv(
        folder / "sysid" / "generated.csv", index=False
    )


def small(networks: dict[str, dict]) -> dict[str, dict]:
    """The same networks with two units, trained for two iterations over short runs."""
    return {
        name: {**setting, "hidden": (2,), "epochs": 2, **({"steps": 10} if "steps" in setting else {})}
        if setting["hidden"]
        else setting
        for name, setting in networks.items()
    }


def main(argv: Sequence[str] | None = None) -> dict[str, tuple[str, float, float]]:
    """Print one row per series and record, and the geometric mean; returns the rows."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--quick", action="store_true", help="tiny networks; without FOLDER a generated one")
    parser.add_argument("--only", default="", help="run only the files whose name contains this")
    arguments = parser.parse_args(argv)
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as made:
        warnings.simplefilter("ignore", RuntimeWarning)  # refused diverging steps are part of the search
        if arguments.folder is None and not arguments.quick:
            parser.error("FOLDER is needed unless --quick is given")
        if arguments.folder is None:
            stand_in(Path(made))
        return run(arguments.folder or Path(made), arguments.only, arguments.quick)


def run(folder: Path, only: str, quick: bool) -> dict[str, tuple[str, float, float]]:
    """Compare on all files of the folder; when `quick` on those that are there."""
    networks, record_networks = (small(n) if quick else n for n in (NETWORKS, RECORD_NETWORKS))
    jobs = [
        (
            f"{name} {column}" if len(columns) > 1 else name,
            compare_series,
            (path, column, freq, horizon, networks),
        )
        for name, (columns, freq, horizon) in SERIES.items()
        for path in [folder / "classics" / f"{name}.csv"]
        for column in columns
        if path.exists() or not quick
    ]
    jobs += [
        (path.stem, compare_record, (path, record_networks)) for path in sorted((folder / "sysid").iterdir())
    ]
    print(
        f"{'data':24s}{'chosen on the training part':36s}{'NARX':>10s}{'AR':>10s}{'ratio':>8s}{'seconds':>9s}"
    )
    rows: dict[str, tuple[str, float, float]] = {}
    for label, compare, values in jobs:
        if only not in label:
            continue
        start = time.perf_counter()
        rows[label] = chosen, narx, ar = compare(*values)
        seconds = time.perf_counter() - start
        print(f"{label:24s}{chosen:36s}{narx:10.4g}{ar:10.4g}{narx / ar:8.3f}{seconds:9.1f}", flush=True)
    ratios = [narx / ar for _, narx, ar in rows.values()]
    mean = float(np.exp(np.mean(np.log(ratios))))
    print(f"geometric mean {mean:.3f} (bar 0.95), largest {max(ratios):.3f} (bar 1.10), {len(ratios)} rows")
    return rows


if __name__ == "__main__":
    main()
