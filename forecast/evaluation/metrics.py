"""Errors of a backtest frame per series, step or cutoff, computed by utilsforecast.

Every function takes the long frame of `backtest` (`unique_id, ds, cutoff, y, <model>...`), pools the rows of
each group named by `by` and returns one row per group, one column per model. Rows whose `y` is missing are
left out; a missing forecast makes the value of its group missing, it is never skipped. Rows may lie in any
order, and some may be left out: the step of a row follows from its time and cutoff.

Letters: y_i is the value of row i, f_i the forecast of a model for it, n the number of rows of the group.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from utilsforecast import losses

from forecast._checks import check_count
from forecast.estimators.conformal import read_bound
from forecast.evaluation.frames import add_step, check_by, check_frame, check_history, model_names

GROUP = "(group)"  # no model has this name
Loss = Callable[[pd.DataFrame, list[str]], pd.DataFrame]


def mae(frame: pd.DataFrame, *, by: Sequence[str] = ("unique_id",)) -> pd.DataFrame:
    """Mean absolute error, in the unit of y.

        MAE = 1/n sum_i |y_i - f_i|

    Args:
        frame: a backtest frame.
        by: columns that name a group, of `unique_id`, `cutoff`, `ds` and `step`.

    Returns:
        One row per group, one column per model, at least 0; 0 is perfect.

    Raises:
        ValueError, TypeError: no backtest frame, or an unknown name in `by`.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"unique_id": "a", "ds": [3, 4], "cutoff": 2, "y": [1, 3], "AR": [2, 1]})
        >>> float(mae(frame).loc["a", "AR"])
        1.5
    """
    return pooled(frame, by, _mean_absolute)


def rmse(frame: pd.DataFrame, *, by: Sequence[str] = ("unique_id",)) -> pd.DataFrame:
    """Root mean squared error, in the unit of y.

        RMSE = sqrt(1/n sum_i (y_i - f_i)^2)

    The mean runs over all rows of a group, all windows included, and the root is taken once.

    Args:
        frame: a backtest frame.
        by: columns that name a group, of `unique_id`, `cutoff`, `ds` and `step`.

    Returns:
        One row per group, one column per model, at least 0; 0 is perfect.

    Raises:
        ValueError, TypeError: no backtest frame, or an unknown name in `by`.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"unique_id": "a", "ds": [3, 4], "cutoff": 2, "y": [1, 3], "AR": [8, 2]})
        >>> float(rmse(frame).loc["a", "AR"])
        5.0
    """
    return pooled(frame, by, _root_mean_square)


def smape(frame: pd.DataFrame, *, by: Sequence[str] = ("unique_id",)) -> pd.DataFrame:
    """Symmetric mean absolute percentage error, in percent of 0 to 200, as in the M competitions.

        sMAPE = 200/n sum_i |y_i - f_i| / (|y_i| + |f_i|),    a term with y_i = f_i = 0 counts 0

    utilsforecast's `smape` has no factor 2 and lies in 0..1: this is 200 times its value.

    Args:
        frame: a backtest frame.
        by: columns that name a group, of `unique_id`, `cutoff`, `ds` and `step`.

    Returns:
        One row per group, one column per model, 0 to 200; 0 is perfect.

    Raises:
        ValueError, TypeError: no backtest frame, or an unknown name in `by`.

    References:
        S. Makridakis, E. Spiliotis, V. Assimakopoulos (2020), The M4 competition. International Journal of
        Forecasting 36, 54-74.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"unique_id": "a", "ds": [3], "cutoff": 2, "y": [1.0], "AR": [3.0]})
        >>> float(smape(frame).loc["a", "AR"])
        100.0
    """
    return 200.0 * pooled(frame, by, lambda rows, models: losses.smape(rows, models, id_col=GROUP))


def mape(frame: pd.DataFrame, *, by: Sequence[str] = ("unique_id",)) -> pd.DataFrame:
    """Mean absolute percentage error, in percent, as in the tourism competition; rows with y = 0 are left out.

        MAPE = 100/n sum_i |y_i - f_i| / |y_i|

    Args:
        frame: a backtest frame.
        by: columns that name a group, of `unique_id`, `cutoff`, `ds` and `step`.

    Returns:
        One row per group, one column per model, at least 0; 0 is perfect.

    References:
        G. Athanasopoulos, R. J. Hyndman, H. Song, D. C. Wu (2011), The tourism forecasting competition.
        International Journal of Forecasting 27, 822-844.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"unique_id": "a", "ds": [3], "cutoff": 2, "y": [4.0], "AR": [3.0]})
        >>> float(mape(frame).loc["a", "AR"])
        25.0
    """
    return 100.0 * pooled(frame, by, lambda rows, models: losses.mape(rows, models, id_col=GROUP))


def mase(
    frame: pd.DataFrame, history: pd.DataFrame, *, season_length: int = 1, by: Sequence[str] = ("unique_id",)
) -> pd.DataFrame:
    """Mean absolute error over that of the seasonal naive forecast in the history, without a unit.

        MASE = 1/n sum_i |y_i - f_i| / q_i,    q = 1/(c - m) sum_{t = m+1..c} |y_t - y_{t-m}|

    with c the number of rows of the series up to the cutoff of row i.

    Args:
        frame: a backtest frame.
        history: long frame `unique_id, ds, y` that reaches back before the first cutoff, in any order.
        season_length: m, steps in a season, at least 1.
        by: columns that name a group, of `unique_id`, `cutoff`, `ds` and `step`.

    Returns:
        One row per group, one column per model, at least 0; 1 is as good as the seasonal naive forecast one
        step ahead in the history. Rows without a scale (the history is constant or no longer than a season)
        are left out.

    Raises:
        ValueError, TypeError: no backtest frame, an unknown name in `by`, or a history that does not hold its series.

    References:
        R. J. Hyndman, A. B. Koehler (2006), Another look at measures of forecast accuracy. International
        Journal of Forecasting 22, 679-688.

    Example:
        >>> import pandas as pd
        >>> history = pd.DataFrame({"unique_id": "a", "ds": [0, 1, 2], "y": [0.0, 2.0, 0.0]})
        >>> frame = pd.DataFrame({"unique_id": "a", "ds": [3, 4], "cutoff": 2, "y": [1, 3], "AR": [0, 0]})
        >>> float(mase(frame, history).loc["a", "AR"])
        1.0
    """
    rows = scaled(frame, history, season_length, losses.mase)
    return grouped(rows, check_by(by), _mean_absolute, {name: [name] for name in model_names(frame)})


def rmsse(
    frame: pd.DataFrame, history: pd.DataFrame, *, season_length: int = 1, by: Sequence[str] = ("unique_id",)
) -> pd.DataFrame:
    """Root mean squared error over that of the seasonal naive forecast in the history, without a unit.

        RMSSE = sqrt(1/n sum_i (y_i - f_i)^2 / q_i),    q = 1/(c - m) sum_{t = m+1..c} (y_t - y_{t-m})^2

    with c the number of rows of the series up to the cutoff of row i.

    Args:
        frame: a backtest frame.
        history: long frame `unique_id, ds, y` that reaches back before the first cutoff, in any order.
        season_length: m, steps in a season, at least 1.
        by: columns that name a group, of `unique_id`, `cutoff`, `ds` and `step`.

    Returns:
        One row per group, one column per model, at least 0; 1 is as good as the seasonal naive forecast one
        step ahead in the history. Rows without a scale (the history is constant or no longer than a season)
        are left out.

    Raises:
        ValueError, TypeError: no backtest frame, an unknown name in `by`, or a history that does not hold its series.

    References:
        S. Makridakis, E. Spiliotis, V. Assimakopoulos (2022), The M5 competition. International Journal of
        Forecasting 38, 1325-1336.

    Example:
        >>> import pandas as pd
        >>> history = pd.DataFrame({"unique_id": "a", "ds": [0, 1, 2], "y": [0.0, 2.0, 0.0]})
        >>> frame = pd.DataFrame({"unique_id": "a", "ds": [3, 4], "cutoff": 2, "y": [1, 3], "AR": [8, 2]})
        >>> float(rmsse(frame, history).loc["a", "AR"])
        2.5
    """
    rows = scaled(frame, history, season_length, losses.rmsse)
    return grouped(rows, check_by(by), _root_mean_square, {name: [name] for name in model_names(frame)})


def pooled(
    frame: pd.DataFrame, by: Sequence[str], loss: Loss, columns: dict[str, list[str]] | None = None
) -> pd.DataFrame:
    """Apply a utilsforecast loss to the groups named by `by`.

    Args:
        frame: a backtest frame.
        by: names of the columns that make a group.
        loss: gets the rows with a column GROUP and the names of the models.
        columns: for each model the columns that its value is made of; None means its point forecast.
    """
    models = check_frame(frame)
    return grouped(frame, check_by(by), loss, columns or {name: [name] for name in models})


def _mean_absolute(rows: pd.DataFrame, models: list[str]) -> pd.DataFrame:
    return losses.mae(rows, models, id_col=GROUP)


def _root_mean_square(rows: pd.DataFrame, models: list[str]) -> pd.DataFrame:
    return losses.rmse(rows, models, id_col=GROUP)


def grouped(frame: pd.DataFrame, keys: list[str], loss: Loss, needed: dict[str, list[str]]) -> pd.DataFrame:
    models, values = list(needed), [column for group in needed.values() for column in group]
    rows = add_step(frame) if "step" in keys else frame
    rows = rows[rows["y"].notna()]
    if rows.empty:
        return pd.DataFrame(columns=models, index=pd.Index([], name=keys[0]), dtype=float)
    group = rows.groupby(keys, sort=True, observed=True).ngroup().rename(GROUP)
    plain = rows[["y", *values]].assign(**{GROUP: group})
    missing = pd.DataFrame({m: rows[needed[m]].isna().any(axis=1) for m in models}).groupby(group).any()
    result = loss(plain, models).set_index(GROUP)[models].astype(float).sort_index().mask(missing)
    labels = rows[keys].assign(**{GROUP: group}).drop_duplicates(GROUP).sort_values(GROUP)
    result.index = pd.MultiIndex.from_frame(labels[keys]) if len(keys) > 1 else pd.Index(labels[keys[0]])
    return result


def scaled(
    frame: pd.DataFrame, history: pd.DataFrame, season_length: int, loss: Callable[..., pd.DataFrame]
) -> pd.DataFrame:
    """The frame with y, forecasts and bounds divided by the scale of `loss`; rows without a scale are left out."""
    check_count("season_length", season_length)
    models = check_frame(frame)
    history = check_history(history, frame)
    moments = pd.concat([history["ds"], frame["cutoff"]], ignore_index=True)
    owners = pd.concat([history["unique_id"], frame["unique_id"]], ignore_index=True)
    codes = pd.DataFrame({"unique_id": pd.factorize(owners)[0], "ds": pd.factorize(moments, sort=True)[0]})
    past = codes[: len(history)].assign(y=history["y"].to_numpy(dtype=float))
    rows = codes[len(history) :].rename(columns={"ds": "cutoff"})
    wrong_by_one = rows.drop_duplicates().assign(y=0.0, factor=1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        unit = loss(wrong_by_one, ["factor"], seasonality=season_length, train_df=past)  # 1 / scale
    factor = rows.merge(unit, on=["unique_id", "cutoff"], how="left")["factor"].to_numpy()
    usable = np.isfinite(factor)
    kept = add_step(frame)[usable]
    values = ["y", *(column for column in frame.columns if column in models or read_bound(column))]
    return kept.assign(**{column: kept[column] * factor[usable] for column in values})
