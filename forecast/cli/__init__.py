"""The command `forecast`: files in, forecasts, tables and pictures out. The only place that prints."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Sequence

from forecast.cli.arguments import parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with `arguments` (by default those of the process) and return its exit status.

    0: done. 2: the user can mend it; one line on the standard error says what and how. With FORECAST_DEBUG=1
    in the environment such an error shows where it came from.
    """
    try:
        options = parser().parse_args(arguments)
        options.run(options)
    except SystemExit as stop:  # argparse has said what it has to say
        return stop.code if isinstance(stop.code, int) else 2
    except BrokenPipeError:
        raise
    except KeyboardInterrupt:
        print("forecast: interrupted", file=sys.stderr)
        return 130
    except (ValueError, TypeError, OverflowError, MemoryError, OSError, ImportError) as error:
        if os.environ.get("FORECAST_DEBUG"):
            raise
        print(f"forecast: {_one_line(error)}", file=sys.stderr)
        return 2
    return 0


def entry_point() -> None:
    """The console script."""
    warnings.formatwarning = _warning
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # its hints are for those who write graphs
    try:
        status = main()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough, as in `forecast datasets | head -3`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    sys.exit(status)


def _warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    return f"forecast: warning: {message}\n"


def _one_line(error: BaseException) -> str:
    notes = getattr(error, "__notes__", [])
    return " ".join(" ".join([str(error), *notes]).split()) or type(error).__name__
