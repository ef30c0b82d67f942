"""A dynamic system from its input and output: one-step against free-run training.

Shows: NARX on a record of a Wiener-Hammerstein system (linear filter, tanh, linear filter; measured with
noise), trained one step ahead and in free run, and the linear ARX model at the same lags. On a new record
each model forecasts one step ahead from the measured past (`update`, then `predict` inside the history) and
simulates from the input alone (`simulate`: the first outputs are given, then the model feeds back its own).

See: errors in multiples of the noise, the least a simulation can reach. Each training wins its own column:
one step ahead, it learns to see through the noise of the last outputs; in free run, the dynamics.
"""

import numpy as np
import pandas as pd

from forecast import AR, NARX
from forecast.datasets import wiener_hammerstein

NOISE, FIRST = 0.05, 50
SYSTEM = {"first": ([0.0, 0.6], [1.0, -0.6]), "second": ([0.3], [1.0, -1.3, 0.6]), "noise": NOISE}
LAGS = {"lags": 4, "exog_lags": 4}

record = wiener_hammerstein(length=2000, random_state=0, **SYSTEM)
new = wiener_hammerstein(length=2000, random_state=1, **SYSTEM).set_axis(range(2000, 4000))

models = {
    "ARX": AR(**LAGS),
    "NARX, one-step": NARX(**LAGS, random_state=0),
    "NARX, free-run": NARX(**LAGS, training="free-run", steps=50, random_state=0),
}
truth = new["y"][FIRST:]
rows = {}
for name, model in models.items():
    model.fit(record[["u"]], record["y"])
    simulated = model.simulate(new[["u"]], initial=new["y"][:FIRST])
    ahead = model.update(new[["u"]], new["y"]).predict(new[["u"]][FIRST:])
    rows[name] = [np.sqrt(((y - truth) ** 2).mean()) / NOISE for y in (ahead, simulated)]

print(f"RMSE on the new record, in multiples of the noise floor {NOISE}:")
print(pd.DataFrame(rows, index=["one step ahead", "simulated"]).T.round(2).to_string())
