"""The way of a forecast through the package stays short, and asks models for no attributes that may be missing."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import forecast
from forecast.datasets import load_air_passengers

ROOT = Path(forecast.__file__).parent
MOST = 33


@pytest.mark.backend
def test_a_warm_forecast_enters_few_files() -> None:
    y = load_air_passengers()
    forecast.NARX(lags=12).fit(y).predict(12)
    entered: set[str] = set()

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(f"{ROOT}/"):
            entered.add(str(Path(frame.f_code.co_filename).relative_to(ROOT)))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        forecast.NARX(lags=12).fit(y).predict(12)
    finally:
        sys.setprofile(before)
    assert 10 < len(entered) <= MOST, f"{len(entered)} files: {', '.join(sorted(entered))}"


def guesses(path: Path) -> list[str]:
    """Calls hasattr(self, "state_"), the same of a model, and getattr(self, option, default)."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) > 1:
            asked, name = node.args[:2]
            own = isinstance(asked, ast.Name) and asked.id in ("self", "model")
            state = isinstance(name, ast.Constant) and str(name.value).endswith("_")
            option = node.func.id == "getattr" and len(node.args) == 3 and ast.unparse(asked) == "self"
            if own and node.func.id in ("hasattr", "getattr") and (state or option):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    return found


def test_state_and_options_of_estimators_are_not_guessed() -> None:
    assert [place for path in sorted((ROOT / "estimators").rglob("*.py")) for place in guesses(path)] == []
