"""Scores of a whole competition, as its organisers add up those of the series: OWA of M4, WRMSSE of M5."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecast._checks import check_choice, check_count, explain
from forecast.evaluation.frames import check_frame
from forecast.evaluation.metrics import mase, rmsse, smape

M5_LEVELS: tuple[tuple[str, ...], ...] = (
    (),
    ("state_id",),
    ("store_id",),
    ("cat_id",),
    ("dept_id",),
    ("state_id", "cat_id"),
    ("state_id", "dept_id"),
    ("store_id", "cat_id"),
    ("store_id", "dept_id"),
    ("item_id",),
    ("item_id", "state_id"),
    ("item_id", "store_id"),
)
"""The twelve levels of M5: the columns whose values make a series by adding up; none for the total."""


def owa(
    frame: pd.DataFrame, history: pd.DataFrame, *, season_length: int = 1, reference: str = "Naive2"
) -> pd.Series:
    """Overall weighted average of M4: sMAPE and MASE in units of those of Naive2.

        OWA = 1/2 (mean sMAPE / mean sMAPE of Naive2 + mean MASE / mean MASE of Naive2)

    with the means over series.

    Args:
        frame: a backtest frame with a column of the reference.
        history: long frame `unique_id, ds, y` that reaches back before the first cutoff, in any order.
        season_length: m of MASE, steps in a season, at least 1.
        reference: the column that is measured against.

    Returns:
        One value per model, at least 0; 1 is as good as the reference.

    References:
        S. Makridakis, E. Spiliotis, V. Assimakopoulos (2020), The M4 competition. International Journal of
        Forecasting 36, 54-74.

    Example:
        >>> import pandas as pd
        >>> history = pd.DataFrame({"unique_id": "a", "ds": [0, 1, 2], "y": [1.0, 3.0, 1.0]})
        >>> frame = pd.DataFrame({"unique_id": "a", "ds": [3], "cutoff": 2, "y": [3.0],
        ...                       "AR": [3.0], "Naive2": [1.0]})
        >>> owa(frame, history).to_dict()
        {'AR': 0.0, 'Naive2': 1.0}
    """
    check_choice("reference", reference, check_frame(frame))
    scores = pd.DataFrame(
        {
            "sMAPE": smape(frame).mean(skipna=False),
            "MASE": mase(frame, history, season_length=season_length).mean(skipna=False),
        }
    )
    return (scores / scores.loc[reference]).mean(axis=1, skipna=False).rename("OWA")


def wrmsse(
    frame: pd.DataFrame,
    history: pd.DataFrame,
    *,
    sales: str = "sales",
    levels: Sequence[Sequence[str]] = M5_LEVELS,
    days: int = 28,
) -> pd.DataFrame:
    """Weighted RMSSE of M5: series are added up to each level, and weighed by what they sold for lately.

        WRMSSE = sum_j w_j RMSSE_j,    w_j = share of series j in the sales of the last days of the history

    RMSSE is that of `forecast.evaluation.rmsse` with season_length 1 on the history from the first value that
    is not zero. The score of the competition is the mean over its levels.

    Args:
        frame: a backtest frame of one cutoff, without missing values.
        history: long frame `unique_id, ds, y` up to the cutoff, with the columns of the levels and `sales`.
        sales: column of history: units times price; missing values count as none.
        levels: for each level the columns whose values make a series; none for the total.
        days: last rows of each series that the weights are taken from.

    Returns:
        One row per level, one column per model, at least 0. Series without a scale are left out.

    References:
        S. Makridakis, E. Spiliotis, V. Assimakopoulos (2022), The M5 competition. International Journal of
        Forecasting 38, 1325-1336.

    Example:
        >>> import pandas as pd
        >>> history = pd.DataFrame({"unique_id": ["a"] * 3 + ["b"] * 3, "ds": [1, 2, 3] * 2,
        ...                         "y": [1.0, 2.0, 3.0, 5.0, 5.0, 7.0], "sales": 1.0})
        >>> frame = pd.DataFrame({"unique_id": ["a", "b"], "ds": 4, "cutoff": 3, "y": [4.0, 7.0],
        ...                       "AR": [3.0, 8.0]})
        >>> wrmsse(frame, history, levels=[(), ("unique_id",)])["AR"].round(3).tolist()
        [0.0, 0.854]
    """
    models = check_frame(frame)
    columns = list(dict.fromkeys([*(name for level in levels for name in level), sales, "y"]))
    _check_one_origin(frame, models, history, columns)
    known = history.drop_duplicates("unique_id").set_index("unique_id", drop=False).rename_axis(None)
    past = history[["unique_id", "ds", "y"]].assign(
        sales=history[sales].where(_last(history, check_count("days", days)), 0.0).fillna(0.0)
    )
    rows = {", ".join(level) or "total": _level(frame, past, models, known, list(level)) for level in levels}
    return pd.DataFrame(rows).T.rename_axis(index="level")


def _check_one_origin(
    frame: pd.DataFrame, models: list[str], history: pd.DataFrame, columns: list[str]
) -> None:
    absent = [name for name in columns if name not in history.columns]
    if absent:
        received = f"a frame without {', '.join(absent)}"
        remedy = "Read it with forecast.datasets.read_m5"
        raise ValueError(explain("history", f"a frame with {', '.join(columns)}", received, remedy))
    if frame["cutoff"].nunique() > 1 or frame[["y", *models]].isna().any(axis=None):
        received = f"{frame['cutoff'].nunique()} cutoffs, or missing values"
        raise ValueError(explain("frame", "of one cutoff and complete", received, "Score them one by one"))


def _last(history: pd.DataFrame, days: int) -> np.ndarray:
    back: np.ndarray = history.groupby("unique_id", observed=True)["ds"].rank(ascending=False).to_numpy()
    return back <= days


def _level(
    frame: pd.DataFrame, past: pd.DataFrame, models: list[str], known: pd.DataFrame, level: list[str]
) -> pd.Series:
    """The score of each model at one level."""
    series = known.groupby(level, observed=True).ngroup() if level else pd.Series(0, known.index)
    ahead = _added(frame, series, ["ds", "cutoff"], ["y", *models])
    before = _added(past, series, ["ds"], ["y", "sales"])
    begun = before[before["y"].ne(0).groupby(before["unique_id"]).cummax()]
    ahead = ahead[ahead["unique_id"].isin(begun["unique_id"])]
    error = rmsse(ahead, begun[["unique_id", "ds", "y"]])
    weight = before.groupby("unique_id")["sales"].sum()
    return error.mul(weight / weight.sum(), axis=0).sum()


def _added(rows: pd.DataFrame, series: pd.Series, keys: list[str], values: list[str]) -> pd.DataFrame:
    named = rows.assign(unique_id=rows["unique_id"].map(series).to_numpy())
    return named.groupby(["unique_id", *keys], observed=True, as_index=False)[values].sum()
