"""The command `forecast`: files in, forecasts, tables and pictures out. The only place that prints."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from forecast.cli.arguments import parse
from forecast.cli.errors import in_words
from forecast.cli.quiet_stderr import quiet_stderr

_EXPECTED = (ValueError, TypeError, OverflowError, MemoryError, OSError, ImportError)


def main(
    arguments: Sequence[str] | None = None,
    *,
    importing: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> int:
    """Run the command and return its exit status.

    0: done. 2: something in the arguments or the files has to be corrected; one line on the standard error says
    what. 130: interrupted. With FORECAST_DEBUG=1 in the environment an error shows where it came from.

    Args:
        arguments: the words after `forecast`; by default those of the process.
        importing: context in which Keras is imported.
    """
    try:
        options = parse(arguments)
    except SystemExit as stop:  # argparse has said what it has to say
        return stop.code if isinstance(stop.code, int) else 2
    options.importing = importing
    try:
        options.run(options)
    except BrokenPipeError:
        raise
    except KeyboardInterrupt:
        return 130
    except _EXPECTED as error:
        if os.environ.get("FORECAST_DEBUG"):
            raise
        print(_line(error, options), file=sys.stderr)
        return 2
    return 0


def _line(error: BaseException, options: argparse.Namespace) -> str:
    said = in_words(error, options)
    command = f"forecast {options.command}"
    about_options = said.startswith(("-", "DATA", "MODEL", "NAME"))
    return f"{command}: {said}" + (f" See {command} --help." if about_options else "")


def entry_point() -> None:
    """The console script."""
    warnings.formatwarning = partial(format_warning, command=next(iter(sys.argv[1:]), ""))
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # its hints are for those who write graphs
    try:
        status = main(importing=quiet_stderr)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough, as in `forecast datasets | head -3`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)


def format_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    line: str | None = None,
    *,
    command: str,
) -> str:
    """One line for a warning, in the words of the command; used as `warnings.formatwarning`."""
    said = in_words(Warning(str(message)), argparse.Namespace(command=command))
    return f"forecast {command}: warning: {said}\n"
