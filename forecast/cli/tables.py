"""Tables as the command line meets them: which column is what, and files that come out."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast._checks import explain
from forecast._files import replacing
from forecast.datasets import catalogue, load_dataset
from forecast.datasets.number_columns import numbers
from forecast.datasets.table_files import Spelling, Table, read_table
from forecast.datasets.text_columns import categories, check_free, ids
from forecast.datasets.time_columns import times
from forecast.panel import Panel

STEPS = 10  # horizon of a series without a season


@dataclass(frozen=True)
class Data:
    """What a model is fitted on: `y` a Series or a long frame, `X` covariates of a single series or None."""

    name: str
    y: Any
    X: pd.DataFrame | None

    @property
    def season(self) -> int:
        """Steps of one season by the frequency of the index; 1 where there is none."""
        y = self.y[["unique_id", "ds", "y"]] if isinstance(self.y, pd.DataFrame) else self.y
        return Panel.from_data(y, allow_missing=True).season_length

    def last(self, rows: int | None) -> Data:
        """The last rows of each series; None for all."""
        if rows is None:
            return self
        if isinstance(self.y, pd.DataFrame):
            return replace(self, y=self.y.groupby("unique_id", sort=False).tail(rows))
        return replace(self, y=self.y.iloc[-rows:], X=None if self.X is None else self.X.iloc[-rows:])


def read_data(options: Namespace) -> Data:
    """The data that `options.data` names, its columns chosen by the options of the group "columns"."""
    if options.data in catalogue().index:
        return _embedded(options)
    path = Path(options.data)
    if not path.exists():
        names = ", ".join(catalogue().index)
        raise ValueError(explain("DATA", f"a file or one of {names}", options.data, "Check the name"))
    table = read_table(path, spelling(options))
    name = series_column(table, options.series)
    time, target = _time_and_target(table, name, options.time, options.target)
    kept = list(category_lengths(options))
    frame = _pick(table, options, name, time, [target, *covariate_names(options)], kept)
    title = path.name.partition(".")[0]
    if name is not None:
        check_free(covariate_names(options), table.source)
        return Data(title, _sorted(frame, "ds", frame["unique_id"]).rename(columns={target: "y"}), None)
    frame = _sorted(frame, time, pd.Series(0, frame.index)).set_index(time)
    covariates = covariate_names(options)
    return Data(title, frame[target], frame[covariates] if covariates else None)


def read_future(
    options: Namespace, panel: Panel, levels: Mapping[Any, Sequence[Any]], optional: Collection[Any] = ()
) -> pd.DataFrame:
    """Future covariates in the form of the history: with its kind of times, its ids and its columns.

    Args:
        options: those of `forecast predict`.
        panel: the history of the model.
        levels: categories of each column of categories.
        optional: covariates that the file may leave out.
    """
    table, names = read_table(options.future, spelling(options)), panel.layout.names
    several = panel.layout.keyed and names.series is not None
    name = series_column(table, options.series, str(names.series)) if several else None
    if several and name is None:
        received = ", ".join(map(str, table.frame.columns))
        remedy = "Name the column of the series, for example --series shop"
        raise ValueError(explain("--series", "given for a model of several series", received, remedy))
    rest = [str(column) for column in table.frame.columns if column != name]
    likely = (str(panel.timeline.name), str(names.time), rest[0])
    time = options.time or next(column for column in likely if column in rest)
    wanted = [column for column in panel.layout.covariates if column not in optional or column in rest]
    frame = _pick(table, options, name, time, [str(column) for column in wanted], list(levels))
    for column, known in levels.items():
        if column in frame and not any(
            isinstance(level, str) for level in known
        ):  # a model fitted on numbers in Python
            frame[column] = pd.to_numeric(frame[column])
    key = time if name is None else "ds"
    frame[key] = _as_in_history(frame[key], panel)
    if name is None:
        return frame.rename(columns={time: names.time}) if panel.layout.keyed else frame.set_index(time)
    check_free([str(column) for column in wanted], table.source)
    known_ids = {str(known): known for known in panel.ids}
    frame["unique_id"] = frame["unique_id"].map(lambda key: known_ids.get(str(key), key))
    if panel.layout.form == "long":
        return frame.rename(columns={"unique_id": names.series, "ds": names.time})
    index_names = [panel.layout.id_name, panel.timeline.name]
    return frame.set_index(["unique_id", "ds"]).rename_axis(index=index_names)


def _as_in_history(times: pd.Series, panel: Panel) -> pd.Series:
    """Times as periods or in the time zone where those of the history are so."""
    like = panel.timeline.index(0, 0, 1)
    dates = pd.api.types.is_datetime64_any_dtype(times.dtype)
    if dates and isinstance(like, pd.PeriodIndex):
        return times.dt.to_period(like.freq)
    if dates and getattr(like, "tz", None) is not None and times.dt.tz is not None:
        return times.dt.tz_convert(like.tz)
    return times


def spelling(options: Namespace) -> Spelling:
    """How the files of these options are written."""
    separator = options.separator and options.separator.replace("\\t", "\t")
    return Spelling(
        separator=separator,
        decimal=options.decimal,
        thousands=options.thousands,
        encoding=options.encoding,
    )


def category_lengths(options: Namespace) -> dict[str, int]:
    """Columns of categories with the lengths of their learned vectors: those given, or 2."""
    lengths = {}
    for text in options.categories:
        name, equals, length = text.rpartition("=")
        if equals and not length.isdecimal():
            remedy = "Write for example --categories weather=3"
            raise ValueError(explain("--categories", "names, or pairs NAME=LENGTH", text, remedy))
        lengths[name if equals else text] = int(length) if equals else 2
    return lengths


def covariate_names(options: Namespace) -> list[str]:
    """All covariates: those of --covariates, then those of --categories alone."""
    return list(dict.fromkeys((*options.covariates, *category_lengths(options))))


def series_column(table: Table, option: str | None, usual: str = "unique_id") -> str | None:
    """The column that names the series, or None for a single series."""
    return option or (usual if usual in table.frame.columns else None)


def write(paths: Sequence[Path], table: pd.DataFrame, draw: Callable[[], Any]) -> list[str]:
    """Write `table` to every .csv and .parquet, the picture of `draw` to every .png; return what to say."""
    for path in paths:
        if path.suffix.lower() == ".png":
            figure = draw()
            with replacing(path) as new:
                figure.savefig(new, dpi=150, bbox_inches="tight", format="png")
        else:
            write_table(path, table)
    return [f"wrote {path}" for path in paths]


def write_table(path: Path, table: pd.DataFrame) -> None:
    """One .csv or .parquet file; periods are written as their text."""
    table = plain(table)
    with replacing(path) as new:
        if path.suffix.lower() == ".parquet":
            table.to_parquet(new, index=False)
        else:
            table.to_csv(new, index=False)


def plain(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its index as columns and its periods as text."""
    if table.index.names != [None] or not isinstance(table.index, pd.RangeIndex):
        default = ("unique_id", "ds")[-table.index.nlevels :]
        names = [name or other for name, other in zip(table.index.names, default, strict=True)]
        table = table.rename_axis(index=names).reset_index()
    periods = [name for name in table.columns if isinstance(table[name].dtype, pd.PeriodDtype)]
    return table.astype(dict.fromkeys(periods, str))


_OF_FILES = ("time", "series", "separator", "decimal", "thousands", "encoding", "date_format", "time_zone")


def _embedded(options: Namespace) -> Data:
    for name in _OF_FILES:
        if getattr(options, name) is not None:
            option = f"--{name.replace('_', '-')}"
            allowed = "absent for an embedded data set"
            raise ValueError(explain(option, allowed, getattr(options, name), f"Leave {option} out"))
    data = load_dataset(options.data)
    if isinstance(data, pd.Series):
        for option, given in (("--covariates", options.covariates), ("--categories", options.categories)):
            if given:
                allowed, remedy = "absent for a single column", f"Leave {option} out"
                raise ValueError(explain(option, allowed, ", ".join(given), remedy))
        return Data(options.data, data, None)
    target = options.target or ("y" if "y" in data.columns else str(data.columns[0]))
    covariates = covariate_names(options)
    _present(list(data.columns), [target, *covariates], options.data)
    return Data(options.data, data[target], data[covariates] if covariates else None)


def _time_and_target(table: Table, name: str | None, time: str | None, target: str | None) -> tuple[str, str]:
    """The options, else `ds` and `y`, else the first and the second of two columns."""
    rest = [str(column) for column in table.frame.columns if column != name]
    time = time or ("ds" if "ds" in rest else None)
    target = target or ("y" if "y" in rest else None)
    if len(rest) == 2:
        time = time or next(column for column in rest if column != target)
        target = target or next(column for column in rest if column != time)
    for option, column, default in (("--time", time, "ds"), ("--target", target, "y")):
        if column is None:
            allowed = f"given for a table without a column {default!r}"
            received = f"the columns {', '.join(rest)} of {table.source}"
            raise ValueError(explain(option, allowed, received, _naming(table, rest, name is None)))
    return str(time), str(target)


def _naming(table: Table, columns: list[str], alone: bool) -> str:
    """Options that name the columns of a file by what their cells hold, for a message.

    Args:
        table: the file.
        columns: those that may hold times and values.
        alone: whether no column names the series yet.
    """
    readable = [column for column in columns if _reads(numbers, table, [column])]
    words = [column for column in columns if column not in readable]
    time = next((column for column in words if _reads(times, table, column)), columns[0])
    rest = [column for column in columns if column != time]
    named = {"--time": time, "--target": next((column for column in rest if column in readable), rest[-1])}
    if alone and table.frame[time].duplicated().any():
        named = {"--series": next(column for column in [*words, *rest] if column != time), **named}
    return f"Name them, for example {' '.join(f'{option} {column}' for option, column in named.items())}"


def _reads(reader: Callable[..., Any], table: Table, column: Any) -> bool:
    """Whether the cells of a column are what a reader expects."""
    try:
        reader(table, column)
    except (ValueError, TypeError):
        return False
    return True


def _pick(
    table: Table, options: Namespace, name: str | None, time: str, columns: Sequence[str], text: Sequence[str]
) -> pd.DataFrame:
    """The named columns, times and numbers read; with a series column, as a long frame.

    Args:
        table: the file.
        options: those that say how times are written.
        name: the column that names the series, or None.
        time: the column of times.
        columns: target and covariates.
        text: those of them that hold categories, which stay text.
    """
    _present(list(table.frame.columns), [*([name] if name is not None else []), time, *columns], table.source)
    found = times(table, time, date_format=options.date_format, time_zone=options.time_zone)
    values = numbers(table, [column for column in columns if column not in text])
    kept = {column: categories(table, column) for column in text}
    data = {column: kept[column] if column in text else values[column] for column in columns}
    if name is None:
        return pd.DataFrame({time: found, **data})
    return pd.DataFrame({"unique_id": ids(table, name), "ds": found, **data})


def _sorted(frame: pd.DataFrame, time: str, series: pd.Series) -> pd.DataFrame:
    """Rows in the order of time within each series, the series in the order of the file."""
    order = np.lexsort((pd.factorize(frame[time], sort=True)[0], pd.factorize(series)[0]))
    return frame.iloc[order].reset_index(drop=True)


def _present(there: Sequence[str], columns: Sequence[str], source: str) -> None:
    """Every column is in the table, and has one role."""
    for place, column in enumerate(columns):
        if column in columns[:place]:
            allowed = "another one for each of --time, --target, --series and --covariates"
            raise ValueError(explain("column", allowed, f"{column!r} twice", "Name each column once"))
        if column not in there:
            allowed = f"one of those in the table ({', '.join(map(str, there))})"
            raise ValueError(explain(f"{source}, column", allowed, repr(column), "Check its name"))
