"""Gauges along a river: a graph network learns what comes down, an autoregression of each gauge does not.

Water takes one step from each gauge to the next; rain falls at the springs. The network is given the edges of the
river, then none; both start at the autoregression of each gauge. One step ahead over the last 100 steps is scored.
"""

import numpy as np
import pandas as pd

from forecast import AR, GraphRNN

EDGES = pd.DataFrame({"source": ["west", "east", "fork", "mill"], "target": ["fork", "fork", "mill", "sea"]})
ROWS, TEST = 500, 100


def river(seed: int) -> pd.DataFrame:
    """Water levels at five gauges; what passes one is at the next a step later, damped when it is high."""
    rng = np.random.default_rng(seed)
    level = pd.DataFrame(0.0, range(ROWS), ["west", "east", "fork", "mill", "sea"])
    for t in range(1, ROWS):
        before = level.iloc[t - 1]
        for gauge in level:
            above = EDGES.loc[EDGES["target"] == gauge, "source"]
            inflow = np.tanh(before[above].mean()) if len(above) else rng.gamma(0.5)
            level.loc[t, gauge] = 0.4 * before[gauge] + inflow + 0.05 * rng.normal()
    return level


y = river(seed=0)
past, last = y.iloc[:-TEST], y.iloc[-TEST:]
options = {"lags": 2, "units": 4, "epochs": 40, "random_state": 0}
models = {
    "AR of each gauge": AR(lags=2, joint=False),
    "no edges": GraphRNN(**options),
    "edges": GraphRNN(edges=EDGES, **options),
}
for name, model in models.items():
    error = (model.fit(past).update(last).predict(last.index) - last).abs().mean()
    print(f"{name:18s}" + "".join(f"{gauge}{value:6.3f}   " for gauge, value in error.items()))
print(models["edges"].predict(3).round(2))
