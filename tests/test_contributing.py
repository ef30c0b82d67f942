"""The cell that CONTRIBUTING.md shows passes its test, and breaks it when its equation changes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.backend
TEXT = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
(BLOCK,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("leak", ["0.9", "0.8"])
def test_the_cell_shown_is_its_equation(leak: str) -> None:
    shown: dict = {"__name__": "contributing"}
    exec(BLOCK.replace("h = 0.9", f"h = {leak}"), shown)
    if leak == "0.9":
        shown["test_is_its_equation"]()
    else:
        with pytest.raises(AssertionError):
            shown["test_is_its_equation"]()
