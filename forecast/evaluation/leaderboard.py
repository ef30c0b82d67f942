"""One table of many models, with AR and the seasonal naive forecast always in it."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from forecast._checks import check_choice, check_count, check_verbose, explain
from forecast.estimators.baselines.ar import AR
from forecast.estimators.baselines.naive import SeasonalNaive
from forecast.evaluation import metrics
from forecast.evaluation.backtest import ErrorScore, backtest, check_error_score, name_models, to_panel
from forecast.evaluation.baselines import REFERENCES, baseline_name, row_of
from forecast.evaluation.frames import add_step, check_frame
from forecast.evaluation.rolling_windows import Rows
from forecast.evaluation.splits import Align, Window
from forecast.panel.naming import names_of

By = Literal["model", "step", "series"]
_METRICS = ("MAE", "RMSE", "sMAPE")
_SCALED = ("MASE", "RMSSE")
_OPTIONS = ("horizon", "windows", "step", "refit", "gap", "window", "align", "missing_rows")
_KEYS = {"model": [], "step": ["step"], "series": ["unique_id"]}
_ROW = ["unique_id", "ds", "cutoff"]


def leaderboard(
    models: Any,
    y: Any = None,
    X: Any = None,
    *,
    horizon: int | None = None,
    windows: int = 5,
    step: int | None = None,
    refit: bool | int = True,
    gap: int = 0,
    window: Window = "expanding",
    align: Align = "time",
    season: int | None = None,
    by: By = "model",
    metric: str | None = None,
    missing_rows: str = "raise",
    error_score: ErrorScore | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    series: Any = None,
    time: Any = None,
    target: Any = None,
) -> pd.DataFrame:
    """Backtest models beside AR and SeasonalNaive and rank them.

    Every error is computed per series over all its windows and then averaged over the series:

        MAE     mean |y - f|                                   unit of y
        RMSE    sqrt(mean (y - f)^2)                           unit of y
        sMAPE   mean 200 |y - f| / (|y| + |f|)                 percent, 0 to 200
        MASE    mean |y - f| / scale                           1 = seasonal naive in the history
        RMSSE   sqrt(mean (y - f)^2 / scale^2)                 1 = seasonal naive in the history
        skill_AR, skill_SeasonalNaive = 1 - E(model) / E(baseline)

    with f the forecast, the scales of `forecast.evaluation.mase` and `rmsse`, and E the column `metric` of
    this table: a skill of 0.2 is an error 20 % below the baseline's, a negative skill an error above it;
    against a baseline without any error it is minus infinity.

    Args:
        models: an estimator, a list, a dict of names to estimators, or the frame that `backtest` returned.
            AR() and SeasonalNaive() are always in the table. Where another model of yours has one of these
            names, AR(lags=3) for example, the row of the baseline is named "AR (baseline)"; skills are
            measured against it. Columns of a frame that hold an AR or a SeasonalNaive, whatever its
            arguments, stand for them.
        y: the history, as for `backtest`. With a frame it is only needed for MASE and RMSSE, which are left
            out without it, and for a missing baseline.
        X: timeline and known covariates on the rows of y, or None. AR uses them too.
        horizon: steps forecast from each origin; needed unless `models` is a frame, which has its own.
        windows: number of origins.
        step: steps between two origins; None means `horizon`.
        refit: True, False or k, as for `backtest`.
        gap: steps before the cutoff that are not yet known.
        window: "expanding", or the number of last steps to learn from.
        align: "time" or "end", as for `backtest`.
        season: steps in a season, for MASE, RMSSE and SeasonalNaive; None means that of the frequency.
        by: "model" for one row per model; "step" for one per step ahead and model; "series" for one per
            series and model.
        metric: column to sort by and to take skills of; None means RMSSE, or RMSE where there is no scale.
        missing_rows: "raise" or "fill", as for `backtest`.
        error_score: what happens when a model fails, as for `backtest`: "raise" passes on its error, NaN gives
            it a row of missing values and one warning that names it and its first error. None means "raise"
            for a single model and NaN for several. To keep the windows in which it did not fail, call
            `backtest` with error_score=NaN.
        n_jobs: number of joblib jobs, as for `backtest`.
        verbose: 1 shows a progress bar.
        series, time, target: columns of a long frame y that are not called unique_id, ds and y, as for `fit`.

    Returns:
        The table, best model first, its index named model (with step or unique_id before it). `seconds`, with
        by="model" only, is the time each model took to learn and forecast. `attrs["metric"]` is what it was
        sorted by.

    Raises:
        ValueError, TypeError: A frame without the baselines and without y, no horizon, an argument outside its
            range, or what `backtest` raises.

    References:
        R. J. Hyndman, A. B. Koehler (2006), Another look at measures of forecast accuracy. International
        Journal of Forecasting 22, 679-688.

    Example:
        >>> import numpy as np
        >>> from forecast import Naive
        >>> y = np.sin(np.arange(60.0))
        >>> table = leaderboard(Naive(), y, horizon=3, windows=4)
        >>> table.index.tolist()
        ['AR', 'Naive', 'SeasonalNaive']
        >>> float(table.loc["AR", "skill_AR"])
        0.0
    """
    check_choice("by", by, tuple(_KEYS))
    if season is not None:
        check_count("season", season)
    if metric is not None:
        check_choice("metric", metric, _METRICS if y is None else (*_METRICS, *_SCALED))
    if error_score is not None:
        check_error_score(error_score)
    check_verbose(verbose)
    naming = {"series": series, "time": time, "target": target}
    if isinstance(models, pd.DataFrame):
        options = {"error_score": np.nan if error_score is None else error_score, **naming}
        frame = _completed(models, y, X, season, horizon, {**options, "n_jobs": n_jobs, "verbose": verbose})
    else:
        named = name_models(models)
        alone: ErrorScore = "raise" if len(named) == 1 else np.nan
        frame = backtest(
            {**named, **_absent(named, season)},
            _needed("y", y),
            X,
            horizon=_needed("horizon", horizon),
            windows=windows,
            step=step,
            refit=refit,
            gap=gap,
            window=window,
            align=align,
            missing_rows=missing_rows,
            error_score=alone if error_score is None else error_score,
            n_jobs=n_jobs,
            verbose=verbose,
            **naming,
        )
    missing_rows = frame.attrs.get("missing_rows", missing_rows)
    panel = None if y is None else to_panel(y, X, missing_rows, names_of(y, X, series, time, target))
    length = season or frame.attrs.get("season_length", 1 if panel is None else panel.season_length)
    history = None if panel is None else Rows(panel, frame.attrs.get("align", align)).long()
    return _ranked(_errors(frame, history, length, by), by, metric, frame.attrs.get("seconds"))


def _baselines(season: int | None) -> dict[str, BaseEstimator]:
    return {"AR": AR(), "SeasonalNaive": SeasonalNaive(season=season)}


def _absent(named: dict[str, Any], season: int | None) -> dict[str, BaseEstimator]:
    """The baselines to add to the models, under a name that none of them has."""
    absent = {}
    for name, model in _baselines(season).items():
        if name in named and repr(named[name]) == repr(model):
            continue
        row = baseline_name(name) if name in named else name
        if row in named:
            raise ValueError(explain("models", "named unlike a baseline", repr(row), "Choose another name"))
        absent[row] = model
    return absent


def _completed(
    frame: pd.DataFrame,
    y: Any,
    X: Any,
    season: int | None,
    horizon: int | None,
    how: dict[str, Any],
) -> pd.DataFrame:
    """The frame with columns for the missing baselines, backtested with the frame's own arguments."""
    names, attrs = check_frame(frame), frame.attrs
    if horizon is not None and horizon != attrs.get("horizon"):
        remedy = "Leave it out, or pass the models in place of their frame"
        raise ValueError(explain("horizon", "that of the frame", horizon, remedy))
    told = attrs.get("models", {})
    rows = {name: row_of(name, names) for name in REFERENCES}
    absent = {}
    for name, row in rows.items():
        if row not in names:
            absent[name] = row
        elif row == name and not told.get(row, f"{name}(").startswith(f"{name}("):
            absent[name] = baseline_name(name)  # another model has its name
    if not absent:
        return frame
    if y is None or not set(_OPTIONS) <= set(attrs):
        received = f"a frame without {' and '.join(absent)}"
        remedy = (
            "Pass y, and the frame as backtest() returned it, or backtest these baselines with the models"
        )
        raise ValueError(explain("models", "a frame with both baselines unless y is given", received, remedy))
    added = {row: _baselines(season)[name] for name, row in absent.items()}
    options = {name: attrs[name] for name in _OPTIONS}
    extra = backtest(added, y, X, **options, **how)
    whole = frame.merge(
        extra[[*_ROW, *added]], on=_ROW, how="left", validate="one_to_one", indicator="_of_both"
    )
    if (whole.pop("_of_both") != "both").any():
        remedy = "Pass the y and X that the frame was made of"
        raise ValueError(
            explain("models", "the frame of a backtest of y", "rows that y does not have", remedy)
        )
    whole.attrs = {**attrs, "models": {**told, **extra.attrs["models"]}}
    whole.attrs["seconds"] = {**attrs.get("seconds", {}), **extra.attrs["seconds"]}
    return whole


def _needed(name: str, value: Any) -> Any:
    if value is None:
        remedy = f"Pass {name}, or the frame that backtest() returned in place of models"
        raise ValueError(explain(name, "given when models are to be backtested", None, remedy))
    return value


def _errors(frame: pd.DataFrame, history: pd.DataFrame | None, season: int, by: By) -> pd.DataFrame:
    """All errors, one column each, on an index of the groups of `by` and the model."""
    keys = ["unique_id", "step"] if by == "step" else ["unique_id"]
    frame = add_step(frame) if by == "step" else frame
    tables = {
        "MAE": metrics.mae(frame, by=keys),
        "RMSE": metrics.rmse(frame, by=keys),
        "sMAPE": metrics.smape(frame, by=keys),
    }
    if history is not None:
        tables["MASE"] = metrics.mase(frame, history, season_length=season, by=keys)
        tables["RMSSE"] = metrics.rmsse(frame, history, season_length=season, by=keys)
    return pd.DataFrame({name: _over_series(table, by) for name, table in tables.items()})


def _over_series(table: pd.DataFrame, by: By) -> pd.Series:
    """Mean over the series, a missing value kept; columns become the last index level, `model`."""
    table = table.rename_axis(columns="model")
    if by == "model":
        return table.mean(skipna=False) if len(table) else pd.Series(np.nan, index=table.columns)
    if by == "step":
        table = table.groupby(level="step").agg(lambda column: column.mean(skipna=False))
    return table.T.unstack()


def _ranked(
    table: pd.DataFrame, by: By, metric: str | None, seconds: dict[str, float] | None
) -> pd.DataFrame:
    """The table with skills and seconds, best first within each group."""
    if metric is None:
        metric = "RMSSE" if "RMSSE" in table and table["RMSSE"].notna().any() else "RMSE"
    error = table[metric]
    models = error.index.get_level_values("model")
    for name in REFERENCES:
        row = row_of(name, models)
        base = error.xs(row, level="model") if _KEYS[by] else error[row]
        base = error.index.droplevel("model").map(base).to_numpy() if _KEYS[by] else base
        with np.errstate(divide="ignore", invalid="ignore"):
            table[f"skill_{name}"] = np.where(error == base, 0.0, 1.0 - error.to_numpy() / base)
    if by == "model" and seconds is not None:
        table["seconds"] = pd.Series(seconds)
    table = table.sort_values(metric, kind="stable")
    if _KEYS[by]:
        table = table.sort_index(level=_KEYS[by], sort_remaining=False, kind="stable")
    table.attrs = {"metric": metric}
    return table
