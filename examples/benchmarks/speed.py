"""KERAS_BACKEND=tensorflow python examples/benchmarks/speed.py
KERAS_BACKEND=jax python examples/benchmarks/speed.py

Speed of the package as ratios inside one run: closed loop, Adam steps, windows, one small series, many covariates.

Candidates are interleaved; each figure is a median of several rounds. The machine should have nothing else to do.
"""

from __future__ import annotations

import argparse
import resource
import time
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import pandas as pd
from sklearn.base import clone

from forecast import AR, NARX, LagRegressor
from forecast.datasets import load_air_passengers
from forecast.networks import NARXConfig, narx
from forecast.panel import Panel
from forecast.training.window_program import WindowProgram
from forecast.windows import Windows

BACKEND = keras.backend.backend()
ROUNDS = 5


def seconds(function: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def interleaved(candidates: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    """Median seconds of each candidate, taken in turn after one warm-up."""
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds + 1):
        for name, function in candidates.items():
            times[name].append(seconds(function))
    return {name: float(np.median(values[1:])) for name, values in times.items()}


def closed_loop(series: int = 10_000, steps: int = 48, lags: int = 24) -> str:
    """Forecasts of many series in one compiled loop against a Python loop over model.predict."""
    config = NARXConfig(lags=tuple(range(1, lags + 1)), hidden=(16,), dtype="float32")
    program = WindowProgram(lambda: narx(config), targets=1, dtype="float32")
    rng = np.random.default_rng(0)
    theta = rng.normal(0.0, 0.1, program.size).astype("float32")
    history = rng.normal(size=(series, lags, 1)).astype("float32")
    future = np.empty((series, steps, 0), "float32")
    network = program.assign(theta, program.network)

    def python_loop() -> np.ndarray:
        window, found = history, []
        for _ in range(steps):
            value = network.predict(window, batch_size=1024, verbose=0)
            found.append(value[:, 0])
            window = np.concatenate([window[:, 1:], value], axis=1)
        return np.stack(found, axis=1)

    def compiled() -> np.ndarray:
        return program.run(theta, history, future)

    gap = float(np.abs(python_loop() - compiled()).max())
    times = interleaved(
        {"compiled": compiled, "loop": python_loop}, rounds=3 if BACKEND == "tensorflow" else ROUNDS
    )
    ratio = times["loop"] / times["compiled"]
    return (
        f"closed loop, {series} series x {steps} steps: {1e3 * times['compiled']:.1f} ms, loop over model.predict "
        f"{1e3 * times['loop']:.0f} ms, ratio {ratio:.0f} (bar 100 on TensorFlow), largest difference {gap:.1e}"
    )


def adam_steps(rows: int = 32_768, size: int = 32, block: int = 256) -> str:
    """A step of the package's Adam against a step of model.fit on a 24-16-1 network."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 24)).astype("float32")
    y = np.tanh(x[:, :3].sum(axis=1, keepdims=True)).astype("float32")

    def build() -> keras.Model:
        window = keras.Input((24, 1))
        hidden = keras.layers.Dense(16, "tanh")(keras.layers.Flatten()(window))
        return keras.Model(window, keras.layers.Reshape((1, 1))(keras.layers.Dense(1)(hidden)))

    program, steps = WindowProgram(build, targets=1, dtype="float32"), rows // size
    zeros = np.zeros(program.size, "float32")
    blocks = x.reshape(-1, block, size, 24, 1), y.reshape(-1, block, size, 1, 1)

    def ours() -> None:
        state = program.template, zeros, zeros
        for k, (window, target) in enumerate(zip(*blocks, strict=True)):
            batch = window, target, np.ones_like(target)
            *state, _, _ = program.call("adam", *state, block * k, 1e-3, zeros, zeros, *batch)

    model = build()
    model.compile("adam", "mse")

    def keras_fit() -> None:
        model.fit(x[..., None], y[..., None], batch_size=size, epochs=1, verbose=0)

    times = interleaved({"ours": ours, "fit": keras_fit})
    bar = {"tensorflow": 5, "jax": 8}.get(BACKEND, 1)
    return (
        f"Adam step, 24-16-1, batch {size}: {1e6 * times['ours'] / steps:.1f} us, model.fit "
        f"{1e6 * times['fit'] / steps:.0f} us, ratio {times['fit'] / times['ours']:.0f} (bar {bar})"
    )


def windows(series: int = 100_000, length: int = 24, draws: int = 2_000) -> str:
    """Random windows per second, and the memory of a large panel in units of its float32 values."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(100, 427, series)
    frame = pd.DataFrame(
        {
            "unique_id": np.repeat(np.arange(series), lengths),
            "ds": np.concatenate([np.arange(count) for count in lengths]),
            "y": rng.normal(size=lengths.sum()).astype("float32"),
        }
    )
    tracemalloc.start()
    panel = Panel.from_data(frame)
    made = Windows(panel, length=length)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    batch = 1024
    drawn = rng.integers(0, len(made), (draws, batch))
    took = np.median([seconds(lambda: [made.gather(which) for which in drawn]) for _ in range(ROUNDS)])
    rate = drawn.size / took
    return (
        f"windows of {length} + 1 rows from {series} series ({len(panel.y) / 1e6:.1f} M rows): "
        f"{rate / 1e6:.1f} M random windows/s (bar 4), memory beside the frame {held / (4 * len(panel.y)):.2f} x the "
        "float32 values (bar 2.2)"
    )


def small_series(rounds: int = ROUNDS) -> str:
    """One series of 144 points: fit and predict(12) in a warm process, compiled before or not."""
    y = load_air_passengers()
    NARX(lags=3, random_state=0).fit(y).predict(12)  # the process is warm, this shape is not yet compiled
    first = seconds(lambda: NARX(lags=12, random_state=0).fit(y).predict(12))
    again = np.median(
        [seconds(lambda: NARX(lags=12, random_state=0).fit(y).predict(12)) for _ in range(rounds)]
    )
    bar = {"tensorflow": 3.0, "jax": 1.5}.get(BACKEND, float("nan"))
    return (
        f"144 points, NARX(lags=12) fit + predict(12): {first:.2f} s with its compilation, "
        f"then {again:.2f} s (bar {bar} s)"
    )


def driven(rows: int, columns: int) -> tuple[pd.DataFrame, pd.Series]:
    """Hourly covariates, and a target that two of them drive."""
    index = pd.date_range("2000", periods=rows, freq="h")
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(rows, columns)), index)
    return X, X[0] + 0.5 * X[1].shift(3).fillna(0)


def covariates(rows: int = 100_000, columns: int = 50) -> str:
    """Memory and time of linear models on many covariates, in units of the data."""
    X, y = driven(rows + 24, columns)
    size, told = 8 * rows * columns, []
    for forecaster in (AR(lags=12), AR(), LagRegressor()):
        took = seconds(lambda model=forecaster: clone(model).fit(X[:rows], y[:rows]))
        tracemalloc.start()
        model = clone(forecaster).fit(X[:rows], y[:rows])
        held, most = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        model.predict(X[rows:])
        ahead = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        told.append(
            f"{forecaster} {took:.1f} s, fit {most / size:.2f}, predict {ahead / size:.2f}, the model {held / size:.2f}"
        )
    return (
        f"many covariates, {columns} columns x {rows} rows, memory beside the frame in its units (bar 4: the "
        f"history and three copies): {'; '.join(told)}"
    )


def network_memory(rows: tuple[int, int] = (50_000, 200_000), columns: int = 50) -> str:
    """By how much the peak of the process grows from a fit of NARX to few rows to one to many."""
    X, y = driven(max(rows), columns)
    peaks = []
    for count in rows:
        NARX(random_state=0).fit(X[:count], y[:count])
        peaks.append(1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    growth = (peaks[1] - peaks[0]) / (8 * columns * (rows[1] - rows[0]))
    return f"many covariates, NARX() from {rows[0]} to {rows[1]} rows: peak {growth:.2f} x the data that came (bar 4)"


QUICK: dict[Callable[..., str], dict[str, Any]] = {
    small_series: {"rounds": 1},
    closed_loop: {"series": 20, "steps": 3, "lags": 4},
    adam_steps: {"rows": 64, "size": 4, "block": 8},
    windows: {"series": 50, "length": 6, "draws": 4},
    covariates: {"rows": 500, "columns": 3},
    network_memory: {"rows": (100, 200), "columns": 2},
}


def main(argv: Sequence[str] | None = None) -> list[str]:
    """Print one line per measurement; returns the lines."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
    parser.add_argument("--quick", action="store_true", help="small sizes: does it run?")
    quick = parser.parse_args(argv).quick
    print(f"backend {BACKEND}, keras {keras.__version__}")
    lines = []
    for measure, sizes in QUICK.items():
        lines.append(measure(**(sizes if quick else {})))
        print(lines[-1], flush=True)
    return lines


if __name__ == "__main__":
    main()
