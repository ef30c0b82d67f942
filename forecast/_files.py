"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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


def _umask() -> int:
    """The permissions that new files lack; read from a file, because asking for it changes it for a moment."""
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder) / "probe"
        probe.touch()
        return 0o666 & ~probe.stat().st_mode
