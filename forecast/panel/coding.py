"""What the columns of the user's data are called, and how those of X become the covariates of a panel."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.panel.categories import Categories, categories_of, indicators
from forecast.panel.long import STANDARD, Names

if TYPE_CHECKING:
    from forecast.panel.read import Layout


@dataclass(frozen=True)
class Coding:
    """Which columns of X hold categories: those `named` beside those of text, or, once learned, those `known`.

    calendar: the features of the timestamps that stand beside them, see `forecast.panel.calendar`.
    names: those of the other columns of a long frame.
    """

    named: Collection[Hashable] = ()
    known: Categories | None = None
    calendar: Any = None
    names: Names = STANDARD

    @classmethod
    def of(cls, layout: Layout) -> Coding:
        """The coding of a history."""
        return cls(known=layout.categories, calendar=layout.calendar or None, names=layout.names)

    def __call__(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, Categories]:
        """The covariates as numbers, and the categories found or known."""
        if not frame.columns.is_unique:
            return frame, {}  # refused as such where its numbers are read
        found = categories_of(frame, self.named) if self.known is None else self.known
        return indicators(frame, found), found


BY_TYPE = Coding()
