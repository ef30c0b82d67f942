"""Transformers of X before a forecaster: scikit-learn's pipeline, with the timeline and the forecaster's methods."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from forecast._checks import explain


class ForecastPipeline(Pipeline):
    """scikit-learn's `Pipeline` of transformers of X and, last, a forecaster, most of whose methods it has.

        y_t = f(y_{t-1}, ..., T(x_t), ...)

    T are the transformers, fitted to the covariates of `fit` alone. Of a frame they make frames, as after
    `set_output(transform="pandas")`, so that the index of X stays. `backtest` and `leaderboard` treat a `Pipeline` that
    ends in a forecaster as one of these.

    Args:
        steps: list of (name, transformer), the last one (name, forecaster); X holds the covariates of every row.
        transform_input, memory, verbose: as in scikit-learn.

    Raises:
        ValueError: no X or no y, or transformers of sparse output, for which pass `sparse_output=False`.

    Example:
        >>> from sklearn.preprocessing import StandardScaler
        >>> from forecast import AR
        >>> days = pd.period_range("2024-01-01", periods=40, freq="D")
        >>> X = pd.DataFrame({"price": np.tile([1.0, 3.0], 20)}, days)
        >>> y = (10 - X["price"]).rename("sales")
        >>> model = ForecastPipeline([("scale", StandardScaler()), ("ar", AR(lags=1))]).fit(X[:36], y[:36])
        >>> model.update(X[36:38], y[36:38]).predict_interval(X[38:], level=80).round(3)
                     AR  AR-lo-80  AR-hi-80
        2024-02-08  9.0       9.0       9.0
        2024-02-09  7.0       7.0       7.0
    """

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Fit the transformers to X, and the forecaster to what they give, as in scikit-learn."""
        if y is None and len(self.steps) > 1:
            allowed = "given beside X, which the steps before the forecaster transform"
            remedy = (
                "Call fit(X, y); of a long frame pass frame.set_index(['unique_id', 'ds']) without and with y"
            )
            raise ValueError(explain("y", allowed, "None", remedy))
        self._check_covariates(X, "Pass them, or fit the forecaster alone, with y")
        for _, step in self.steps[:-1]:
            if hasattr(X, "index") and hasattr(step, "set_output"):
                step.set_output(transform="pandas")
        return super().fit(X, y, **params)

    def predict(self, X: Any, **params: Any) -> Any:
        """Forecasts on the rows of X, as `predict` of the forecaster gives them."""
        self._check_covariates(X)
        return super().predict(X, **params)

    def update(self, X: Any, y: Any) -> Self:
        """Append new rows that follow the history; the transformers and what was learned stay."""
        self[-1].update(self._transformed(X), y)
        return self

    def predict_interval(self, X: Any, level: float | Iterable[float] = (80, 95)) -> Any:
        """Forecasts with intervals, as `predict_interval` of the forecaster gives them."""
        return self[-1].predict_interval(self._transformed(X), level=level)

    def predict_quantiles(self, X: Any, quantiles: float | Iterable[float] = (0.1, 0.5, 0.9)) -> Any:
        """Quantiles of the next values, as `predict_quantiles` of the forecaster gives them."""
        return self[-1].predict_quantiles(self._transformed(X), quantiles)

    def sample(self, X: Any, n: int = 100, random_state: int | None = None) -> Any:
        """Sample paths, as `sample` of the forecaster gives them."""
        return self[-1].sample(self._transformed(X), n, random_state)

    def simulate(self, X: Any, initial: Any) -> Any:
        """Simulate a new record in closed loop, as `simulate` of the forecaster does."""
        return self[-1].simulate(self._transformed(X), initial)

    def make_future_frame(self, horizon: int) -> Any:
        """The frame of future covariates to fill: the next `horizon` timestamps, with the columns of `fit`."""
        check_is_fitted(self)
        ahead = self[-1].make_future_frame(horizon)
        if not hasattr(ahead, "index"):
            return np.full((len(ahead), self.n_features_in_), np.nan)
        return pd.DataFrame(np.nan, ahead.index, self.feature_names_in_)

    def _check_covariates(
        self, X: Any, remedy: str = "Fill in the frame make_future_frame(horizon) and pass it"
    ) -> None:
        """Refuse None, a number of steps or an index, which the forecaster takes but no transformer."""
        if len(self.steps) > 1 and (np.ndim(X) == 0 or isinstance(X, pd.Index)):
            allowed = "the covariates that the steps before the forecaster transform"
            received = "an index" if isinstance(X, pd.Index) else repr(X)
            raise ValueError(explain("X", allowed, received, remedy))

    def _transformed(self, X: Any) -> Any:
        check_is_fitted(self)
        self._check_covariates(X)
        return self[:-1].transform(X) if len(self) > 1 else X


def with_timeline(model: Any) -> Any:
    """A copy of a pipeline that ends in a forecaster as a `ForecastPipeline`; any other model as it is."""
    if type(model) is not Pipeline or not hasattr(model.steps[-1][1], "update"):
        return model
    copy = clone(model)
    return ForecastPipeline(
        copy.steps, transform_input=copy.transform_input, memory=copy.memory, verbose=copy.verbose
    )
