"""Several experiments on one system as one training set.

Shows: five records of a Wiener-Hammerstein system (linear filter, tanh, linear filter; measured with noise), each begun
anew, in one long frame whose `unique_id` names the record. `fit` never looks across two records, and gives all of them
one scale. `simulate` then runs on a new record, from its input and its first outputs; it needs no id.

See: errors in multiples of the noise, the least a simulation can reach. Five records teach as much as one record of
their length, and far more than one of them alone, from which the network cannot be told from the linear model.
"""

import numpy as np
import pandas as pd

from forecast import AR, NARX
from forecast.datasets import wiener_hammerstein

NOISE, FIRST = 0.05, 50
SYSTEM = {"first": ([0.0, 0.6], [1.0, -0.6]), "second": ([0.3], [1.0, -1.3, 0.6]), "noise": NOISE}


def record(length: int, seed: int) -> pd.DataFrame:
    """An experiment with an input of its own: columns y and u."""
    return wiener_hammerstein(length=length, random_state=seed, **SYSTEM)[["y", "u"]]


experiments = pd.concat([record(400, seed).assign(unique_id=f"experiment {seed}") for seed in range(10, 15)])
experiments["ds"] = experiments.groupby("unique_id").cumcount()
long_record, one = record(2000, 0), record(400, 10)
new = record(2000, 1)

histories = {
    "five records": (experiments,),
    "one, five times as long": (long_record[["u"]], long_record["y"]),
    "one of the five": (one[["u"]], one["y"]),
}
models = {"ARX": AR(pooled=True, season=1), "NARX": NARX(season=1, random_state=0)}
table = pd.DataFrame(index=histories, columns=models, dtype=float)
for name, model in models.items():
    for history, data in histories.items():
        simulated = model.fit(*data).simulate(new[["u"]], initial=new["y"][:FIRST])
        table.loc[history, name] = np.sqrt(((simulated - new["y"][FIRST:]) ** 2).mean()) / NOISE

print(f"RMSE of a simulated new record, in multiples of the noise {NOISE}:")
print(table.round(2).to_string())
