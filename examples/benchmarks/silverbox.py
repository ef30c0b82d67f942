"""Silverbox, official split: free-run error of NARX beside published results (bar: 0.30 / 0.30 / 0.85 mV).

    python examples/benchmarks/silverbox.py silverbox.parquet

The file holds the columns u, y (volt) and split (train, test_multisine, test_arrow) of the Silverbox benchmark
(Wigren and Schoukens 2013). The first 50 samples of each test part are given and not scored; "no extrapolation" is the
first 32,000 samples of the arrow. Published rows: Champneys, Beintema, Toth, Schoukens and Rogers (2024),
arXiv:2405.10779. Every choice below was made on the training part.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd

from forecast import NARX

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


def main() -> None:
    """Fit, simulate, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", help="silverbox.parquet with the columns u, y, split")
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    data = pd.read_parquet(arguments.file)
    train = data[data["split"] == "train"].reset_index(drop=True)
    print(f"{'model':34s}{'multisine':>10s}{'arrow 32k':>10s}{'arrow':>8s}{'seconds':>9s}")
    runs: dict[str, dict] = {
        "ARX at the same lags": {**SETTING, "hidden": ()},
        "NARX, one-step": SETTING,
        "NARX, free run of 200 steps": {**SETTING, "training": "free-run", "steps": 200},
    }
    for name, setting in runs.items():
        for seed in range(arguments.seeds if setting.get("hidden") else 1):
            start = time.perf_counter()
            model = NARX(**setting, random_state=seed).fit(train[["u"]], train["y"])
            seconds = time.perf_counter() - start
            multisine, inside, arrow = errors(model, data)
            label = f"{name}, seed {seed}"
            print(f"{label:34s}{multisine:10.3f}{inside:10.3f}{arrow:8.3f}{seconds:9.1f}", flush=True)
    for name, row in PUBLISHED.items():
        print(f"{name:34s}{row[0]:10.3f}{row[1]:10.3f}{row[2]:8.3f}{'':>9s}")


if __name__ == "__main__":
    main()
