"""Whether a panel that a file describes is one that `Panel.from_data` could have made."""

from __future__ import annotations

from typing import get_args, get_type_hints

import numpy as np
import pandas as pd

from forecast.panel.calendar import check_calendar, labels_of_calendar
from forecast.panel.categories import labels_of, shown
from forecast.panel.panel import Panel
from forecast.panel.read import Form, Layout
from forecast.panel.timeline import Dates, Numbers, Timeline

UNITS = ("s", "ms", "us", "ns")
LABELS = (str, int, float, bool, type(None))
FORMS_OF_TARGETS = ("array1d", "array2d", "series", "frame")


def check_panel(panel: Panel) -> None:
    """Refuse a panel whose parts do not fit each other.

    Raises:
        ValueError: the parts do not fit. Other errors of pandas for timestamps that cannot be.
    """
    _check_values(panel)
    _check_layout(panel.layout, panel)
    _check_timeline(panel.timeline, panel.n_series)
    if len(panel.ids) != panel.n_series or not panel.ids.is_unique or panel.ids.hasnans:
        raise ValueError("labels of series are missing or stand twice")
    if type(panel.allow_missing) is not bool:
        raise ValueError("allow_missing is no flag")
    repr(panel.timeline.stamps(np.arange(panel.n_series), panel.lengths - 1))
    panel.head(1).to_user()


def _check_values(panel: Panel) -> None:
    y, x, offsets, order = panel.y, panel.x, panel.offsets, panel.order
    if y.dtype.kind != "f" or x.dtype.kind != "f" or y.ndim != 2 or x.ndim != 2 or len(x) != len(y):
        raise ValueError("targets and covariates are not tables of numbers of the same rows")
    if not y.size or np.isinf(y).any() or not np.isfinite(x).all():
        raise ValueError("targets or covariates are missing or infinite")
    if offsets.dtype != np.int64 or offsets.ndim != 1 or len(offsets) < 2:
        raise ValueError("the rows of the series are not whole numbers")
    if offsets[0] != 0 or offsets[-1] != len(y) or (offsets[1:] <= offsets[:-1]).any():
        raise ValueError("the rows of the series do not follow each other")
    if order is not None and not _is_permutation(order, len(y)):
        raise ValueError("the order of the rows is none")


def _is_permutation(order: np.ndarray, rows: int) -> bool:
    if order.dtype.kind != "i" or order.shape != (rows,) or order.min() < 0 or order.max() >= rows:
        return False
    return bool((np.bincount(order, minlength=rows) == 1).all())


def _check_layout(layout: Layout, panel: Panel) -> None:
    hints = get_type_hints(Layout)
    for name in ("multi", "library", "id_type", "time_type"):
        if not isinstance(getattr(layout, name), hints[name]):
            raise ValueError(f"{name} is of another type")
    if not isinstance(layout.name, LABELS) or not isinstance(layout.id_name, LABELS):
        raise ValueError("a name is neither text nor a number")
    if layout.form not in get_args(Form) or layout.y_kind not in FORMS_OF_TARGETS:
        raise ValueError("the data have a form that is not known")
    if layout.x_kind not in (("array", "frame") if layout.form == "pair" else (None,)):
        raise ValueError("covariates have a form that does not fit")
    for labels, count in ((layout.targets, panel.n_targets), (layout.exog, panel.n_exog)):
        if len(labels) != count or not labels.is_unique:
            raise ValueError("names of columns are missing or stand twice")
    if layout.y_kind in ("array1d", "series") and panel.n_targets > 1:
        raise ValueError("a series has several targets")
    check_calendar(layout.calendar)
    if [*layout.exog[layout.n_given :]] != labels_of_calendar(layout.calendar) or layout.n_given < 0:
        raise ValueError("features of the calendar without columns of their own")
    several = layout.keyed and (layout.form != "long" or layout.names.series is not None)
    if layout.form == "single" and layout.n_given or not several and panel.n_series > 1:
        raise ValueError("covariates or series that the form of the data does not have")
    _check_categories(layout, panel)
    _check_columns(layout)


def _check_categories(layout: Layout, panel: Panel) -> None:
    for name, levels in layout.categories.items():
        if not all(isinstance(level, LABELS) and level is not None for level in levels):
            raise ValueError("a category is neither text nor a number")
        if not levels or len({*levels}) < len(levels) or layout.x_kind == "array":
            raise ValueError("categories are missing or stand twice")
        places = [layout.exog.get_loc(label) for label in labels_of(name, levels) if label in layout.exog]
        if len(places) != len(shown(levels)) or places != [*range(places[0], places[0] + len(places))]:
            raise ValueError("categories without columns of their own")
        if not np.isin(panel.x[:, places], (0.0, 1.0)).all():
            raise ValueError("indicators of categories other than 0 and 1")


def _check_columns(layout: Layout) -> None:
    joint = layout.form in ("joint", "long")
    if joint != (layout.columns is not None) or joint and layout.y_kind != "frame":
        raise ValueError("the columns of the data do not fit their form")
    if layout.form == "joint" and not layout.multi or layout.form == "long" and layout.multi:
        raise ValueError("the index of the data does not fit their form")
    if layout.columns is not None:
        own = [*layout.targets, *layout.covariates]
        keys = layout.names.keys if layout.form == "long" else ()
        if layout.form == "long" and layout.target_names != [layout.names.target]:
            raise ValueError("the target of a long frame has two names")
        if not layout.columns.is_unique or not pd.Index([*own, *keys]).is_unique:
            raise ValueError("columns of the data stand twice")
        if not {*own, *keys} <= {*layout.columns}:
            raise ValueError("columns of the data are missing")


def _check_timeline(line: Timeline, series: int) -> None:
    if line.starts.dtype != np.int64 or line.starts.shape != (series,):
        raise ValueError("starts of series are missing")
    if (np.abs(line.starts.astype(float)) >= 2.0**62).any():
        raise ValueError("starts of series are out of range")
    if isinstance(line, Numbers):
        whole = type(line.step) is int and line.step > 0 and type(line.is_range) is bool
        if (
            not whole
            or line.step >= 2**40
            or not pd.api.types.is_integer_dtype(pd.api.types.pandas_dtype(line.dtype))
        ):
            raise ValueError("the steps of the index are no whole numbers")
    if isinstance(line, Dates):
        if line.clock.unit not in UNITS or type(line.freq_set) is not bool:
            raise ValueError("the unit of the timestamps is not known")
        if (line.offset is None) != (line.second is not None):
            raise ValueError("timestamps without a frequency, or with two")
        if line.second is not None and not _is_later(line.second, line.starts):
            raise ValueError("second timestamps before the first ones")


def _is_later(second: np.ndarray, starts: np.ndarray) -> bool:
    return second.dtype == np.int64 and second.shape == starts.shape and bool((second >= starts).all())
