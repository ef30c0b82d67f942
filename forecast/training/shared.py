"""What fits in several threads share: compiled networks, each made once."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, TypeVar

Made = TypeVar("Made")


def made_once(maxsize: int) -> Callable[[Callable[..., Made]], Callable[..., Made]]:
    """A cache of the last `maxsize` results of a function; threads that ask for the same one wait for the first."""

    def decorate(function: Callable[..., Made]) -> Callable[..., Made]:
        cached, lock = functools.lru_cache(maxsize=maxsize)(function), threading.RLock()

        @functools.wraps(function)
        def ask(*arguments: Any, **named: Any) -> Made:
            with lock:
                return cached(*arguments, **named)

        return ask

    return decorate
