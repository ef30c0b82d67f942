"""python examples/benchmarks/silverbox_recurrent.py silverbox.parquet

Silverbox, official split: free-run error of GRU and LSTM forecasters (bar: the published 1.49 and 1.50 mV).

File, split, scoring and published rows are those of silverbox.py. The lags are those of its NARX, the recurrent layer
reads twice as many rows, and training goes from one step ahead to free runs of 200 steps on the training part; its
last fifth decides when to stop. Nothing was chosen on the test parts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from silverbox import PUBLISHED, errors, read

from forecast import RNN

SETTING = {"units": 6, "window": 8, "lags": 4, "exog_lags": 3, "epochs": 40}
TRAINING = {"one-step": {}, "free run of 200 steps": {"training": "free-run", "steps": 200}}


def main(argv: Sequence[str] | None = None) -> dict[str, tuple[float, float, float]]:
    """Fit, simulate, print; returns the errors of each fit."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
    parser.add_argument("file", nargs="?", help="silverbox.parquet with the columns u, y, split")
    parser.add_argument(
        "--quick", action="store_true", help="a generated record, tiny networks: does it run?"
    )
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--cells", nargs="+", default=["gru", "lstm"])
    parser.add_argument("--training", nargs="+", default=list(TRAINING), choices=list(TRAINING))
    arguments = parser.parse_args(argv)
    data, found = read(parser, arguments), {}
    train = data[data["split"] == "train"].reset_index(drop=True)
    print(f"{'model':40s}{'parameters':>11s}{'multisine':>10s}{'arrow 32k':>10s}{'arrow':>8s}{'seconds':>9s}")
    for cell in arguments.cells:
        for name in arguments.training:
            for seed in range(arguments.seeds):
                start = time.perf_counter()
                setting = {**SETTING, **TRAINING[name]}
                if arguments.quick:
                    setting |= {"units": 2, "epochs": 2} | ({"steps": 20} if "steps" in setting else {})
                model = RNN(cell=cell, **setting, random_state=seed)
                model.fit(train[["u"]], train["y"])
                seconds = time.perf_counter() - start
                label = f"{cell}, {name}, seed {seed}"
                found[label] = errors(model, data)
                row = "".join(f"{e:{width}.3f}" for e, width in zip(found[label], (10, 10, 8), strict=True))
                print(f"{label:40s}{model.theta_.shape[1]:11d}{row}{seconds:9.1f}", flush=True)
    for name in ("GRU", "LSTM", "best published, each column"):
        print(f"{'published: ' + name:40s}{'':11s}{PUBLISHED[name][0]:10.3f}", end="")
        print(f"{PUBLISHED[name][1]:10.3f}{PUBLISHED[name][2]:8.3f}")
    return found


if __name__ == "__main__":
    main()
