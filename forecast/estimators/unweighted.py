"""Forecasters whose equations have no place for weights of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from forecast.estimators.base import Forecaster


@dataclass(kw_only=True, eq=False, repr=False)
class Unweighted(Forecaster):
    """A forecaster that cannot weight rows: its `fit` has no `sample_weight`."""

    def fit(  # type: ignore[override]
        self, X: Any, y: Any = None, *, series: Any = None, time: Any = None, target: Any = None
    ) -> Self:
        """Learn from a history: `fit(y)`, `fit(X, y)` or `fit(long)`, as in `Forecaster.fit`."""
        return super().fit(X, y, series=series, time=time, target=target)
