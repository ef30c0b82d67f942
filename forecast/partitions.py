"""Panels larger than memory: parquet files forecast partition by partition, each series whole in one of them."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.base import clone
from tqdm import tqdm

from forecast._checks import check_count, check_horizon, check_jobs, check_verbose, explain
from forecast._files import open_run, remove_unfinished, replacing
from forecast.estimators.conformal import check_levels

COLUMNS = ("unique_id", "ds", "y")
SHUFFLED = "_shuffled"  # readers of parquet folders leave out what begins with _
RUN, LIST = "_run.json", "_files.json"


def predict_partitions(
    model: Any,
    data: str | Path,
    output: str | Path,
    *,
    horizon: int | None = None,
    level: float | Iterable[float] | None = None,
    rows: int = 1_000_000,
    series: str = "unique_id",
    time: str = "ds",
    target: str = "y",
    n_jobs: int | None = None,
    verbose: int = 0,
) -> list[Path]:
    """Forecast every series of a folder of parquet files that may be larger than memory.

    The files are one long table in any order. It is taken in partitions of about `rows` rows; a copy of the model is
    fitted on each and forecasts it. So this is for models that know each series alone (`Pretrained`, the naive ones,
    AR, ETS, Theta): their forecasts do not depend on the partitions. Memory is that of `n_jobs` partitions. Where a
    series has rows in several of them, the table is first shuffled on disk, so that each series lies in one; this needs
    room for it in `output`, one and a half times that of the table.

    Each partition becomes one file, written whole or not at all. A run that was stopped goes on where it stopped when
    it is called again with the same arguments.

    Args:
        model: a forecaster; it is cloned, never changed.
        data: a folder of .parquet files, those in its subfolders included, or one such file.
        output: a new folder, or that of a run that was stopped.
        horizon: steps to forecast; None = those of the model.
        level: nominal coverages in percent to ask of `predict_interval`; None for point forecasts alone.
        rows: rows of a partition, at least 1. A row group of a file is never divided, nor is a series.
        series, time, target: names of the columns.
        n_jobs: number of joblib jobs; a job is one partition. None = 1 or as set by `joblib.parallel_config`, which
            also chooses who works: processes, Dask, Ray. Workers on other machines need the same folders.
        verbose: 1 shows a progress bar.

    Returns:
        The files of `output` in the order of the partitions; `read_parquet(output)` of pandas or of Dask reads them
        all: unique_id, ds and the forecasts, as `predict` or `predict_interval` names them.

    Raises:
        ValueError, TypeError: an argument or the data cannot be used; a note names the partition.
        ImportError: without pyarrow.

    Example:
        >>> import tempfile
        >>> from forecast import Naive
        >>> folder, forecasts = Path(tempfile.mkdtemp()), Path(tempfile.mkdtemp())
        >>> table = pd.DataFrame({"unique_id": ["a"] * 3 + ["b"] * 3, "ds": [1, 2, 3] * 2, "y": [1.0, 2, 3, 7, 8, 9]})
        >>> table.to_parquet(folder / "table.parquet")
        >>> files = predict_partitions(Naive(), folder, forecasts, horizon=1)
        >>> pd.read_parquet(forecasts)
          unique_id  ds  Naive
        0         a   4    3.0
        1         b   4    9.0
    """
    names = _names(series, time, target)
    asked = _Asked(
        model,
        check_horizon(getattr(model, "horizon", None) if horizon is None else horizon),
        None if level is None else tuple(check_levels(level)),
    )
    check_count("rows", rows, maximum=2**63 - 1)
    check_jobs(n_jobs)
    check_verbose(verbose)
    folder, files = Path(output), _files(Path(data))
    if folder.resolve().is_relative_to(Path(data).resolve()):
        raise ValueError(explain("output", "outside the folder of the data", str(folder), "Choose another"))
    pieces = _pieces(files, names, rows)
    open_run(folder, {**asked.identity(), **_identity(files, names, rows)}, RUN)
    if not (folder / LIST).exists():
        work = _Work(n_jobs, verbose)
        if _divided(pieces, n_jobs):
            pieces = _shuffled(pieces, folder, rows, work)
        todo = [(piece, folder / f"part-{k:05d}.parquet") for k, piece in enumerate(pieces) if piece.rows]
        work.run("partitions", [(_forecast, piece, path, asked) for piece, path in todo])
        with replacing(folder / LIST) as new:
            new.write_text(json.dumps([path.name for _, path in todo]), encoding="utf-8")
        remove_unfinished(folder, "part-*.parquet")
        shutil.rmtree(folder / SHUFFLED, ignore_errors=True)
    return [folder / name for name in json.loads((folder / LIST).read_text(encoding="utf-8"))]


def longest_of_first(data: str | Path, names: tuple[str, str, str], rows: int) -> pd.DataFrame:
    """The rows of the longest series in the first partition, as far as they are in it."""
    frame = _pieces(_files(Path(data)), names, rows)[0].read_sorted()
    return frame[frame["unique_id"] == frame["unique_id"].value_counts().index[0]]


def _names(series: str, time: str, target: str) -> tuple[str, str, str]:
    """The columns of series, time and target; each has to be there."""
    for role, name in (("series", series), ("time", time), ("target", target)):
        if not isinstance(name, str):
            remedy = "A single series needs a column too, the same text in every row"
            raise ValueError(explain(role, "the name of a column", repr(name), remedy))
    return series, time, target


# ---------------------------------------------------------------------- the table


@dataclass(frozen=True)
class _Piece:
    """Some row groups of some files: a partition.

    Args:
        parts: files and the numbers of their row groups.
        names: columns of the series, the time and the target.
        rows: rows in all of them.
    """

    parts: tuple[tuple[Path, tuple[int, ...]], ...]
    names: tuple[str, str, str]
    rows: int

    def table(self, columns: Sequence[str], dictionary: Sequence[str] = ()) -> Any:
        """These columns as a table of pyarrow."""
        arrow, parquet = import_module("pyarrow"), _parquet()
        found = []
        for path, groups in self.parts:
            with parquet.ParquetFile(path, read_dictionary=[*dictionary]) as file:
                found.append(file.read_row_groups(list(groups), columns=list(columns)).select(list(columns)))
        return arrow.concat_tables(found).replace_schema_metadata(None)

    def read_sorted(self) -> pd.DataFrame:
        """The long frame sorted by series and time; its ids are categories, which take less memory."""
        table = self.table(self.names, self.names[:1]).rename_columns(list(COLUMNS)).unify_dictionaries()
        frame: pd.DataFrame = table.to_pandas(date_as_object=False)
        ids = frame["unique_id"].astype("category")
        frame["unique_id"] = ids = ids.cat.set_categories(ids.cat.categories.sort_values())
        times = pd.Index(frame["ds"])
        keys = times.asi8 if isinstance(times, pd.DatetimeIndex) else times.to_numpy()
        order = np.lexsort((keys, ids.cat.codes))
        return frame if (np.diff(order) == 1).all() else frame.iloc[order]

    def keys(self) -> np.ndarray:
        """One number for each series, the same wherever it occurs."""
        column = self.table(self.names[:1])[self.names[0]].unique()
        return pd.util.hash_array(column.to_numpy(zero_copy_only=False))


def _files(data: Path) -> list[Path]:
    """The parquet files of a folder, but those that its readers leave out; or the file itself."""
    if data.is_dir():
        found = sorted(data.rglob("*.parquet"))
        inner = [path.relative_to(data).parts for path in found]
        found = [
            path for path, parts in zip(found, inner, strict=True) if not any(p[0] in "._" for p in parts)
        ]
    else:
        found = [data] if data.is_file() else []
    if not found:
        remedy = "Name the folder that holds the .parquet files"
        raise ValueError(explain("data", "a folder of parquet files", str(data), remedy))
    return found


def _pieces(files: Sequence[Path], names: tuple[str, str, str], rows: int) -> list[_Piece]:
    """Neighbouring files together up to `rows`; the row groups of a file that has more likewise."""
    found: list[_Piece] = []
    for piece in _units(files, names, rows):
        last = found[-1] if found else None
        if last is not None and last.rows + piece.rows <= rows:
            found[-1] = replace(last, parts=(*last.parts, *piece.parts), rows=last.rows + piece.rows)
        else:
            found.append(piece)
    return found


def _units(files: Sequence[Path], names: tuple[str, str, str], rows: int) -> Iterator[_Piece]:
    for path in files:
        about = _parquet().read_metadata(path)
        missing = [name for name in names if name not in about.schema.to_arrow_schema().names]
        if missing:
            received = f"{path.name} without {', '.join(map(repr, missing))}"
            allowed = f"files with the columns {', '.join(names)}"
            raise ValueError(explain("data", allowed, received, "Check the names of the columns"))
        groups = [about.row_group(k).num_rows for k in range(about.num_row_groups)]
        if sum(groups) <= rows:
            yield _Piece(((path, tuple(range(len(groups)))),), names, sum(groups))
        else:
            yield from (_Piece(((path, (k,)),), names, count) for k, count in enumerate(groups))


def _divided(pieces: Sequence[_Piece], n_jobs: int | None) -> bool:
    """Whether a series has rows in several pieces."""
    found, divided = [np.empty(0, np.uint64)], False
    reading = (delayed(piece.keys)() for piece in pieces if not divided)
    for keys in Parallel(n_jobs=n_jobs, return_as="generator")(reading):
        divided = divided or len(np.intersect1d(found[-1], keys, assume_unique=True)) > 0  # of its neighbour
        found.append(keys)
    every = np.concatenate(found)
    return divided or len(np.unique(every)) < len(every)


def _shuffled(pieces: Sequence[_Piece], folder: Path, rows: int, work: _Work) -> list[_Piece]:
    """The same rows on disk in pieces of whole series: each has one row group in every one of the new files."""
    whole, count = folder / SHUFFLED, -(-sum(piece.rows for piece in pieces) // rows)
    whole.mkdir(exist_ok=True)
    paths = [whole / f"{number:05d}.parquet" for number in range(len(pieces))]
    work.run("shuffle", [(_scatter, piece, path, count) for piece, path in zip(pieces, paths, strict=True)])
    files = [(path, _parquet().read_metadata(path)) for path in paths]
    sizes = [[about.row_group(k).num_rows for k in range(count)] for _, about in files]
    return [
        _Piece(
            tuple((path, (k,)) for path, size in zip(paths, sizes, strict=True) if size[k]), COLUMNS, total
        )
        for k, total in enumerate(map(sum, zip(*sizes, strict=True)))
    ]


def _scatter(piece: _Piece, path: Path, count: int) -> None:
    """Write a piece as one file of `count` row groups, to which its series go by their hash."""
    table = piece.table(piece.names, piece.names[:1]).rename_columns(list(COLUMNS)).unify_dictionaries()
    series = table["unique_id"].combine_chunks().dictionary_encode()
    groups = pd.util.hash_array(series.dictionary.to_numpy(zero_copy_only=False)) % count
    group = groups[series.indices.fill_null(0).to_numpy()]
    ends = np.cumsum(np.bincount(group, minlength=count))
    ids = table["unique_id"].cast(
        series.dictionary.type
    )  # a slice of a dictionary would be written with all of it
    table = table.set_column(0, "unique_id", ids).take(np.argsort(group, kind="stable"))
    with replacing(path) as new, _parquet().ParquetWriter(new, table.schema) as file:
        for start, stop in zip([0, *ends], ends, strict=False):
            file.write_table(table.slice(start, stop - start), row_group_size=max(stop - start, 1))


def _parquet() -> Any:
    try:
        return import_module("pyarrow.parquet")
    except ImportError as error:
        remedy = "Install it with pip install 'keras-forecast[parquet]'"
        raise ImportError(explain("data", "read with pyarrow", "no pyarrow", remedy)) from error


# ---------------------------------------------------------------------- the forecasts


@dataclass(frozen=True)
class _Asked:
    """What is forecast of every partition."""

    model: Any
    horizon: int
    level: tuple[float, ...] | None

    def identity(self) -> dict[str, Any]:
        level = None if self.level is None else list(self.level)
        return {"model": repr(self.model), "horizon": self.horizon, "level": level}


def _identity(files: Sequence[Path], names: tuple[str, str, str], rows: int) -> dict[str, Any]:
    """What a run that goes on must have in common with the one that began, beside what is asked."""
    sizes = json.dumps([(path.name, path.stat().st_size) for path in files])
    digest = hashlib.sha256(sizes.encode()).hexdigest()
    return {"rows": rows, "columns": list(names), "files": digest, "version": version("keras-forecast")}


@dataclass(frozen=True)
class _Work:
    """Tasks that write one file each; those whose file is there are done."""

    n_jobs: int | None
    verbose: int

    def run(self, name: str, tasks: Sequence[tuple[Any, ...]]) -> None:
        """Run tasks (function, piece, path, ...) in any order."""
        left = [task for task in tasks if not task[2].exists()]
        done = Parallel(n_jobs=self.n_jobs, return_as="generator_unordered")(
            delayed(function)(*arguments) for function, *arguments in left
        )
        with tqdm(
            desc=name, total=len(tasks), initial=len(tasks) - len(left), disable=not self.verbose
        ) as bar:
            for _ in done:
                bar.update()


def _forecast(piece: _Piece, path: Path, asked: _Asked) -> None:
    """Forecast a partition and write it."""
    try:
        frame = piece.read_sorted()
        label = frame["unique_id"].cat.categories.dtype
        fitted = clone(asked.model).fit(frame)
        del frame
        if asked.level is None:
            table = fitted.predict(asked.horizon)
        else:
            table = fitted.predict_interval(asked.horizon, level=asked.level)
    except Exception as error:
        error.add_note(f"Raised in {path.name}, read from {piece.parts[0][0].name}.")
        raise
    with replacing(path) as new:
        table.astype({"unique_id": label}).to_parquet(new, index=False)
