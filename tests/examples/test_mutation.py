"""The list of faults is up to date, and a fault is judged by whether its tests fail."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def mutation(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "examples")
    return importlib.import_module("mutation")


def test_every_fault_can_be_planted_and_its_tests_exist(mutation: ModuleType) -> None:
    faults = mutation.read_faults()
    assert len(faults) >= 60
    for fault in faults:
        text = (ROOT / fault.file).read_text(encoding="utf-8")
        planted = fault.planted(text)  # refuses a text that does not stand there once
        assert planted != text
        compile(planted, fault.file, "exec")
        assert fault.tests and all((ROOT / path).exists() for path in fault.tests.split())
    kinds = "windows lags exogenous gru lstm scaler metrics conformal saving splits panel naive theta ar- fit rtrl"
    for kind in kinds.split():
        assert any(fault.name.startswith(kind) for fault in faults), kind


@pytest.mark.slow
def test_a_fault_is_killed_or_survives_and_the_file_is_as_before(
    mutation: ModuleType, tmp_path: Path
) -> None:
    source, test = tmp_path / "one.py", tmp_path / "test_one.py"
    source.write_text("ONE = 1\nTWO = 2\n")
    test.write_text("from one import ONE\n\n\ndef test_one():\n    assert ONE == 1\n")
    (tmp_path / "setup.cfg").write_text("[tool:pytest]\nmarkers =\n    slow: not fast\n")
    cases = {"killed": ("ONE = 1", "ONE = 3"), "survived": ("TWO = 2", "TWO = 3"), "invalid": ("ONE", "NONE")}
    for verdict, (old, new) in cases.items():
        fault = mutation.Fault("name", "one.py", old, new, "test_one.py")
        assert mutation.judge(fault, tmp_path) == verdict
        assert source.read_text() == "ONE = 1\nTWO = 2\n"
    with pytest.raises(ValueError, match="name: '= ' stands 2 times in one.py"):
        mutation.judge(mutation.Fault("name", "one.py", "= ", "=", "test_one.py"), tmp_path)


def test_names_are_listed(mutation: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert mutation.main(["--list", "--only", "conformal"]) == 0
    assert "conformal-rank-without-the-one" in capsys.readouterr().out.split()
