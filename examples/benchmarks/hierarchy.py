"""python examples/benchmarks/hierarchy.py FOLDER

RecursiveNet on Australian tourism, all levels together, beside AR of every leaf summed upwards.

FOLDER holds `tourism_au.parquet`: overnight trips of 304 leaves (state, region and purpose), 80 quarters. A region is
the sum of its purposes, a state of its regions, the country of its states: 389 series. Two years are forecast from
WINDOWS origins, each with a new fit on the rows before it; scores are means over the series of a level and the
origins. MASE and RMSSE divide by the error of the seasonal naive forecast in the rows learned from. The
network is fitted with the last two years held out, then on all rows with as many iterations as were best; "start" is
where it starts, an AR of every leaf summed upwards.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from forecast import AR, RecursiveNet, SeasonalNaive

HORIZON, WINDOWS, SEASON, LAGS = 8, 3, 4, [1, 2, 3, 4]
LEVELS = ["country", "states", "regions", "purposes"]


def stand_in() -> pd.DataFrame:
    """Eight leaves of 40 quarters in the form of the real ones."""
    quarters = pd.date_range("2000-01-01", periods=40, freq="QS")
    rng, season = np.random.default_rng(0), np.tile([3.0, 1.0, 0.0, 2.0], 10)
    names = [f"{state}/{region}/{purpose}" for state in "AB" for region in "xy" for purpose in "hb"]
    parts = {name: 20 + season + rng.normal(size=40).cumsum() / 4 for name in names}
    frames = [pd.DataFrame({"unique_id": name, "ds": quarters, "y": y}) for name, y in parts.items()]
    return pd.concat(frames, ignore_index=True)


def tree(long: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One column per node, and the table of parents."""
    y = long.pivot(index="ds", columns="unique_id", values="y").asfreq("QS")
    y.columns.name = None
    parents = {leaf: leaf.rpartition("/")[0] for leaf in y}
    for level in (1, 0):  # regions are "state/region", states "state"
        names = sorted({parent for parent in parents.values() if parent.count("/") == level})
        y = y.assign(**{name: y[[n for n in y if parents.get(n) == name]].sum(axis=1) for name in names})
        parents |= {name: name.rpartition("/")[0] or "country" for name in names}
    y["country"] = y[[node for node, parent in parents.items() if parent == "country"]].sum(axis=1)
    return y, pd.DataFrame(parents.items(), columns=["node", "parent"])


def summed(leaves: pd.DataFrame, parents: pd.DataFrame, nodes: pd.Index) -> pd.DataFrame:
    """Forecasts of the leaves added up to all nodes."""
    table, parent = {node: leaves[node] for node in leaves}, dict(parents.itertuples(index=False))
    for node in nodes.difference(leaves.columns, sort=False):
        table[node] = sum(table[child] for child in nodes if parent.get(child) == node and child in table)
    return pd.DataFrame(table)[list(nodes)]


def scores(forecast: pd.DataFrame, truth: pd.DataFrame, past: pd.DataFrame) -> pd.DataFrame:
    """MASE and RMSSE of every node."""
    step, error = past.diff(SEASON).iloc[SEASON:], forecast - truth
    mase = error.abs().mean() / step.abs().mean()
    return pd.DataFrame({"MASE": mase, "RMSSE": np.sqrt((error**2).mean() / (step**2).mean())})


def fitted(past: pd.DataFrame, parents: pd.DataFrame, options: dict) -> RecursiveNet:
    """The network on all rows, trained as many iterations as were best for the last two years of them."""
    model = RecursiveNet(
        parents=parents, lags=LAGS, random_state=0, validation=HORIZON, selection=False, **options
    )
    model.fit(past)
    best = int(np.argmin([epoch["val_loss"] for epoch in model.history_[0]])) + 1
    return model.set_params(validation=0, epochs=best).fit(past)


def main(argv: Sequence[str] | None = None) -> dict[str, pd.DataFrame]:
    """Print one row per model, two columns per level; returns the means over the origins."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument(
        "--quick", action="store_true", help="a generated tree and two iterations: does it run?"
    )
    arguments = parser.parse_args(argv)
    if arguments.folder is None and not arguments.quick:
        parser.error("FOLDER is needed unless --quick is given")
    y, parents = tree(
        stand_in() if arguments.quick else pd.read_parquet(arguments.folder / "tourism_au.parquet")
    )
    options = {"units": 2, "epochs": 2} if arguments.quick else {}
    leaves = y.columns.difference(parents["parent"], sort=False)
    level = {node: LEVELS[0 if node == "country" else 1 + node.count("/")] for node in y}
    results: dict[str, list[pd.DataFrame]] = {}
    begin = time.perf_counter()
    for window in range(WINDOWS):
        stop = len(y) - HORIZON - SEASON * (WINDOWS - 1 - window)
        past, truth = y.iloc[:stop], y.iloc[stop : stop + HORIZON]
        net = fitted(past, parents, options)
        forecasts = {
            "seasonal naive": SeasonalNaive().fit(past).predict(HORIZON),
            "AR of every node": AR(lags=LAGS, joint=False)
            .fit(past)
            .predict(HORIZON),  # its levels do not add up
            "AR bottom-up": summed(
                AR(lags=LAGS, joint=False).fit(past[leaves]).predict(HORIZON), parents, y.columns
            ),
            "RecursiveNet": net.predict(HORIZON),
        }
        net.theta_ = net.linear_theta_
        forecasts["RecursiveNet, start"] = net.predict(HORIZON)
        for name, forecast in forecasts.items():
            results.setdefault(name, []).append(scores(forecast, truth, past))
    print(
        f"{len(y.columns)} series, {WINDOWS} origins, {time.perf_counter() - begin:.0f} s in all; MASE RMSSE"
    )
    print(f"{'model':22s}" + "".join(f"{name:>16s}" for name in LEVELS))
    tables = {
        name: sum(part.groupby(level).mean() for part in parts) / WINDOWS for name, parts in results.items()
    }
    for name, table in tables.items():
        words = (f"{table.loc[one, 'MASE']:9.3f}{table.loc[one, 'RMSSE']:7.3f}" for one in LEVELS)
        print(f"{name:22s}" + "".join(words))
    return tables


if __name__ == "__main__":
    main()
