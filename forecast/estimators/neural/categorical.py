"""Categories: which covariates are codes, learned vectors for them and for the series of a panel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from forecast._checks import check_count, explain
from forecast.panel import Panel


@dataclass(frozen=True)
class Coder:
    """Where a panel holds codes; the network sees them last, and after them the number of the series.

    Args:
        columns: places of the codes among the covariates; units: length of the learned vectors of each.
        series: length of the learned vector of a series, 0 for none.
    """

    columns: tuple[int, ...] = ()
    units: tuple[int, ...] = ()
    series: int = 0

    @classmethod
    def of(cls, panel: Panel, categories: Mapping[str, int] | None, series: int) -> Self:
        """The coder of the named categories, found among the covariates of the panel."""
        names, given = panel.layout.exog_names, categories or {}
        for name in given:
            if name not in names:
                remedy = "Name columns of X; for the series itself pass embed_series=2"
                raise ValueError(explain("categories", f"among the covariates {names}", repr(name), remedy))
        return cls(tuple(names.index(name) for name in given), tuple(given.values()), series)

    def measured(self, panel: Panel) -> Panel:
        """The panel without its codes."""
        return replace(panel, x=np.delete(panel.x, list(self.columns), axis=1)) if self.columns else panel

    def embedded(self, panel: Panel) -> tuple[tuple[int, int], ...]:
        """(number of categories, length of their vectors) of each column of codes and of the series."""
        counts = [int(panel.x[:, place].max()) + 1 for place in self.columns]
        sizes = list(zip(counts, self.units, strict=True))
        return (*sizes, (panel.n_series, self.series)) if self.series else tuple(sizes)

    def arranged(self, x: np.ndarray, series: np.ndarray) -> np.ndarray:
        """Covariates (..., E) with the codes last, then the number `series` (...) of the series."""
        if self.columns:
            numbers = np.delete(np.arange(x.shape[-1]), list(self.columns))
            x = x[..., [*numbers, *self.columns]]
        if not self.series:
            return x
        return np.concatenate([x, np.broadcast_to(series, x.shape[:-1])[..., None]], axis=-1)


NO_CODES = Coder()


def check_embedding(embed_series: object, categories: object) -> None:
    """The options `embed_series` and `categories` of a forecaster."""
    check_count("embed_series", embed_series, minimum=0)
    if categories is None:
        return
    if not isinstance(categories, Mapping):
        allowed, remedy = "a dict of column names and lengths", 'Pass for example categories={"shop": 2}'
        raise TypeError(explain("categories", allowed, repr(categories), remedy))
    for name, units in categories.items():
        check_count(f"categories[{name!r}]", units)
