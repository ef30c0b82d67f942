"""Learning as the data arrive: `OnlineRNN` forecasts an observation, learns from it, and forgets it.

Shows: real-time recurrent learning. First a memory problem, the sign that came three steps ago: the exact gradient
(`solver="rtrl"`) against that of the present step alone ("one-step"), from the same start. Then a series whose
coefficient changes from 0.9 to -0.9 halfway: a model that keeps learning row by row (`partial_fit`), the same model
frozen after `fit` (`update`), and AR frozen too.

See: errors of the forecasts made before each row was learned from. What came three steps ago is learned only by the
exact gradient; after the change the learner is back at the noise, of variance 1, while the state it keeps has
not grown.
"""

import pickle
import time

import numpy as np
import pandas as pd

from forecast import AR, OnlineRNN

rng = np.random.default_rng(0)
ROWS, FIRST = 900, 100

x = rng.choice([-1.0, 1.0], size=(ROWS, 1))
y = np.concatenate([np.zeros(3), x[:-3, 0]])
errors = {}
for solver in ("rtrl", "one-step"):
    model = OnlineRNN(cell="elman", units=8, lags=1, exog_lags=0, solver=solver, random_state=0)
    model.fit(x[:FIRST], y[:FIRST]).partial_fit(x[FIRST:], y[FIRST:])
    errors[solver] = model.prequential_[:, 0] ** 2
blocks = {f"to row {end}": slice(max(end - 200, 3), end) for end in range(100, ROWS + 1, 200)}
table = pd.DataFrame(
    {name: [e[rows].mean() for rows in blocks.values()] for name, e in errors.items()}, blocks
)
print("The sign of three steps ago, mean squared error (1 = nothing known):")
print(table.T.round(3).to_string())

values = np.zeros(900)
for t in range(1, len(values)):
    values[t] = (0.9 if t < 450 else -0.9) * values[t - 1] + rng.normal()
y, keep = pd.Series(values), {"lags": 1, "units": 8, "random_state": 0}
frozen = OnlineRNN(**keep).fit(y[:300]).update(y[300:])
linear = AR(lags=1).fit(y[:300]).update(y[300:])
learner, ahead = OnlineRNN(**keep, keep=100).fit(y[:300]), []
size, start = len(pickle.dumps(learner)), time.perf_counter()
for t in range(300, len(y)):
    ahead.append(learner.predict(1))
    learner.partial_fit(y[t : t + 1])
seconds = time.perf_counter() - start

forecasts = {
    "learning": pd.concat(ahead),
    "frozen": frozen.predict(y.index[300:]),
    "AR": linear.predict(y.index[300:]),
}
blocks = {"before the turn": slice(300, 449), "100 rows after": slice(450, 549), "then": slice(550, 899)}
rows = {n: [((f - y).loc[at] ** 2).mean() for at in blocks.values()] for n, f in forecasts.items()}
print("\nA coefficient that turns, mean squared error (noise 1):")
print(pd.DataFrame(rows, blocks).T.round(2).to_string())
grown = len(pickle.dumps(learner)) / size
print(f"{1e3 * seconds / len(ahead):.1f} ms to forecast and learn a row; its size times {grown:.2f}")
