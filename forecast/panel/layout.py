"""How the user's data looked, so answers can look the same."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from forecast.panel import long

Form = Literal["single", "pair", "joint", "long"]


@dataclass(frozen=True, eq=False)
class Layout:
    """Types, names and columns of the user's data.

    Args:
        form: "single" (only y), "pair" (X and y), "joint" (one MultiIndex frame with "y" and covariates) or
            "long" (unique_id, ds, y, covariates).
        y_kind: type of the target, also of every forecast.
        x_kind: type of the covariates when they came beside y.
        targets, exog: labels of the O target columns and the E covariates; made up for arrays.
        name: name of a Series.
        multi: whether the index is a MultiIndex (series, time).
        id_name: name of the series level.
        columns: all columns of a joint or long frame in the user's order.
        library, id_type, time_type: data frame library of a long frame and types of its two key columns.
    """

    form: Form
    y_kind: Literal["array1d", "array2d", "series", "frame"]
    targets: pd.Index
    exog: pd.Index
    x_kind: Literal["array", "frame"] | None = None
    name: Hashable = None
    multi: bool = False
    id_name: Hashable = None
    columns: pd.Index | None = None
    library: str = "pandas"
    id_type: str | None = None
    time_type: str | None = None

    @property
    def target_names(self) -> list[Hashable]:
        """Labels of the target columns."""
        return list(self.targets)

    @property
    def exog_names(self) -> list[Hashable]:
        """Labels of the covariates."""
        return list(self.exog)

    @property
    def has_index(self) -> bool:
        """Whether the user's data carry timestamps; arrays have only row numbers."""
        return self.form in ("joint", "long") or self.x_kind == "frame" or self.y_kind in ("series", "frame")

    @property
    def keyed(self) -> bool:
        """Whether the series have labels: a MultiIndex or a long frame."""
        return self.multi or self.form == "long"

    def y_as_given(self, values: np.ndarray, index: pd.Index) -> Any:
        """Targets (R, O) in the user's type."""
        if self.y_kind == "series":
            return pd.Series(values[:, 0], index=index, name=self.name)
        if self.y_kind == "frame":
            return pd.DataFrame(values, index=index, columns=self.targets)
        return values[:, 0] if self.y_kind == "array1d" else values

    def x_as_given(self, values: np.ndarray, index: pd.Index) -> Any:
        """Covariates (R, E) in the user's type."""
        return values if self.x_kind == "array" else pd.DataFrame(values, index=index, columns=self.exog)

    def long_frame(self, ids: pd.Index, times: pd.Index, columns: dict[Any, Any]) -> Any:
        """A long frame in the user's library."""
        return long.write_long(ids, times, columns, self.library, self.id_type, self.time_type)
