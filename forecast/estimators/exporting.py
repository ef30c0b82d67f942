"""`export`: the forecast of a fitted model as an ONNX file, for services without Python or without this package."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from forecast._checks import check_horizon
from forecast.estimators.covariates import CovariateRoles
from forecast.estimators.covariates_exported import columns_of
from forecast.estimators.export_inputs import EXPORTED, Known, refused
from forecast.estimators.transforms_exported import check_steps, inward_nodes, outward_nodes
from forecast.export.graph import Graph, answer, write
from forecast.panel import Panel
from forecast.panel.gaps import completed_onward

SAME = 1e-5  # of the spread of a series: how near the file must come to `predict`
TRIED = 4  # series whose forecasts are compared
TINY = float(np.finfo(float).tiny)


class Exporting(CovariateRoles):
    """A forecaster with `export`, which refuses where a family does not say in `_nodes` how it forecasts."""

    horizon: int
    _in_levels: Any

    def export(self, path: str | Path, *, horizon: int | None = None) -> None:
        """Write the closed loop to one ONNX file: raw history and covariates in, forecasts out.

        Scaling, `transform` with its differences, and the coding of categories are inside. The inputs, for B series at
        a time, are in the user's units: texts in `history_text` and `future_text`, elsewhere numbers in double
        precision. The metadata, each of which is a text of JSON, name the columns in order:

            history (B, R, O): the latest R targets in order of time, columns `targets`; R is at least `rows`, but the
                networks of `Pretrained` and `ResidualTDNN` take fewer.
            series (B,): for a model of several series the place of each among `series` of the metadata, from 0, int64.
            history_x (B, R, E): the numbers among the covariates of the same rows, columns `covariates`; True is 1, a
                static column repeats its value, and last are those of the calendar, which `calendar_frame` gives.
            history_text (B, R, C): the texts among them, columns `texts`.
            future_x, future_text (B, horizon, .): the covariates of the steps ahead, columns `future` and
                `future_texts`: those of `make_future_frame(horizon)` and of the calendar.

        The output is forecast (B, horizon, O). An input that the model does not read is left out. The other metadata
        are model, horizon, season, frequency and the `categories` of each column.

        A model of one series takes histories of other records too, in the units of the one that it was fitted to.
        Covariates of `past` go on as in `predict`, with the persistence that the history of the model shows. A category
        that was not seen in `fit` counts as in `predict`. Where a missing value matters the answer is NaN, and an empty
        text is a missing one; only the networks of `Pretrained` and `ResidualTDNN` know missing targets, unless these
        are the levels that differences are added to. The file is written only when it forecasts as `predict` does,
        which is tried on the history.

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
        known = Known(Graph(), self, steps)
        known.y = inward_nodes(self, known)
        values, rows = self._in_levels._nodes(known)
        values = outward_nodes(self, known, values)
        known.graph.output(values, "forecast", ["series", steps, self.panel_.n_targets])
        model = known.graph.model(self._about(known, rows), type(self).__name__, _version())
        self._compare(model, known)
        write(model, path)

    def _nodes(self, known: Known) -> tuple[str, int]:
        """Add the forecast to `known.graph`: the name of its values (B, H, O), and the rows of history it reads."""
        raise refused(type(self).__name__, f"a forecaster that can be exported: {EXPORTED}")

    def _check_exported(self) -> None:
        """Refuse transforms and categories that the graph does not compute."""
        check_steps(self)
        for column in columns_of(self):
            if len({isinstance(level, str) for level in column.levels}) > 1 or any(
                not isinstance(level, str | int | float) for level in column.levels
            ):
                received = f"those of {column.name!r}, {column.levels}"
                raise refused(received, "a model whose categories are all texts or all numbers")

    def _about(self, known: Known, rows: int) -> dict[str, str]:
        timeline = self.panel_.timeline
        frequency = getattr(timeline, "offset", None) or timeline.index(0, 0, 1)
        about = {
            "model": type(self).__name__,
            "horizon": known.horizon,
            "rows": max(rows, known.tables.rows),
            "season": self.panel_.season_length,
            "frequency": getattr(frequency, "freqstr", None),
            "targets": [str(name) for name in self.panel_.layout.target_names],
            **known.tables.about(),
            "series": [str(name) for name in self.panel_.ids] if known.several else [],
        }
        return {name: json.dumps(value) for name, value in about.items()}

    def _compare(self, model: Any, known: Known) -> None:
        """Refuse a graph whose answers are not those of the model, on the history and the covariates at its end."""
        panel, horizon = completed_onward(self.panel_), known.horizon
        given = replace(panel, y=self._outward(panel, panel.series_of_rows(), panel.y))
        rows = panel.offsets[1:, None] - 1 - np.arange(horizon)[::-1] % panel.lengths[:, None]
        ahead, last = panel.x[rows], panel.x[panel.offsets[1:] - 1][:, None]  # (S, H, E), (S, 1, E)
        ahead = self._without_hindsight(panel, np.where(known.tables.is_asked, ahead, last))
        wanted = self._outward(panel, np.arange(panel.n_series)[:, None], self._ahead(panel, horizon, ahead))
        for number in range(min(panel.n_series, TRIED)):
            one = given.of(np.array([number]))
            told = answer(model, known.example(one, ahead[[number]], number))
            error = np.abs(told - wanted[number]).max(axis=1) / np.maximum(one.y.std(axis=0), TINY)
            if not (error <= SAME).all():
                received = f"one that differs by {error.max():.1e} standard deviations"
                raise refused(received, "a graph that forecasts as `predict` does")

    def _ahead(self, panel: Panel, horizon: int, future_x: np.ndarray) -> np.ndarray:
        """Forecasts (S, H, O) after the last row of each series."""
        raise NotImplementedError

    def _outward(self, panel: Panel, series: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Values (..., O) of series (...) of a panel in the user's units."""
        raise NotImplementedError


def _version() -> str:
    try:
        return version("keras-forecast")
    except PackageNotFoundError:  # run from its source
        return "unknown"
