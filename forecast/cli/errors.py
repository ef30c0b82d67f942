"""Errors of the library in the words of the command line: options and files in place of arguments and code."""

from __future__ import annotations

import re
from argparse import Namespace

_OPTIONS = {
    "horizon": "--horizon",
    "windows": "--windows",
    "step": "--step",
    "gap": "--gap",
    "level": "--level",
    "models": "--models",
    "separator": "--separator",
    "decimal": "--decimal",
    "thousands": "--thousands",
    "encoding": "--encoding",
    "time_zone": "--time-zone",
    "categories": "--categories",
    "output": "--output",
    "rows": "--rows",
    "n_jobs": "--jobs",
}
"""Arguments of the library that are options of every command that has them."""

_INPUTS = {
    "fit": {"path": "DATA", "model": "--model", "y": "--target", "X": "--covariates"},
    "predict": {"path": "MODEL", "data": "MODEL", "X": "--future", "model": "--model"},
}
_INPUTS["compete"] = {"folder": "--data", "model": "--model"}
_INPUTS["backtest"] = _INPUTS["benchmark"] = {**_INPUTS["fit"], "model": "--models"}

_OF_THE_TABLE = re.compile(r"(timestamps|index|covariates|unique_id|--target|--covariates)\b")
"""How a message begins that is about the rows of the file."""

_ROWS = "Pass --set missing_rows=fill, or add a row for each to the file, with or without a value"
_REMEDIES = (
    (r"Pass predict\(12\) for twelve steps", "Pass --horizon 12"),
    (r"Pass for example horizon=(\d+)", r"Pass --horizon \1"),
    (r'Pass for example transform="log"', "Pass for example --set transform=log"),
    (
        r'Pass for example transform=\["log", "difference"\]',
        "Pass for example --set transform=log,difference",
    ),
    (
        r"Pass transform='log1p', which takes 0, or None",
        "Pass --set transform=log1p, which takes 0",
    ),
    (r"Pass transform=PowerTransformer\(\) [^.]*", "Leave --set transform out"),
    (
        r"Pass nonnegative=False, or set (.*) to 0 or to missing",
        r"Leave --set nonnegative out, or set \1 to 0",
    ),
    (
        r"Pass for example season=(\d+) to a model [^.]*",
        r"Pass --set season=\1 to a model that has this option",
    ),
    (r"Pass for example (?:NAME|model)='(\w+)'", r"Write for example \1"),
    (r"Pass an int such as (windows|gap|step)=(\d+)", r"Pass --\1 \2"),
    (r"Pass for example Ensemble\(\{.*\}\)", "Write for example --set estimators=AR,Theta"),
    (r"Pass level=\[80, 95\]", "Pass --level 80 95"),
    (r"\b(separator|decimal|thousands|encoding)=('[^']*')", r"--\1 \2"),
    (r"\bdate_format=('[^']*')", r"--date-format \1"),
    (r"\btime_zone=('[^']*')", r"--time-zone \1"),
    (r"pass categories=\['(.*?)'\]", r"pass --categories '\1'"),
    (
        r"are told apart by their time zone, for example y\.tz_localize\(.*\)",
        "are told apart by their offsets: write the times with them, and pass --time-zone 'Europe/Berlin'",
    ),
    (r"Fill the gaps, for example \w+\.interpolate.*\(\)", "Fill the gaps in the file"),
    (r"Insert them with forecast\.fill_gaps.*to the forecaster or, in a backtest, to backtest", _ROWS),
    (r"Keep one row for each timestamp, for example [^;]*\(\)\]", "Keep one row for each time of a series"),
    (
        r"of several series name that of each row, in the column unique_id of a long frame",
        "of several series name the column that tells them apart with --series",
    ),
    (
        r"Bring the series to a frequency, for example .*y\.reset_index\(drop=True\)",
        "Bring the table to one row for each step, or number the rows 1, 2, 3, ...; where the times have "
        "offsets, --time-zone 'Europe/Berlin' makes days of 23 and 25 hours one step",
    ),
    (
        r"Bring the series to its frequency, for example y\.\w+\(.*\)",
        "Bring the table to one row for each step",
    ),
    (r"number the rows with y\.reset_index\(drop=True\)", "number the rows 1, 2, 3, ..."),
    (r"Set it, for example y = y\.asfreq\('D'\)", "Add rows, until there are three of one series"),
    (
        r"Fill the frame that model\.make_future_frame\((\d+)\) gives and pass it to predict: .* covariates",
        r"Pass --future FILE with \1 rows of them, as the model was fitted with covariates",
    ),
    (
        r"(timestamps in the time zone (\S+); [^;]*)\. .*model\.make_future_frame.*",
        r"\1. Pass --time-zone \2",
    ),
    (
        r"(?:[^.;]*; )?model\.make_future_frame\(\w+\)[^.;]*",
        " Write it like the fitted table, with the rows that follow",
    ),
)
"""What to do, in Python and at the command line."""


def in_words(error: BaseException, options: Namespace) -> str:
    """One line that says what to do, in the words of the command of these options.

    Example:
        >>> options = Namespace(command="predict", model="sales.forecast", future=None)
        >>> in_words(ValueError("horizon: must be 1 or more. Pass predict(12) for twelve steps."), options)
        '--horizon: must be 1 or more. Pass --horizon 12.'
    """
    notes = getattr(error, "__notes__", [])
    text = " ".join(" ".join([str(error), *notes]).split()) or type(error).__name__
    words = {**_OPTIONS, **_INPUTS.get(options.command, {})}
    head = re.match(r"(\w+):", text)
    if head is not None:
        text = words.get(head[1], head[1]) + text[head.end(1) :]
    for pattern, remedy in _REMEDIES:
        text = re.sub(pattern, remedy, text)
    if options.command == "predict":
        return " ".join(re.sub(r"\bof X\b", "of --future", text).split())
    if _OF_THE_TABLE.match(text) and hasattr(options, "data"):
        return f"{options.data}, {text}"
    return text
