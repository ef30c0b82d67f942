"""The copy task: what an external memory learns and an LSTM of equal size does not.

Shows: MemoryCell under keras.layers.RNN, trained by plain Keras to repeat words of 4 bits. Training sees
sequences of 1 to 8 words; the tests have 8, 12, 16 and 20. The answer is a linear map of what the cell reads, so
the words must go through the memory. `--full` trains longer and from three seeds.

See: the fractions of bits and of whole sequences that are right. The memory has become a tape on which the
network goes from slot to slot, so length does not matter to it; the LSTM keeps the words in its state and
comes near the coin toss (0.5) on sequences longer than it was trained on.
"""

import sys
import time

import keras
import numpy as np

from forecast.datasets import copy_task
from forecast.layers import MemoryCell

SHOWN, BITS, BATCH, UNITS = 8, 4, 16, 16
SEEDS, STEPS = ((0, 1, 2), 4000) if "--full" in sys.argv[1:] else ((0,), 800)
TESTS = {n: copy_task(samples=200, lengths=(n, n), steps=41, random_state=n) for n in (8, 12, 16, 20)}


def build(layer: keras.layers.Layer, first: int = 0) -> keras.Model:
    """Inputs -> layer -> the log odds that each bit is 1, from the layer's columns `first` and on."""
    inputs = keras.Input((None, BITS + 1))
    return keras.Model(inputs, keras.layers.Dense(BITS)(layer(inputs)[..., first:]))


def memory() -> keras.Model:
    """A small GRU beside a memory of 24 rows of 8 numbers; the columns after its units are what is read."""
    cell = MemoryCell(UNITS, slots=24, width=8, controller="gru")
    return build(keras.layers.RNN(cell, return_sequences=True), first=UNITS)


def lstm(parameters: int) -> keras.Model:
    """The smallest LSTM network with at least `parameters` parameters."""
    units = next(u for u in range(1, 1000) if 4 * u * (u + BITS + 2) + BITS * (u + 1) >= parameters)
    return build(keras.layers.LSTM(units, return_sequences=True))


def train(model: keras.Model, seed: int) -> None:
    """Adam on new sequences in every step; steps without an answer due have no weight."""
    rate = keras.optimizers.schedules.CosineDecay(1.5e-2, STEPS, alpha=0.2)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate, global_clipnorm=1.0), loss, jit_compile=True)
    x, y, due = copy_task(samples=BATCH * STEPS, lengths=(1, SHOWN), bits=BITS, random_state=seed)
    model.fit(x, y, sample_weight=due / due.mean(), batch_size=BATCH, verbose=0)


def right(model: keras.Model, length: int) -> tuple[float, float]:
    """Fractions of the bits and of the whole sequences that are right."""
    x, y, due = TESTS[length]
    said = (model.predict(x, batch_size=200, verbose=0) > 0) == (y > 0.5)
    return float(said[due == 1].mean()), float((said | (due == 0)[..., None]).all(axis=(1, 2)).mean())


print(f"trained on 1 to {SHOWN} words of {BITS} bits, {STEPS} steps of {BATCH} sequences")
print(f"{'':8s}{'seed':>5s}{'parameters':>12s}{'seconds':>9s}   bits (sequences) right at", *TESTS, "words")
for seed in SEEDS:
    size = memory().count_params()
    for name, make in {"memory": memory, "LSTM": lambda: lstm(size)}.items():  # noqa: B023  called at once
        keras.utils.set_random_seed(seed)
        start, model = time.perf_counter(), make()
        train(model, seed)
        seconds = time.perf_counter() - start
        shares = [right(model, length) for length in TESTS]
        row = "".join(f"{bits:12.3f} ({np.round(whole, 2):.2f})" for bits, whole in shares)
        print(f"{name:8s}{seed:5d}{model.count_params():12d}{seconds:9.1f}{row}", flush=True)
