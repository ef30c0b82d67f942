"""Neural forecasters that learn vectors for series and categories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from forecast.estimators.neural.base import NeuralForecaster
from forecast.estimators.neural.inputs import Coder, check_embedding
from forecast.panel import Panel
from forecast.panel.categories import Levels, coded, learned_levels
from forecast.panel.long import Names


@dataclass(kw_only=True, eq=False, repr=False)
class EmbeddingForecaster(NeuralForecaster):
    """A network that may tell series and categories apart by learned vectors (`CategoryEmbedding`).

    The vectors are inputs of the nonlinear branch beside each row of the window; the linear path does not see
    them, so training starts at the AR solution. The evidence pulls them to zero, that is to one model of all
    series.

    Args:
        embed_series: length of the learned vector of every series of a panel; 0 for none. A series not seen in
            `fit` has the mean vector.
        categories: {column of X: length of its learned vectors}, for covariates in a frame that hold
            categories, as text or as numbers. A category not seen in `fit` has the mean vector. Other columns of
            text, and those of a list, are indicators of 0 and 1 (`forecast.panel.categories`).

    Attributes:
        levels_: the categories of each column, in the order of their vectors.
    """

    embed_series: int = 0
    categories: Any = None

    levels_: Levels = field(init=False)

    def _check_options(self) -> None:
        super()._check_options()
        check_embedding(self.embed_series, self._vectors())

    def _vectors(self) -> Mapping[str, int]:
        """Lengths of the learned vectors of each column of categories that has some."""
        return self.categories if isinstance(self.categories, Mapping) else {}

    def _indicated(self) -> list[Any]:
        return [name for name in super()._indicated() if name not in self._vectors()]

    def _read(self, X: Any, y: Any, names: Names) -> Panel:
        vectors = self._vectors()
        self.levels_ = learned_levels(X, vectors) if vectors else {}
        return super()._read(self._coded(X), y, names)

    def _codes(self) -> Levels:
        return self.levels_

    def _coded(self, X: Any) -> Any:
        return coded(X, self.levels_) if self.levels_ else X

    def _coder(self, panel: Panel) -> Coder:
        return Coder.of(panel, self._vectors(), self.embed_series)
