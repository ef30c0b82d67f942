"""python examples/benchmarks/transform_choices.py FOLDER [--sets m3/Monthly ...] [--models AR ...] [--series 100]
python examples/benchmarks/transform_choices.py FOLDER --test        what was chosen, on the test parts

What `transform="auto"` chooses among, and by which rule, on samples of M3 and M4, each series on its own.

FOLDER holds m3 and m4, one long table per group (unique_id, ds, y). The last horizon of each training part is held
out; candidates are none, "log" and "boxcox". Printed for each set and model: MASE and sMAPE of each candidate for all
series, and of these rules, which see the rest of the training part alone: the later of two candidates is kept where its
closed-loop errors are smaller by a standard error and by one percent (`forecast.training.rivals.decide`); or that of
the least error. --test fits on whole training parts and measures on the test parts.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ar_choices import read, split

from forecast import AR, NARX, Pretrained, Theta
from forecast.estimators.held_out import longest_tail
from forecast.estimators.transform_choice import NONE, held_out_errors
from forecast.panel import Panel
from forecast.training.rivals import decide, kept

SETS = {  # horizon, season
    "m3/Yearly": (6, 1),
    "m3/Quarterly": (8, 4),
    "m3/Monthly": (18, 12),
    "m4/Yearly": (6, 1),
    "m4/Quarterly": (8, 4),
    "m4/Weekly": (13, 52),
    "m4/Hourly": (48, 24),
}
MODELS: dict[str, Any] = {
    "AR": AR,
    "Theta": Theta,
    "Pretrained": Pretrained,
    "NARX": lambda **options: NARX(random_state=0, **options),
}
CANDIDATES = (NONE, "log", "boxcox")
RULES = {
    "log after none": (NONE, "log"),
    "boxcox after none": (NONE, "boxcox"),
    "none after log": ("log", NONE),
    "none after boxcox": ("boxcox", NONE),
    "least of all": CANDIDATES,
}


def answers(model: Any, past: pd.Series, future: np.ndarray, season: int) -> dict[str, tuple[float, float]]:
    """MASE and sMAPE of each candidate and rule on one series, and the share of series that a rule transforms."""
    y, panel, horizon = past.to_numpy(float), Panel.from_data(past.to_numpy(float)), len(future)
    unit = np.abs(y[season:] - y[:-season]).mean() or 1.0
    found = {}
    for name in CANDIDATES:
        told = model.set_params(transform=None if name == NONE else name).fit(y).predict(horizon)
        gap, size = np.abs(told - future), np.abs(told) + np.abs(future)
        found[name] = (gap.mean() / unit, 200 * (gap / np.where(size > 0, size, 1.0)).mean())
    model.set_params(transform=None)
    steps = min(horizon, int(longest_tail(model, panel).max()))
    errors, overlap = held_out_errors(model, panel, None, CANDIDATES, steps) if steps > 0 else ({}, 1.0)
    for rule, names in RULES.items():
        some = {name: errors[name] for name in names if errors}
        least = min(some, key=lambda name: some[name].mean(), default=NONE)
        chosen = least if rule.startswith("least") else kept(decide(some, overlap)) or names[0]
        found[rule] = found[chosen]
        found[f"{rule}: share"] = (float(chosen != NONE), np.nan)
    return found


def table(folder: Path, name: str, kind: str, count: int, *, test: bool = False) -> pd.DataFrame:
    """MASE and sMAPE, means over series, of the candidates and the rules."""
    horizon, season = SETS[name]
    train = read(folder, name, "train")
    ids = train["unique_id"].unique()
    ids = ids[:: max(len(ids) // count, 1)][:count]
    train = train[train["unique_id"].isin(ids)]
    if test:
        past, future = train, read(folder, name, "test")
    else:
        past, future = split(train, horizon, 1, max(3 * season, 10))
    later = dict(list(future.groupby("unique_id")["y"]))
    rows = []
    for series, y in past.groupby("unique_id")["y"]:
        if (y > 0).all():
            model = MODELS[kind](season=season, horizon=horizon)
            rows.append(answers(model, y, later[series].to_numpy(float)[:horizon], season))
    names = rows[0].keys()
    return pd.DataFrame(
        {rule: np.mean([row[rule] for row in rows], axis=0) for rule in names}, ["MASE", "sMAPE"]
    ).T.assign(series=len(rows))


def main(arguments: list[str] | None = None) -> pd.DataFrame:
    """Print the tables and return them as one."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--models", nargs="+", choices=MODELS, default=["AR", "Theta", "Pretrained"])
    parser.add_argument("--series", type=int, default=100)
    parser.add_argument("--test", action="store_true", help="measure on the test parts")
    options = parser.parse_args(arguments)
    tables = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for name in options.sets:
            for kind in options.models:
                found = table(options.folder, name, kind, options.series, test=options.test)
                tables[name, kind] = found["MASE"]
                print(f"\n{name}, {kind}\n{found.round(3).to_string()}", flush=True)
    every = pd.DataFrame(tables).T
    print(f"\nMASE\n{every.round(3).to_string()}")
    return every


if __name__ == "__main__":
    main()
