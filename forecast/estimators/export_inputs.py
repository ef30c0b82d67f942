"""What the graph of an exported forecaster is told, and how a model that has none is refused."""

from __future__ import annotations

from typing import Any

import numpy as np

from forecast._checks import explain
from forecast.estimators.covariates_exported import ROWS, Tables
from forecast.export.graph import Graph
from forecast.panel import Panel

EXPORTED = "AR, Pretrained, NARX, TDNN, RNN and ResidualTDNN"


class Known:
    """What a graph is told, in the user's units: inputs, and parts of them.

    Args:
        graph: the graph.
        model: the forecaster.
        horizon: H.

    Attributes:
        panel: the history of the model; tables: the tables of covariates.
        y, x, future: names of the targets (B, R, O), the covariates (B, R, E) and those of the steps ahead (B, H, E).
        series: name of the number (B,) of each series, None for a model of one series.
    """

    def __init__(self, graph: Graph, model: Any, horizon: int) -> None:
        self.graph, self.panel, self.horizon = graph, model.panel_, horizon
        self.several, self.tables = self.panel.n_series > 1, Tables(model, horizon)
        self.y = graph.input("history", ["series", ROWS, self.panel.n_targets])
        self.series = graph.input("series", ["series"], kind="INT64") if self.several else None
        self.x, self.future = self.tables.nodes(self)

    def last(self, value: str, rows: int, columns: int) -> str:
        """The last rows (B, rows, columns) of a value (B, R, columns); fewer are an error when the file runs."""
        return str(self.graph.Reshape(self.graph.part(value, 1, -rows), [0, rows, columns]))

    def of_series(self, values: np.ndarray) -> str:
        """Numbers (S, ...) of the series of the model as those of the B series asked for."""
        return (
            self.graph.constant(values)
            if self.series is None
            else str(self.graph.Gather(values, self.series, axis=0))
        )

    def whole(self, forecast: str, *values: str) -> str:
        """The forecast, NaN where one of the values (B, ., .) that it rests on is missing."""
        for value in values:
            total = self.graph.ReduceSum(self.graph.Mul(value, 0.0), [1, 2], keepdims=1)
            forecast = self.graph.Add(forecast, total)
        return forecast

    def example(self, panel: Panel, ahead: np.ndarray, number: int) -> dict[str, np.ndarray]:
        """Inputs for one series, twice side by side."""
        values = {
            "history": panel.y[None].astype(float),
            "series": np.array([number]),
            **self.tables.example(panel.x[None].astype(float), ahead.astype(float)),
        }
        names = [value.name for value in self.graph.inputs]
        return {name: np.concatenate([values[name]] * 2) for name in names}


def refused(received: str, allowed: str) -> ValueError:
    """The error of a model that cannot be exported."""
    return ValueError(explain("export", allowed, received, "Use model.save, which takes every model"))
