"""python examples/benchmarks/wiener_hammerstein.py

A generated Wiener-Hammerstein system of known noise: three solvers, one network (bar: lm at 1.1 x the noise).

A TDNN of the inputs alone, linear delays -> static nonlinearity -> linear delays, is fitted to 4,000 noisy samples and
simulated on 4,000 new ones. The error against the noisy record cannot fall below the noise, and is printed in units of
it, with the error against the clean output. All three solvers start from the same seed. GRU and LSTM forecasters, which
know past outputs too and are trained in free runs, ARX, and NARX and TDNN with their defaults are printed beside them;
their settings were not chosen.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import numpy as np

from forecast import AR, NARX, RNN, TDNN
from forecast.datasets import wiener_hammerstein

ROWS, NOISE, GIVEN = 4_000, 0.02, 40
NETWORK = {"lags": 8, "hidden": (2, 10), "activation": (None, "tanh"), "delays": (0, 7), "feedback": False}
SOLVERS = {
    "lm": {"epochs": 200, "tolerance": 1e-5},
    "lbfgs": {"epochs": 3000, "tolerance": 1e-7, "validation": 0},
    "adam": {"epochs": 1500, "learning_rate": 3e-3, "batch_size": 64, "validation": 0},
}
RECURRENT = {
    "units": 6,
    "window": 16,
    "lags": 8,
    "exog_lags": 15,
    "training": "free-run",
    "steps": 200,
    "epochs": 60,
}


def main(argv: Sequence[str] | None = None) -> dict[str, tuple[float, float]]:
    """Fit with each solver, print; returns the errors against the noisy and the clean record."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
    parser.add_argument("--quick", action="store_true", help="200 samples, two iterations: does it run?")
    quick = parser.parse_args(argv).quick
    rows = 200 if quick else ROWS
    tiny: dict = {"epochs": 2} if quick else {}
    narrow: dict = {"lags": 3, "hidden": (2, 3), "delays": (0, 2)} if quick else {}
    record = wiener_hammerstein(length=2 * rows, noise=NOISE, random_state=0)
    train, test = record.iloc[:rows], record.iloc[rows:].reset_index(drop=True)
    floor = float(np.sqrt(np.mean((test["y"] - test["y_clean"])[GIVEN:] ** 2)))
    print(f"noise floor {floor:.5f}, deviation of the output {test['y_clean'].std():.3f}")
    print(f"{'solver':28s}{'/ noise floor':>14s}{'error of clean':>16s}{'seconds':>9s}{'parameters':>12s}")
    models: dict[str, object] = {
        name: TDNN(**{**NETWORK, **narrow}, solver=name, random_state=0, **{**options, **tiny})
        for name, options in SOLVERS.items()
    }
    small = {"units": 2, "window": 4, "lags": 2, "exog_lags": 3, "steps": 10}
    recurrent = {**RECURRENT, **tiny, **small} if quick else RECURRENT
    models |= {cell: RNN(cell=cell, **recurrent, random_state=0) for cell in ("gru", "lstm")}
    models["ARX, 16 lags"] = AR(lags=16, exog_lags=15)
    models |= {
        "NARX, defaults": NARX(random_state=0, **tiny),
        "TDNN, defaults": TDNN(random_state=0, **tiny),
    }
    found = {}
    for name, model in models.items():
        start = time.perf_counter()
        model.fit(train[["u"]], train["y"])
        seconds = time.perf_counter() - start
        run = model.simulate(test[["u"]], initial=test["y"][:GIVEN])
        noisy = float(np.sqrt(np.mean((run - test["y"][GIVEN:]) ** 2)))
        clean = float(np.sqrt(np.mean((run - test["y_clean"][GIVEN:]) ** 2)))
        found[name] = noisy, clean
        size = (
            model.theta_.shape[1]
            if hasattr(model, "theta_")
            else model.coef_.size + model.exog_coef_.size + 1
        )
        print(f"{name:28s}{noisy / floor:14.3f}{clean:16.5f}{seconds:9.1f}{size:12d}", flush=True)
    return found


if __name__ == "__main__":
    main()
