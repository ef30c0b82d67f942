"""A fitted AR as nodes of ONNX."""

from __future__ import annotations

from typing import Any

import numpy as np

from forecast.estimators.export_inputs import Known, refused
from forecast.export.graph import Graph


def ar_nodes(ar: Any, known: Known) -> tuple[str, int]:
    """The forecast (B, H, O) of AR, in closed loop as `AR._forecast`, and the rows of history that it reads."""
    graph, horizon, panel = known.graph, known.horizon, known.panel
    model, reach = ar._centred(panel), int(max(ar.lags_, default=1))
    if model.trend_coef[..., 1].any():
        raise refused(
            "a trend that counts rows from the start of the history", "a model with a constant trend"
        )
    if horizon > panel.lengths.min():
        raise refused(
            f"{horizon} steps after {panel.lengths.min()} rows", "a horizon within the length of the series"
        )
    center, constant, bound = (
        known.of_series(part[:, None]) for part in (model.center, model.trend_coef[..., 0], model.bound)
    )
    past = known.last(graph.Sub(known.y, center), reach, panel.n_targets)
    told, back = _exogenous(ar, model, known)
    added = graph.Add(constant, np.zeros((1, horizon, 1))) if told is None else graph.Add(told, constant)
    last = graph.part(past, 1, -1)
    low, high, taps = graph.Sub(last, bound), graph.Add(last, bound), known.of_series(_taps(model))
    width = len(ar.lags_) * panel.n_targets

    def step(body: Graph, states: list[str], now: list[str]) -> tuple[list[str], list[str]]:
        value = body.Unsqueeze(now[0], [1])
        if width:
            rows = body.Reshape(body.Gather(states[0], reach - ar.lags_, axis=1), [0, 1, width])
            value = body.Add(value, body.MatMul(rows, taps))
        value = body.Min(body.Max(value, low), high)
        return [body.Concat(body.part(states[0], 1, 1), value, axis=1)], [body.Squeeze(value, [1])]

    added = graph.Add(added, graph.Mul(last, 0.0))  # (B, H, O)
    values = graph.scan(step, [past], [added])[1][0]
    return known.whole(graph.Add(values, center), past), max(reach, back)


def _taps(model: Any) -> np.ndarray:
    """Coefficients (S, P*O, O) of the lagged targets, lag by lag."""
    series, targets, lags = model.coef.shape
    taps: np.ndarray = model.cross.transpose(0, 2, 3, 1).copy()  # (S, P, O, O): from target q to target o
    own = np.arange(targets)
    taps[:, :, own, own] += model.coef.transpose(0, 2, 1)
    return taps.reshape(series, lags * targets, targets)


def _exogenous(ar: Any, model: Any, known: Known) -> tuple[str | None, int]:
    """What lagged covariates add (B, H, O), None without any, and how far back they are read."""
    lags, graph, horizon = ar.exog_lags_.tolist(), known.graph, known.horizon
    if not lags or not known.tables.columns:
        return None, 0
    center, back = known.of_series(model.exog_center[:, None]), max(lags)
    parts = [known.last(known.x, back, known.panel.n_exog)] if back else []
    record = graph.Sub(graph.join(*parts, known.future, axis=1), center)
    lagged = graph.join(*(graph.part(record, 1, back - lag, back - lag + horizon) for lag in lags), axis=2)
    return graph.MatMul(lagged, known.of_series(model.exog_coef.transpose(0, 2, 1))), back
