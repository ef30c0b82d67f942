"""`export`: the forecast of a fitted model as an ONNX file, for services without Python or without this package."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from forecast._checks import check_horizon, explain
from forecast.estimators.covariates import CovariateRoles
from forecast.export.graph import Graph, answer, write
from forecast.panel import Panel
from forecast.panel.gaps import completed_onward

SAME = 1e-5  # of the spread of a series: how near the file must come to `predict`
TRIED = 4  # series whose forecasts are compared
TINY = float(np.finfo(float).tiny)
ROWS, STEPS = "rows", "horizon"
EXPORTED = "AR, Pretrained, NARX, TDNN, RNN and ResidualTDNN"


class Exporting(CovariateRoles):
    """A forecaster with `export`, which refuses where a family does not say in `_nodes` how it forecasts."""

    horizon: int

    def export(self, path: str | Path, *, horizon: int | None = None) -> None:
        """Write the closed loop to one ONNX file: raw history and covariates in, forecasts out, scaling inside.

        The inputs, in double precision, for B series at a time:

            history (B, R, O): the latest R targets in order of time, R at least `rows` of the metadata; the networks of
                `Pretrained` and `ResidualTDNN` take fewer.
            history_x (B, R, E): the covariates of the same rows, the columns `covariates` of the metadata.
            future_x (B, horizon, A): covariates of the steps ahead, the columns `future` of the metadata, as in
                `make_future_frame(horizon)`.
            series (B,): for a model of several series the place of each among `series` of the metadata, from 0.

        The output is forecast (B, horizon, O). An input that the model does not read is left out. A model of one series
        takes histories of other records too, in the units of the one that it was fitted to. Metadata are texts of JSON,
        with horizon, season, frequency and targets beside the above. Where a missing value matters the answer is NaN,
        except for the same two, whose networks know missing targets. The file is written only when it
        forecasts as `predict` does, which is tried on the history.

        Args:
            path: of the file, which replaces one that is there.
            horizon: steps of the forecast; None = `horizon` of the model.

        Raises:
            ImportError: the package onnx is not installed (`pip install 'keras-forecast[onnx]'`).
            ValueError: the model, or an option of it, cannot be exported; `save` takes every model.
        """
        check_is_fitted(self, "panel_")
        steps = check_horizon(self.horizon if horizon is None else horizon)
        self._check_exported()
        known = Known(Graph(), self.panel_, self._first_lags(), self._asked_lags(), steps)
        values, rows = self._nodes(known)
        known.graph.output(values, "forecast", ["series", steps, self.panel_.n_targets])
        model = known.graph.model(self._about(known, rows), type(self).__name__, _version())
        self._compare(model, known)
        write(model, path)

    def _nodes(self, known: Known) -> tuple[str, int]:
        """Add the forecast to `known.graph`: the name of its values (B, H, O), and the rows of history it reads."""
        raise refused(f"a {type(self).__name__}", f"a forecaster that can be exported: {EXPORTED}")

    def _check_exported(self) -> None:
        """Refuse roles and transforms that the graph does not compute; an inverse would stand after `_nodes`."""
        options, layout = vars(self), self.panel_.layout
        for name in ("past", "transform", "nonnegative"):
            if options.get(name):
                raise refused(f"{name}={options[name]!r}", f"a model without {name}")
        if layout.categories or self.categories:
            raise refused("categories", "a model whose covariates are numbers")
        if layout.n_calendar:
            raise refused("a calendar", "a model whose features of the calendar are columns of X")

    def _about(self, known: Known, rows: int) -> dict[str, str]:
        layout, timeline = self.panel_.layout, self.panel_.timeline
        frequency = timeline.index(0, 0, 1)
        about = {
            "model": type(self).__name__,
            "horizon": known.horizon,
            "rows": rows,
            "season": self.panel_.season_length,
            "frequency": getattr(frequency, "freqstr", None),
            "targets": [str(name) for name in layout.target_names],
            "covariates": [str(name) for name in layout.exog_names] if known.reads_x else [],
            "future": [str(layout.exog_names[column]) for column in known.asked],
            "series": [str(name) for name in self.panel_.ids] if known.several else [],
        }
        return {name: json.dumps(value) for name, value in about.items()}

    def _compare(self, model: Any, known: Known) -> None:
        """Refuse a graph whose answers are not those of the model, on the history and the covariates at its end."""
        panel, horizon = completed_onward(self.panel_), known.horizon
        rows = panel.offsets[1:, None] - 1 - np.arange(horizon)[::-1] % panel.lengths[:, None]
        ahead, last = panel.x[rows], panel.x[panel.offsets[1:] - 1][:, None]  # (S, H, E), (S, 1, E)
        ahead = np.where(known.is_asked, ahead, last)
        wanted = self._ahead(panel, horizon, ahead)
        for number in range(min(panel.n_series, TRIED)):
            one = panel.of(np.array([number]))
            told = answer(model, known.example(one, ahead[[number]], number))
            error = np.abs(told - wanted[number]).max(axis=1) / np.maximum(one.y.std(axis=0), TINY)
            if not (error <= SAME).all():
                received = f"one that differs by {error.max():.1e} standard deviations"
                raise refused(received, "a graph that forecasts as `predict` does")

    def _ahead(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        """Forecasts (S, H, O) after the last row of each series."""
        raise NotImplementedError


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


def _version() -> str:
    try:
        return version("keras-forecast")
    except PackageNotFoundError:  # run from its source
        return "unknown"
