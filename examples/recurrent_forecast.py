"""Recurrent networks on a chaotic laser: three cells over a window, one of them read both ways, beside AR.

Shows: `RNN` with a cell by name (`forecast.layers.CELLS` lists all 23) and `bidirectional`. Each network starts at AR
and reads the last ten values; `update` moves the origin, and the known timestamps are forecast one step ahead.

See: the mean absolute error over the hundred values after the 400 learned, and the next five.
"""

from forecast import AR, RNN
from forecast.datasets import load_laser

y = load_laser()[:500]
past, last = y[:400], y[400:]
options = {
    "units": 4,
    "window": 10,
    "lags": 8,
    "solver": "lbfgs",
    "epochs": 40,
    "selection": False,  # they forecast one step here, but would be judged by ten
    "jit_compile": False,
    "random_state": 0,
}
models = {
    "AR": AR(lags=8),
    "simple cell": RNN(cell="elman", **options),
    "gated cell (GRU)": RNN(cell="gru", **options),
    "GRU, both ways": RNN(cell="gru", bidirectional="concat", **options),
}
for name, model in models.items():
    error = (model.fit(past).update(last).predict(last.index) - last).abs().mean()
    print(f"{name:18s}{error:5.1f} counts")
print(models["simple cell"].predict(5).round(1))
