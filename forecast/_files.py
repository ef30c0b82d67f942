"""Files that are written whole or not at all, and folders of runs that may be stopped and go on."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from forecast._checks import explain


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A new file beside `path` to write to; after the block it is flushed to disk and renamed to `path`.

    An error in the block removes it and leaves what stood at `path` as it was. The new file ends as `path`
    does, for writers that choose the format by the name.

    Example:
        >>> folder = Path(tempfile.mkdtemp())
        >>> with replacing(folder / "table.csv") as new:
        ...     _ = new.write_text("a,b")
        >>> [file.name for file in folder.iterdir()]
        ['table.csv']
    """
    target = Path(path).resolve()  # through a link: the link stays, its target is replaced
    number, name = tempfile.mkstemp(
        prefix=f".{target.stem}-", suffix="".join(target.suffixes), dir=target.parent
    )
    os.close(number)
    new = Path(name)
    try:
        new.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
        yield new
        with new.open("rb+") as file:
            os.fsync(file.fileno())
        new.replace(target)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def open_run(folder: Path, run: dict[str, Any], name: str = "run.json") -> None:
    """Begin a run in a new folder, or go on with the same one, which left `run` in the file `name`.

    Raises:
        ValueError: the folder holds something else, or another run.
    """
    folder.mkdir(exist_ok=True)
    file = folder / name
    if not file.exists():
        if any(each for each in folder.iterdir() if not each.name.startswith(f".{file.stem}-")):
            remedy = "Choose another"
            raise ValueError(explain("output", "a new folder, or that of a run", f"{folder}", remedy))
        with replacing(file) as new:
            new.write_text(json.dumps(run, indent=1), encoding="utf-8")
    begun = json.loads(file.read_text(encoding="utf-8"))
    for key, value in run.items():
        if begun.get(key) != value:
            received = f"{folder}, a run with {key} {begun.get(key)!r} where this one has {value!r}"
            raise ValueError(
                explain("output", "a new folder", received, "Choose another, or delete that one")
            )


def remove_unfinished(folder: Path, pattern: str) -> None:
    """Remove what runs that were killed left behind, while they wrote the files of this pattern."""
    for left in folder.glob(f".{pattern}"):
        left.unlink(missing_ok=True)


def _umask() -> int:
    """The permissions that new files lack; read from a file, because asking for it changes it for a moment."""
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder) / "probe"
        probe.touch()
        return 0o666 & ~probe.stat().st_mode
