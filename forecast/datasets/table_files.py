"""Tables in CSV and parquet files: cells as they are, and where they stand."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from forecast._checks import check_choice, explain
from forecast.datasets.text_files import Source, read_text

SEPARATORS = (",", ";", "\t", "|")
CSV_ENDINGS = (".csv", ".tsv", ".txt")
_SHEETS = (".xlsx", ".xls", ".xlsm", ".ods")
_QUOTES = "Correct that line; a quotation mark may lack its end"
_TOLD = re.compile(r"(sep=.)(?=[\r\n])")
_LINE = re.compile(r"[^\r\n]*(\r\n|\r|\n|$)")
_DATE = re.compile(r"\d{4}-\d{1,2}(-|$)|\d{1,2}[./]\d{1,2}[./]\d{2,4}")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
_SAMPLE = 20  # rows that a separator must split alike to be recognised


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """How a CSV file spells its cells; None where that is detected from the file.

    Args:
        separator: character between two cells; None recognises a comma, semicolon, tab or bar.
        decimal: "." or ","; None is the point, and the comma in a table that is separated by something else
            and has numbers such as 1,5.
        thousands: character between groups of three digits; None for no groups.
        encoding: of the text; None is UTF-8. A byte-order mark takes precedence.
    """

    separator: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    encoding: str | None = None

    def __post_init__(self) -> None:
        if self.separator is not None and (not isinstance(self.separator, str) or len(self.separator) != 1):
            remedy = "Pass for example separator=';'"
            raise ValueError(explain("separator", "one character", repr(self.separator), remedy))
        check_choice("decimal", self.decimal, (None, ",", "."))
        check_choice("thousands", self.thousands, (None, ",", ".", " ", "'", "_"))
        if self.thousands is not None and self.thousands == (self.decimal or "."):
            remedy = "Pass decimal=',', thousands='.' for numbers such as 1.234,5"
            received = repr(self.thousands)
            raise ValueError(explain("thousands", "another character than decimal", received, remedy))


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of a file: text from CSV, typed from parquet.

    Args:
        source: the file's name.
        frame: the cells.
        spelling: of a CSV file.
        text: of a CSV file, for looking up lines.
        rows: of the file that the frame's rows stand for; None for all.
    """

    source: str
    frame: pd.DataFrame
    spelling: Spelling
    text: str | None = None
    rows: np.ndarray | None = None

    def unique(self, name: str) -> tuple[Table, np.ndarray]:
        """The table of the distinct cells of a column, and the position (rows,) there of each cell."""
        codes, cells = pd.factorize(self.frame[name], use_na_sentinel=False)
        rows = np.flatnonzero(~pd.Series(codes).duplicated())
        return replace(self, frame=pd.DataFrame({name: cells}), rows=rows), codes

    def place(self, row: int) -> str:
        """In words, where row number `row` (from 0) stands: the line of a CSV file, the row of another."""
        row = row if self.rows is None else int(self.rows[row])
        if self.text is None:
            return f"row {row}"
        line, _ = next(islice(records(self.text, self.spelling.separator), row + 1, None))
        return f"line {line}"


def read_table(source: Source, spelling: Spelling | None = None, *, short_rows: bool = False) -> Table:
    """A CSV or parquet file, distinguished by the ending of its name; an open file is CSV.

    Args:
        source: path, or a file opened as text.
        spelling: of a CSV file; None recognises what it can.
        short_rows: whether rows may end before the last column; what they lack is empty.

    Raises:
        FileNotFoundError, OSError: there is no such file, or it cannot be opened.
        ValueError: another ending, no names of columns, no rows, or a row with too many or too few cells.
        ImportError: a parquet file without pyarrow.

    Example:
        >>> import io
        >>> read_table(io.StringIO("shop;sold\\n007;1,5\\n")).frame.to_dict("list")
        {'shop': ['007'], 'sold': ['1,5']}
    """
    spelling = spelling or Spelling()
    name = "the file" if not isinstance(source, (str, Path)) else str(source)
    if isinstance(source, (str, Path)):
        ending = Path(name.lower().removesuffix(".gz")).suffix
        if ending == ".parquet":
            return Table(name, _read_parquet(source), spelling)
        _check_ending(ending, name)
    return _read_csv(read_text(source, encoding=spelling.encoding), name, spelling, short_rows)


def _check_ending(ending: str, name: str) -> None:
    if ending in CSV_ENDINGS:
        return
    remedy = "Rename or convert it"
    if ending in _SHEETS:
        remedy = "Save the sheet as CSV, or convert it with pandas.read_excel(path).to_csv('table.csv')"
    allowed = "a file that ends in .csv, .csv.gz or .parquet (or .tsv, .txt)"
    raise ValueError(explain("path", allowed, name, remedy))


def _read_parquet(path: str | Path) -> pd.DataFrame:
    """The columns; an index that was stored with them and has a name or times is a column too."""
    if not Path(path).exists():
        raise FileNotFoundError(explain("path", "an existing file", str(path), "Check the name"))
    try:
        frame = pd.read_parquet(path)
    except ImportError as error:
        remedy = "Install it with pip install 'keras-forecast[parquet]', or save the table as CSV"
        raise ImportError(explain(str(path), "read by pyarrow", str(error), remedy)) from error
    except Exception as error:  # pyarrow's errors have no common class
        received = f"a file that cannot be read ({error})"
        raise ValueError(explain(str(path), "a parquet file", received, "Write it again")) from error
    frame.columns = frame.columns.map(str)
    levels = [frame.index.get_level_values(level) for level in range(frame.index.nlevels)]
    for level in reversed(levels):
        times = isinstance(level, (pd.DatetimeIndex, pd.PeriodIndex))
        name = level.name if level.name is not None else "ds" if times else None
        if name is not None and name not in frame.columns:
            frame.insert(0, name, level)
    check_names(list(frame.columns), str(path))
    if not len(frame):
        raise _no_rows(str(path))
    return frame.reset_index(drop=True)


def _read_csv(text: str, name: str, spelling: Spelling, short_rows: bool) -> Table:
    if not text.strip():
        raise ValueError(explain(name, "a table", "an empty file", "Write a line of names, then the rows"))
    told = _TOLD.match(text)
    if told is not None:  # a first line for Excel; left blank so that lines keep their numbers
        text = text[told.end(1) :]
        spelling = replace(spelling, separator=spelling.separator or told[1][-1])
    try:
        spelling = _with_separator(text, name, spelling)
        header = _header(text, name, spelling)
        frame = _cells(text, name, spelling, header)
        if not short_rows and (frame[header[-1]] == "").any():
            _refuse_ragged(text, name, spelling, header)
    except csv.Error as error:
        raise ValueError(explain(name, "a CSV file", str(error), _QUOTES)) from error
    if not len(frame):
        raise _no_rows(name)
    return Table(name, frame, spelling, text)


def records(text: str, separator: str | None) -> Iterator[tuple[int, list[str]]]:
    """Number of the last line, and cells, of every row that is not blank."""
    lines = (line[0] for line in _LINE.finditer(text))
    reader = csv.reader(lines, delimiter=separator or ",")
    for row in reader:
        if len(row) > 1 or any(cell.strip() for cell in row):
            yield reader.line_num, row


def _with_separator(text: str, name: str, spelling: Spelling) -> Spelling:
    """The spelling with the separator of the file: the one that splits its first rows alike."""
    if spelling.separator is not None:
        return spelling
    found = [mark for mark in SEPARATORS if _splits(text, mark)]
    if len(found) > 1:
        remedy = f"Pass the right one, for example separator={found[0]!r}"
        received = f"{' and '.join(map(repr, found))}, which both split its first rows alike"
        raise ValueError(explain(name, "a table with one separator", received, remedy))
    if found:
        return replace(spelling, separator=found[0])
    first = next(line[0] for line in _LINE.finditer(text) if line[0].strip())
    return replace(spelling, separator=max(SEPARATORS, key=first.count))


def _splits(text: str, mark: str) -> bool:
    """Whether the mark cuts the first rows into equally many cells, more than one."""
    counts = {
        len(row) - (not row[-1].strip())  # a mark at the end of a row adds no cell
        for _, row in islice(records(text, mark), _SAMPLE)
    }
    return len(counts) == 1 and counts.pop() > 1


def _header(text: str, name: str, spelling: Spelling) -> list[str]:
    """Names of the columns; one without a name is named as in pandas, `Unnamed: 0`."""
    _, cells = next(records(text, spelling.separator))
    names = [cell.strip() for cell in cells]
    while not names[-1]:  # a separator at the end of the line
        names.pop()
    words = [word for word in names if word]
    if names[0].startswith("#") and names[0] != "#":
        remedy = "Remove the lines of comment above the names of the columns"
        raise ValueError(explain(name, "a table that begins with its column names", repr(names[0]), remedy))
    if any(map(_DATE.match, words)) or (words == names and all(map(_NUMBER.fullmatch, words))):
        remedy = "Insert a first line with their names, such as ds,y"
        raise ValueError(explain(name, "a table whose first line names the columns", repr(names), remedy))
    if len(names) == 1:
        remedy = "Pass the separator of the file, for example separator=' '"
        raise ValueError(explain(name, "a table of two columns or more", f"one column {names[0]!r}", remedy))
    check_names(words, name)
    return [word or f"Unnamed: {place}" for place, word in enumerate(names)]


def check_names(names: Sequence[str], source: str) -> None:
    """Refuse two columns of one name."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        received = f"{', '.join(map(repr, twice))} more than once"
        remedy = "Rename or remove the second column of the name"
        raise ValueError(explain(source, "a table with a different name for each column", received, remedy))


def _cells(text: str, name: str, spelling: Spelling, header: list[str]) -> pd.DataFrame:
    """All cells below the header as text; a row may end with a separator."""
    lines = io.StringIO(text, newline="")
    next(csv.reader((line for line in lines if line.strip()), delimiter=spelling.separator or ","))
    width = max(len(row) for _, row in islice(records(text, spelling.separator), 2)) + 1
    try:
        frame = pd.read_csv(
            lines, sep=spelling.separator, header=None, names=range(width), dtype=str, na_filter=False
        )
    except pd.errors.ParserError as error:
        _refuse_ragged(text, name, spelling, header)
        received = "rows that end in different numbers of separators, or a quotation mark without its end"
        raise ValueError(explain(name, "a CSV file", received, "Correct these lines")) from error
    except pd.errors.EmptyDataError as error:
        raise _no_rows(name) from error
    if (frame.iloc[:, len(header) :] != "").any(axis=None):
        _refuse_ragged(text, name, spelling, header)
    return frame.iloc[:, : len(header)].set_axis(header, axis=1)


def _refuse_ragged(text: str, name: str, spelling: Spelling, header: list[str]) -> None:
    """Refuse the first row with more or fewer cells than the table has columns."""
    for line, row in records(text, spelling.separator):
        short = len(row) < len(header)
        if short or any(cell.strip() for cell in row[len(header) :]):
            columns = f"{len(header)} columns ({', '.join(header)})"
            received = f"{len(row)} in line {line}, {'fewer' if short else 'more'} than the {columns}"
            remedy = f"{_QUOTES}; or pass the separator of the file, for example separator=';'"
            raise ValueError(explain(name, "a table with one cell for each column", received, remedy))


def _no_rows(source: str) -> ValueError:
    received, remedy = "only the names of the columns", "Add the rows, one for each time"
    return ValueError(explain(source, "a table with at least one row", received, remedy))
