"""Imports point down a floor, heavy libraries stay on their floors, and the library does not print.

Read from the syntax trees, imports inside functions and by name included. There is no list of exceptions.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "forecast"

# What every module may rest on comes first; a module may import from its own package and from lower floors.
FLOORS = (
    ("_checks",),
    ("_files",),
    ("datasets", "layers"),
    ("export", "panel", "networks"),
    ("windows",),
    ("training",),
    ("estimators",),
    ("evaluation", "partitions"),
    ("cli",),
    ("__init__", "__main__"),
)
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}

# Where a library may be imported at all; TensorFlow, JAX and torch in one file only.
ALLOWED = {
    "keras": ("layers", "networks", "export", "training", "estimators"),
    "statsmodels": ("estimators", "evaluation"),
    "tensorflow": ("training/backend.py",),
    "jax": ("training/backend.py",),
    "torch": ("training/backend.py",),
    "onnx": ("export/graph.py",),
    "matplotlib": ("evaluation", "cli"),
    "argparse": ("cli",),
    "tqdm": ("training", "evaluation", "partitions", "cli"),
}
FILES = sorted(ROOT.rglob("*.py"))
MODULES = {".".join(path.relative_to(ROOT.parent).with_suffix("").parts) for path in FILES}


def place(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def nodes(root: ast.AST) -> Iterator[ast.AST]:
    """Every node, except what only a type checker reads."""
    for child in ast.iter_child_nodes(root):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield child
            yield from nodes(child)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything imported; `from a import b` counts as a.b.

    So does a string that is the name of one of our modules: that is how they are imported when first used.
    """
    for node in nodes(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in MODULES:
            yield node.lineno, node.value


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path: Path) -> None:
    here = place(path)
    assert here in FLOOR, f"{here} stands on no floor: add it to FLOORS"
    for line, name in imports(path):
        top, _, rest = name.partition(".")
        if top == "forecast":
            there = rest.partition(".")[0]
            assert there == here or FLOOR.get(there, len(FLOORS)) < FLOOR[here], (
                f"{path}:{line}: imports {name}"
            )


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_heavy_libraries_stay_on_their_floors(path: Path) -> None:
    inside = path.relative_to(ROOT).as_posix()
    for line, name in imports(path):
        homes = ALLOWED.get(name.partition(".")[0])
        assert homes is None or place(path) in homes or inside in homes, f"{path}:{line}: imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_command_line_prints(path: Path) -> None:
    names = {node.id for node in nodes(tree(path)) if isinstance(node, ast.Name)}
    assert place(path) == "cli" or "print" not in names


def test_every_floor_is_inhabited() -> None:
    assert {place(path) for path in FILES} == set(FLOOR)


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("import forecast.cli", ["forecast.cli"]),
        ("def f():\n    from forecast.cli import main", ["forecast.cli.main"]),
        ("import_module('forecast.cli.tables')", ["forecast.cli.tables"]),
        ("if TYPE_CHECKING:\n    from forecast.cli import main", []),
    ],
)
def test_the_walk_sees_hidden_imports(tmp_path: Path, source: str, seen: list[str]) -> None:
    path = tmp_path / "module.py"
    path.write_text(source)
    assert [name for _, name in imports(path)] == seen
