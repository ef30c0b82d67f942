"""What a model has learned, as one thing: a new fit forgets it, and a fit that fails brings it back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def learned(model: Any) -> dict[str, Any]:
    """The attributes whose names end in `_`."""
    return {name: value for name, value in vars(model).items() if name.endswith("_") and name[0] != "_"}


@contextmanager
def refit(model: Any) -> Iterator[None]:
    """Forget what was learned; an error in the block brings it back."""
    with rollback(model):
        for name in learned(model):
            delattr(model, name)
        yield


@contextmanager
def rollback(model: Any) -> Iterator[None]:
    """An error in the block brings back what was learned before it."""
    before = learned(model)
    try:
        yield
    except BaseException:
        for name in learned(model):
            delattr(model, name)
        vars(model).update(before)
        raise
