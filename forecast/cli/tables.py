"""Tables as the command line meets them: which column is what, and files that come out."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from forecast._checks import explain
from forecast.datasets import catalogue, load_dataset
from forecast.datasets.readers import parse_times, read_table
from forecast.panel import Panel

STEPS = 10  # horizon of a series without a season
ENDINGS = (".csv", ".parquet", ".png")


@dataclass(frozen=True)
class Data:
    """What a model is fitted on: `y` a Series or a long frame, `X` covariates of a single series or None."""

    name: str
    y: Any
    X: pd.DataFrame | None

    @property
    def season(self) -> int:
        """Steps of one season by the frequency of the index; 1 where there is none."""
        return Panel.from_data(self.y, allow_missing=True).season_length


def read_data(options: Namespace) -> Data:
    """The data that `options.data` names, its columns chosen by the options of the group "columns"."""
    if options.data in catalogue().index:
        return _embedded(options)
    path = Path(options.data)
    if not path.exists() and path.suffix not in (".csv", ".gz", ".parquet"):
        names = ", ".join(catalogue().index)
        raise ValueError(explain("DATA", f"a file or one of {names}", options.data, "Check the name"))
    frame = read_table(path)
    name = series_column(frame, options.id)
    time, target = _time_and_target(frame, name, options.time, options.target)
    frame = _pick(frame, name, time, [target, *options.covariates])
    title = path.name.partition(".")[0]
    if name is not None:
        return Data(title, frame.rename(columns={target: "y"}), None)
    frame = frame.set_index(time)
    return Data(title, frame[target], frame[options.covariates] if options.covariates else None)


def read_future(path: Path, time: str | None, series: str | None, covariates: Sequence[str]) -> pd.DataFrame:
    """Future covariates: a long frame where a column names the series, else one with the times as index."""
    frame = read_table(path)
    name = series_column(frame, series)
    rest = [column for column in frame.columns if column != name]
    time = time or ("ds" if "ds" in rest else str(rest[0]))
    frame = _pick(frame, name, time, covariates)
    return frame if name is not None else frame.set_index(time)


def series_column(frame: pd.DataFrame, option: str | None) -> str | None:
    """The column that names the series, or None for a single series."""
    return option or ("unique_id" if "unique_id" in frame.columns else None)


def check_endings(paths: Sequence[Path], allowed: Sequence[str] = ENDINGS) -> None:
    """Refuse an output that could not be written, before hours of work go into it."""
    for path in paths:
        if path.suffix not in allowed:
            raise ValueError(
                explain("--output", f"files that end in {', '.join(allowed)}", str(path), "Rename it")
            )
        if not path.parent.is_dir():
            remedy = "Create it or choose another"
            raise ValueError(explain("--output", "in a folder that exists", str(path.parent), remedy))


def write(paths: Sequence[Path], table: pd.DataFrame, draw: Callable[[], Any]) -> list[str]:
    """Write `table` to every .csv and .parquet, the picture of `draw` to every .png; return what to say."""
    for path in paths:
        if path.suffix == ".png":
            figure = draw()
            figure.savefig(path, dpi=150, bbox_inches="tight")
        else:
            write_table(path, table)
    return [f"wrote {path}" for path in paths]


def write_table(path: Path, table: pd.DataFrame) -> None:
    """One .csv or .parquet file; periods are written as their text."""
    table = plain(table)
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    else:
        table.to_csv(path, index=False)


def plain(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its index as columns and its periods as text."""
    if table.index.name is not None or not isinstance(table.index, pd.RangeIndex):
        table = table.rename_axis(index=table.index.name or "ds").reset_index()
    periods = [name for name in table.columns if isinstance(table[name].dtype, pd.PeriodDtype)]
    return table.astype(dict.fromkeys(periods, str))


def _embedded(options: Namespace) -> Data:
    data = load_dataset(options.data)
    if isinstance(data, pd.Series):
        if options.covariates:
            remedy = "Leave --covariates out"
            raise ValueError(
                explain("--covariates", "absent for a single column", options.covariates, remedy)
            )
        return Data(options.data, data, None)
    target = options.target or ("y" if "y" in data.columns else str(data.columns[0]))
    _present(data, [target, *options.covariates])
    return Data(options.data, data[target], data[options.covariates] if options.covariates else None)


def _time_and_target(
    frame: pd.DataFrame, name: str | None, time: str | None, target: str | None
) -> tuple[str, str]:
    """The options, else `ds` and `y`, else the first and the second of two columns."""
    rest = [str(column) for column in frame.columns if column != name]
    time = time or ("ds" if "ds" in rest else None)
    target = target or ("y" if "y" in rest else None)
    if len(rest) == 2:
        time = time or next(column for column in rest if column != target)
        target = target or next(column for column in rest if column != time)
    for option, column, default in (("--time", time, "ds"), ("--target", target, "y")):
        if column is None:
            remedy = f"Name it, for example {option} {rest[0]}"
            raise ValueError(explain(option, f"given for a table without a column {default!r}", rest, remedy))
    return str(time), str(target)


def _pick(frame: pd.DataFrame, name: str | None, time: str, columns: Sequence[str]) -> pd.DataFrame:
    """The named columns, times parsed; with a series column, `unique_id` and `ds` come first."""
    _present(frame, [*([name] if name is not None else []), time, *columns])
    frame = frame.assign(**{time: parse_times(frame[time], time)})
    if name is None:
        return frame[[time, *columns]]
    return frame[[name, time, *columns]].rename(columns={name: "unique_id", time: "ds"})


def _present(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Every column is in the table, and has one role."""
    for place, column in enumerate(columns):
        if column in columns[:place]:
            allowed = "another one for each of --time, --target, --id and --covariates"
            raise ValueError(explain("column", allowed, f"{column!r} twice", "Name each column once"))
        if column not in frame.columns:
            there = ", ".join(map(str, frame.columns))
            raise ValueError(
                explain("column", f"one of those in the table ({there})", repr(column), "Check its name")
            )
