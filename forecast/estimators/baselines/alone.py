"""Fits by statsmodels take turns, on one BLAS thread."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from statsmodels.tools.sm_exceptions import ModelWarning

from forecast.estimators.baselines.one_thread import one_thread


@contextmanager
def alone() -> Iterator[None]:
    """One statsmodels fit at a time in a process, on one BLAS thread, without the warnings of its optimisers.

    The optimisers swap `warnings.filters`, which all threads share; taking turns, each restores the list it found.
    Only statsmodels' warnings about models are hidden, on which a user cannot act.
    More BLAS threads cost the small matrices of L-BFGS-B ten times what they save.
    """
    with one_thread(), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", ModelWarning)
        yield
