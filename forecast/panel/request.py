"""What `predict` asks for, as row numbers, and the way back to the user's form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from numbers import Number
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast._checks import check_horizon, explain
from forecast.panel import long
from forecast.panel.future_covariates import future_covariates
from forecast.panel.layout import Layout
from forecast.panel.requested_rows import (
    Asked,
    check_series,
    check_unique,
    read_array,
    read_index,
    read_long_rows,
    read_rows,
)
from forecast.panel.values import array_or_pandas

if TYPE_CHECKING:
    from forecast.panel.panel import Panel


@dataclass(frozen=True, eq=False)
class Request:
    """R rows to forecast.

    Args:
        horizon: steps after the end of the history that must be computed, 0 when all rows lie in it.
        future_x: covariates of these steps, shape (S, horizon, E).
        series: number of the series of each row, shape (R,).
        position: step of each row from the start of its series, shape (R,); the step after the last one of
            the history, number lengths[series], is one step ahead.
    """

    horizon: int
    future_x: np.ndarray
    series: np.ndarray
    position: np.ndarray
    layout: Layout = field(repr=False)
    index: pd.Index = field(repr=False)
    keys: pd.Index | None = field(repr=False, default=None)
    times: pd.Index | None = field(repr=False, default=None)

    def restore(
        self, values: np.ndarray, *, columns: Sequence[str] | None = None, name: str | None = None
    ) -> Any:
        """Values on the rows asked for, in the type of the user's target.

        Args:
            values: shape (R, O), or (R, K) with `columns`.
            columns: names of K columns, for a frame of intervals.
            name: name of the model, the column of a long frame.
        """
        values = np.asarray(values)
        if self.layout.form == "long":
            names: Sequence[Any] = columns if columns is not None else [name or "y"]
            content = {label: values[:, k] for k, label in enumerate(names)}
            return self.layout.long_frame(self.keys, self.times, content)
        if columns is not None:
            return pd.DataFrame(values, index=self.index, columns=list(columns))
        return self.layout.y_as_given(values, self.index)

    def blank(self, layout: Layout) -> Any:
        """The rows asked for with covariates of NaN, in the type of the user's covariates."""
        empty = np.full((len(self.series), len(layout.exog)), np.nan)
        if layout.form == "long":
            content: dict[Any, Any] = {label: empty[:, k] for k, label in enumerate(layout.exog)}
            return layout.long_frame(self.keys, self.times, content)
        if layout.x_kind == "array":
            return empty
        return pd.DataFrame(empty, index=self.index, columns=layout.exog)


def build_request(panel: Panel, X: Any, horizon: int, *, check_covariates: bool = True) -> Request:
    """Rows asked for by X, checked against the history of `panel`."""
    asked = _read(panel, X, horizon)
    check_series(panel, asked)
    check_unique(panel, asked)
    ahead = asked.position - panel.lengths[asked.series] + 1
    steps = max(int(ahead.max(initial=0)), 0)
    if check_covariates:
        future_x = future_covariates(panel, asked, steps)
    else:
        future_x = np.empty((panel.n_series, 0, panel.n_exog))
    return Request(
        steps, future_x, asked.series, asked.position, panel.layout, asked.index, asked.keys, asked.times
    )


def _read(panel: Panel, X: Any, horizon: int) -> Asked:
    if X is None or isinstance(X, Number):
        return _next_rows(panel, check_horizon(horizon if X is None else X))
    if isinstance(X, str):
        return _next_rows(panel, check_horizon(X))
    first = X[0] if isinstance(X, (list, tuple)) and len(X) else X
    if isinstance(first, (pd.Period, date)):
        remedy = "Pass an index of these rows, pd.Index([...])"
        raise TypeError(explain("X", "a number of steps, an index or a frame", repr(X), remedy))
    if panel.layout.form == "long" and long.is_frame(X):
        return read_long_rows(panel, X)
    if isinstance(X, pd.Index):
        return read_index(panel, X)
    if isinstance(X, (pd.DataFrame, pd.Series)):
        return read_rows(panel, X)
    return read_array(panel, array_or_pandas(X, "X"))


def _next_rows(panel: Panel, horizon: int) -> Asked:
    series = np.repeat(np.arange(panel.n_series), horizon)
    position = (panel.lengths[:, None] + np.arange(horizon)).ravel()
    return Asked.of(panel, series, position)
