"""Fits of single series take turns in a process, on one BLAS thread, so that every process rounds alike."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController

_alone = threading.Lock()


@cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()


@contextmanager
def one_thread() -> Iterator[None]:
    """One fit at a time, on one BLAS thread; the number of threads before is restored."""
    with _alone, _libraries().limit(limits=1, user_api="blas"):
        yield
