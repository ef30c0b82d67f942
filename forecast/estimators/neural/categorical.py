"""Forecasters whose network has learned vectors for the series of a panel and for categories among the covariates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from forecast._checks import check_count, explain
from forecast.estimators.neural.base import NeuralForecaster
from forecast.networks import NetworkConfig
from forecast.panel import Panel, Request
from forecast.panel.categories import coded, learned_levels


@dataclass(kw_only=True, eq=False, repr=False)
class EmbeddingForecaster(NeuralForecaster):
    """A network that may tell series and categories apart by vectors it learns (`CategoryEmbedding`).

    The vectors are inputs of the nonlinear branch beside each row of the window; the linear path does not see
    them, so that training starts at the AR solution. The evidence pulls them to zero, that is to one model of
    all series.

    Args:
        embed_series: length of the learned vector of every series of a panel; 0 for none. A record of
            another series has the mean vector of all.
        categories: {column of X: length of its learned vectors}, for covariates in a frame that hold
            categories, as text or as numbers (for `backtest` as numbers). A category not seen in `fit` has
            the mean vector.
        The other arguments are those of `NeuralForecaster`.

    Attributes:
        levels_: the categories of each column, in the order of their vectors.
    """

    embed_series: int = 0
    categories: dict[str, int] | None = None

    # ---------------------------------------------------------------- text at the border

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Learn from a history: `fit(y)`, `fit(X, y)` or `fit(long)`, as in `Forecaster.fit`."""
        self._check_embedding()
        levels = learned_levels(X, self.categories or ())
        super().fit(coded(X, levels), y, sample_weight)
        self.levels_ = levels
        return self

    def simulate(self, X: Any, initial: Any) -> Any:
        """Run free on a new input record whose first outputs are given, as in `Forecaster.simulate`."""
        check_is_fitted(self, "panel_")
        return super().simulate(coded(X, self.levels_), initial)

    def _checked(self, X: Any, y: Any, like: Panel | None = None) -> Panel:
        """New rows are of a fitted model; `fit` and `simulate` have coded theirs."""
        return super()._checked(X if like is None else coded(X, self.levels_), y, like)

    def _request(self, X: Any) -> Request:
        check_is_fitted(self, "panel_")
        return super()._request(coded(X, self.levels_))

    # ---------------------------------------------------------------- codes as the last columns

    def _network_config(self, panel: Panel) -> NetworkConfig:
        """The network of a family, with a table of vectors for each column of codes."""
        codes = self._code_columns(panel)
        sizes = [(int(panel.x[:, place].max()) + 1, units) for place, units in codes.items()]
        if self.embed_series:
            sizes.append((panel.n_series, self.embed_series))
        config = super()._network_config(replace(panel, x=np.delete(panel.x, list(codes), axis=1)))
        return replace(config, embedded=tuple(sizes))

    def _measure_scale(self, panel: Panel) -> None:
        super()._measure_scale(panel)
        codes = list(self._code_columns(panel))
        self.x_center_[codes], self.x_spread_[codes] = 0.0, 1.0

    def _scaled_x(self, panel: Panel, x: np.ndarray) -> np.ndarray:
        """Covariates, then the codes of categories, then that of the series."""
        codes = list(self._code_columns(panel))
        numbers = np.delete(np.arange(x.shape[-1]), codes)
        x = super()._scaled_x(panel, x)[..., [*numbers, *codes]]
        if not self.embed_series:
            return x
        series = self._series_codes(panel)
        each = np.repeat(series, panel.lengths) if x.ndim == 2 else np.repeat(series[:, None], x.shape[1], 1)
        return np.concatenate([x, each[..., None]], axis=-1)

    def _series_codes(self, panel: Panel) -> np.ndarray:
        """Number (S,) that each series had in `fit`, -1 for a new one."""
        if not hasattr(self, "panel_"):  # in fit
            return np.arange(panel.n_series)
        if panel.layout.keyed != self.panel_.layout.keyed:
            return np.full(panel.n_series, -1)
        return np.asarray(self.panel_.ids.get_indexer(panel.ids))

    def _code_columns(self, panel: Panel) -> dict[int, int]:
        """Place among the covariates and length of the vectors of each column of codes."""
        names, places = panel.layout.exog_names, {}
        for name, units in (self.categories or {}).items():
            if name not in names:
                remedy = "Name columns of X; for the series itself pass embed_series=2"
                raise ValueError(explain("categories", f"among the covariates {names}", repr(name), remedy))
            places[names.index(name)] = units
        return places

    def _check_embedding(self) -> None:
        check_count("embed_series", self.embed_series, minimum=0)
        if self.categories is None:
            return
        if not isinstance(self.categories, Mapping):
            allowed, remedy = "a dict of column names and lengths", 'Pass for example categories={"shop": 2}'
            raise TypeError(explain("categories", allowed, repr(self.categories), remedy))
        for name, units in self.categories.items():
            check_count(f"categories[{name!r}]", units)
