"""Fits in threads: each gives what it gives alone, and neighbours see nothing of it."""

from __future__ import annotations

import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from forecast.networks import NARXConfig
from forecast.training import backend
from forecast.training.fit import train
from forecast.training.flat_network import made_once
from forecast.training.options import Options
from forecast.training.window_program import WindowProgram
from forecast.windows import Windows
from tests.training.cases import ALONE, windows

pytestmark = pytest.mark.backend


def fit(own: WindowProgram, seed: int, **options) -> np.ndarray:
    """A fit whose every number is a function of the seed."""
    data: Windows = windows(ALONE, seed=seed)
    settings = Options(**{"epochs": 6, "batch_size": 16, **options})
    return train(own, data, np.ones(60), options=settings, rng=np.random.default_rng(seed)).theta


@pytest.mark.parametrize(
    "options",
    [
        {"solver": "adam"},
        pytest.param({"solver": "lm", "training": "free-run", "steps": 5}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_fits_in_two_threads_are_those_in_a_row(options: dict) -> None:
    """Also the first ones, which compile, and with callbacks that look at the weights of their own fit."""
    one = WindowProgram.of(ALONE)
    alone = [fit(one, seed, **options) for seed in range(4)]
    last = fit(WindowProgram.of(ALONE), 3, **options)
    np.testing.assert_array_equal(last, alone[3])  # the fits before leave nothing in the program
    own, seen = WindowProgram.of(ALONE), dict[int, list[np.ndarray]]()

    class Look(keras.callbacks.Callback):
        def __init__(self, seed: int) -> None:
            super().__init__()
            self.notes = seen.setdefault(seed, [])

        def on_epoch_end(self, epoch, logs=None):
            before = self.model.get_weights()
            time.sleep(0.005)
            self.notes.append(
                all(np.array_equal(a, b) for a, b in zip(before, self.model.get_weights(), strict=True))
            )

    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda seed: fit(own, seed, callbacks=[Look(seed)], **options), range(4)))
    for found, expected in zip(together, alone, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert all(all(notes) and notes for notes in seen.values())


def test_threads_that_ask_for_the_same_network_get_one() -> None:
    made = []

    @made_once(4)
    def program_of(config: NARXConfig) -> object:
        time.sleep(0.05)
        made.append(config)
        return object()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(program_of, [ALONE] * 8))
    assert len(made) == 1 and len({id(one) for one in found}) == 1


def test_a_function_is_traced_once_by_all_threads() -> None:
    traces = []

    def double(array):
        traces.append(1)
        time.sleep(0.02)
        return 2 * array

    run = backend.compiled(double)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda k: backend.to_numpy(run(np.full(3, float(k)))), range(8)))
    np.testing.assert_array_equal(found, 2.0 * np.arange(8.0)[:, None] * np.ones(3))
    if backend.BACKEND == "tensorflow":
        assert len(traces) == 1


def test_a_neighbour_sees_the_dtypes_and_warnings_of_before() -> None:
    inside, done = threading.Event(), threading.Event()

    def state() -> tuple:
        types = [keras.backend.result_type(*pair) for pair in (("float64", "float32"), ("float64", float))]
        return types, list(warnings.filters)

    def compute() -> None:
        with backend.precision("float64"):
            assert keras.backend.result_type("float64", "float32") == "float64"
            inside.set()
            done.wait(10)

    before, thread = state(), threading.Thread(target=compute)
    thread.start()
    inside.wait(10)
    during = state()
    done.set()
    thread.join()
    assert during == before == state()
