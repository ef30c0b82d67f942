"""The backtest frame: its columns, what a metric may rely on, and how many steps ahead each row lies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from forecast._checks import check_choice, explain
from forecast.estimators.conformal import read_bound
from forecast.panel.frequency import Clock, Frequency
from forecast.panel.regularity import infer_offset
from forecast.panel.timeline import Dates, Numbers, Timeline

KEYS = ("unique_id", "ds", "cutoff", "y")
GROUPS = ("unique_id", "cutoff", "ds", "step")
_ROW = ["unique_id", "ds", "cutoff"]
_PASS_FRAME = "Pass what backtest() returned"


def model_names(frame: pd.DataFrame) -> list[Any]:
    """Columns of a backtest frame that hold point forecasts, in their order.

    Example:
        >>> import pandas as pd
        >>> model_names(pd.DataFrame(columns=["unique_id", "ds", "cutoff", "y", "AR", "AR-lo-80"]))
        ['AR']
    """
    _check_columns("frame", frame, KEYS)
    return [column for column in frame.columns if is_model_name(column)]


def is_model_name(name: object) -> bool:
    """Whether a column of a backtest frame may have this name and hold point forecasts."""
    return name not in (*KEYS, "step") and read_bound(name) is None


def check_frame(frame: pd.DataFrame) -> list[Any]:
    """A backtest frame that metrics can rely on, whatever the order of its rows; returns its models.

    Every row has its series, its time and its cutoff, the time after the cutoff, and no row is repeated. y and
    forecasts are numbers; both may be missing.

    Example:
        >>> import pandas as pd
        >>> check_frame(pd.DataFrame({"unique_id": "a", "ds": [3, 4], "cutoff": 2, "y": [1, 3], "AR": [2, 1]}))
        ['AR']
    """
    models = model_names(frame)
    if not models or not len(frame):
        received = "a frame without rows" if models else "a frame without a column of forecasts"
        raise ValueError(explain("frame", "at least one row and one model", received, _PASS_FRAME))
    values = ["y", *(column for column in frame.columns if column in models or read_bound(column))]
    _check_rows("frame", frame, _ROW, values)
    try:
        late = (frame["ds"] > frame["cutoff"]).to_numpy(dtype=bool)
    except TypeError:
        received = f"ds of dtype {frame['ds'].dtype} and cutoff of dtype {frame['cutoff'].dtype}"
        raise TypeError(
            explain("frame", "of one type of time in ds and cutoff", received, _PASS_FRAME)
        ) from None
    if not late.all():
        row = frame.loc[~late].iloc[0]
        received = f"a forecast for {row['ds']} made at {row['cutoff']}"
        raise ValueError(explain("frame", "forecasts of times after their cutoff", received, _PASS_FRAME))
    return models


def check_history(history: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """The history of a checked backtest frame, sorted by series and time; it must hold all series of the frame."""
    _check_columns("history", history, ("unique_id", "ds", "y"))
    _check_rows("history", history, ["unique_id", "ds"], ["y"])
    absent = frame.loc[~frame["unique_id"].isin(history["unique_id"]), "unique_id"]
    if len(absent):
        received = f"none of {absent.iloc[0]!r}"
        remedy = "Pass the history that the backtest was made on, with the same ids"
        raise ValueError(explain("history", "rows of every series of the frame", received, remedy))
    kinds = [_kind_of(times.dtype) for times in (history["ds"], frame["cutoff"])]
    if kinds[0] != kinds[1]:
        received = f"ds of dtype {history['ds'].dtype} beside cutoffs of dtype {frame['cutoff'].dtype}"
        remedy = "Convert one of them, for example with history['ds'].dt.to_period('M')"
        raise TypeError(explain("history", "of the same type of time as the frame", received, remedy))
    return history.sort_values(["unique_id", "ds"], kind="stable")


def check_by(by: str | Sequence[str]) -> list[str]:
    """Columns that name a group.

    Example:
        >>> check_by("unique_id"), check_by(("unique_id", "step"))
        (['unique_id'], ['unique_id', 'step'])
    """
    remedy = "Pass by=['unique_id', 'step']"
    if not isinstance(by, Iterable):
        raise TypeError(explain("by", f"a list of names of {', '.join(GROUPS)}", repr(by), remedy))
    keys = [by] if isinstance(by, str) else list(by)
    for key in keys:
        check_choice("by", key, GROUPS)
    if not keys or len(set(keys)) < len(keys):
        raise ValueError(explain("by", "at least one name, each once", repr(by), remedy))
    return keys


# ---------------------------------------------------------------------- steps ahead


def add_step(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with a column `step`, how many steps after its cutoff a row lies, 1 for the next one.

    Steps follow from the times alone, so rows may lie in any order and some may be left out. The step of time
    is that of the frame's `attrs["freq"]`, as `backtest` sets it, else the one common to the times of the
    longest series; times without a common step are counted in each series from the cutoff on.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"unique_id": "a", "ds": [4, 3], "cutoff": 2, "y": 0.0, "AR": 0.0})
        >>> add_step(frame)["step"].tolist()
        [2, 1]
    """
    if "step" in frame.columns:
        steps = frame["step"]
        if not pd.api.types.is_integer_dtype(steps.dtype) or (len(steps) and steps.min() < 1):
            received = f"a column step of dtype {steps.dtype}" + (
                f" from {steps.min()}" if len(steps) else ""
            )
            raise ValueError(explain("frame", "with steps of at least 1", received, "Drop this column"))
        return frame
    steps = _regular_steps(frame) if len(frame) else np.empty(0, dtype=np.int64)
    return frame.assign(step=_counted(frame) if steps is None or (steps < 1).any() else steps)


def spacing(timeline: Timeline) -> str | int | None:
    """The step of time as `attrs["freq"]` keeps it: a pandas frequency or a number, None where neither expresses it."""
    if isinstance(timeline, Numbers):
        return int(timeline.step)
    if not isinstance(timeline, Dates) or timeline.offset is None:
        return None  # periods know their frequency
    return None if getattr(timeline.offset, "calendar", None) is not None else timeline.offset.freqstr


def _regular_steps(frame: pd.DataFrame) -> np.ndarray | None:
    """Steps from cutoff to ds by a step common to all times, below 1 where it does not lead there; or None."""
    times = pd.Index(pd.concat([frame["cutoff"], frame["ds"]], ignore_index=True))
    freq = frame.attrs.get("freq", _common_step(frame, times))
    if isinstance(times, pd.PeriodIndex):
        keys, width = times.asi8, times.freq.n
    elif isinstance(times, pd.DatetimeIndex):
        if not isinstance(freq, (str, pd.offsets.BaseOffset)):
            return None
        made, due = np.split(times.asi8, 2)
        return Frequency(to_offset(freq), Clock(times.tz, times.unit)).positions(made, due)
    elif pd.api.types.is_integer_dtype(times.dtype) and freq:
        keys, width = times.to_numpy(dtype=np.int64), int(freq)
    else:
        return None
    whole, rest = np.divmod(keys[len(frame) :] - keys[: len(frame)], width)
    return np.where(rest == 0, whole, 0)


def _common_step(frame: pd.DataFrame, times: pd.Index) -> Any:
    """The step between the distinct times of the longest series; None where there is none."""
    codes = pd.factorize(frame["unique_id"])[0]
    own = times[np.tile(codes == np.bincount(codes).argmax(), 2)].unique().sort_values()
    if isinstance(own, pd.DatetimeIndex):
        return infer_offset(own)
    if pd.api.types.is_integer_dtype(own.dtype):
        return int(np.gcd.reduce(np.diff(own.to_numpy(dtype=np.int64))))
    return None


def _counted(frame: pd.DataFrame) -> np.ndarray:
    """Steps as the rank of each time among those that a series has after the cutoff."""
    ranks = frame.groupby(["unique_id", "cutoff"], sort=False, observed=True)["ds"]
    return ranks.rank(method="dense").to_numpy().astype(np.int64)


# ---------------------------------------------------------------------- checks of tables


def _check_columns(name: str, frame: Any, needed: Sequence[str]) -> None:
    allowed = f"a pandas frame with the columns {', '.join(needed)}"
    if name == "frame":
        allowed = f"a backtest frame of pandas with the columns {', '.join(needed)} and one per model"
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(explain(name, allowed, f"an object of type {type(frame).__name__}", _PASS_FRAME))
    missing = [key for key in needed if key not in frame.columns]
    if missing:
        raise ValueError(explain(name, allowed, f"a frame without {', '.join(missing)}", _PASS_FRAME))
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise ValueError(
            explain(name, "columns of different names", f"{twice[0]!r} twice", "Rename one of them")
        )


def _check_rows(name: str, frame: pd.DataFrame, keys: list[str], values: list[Any]) -> None:
    for key in keys:
        unknown = frame[key].isna().to_numpy()
        if unknown.any():
            received = f"a missing {key} in row {int(np.argmax(unknown))}"
            raise ValueError(explain(name, f"rows whose {key} is known", received, "Drop these rows"))
    for column in values:
        if not pd.api.types.is_numeric_dtype(frame[column].dtype):
            received = f"a column {column!r} of dtype {frame[column].dtype}"
            remedy = f"Convert it, for example with {name}[{column!r}].astype(float)"
            raise TypeError(explain(name, "numbers in y and in the columns of models", received, remedy))
    again = frame.duplicated(keys).to_numpy()
    if again.any():
        row = frame.iloc[int(np.argmax(again))]
        received = ", ".join(f"{key} {row[key]}" for key in keys) + " more than once"
        raise ValueError(explain(name, f"one row for each {', '.join(keys)}", received, "Drop the others"))


def _kind_of(dtype: Any) -> str:
    if isinstance(dtype, pd.PeriodDtype):
        return str(dtype)
    if isinstance(dtype, pd.DatetimeTZDtype):
        return "times of a zone"
    if pd.api.types.is_integer_dtype(dtype):
        return "numbers"
    return "times" if pd.api.types.is_datetime64_dtype(dtype) else str(dtype)
