"""What holds for all tests: no screen, one thread a process, quick compilation, which docstring examples are slow."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("MPLBACKEND", "Agg")
# Compilation takes more time than what is compiled: small shapes gain nothing from optimised code.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
if os.environ.get("KERAS_BACKEND") == "jax":
    # What one test has compiled, the next one reads; each process has a folder of its own, since files are not locked.
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    folder = Path(__file__).parents[1] / ".pytest_cache" / "jax" / worker
    os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder)
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("COLUMNS", "120")

COMPILED = {"neural", "sequences"}  # rooms whose docstring examples train a network


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The examples in docstrings of networks are slow; that of NARX is quick enough."""
    for item in items:
        if (
            isinstance(item, pytest.DoctestItem)
            and item.path.parent.name in COMPILED
            and item.path.stem != "narx"
        ):
            item.add_marker(pytest.mark.slow)
