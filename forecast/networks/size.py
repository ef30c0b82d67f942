"""How many parameters a network has, counted without making them."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import keras


def parameter_count(build: Callable[[], keras.Model]) -> int:
    """P, the number of trainable parameters of the network that `build` makes, without allocating them.

    Example:
        >>> parameter_count(lambda: keras.Sequential([keras.Input((1_000_000,)), keras.layers.Dense(1_000_000)]))
        1000001000000
    """

    def count() -> int:
        with keras.StatelessScope(initialize_variables=False):  # inside, variables have shapes but no values
            return sum(math.prod(variable.shape) for variable in build().trainable_variables)

    # Keras would create the values at the end of this thread's next scope; those of another thread end with it.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(count).result()
