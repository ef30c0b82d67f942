"""Help is there and light; a user's mistake ends with status 2 and one line that says what to do."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from forecast import AR
from forecast.cli import main
from forecast.datasets import load_air_passengers

COMMANDS = ("benchmark", "fit", "predict", "backtest", "datasets")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: forecast {command} ") and "--output FILE" in shown


def test_the_overview_names_every_command_and_ways_to_begin(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"\n    {command} " in shown for command in COMMANDS)
    assert "  forecast benchmark\n" in shown


def test_the_module_is_the_command_and_help_loads_nothing_heavy() -> None:
    code = (
        "import runpy, sys; sys.argv = ['forecast', 'fit', '--help']\n"
        "try: runpy.run_module('forecast', run_name='__main__')\n"
        "except SystemExit as stop: print(stop.code, 'pandas' in sys.modules, 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("usage: forecast fit DATA") and done.stdout.endswith("0 False False\n")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables good and bad, and two model files."""
    folder = tmp_path_factory.mktemp("files")
    y = load_air_passengers()[:40].rename("sold")
    y.index = y.index.to_timestamp()
    table = y.to_frame().rename_axis("month").assign(price=range(40), shop="north")
    table.to_csv(folder / "sales.csv")
    table[["sold"]].to_csv(folder / "two.csv")
    table.rename(index=lambda month: month.strftime("%d.%m.%Y")).to_csv(folder / "german.csv")
    table.assign(sold=table["sold"].mask(table.index == "1950-03-01")).to_csv(folder / "hole.csv")
    table.drop(pd.Timestamp("1950-03-01")).to_csv(folder / "gap.csv")
    table.assign(sold="many").to_csv(folder / "text.csv")
    (folder / "empty.csv").write_text("")
    AR(lags=2).fit(y).save(folder / "alone.forecast")
    AR(lags=2).fit(table[["price"]], y).save(folder / "priced.forecast")
    (folder / "broken.forecast").write_bytes((folder / "alone.forecast").read_bytes()[:200])
    return folder


MISTAKES: list[tuple[str, str]] = [
    ("fit nowhere.csv", "nowhere.csv"),
    ("fit air_passenger", "DATA: must be a file or one of air_passengers, "),
    ("fit sales.xlsx", "DATA: must be a file or one of"),
    ("fit sales.csv", "--time: must be given for a table without a column 'ds'"),
    ("fit sales.csv --time month", "--target: must be given for a table without a column 'y'"),
    ("fit sales.csv --time month --target revenue", "one of those in the table (month, sold, price, shop)"),
    ("fit sales.csv --time month --target sold --covariates cost", "received 'cost'"),
    ("fit sales.csv --time sold --target sold", "column: must be another one for each of --time, --target"),
    ("fit sales.csv --time month --target sold --id month", "received 'month' twice. Name each column once"),
    ("fit german.csv --time month --target sold", "ISO dates"),
    ("fit hole.csv --time month --target sold --model Theta", "NaN"),
    ("fit gap.csv --time month --target sold --model AR", "1950-03"),
    ("fit text.csv --time month --target sold --model AR", "in column 'sold'"),
    ("fit empty.csv", "No columns to parse"),
    ("fit two.csv --model Prophet", "model: must be one of 'AR', "),
    ("fit two.csv --model AR --set lag=2", "--set: must be one of the options "),
    ("fit two.csv --model AR --set lags", "--set: must be pairs such as lags=12"),
    ("fit two.csv --model AR --set lags=0", "lags: must be"),
    (
        "fit two.csv --model AR --set lags=99999999999999999999",
        "lags: must be a whole number of at least 1, ",
    ),
    ("fit two.csv --model AR --set lags=1,99999999999999999999", "at most 10000000; received (1, 9999999999"),
    ("fit two.csv --model AR --output no/such/folder.forecast", "--output: must be in a folder that exists"),
    ("predict nowhere.forecast", "nowhere.forecast"),
    ("predict broken.forecast", "broken.forecast"),
    ("predict alone.forecast --horizon 0", "horizon: must be a whole number of at least 1"),
    (
        "predict alone.forecast --horizon 1000000000000",
        "at least 1 and at most 10000000; received 1000000000000",
    ),
    (
        "predict alone.forecast --horizon 99999999999999999999999",
        "horizon: must be a whole number of at least 1",
    ),
    ("predict alone.forecast --horizon soon", "argument --horizon: invalid int value: 'soon'"),
    ("predict alone.forecast --level 120", "level: must be"),
    (
        "predict alone.forecast --output forecast.doc",
        "--output: must be files that end in .csv, .parquet, .png",
    ),
    ("predict priced.forecast --horizon 3", "price"),
    ("predict priced.forecast --future two.csv --horizon 3", "--horizon: must be absent beside --future"),
    (
        "predict priced.forecast --future two.csv",
        "must be one of those in the table (month, sold); received 'price'",
    ),
    ("backtest two.csv --horizon 0", "horizon: must be a whole number of at least 1"),
    ("backtest two.csv --models AR --horizon 30", "horizon"),
    ("backtest two.csv --windows 0 --models AR", "windows: must be"),
    ("backtest air_passengers --covariates price", "--covariates: must be absent for a single column"),
    ("datasets titanic", "NAME: must be one of 'air_passengers', "),
    ("datasets lynx --output lynx.png", "--output: must be files that end in .csv, .parquet"),
    ("fit", "the following arguments are required: DATA; see forecast fit --help"),
    ("forcast", "invalid choice: 'forcast'"),
]


@pytest.mark.parametrize(("line", "words"), MISTAKES, ids=[line for line, _ in MISTAKES])
def test_a_mistake_gets_one_clear_line(
    line: str,
    words: str,
    files: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(files)
    assert main(line.split()) == 2
    (said,) = capfd.readouterr().err.splitlines()
    assert words in said and said.startswith("forecast")


@pytest.mark.parametrize(
    ("error", "words"), [(OverflowError("too large"), "too large"), (MemoryError(), "MemoryError")]
)
def test_what_no_check_foresees_is_one_line_too(
    error: Exception, words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(options: object) -> None:
        raise error

    monkeypatch.setattr("forecast.cli.list_datasets.datasets", fail)
    assert main(["datasets"]) == 2
    assert capsys.readouterr().err == f"forecast: {words}\n"


def test_the_process_ends_with_status_2_and_one_line() -> None:
    command = [sys.executable, "-m", "forecast", "datasets", "titanic"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and not done.stdout
    assert done.stderr.startswith("forecast: NAME: must be one of ") and done.stderr.count("\n") == 1


def test_a_developer_sees_where_the_error_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORECAST_DEBUG", "1")
    with pytest.raises(ValueError, match="DATA: must be a file"):
        main(["fit", "nothing"])


def test_a_reader_that_leaves_early_is_no_error() -> None:
    command = [sys.executable, "-m", "forecast", "datasets"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert (process.wait(), process.stderr.read()) == (0, b"")
