"""What the graph of an exported forecaster is told, and how a model that has none is refused."""

from __future__ import annotations

import numpy as np

from forecast._checks import explain
from forecast.export.graph import Graph
from forecast.panel import Panel

ROWS = "rows"
EXPORTED = "AR, Pretrained, NARX, TDNN, RNN and ResidualTDNN"


class Known:
    """What a graph is told, in the user's units: inputs, and parts of them.

    Args:
        graph: the graph.
        panel: the history of the model.
        first, asked: lags (E,) from which the model reads covariates, and from which the user is asked for them.
        horizon: H.

    Attributes:
        y, x, future: names of the targets (B, R, O), the covariates (B, R, E) and those of the steps ahead (B, H, E).
        series: name of the number (B,) of each series, None for a model of one series.
    """

    def __init__(
        self, graph: Graph, panel: Panel, first: np.ndarray, asked: np.ndarray, horizon: int
    ) -> None:
        self.graph, self.panel, self.horizon = graph, panel, horizon
        self.several, self.reads_x = panel.n_series > 1, bool(np.isfinite(first).any())
        self.is_asked = asked < horizon
        self.asked = np.flatnonzero(self.is_asked)
        self.y = graph.input("history", ["series", ROWS, panel.n_targets])
        self.x, self.future = self._covariates()
        self.series = graph.input("series", ["series"], whole=True) if self.several else None

    def _covariates(self) -> tuple[str, str]:
        """Columns that are not asked for keep their last value: it does not matter, or never changes."""
        graph, count = self.graph, self.panel.n_exog
        if not self.reads_x:
            shape = graph.Concat(graph.Shape(self.y, start=0, end=2), [count], axis=0)
            x = graph.Expand(0.0, shape)
        else:
            x = graph.input("history_x", ["series", ROWS, count])
        rest = graph.Tile(graph.part(x, 1, -1), [1, self.horizon, 1])
        if not len(self.asked):
            return x, rest
        given = graph.input("future_x", ["series", self.horizon, len(self.asked)])
        if len(self.asked) == count:
            return x, given
        places = len(self.asked) + np.arange(count)
        places[self.asked] = np.arange(len(self.asked))
        return x, graph.Gather(graph.Concat(given, rest, axis=2), places, axis=2)

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
            "history_x": panel.x[None].astype(float),
            "future_x": ahead[..., self.asked].astype(float),
            "series": np.array([number]),
        }
        names = [value.name for value in self.graph.inputs]
        return {name: np.concatenate([values[name]] * 2) for name in names}


def refused(received: str, allowed: str) -> ValueError:
    """The error of a model that cannot be exported."""
    return ValueError(explain("export", allowed, received, "Use model.save, which takes every model"))
