"""The standard error is held back in the command's own process, and there only while Keras is imported."""

import os
from pathlib import Path

import pytest

from forecast.cli import main
from forecast.cli.quiet_stderr import quiet_stderr


def test_notes_are_held_back(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_stderr():
        os.write(2, b"a note of C++")
    assert capfd.readouterr().err == ""


def test_notes_are_shown_if_the_block_fails(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ImportError), quiet_stderr():
        os.write(2, b"a note of C++")
        raise ImportError
    assert capfd.readouterr().err == "a note of C++"


def test_a_program_that_calls_the_command_keeps_its_standard_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def touched(*numbers: int) -> None:
        raise AssertionError("the standard error of the process was redirected")

    environment = dict(os.environ)
    with monkeypatch.context() as patch:
        patch.setattr(os, "dup2", touched)
        assert main(["fit", "lynx", "--model", "Naive", "-o", str(tmp_path / "m")]) == 0
        assert main(["predict", str(tmp_path / "m"), "-o", str(tmp_path / "o.csv")]) == 0
    assert dict(os.environ) == environment
