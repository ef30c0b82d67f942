"""Delays and feedback as plain Keras layers.

Shows: TappedDelay (delayed copies side by side), TimeDelay (the layer of a time-delay network, weights shared
over time) and NARXCell under keras.layers.RNN: y_t = f(x_t, ..., x_{t-4}, y_{t-1}, y_{t-2}). In open loop
y_{t-1} is measured and comes with the input (teacher forcing), which is how the cell is trained; in closed
loop it is the cell's own output.

See: the three identities, each a largest difference near 0, and the errors of both loops on the gas furnace.
"""

import keras
import numpy as np

from forecast.datasets import load_gas_furnace
from forecast.layers import FeedbackCell, NARXCell, TappedDelay, TimeDelay

keras.utils.set_random_seed(0)
numpy = keras.ops.convert_to_numpy

furnace = load_gas_furnace().astype("float32")
furnace = (furnace - furnace.mean()) / furnace.std()
x, y = (furnace[[name]].to_numpy()[None] for name in ("u", "y"))  # (B, T, F) = (1, 296, 1)

# 1. TappedDelay lines up x_t, x_{t-1} and x_{t-5}; "valid" leaves out the first five steps, whose past is unknown.
taps = numpy(TappedDelay((0, 1, 5), padding="valid")(x))
by_hand = np.concatenate([x[:, 5:], x[:, 4:-1], x[:, :-5]], axis=-1)
print(f"TappedDelay = numpy slices:                    {np.abs(taps - by_hand).max():.1e}")

# 2. TimeDelay with delays 0 to 4 is a causal convolution whose kernel has its rows in the other order.
layer = TimeDelay(8, 4, activation="tanh")
convolution = keras.layers.Conv1D(8, 5, padding="causal", activation="tanh")
outputs, _ = numpy(layer(x)), convolution(x)
convolution.set_weights([numpy(layer.kernel)[::-1][:, None], numpy(layer.bias)])
print(f"TimeDelay = causal Conv1D:                     {np.abs(outputs - numpy(convolution(x))).max():.1e}")

# 3. One network, two loops. FeedbackCell runs the same `step` network, so both share their weights.
cell = NARXCell(input_delays=4, output_delays=2, hidden=(8,), inputs=1, teacher_forcing=True)
open_loop = keras.layers.RNN(cell, return_sequences=True)
closed_loop = keras.layers.RNN(FeedbackCell(cell.step), return_sequences=True)


def measured(y: np.ndarray) -> np.ndarray:
    """The input of the open loop, [x_t, y_{t-1}]; before the record everything is 0."""
    return np.concatenate([x, np.pad(y, ((0, 0), (1, 0), (0, 0)))[:, :-1]], axis=-1)


model = keras.Sequential([keras.Input((None, 2)), open_loop])
model.compile(optimizer=keras.optimizers.Adam(3e-2), loss="mse")
segments = [values.reshape(8, 37, -1) for values in (measured(y), y)]  # side by side: 37 steps, not 296
model.fit(*segments, epochs=60, verbose=0)

free = numpy(closed_loop(x))
again = model.predict(measured(free), verbose=0)  # the open loop, given the free run as measured
print(f"closed loop = open loop on its own outputs:    {np.abs(free - again).max():.1e}")

for name, outputs in {"open": model.predict(measured(y), verbose=0), "closed": free}.items():
    error = np.sqrt(((outputs - y)[:, 50:] ** 2).mean())
    print(f"{name} loop: RMSE {error:.3f} standard deviations")
