"""python examples/benchmarks/tasks.py                                  all of it
python examples/benchmarks/tasks.py --quick                          one seed, a hundredth of the steps: does it run?
python examples/benchmarks/tasks.py --cells lstm gru --tasks adding-100 --seeds 0 1 2

Which cell learns what: copy, adding over 100 and 400 steps, NARMA-10 and Mackey-Glass, each from several seeds.

Every network is one recurrent layer of 32 units and a linear output, trained by Adam with one rate for all (along a
cosine, clipped at norm 1), on new sequences in every step. `memory` is the external memory with a GRU of 16 units; its
output is what it reads. Errors are on sequences not seen in training.

copy        fraction of the bits right at 8 words (trained on 1 to 8) and at 16; a coin toss has 0.5
adding-T    mean squared error of the sum of the two marked numbers; always answering 1 has 0.167; learned: below 0.01
narma       NRMSE of y_t from the inputs alone, on a separate record; learned: below the linear model of 20 inputs
mackey      NRMSE of x_{t+84} from x_t and before, on a separate record; learned: below the linear model of 20 values
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import keras
import numpy as np

from forecast.datasets import adding_problem, copy_task, mackey_glass, narma10
from forecast.layers import MemoryCell, make_cell

CELLS = ("elman", "residual", "diagonal", "mgu", "gru", "lstm", "lstm-no-forget", "lstm-coupled", "memory")
UNITS, BATCH, RATE, DRAWN = 32, 32, 5e-3, 500
AHEAD, WARM = 84, 100  # steps ahead on Mackey-Glass; steps of a stretch before an answer counts
Array = np.ndarray
Data = tuple[Array, Array, Array]  # inputs (B, T, F), answers (B, T, O), weights (B, T) of the answers


@dataclass(frozen=True)
class Task:
    """Sequences (samples, seed), the tests, the steps of training, and the score of a network's answers."""

    make: Callable[[int, int], Data]
    tests: tuple[Data, ...]
    steps: int
    score: Callable[[Array, Data], float]
    bar: float  # learned: the score is below it, or above it for a fraction of bits


def copies(lengths: tuple[int, int]) -> Callable[[int, int], Data]:
    """Sequences of the copy task."""
    return lambda samples, seed: copy_task(samples=samples, lengths=lengths, random_state=seed)


def adding(length: int) -> Callable[[int, int], Data]:
    """Sequences of the adding problem, the answer due at the last step."""

    def make(samples: int, seed: int) -> Data:
        x, y = adding_problem(samples=samples, length=length, random_state=seed)
        due = np.zeros(x.shape[:2], "float32")
        due[:, -1] = 1.0
        return x, np.repeat(y[:, None], length, axis=1), due

    return make


def record(name: str, seed: int) -> tuple[Array, Array]:
    """Standardised input and answer of one system over 4000 steps, each (T,)."""
    if name == "narma":
        for draw in range(1000 * seed, 1000 * seed + 1000):  # some inputs let the system diverge
            try:
                frame = narma10(length=4000, random_state=draw)
            except ValueError:
                continue
            x, y = frame["u"].to_numpy()[:-1], frame["y"].to_numpy()[1:]  # y_{t+1} sees u_t
            return (x - 0.25) / 0.144, (y - 0.38) / 0.1
    values = (mackey_glass(length=4000 + AHEAD, random_state=seed).to_numpy() - 0.9) / 0.23
    return values[:-AHEAD], values[AHEAD:]


def pieces(name: str) -> Callable[[int, int], Data]:
    """Stretches of 2 * WARM steps of one record; answers count after the first WARM."""

    def make(samples: int, seed: int) -> Data:
        x, y = record(name, seed)
        starts = np.random.default_rng(seed).integers(0, len(x) - 2 * WARM, samples)
        rows = starts[:, None] + np.arange(2 * WARM)
        due = np.tile(np.arange(2 * WARM) >= WARM, (samples, 1)).astype("float32")
        return x[rows, None].astype("float32"), y[rows, None].astype("float32"), due

    return make


def bits_right(said: Array, data: Data) -> float:
    """Fraction of the bits that are right."""
    _, y, due = data
    return float(((said > 0) == (y > 0.5))[due == 1].mean())


def squared_error(said: Array, data: Data) -> float:
    """Mean squared error of the answers due."""
    _, y, due = data
    return float(np.mean((said - y)[due == 1] ** 2))


def nrmse(said: Array, data: Data) -> float:
    """Root mean squared error of the answers due, in their standard deviations."""
    return float(np.sqrt(squared_error(said, data)) / data[1][data[2] == 1].std())


def linear_model(name: str) -> float:
    """NRMSE of least squares on the last 20 inputs, over the same sequences as the networks."""
    train, test = pieces(name)(500, 0), pieces(name)(200, 999)

    def design(data: Data) -> Array:
        rows = np.lib.stride_tricks.sliding_window_view(data[0][..., 0], 20, axis=1)[:, WARM - 19 :]
        return np.concatenate([rows.reshape(-1, 20), np.ones((rows[..., 0].size, 1))], axis=1)

    weights = np.linalg.lstsq(design(train), train[1][train[2] == 1], rcond=None)[0]
    said = np.zeros_like(test[1])
    said[:, WARM:] = (design(test) @ weights).reshape(len(said), -1, 1)
    return nrmse(said, test)


def task_of(name: str) -> Task:
    """The task of this name."""
    if name == "copy":
        tests = tuple(copies((n, n))(200, 999) for n in (8, 16))
        return Task(copies((1, 8)), tests, 2000, bits_right, 0.99)
    if name.startswith("adding-"):
        length = int(name.removeprefix("adding-"))
        return Task(
            adding(length), (adding(length)(500, 999),), 2000 if length <= 100 else 1200, squared_error, 0.01
        )
    return Task(pieces(name), (pieces(name)(200, 999),), 1000, nrmse, linear_model(name))


def network(cell: str, features: int, outputs: int) -> keras.Model:
    """Inputs (B, T, F) -> one recurrent layer -> answers (B, T, O)."""
    inputs = keras.Input((None, features))
    if cell == "memory":
        layer = keras.layers.RNN(MemoryCell(16, slots=24, controller="gru"), return_sequences=True)
        state = layer(inputs)[..., 16:]
    else:
        state = keras.layers.RNN(make_cell(cell, UNITS), return_sequences=True)(inputs)
    return keras.Model(inputs, keras.layers.Dense(outputs)(state))


def train(model: keras.Model, task: Task, steps: int, seed: int) -> None:
    """Adam on new sequences, drawn for some hundred steps at a time."""
    rate = keras.optimizers.schedules.CosineDecay(RATE, steps, alpha=0.1)
    loss = keras.losses.BinaryCrossentropy(from_logits=True) if task.score is bits_right else "mse"
    model.compile(keras.optimizers.Adam(rate, global_clipnorm=1.0), loss, jit_compile=True)
    for part in range(-(-steps // DRAWN)):
        x, y, due = task.make(BATCH * min(DRAWN, steps - part * DRAWN), 1000 * (seed + 1) + part)
        model.fit(x, y, sample_weight=due / due.mean(), batch_size=BATCH, shuffle=False, verbose=0)


def run(name: str, cell: str, seed: int, share: float) -> tuple[list[float], bool, int, float]:
    """Train one cell on one task: its scores, whether it has learned it, its parameters and seconds."""
    task, start = task_of(name), time.perf_counter()
    keras.utils.set_random_seed(seed)
    model = network(cell, task.tests[0][0].shape[2], task.tests[0][1].shape[2])
    train(model, task, max(int(share * task.steps), 10), seed)
    scores = [task.score(model.predict(data[0], batch_size=100, verbose=0), data) for data in task.tests]
    learned = scores[0] > task.bar if task.score is bits_right else scores[0] < task.bar
    return scores, learned, model.count_params(), time.perf_counter() - start


class Here(Executor):
    """Work done at once, in this process."""

    def submit(self, function: Callable, /, *arguments: object) -> Future:  # type: ignore[override]
        """The result of the function, as a future."""
        future: Future = Future()
        future.set_result(function(*arguments))
        return future


def main(argv: Sequence[str] | None = None) -> dict[tuple[str, str], list[list[float]]]:
    """Print one line per task and cell, when all its seeds are done; returns their scores."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
    parser.add_argument(
        "--quick", action="store_true", help="one seed, a hundredth of the steps, in this process"
    )
    parser.add_argument("--cells", nargs="+", default=list(CELLS))
    parser.add_argument("--tasks", nargs="+", default=["copy", "adding-100", "adding-400", "narma", "mackey"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--workers", type=int, default=2, help="processes, of one thread each")
    chosen = parser.parse_args(argv)
    seeds, share = (chosen.seeds[:1], 0.01) if chosen.quick else (chosen.seeds, 1.0)
    scores_of = {}
    start = time.perf_counter()
    lines = ", ".join(f"{name} {linear_model(name):.3f}" for name in ("narma", "mackey"))
    print(f"backend {keras.backend.backend()}, keras {keras.__version__}; NRMSE of the linear model: {lines}")
    print(f"{'task':12s}{'cell':16s}{'parameters':>10s}{'learned':>9s}{'seconds':>9s}   scores by seed")
    with Here() if chosen.quick else processes(chosen.workers) as pool:
        work = {
            (name, cell): [pool.submit(run, name, cell, seed, share) for seed in seeds]
            for name in chosen.tasks
            for cell in chosen.cells
        }
        for (name, cell), futures in work.items():
            done = [future.result() for future in futures]
            learned = f"{sum(row[1] for row in done)} of {len(done)}"
            seconds = np.mean([row[3] for row in done])
            scores = "   ".join("/".join(f"{score:.3f}" for score in row[0]) for row in done)
            scores_of[name, cell] = [row[0] for row in done]
            print(f"{name:12s}{cell:16s}{done[0][2]:10d}{learned:>9s}{seconds:9.1f}   {scores}", flush=True)
    print(f"{time.perf_counter() - start:.0f} s in all")
    return scores_of


def processes(workers: int) -> Executor:
    """Processes of one thread each."""
    os.environ["OMP_NUM_THREADS"] = "1"
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))


if __name__ == "__main__":
    main()
