"""Models of differences: a family learns and forecasts y_t - y_{t-m}, and the model around it answers in levels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from forecast._checks import explain
from forecast.estimators import conformal, validation
from forecast.estimators.differences_exported import nodes_of_levels
from forecast.estimators.export_inputs import Known
from forecast.estimators.transforms import DIFFERENCES, season_of, steps_of
from forecast.panel import Panel, Request
from forecast.panel.gaps import completed, completed_onward
from forecast.windows import history_end, shift

SEASON = (
    "Pass for example season=12 to a model that has this option, or an index with a frequency such as 'M'"
)
OUTSIDE = (
    "panel_",
    "sample_weight_",
    "conformal_",
    "transform_",
    "differences_",
    "lambda_",
    "transform_selection_",
)
"""Learned attributes that are those of the levels."""


def lags_of(model: Any, panel: Panel) -> tuple[int, ...]:
    """Rows between the values of each difference that the argument `transform` names."""
    found = []
    for step in steps_of(model._transform):
        if isinstance(step, str) and step in DIFFERENCES:
            lag = 1 if step == "difference" else season_of(model, panel)
            if lag is None:
                allowed, remedy = "without 'seasonal_difference' where no season is known", SEASON
                raise ValueError(explain("transform", allowed, repr(model._transform), remedy))
            found.append(lag)
    return tuple(found)


def differenced(panel: Panel, lags: tuple[int, ...]) -> list[Panel]:
    """The panel of levels, and after it those of the first, the second, ... difference, each `lag` rows shorter."""
    found = [panel]
    for lag in lags:
        last = found[-1]
        found.append(replace(last, y=last.y - shift(last.y, last, lag)).slice(lag))
    return found


def inside(model: Any, panel: Panel, lags: tuple[int, ...], *, learned: bool = True) -> Any:
    """The model of the differences of a history: all that was `learned`, if it was, with this history."""
    inner, weights = copy(model), vars(model).get("sample_weight_")
    inner.transform = None
    for name in validation.learned(inner):
        if name in OUTSIDE or not learned:
            delattr(inner, name)
    if learned:
        late = panel.position_of_rows() >= sum(lags)
        inner._set_history(differenced(panel, lags)[-1], None if weights is None else weights[late])
    return inner


def learn(model: Any, panel: Panel, weights: np.ndarray | None, lags: tuple[int, ...]) -> None:
    """Learn from the differences of a history; the model keeps the levels."""
    validation.check_length(panel, sum(lags))
    inner, late = inside(model, panel, lags, learned=False), panel.position_of_rows() >= sum(lags)
    try:
        inner._learn(differenced(panel, lags)[-1], None if weights is None else weights[late])
    except ValueError as error:
        count = f"of which each series has {sum(lags)} less than rows"
        raise ValueError(f"{error} This is said of its differences, {count}.") from error
    _take(model, inner)
    model.differences_ = lags
    model._set_history(panel, weights)


def within(model: Any, learn: Callable[[Any], None]) -> None:
    """Let a model learn on, or, where it is one of differences, the model of those of its history."""
    if not model.differences_:
        learn(model)
        return
    inner = inside(model, model.panel_, model.differences_)
    learn(inner)
    _take(model, inner)


def _take(model: Any, inner: Any) -> None:
    """What was learned from differences."""
    for name, value in validation.learned(inner).items():
        if name not in OUTSIDE:
            setattr(model, name, value)


@dataclass(frozen=True)
class Levels:
    """The hooks of a family, answered in levels by a model of differences, whose history they are."""

    model: Any

    _masks: ClassVar[bool] = False

    def _opened(self, panel: Panel) -> tuple[Any, Panel, list[tuple[Panel, int]]]:
        """The model of the differences of the history, those of `panel`, and from the last the panels they are of."""
        model, lags = self.model, self.model.differences_
        *levels, last = differenced(panel, lags)
        inner = inside(model, model.panel_, lags)
        steps = [*zip(levels, lags, strict=True)]
        return inner, inner.panel_ if panel is model.panel_ else last, steps[::-1]

    def _forecast(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        return self._ahead(panel, horizon, future_x, quantiles=False)

    def _forecast_quantiles(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        """Quantiles are added like forecasts, as if all steps erred alike; held-out errors correct their width."""
        return self._ahead(panel, horizon, future_x, quantiles=True)

    def _ahead(self, panel: Panel, horizon: int, future_x: np.ndarray, *, quantiles: bool) -> np.ndarray:
        """Values (S, H, O, ...) after each series: forecasts of differences, added to the last levels."""
        inner, last, steps = self._opened(panel)
        values = np.array(inner._ahead(last, horizon, future_x, quantiles=quantiles))
        for levels, lag in steps:
            past = history_end(completed(levels).y, levels, lag)  # (S, lag, O)
            past = np.broadcast_to(
                past.reshape(*past.shape, *[1] * (values.ndim - 3)), (*past.shape, *values.shape[3:])
            )
            path = np.concatenate([past, values], axis=1)
            for step in range(horizon):
                path[:, lag + step] += path[:, step]
            values = path[:, lag:]
        return values

    def _fitted(self, panel: Panel) -> np.ndarray:
        """One-step-ahead values (N, O): forecasts of differences, added to the levels before."""
        inner, last, steps = self._opened(panel)
        values: np.ndarray = inner._fitted(last)
        for levels, lag in steps:
            late, before = levels.position_of_rows() >= lag, completed_onward(levels).y
            found = np.full(levels.y.shape, np.nan)
            found[late] = values
            values = found + shift(before, levels, lag)
        return values

    def _nodes(self, known: Known) -> tuple[str, int]:
        lags = self.model.differences_
        return nodes_of_levels(inside(self.model, self.model.panel_, lags), lags, known)

    def _quantiles(self, request: Request, shares: Sequence[float], center: np.ndarray) -> np.ndarray:
        return conformal.quantiles(self.model, request, shares, center)

    def _paths(
        self, request: Request, count: int, rng: np.random.Generator, center: np.ndarray
    ) -> np.ndarray:
        return conformal.sample_paths(self.model, request, count, rng, center)


def rows_before(model: Any, panel: Panel, lags: tuple[int, ...]) -> int:
    """Rows of a series before the first one that can be forecast from its own past."""
    known = "panel_" in validation.learned(model)
    inner = inside(model, model.panel_ if known else panel, lags, learned=known)
    return sum(lags) + max(inner._min_history(differenced(panel, lags)[-1]), 1)
