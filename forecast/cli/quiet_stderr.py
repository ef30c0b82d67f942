"""TensorFlow's start-up notes kept off the screen."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Hold back what is written to the standard error, and show it only if the block fails.

    For the import of Keras: TensorFlow writes notes about CPU instructions and absent GPUs from C++, and no
    setting turns all of them off. All threads of the process share that file, so only the process of the
    command itself does this (`forecast.cli.entry_point`), never a program that calls `forecast.cli.main`.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    screen = os.dup(2)
    with tempfile.TemporaryFile() as notes:
        os.dup2(notes.fileno(), 2)
        try:
            yield
        except Exception:
            notes.seek(0)
            with os.fdopen(os.dup(screen), "wb") as shown:
                shutil.copyfileobj(notes, shown)
            raise
        finally:
            sys.stderr.flush()
            os.dup2(screen, 2)
            os.close(screen)
