"""Covariates of a request: their columns against those of the history, and their positions by series and step."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from forecast._checks import explain
from forecast.panel.panel import Panel
from forecast.panel.regularity import shorten
from forecast.panel.timeline import Numbers
from forecast.panel.values import check_finite


def future_covariates(
    panel: Panel,
    series: np.ndarray,
    position: np.ndarray,
    x: np.ndarray | None,
    steps: int,
    first_lags: np.ndarray,
) -> np.ndarray:
    """The user's covariates (S, steps, G) of the steps after the history; NaN after the last requested row of a series.

    In a gap between the history and the first row requested after it, the last known covariates are repeated,
    with a warning, as in a cross-validation with a gap.

    A covariate that is read from lag l on matters in the first steps - l steps alone; elsewhere NaN is allowed.

    Args:
        panel: the history.
        series, position: series and step of each requested row, shape (R,).
        x: covariates of the requested rows, shape (R, G), or None.
        steps: steps after the history up to the last row.
        first_lags: lag (G,) from which each covariate is read, infinite where it is not.

    Raises:
        ValueError: no covariates given, rows missing between those requested, NaN or infinity in them, or other values
            than before on rows of the history that are told by a bare number.
    """
    future = np.full((panel.n_series, steps, len(first_lags)), np.nan, panel.x.dtype)
    step = position - panel.lengths[series]
    ahead, needed = step >= 0, asked_for(first_lags, steps)
    if x is None:
        if ahead.any() and needed.any():
            _refuse_without_covariates(panel, steps, needed)
        return future
    read = step[:, None] + first_lags < steps  # (R, E)
    _check_values(
        panel,
        series[ahead],
        position[ahead],
        np.where(read, x, 0.0)[ahead],
        allow_missing=panel.allow_missing,
    )
    x = np.where(read, x, np.nan)
    given = np.zeros((panel.n_series, steps), bool)
    given[series[ahead], step[ahead]] = True
    future[series[ahead], step[ahead]] = x[ahead]
    if needed.any() and not given.all():
        _bridge(panel, given, future)
    _check_history(panel, series[~ahead], position[~ahead], x[~ahead])
    return future


def asked_for(first_lags: np.ndarray, steps: int) -> np.ndarray:
    """Whether each covariate (E,) of the steps ahead matters to their forecast.

    Example:
        >>> asked_for(np.array([0, 24, np.inf]), 24)
        array([ True, False, False])
    """
    needed: np.ndarray = first_lags < steps
    return needed


def _refuse_without_covariates(panel: Panel, steps: int, needed: np.ndarray) -> None:
    names = ", ".join(
        repr(name) for name, columns in panel.layout.covariates.items() if needed[columns].any()
    )
    remedy = (
        f"Fill the frame that model.make_future_frame({steps}) gives and pass it to predict: the model was "
        "fitted with covariates"
    )
    received = f"{steps} future steps without them"
    raise ValueError(explain("X", f"a frame of the future covariates {names}", received, remedy))


def _check_values(
    panel: Panel, series: np.ndarray, position: np.ndarray, x: np.ndarray, *, allow_missing: bool
) -> None:
    def label(row: int) -> str:
        stamp = panel.timeline.stamps(series[[row]], position[[row]])[0]
        several = panel.layout.keyed
        return f"{stamp} of series {panel.ids[series[row]]!r}" if several else str(stamp)

    check_finite(x, "X", panel.layout.given_names, label, allow_missing=allow_missing)


def _bridge(panel: Panel, given: np.ndarray, future: np.ndarray) -> None:
    """Hold the last known covariates in the gap before the first row `given` (S, steps); refuse later holes."""
    step = np.arange(given.shape[1])
    some = given.any(axis=1)
    first = np.where(some, np.argmax(given, axis=1), 0)
    last = np.where(some, given.shape[1] - np.argmax(given[:, ::-1], axis=1), 0)
    holes = ~given & (step < last[:, None]) & (step >= first[:, None])
    if holes.any():
        name, stamps = _lost(panel, holes)
        received = f"{len(stamps)} missing timestamp{'s' if len(stamps) > 1 else ''}: {shorten(stamps)}"
        allowed = "without a gap after the history, since the covariates of every step are needed"
        remedy = "Add these rows; model.make_future_frame(horizon) has them all"
        raise ValueError(explain(f"future rows of X{name}", allowed, received, remedy))
    gap = step < first[:, None]
    if not gap.any():
        return
    future[gap] = panel.x[panel.offsets[1:] - 1, : future.shape[2]][np.nonzero(gap)[0]]
    name, stamps = _lost(panel, gap)
    warnings.warn(
        f"future rows of X{name}: {shorten(stamps)} between the history and the first requested row are "
        "missing, and the last known covariates are held there. Pass these rows too; "
        "model.make_future_frame(horizon) has them all.",
        UserWarning,
        stacklevel=6,
    )


def _lost(panel: Panel, holes: np.ndarray) -> tuple[str, pd.Index]:
    """The first series with holes (S, steps) in words, and their timestamps."""
    place = int(np.argmax(holes.any(axis=1)))
    lost = np.flatnonzero(holes[place]) + panel.lengths[place]
    name = f" of series {panel.ids[place]!r}" if panel.layout.keyed else ""
    return name, panel.timeline.stamps(np.full(len(lost), place), lost)


def _check_history(panel: Panel, series: np.ndarray, position: np.ndarray, x: np.ndarray) -> None:
    """Other covariates than in fit ask what would have been, but not where rows are only numbered.

    Rows 0, 1, ... of a frame without times are often new ones that were numbered anew.
    """
    _check_values(panel, series, position, x, allow_missing=True)
    same = same_as_known(panel, panel.offsets[series] + position, x).all(axis=1)
    if same.all() or not (isinstance(panel.timeline, Numbers) and panel.timeline.is_range):
        return
    row = int(np.argmax(~same))
    stamp, end = panel.timeline.stamps(
        series[[row, row]], np.array([position[row], panel.lengths[series[row]]])
    )
    remedy = (
        f"Number new rows after the history, from {end} on; to ask about its rows with other covariates, fit on an "
        "index of times"
    )
    allowed = "the same in the history as in fit where rows are numbered"
    raise ValueError(explain("covariates", allowed, f"other values at {stamp}", remedy))


def same_as_known(panel: Panel, rows: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Whether covariates (R, G) are those of these rows of the history, up to rounding, or missing."""
    known = panel.x[rows, : x.shape[1]]
    tolerance = 1e-4 if np.float32 in (known.dtype, x.dtype) else 1e-7
    same: np.ndarray = np.isclose(x, known, rtol=tolerance, atol=tolerance) | np.isnan(x)
    return same


# ---------------------------------------------------------------------- columns, in scikit-learn's words


def check_width(panel: Panel, count: int) -> None:
    """Refuse an array with another number of columns than the history has covariates."""
    alone = panel.layout.form == "single"
    expected = panel.layout.n_given
    if count == expected or (alone and count == panel.n_targets):
        return
    remedy = "Pass the covariates in the order of fit, or without any a number of steps, predict(12)"
    raise ValueError(
        f"X has {count} features, but Forecaster is expecting {expected} features as input. "
        + explain("X", f"an array of {expected} columns", f"{count} columns", remedy)
    )


def covariate_columns(panel: Panel, columns: pd.Index, first_lags: np.ndarray) -> list:
    """Columns of a frame that hold the covariates; keys and targets beside them are ignored.

    Those that are read from a later lag than 0 may be missing.

    Raises:
        ValueError: columns missing, extra or in another order than in fit.
    """
    layout = panel.layout
    aside = set() if layout.form == "pair" else set(layout.target_names)
    keys = layout.names.keys if layout.form == "long" else ()
    aside |= {*keys}
    given, known = [name for name in columns if name not in aside], [*layout.covariates]
    now = {name for name, at in layout.covariates.items() if (first_lags[at] == 0).any()}
    if layout.x_kind == "array":
        check_width(panel, len(given))
    elif given != [name for name in known if name in given or name in now]:
        raise ValueError(_difference(given, known, keys))
    return given


def _difference(given: list, known: list, keys: tuple) -> str:
    """The message for columns that are not those of `fit`; `keys` are those of series and time."""
    extra = [name for name in given if name not in known]
    lost = [name for name in known if name not in given]
    message = "The feature names should match those that were passed during fit.\n"
    if extra:
        message += "Feature names unseen at fit time:\n" + _bullets(extra)
    if lost:
        message += "Feature names seen at fit time, yet now missing:\n" + _bullets(lost)
    if not extra and not lost:
        message += "Feature names must be in the same order as they were in fit.\n"
    remedy = (
        f"Select them with X[{[*keys, *known]!r}]; model.make_future_frame(horizon) shows the frame to fill"
    )
    return message + explain("columns of X", f"{known}, as in fit", f"{given}", remedy)


def _bullets(names: list) -> str:
    shown = sorted(str(name) for name in names)
    return "".join(f"- {name}\n" for name in shown[:5]) + ("- ...\n" if len(shown) > 5 else "")
