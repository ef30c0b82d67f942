"""The user's columns and rows at the border of an estimator: names, weights, targets, first rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import _check_feature_names, _check_n_features, _check_sample_weight

from forecast._checks import explain
from forecast.estimators.shifting import position_of_rows
from forecast.panel import Panel


def remember(model: Any, X: Any, y: Any, panel: Panel) -> None:
    """Set `n_features_in_`, and `feature_names_in_` where the covariates have names."""
    model.n_features_in_ = panel.n_exog
    names = panel.layout.exog_names
    named = not (isinstance(X, (np.ndarray, list)) or not hasattr(X, "columns"))
    if named and panel.n_exog and all(isinstance(name, str) for name in names):
        model.feature_names_in_ = np.array(names, dtype=object)


def check_columns(model: Any, X: Any) -> None:
    """Compare the covariates of a plain table with those seen in `fit`, in scikit-learn's words."""
    if isinstance(X, pd.DataFrame):
        _check_feature_names(model, X, reset=False)


def check_covariates(panel: Panel) -> None:
    """Refuse missing covariates, which no forecaster can guess."""
    missing = ~np.isfinite(panel.x)
    if missing.any():
        row, column = np.argwhere(missing)[0]
        raise ValueError(
            explain(
                f"X[{panel.layout.exog_names[column]!r}]",
                "finite in every row: only a target may be missing",
                f"NaN or infinity in {int(missing.any(axis=1).sum())} rows, first in row {int(row)}",
                "Fill the covariates, e.g. X.interpolate()",
            )
        )


def row_weights(sample_weight: Any, X: Any, y: Any, panel: Panel) -> np.ndarray | None:
    """Weights (N,) in the panel's order of rows."""
    if sample_weight is None:
        return None
    weights: np.ndarray = _check_sample_weight(
        sample_weight, np.empty((len(panel.y), 1)), dtype=np.float64, ensure_non_negative=True
    )
    return weights


def extend_weights(weights: np.ndarray, old: Panel, new: Panel) -> np.ndarray:
    """Weights of an extended panel: known rows keep theirs, new rows count 1."""
    extended = np.ones(len(new.y))
    extended[position_of_rows(new) < np.repeat(old.lengths, new.lengths)] = weights
    return extended


def fill_early(values: np.ndarray, panel: Panel) -> np.ndarray:
    """One-step values (N, O) without gaps: the mean of the values before, in the first row that of the series."""
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


def split_target(X: Any, panel: Panel) -> tuple[Any, Any]:
    """What to pass to `predict`, and the true values, from rows that hold both."""
    future = Panel.from_data(X)
    _, y = future.to_user()
    return X, y


def split_record(X: Any, initial: Any) -> tuple[tuple[Any, Any], Any]:
    """Arguments of `Panel.from_data` for the known first rows of a record, and the rows to simulate."""
    rows = len(initial)
    if isinstance(X, (int, np.integer)):
        return (initial, None), X
    if isinstance(getattr(X, "index", None), pd.MultiIndex):
        known = X.index.isin(initial.index)
        return (X[known], initial), X[~known]
    if hasattr(X, "iloc"):
        return (X.iloc[:rows], initial), X.iloc[rows:]
    return (np.asarray(X)[:rows], initial), np.asarray(X)[rows:]


def check_record(model: Any, record: Panel) -> None:
    """Refuse a record with other columns, or with fewer initial values than the model looks back."""
    trained = model.panel_
    for name, got, want in (("X", record.n_exog, trained.n_exog), ("initial", record.n_targets, trained.n_targets)):
        if got != want:
            raise ValueError(explain(name, f"{want} columns as in fit", f"{got} columns", "Pass the same columns"))
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
