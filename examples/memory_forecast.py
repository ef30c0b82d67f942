"""A network with an external memory as a forecaster: it writes the window down row by row, then reads what it needs.

Shows: `MemoryNetwork`, a neural Turing machine beside a linear path that starts at AR, on a chaotic laser.
`copy_task.py` shows what such a memory learns that an LSTM does not.

See: the mean absolute error one step ahead over the hundred values after the 400 learned, beside AR, and the next five.
"""

from forecast import AR, MemoryNetwork
from forecast.datasets import load_laser

y = load_laser()[:500]
past, last = y[:400], y[400:]
memory = MemoryNetwork(
    window=8,
    units=4,
    slots=4,
    width=3,
    lags=8,
    solver="lbfgs",
    epochs=40,
    selection=False,  # it forecasts one step here, but would be judged by ten
    jit_compile=False,
    random_state=0,
)
for name, model in {"AR": AR(lags=8), "MemoryNetwork": memory}.items():
    error = (model.fit(past).update(last).predict(last.index) - last).abs().mean()
    print(f"{name:14s}{error:5.1f} counts")
print(memory.predict(5).round(1))
