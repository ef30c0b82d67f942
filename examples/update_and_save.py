"""A model in service: it moves with new data, learns on, is saved and comes back.

Shows: `update` appends new values and keeps what was learned, so that a forecast starts from today; `partial_fit` appends
them and learns on from the present weights; `save` writes one file without pickle, from which `forecast.load` restores
model and history.

See: forecasts that start one month after the last known one, and a loaded model that agrees with the saved one to the
last digit.
"""

from pathlib import Path

import numpy as np

import forecast
from forecast import NARX
from forecast.datasets import load_sunspots_monthly

y = load_sunspots_monthly()["1900":]
first, month, year = y[:-13], y[-13:-12], y[-12:]

model = NARX(lags=24, random_state=0).fit(first)
print(f"fitted to {first.index[-1]}: next is {model.predict(1).round(1).to_dict()}")

weights = model.theta_
model.update(month)
print(f"updated to {month.index[-1]}: next is {model.predict(1).round(1).to_dict()}")
print(f"weights kept by update: {np.array_equal(weights, model.theta_)}")

model.partial_fit(year)
print(f"learned on to {year.index[-1]}: weights moved by up to {np.abs(model.theta_ - weights).max():.4f}")

model.save("sunspots.forecast")
again = forecast.load("sunspots.forecast")
print(f"sunspots.forecast: {Path('sunspots.forecast').stat().st_size / 1000:.0f} kB")
print(f"loaded model forecasts the same: {again.predict(12).equals(model.predict(12))}")
print(again.predict(3).round(1))
