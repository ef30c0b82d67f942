"""python examples/mutation.py [--only NAME ...] [--list]

Plant the faults of mutation.toml, one at a time, in a copy of the repository, and report those that no test notices.

Each fault names a file, a text that stands in it once, what takes its place, and the tests that should fail. The same
tests must pass on the unchanged copy, which is checked first. Exit status 1 when more than `--allowed` faults survive.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).parents[1]
FAILED, PASSED = 1, 0  # exit status of pytest
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "shared")

FORKS = multiprocessing.get_context("forkserver")  # the heavy libraries are imported once, the package never
FORKS.set_forkserver_preload(["keras", "matplotlib.pyplot", "sklearn.pipeline", "statsmodels.api"])


@dataclass(frozen=True)
class Fault:
    """One text of a file replaced by another, and the tests that should notice."""

    name: str
    file: str
    old: str
    new: str
    tests: str

    def planted(self, text: str) -> str:
        """The text of the file with the fault in it."""
        if text.count(self.old) != 1:
            raise ValueError(f"{self.name}: {self.old!r} stands {text.count(self.old)} times in {self.file}")
        return text.replace(self.old, self.new)


def read_faults(path: Path = ROOT / "examples" / "mutation.toml") -> list[Fault]:
    """All faults of the list."""
    with path.open("rb") as file:
        return [Fault(name=name, **fields) for name, fields in tomllib.load(file).items()]


def run_tests(folder: Path, tests: str) -> int | None:
    """Exit status of the tests in a copy of the repository, slow ones included."""
    process = FORKS.Process(target=_pytest, args=(folder, tests))
    process.start()
    process.join()
    return process.exitcode


def _pytest(folder: Path, tests: str) -> None:
    os.chdir(folder)
    os.environ |= {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    found = (hypothesis.Phase.explicit, hypothesis.Phase.generate)  # a counterexample need not be a small one
    hypothesis.settings.register_profile("mutation", phases=found)
    hypothesis.settings.load_profile("mutation")
    for number in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)
    # hypothesis is imported here before pytest could rewrite its assertions, which it has no use for
    options = ["-x", "-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    sys.exit(pytest.main([*options, "-m", "slow or not slow", *tests.split()]))


def judge(fault: Fault, folder: Path) -> str:
    """What becomes of a fault: "killed", "survived", or "invalid" where the tests cannot even be run."""
    file = folder / fault.file
    whole = file.read_text(encoding="utf-8")
    file.write_text(fault.planted(whole), encoding="utf-8")
    try:
        status = run_tests(folder, fault.tests)
    finally:
        file.write_text(whole, encoding="utf-8")
    return {FAILED: "killed", PASSED: "survived"}.get(status, "invalid")


def main(argv: Sequence[str] | None = None) -> int:
    """Print one line per fault; returns how many survived beyond what is allowed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="faults whose name begins so")
    parser.add_argument("--list", action="store_true", help="print the names and stop")
    parser.add_argument("--allowed", type=int, default=3, help="survivors that are no failure")
    options = parser.parse_args(argv)
    faults = read_faults()
    if options.only:
        faults = [fault for fault in faults if fault.name.startswith(tuple(options.only))]
    if options.list or not faults:
        print("\n".join(fault.name for fault in faults) or "no fault of this name")
        return 0 if options.list else 2
    results: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(shutil.copytree(ROOT, Path(made) / "copy", ignore=LEFT_OUT))
        broken = {tests for tests in {fault.tests for fault in faults} if run_tests(folder, tests) != PASSED}
        for fault in faults:
            begin = time.perf_counter()
            results[fault.name] = "invalid" if fault.tests in broken else judge(fault, folder)
            seconds = time.perf_counter() - begin
            print(f"{fault.name:50s}{results[fault.name]:>10s}{seconds:8.1f} s", flush=True)
    found = list(results.values())
    print(
        f"{len(found)} faults: "
        + ", ".join(f"{found.count(k)} {k}" for k in ("killed", "survived", "invalid"))
    )
    for tests in sorted(broken):
        print(f"fail without a fault: {tests}")
    return int(found.count("survived") > options.allowed or "invalid" in found)


if __name__ == "__main__":
    sys.exit(main())
