"""setup.cfg lists every package, pyproject.toml only the build system, and the data travel along."""

import ast
import configparser
import importlib.metadata
import tomllib
from pathlib import Path

import forecast

ROOT = Path(__file__).parents[1]


def setup() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def test_every_package_is_listed() -> None:
    found = {"forecast._data"} | {
        ".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "forecast").rglob("*.py")
    }
    assert set(setup()["options"]["packages"].split()) == found


def test_every_file_of_data_matches_what_is_packed() -> None:
    patterns = setup()["options.package_data"]["forecast._data"].replace(",", " ").split()
    data = {path for path in (ROOT / "datasets").iterdir()}
    assert data == {path for pattern in patterns for path in (ROOT / "datasets").glob(pattern)}
    assert (ROOT / "forecast" / "py.typed").is_file()


def test_pyproject_holds_the_build_system_alone() -> None:
    assert set(tomllib.loads((ROOT / "pyproject.toml").read_text())) == {"build-system"}


def test_no_folder_shadows_another_package() -> None:
    """Without an __init__.py, Hugging Face's `datasets` wins even in the checkout."""
    assert not (ROOT / "datasets" / "__init__.py").exists() and not (ROOT / "tests" / "__init__.py").exists()


def test_the_console_script_exists() -> None:
    _, _, target = setup()["options.entry_points"]["console_scripts"].partition(" = ")
    module, _, function = target.strip().partition(":")
    source = ROOT / Path(*module.split(".")) / "__init__.py"
    names = {node.name for node in ast.parse(source.read_text()).body if isinstance(node, ast.FunctionDef)}
    assert function in names


def test_everything_imported_is_required() -> None:
    required = {line.split(">=")[0].strip() for line in setup()["options"]["install_requires"].split()}
    imported = set()
    for path in (ROOT / "forecast").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.partition(".")[0])
    distributions = importlib.metadata.packages_distributions()
    outside = {distributions[name][0] for name in imported if name in distributions} - {"keras-forecast"}
    assert outside - {"jax", "onnx", "torch"} <= required


def test_the_changelog_knows_the_version() -> None:
    assert f"## {forecast.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
