"""The user's columns and rows at the border of an estimator: names, weights, targets, first rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from numbers import Integral, Real
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from sklearn.utils.validation import validate_data

from forecast._checks import explain
from forecast.panel import Panel, Request, future_frame, long
from forecast.panel.gaps import last_known, with_filled_covariates
from forecast.panel.holes import fill_gaps
from forecast.panel.values import plain_array

KINDS: dict[str, tuple[Any, str]] = {
    "bool": ((bool, np.bool_), "True or False"),
    "int": (Integral, "a whole number of at least 0"),
    "float": (Real, "a finite number of at least 0"),
    "str": (str, "a text"),
    "None": (type(None), "None"),
}


MISSING_ROWS = ("raise", "fill")


def without_holes(X: Any, y: Any, like: Panel | None, names: long.Names) -> tuple[Any, Any]:
    """Data with an index, every row that it leaves out inserted with missing values; arrays as they are."""
    offset = getattr(None if like is None else like.timeline, "offset", None)
    if y is None or not _has_index(X):
        if long.is_long(X, names):
            return fill_gaps(X, offset, series=names.series, time=names.time), y
        return (fill_gaps(X, offset) if _has_index(X) else X), y
    if _has_index(y):
        return fill_gaps(X, offset), fill_gaps(y, offset)
    rows = fill_gaps(pd.DataFrame(np.asarray(y), X.index), offset).to_numpy()
    return fill_gaps(X, offset), rows[:, 0] if np.ndim(y) == 1 else rows


def learned(model: Any) -> dict[str, Any]:
    """The attributes whose names end in `_`."""
    return {name: value for name, value in vars(model).items() if name.endswith("_") and name[0] != "_"}


@contextmanager
def refit(model: Any) -> Iterator[None]:
    """Forget what was learned; an error in the block restores it."""
    with rollback(model):
        for name in learned(model):
            delattr(model, name)
        yield


@contextmanager
def rollback(model: Any) -> Iterator[None]:
    """An error in the block restores what was learned before it."""
    before = learned(model)
    try:
        yield
    except BaseException:
        for name in learned(model):
            delattr(model, name)
        vars(model).update(before)
        raise


def check_types(model: Any) -> None:
    """Refuse an option that is of no type its field names, and a number that is negative or not finite.

    Fields of other types than those of `KINDS` are left to the checks of their family.
    """
    for item in fields(model):
        kinds = str(item.type).split(" | ")
        if not item.init or not KINDS.keys() >= {*kinds}:
            continue
        value = vars(model)[item.name]
        allowed = " or ".join(KINDS[kind][1] for kind in kinds)
        flag = isinstance(value, (bool, np.bool_))
        if (
            flag != ("bool" in kinds)
            if flag
            else not any(isinstance(value, KINDS[kind][0]) for kind in kinds)
        ):
            received = f"{value!r} of type {type(value).__name__}"
            raise TypeError(
                explain(item.name, allowed, received, f"Pass for example {item.name}={item.default!r}")
            )
        least = -1 if item.name == "n_jobs" else 0  # -1 means all processors
        if isinstance(value, (int, float, np.number)) and not least <= value < np.inf:
            raise ValueError(
                explain(item.name, allowed, value, f"Pass for example {item.name}={item.default!r}")
            )


def remember(model: Any, X: Any, panel: Panel) -> None:
    """Set `n_features_in_`, and `feature_names_in_` where the covariates have names."""
    if panel.layout.form == "pair":
        validate_data(model, X, skip_check_array=True)
        return
    names = [*panel.layout.covariates]
    model.n_features_in_ = len(names)
    if names and all(isinstance(name, str) for name in names):
        model.feature_names_in_ = np.array(names, dtype=object)


def check_columns(model: Any, X: Any) -> None:
    """Compare a table of covariates with the one seen in `fit`."""
    if model.panel_.layout.form != "pair" or isinstance(X, (pd.Index, pd.Series)) or np.asarray(X).ndim != 2:
        return
    if np.asarray(X).shape[1] == 0:
        return  # a bare timeline: the panel names the columns it lacks
    named = "feature_names_in_" in learned(model)
    if named and isinstance(X, pd.DataFrame):
        lost, lags = set(model.feature_names_in_) - {*X.columns}, model._asked_lags()
        if lost and all(
            (lags[at] > 0).all() for name, at in model.panel_.layout.covariates.items() if name in lost
        ):
            return  # they may be left out; the panel compares the others
    try:
        validate_data(model, X if named else np.asarray(X), reset=False, skip_check_array=True)
    except ValueError as error:
        wanted = list(learned(model).get("feature_names_in_", ())) or f"{model.n_features_in_} columns"
        received = list(X.columns) if hasattr(X, "columns") else f"{np.asarray(X).shape[1]} columns"
        remedy = "Select them, for example X[list(model.feature_names_in_)]"
        message = explain("X", f"a table of the columns {wanted}", received, remedy)
        raise ValueError(f"{error} {message}") from error


def check_names(option: str, names: object) -> None:
    """An option that names columns: None, a list of them, or a dict whose keys they are."""
    if names is not None and (isinstance(names, str) or not isinstance(names, (Mapping, Sequence))):
        allowed, remedy = "a list of columns of X, or None", f'Pass for example {option}=["shop"]'
        raise TypeError(explain(option, allowed, repr(names), remedy))


def check_static(panel: Panel, columns: np.ndarray) -> None:
    """Refuse static columns (E,) with more than one value in a series."""
    first = np.repeat(panel.x[panel.offsets[:-1]], panel.lengths, axis=0)
    changes = (panel.x != first) & columns
    if changes.any():
        row, column = np.argwhere(changes)[0]
        series = series_name(panel, int(panel.series_of_rows()[row]))
        name, remedy = panel.layout.given_names[column], "Leave it out of static, and pass it to predict"
        raise ValueError(
            explain(
                "static", "columns of one value in each series", f"{name!r}{series}, which changes", remedy
            )
        )


def with_known_covariates(panel: Panel) -> Panel:
    """The panel with a value in place of each missing covariate, and which from now on refuses others."""
    if np.isnan(panel.x).any():
        for series, column in never_known(panel.x, panel):
            raise ValueError(
                explain(
                    f"X[{panel.layout.exog_names[column]!r}]{series_name(panel, series)}",
                    "known at least once",
                    "NaN in every row",
                    "Leave this column out, or fill it, for example X.fillna(0)",
                )
            )
        panel = with_filled_covariates(panel)
    return replace(panel, allow_missing=False)


def never_known(values: np.ndarray, panel: Panel) -> np.ndarray:
    """Series and columns (n, 2) of values (N, F) that are missing in every row."""
    return np.argwhere(np.add.reduceat(np.isfinite(values), panel.offsets[:-1], axis=0) == 0)


def with_known_inputs(request: Request, record: Panel) -> Request:
    """The request with the last known value in place of each missing covariate."""
    if not np.isnan(request.future_x).any():
        return request
    return replace(request, future_x=last_known(record.x[record.offsets[1:] - 1], request.future_x))


def row_weights(sample_weight: Any, X: Any, panel: Panel) -> np.ndarray | None:
    """Weights (N,) in the panel's order of rows, those of a Series by its index."""
    if sample_weight is None:
        return None
    index = getattr(X, "index", None) if panel.layout.form == "long" else panel.user_index()
    sample_weight = aligned_weights(sample_weight, index if panel.layout.has_index else None)
    weights = np.asarray(plain_array(sample_weight), dtype=np.float64)
    allowed, rows = "one number of at least 0 per row, not all of them zero", len(panel.y)
    remedy = "Pass None to weigh all rows alike"
    if weights.shape != (rows,):
        received = f"weights of shape {weights.shape} for {rows} rows"
        if weights.shape == (len(X),):
            received += ", those that were missing included"
            remedy = "Insert these first with forecast.fill_gaps, and weigh them too"
    elif not np.isfinite(weights).all() or (weights < 0).any():
        received = "negative or infinite weights, or NaN"
    elif not weights.any():
        received = "sample weights that are all zero"
    else:
        return panel.panel_rows(weights)
    raise ValueError(explain("sample_weight", allowed, received, remedy))


def aligned_weights(sample_weight: Any, index: pd.Index | None) -> Any:
    """Weights as they are, those of a Series brought to the order of `index`."""
    if index is None or not isinstance(sample_weight, pd.Series) or index.equals(sample_weight.index):
        return sample_weight
    if (
        sample_weight.index.is_unique
        and len(index) == len(sample_weight)
        and index.isin(sample_weight.index).all()
    ):
        return sample_weight.reindex(index)
    remedy = "Select them with sample_weight.loc[y.index], or pass sample_weight.to_numpy() to go by position"
    allowed = "on the index of the rows they weigh"
    raise ValueError(explain("sample_weight", allowed, "a Series on another index", remedy))


def series_name(panel: Panel, series: int) -> str:
    """The series in words for a message; nothing when there is only one without a label."""
    return f" of series {panel.ids[series]!r}" if panel.layout.keyed else ""


def extend_weights(weights: np.ndarray, old: Panel, new: Panel) -> np.ndarray:
    """Weights of an extended panel: known rows keep theirs, new rows count 1."""
    extended = np.ones(len(new.y))
    extended[new.position_of_rows() < np.repeat(old.lengths, new.lengths)] = weights
    return extended


def check_length(panel: Panel, history: int) -> None:
    """Refuse series too short to look back `history` rows and to learn from one more."""
    need = history + 1
    if panel.n_series and panel.lengths.min() < need:
        short = int(np.argmin(panel.lengths))
        raise ValueError(
            explain(
                f"y{series_name(panel, short)}",
                f"at least {need} rows long, {need - 1} to look back and 1 to learn from",
                f"n_samples={panel.lengths[short]}",
                "Give a longer history, or a model that looks back less (fewer lags)",
            )
        )


def check_observed(panel: Panel) -> None:
    """Refuse a series without a single value."""
    for series, target in never_known(panel.y, panel):
        raise ValueError(
            explain(
                f"y{series_name(panel, series)}",
                "observed at least once",
                f"NaN in every row of {panel.layout.target_names[target]!r}",
                "Leave this series out",
            )
        )


def fill_early(values: np.ndarray, panel: Panel) -> np.ndarray:
    """One-step values (N, O), gaps filled by the mean of the values before; the first row by that of all."""
    gaps = np.isnan(values)
    if not gaps.any():
        return values
    filled = values.copy()
    for start, stop in zip(panel.offsets[:-1], panel.offsets[1:], strict=True):
        if gaps[start:stop].any():
            mean = _mean_before(np.asarray(panel.y[start:stop], dtype=float))
            filled[start:stop] = np.where(gaps[start:stop], mean, values[start:stop])
    return filled


def _mean_before(y: np.ndarray) -> np.ndarray:
    """Mean (T, O) of the observed values before each row; that of all where there is none."""
    seen = np.isfinite(y)
    total, count = np.where(seen, y, 0.0).cumsum(axis=0), seen.cumsum(axis=0)
    before = np.concatenate([np.zeros_like(total[:1]), total[:-1]])
    number = np.concatenate([np.zeros_like(count[:1]), count[:-1]])
    overall = total[-1] / np.maximum(count[-1], 1)
    return np.where(number > 0, before / np.maximum(number, 1), overall)


def values_of(forecast: Any, name: str) -> Any:
    """The numbers of what `predict` returned; of a long frame the column of the model."""
    if hasattr(forecast, "columns") and name in forecast.columns:
        return np.asarray(forecast[name])
    return forecast


def split_target(X: Any, y: Any, panel: Panel) -> tuple[Any, Any]:
    """What to pass to `predict`, and the true values, also from rows that hold both."""
    if X is not None and y is not None:
        return X, y
    form, X = panel.layout.form, y if X is None else X
    if form == "pair":
        raise ValueError(
            explain("y", "given to score, as it was to fit", "None", "Call score(X_future, y_future)")
        )
    if form == "single":
        return (X.index if _has_index(X) else np.reshape(plain_array(X), (len(X), -1))), X
    target = panel.layout.targets[0]
    keys = panel.layout.names.keys if form == "long" else ()
    long.require_long(list(X.columns), (*keys, target), "y")
    rest = X.drop(columns=target) if isinstance(X, pd.DataFrame) else X.drop(target)
    return rest, np.asarray(X[target])


def on_rows_of(y: Any, X: Any, panel: Panel) -> Any:
    """An array X as a frame on the index of y; everything else as it is."""
    layout = panel.layout
    if layout.form != "pair" or not layout.has_index or not _has_index(y) or np.ndim(X) != 2 or _has_index(X):
        return X
    return pd.DataFrame(np.asarray(X), y.index, layout.exog if np.shape(X)[1] == panel.n_exog else None)


def check_same_rows(y: Any, forecast: Any, panel: Panel) -> None:
    """Refuse true values on other rows than the forecasts, or on the same rows in another order."""
    if not _has_index(y) or not _has_index(forecast) or panel.layout.form == "long":
        return
    if not y.index.equals(forecast.index):
        received = f"rows from {y.index[0]} to {y.index[-1]}"
        allowed = f"on the rows of the forecast, {forecast.index[0]} to {forecast.index[-1]}, in their order"
        remedy = "Align them, for example y = y.loc[X.index], or pass y.to_numpy() to go by position"
        raise ValueError(explain("y", allowed, received, remedy))


def following(rows: Any, record: Panel) -> Any:
    """An array of rows after a record as a frame, where the record has an index."""
    if not isinstance(rows, (np.ndarray, list)) or np.ndim(rows) != 2 or not record.layout.has_index:
        return rows
    frame = future_frame(record, len(rows))
    return frame if np.shape(rows)[1] != frame.shape[1] else pd.DataFrame(rows, frame.index, frame.columns)


def _has_index(data: Any) -> bool:
    return isinstance(data, (pd.Series, pd.DataFrame))


def split_record(X: Any, initial: Any, names: long.Names) -> tuple[tuple[Any, Any], Any]:
    """Arguments of `Panel.from_data` for the known first rows of a record, and the rows to simulate."""
    rows = len(initial)
    if isinstance(X, (int, np.integer)):
        return (initial, None), X
    if len(X) <= rows:
        received, remedy = f"{rows} rows for {len(X)} rows of X", "Give only the first outputs of the record"
        raise ValueError(explain("initial", "shorter than X, to leave rows to simulate", received, remedy))
    if long.is_long(X, names):
        return _split_long(X, initial, names)
    if isinstance(getattr(X, "index", None), pd.MultiIndex):
        known = X.index.isin(initial.index)
        return (X[known], initial), X[~known]
    if hasattr(X, "iloc"):
        return (X.iloc[:rows], initial), X.iloc[rows:]
    return (np.asarray(X)[:rows], initial), np.asarray(X)[rows:]


def _split_long(X: Any, initial: Any, names: long.Names) -> tuple[tuple[Any, None], Any]:
    """The rows of X whose time is in `initial`, with its targets, and the others; frames of any library."""
    rows, given = nw.from_native(X, eager_only=True), long.to_pandas(initial)[0]
    of, target = list(names.keys), names.target
    long.require_long(list(given.columns), (*of, target), "initial")
    keys = long.to_pandas(X)[0][of]
    known = pd.MultiIndex.from_frame(keys).isin(pd.MultiIndex.from_frame(given[of]))
    targets = keys[known].merge(given[[*of, target]])[target].to_numpy()
    column = nw.new_series(str(target), targets, backend=rows.implementation)
    first, rest = rows.filter(known.tolist()), rows.filter((~known).tolist())
    return (first.with_columns(column).to_native(), None), rest.to_native()


def check_record(model: Any, record: Panel) -> None:
    """Refuse a record with other columns, or with fewer initial values than the model looks back."""
    trained = model.panel_
    if "array" not in (record.layout.x_kind, trained.layout.x_kind):
        given, wanted = (panel.layout.given_names for panel in (record, trained))
        if given != wanted:
            names = list(dict.fromkeys(wanted))
            remedy = f"Select them with X[{names!r}]"
            raise ValueError(
                explain("columns of X", f"{names}, as in fit", f"{[*dict.fromkeys(given)]}", remedy)
            )
    sizes = {"X": (record.n_exog, trained.n_exog), "initial": (record.n_targets, trained.n_targets)}
    for name, (got, want) in sizes.items():
        if got != want:
            remedy = "Pass the same columns"
            raise ValueError(explain(name, f"of as many columns as in fit, {want}", f"{got}", remedy))
    need = model.min_history(record)
    if record.lengths.min() < need:
        raise ValueError(
            explain(
                "initial",
                f"at least {need} rows, as many as the model looks back",
                f"{int(record.lengths.min())} rows",
                "Give more of the measured outputs",
            )
        )
