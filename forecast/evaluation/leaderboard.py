"""One table of many models, with AR and the seasonal naive forecast always in it."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from forecast._checks import check_choice, check_count, explain
from forecast.estimators.baselines.ar import AR
from forecast.estimators.baselines.naive import SeasonalNaive
from forecast.evaluation import metrics
from forecast.evaluation.backtest import backtest, name_models, to_panel
from forecast.evaluation.baselines import REFERENCES
from forecast.evaluation.rolling_windows import Rows
from forecast.evaluation.splits import Align, Window

By = Literal["model", "step", "series"]
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
    verbose: int = 0,
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
    this table: a skill of 0.2 is an error 20 % below the baseline's, a negative skill is a loss against it,
    and against a baseline without any error it is minus infinity.

    Args:
        models: an estimator, a list, a dict of names to estimators, or the frame that `backtest` returned. AR
            and SeasonalNaive are added, with their defaults, when no model has their name.
        y: the history, as for `backtest`. With a frame it is only needed for MASE and RMSSE, which are left
            out without it, and for a missing baseline.
        X: timeline and known covariates on the rows of y, or None. AR uses them too.
        horizon: steps forecast from each origin; needed unless `models` is a frame.
        windows: number of origins.
        step: steps between two origins; None means `horizon`.
        refit: True, False or k, as for `backtest`.
        gap: steps before the cutoff that nobody knows yet.
        window: "expanding", or the number of last steps to learn from.
        align: "time" or "end", as for `backtest`.
        season: steps in a season, for MASE, RMSSE and SeasonalNaive; None means that of the frequency.
        by: "model" for one row per model; "step" for one per step ahead and model; "series" for one per
            series and model.
        metric: column to sort by and to take skills of; None means RMSSE, or RMSE where there is no scale.
        verbose: 1 shows a progress bar.

    Returns:
        The table, best model first, its index named model (with step or unique_id before it). `seconds`, with
        by="model" only, is the time each model took to learn and forecast. `attrs["metric"]` is what it was
        sorted by.

    Raises:
        ValueError: A frame without the baselines and without y, no horizon, or what `backtest` raises.

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
    panel = None if y is None else to_panel(y, X)
    if isinstance(models, pd.DataFrame):
        frame = _completed(models, y, X, season, verbose)
    else:
        frame = backtest(
            _with_baselines(models, season),
            _needed("y", y),
            X,
            horizon=_needed("horizon", horizon),
            windows=windows,
            step=step,
            refit=refit,
            gap=gap,
            window=window,
            align=align,
            verbose=verbose,
        )
    length = frame.attrs.get("season_length", 1 if panel is None else panel.season_length)
    length = length if season is None else check_count("season", season)
    history = None if panel is None else Rows(panel, align).long()
    return _ranked(_errors(frame, history, length, by), by, metric, frame.attrs.get("seconds"))


def _baselines(season: int | None) -> dict[str, BaseEstimator]:
    return {"AR": AR(), "SeasonalNaive": SeasonalNaive(season=season)}


def _with_baselines(models: Any, season: int | None) -> dict[str, Any]:
    named = name_models(models)
    return {**named, **{name: model for name, model in _baselines(season).items() if name not in named}}


def _completed(frame: pd.DataFrame, y: Any, X: Any, season: int | None, verbose: int) -> pd.DataFrame:
    """The frame with columns for the missing baselines, backtested with the frame's own arguments."""
    absent = [name for name in REFERENCES if name not in metrics.model_names(frame)]
    if not absent:
        return frame
    if y is None or "horizon" not in frame.attrs:
        received = f"a frame without {' and '.join(absent)}"
        remedy = (
            "Pass y, and the frame as backtest() returned it, or backtest these baselines with the models"
        )
        raise ValueError(explain("models", "a frame with both baselines unless y is given", received, remedy))
    asked = ("horizon", "windows", "step", "refit", "gap", "window", "align")
    options = {name: frame.attrs[name] for name in asked}
    extra = backtest({name: _baselines(season)[name] for name in absent}, y, X, verbose=verbose, **options)
    whole = frame.merge(extra[[*_ROW, *absent]], on=_ROW, how="left", validate="one_to_one")
    seconds = {**frame.attrs.get("seconds", {}), **extra.attrs["seconds"]}
    whole.attrs = {**frame.attrs, "seconds": seconds}
    return whole


def _needed(name: str, value: Any) -> Any:
    if value is None:
        remedy = f"Pass {name}, or the frame that backtest() returned in place of models"
        raise ValueError(explain(name, "given when models are to be backtested", None, remedy))
    return value


def _errors(frame: pd.DataFrame, history: pd.DataFrame | None, season: int, by: By) -> pd.DataFrame:
    """All errors, one column each, on an index of the groups of `by` and the model."""
    keys = ["unique_id", "step"] if by == "step" else ["unique_id"]
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
    check_choice("metric", metric, list(table.columns))
    error = table[metric]
    for name in REFERENCES:
        base = error.xs(name, level="model") if _KEYS[by] else error[name]
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
