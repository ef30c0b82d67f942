"""python examples/benchmarks/silverbox.py silverbox.parquet

Silverbox, official split: free-run error of NARX beside published results (bar: 0.30 / 0.30 / 0.85 mV).

The file holds the columns u, y (volt) and split (train, test_multisine, test_arrow) of the Silverbox benchmark
(Wigren and Schoukens 2013). The first 50 samples of each test part are given and not scored; "no extrapolation" is the
first 32,000 samples of the arrow. Published rows: Champneys, Beintema, Toth, Schoukens and Rogers (2024),
arXiv:2405.10779. Every choice below was made on the training part.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecast import NARX
from forecast.datasets import wiener_hammerstein

GIVEN, INSIDE = 50, 32_000
PUBLISHED = {
    "best published, each column": (0.36, 0.32, 0.26),
    "GP NARX": (0.301, 0.259, 0.60),
    "polynomial NARX": (0.640, 0.571, 2.25),
    "GRU": (1.49, 0.947, 2.80),
    "LSTM": (1.50, 0.960, 2.68),
    "MLP NARX, one-step": (2.80, 2.40, 5.18),
    "linear ARX": (6.95, 6.59, 14.2),
}
SETTING = {"lags": 4, "exog_lags": 3, "hidden": (10,)}


def errors(model: NARX, data: pd.DataFrame) -> tuple[float, float, float]:
    """RMSE in mV of the free run on multisine, arrow without extrapolation, whole arrow."""
    found = {}
    for part in ("test_multisine", "test_arrow"):
        record = data[data["split"] == part].reset_index(drop=True)
        run = model.simulate(record[["u"]], initial=record["y"][:GIVEN])
        found[part] = 1e3 * (run - record["y"][GIVEN:]).to_numpy()
    arrow = found["test_arrow"]
    return tuple(
        float(np.sqrt(np.mean(e**2))) for e in (found["test_multisine"], arrow[: INSIDE - GIVEN], arrow)
    )


def read(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> pd.DataFrame:
    """The columns u, y and split of the file, or generated ones when quick."""
    if not arguments.quick:
        if arguments.file is None:
            parser.error("the file is needed unless --quick is given")
        return pd.read_parquet(arguments.file)
    record = wiener_hammerstein(length=500, noise=0.01, random_state=0)[["u", "y"]]
    return record.assign(split=np.repeat(["train", "test_multisine", "test_arrow"], [300, 100, 100]))


def main(argv: Sequence[str] | None = None) -> dict[str, tuple[float, float, float]]:
    """Fit, simulate, print; returns the errors of each fit."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
    parser.add_argument("file", nargs="?", help="silverbox.parquet with the columns u, y, split")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--quick", action="store_true", help="a generated record, tiny networks: does it run?"
    )
    arguments = parser.parse_args(argv)
    data = read(parser, arguments)
    tiny: dict = {"hidden": (2,), "epochs": 2} if arguments.quick else {}
    train = data[data["split"] == "train"].reset_index(drop=True)
    print(f"{'model':36s}{'multisine':>10s}{'arrow 32k':>10s}{'arrow':>8s}{'seconds':>9s}")
    runs: dict[str, dict] = {
        "ARX at the same lags": {**SETTING, "hidden": ()},
        "NARX, one-step": {**SETTING, **tiny},
        "NARX, free run of 200 steps": {
            **SETTING,
            **tiny,
            "training": "free-run",
            "steps": 20 if arguments.quick else 200,
        },
        "NARX, defaults but for the free run": {**tiny, "training": "free-run"},
    }
    found = {}
    for name, setting in runs.items():
        for seed in range(arguments.seeds if setting.get("hidden", True) else 1):
            start = time.perf_counter()
            model = NARX(**setting, random_state=seed).fit(train[["u"]], train["y"])
            seconds = time.perf_counter() - start
            label = f"{name}, seed {seed}"
            found[label] = multisine, inside, arrow = errors(model, data)
            print(f"{label:36s}{multisine:10.3f}{inside:10.3f}{arrow:8.3f}{seconds:9.1f}", flush=True)
    for name, row in PUBLISHED.items():
        print(f"{name:36s}{row[0]:10.3f}{row[1]:10.3f}{row[2]:8.3f}{'':>9s}")
    return found


if __name__ == "__main__":
    main()
