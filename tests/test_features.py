"""FEATURES.md names tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_each_row_names_a_test() -> None:
    tables = [line for line in (ROOT / "FEATURES.md").read_text().splitlines() if line.startswith("| ")]
    rows = [line for line in tables if not re.search(r"\| (test|---) \|$", line)]
    assert len(rows) > 30
    for row in rows:
        path, name = row.rsplit("|", 2)[1].strip().split("::")
        tree = ast.parse((ROOT / path).read_text())
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, row
