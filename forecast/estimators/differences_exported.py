"""Differences of the target as nodes of ONNX: the model of differences, and its forecasts added to the last levels."""

from __future__ import annotations

from copy import copy
from typing import Any

from forecast.estimators.export_inputs import Known
from forecast.export.graph import Graph


def nodes_of_levels(inner: Any, lags: tuple[int, ...], known: Known) -> tuple[str, int]:
    """The forecast (B, H, O) in levels of a model of their differences, and the rows of history that it reads."""
    graph, levels = known.graph, [known.y]
    for lag in lags:
        levels.append(graph.Sub(graph.part(levels[-1], 1, lag), graph.part(levels[-1], 1, 0, -lag)))
    inside = copy(known)
    inside.panel, inside.y, inside.x = inner.panel_, levels[-1], graph.part(known.x, 1, sum(lags))
    values, rows = inner._nodes(inside)
    for before, lag in reversed(list(zip(levels[:-1], lags, strict=True))):
        last = graph.part(before, 1, -lag)
        values = _added(graph, last, values, lag, (known.horizon, known.panel.n_targets))
    return values, rows + sum(lags)


def _added(graph: Graph, last: str, changes: str, lag: int, shape: tuple[int, int]) -> str:
    """Levels (B, H, O) after the `last` ones (B, lag, O), each the one `lag` rows before it and its change."""
    horizon, targets = shape
    count = -(-horizon // lag)
    rest = count * lag - horizon
    blocks = graph.Reshape(graph.Pad(changes, [0, 0, 0, 0, rest, 0], 0.0), [0, count, lag, targets])
    levels = graph.Add(graph.Unsqueeze(last, [1]), graph.CumSum(blocks, 1))
    return graph.part(graph.Reshape(levels, [0, count * lag, targets]), 1, 0, horizon)
