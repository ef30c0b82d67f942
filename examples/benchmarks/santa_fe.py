"""Santa Fe laser: 1000 points known, the next 100 in closed loop (bar: normalised MSE near 0.028, over 5 seeds).

    python examples/benchmarks/santa_fe.py

The setting is chosen on the 1000 known points alone: each candidate forecasts 100 steps from three origins inside them
(700, 800, 900), with one seed; the smallest median of the normalised MSE wins. Then five seeds are fitted on all 1000
points, and every one is printed. Normalised MSE = mean squared error / variance of the 100 true values. The winner of
the competition, a network of FIR delays, had 0.028 (Wan 1994); local linear models 0.080 (Sauer 1994).
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

from forecast import AR, NARX, TDNN
from forecast.datasets import load_laser

KNOWN, AHEAD, ORIGINS = 1000, 100, (700, 800, 900)
COMMON = {"training": "multi-step", "validation": 0, "tolerance": 1e-3}
CANDIDATES = {
    "NARX lags=20, hidden=(8,), steps=20": NARX(lags=20, hidden=(8,), steps=20, **COMMON),
    "NARX lags=20, hidden=(8,), steps=40": NARX(lags=20, hidden=(8,), steps=40, **COMMON),
    "TDNN lags=20, hidden=(8, 8), delays=4": TDNN(lags=20, hidden=(8, 8), delays=4, steps=20, **COMMON),
}
MEMBERS = 3  # networks behind each of the five forecasts; the choice is made with one


def score(model: NARX | TDNN | AR, y: pd.Series, origin: int) -> float:
    """Normalised MSE of the 100 values after `origin`."""
    truth = y.iloc[origin : origin + AHEAD]
    forecast = model.fit(y.iloc[:origin]).predict(AHEAD)
    return float(np.mean((forecast - truth) ** 2) / truth.var(ddof=0))


def main() -> None:
    """Choose, then fit five seeds."""
    y = load_laser()
    known = y.iloc[:KNOWN]
    print(f"{'candidate':42s}{'NMSE from the origins 700, 800, 900':>38s}{'median':>9s}{'seconds':>9s}")
    medians = {}
    for name, model in CANDIDATES.items():
        start = time.perf_counter()
        errors = [score(model.set_params(random_state=0), known, origin) for origin in ORIGINS]
        medians[name] = float(np.median(errors))
        row = "".join(f"{error:12.4f}" for error in errors)
        print(f"{name:42s}{row:>38s}{medians[name]:9.4f}{time.perf_counter() - start:9.1f}", flush=True)
    chosen = min(medians, key=medians.__getitem__)
    lags = CANDIDATES[chosen].get_params()["lags"]
    print(f"chosen: {chosen}\n\n{'the next 100 points':42s}{'NMSE':>9s}{'seconds':>9s}")
    scores = []
    for seed in range(5):
        start = time.perf_counter()
        scores.append(score(CANDIDATES[chosen].set_params(random_state=seed, members=MEMBERS), y, KNOWN))
        print(
            f"{f'{chosen}, seed {seed}':42s}{scores[-1]:9.4f}{time.perf_counter() - start:9.1f}", flush=True
        )
    print(f"{'median of the seeds':42s}{np.median(scores):9.4f}")
    print(f"{f'AR(lags={lags})':42s}{score(AR(lags=lags), y, KNOWN):9.4f}")
    print(f"{'AR, order by BIC':42s}{score(AR(), y, KNOWN):9.4f}")
    print(f"{'Wan 1994, FIR network (published)':42s}{0.028:9.4f}")


if __name__ == "__main__":
    main()
