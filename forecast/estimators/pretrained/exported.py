"""The pretrained networks as nodes of ONNX, block by block as in `block_forecast`."""

from __future__ import annotations

from typing import Any

import numpy as np

from forecast.estimators.export_inputs import Known
from forecast.estimators.pretrained.families import family_of
from forecast.estimators.pretrained.layout import NONE
from forecast.estimators.pretrained.network import Network
from forecast.estimators.pretrained.profile import SEASONS, reach
from forecast.estimators.pretrained.window import BOUND, LEAST
from forecast.export.graph import Graph, arcsinh


def pretrained_nodes(model: Any, known: Known) -> tuple[str, int]:
    """The medians (B, H, O), and the rows of history that are read."""
    graph, network, family = known.graph, model._network(), family_of(model.season_)
    width, targets, horizon = reach(network.layout, family), known.panel.n_targets, known.horizon
    y = known.y if model.exog_coef_ is None else graph.Sub(known.y, _effect(model, known, known.x))
    padded = graph.Pad(y, [0, width, 0, 0, 0, 0], np.nan)
    rows = graph.Reshape(graph.Transpose(known.last(padded, width, targets), perm=[0, 2, 1]), [-1, width])
    profile = _profile(graph, rows, width, family.profile) if family.profile > 1 else None
    if profile is not None:
        back = np.arange(width)[::-1]
        rows = graph.Sub(rows, graph.Gather(profile, family.profile - 1 - back % family.profile, axis=1))
    blocks, told = list[str](), 0
    while told < horizon:
        blocks.append(_block(graph, network, rows, family.season, horizon - told))
        told += min(horizon - told, len(network.layout.outputs(family.season)))
        rows = graph.part(graph.Concat(rows, blocks[-1], axis=1), 1, -width)
    values = graph.join(*blocks, axis=1)  # (B*O, H)
    if profile is not None:
        values = graph.Add(values, graph.Gather(profile, np.arange(horizon) % family.profile, axis=1))
    values = graph.Transpose(graph.Reshape(values, [-1, targets, horizon]), perm=[0, 2, 1])
    if model.exog_coef_ is None:
        return values, width
    values = graph.Add(values, _effect(model, known, known.future))
    return known.whole(values, known.x, known.future), width


def _effect(model: Any, known: Known, x: str) -> str:
    """What covariates (B, T, E) add to the values (B, T, O)."""
    graph, unit = known.graph, known.of_series(model.exog_unit_[:, None])
    return str(graph.Mul(graph.MatMul(x, model.exog_coef_.T), unit))


def _block(graph: Graph, network: Network, rows: str, season: int, most: int) -> str:
    """The medians (B, h) of the next block, of `most` steps."""
    layout = network.layout
    known = graph.Not(graph.IsNaN(rows))
    place = graph.ArgMax(graph.number(known), axis=1, select_last_index=1)
    level = graph.GatherElements(rows, place, axis=1)  # (B, 1)
    near, seasonal = (
        _change(graph, rows, layout.reach(season), 1),
        _change(graph, rows, layout.reach(season), season),
    )
    near = graph.Where(graph.IsNaN(near), 0.0, near)
    spread = graph.Max(graph.Where(graph.IsNaN(seasonal), near, seasonal), graph.Mul(near, LEAST))
    unit = graph.Where(graph.Greater(spread, 0.0), spread, 1.0)
    relative = graph.Div(graph.Sub(graph.Where(known, rows, level), level), unit)
    back = layout.back(season)
    used, at = back != NONE, np.where(back != NONE, -1 - back, -1)
    z = graph.Mul(graph.Gather(arcsinh(graph, relative), at, axis=1), used.astype(float))
    mark = graph.Mul(graph.Gather(graph.number(known), at, axis=1), used.astype(float))
    total = graph.join(*(_forward(graph, blocks, z, mark) for blocks in network.members), axis=1)
    mean = graph.ReduceMean(graph.Reshape(total, [0, len(network.members), -1]), [1], keepdims=0)
    v = graph.Gather(mean, 3 * np.arange(layout.width), axis=1)  # v of v, a, b
    v = graph.Add(v, graph.Gather(graph.Concat(z, mark, axis=1), layout.skip(season), axis=1))
    v = graph.Gather(v, layout.outputs(season)[:most], axis=1)
    v = graph.Min(graph.Max(v, -BOUND), BOUND)
    sinh = graph.Mul(graph.Sub(graph.Exp(v), graph.Exp(graph.Neg(v))), 0.5)
    return str(graph.Add(graph.Mul(sinh, spread), level))


def _forward(graph: Graph, blocks: Any, rest: str, context: str) -> str:
    """Doubly residual blocks (B, outputs), as `network.forward`."""
    total = None
    for maps in blocks:
        kernel_1, bias_1, kernel_2, bias_2, backcast, output = (graph.weights(values) for values in maps)
        state = graph.Relu(graph.Add(graph.MatMul(graph.Concat(rest, context, axis=1), kernel_1), bias_1))
        state = graph.Relu(graph.Add(graph.MatMul(state, kernel_2), bias_2))
        rest, told = graph.Sub(rest, graph.MatMul(state, backcast)), graph.MatMul(state, output)
        total = told if total is None else graph.Add(total, told)
    return str(total)


def _change(graph: Graph, rows: str, width: int, lag: int) -> str:
    """Mean |y_t - y_{t-lag}| (B, 1) of the last rows over pairs of known ones, NaN without any."""
    rows = graph.part(rows, 1, -width)
    gap = graph.Abs(graph.Sub(graph.part(rows, 1, lag), graph.part(rows, 1, 0, -lag)))
    return _mean(graph, gap, graph.Not(graph.IsNaN(gap)), 1)


def _mean(graph: Graph, values: str, known: str, axis: int) -> str:
    total = graph.ReduceSum(graph.Where(known, values, 0.0), [axis])
    return str(graph.Div(total, graph.ReduceSum(graph.number(known), [axis])))


def _profile(graph: Graph, rows: str, width: int, season: int) -> str:
    """`seasonal_profile` (B, m), step by step."""
    count = min(width // season, SEASONS)
    years = graph.Reshape(graph.part(rows, 1, width - count * season), [-1, count, season])
    known = graph.Not(graph.IsNaN(years))
    whole = graph.Greater(graph.ReduceMean(graph.number(known), [2]), 0.5)
    known = graph.And(known, whole)
    level = _mean(graph, years, known, 2)
    before = graph.Concat(graph.part(level, 1, 0, 1), graph.part(level, 1, 0, -1), axis=1)
    after = graph.Concat(graph.part(level, 1, 1), graph.part(level, 1, -1), axis=1)
    steps = np.array([1.0, *[0.5] * (count - 2), 1.0])[:, None] / season
    slope = graph.Mul(graph.Sub(after, before), steps)
    slope = graph.Where(graph.IsNaN(slope), 0.0, slope)
    line = graph.Add(level, graph.Mul(slope, np.arange(season) - (season - 1) / 2))
    deviation = graph.Sub(years, line)
    profile = _mean(graph, deviation, known, 1)  # (B, 1, m)
    profile = graph.Where(graph.IsNaN(profile), 0.0, profile)
    profile = graph.Sub(profile, graph.ReduceMean(profile, [2]))
    rest = graph.Where(known, graph.Sub(deviation, profile), 0.0)
    used = graph.ReduceSum(graph.number(whole), [1])  # (B, 1, 1)
    freedom = graph.Mul(graph.Max(graph.Sub(used, 1.0), 1.0), graph.Max(used, 1.0))
    chance = graph.Div(graph.ReduceSum(graph.Mul(rest, rest), [1, 2]), graph.Mul(freedom, float(season)))
    size = graph.ReduceMean(graph.Mul(profile, profile), [2])
    share = graph.Max(
        graph.Sub(1.0, graph.Div(chance, graph.Where(graph.Greater(size, 0.0), size, 1.0))), 0.0
    )
    kept = graph.And(graph.Greater(used, 1.0), graph.Greater(size, 0.0))
    return str(graph.Squeeze(graph.Mul(profile, graph.Where(kept, share, 0.0)), [1]))
