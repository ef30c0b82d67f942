"""A fitted window network as nodes of ONNX: scaling, closed loop, members, and the AR kept beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from forecast.estimators.baselines.ar_exported import ar_nodes
from forecast.estimators.export_inputs import EXPORTED, Known, refused
from forecast.estimators.neural.inputs import Scaled
from forecast.export.graph import Graph
from forecast.export.keras_nodes import nodes_of
from forecast.training.backend import precision


def nodes_with_baseline(model: Any, known: Known) -> tuple[str, int]:
    """The forecast (B, H, O) of a network, with the share of AR in it, and the rows of history that it reads."""
    if model.fallback_:
        received = f"the series {', '.join(map(str, model.fallback_))}, which it did not"
        raise refused(received, "a model that learned all of its series")
    if not model._view(known.panel).apart:
        raise refused(f"a {type(model).__name__}", f"a forecaster of one series at a time: {EXPORTED}")
    if model.series_ar_ is None:
        return model._step_nodes(known)
    graph, share, (own, rows) = known.graph, model.ar_share_, ar_nodes(model.series_ar_, known)
    if share == 1:
        return own, rows
    other, more = model._step_nodes(known)
    return graph.Add(graph.Mul(own, share), graph.Mul(other, 1 - share)), max(rows, more)


class Loop:
    """The closed loop of the members of a network.

    Args:
        model: the forecaster; known: what the graph is told.
    """

    def __init__(self, model: Any, known: Known) -> None:
        self.model, self.known, self.graph = model, known, known.graph
        self.program, self.objective = model._compiled(), model._compiled().objective
        self.columns = self.program.features - self.program.targets
        self.inputs: Scaled = model._scaled(model.panel_)

    def forecast(self) -> tuple[str, int]:
        """The forecast in the user's units, and the rows that it reads."""
        graph, known, window = self.graph, self.known, self.program.window
        center, spread = (known.of_series(part[:, None]) for part in (self.inputs.center, self.inputs.spread))
        y = graph.Div(graph.Sub(known.y, center), spread)
        limits = self._limits(y)
        before, ahead = self._covariates(known.x), self._covariates(known.future)
        padded = limits is None and np.isnan(self.model._before)  # the network knows which values are missing
        if padded:
            y = graph.Pad(y, [0, window, 0, 0, 0, 0], np.nan)
            before = graph.Pad(before, [0, window, 0, 0, 0, 0], 0.0)
        past = known.last(y, window, self.program.targets)
        before = known.last(before, window, self.columns)
        runs = [
            self._run(theta, past, before, ahead, limits, reach)
            for theta, reach in zip(
                self.model.theta_, self.model._reaches(len(self.model.theta_)), strict=True
            )
        ]
        values = graph.Add(graph.Mul(median(graph, runs), spread), center)
        needed = graph.part(past, 1, -1) if padded else past
        return known.whole(values, needed, before, ahead), window

    def _covariates(self, x: str) -> str:
        """Scaled covariates (B, T, E) as `Coder.arranged` has them: codes last, then the number of the series."""
        graph, scaler, coder = self.graph, self.model.scaler_, self.inputs.coder
        scaled = graph.Div(graph.Sub(x, scaler.x_center), scaler.x_spread)
        if coder.columns:
            numbers = np.delete(np.arange(len(scaler.x_center)), coder.columns)
            scaled = graph.Gather(scaled, [*numbers, *coder.columns], axis=2)
        if coder.series and self.known.series:
            number = graph.Reshape(graph.number(self.known.series), [-1, 1, 1])
            shape = graph.Concat(graph.Shape(x, start=0, end=2), [1], axis=0)
            scaled = graph.Concat(scaled, graph.Expand(number, shape), axis=2)
        return str(scaled)

    def _limits(self, y: str) -> tuple[str, str] | None:
        """Bounds (B, 1, O) of what is fed back: those of the model, moved out as far as a history leaves its data."""
        graph, scaler, bounds = self.graph, self.model.scaler_, self.model._limits(self.inputs)
        if not np.isfinite(bounds).all():
            return None
        low, high = np.fmin.reduce(self.inputs.y), np.fmax.reduce(self.inputs.y)
        axes = [0, 1] if self.known.several else [1]
        y = graph.Where(graph.IsNaN(y), scaler.range[0], y)
        least = graph.Min(graph.ReduceMin(y, axes), np.fmin(low, scaler.range[0]))
        most = graph.Max(graph.ReduceMax(y, axes), np.fmax(high, scaler.range[1]))
        return (
            graph.Add(graph.Sub(least, scaler.range[0]), scaler.limits[0]),
            graph.Add(graph.Sub(most, scaler.range[1]), scaler.limits[1]),
        )

    def _run(self, theta: Any, past: str, before: str, ahead: str, limits: Any, reach: int) -> str:
        network = self._network(theta)
        if self.program.steps == 1:
            return self._steps(network, self.graph.Concat(past, before, axis=2), ahead, limits)
        return self._blocks(network, past, before, ahead, limits, reach)

    def _network(self, theta: Any) -> Any:
        """The Keras network with these weights; blocks of a truncated gradient do not change what it computes."""
        config = self.model.config_
        if getattr(config, "truncate", None):
            with precision(self.program.dtype):
                return self.program.assign(theta, replace(config, truncate=None).build())
        return self.program.copy(theta)

    def _outputs(self, graph: Graph, network: Any, window: str) -> str:
        """Outputs (B, H, O*K) of the network for a window."""
        shape = (None, self.program.window + self.program.lead, self.program.features)
        with precision(self.program.dtype):
            return str(nodes_of(graph, network, (window, shape, self.program.dtype)))

    def _point(self, graph: Graph, outputs: str) -> str:
        if self.objective.outputs == 1:
            return outputs
        shape = (None, self.program.steps, self.program.targets * self.objective.outputs)
        with precision(self.program.dtype):
            return str(nodes_of(graph, self.objective.point, (outputs, shape, self.program.dtype)))

    def _steps(self, network: Any, rows: str, ahead: str, limits: Any) -> str:
        """One step at a time, fed back, as `FeedbackCell` does."""
        targets, covariates = self.program.targets, self.columns > 0

        def step(graph: Graph, states: list[str], now: list[str]) -> tuple[list[str], list[str]]:
            past, window = states[0], states[0]
            if covariates:
                x = graph.Unsqueeze(now[0], [1])  # (B, 1, E)
                later = graph.Concat(graph.part(graph.part(past, 1, 1), 2, targets), x, axis=1)
                window = graph.Concat(graph.part(past, 2, 0, targets), later, axis=2)
            value = self._point(graph, self._outputs(graph, network, window))
            value = value if limits is None else graph.Min(graph.Max(value, limits[0]), limits[1])
            row = graph.Concat(value, x, axis=2) if covariates else value
            return [graph.Concat(graph.part(past, 1, 1), row, axis=1)], [graph.Squeeze(value, [1])]

        clock = ahead if covariates else np.zeros((1, self.known.horizon, 1))
        return self.graph.scan(step, [rows], [clock])[1][0]

    def _blocks(self, network: Any, past: str, before: str, ahead: str, limits: Any, reach: int) -> str:
        """H steps at a time, fed back, as `WindowProgram.ahead` does."""
        graph, program, horizon = self.graph, self.program, self.known.horizon
        last = graph.Tile(graph.part(ahead, 1, -1), [1, program.steps, 1])
        record, blocks = graph.Concat(before, ahead, last, axis=1), list[str]()
        for start in range(0, horizon, program.steps):
            now = start + 1 + program.window
            window = graph.Concat(
                graph.part(past, 1, -program.window), graph.part(record, 1, start + 1, now), axis=2
            )
            outputs = self._outputs(graph, network, self._shown(self._led(window, record, now), reach))
            value = self._point(graph, outputs)
            blocks.append(value if limits is None else graph.Min(graph.Max(value, limits[0]), limits[1]))
            past = graph.Concat(past, blocks[-1], axis=1)
        return graph.part(graph.join(*blocks, axis=1), 1, 0, horizon)

    def _led(self, window: str, record: str, now: int) -> str:
        """The window and its lead rows, in which no target is known."""
        graph, lead = self.graph, self.program.lead
        if not lead:
            return window
        x = graph.part(record, 1, now, now + lead)
        y = graph.Expand(np.nan, graph.Concat(graph.Shape(x, start=0, end=2), [self.program.targets], axis=0))
        return graph.Concat(window, graph.Concat(y, x, axis=2), axis=1)

    def _shown(self, window: str, reach: int) -> str:
        """The window without the targets more than `reach` rows back."""
        program = self.program
        if reach >= program.window:
            return window
        hidden = np.zeros((1, program.window + program.lead, program.features), bool)
        hidden[:, : program.window - reach, : program.targets] = True
        return str(self.graph.Where(hidden, np.nan, window))


def median(graph: Graph, values: Sequence[str]) -> str:
    """The median of values (B, H, O) of the members."""
    if len(values) == 1:
        return values[0]
    every = graph.join(*(graph.Unsqueeze(value, [3]) for value in values), axis=3)
    ordered, _ = graph.node("TopK", every, [len(values)], results=2, axis=3)
    middle = graph.part(ordered, 3, (len(values) - 1) // 2, len(values) // 2 + 1)
    return str(graph.ReduceMean(middle, [3], keepdims=0))
