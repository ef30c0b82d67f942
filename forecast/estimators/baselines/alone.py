"""Fits by statsmodels take turns, on one thread of BLAS."""

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
    """One fit of statsmodels at a time in a process, by one thread of BLAS, without the remarks of optimisers.

    Its optimisers swap `warnings.filters`, which all threads share: by turns, each finds the list as it was.
    The filter of this function hides statsmodels' remarks on models, on which a user cannot act, and no others.
    Threads of BLAS cost the small matrices of L-BFGS-B ten times more than they bring.
    """
    with (
        _alone,
        _libraries().limit(limits=1, user_api="blas"),
        np.errstate(all="ignore"),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", ModelWarning)
        yield
