"""NARX beside AR at the same lags on textbook series (rolling origin) and on system records (free run).

    python examples/benchmarks/against_ar.py FOLDER

FOLDER holds `classics/*.csv` and `sysid/*.csv, *.parquet`: columns ds, targets y (or several), inputs u, split. The score is
RMSE(NARX) / RMSE(AR) with the lags that NARX chose; the bar is a geometric mean of at most 0.95 and no ratio above 1.10.

Series: the last WINDOWS * horizon rows are forecast from WINDOWS origins, each with a new fit. The setting is chosen once, by
the closed-loop error from earlier origins, all before the first test row; the linear model is one of the candidates.
Records: the part named train (else the first half) is learned, the rest simulated from its first rows. The setting is chosen
by a free run over the last quarter of the training part.
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from forecast import AR, NARX, backtest

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
TRAINING_ROWS = 3_000  # the longest history a series is fitted on
NETWORKS: dict[str, dict] = {
    "linear": {"hidden": ()},
    "8 units": {"hidden": (8,), "members": 3},
    "8 units, window": {"hidden": (8,), "members": 3, "scale": "window"},
    "8 units, 10 steps": {"hidden": (8,), "members": 3, "training": "multi-step", "steps": 10},
}
LAGS: dict[str, list] = {"M": ["auto", 13, 25], "30min": [48, 337], "W-SAT": ["auto", 53], "Y": ["auto", 9], "": [2, 10, 20]}
RECORD_LAGS = [2, 4, 8]
RECORD_NETWORKS: dict[str, dict] = {
    "linear": {"hidden": ()},
    "8 units, one-step": {"hidden": (8,), "members": 3},
    "8 units, free run": {"hidden": (8,), "members": 3, "training": "free-run", "steps": 50, "validation": 0},
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


def choose_for_series(y: pd.Series, horizon: int, freq: str) -> tuple[str, dict]:
    """The candidate with the smallest error from origins inside y."""
    candidates = {
        f"lags={lags}, {name}": {"lags": lags, **network}
        for lags in LAGS[freq]
        for name, network in NETWORKS.items()
        if (not isinstance(lags, int) or lags * 3 < len(y)) and (len(y) > 500 or "training" not in network)
    }
    models = {name: NARX(**setting, random_state=0) for name, setting in candidates.items()}
    frame = backtest(models, y, horizon=horizon, windows=INNER, refit=False)
    errors = {name: rmse((frame[name] - frame["y"]).to_numpy()) for name in candidates}
    best = min(errors, key=errors.__getitem__)
    return best, candidates[best]


def compare_series(path: Path, column: str, freq: str | None, horizon: int) -> tuple[str, float, float]:
    """(setting, RMSE of NARX, RMSE of AR)."""
    y = read_series(path, column, freq)
    y = y.iloc[-(TRAINING_ROWS + WINDOWS * horizon) :]
    name, setting = choose_for_series(y.iloc[: -WINDOWS * horizon], horizon, freq or "")
    lags = NARX(**{**setting, "hidden": ()}).fit(y.iloc[: -WINDOWS * horizon]).lags_
    models = {"NARX": NARX(**{**setting, "lags": list(lags)}, random_state=0), "AR": AR(lags=list(lags))}
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


def compare_record(path: Path) -> tuple[str, float, float]:
    """(setting, free-run RMSE of NARX, of ARX), in deviations of the record."""
    train, test = read_record(path)
    cut = 3 * len(train) // 4
    inner, held = train.iloc[:cut], train.iloc[cut:].reset_index(drop=True)
    errors: dict[str, float] = {}
    settings: dict[str, dict] = {}
    for lags in RECORD_LAGS:
        for name, network in RECORD_NETWORKS.items():
            label = f"lags={lags}, {name}"
            settings[label] = {"lags": lags, "exog_lags": lags, **network}
            model = fit_record(NARX(**settings[label], random_state=0), inner)
            errors[label] = free_run(model, held, given=max(RECORD_LAGS) + 1)
    best = min(errors, key=errors.__getitem__)
    given = max(RECORD_LAGS) + 1
    narx = free_run(fit_record(NARX(**settings[best], random_state=0), train), test, given)
    lags = settings[best]["lags"]
    return best, narx, free_run(fit_record(AR(lags=lags, exog_lags=lags), train), test, given)


def main() -> None:
    """Print one row a series and record, and the geometric mean."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="run only the files whose name contains this")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", RuntimeWarning)  # refused diverging steps are part of the search
    jobs = [
        (f"{name} {column}" if len(columns) > 1 else name, compare_series, (path, column, freq, horizon))
        for name, (columns, freq, horizon) in SERIES.items()
        for path in [arguments.folder / "classics" / f"{name}.csv"]
        for column in columns
    ]
    jobs += [(path.stem, compare_record, (path,)) for path in sorted((arguments.folder / "sysid").iterdir())]
    print(f"{'data':24s}{'chosen on the training part':36s}{'NARX':>10s}{'AR':>10s}{'ratio':>8s}{'seconds':>9s}")
    ratios = []
    for label, compare, values in jobs:
        if arguments.only not in label:
            continue
        start = time.perf_counter()
        chosen, narx, ar = compare(*values)
        ratios.append(narx / ar)
        seconds = time.perf_counter() - start
        print(f"{label:24s}{chosen:36s}{narx:10.4g}{ar:10.4g}{narx / ar:8.3f}{seconds:9.1f}", flush=True)
    mean = float(np.exp(np.mean(np.log(ratios))))
    print(f"geometric mean {mean:.3f} (bar 0.95), largest {max(ratios):.3f} (bar 1.10), {len(ratios)} rows")


if __name__ == "__main__":
    main()
