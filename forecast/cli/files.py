"""Files that come in and go out, looked at before anything heavy is imported or any work is done."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from forecast._checks import explain

TABLES = (".csv", ".parquet")
OUTPUTS = (*TABLES, ".png")


def check_input(argument: str, path: str | Path) -> None:
    """Refuse a file that is not there or cannot be read."""
    if not Path(path).exists():
        raise FileNotFoundError(explain(argument, "an existing file", str(path), "Check the name"))
    if Path(path).is_dir() or not os.access(path, os.R_OK):
        received = f"{path}, {'a folder' if Path(path).is_dir() else 'which may not be read'}"
        raise OSError(explain(argument, "a file that can be read", received, "Name a file"))


def check_data(data: str) -> None:
    """Refuse what cannot be the name of an embedded data set and is no file either."""
    if Path(data).suffix or os.sep in data:
        check_input("DATA", data)


def check_outputs(
    paths: Sequence[Path], endings: Sequence[str] | None = OUTPUTS, inputs: Sequence[str | Path | None] = ()
) -> None:
    """Refuse an output that could not be written, or that would replace an input.

    Args:
        paths: files to be written.
        endings: those allowed; None for any.
        inputs: files that are read.
    """
    for path in paths:
        ending = path.suffix.lower()
        if endings is not None and ending not in endings:
            allowed = f"files that end in {', '.join(endings)}"
            raise ValueError(explain("--output", allowed, str(path), "Rename it"))
        if not path.parent.is_dir():
            remedy = "Create it or choose another"
            raise ValueError(explain("--output", "in a folder that exists", str(path.parent), remedy))
        special = path.exists() and not path.is_file()  # a folder, a device
        if special or not os.access(path.parent, os.W_OK):
            received = f"{path}, {'which is no file' if special else 'in a folder without that right'}"
            raise ValueError(explain("--output", "a file that may be written", received, "Choose another"))
        if ending == ".parquet" and find_spec("pyarrow") is None:
            remedy = "Install pyarrow with pip install 'keras-forecast[parquet]', or write a .csv file"
            raise ValueError(explain("--output", "a .csv file without pyarrow", str(path), remedy))
        if any(name is not None and path.resolve() == Path(name).resolve() for name in inputs):
            remedy = "Choose another name"
            raise ValueError(explain("--output", "another file than those read", str(path), remedy))
