"""One network for many series that respond differently: a learned vector for each series, or for each kind of them.

Shows: offices need most energy when it is very cold or very hot, cafés sell most in between. One network for all
series averages the two away, and AR, with its own coefficients for each series, knows only straight lines.
`embed_series` gives the network a vector for each series, `categories` one for each text in a column of the frame.

See: errors on the eight days after the history, also for a café that is not in it but whose kind is known.
"""

import numpy as np
import pandas as pd

from forecast import AR, NARX

ROWS, TEST = 60, 8


def panel() -> pd.DataFrame:
    """Three offices and three cafés over sixty days, in long format."""
    rng, parts = np.random.default_rng(0), []
    for number in range(6):
        kind, sign = ("office", 1) if number < 3 else ("café", -1)
        heat = rng.uniform(-2, 2, ROWS)  # degrees from mild, in units of ten
        y = 20 + 5 * sign * (heat**2 - 4 / 3) + rng.normal(size=ROWS)
        name = f"{kind} {number % 3 + 1}"
        days = pd.date_range("2026-01-01", periods=ROWS)
        parts.append(pd.DataFrame({"unique_id": name, "ds": days, "y": y, "heat": heat, "kind": kind}))
    return pd.concat(parts, ignore_index=True)


rows = panel()
long, new = rows[rows["unique_id"] != "café 3"], rows[rows["unique_id"] == "café 3"]
test = long.groupby("unique_id").tail(TEST)
past, future = long.drop(index=test.index), test.drop(columns="y")
options = {"lags": 1, "hidden": (4,), "epochs": 60, "random_state": 0}
models = {
    "AR of each series": (AR(lags=1), ["kind"]),
    "one network": (NARX(**options), ["kind"]),
    "vectors of series": (NARX(**options, embed_series=1), ["kind"]),
    "vectors of kinds": (NARX(**options, categories={"kind": 1}), []),
}
for name, (model, unused) in models.items():
    forecast = model.fit(past.drop(columns=unused)).predict(future.drop(columns=unused))
    error = (forecast[type(model).__name__] - test["y"].to_numpy()).abs().mean()
    print(f"{name:18s} mean absolute error {error:.2f}")

run = model.simulate(new.drop(columns="y"), new.head(ROWS - TEST)[["unique_id", "ds", "y"]])
error = (run["NARX"] - new["y"].to_numpy()[-TEST:]).abs().mean()
print(f"a café never seen: mean absolute error {error:.2f}")
