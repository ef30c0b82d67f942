"""Forecasts as the files that the organisers of M4 and M5 take: one series in each row, F1, F2, ... its steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast._checks import explain
from forecast._files import replacing
from forecast.datasets.wide_files import M5_DAYS

_M5_PHASES = ("_validation", "_evaluation")


def write_m4(path: str | Path, forecasts: pd.DataFrame, *, column: Any = None) -> None:
    """Write a submission to M4: id, F1, F2, ...; a series of fewer steps ends with empty cells.

    Args:
        path: the file to write.
        forecasts: long frame `unique_id, ds` and forecasts, as `predict` returns it, in any order.
        column: the one that holds the forecasts; None means the first behind `unique_id` and `ds`.

    Raises:
        ValueError: no forecasts, or missing ones.

    Example:
        >>> import tempfile
        >>> forecasts = pd.DataFrame({"unique_id": ["W1", "W1"], "ds": [8, 9], "AR": [2.5, 3.5]})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_m4(Path(folder, "submission.csv"), forecasts)
        ...     Path(folder, "submission.csv").read_text().split()
        ['id,F1,F2', 'W1,2.5,3.5']
    """
    with replacing(path) as new:
        _wide(forecasts, column).to_csv(new, index_label="id")


def write_m5(path: str | Path, forecasts: pd.DataFrame, *, column: Any = None) -> None:
    """Write a submission to M5: id, F1, ..., F28, and zeros for the phase of the competition that is not forecast.

    Args:
        path: the file to write.
        forecasts: long frame `unique_id, ds` and forecasts of 28 days for each id, which ends in "_validation"
            or "_evaluation".
        column: the one that holds the forecasts; None means the first behind `unique_id` and `ds`.

    Raises:
        ValueError: no forecasts, or missing ones, another number of days, or ids of another form.

    Example:
        >>> import tempfile
        >>> days = pd.date_range("2016-04-25", periods=28)
        >>> forecasts = pd.DataFrame({"unique_id": "A_1_CA_1_validation", "ds": days, "AR": 1.5})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_m5(Path(folder, "submission.csv"), forecasts)
        ...     pd.read_csv(Path(folder, "submission.csv"))[["id", "F1", "F28"]].to_dict("list")
        {'id': ['A_1_CA_1_validation', 'A_1_CA_1_evaluation'], 'F1': [1.5, 0.0], 'F28': [1.5, 0.0]}
    """
    wide = _wide(forecasts, column)
    named = wide.index.str.endswith(_M5_PHASES)
    if wide.shape[1] != M5_DAYS or wide.isna().any(axis=None) or not named.all():
        received = f"{wide.shape[1]} days of {wide.index[int(np.argmin(named))]!r} and others"
        allowed = f"{M5_DAYS} days of each id, which ends in {' or '.join(_M5_PHASES)}"
        raise ValueError(explain("forecasts", allowed, received, "Forecast the series of the sales file"))
    items = wide.index.str.replace("_(validation|evaluation)$", "", regex=True).unique()
    rows = [item + phase for phase in _M5_PHASES for item in items]
    with replacing(path) as new:
        wide.reindex(rows, fill_value=0.0).to_csv(new, index_label="id")


def _wide(forecasts: pd.DataFrame, column: Any) -> pd.DataFrame:
    """Forecasts with a series in each row, in the order of the frame."""
    keys = ["unique_id", "ds"]
    rest = [name for name in forecasts.columns if name not in keys]
    column = column if column is not None or not rest else rest[0]
    if len(rest) == len(forecasts.columns) - len(keys) and column in rest and len(forecasts):
        values = forecasts[column]
        if values.notna().all():
            step = forecasts.groupby("unique_id", observed=True)["ds"].rank(method="first").astype(int)
            wide = pd.Series(values.to_numpy(), [forecasts["unique_id"], step]).unstack()
            return wide.loc[forecasts["unique_id"].unique()].add_prefix("F")
        received = f"a missing value of {forecasts['unique_id'][values.isna()].iloc[0]!r}"
    else:
        received = f"columns {', '.join(map(str, forecasts.columns))} and {len(forecasts)} rows"
    allowed = "a long frame unique_id, ds and complete forecasts"
    raise ValueError(explain("forecasts", allowed, received, "Pass what predict() returned"))
