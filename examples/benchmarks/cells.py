"""KERAS_BACKEND=jax python examples/benchmarks/cells.py
KERAS_BACKEND=tensorflow python examples/benchmarks/cells.py --xla on
KERAS_BACKEND=tensorflow python examples/benchmarks/cells.py --xla off --shapes 32,24,1,32 --cells lstm gru

One train step of each LSTM and GRU cell against `keras.layers.LSTM` and `torch.nn.LSTM`, interleaved.

A step is forward, backward and Adam on the mean squared error of LSTM(U) and Dense(1); B windows, T steps of time, F
features. The steps of the package run several in one compiled call, those of `torch.nn.LSTM` (when torch is installed)
in a process of their own. Candidates take turns; a ratio is the median over the rounds of the ratios within a round.
The machine should have nothing else to do.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np

from forecast.layers import CELLS, make_cell
from forecast.training.window_program import WindowProgram

Shape = tuple[int, int, int, int]  # B, T, F, U
SHAPES = ("32,24,1,32", "32,96,8,64", "256,96,8,64")
GATED = [name for name in CELLS if name.startswith(("lstm", "gru"))]
BAR = 1.15


def network(layers: list[keras.layers.Layer], shape: Shape) -> keras.Model:
    """The layers, then Dense(1) on the last state: (B, T, F) -> (B, 1, 1)."""
    _, steps, features, _ = shape
    window = keras.Input((steps, features))
    state = window
    for layer in layers:
        state = layer(state)
    return keras.Model(window, keras.layers.Reshape((1, 1))(keras.layers.Dense(1)(state)))


def built_in(shape: Shape, layers: int) -> keras.Model:
    """The LSTM of Keras, in one layer or in several."""
    stack = [keras.layers.LSTM(shape[3], return_sequences=k + 1 < layers) for k in range(layers)]
    return network(stack, shape)


def ours(shape: Shape, name: str) -> keras.Model:
    """A cell of the catalogue under `keras.layers.RNN`."""
    return network([keras.layers.RNN(make_cell(name, shape[3]))], shape)


def trainer(build: Callable[[], keras.Model], shape: Shape, count: int, xla: bool) -> Callable[[], float]:
    """Seconds of one step, from `count` steps in one compiled call."""
    batch, steps, features, _ = shape
    program = WindowProgram(build, targets=1, dtype="float32", jit=xla)
    rng, zeros = np.random.default_rng(0), np.zeros(program.size, "float32")
    windows = rng.normal(size=(count, batch, steps, features)).astype("float32")
    targets = windows[..., -1:, :1]
    start = program.read(program.network)

    def run() -> float:
        began = time.perf_counter()
        program.call(
            "adam", start, zeros, zeros, 0, 1e-3, zeros, zeros, windows, targets, np.ones_like(targets)
        )
        return (time.perf_counter() - began) / count

    return run


class Torch:
    """`torch.nn.LSTM` in a process of its own, asked for one measurement at a time."""

    def __init__(self, shape: Shape, count: int) -> None:
        script = Path(__file__).with_name("torch_lstm.py")
        arguments = [sys.executable, str(script), *map(str, (*shape, count))]
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self) -> float:
        assert self.process.stdin and self.process.stdout
        print("go", file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self.process.communicate()


def measure(shape: Shape, names: list[str], *, xla: bool, rounds: int) -> dict[str, np.ndarray]:
    """Seconds per step of each candidate, by round."""
    count = 4 if shape[0] * shape[1] > 5_000 else 16
    candidates: dict[str, Callable[[], float]] = {
        "keras.layers.LSTM": trainer(lambda: built_in(shape, 1), shape, count, xla)
    }
    if "lstm-depth-gated" in names:
        candidates["two keras.layers.LSTM"] = trainer(lambda: built_in(shape, 2), shape, count, xla)
    for name in names:
        candidates[name] = trainer(lambda name=name: ours(shape, name), shape, count, xla)
    torch = Torch(shape, count) if importlib.util.find_spec("torch") else None
    if torch:
        candidates["torch.nn.LSTM"] = torch
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds + 1):  # the first round compiles
        for name, candidate in candidates.items():
            times[name].append(candidate())
    if torch:
        torch.close()
    return {name: np.array(values[1:]) for name, values in times.items()}


def table(shape: Shape, times: dict[str, np.ndarray]) -> list[str]:
    """One line per candidate: milliseconds, ratios, and whether it is over the bar."""
    torch = times.get("torch.nn.LSTM")
    lines = [f"{'(B, T, F, U) = ' + str(shape):34s}{'ms a step':>10s}{'/ keras':>9s}{'/ torch':>9s}"]
    for name, seconds in times.items():
        reference = times["two keras.layers.LSTM" if name == "lstm-depth-gated" else "keras.layers.LSTM"]
        ratio = float(np.median(seconds / reference))
        line = f"{name:34s}{1e3 * np.median(seconds):10.2f}{ratio:9.2f}"
        line += f"{np.median(seconds / torch):9.2f}" if torch is not None else ""
        lines.append(line + (f"   over {BAR}" if name in CELLS and ratio > BAR else ""))
    return lines


def main(argv: Sequence[str] | None = None) -> dict[Shape, dict[str, np.ndarray]]:
    """Print one table per shape; returns the seconds of each candidate, by round."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
    parser.add_argument("--xla", choices=("on", "off"), default="on", help="TensorFlow: compile by XLA")
    parser.add_argument("--shapes", nargs="+", default=SHAPES, help="B,T,F,U")
    parser.add_argument("--cells", nargs="+", default=GATED, choices=list(CELLS))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="one small shape, two rounds: does it run?")
    options = parser.parse_args(argv)
    print(f"backend {keras.backend.backend()}, keras {keras.__version__}, XLA {options.xla}")
    if options.quick:
        options.shapes, options.rounds = ["4,5,1,3"], 2
    found = {}
    for text in options.shapes:
        shape: Shape = tuple(int(size) for size in text.split(","))
        times = measure(shape, options.cells, xla=options.xla == "on", rounds=options.rounds)
        print("", *table(shape, times), sep="\n", flush=True)
        found[shape] = times
    return found


if __name__ == "__main__":
    main()
