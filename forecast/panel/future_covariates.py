"""Future covariates of a request, placed by series and step; what is missing is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast._checks import explain
from forecast.panel.regularity import shorten
from forecast.panel.requested_rows import Asked
from forecast.panel.values import check_finite

if TYPE_CHECKING:
    from forecast.panel.panel import Panel


def future_covariates(panel: Panel, asked: Asked, steps: int) -> np.ndarray:
    """Covariates (S, steps, E) of the steps after the history; NaN after the last row asked of a series.

    Raises:
        ValueError: no covariates given, rows missing between the history and the last row asked for, NaN or
            infinity in them, or rows of the history with other values than before.
    """
    future = np.full((panel.n_series, steps, panel.n_exog), np.nan, panel.x.dtype)
    if not panel.n_exog:
        return future
    step = asked.position - panel.lengths[asked.series]
    ahead = step >= 0
    if asked.x is None:
        if ahead.any():
            _refuse_without_covariates(panel, asked, steps)
        return future
    _check_values(panel, asked, ahead)
    given = np.zeros((panel.n_series, steps), bool)
    given[asked.series[ahead], step[ahead]] = True
    if steps:
        _check_rows(panel, given)
    future[asked.series[ahead], step[ahead]] = asked.x[ahead]
    _check_history(panel, asked, ~ahead)
    return future


def _refuse_without_covariates(panel: Panel, asked: Asked, steps: int) -> None:
    names = ", ".join(map(repr, panel.layout.exog_names))
    remedy = (
        f"Fill the frame that model.make_future_frame({steps}) gives and pass it to predict: the model was "
        "fitted with covariates"
    )
    received = f"{steps} future steps without them"
    raise ValueError(explain("X", f"a frame of the future covariates {names}", received, remedy))


def _check_values(panel: Panel, asked: Asked, ahead: np.ndarray) -> None:
    assert asked.x is not None

    def label(row: int) -> str:
        stamp = panel.timeline.stamps(asked.series[[row]], asked.position[[row]])[0]
        several = panel.layout.keyed
        return f"{stamp} of series {panel.ids[asked.series[row]]!r}" if several else str(stamp)

    check_finite(asked.x, "X", panel.layout.exog_names, label, allow_missing=panel.allow_missing)


def _check_rows(panel: Panel, given: np.ndarray) -> None:
    """Every step up to the last one asked of a series must have its row."""
    last = np.where(given.any(axis=1), given.shape[1] - np.argmax(given[:, ::-1], axis=1), 0)
    holes = ~given & (np.arange(given.shape[1]) < last[:, None])
    if not holes.any():
        return
    place = int(np.argmax(holes.any(axis=1)))
    lost = np.flatnonzero(holes[place]) + panel.lengths[place]
    stamps = panel.timeline.stamps(np.full(len(lost), place), lost)
    several = panel.layout.keyed
    name = f" of series {panel.ids[place]!r}" if several else ""
    received = f"{len(lost)} missing timestamp{'s' if len(lost) > 1 else ''}: {shorten(stamps)}"
    allowed = "without a gap after the history, since the covariates of every step are needed"
    remedy = "Add these rows; model.make_future_frame(horizon) has them all"
    raise ValueError(explain(f"future rows of X{name}", allowed, received, remedy))


def _check_history(panel: Panel, asked: Asked, inside: np.ndarray) -> None:
    """Rows of the history are forecast from the covariates of fit; other values would be ignored."""
    assert asked.x is not None
    if not inside.any():
        return
    rows = panel.offsets[asked.series[inside]] + asked.position[inside]
    tolerance = 1e-4 if np.float32 in (panel.x.dtype, asked.x.dtype) else 1e-7
    same = np.isclose(asked.x[inside], panel.x[rows], rtol=tolerance, atol=tolerance, equal_nan=True)
    if same.all():
        return
    row = int(np.argmax(~same.all(axis=1)))
    stamp = panel.timeline.stamps(asked.series[inside][[row]], asked.position[inside][[row]])[0]
    remedy = "Fit again with the changed covariates, or run the model on another record with simulate"
    allowed = "the same in the history as in fit"
    raise ValueError(explain("covariates", allowed, f"other values at {stamp}", remedy))
