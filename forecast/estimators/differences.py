"""Models of differences: a family learns and forecasts y_t - y_{t-m}, and the model around it answers in levels."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np

from forecast._checks import explain
from forecast.estimators import validation
from forecast.estimators.transforms import DIFFERENCES, season_of, steps_of
from forecast.panel import Panel
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


def ahead(model: Any, panel: Panel, horizon: int, future_x: np.ndarray, *, quantiles: bool) -> np.ndarray:
    """Values (S, H, O, ...) after each series: forecasts of differences, added to the last levels.

    Quantiles are added like forecasts, as if all steps erred alike; held-out errors correct their width.
    """
    chain = differenced(panel, model.differences_)
    inner = inside(model, model.panel_, model.differences_)
    last = inner.panel_ if panel is model.panel_ else chain[-1]
    values = np.array(inner._ahead(last, horizon, future_x, quantiles=quantiles))
    for levels, lag in reversed(list(zip(chain[:-1], model.differences_, strict=True))):
        past = history_end(completed(levels).y, levels, lag)  # (S, lag, O)
        past = np.broadcast_to(
            past.reshape(*past.shape, *[1] * (values.ndim - 3)), (*past.shape, *values.shape[3:])
        )
        path = np.concatenate([past, values], axis=1)
        for step in range(horizon):
            path[:, lag + step] += path[:, step]
        values = path[:, lag:]
    return values


def one_step(model: Any, panel: Panel) -> np.ndarray:
    """One-step-ahead values (N, O) of the rows of a history: forecasts of differences, added to the levels before."""
    chain = differenced(panel, model.differences_)
    inner = inside(model, model.panel_, model.differences_)
    values = inner._fitted(inner.panel_ if panel is model.panel_ else chain[-1])
    for levels, lag in reversed(list(zip(chain[:-1], model.differences_, strict=True))):
        late, before = levels.position_of_rows() >= lag, completed_onward(levels).y
        found = np.full(levels.y.shape, np.nan)
        found[late] = values
        values = found + shift(before, levels, lag)
    return values


def rows_before(model: Any, panel: Panel, lags: tuple[int, ...]) -> int:
    """Rows of a series before the first one that can be forecast from its own past."""
    known = "panel_" in validation.learned(model)
    inner = inside(model, model.panel_ if known else panel, lags, learned=known)
    return sum(lags) + max(inner._min_history(differenced(panel, lags)[-1]), 1)
