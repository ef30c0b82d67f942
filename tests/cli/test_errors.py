"""Errors speak of options and files; no word of Python's is left in those about future rows."""

import re
from argparse import Namespace
from pathlib import Path

import pytest

from forecast.cli.errors import in_words

ROOT = Path(__file__).parents[2] / "forecast"
PREDICT = Namespace(command="predict", model="m.forecast", future="f.csv")
FIT = Namespace(command="fit", data="sales.csv")


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            "horizon: must be 1. Pass predict(12) for twelve steps.",
            "--horizon: must be 1. Pass --horizon 12.",
        ),
        ("windows: bad. Pass an int such as windows=1.", "--windows: bad. Pass --windows 1."),
        ("level: bad. Pass level=[80, 95].", "--level: bad. Pass --level 80 95."),
        ("a.csv: bad. Pass decimal=','.", "a.csv: bad. Pass --decimal ','."),
        ("time_zone: bad. Pass time_zone='UTC'.", "--time-zone: bad. Pass --time-zone 'UTC'."),
        ("path: must be a table.", "DATA: must be a table."),
        ("lags: must be 1.", "lags: must be 1."),
        (
            "timestamps of series 'a': holes. Insert them with forecast.fill_gaps(y, freq='D'), or pass "
            "missing_rows='fill' to the forecaster or, in a backtest, to backtest.",
            "sales.csv, timestamps of series 'a': holes. Pass --set missing_rows=fill, or add a row for each to the "
            "file, with or without a value.",
        ),
        (
            "y: must be above 0. Pass transform='log1p', which takes 0, or None.",
            "sales.csv, --target: must be above 0. Pass --set transform=log1p, which takes 0.",
        ),
        (
            "y: must be at least 0. Pass nonnegative=False, or set what is below zero to 0 or to missing.",
            "sales.csv, --target: must be at least 0. Leave --set nonnegative out, or set what is below zero to 0.",
        ),
        (
            'transform: bad. Pass for example transform=["log", "difference"].',
            "transform: bad. Pass for example --set transform=log,difference.",
        ),
        (
            "y: must be free of NaN. Fill the gaps, for example y.interpolate() or y.ffill().",
            "sales.csv, --target: must be free of NaN. Fill the gaps in the file.",
        ),
        (
            "timestamps: must be unique. Keep one row for each timestamp, for example y[~y.index.duplicated()]; of "
            "several series name that of each row, in the column unique_id of a long frame.",
            "sales.csv, timestamps: must be unique. Keep one row for each time of a series; of several series name "
            "the column that tells them apart with --series.",
        ),
        (
            "timestamps: must be unique. Keep one row for each timestamp, for example y[~y.index.duplicated()]; hours "
            "in which local clocks change are told apart by their time zone, for example "
            "y.tz_localize('Europe/Berlin', ambiguous='infer', nonexistent='shift_forward').",
            "sales.csv, timestamps: must be unique. Keep one row for each time of a series; hours in which local "
            "clocks change are told apart by their offsets: write the times with them, and pass --time-zone "
            "'Europe/Berlin'.",
        ),
    ],
)
def test_messages_of_fit(message: str, said: str) -> None:
    assert in_words(ValueError(message), FIT) == said


def test_every_message_about_future_rows_is_translated() -> None:
    found = [
        match[1]
        for path in (ROOT / "panel").rglob("*.py")
        for match in re.finditer(
            r'"([^"\n]*model\.make_future_frame\(.*?)"', path.read_text(encoding="utf-8")
        )
    ]
    assert len(found) > 5
    for remedy in found:
        text = re.sub(r"\{.*?\}", "3", remedy)
        whole = f"X: must be full. {text}" + (
            "model was fitted with covariates" if text.endswith(" ") else ""
        )
        said = in_words(ValueError(whole), PREDICT)
        assert said.startswith("--future: must be full. ") and "make_future_frame" not in said, remedy


def test_the_time_zone_of_the_history_is_an_option() -> None:
    message = (
        "index of X: must be timestamps in the time zone UTC; received dates. Use the kind of index given to fit; "
        "model.make_future_frame(horizon) shows it."
    )
    said = "index of --future: must be timestamps in the time zone UTC; received dates. Pass --time-zone UTC"
    assert in_words(ValueError(message), PREDICT) == said


def test_notes_follow_and_an_error_without_words_has_its_name() -> None:
    error = ValueError("windows: bad.")
    error.add_note("In window 3 of NARX.")
    assert in_words(error, FIT) == "--windows: bad. In window 3 of NARX."
    assert in_words(MemoryError(), FIT) == "MemoryError"
