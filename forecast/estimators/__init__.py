"""Forecasters as scikit-learn estimators; each is imported when first asked for."""

from __future__ import annotations

from typing import Any

from forecast.estimators.registry import MODULES, estimator_class

__all__ = sorted(MODULES)


def __getattr__(name: str) -> Any:
    if name in MODULES:
        return estimator_class(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
