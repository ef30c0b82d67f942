"""Pointwise transforms of the target as nodes of ONNX; differences are taken inside."""

from __future__ import annotations

from typing import Any

import numpy as np

from forecast.estimators.export_inputs import Known, refused
from forecast.estimators.transforms import DIFFERENCES, POINTWISE

MOST = float(np.finfo(float).max)


def check_steps(model: Any) -> None:
    """Refuse transforms and corrections that a graph does not compute."""
    for step in model.transform_:
        if not isinstance(step, str):
            allowed = f"a model with no transform but {', '.join((*POINTWISE, *DIFFERENCES))}"
            raise refused(f"transform={type(step[0]).__name__!r}", allowed)
    if model.bias_correction and _pointwise(model):
        raise refused("bias_correction=True", "a model without bias_correction")


def inward_nodes(model: Any, known: Known) -> str:
    """The history (B, R, O) in the units of the model."""
    graph, y = known.graph, known.y
    for step in _pointwise(model):
        if step == "log1p":
            y = graph.Log(graph.Add(y, 1.0))
        elif step == "log":
            y = graph.Log(y)
        else:
            exponent, bent, divisor = _exponent(model, known)
            power = graph.Div(graph.Sub(graph.Exp(graph.Mul(exponent, graph.Log(y))), 1.0), divisor)
            y = graph.Where(bent, power, graph.Log(y))
    return y


def outward_nodes(model: Any, known: Known, values: str) -> str:
    """Forecasts (B, H, O) in the user's units, at least 0 where the model promises it."""
    graph = known.graph
    for step in reversed(_pointwise(model)):
        plain = graph.Exp(graph.Min(values, np.log(MOST)))
        if step == "log1p":
            values = graph.Sub(plain, 1.0)
        elif step == "log":
            values = plain
        else:
            exponent, bent, divisor = _exponent(model, known)
            base = graph.Max(graph.Add(graph.Mul(exponent, values), 1.0), 0.0)
            power = graph.Min(graph.Exp(graph.Div(graph.Log(base), divisor)), MOST)
            values = graph.Where(bent, power, plain)
    return graph.Max(values, 0.0) if model.nonnegative else values


def _pointwise(model: Any) -> list[str]:
    return [step for step in model.transform_ if step in POINTWISE]


def _exponent(model: Any, known: Known) -> tuple[str, str, str]:
    """The exponents of Box-Cox (B, 1, O), where they are above 0, and a divisor that is there."""
    graph, exponent = known.graph, known.of_series(model.lambda_[:, None])
    bent = graph.Greater(exponent, 0.0)
    return exponent, bent, graph.Where(bent, exponent, 1.0)
