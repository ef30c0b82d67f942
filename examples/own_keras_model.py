"""Any keras.Model as a forecaster: a GRU that forecasts eight steps at once.

Shows: `KerasForecaster(build=...)`. The function gets the window length, the number of input features and of
targets, and returns an uncompiled keras.Model in plain Keras. Windows, scaling, early stopping on the end of
the history, the user's index and the backtest come from the package. The last layer has eight units: the
model forecasts eight steps directly and does not feed one step back into the next.

See: a GRU of a thousand weights beside AR and the seasonal naive forecast on a chaotic laser, and
own_keras_model.png.
"""

import keras

from forecast import KerasForecaster, backtest, leaderboard
from forecast.datasets import load_laser
from forecast.evaluation import plot_backtest

HORIZON = 8


def build(window: int, features: int, targets: int) -> keras.Model:
    """(B, window, features) -> (B, 8 * targets)."""
    rows = keras.Input((window, features))
    state = keras.layers.GRU(16)(rows)
    return keras.Model(rows, keras.layers.Dense(HORIZON * targets)(state))


y = load_laser()[:1500]
model = KerasForecaster(build=build, window=24, epochs=20, batch_size=32, learning_rate=1e-2, random_state=0)
results = backtest({"GRU": model}, y, horizon=HORIZON, windows=10, refit=False)
print(leaderboard(results, y).round(3).to_string())

axes = plot_backtest(results, y=y, last=120)
axes.figure.savefig("own_keras_model.png", dpi=150)
