"""A model in service: it is updated with new data, continues learning, is saved and loaded again.

Shows: `update` appends new values and keeps what was learned, so that the next forecast starts after them;
`partial_fit` appends them and continues learning from the present weights; `save` writes one file without pickle, from
which `forecast.load` restores the model and its history.

See: the first row of each forecast, the weights that `update` keeps and `partial_fit` moves, and a loaded
model that agrees with the saved one to the last digit.
"""

from pathlib import Path

import numpy as np

import forecast
from forecast import NARX
from forecast.datasets import load_laser

y = load_laser()
model = NARX(lags=8, random_state=0).fit(y[:900])
learned = model.theta_


def report(step: str) -> None:
    """The next 20 forecasts beside the actual values, and how far the weights are from the first fit."""
    ahead = model.predict(20)
    error, moved = (ahead - y).abs().mean(), np.abs(model.theta_ - learned).max()
    print(f"{step:11s}  forecast from row {ahead.index[0]}  error {error:5.2f}  weights moved by {moved:.3f}")


report("fit")
model.update(y[900:950])
report("update")
model.partial_fit(y[950:1000])
report("partial_fit")

model.save("laser.forecast")
loaded = forecast.load("laser.forecast")
print(f"laser.forecast has {Path('laser.forecast').stat().st_size / 1000:.0f} kB")
print(f"Loaded model forecasts the same: {loaded.predict(100).equals(model.predict(100))}")
