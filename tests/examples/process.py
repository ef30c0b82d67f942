"""A script run as a program, in a process that has the heavy libraries already."""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
from pathlib import Path

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["forecast.estimators.neural.narx", "matplotlib.pyplot", "sklearn.pipeline"])


def run_script(
    script: Path, folder: Path, *arguments: str, optimised: bool = False
) -> tuple[int | None, str, str]:
    """Exit status, stdout and stderr of `python script arguments` in `folder`; `optimised` as users compile it."""
    process = FORKS.Process(target=_as_program, args=(script, folder, arguments, optimised))
    process.start()
    process.join()
    out, err = (folder / name for name in ("stdout.txt", "stderr.txt"))
    return process.exitcode, out.read_text(), err.read_text()


def _as_program(script: Path, folder: Path, arguments: tuple[str, ...], optimised: bool) -> None:
    os.chdir(folder)
    if optimised:
        os.environ["XLA_FLAGS"] = ""  # read at the first compilation, which is still ahead
    for name, number in (("stdout.txt", 1), ("stderr.txt", 2)):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    sys.argv = [str(script), *arguments]
    sys.path.insert(0, str(script.parent))
    runpy.run_path(str(script), run_name="__main__")
