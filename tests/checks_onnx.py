"""What an exported file answers, by onnxruntime."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnxruntime = pytest.importorskip(
    "onnxruntime", reason="onnxruntime is not installed: pip install -e '.[test]'"
)


def session(model: Any, folder: Path, horizon: int) -> Any:
    """The exported model, ready to run."""
    model.export(folder / "model.onnx", horizon=horizon)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])


def about(run: Any) -> dict[str, Any]:
    """The metadata of an exported model."""
    return {name: json.loads(text) for name, text in run.get_modelmeta().custom_metadata_map.items()}


def answers(run: Any, model: Any, future: Any = None, rows: int | None = None, X: Any = None) -> np.ndarray:
    """Forecasts (S, H, O) after the last rows of each series of a model, as many as the file asks for.

    Args:
        future: frame of covariates of the steps ahead, of all series alike.
        X: the user's frame of the history, for one series; needed where the model sees other columns.
    """
    told, panel = about(run), model._history()
    rows = min(rows or told["rows"], panel.lengths.min())  # the networks that know missing targets take fewer
    ends = panel.offsets[1:, None] - np.arange(rows, 0, -1)
    values = {"history": panel.y[ends], "history_x": panel.x[ends], "series": np.arange(panel.n_series)}
    for name, frame in (("history", X), ("future", future)):
        if frame is not None:
            frame = frame.join(model.calendar_frame(frame.index)).iloc[-rows if name == "history" else 0 :]
            columns = told["covariates" if name == "history" else "future"]
            values[f"{name}_x"] = _stacked(frame[columns].to_numpy(float), panel.n_series)
            columns = told.get("texts" if name == "history" else "future_texts", [])
            values[f"{name}_text"] = _stacked(frame[columns].to_numpy(object), panel.n_series)
    found: np.ndarray = run.run(None, {each.name: values[each.name] for each in run.get_inputs()})[0]
    return found


def _stacked(values: np.ndarray, series: int) -> np.ndarray:
    return np.repeat(values[None], series, axis=0)


def assert_answers(
    model: Any, folder: Path, horizon: int, future: Any = None, *, X: Any = None, error: float = 1e-5
) -> None:
    """The file forecasts as `predict` does, to a share of the spread of the series.

    Args:
        future: covariates of the steps ahead; X: those of the history, as in `answers`.
    """
    forecast = model.predict(horizon if future is None else future)
    name = type(model).__name__
    wanted = np.asarray(forecast[name] if name in getattr(forecast, "columns", ()) else forecast, float)
    found = answers(session(model, folder, horizon), model, future, X=X)
    spread = np.nanstd(model._history().y, axis=0).min()
    np.testing.assert_allclose(found.ravel(), wanted.ravel(), rtol=0, atol=error * spread)
