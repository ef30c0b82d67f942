"""What can be typed: the commands, their options and their help. Nothing heavy is imported to show it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

from forecast.cli.files import TABLES, check_data, check_input, check_outputs
from forecast.cli.texts import (
    COLUMNS,
    COMPETITION,
    DATA_HELP,
    FOLDERS,
    LOCAL,
    OVERVIEW,
    READY,
    SHOWN,
    SHOWN_ROWS,
    SPELLING,
)

Run = Callable[[argparse.Namespace], None]


class Parser(argparse.ArgumentParser):
    """An argument parser that reports an error in one line."""

    def error(self, message: str) -> NoReturn:
        """Exit with status 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options of a command line; a word that no option takes is an error of its command."""
    options, rest = parser().parse_known_args(arguments)
    if rest:
        options.parser.error(f"unrecognized arguments: {' '.join(rest)}")
    return options


def parser() -> Parser:
    """The parser of the whole command; `options.run` is the function to call."""
    root = Parser(prog="forecast", description=OVERVIEW, formatter_class=argparse.RawDescriptionHelpFormatter)
    root.add_argument("--version", action="version", version=f"forecast {version('keras-forecast')}")
    commands = root.add_subparsers(title="commands", metavar="COMMAND ...", required=True)
    _benchmark(
        _command(commands, "benchmark", _run_benchmark, "compare all models on the real data in the package")
    )
    _fit(_command(commands, "fit", _run_fit, "learn from a table and write a model file"))
    _predict(_command(commands, "predict", _run_predict, "forecast with a model file"))
    _backtest(_command(commands, "backtest", _run_backtest, "compare models on your own table"))
    _compete(_command(commands, "compete", _run_compete, "enter one group of a forecasting competition"))
    _datasets(_command(commands, "datasets", _run_datasets, "list, describe and export the embedded data"))
    return root


def _command(commands: argparse._SubParsersAction[Parser], name: str, run: Run, summary: str) -> Parser:
    command = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
    command.set_defaults(run=run, command=name, parser=command)
    first = {
        "benchmark": "[DATA ...] ",
        "compete": "--data DIR --group NAME --model NAME ",
        "datasets": "[NAME] ",
        "predict": "MODEL ",
    }.get(name, "DATA ")
    command.usage = f"forecast {name} {first}[options]"  # lists of values would swallow what comes after them
    return command


def _benchmark(command: Parser) -> None:
    shown = ", ".join(SHOWN)
    command.add_argument("data", nargs="*", metavar="DATA", default=[], help=f"{DATA_HELP}; default: {shown}")
    command.add_argument("--horizon", type=int, metavar="H", help="steps to forecast; default: one season")
    command.add_argument(
        "--last",
        type=int,
        metavar="ROWS",
        help=f"use only the last rows of each series; default: all, without DATA {SHOWN_ROWS}",
    )
    _windows(command, default=4)
    _models(command, "default: TDNN, NARX, Ensemble and all baselines")
    _columns(command)
    _spelling(command)
    _output(
        command, "the picture; of several DATA one each, named after it", default=["forecast-benchmark.png"]
    )


def _fit(command: Parser) -> None:
    command.add_argument("data", metavar="DATA", help=DATA_HELP)
    command.add_argument(
        "--model", default="NARX", metavar="NAME", help="TDNN, NARX, AR, ...; default: %(default)s"
    )
    _settings(command)
    _columns(command)
    _spelling(command)
    command.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("model.forecast"),
        metavar="FILE",
        help="default: %(default)s",
    )


def _predict(command: Parser) -> None:
    command.add_argument(
        "file",
        metavar="MODEL",
        help="a file that `forecast fit` wrote; with --model the data: "
        + DATA_HELP
        + "; or a folder of .parquet files, which may be larger than memory",
    )
    command.add_argument(
        "--model",
        metavar="NAME",
        help="a model that learns nothing from the data, so that no `forecast fit` is needed: "
        f"{', '.join(READY)}; of a folder also {', '.join(LOCAL)}, and by default {READY[0]}",
    )
    command.set_defaults(covariates=[], categories=[])
    command.add_argument("--horizon", type=int, metavar="H", help="steps to forecast; default: one season")
    command.add_argument(
        "--future",
        type=Path,
        metavar="FILE",
        help="table of the future covariates, with the columns of the table the model was fitted on; "
        "it also says how far to forecast",
    )
    command.add_argument(
        "--time",
        metavar="NAME",
        help="column of the times in FILE or DATA; default: that of the fitted table, ds, or the first",
    )
    command.add_argument(
        "--series",
        "--id",
        metavar="NAME",
        help="column that names the series in FILE or DATA; default: unique_id",
    )
    command.add_argument("--target", metavar="NAME", help="column of DATA to forecast, with --model")
    _levels(command)
    group = command.add_argument_group("folders", FOLDERS)
    group.add_argument(
        "--rows", type=int, default=1_000_000, metavar="N", help="rows of a partition; default: %(default)s"
    )
    group.add_argument("--jobs", type=int, metavar="N", help="partitions at once, each in its own process")
    _spelling(command)
    _output(
        command,
        "forecasts (.csv, .parquet) and pictures (.png); of a folder the folder of its forecasts",
        default=[],
    )


def _backtest(command: Parser) -> None:
    command.add_argument("data", metavar="DATA", help=DATA_HELP)
    command.add_argument("--horizon", type=int, metavar="H", help="steps to forecast; default: one season")
    _windows(command, default=5)
    command.add_argument(
        "--step", type=int, metavar="S", help="steps between two origins; default: the horizon"
    )
    command.add_argument(
        "--gap", type=int, default=0, metavar="G", help="steps not yet known at an origin; default: 0"
    )
    command.add_argument(
        "--no-refit", action="store_true", help="fit at the first origin only, then only extend the history"
    )
    _models(command, "default: NARX; AR and SeasonalNaive are always added")
    _columns(command)
    _spelling(command)
    _output(command, "all forecasts (.csv, .parquet) and pictures (.png)", default=[])


def _compete(command: Parser) -> None:
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.epilog = COMPETITION
    command.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="folder with the organisers' files"
    )
    command.add_argument(
        "--group", required=True, metavar="NAME", help="Yearly, ..., Hourly, M5, or the name of a .tsf file"
    )
    command.add_argument(
        "--model",
        required=True,
        metavar="NAME",
        help="ResidualTDNN, Theta, Ensemble, ..., one for all series",
    )
    _settings(command)
    command.add_argument(
        "--horizon", type=int, metavar="H", help="steps to forecast; default: those of the competition"
    )
    _levels(command)
    command.add_argument(
        "--partition",
        type=int,
        metavar="N",
        help="series forecast at once, and kept if the run is stopped; default: 100 for statistical models of "
        "single series, all for those that learn from all",
    )
    command.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="folder of the run; default: compete-GROUP-MODEL"
    )


def _datasets(command: Parser) -> None:
    command.add_argument(
        "name", nargs="?", metavar="NAME", help="show the card of this data set; default: list all"
    )
    command.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write the data set to this .csv or .parquet file"
    )


def _settings(command: Parser) -> None:
    command.add_argument(
        "--set",
        nargs="+",
        action=Several,
        default=[],
        metavar="NAME=VALUE",
        help="options of the model, such as lags=12 hidden=8,4; an unknown name lists the known ones",
    )


def _levels(command: Parser) -> None:
    command.add_argument(
        "--level",
        type=float,
        nargs="+",
        action=Several,
        metavar="P",
        help="also intervals of these percentages, for example 80 95",
    )


def _columns(command: Parser) -> None:
    group = command.add_argument_group("columns", COLUMNS)
    group.add_argument("--time", metavar="NAME", help="column of the times")
    group.add_argument("--target", metavar="NAME", help="column to forecast")
    group.add_argument("--series", "--id", metavar="NAME", help="column that names the series")
    group.add_argument(
        "--covariates",
        nargs="+",
        action=Several,
        default=[],
        metavar="NAME",
        help="columns known in advance that may help the forecast; all others are left out",
    )
    group.add_argument(
        "--categories",
        nargs="+",
        action=Several,
        default=[],
        metavar="NAME[=N]",
        help="covariates that hold categories, such as text; N is the length of the vectors that NARX, TDNN and "
        "other networks learn for them (2 if not given)",
    )


def _spelling(command: Parser) -> None:
    group = command.add_argument_group("spelling", SPELLING)
    group.add_argument("--separator", metavar="MARK", help="between the cells, for example ';' or '\\t'")
    group.add_argument("--decimal", metavar="MARK", help="decimal mark, '.' or ','")
    group.add_argument("--thousands", metavar="MARK", help="mark between groups of three digits")
    group.add_argument("--encoding", metavar="NAME", help="of the text, for example cp1252; default: utf-8")
    group.add_argument("--date-format", metavar="FORM", help="of the times, for example %%d.%%m.%%Y")
    group.add_argument(
        "--time-zone",
        metavar="ZONE",
        help="zone to which times with an offset are converted, and of times without one",
    )


def _windows(command: Parser, *, default: int) -> None:
    command.add_argument(
        "--windows",
        type=int,
        default=default,
        metavar="K",
        help="origins to forecast from; default: %(default)s",
    )
    command.add_argument(
        "--jobs",
        type=int,
        metavar="N",
        help="models and origins at once, each in its own process; default: 1",
    )


class Several(argparse.Action):
    """An option of several values, which adds to those of the same option before it."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Keep the values."""
        before = getattr(namespace, self.dest)
        setattr(namespace, self.dest, [*([] if before is self.default else before), *values])


def _models(command: Parser, default: str) -> None:
    command.add_argument(
        "--models", nargs="+", action=Several, metavar="NAME", help=f"TDNN, NARX, AR, ...; {default}"
    )


def _output(command: Parser, what: str, *, default: list[str]) -> None:
    command.add_argument(
        "-o",
        "--output",
        type=Path,
        nargs="+",
        action=Several,
        default=[Path(name) for name in default],
        metavar="FILE",
        help=f"where to write {what}" + (f"; default: {default[0]}" if default else ""),
    )


def _run_benchmark(options: argparse.Namespace) -> None:
    _check_comparison(options.data, options.output)
    from forecast.cli.compare import benchmark

    benchmark(options)


def _run_fit(options: argparse.Namespace) -> None:
    check_data(options.data)
    check_outputs([options.output], None, [options.data])
    from forecast.cli.fit_predict import fit

    fit(options)


def _run_predict(options: argparse.Namespace) -> None:
    if Path(options.file).is_dir():
        from forecast.cli.folders import predict_folder

        predict_folder(options)
        return
    if options.model is None:
        check_input("MODEL", options.file)
    else:
        check_data(options.file)
    if options.future is not None:
        check_input("--future", options.future)
    check_outputs(options.output, inputs=[options.file, options.future])
    from forecast.cli.fit_predict import predict

    predict(options)


def _run_backtest(options: argparse.Namespace) -> None:
    _check_comparison([options.data], options.output)
    from forecast.cli.compare import backtest

    backtest(options)


def _run_compete(options: argparse.Namespace) -> None:
    from forecast.cli.compete import compete

    compete(options)


def _run_datasets(options: argparse.Namespace) -> None:
    if options.output is not None:
        check_outputs([options.output], TABLES)
    from forecast.cli.list_datasets import datasets

    datasets(options)


def _check_comparison(data: Sequence[str], outputs: Sequence[Path]) -> None:
    for name in data:
        check_data(name)
    check_outputs(outputs, inputs=data)
