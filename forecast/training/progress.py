"""A progress bar with the time left, for work that takes more than a second."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")
DELAY = 1.0  # seconds before it is shown


def progress(steps: Iterable[T], *, shown: bool, unit: str) -> Iterable[T]:
    """The steps one by one, each a step of the bar.

    Example:
        >>> list(progress([1, 2], shown=False, unit="part"))
        [1, 2]
    """
    found: Iterable[T] = tqdm(steps, disable=not shown, leave=False, unit=unit, delay=DELAY)
    return found
