"""Fits by statsmodels take turns, on one BLAS thread."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
from statsmodels.tools.sm_exceptions import ModelWarning
from threadpoolctl import ThreadpoolController

_alone = threading.Lock()


@cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()


@contextmanager
def alone() -> Iterator[None]:
    """One statsmodels fit at a time in a process, on one BLAS thread, without the warnings of its optimisers.

    The optimisers swap `warnings.filters`, which all threads share; taking turns, each restores the list it found.
    Only statsmodels' warnings about models are hidden, on which a user cannot act.
    More BLAS threads cost the small matrices of L-BFGS-B ten times what they save.
    """
    with (
        _alone,
        _libraries().limit(limits=1, user_api="blas"),
        np.errstate(all="ignore"),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", ModelWarning)
        yield
