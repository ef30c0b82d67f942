"""Where the gradient goes: vanishing, exploding, and what clipping, the residual cell and the LSTM do to it.

Shows: `gradient_flow`, the size of dL_t / dh_k by the distance t - k, of untrained cells on two problems whose
answer lies far back. Adding: the sum of the two marked numbers of a sequence. Copy: the symbols of the first
steps, to be given at the end. Then a simple RNN with a large recurrent matrix takes steps of gradient descent,
unclipped and clipped at norm 1.

See: the gradient of the simple RNN vanishes, and with a matrix three times as large it explodes. The residual
cell passes on all of it. The LSTM of 1997, without forget gate, keeps a part through its memory; the forget gate
of an untrained LSTM loses a quarter per step. Unclipped, the steps blow up on adding; on copy they saturate the
state, so no gradient comes back any more. Clipping bounds the step and keeps the loss finite, but does not change
the gradient through time: it still explodes.
`python gradient_flow.py picture.png` writes the picture.
"""

import sys

import keras
import numpy as np
import pandas as pd

from forecast.evaluation import gradient_flow, plot_gradient_flow
from forecast.layers import make_cell

STEPS, UNITS, BATCH, SYMBOLS, COPIED = 40, 16, 16, 8, 3
rng = np.random.default_rng(0)
keras.utils.set_random_seed(0)


def adding() -> tuple[np.ndarray, np.ndarray]:
    """Sequences [number, mark] and the sum of the two marked numbers, one in each half."""
    numbers, marks = rng.uniform(size=(BATCH, STEPS)), np.zeros((BATCH, STEPS))
    half = STEPS // 2
    for place in (rng.integers(half, size=BATCH), half + rng.integers(half, size=BATCH)):
        marks[np.arange(BATCH), place] = 1.0
    return np.stack([numbers, marks], axis=2).astype("float32"), (numbers * marks).sum(axis=1)[:, None]


def copying() -> tuple[np.ndarray, np.ndarray]:
    """One-hot symbols, then blanks (symbol 0), and at the last steps the symbols that are due."""
    symbols = np.zeros((BATCH, STEPS), int)
    due = symbols.copy()
    symbols[:, :COPIED] = due[:, -COPIED:] = rng.integers(1, SYMBOLS, size=(BATCH, COPIED))
    return np.eye(SYMBOLS, dtype="float32")[symbols], due


def network(cell: keras.layers.Layer, columns: int, outputs: int) -> keras.Model:
    """The cell over time and a dense layer at every step, or after the last one."""
    x = keras.Input((STEPS, columns))
    h = keras.layers.RNN(cell, return_sequences=outputs > 1)(x)
    return keras.Model(x, keras.layers.Dense(outputs, "softmax" if outputs > 1 else None)(h))


def enlarged(factor: float) -> keras.layers.Layer:
    """The cell of a simple RNN with an orthogonal recurrent matrix times a factor."""
    start = keras.initializers.Orthogonal(factor, seed=0)
    return keras.layers.SimpleRNNCell(UNITS, recurrent_initializer=start)


CELLS = {
    "simple RNN": lambda: make_cell("elman", UNITS),
    "simple RNN, U x 3": lambda: enlarged(3.0),
    "residual": lambda: make_cell("residual", UNITS),
    "LSTM": lambda: make_cell("lstm", UNITS),
    "LSTM, no forget gate": lambda: make_cell("lstm-no-forget", UNITS),
}
PROBLEMS = {
    "adding": (*adding(), 1, "mse"),
    "copy": (*copying(), SYMBOLS, "sparse_categorical_crossentropy"),
}
flows = {}
for problem, (x, y, outputs, loss) in PROBLEMS.items():
    for name, cell in CELLS.items():
        flows[problem, name] = gradient_flow(network(cell(), x.shape[2], outputs), x, y, loss=loss)

far = [1, 5, 10, 20, STEPS - 1]
table = pd.DataFrame({key: flow["relative"].loc[far] for key, flow in flows.items()}).T
print("Size of dL_t / dh_k by the distance t - k, 1 at distance 0:")
print(table.map("{:.1e}".format).to_string())

print("\nGradient descent, simple RNN with U x 3, 60 steps of rate 0.1:")
for problem, (x, y, outputs, loss) in PROBLEMS.items():
    for title, clipped in (("unclipped", None), ("clipped at 1", 1.0)):
        keras.utils.set_random_seed(0)
        model = network(enlarged(3.0), x.shape[2], outputs)
        before = [np.array(value) for value in model.get_weights()]
        model.compile(keras.optimizers.SGD(0.1, global_clipnorm=clipped), loss, jit_compile=False)
        losses = [float(model.train_on_batch(x, y))]
        moves = [new - old for new, old in zip(model.get_weights(), before, strict=True)]
        step = np.sqrt(sum((move**2).sum() for move in moves))
        losses += [float(model.train_on_batch(x, y)) for _ in range(59)]
        left = gradient_flow(model, x, y, loss=loss)["relative"].loc[10]
        print(
            f"{problem:6s} {title:12s}  first step {step:8.1e}   loss {losses[0]:6.3g} -> {losses[-1]:8.3g}"
            f"   size at distance 10: {left:.1e}"
        )

if len(sys.argv) > 1:
    ax = plot_gradient_flow({name: flow for (problem, name), flow in flows.items() if problem == "adding"})
    ax.figure.savefig(sys.argv[1], dpi=150)
