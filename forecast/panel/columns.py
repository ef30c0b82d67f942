"""Columns of a request against the columns of the history, in scikit-learn's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from forecast._checks import explain
from forecast.panel import long

if TYPE_CHECKING:
    from forecast.panel.panel import Panel


def array_columns(panel: Panel, count: int) -> None:
    """Refuse an array with another number of columns than the history has covariates."""
    alone = panel.layout.form == "single"
    if count == panel.n_exog or (alone and count == panel.n_targets):
        return
    remedy = "Pass the covariates in the order of fit, or without any a number of steps, predict(12)"
    raise ValueError(
        f"X has {count} features, but Forecaster is expecting {panel.n_exog} features as input. "
        + explain("X", f"an array of {panel.n_exog} columns", f"{count} columns", remedy)
    )


def frame_columns(panel: Panel, columns: pd.Index) -> list:
    """Columns of a frame that hold the covariates; keys and targets beside them are passed over.

    Raises:
        ValueError: columns missing, extra or in another order than in fit.
    """
    layout = panel.layout
    aside = set() if layout.form == "pair" else set(layout.target_names)
    aside |= {long.ID, long.TIME} if layout.form == "long" else set()
    given, known = [name for name in columns if name not in aside], layout.exog_names
    if layout.x_kind == "array":
        array_columns(panel, len(given))
    elif given != known:
        raise ValueError(_difference(given, known))
    return given


def _difference(given: list, known: list) -> str:
    extra = [name for name in given if name not in known]
    lost = [name for name in known if name not in given]
    message = "The feature names should match those that were passed during fit.\n"
    if extra:
        message += "Feature names unseen at fit time:\n" + _bullets(extra)
    if lost:
        message += "Feature names seen at fit time, yet now missing:\n" + _bullets(lost)
    if not extra and not lost:
        message += "Feature names must be in the same order as they were in fit.\n"
    remedy = f"Select them with X[{known!r}]; model.make_future_frame(horizon) shows the frame to fill"
    return message + explain("columns of X", f"{known}, as in fit", f"{given}", remedy)


def _bullets(names: list) -> str:
    shown = sorted(str(name) for name in names)
    return "".join(f"- {name}\n" for name in shown[:5]) + ("- ...\n" if len(shown) > 5 else "")
