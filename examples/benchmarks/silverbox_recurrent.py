"""Silverbox, official split: free-run error of GRU and LSTM forecasters (bar: the published 1.49 and 1.50 mV).

    python examples/benchmarks/silverbox_recurrent.py silverbox.parquet

File, split, scoring and published rows are those of silverbox.py. The lags are those of its NARX, the recurrent layer
reads twice as many rows, and training goes from one step ahead to free runs of 200 steps on the training part; its
last fifth decides when to stop. Nothing was chosen on the test parts.
"""

from __future__ import annotations

import argparse
import time

import pandas as pd
from silverbox import PUBLISHED, errors

from forecast import RNN

SETTING = {"units": 6, "window": 8, "lags": 4, "exog_lags": 3, "epochs": 40}
TRAINING = {"one-step": {}, "free run of 200 steps": {"training": "free-run", "steps": 200}}


def main() -> None:
    """Fit, simulate, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", help="silverbox.parquet with the columns u, y, split")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--cells", nargs="+", default=["gru", "lstm"])
    parser.add_argument("--training", nargs="+", default=list(TRAINING), choices=list(TRAINING))
    arguments = parser.parse_args()
    data = pd.read_parquet(arguments.file)
    train = data[data["split"] == "train"].reset_index(drop=True)
    print(f"{'model':40s}{'parameters':>11s}{'multisine':>10s}{'arrow 32k':>10s}{'arrow':>8s}{'seconds':>9s}")
    for cell in arguments.cells:
        for name in arguments.training:
            for seed in range(arguments.seeds):
                start = time.perf_counter()
                model = RNN(cell=cell, **SETTING, **TRAINING[name], random_state=seed)
                model.fit(train[["u"]], train["y"])
                seconds = time.perf_counter() - start
                row = "".join(
                    f"{e:{width}.3f}" for e, width in zip(errors(model, data), (10, 10, 8), strict=True)
                )
                label = f"{cell}, {name}, seed {seed}"
                print(f"{label:40s}{model.theta_.shape[1]:11d}{row}{seconds:9.1f}", flush=True)
    for name in ("GRU", "LSTM", "best published, each column"):
        print(f"{'published: ' + name:40s}{'':11s}{PUBLISHED[name][0]:10.3f}", end="")
        print(f"{PUBLISHED[name][1]:10.3f}{PUBLISHED[name][2]:8.3f}")


if __name__ == "__main__":
    main()
