"""Help is there and light; a user's mistake ends with status 2 and one line that says what to do."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from forecast import AR
from forecast.cli import format_warning, main
from forecast.cli.arguments import parser
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
    table = y.to_frame().rename_axis("month").assign(price=range(40), shop="west")
    table.to_csv(folder / "sales.csv")
    table[["sold"]].to_csv(folder / "two.csv")
    pd.concat([table, table.assign(shop="east")]).to_csv(folder / "stores.csv")
    table.rename(index=lambda month: month.strftime("%d.%m.%Y")).to_csv(folder / "german.csv")
    table.assign(sold=table["sold"].mask(table.index == "1950-03-01")).to_csv(folder / "hole.csv")
    table.drop(pd.Timestamp("1950-03-01")).to_csv(folder / "gap.csv")
    table.assign(sold="many").to_csv(folder / "text.csv")
    (folder / "empty.csv").write_text("")
    (folder / "book.xlsx").write_bytes(b"PK")
    (folder / "folder.csv").mkdir()
    dates = pd.date_range("1952-05-01", periods=3, freq="MS")
    late = pd.DataFrame({"month": dates, "price": 1.0, "shop": "west"})
    late[::2].to_csv(folder / "late.csv", index=False)
    late.assign(month=dates + pd.Timedelta("3D")).to_csv(folder / "odd.csv", index=False)
    shops = pd.concat([table.assign(unique_id=name) for name in ("north", "south")])
    long = shops.reset_index(names="ds").rename(columns={"sold": "y"})[["unique_id", "ds", "y", "price"]]
    AR(lags=2).fit(long).save(folder / "shops.forecast")
    AR(lags=2).fit(y).save(folder / "alone.forecast")
    AR(lags=2).fit(table[["price"]], y).save(folder / "priced.forecast")
    (folder / "broken.forecast").write_bytes((folder / "alone.forecast").read_bytes()[:200])
    return folder


MISTAKES: list[tuple[str, str]] = [
    ("fit nowhere.csv", "nowhere.csv"),
    ("fit air_passenger", "DATA: must be a file or one of air_passengers, "),
    ("fit sales.xlsx", "DATA: must be an existing file; received sales.xlsx"),
    ("fit book.xlsx", "received book.xlsx. Save the sheet as CSV"),
    ("fit folder.csv", "DATA: must be a file that can be read; received folder.csv, a folder"),
    ("fit sales.csv", "--time: must be given for a table without a column 'ds'"),
    ("fit sales.csv", "Name them, for example --time month --target sold. See"),
    ("fit stores.csv", "Name them, for example --series shop --time month --target sold. See"),
    ("fit sales.csv --time month", "--target: must be given for a table without a column 'y'"),
    ("fit sales.csv --time month --target revenue", "one of those in the table (month, sold, price, shop)"),
    ("fit sales.csv --time month --target sold --covariates cost", "received 'cost'"),
    ("fit sales.csv --time sold --target sold", "column: must be another one for each of --time, --target"),
    (
        "fit sales.csv --time month --target sold --series month",
        "received 'month' twice. Name each column once",
    ),
    ("fit german.csv --time month --target sold", "ISO dates"),
    ("fit gap.csv --time month --target sold --model AR", "1950-03"),
    ("fit text.csv --time month --target sold --model AR", "text.csv, column 'sold': must be numbers"),
    ("fit text.csv --time month --target price --covariates sold", "pass --categories 'sold'."),
    ("fit empty.csv", "empty.csv: must be a table; received an empty file"),
    ("fit two.csv --colour red", "unrecognized arguments: --colour red; see forecast fit --help"),
    ("fit two.csv --separator ;;", "--separator: must be one character"),
    ("fit two.csv --model AR --categories sold", "Name each column once"),
    (
        "fit sales.csv --time month --target sold --categories shop=much",
        "--categories: must be names, or pairs",
    ),
    ("fit german.csv --time month --target sold", "or pass --date-format '%d.%m.%Y'"),
    ("fit air_passengers --separator ;", "--separator: must be absent for an embedded data set"),
    ("fit two.csv --output two.csv", "--output: must be another file than those read"),
    ("fit two.csv --output folder.csv", "--output: must be a file that may be written; received folder.csv"),
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
    (
        "predict priced.forecast --horizon 3",
        "received 3 future steps without them. Pass --future FILE with 3 ",
    ),
    ("predict priced.forecast --future sales.csv --time shop", "sales.csv, column 'shop': must be ISO dates"),
    ("predict priced.forecast --future nowhere.csv", "--future: must be an existing file"),
    (
        "predict priced.forecast --future late.csv",
        "future rows of --future: must be without a gap after the ",
    ),
    ("predict priced.forecast --future odd.csv", "timestamps of --future: must be steps of the history's"),
    ("predict shops.forecast --future sales.csv", "--series: must be given for a model of several series"),
    ("predict shops.forecast --future sales.csv --id shop", "received the unknown series west"),
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
    assert words in said and said.startswith(
        f"forecast {line.split()[0]}: ".replace("forecast forcast", "forecast")
    )
    assert "make_future_frame" not in said and "y." not in said.replace("y.csv", "")


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
    assert capsys.readouterr().err == f"forecast datasets: {words}\n"


def test_the_process_ends_with_status_2_and_one_line() -> None:
    command = [sys.executable, "-m", "forecast", "datasets", "titanic"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and not done.stdout
    assert done.stderr.startswith("forecast datasets: NAME: must be one of ") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("line", ["fit nowhere.csv", "backtest nowhere.csv", "predict nowhere.forecast"])
def test_a_file_that_is_not_there_is_said_at_once(line: str) -> None:
    code = (
        "import sys; from forecast.cli import main\n"
        f"status = main({line.split()!r})\n"
        "print(status, [name for name in ('keras', 'tensorflow', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "2 []\n" and "must be an existing file" in done.stderr


def test_a_table_is_read_before_keras_is_imported(tmp_path: Path) -> None:
    (tmp_path / "ragged.csv").write_text("ds,y\n1,2\n2,3,4\n")
    code = (
        "import sys; from forecast.cli import main\n"
        f"status = main(['fit', {str(tmp_path / 'ragged.csv')!r}])\n"
        "print(status, 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "2 False\n" and "received 3 in line 3, more than the 2 columns" in done.stderr


def test_a_warning_is_one_line_in_the_words_of_the_command() -> None:
    message = UserWarning(
        "future rows of X: lost. Pass them too; model.make_future_frame(horizon) has them all."
    )
    said = "future rows of --future: lost. Write it like the fitted table, with the rows that follow."
    line = format_warning(message, UserWarning, "a.py", 1, command="predict")
    assert line == f"forecast predict: warning: {said}\n"


def test_an_interrupt_ends_quietly(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("forecast.cli.list_datasets.datasets", interrupt)
    assert main(["datasets"]) == 130
    assert capsys.readouterr().err == ""


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


def test_an_option_given_twice_has_all_its_values() -> None:
    line = "backtest air_passengers --models AR -o a.csv --models Theta ETS -o b.png"
    options = parser().parse_args(line.split())
    assert options.models == ["AR", "Theta", "ETS"] and options.output == [Path("a.csv"), Path("b.png")]
