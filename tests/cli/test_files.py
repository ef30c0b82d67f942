"""Files are looked at before the work."""

import os
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from forecast.cli.files import check_data, check_input, check_outputs


def test_files_that_will_do(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a")
    check_data(str(tmp_path / "a.csv"))
    check_data("air_passengers")  # a name, which the catalogue knows or not
    check_outputs([tmp_path / "b.csv", tmp_path / "B.PNG", tmp_path / "a.csv"], inputs=[None, "a.csv"])


def test_an_input_must_be_a_file(tmp_path: Path) -> None:
    for data in (str(tmp_path / "a.csv"), "no/such", "a.txt"):
        with pytest.raises(FileNotFoundError, match=f"DATA: must be an existing file; received {data}"):
            check_data(data)
    with pytest.raises(OSError, match="a folder"):
        check_input("MODEL", tmp_path)


def test_an_output_must_be_writable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path, words in (
        (tmp_path / "a.doc", "files that end in .csv, .parquet, .png"),
        (tmp_path / "no" / "a.csv", "in a folder that exists"),
    ):
        with pytest.raises(ValueError, match=words):
            check_outputs([path])
    (tmp_path / "folder.csv").mkdir()
    for path in (tmp_path / "folder.csv", Path(os.devnull)):
        with pytest.raises(ValueError, match="a file that may be written"):
            check_outputs([path], None)
    with pytest.raises(ValueError, match="another file than those read"):
        check_outputs([tmp_path / "a.csv"], inputs=[f"{tmp_path}/../{tmp_path.name}/a.csv"])

    def nothing(name: str) -> ModuleSpec | None:
        return None

    monkeypatch.setattr("forecast.cli.files.find_spec", nothing)
    with pytest.raises(ValueError, match=r"keras-forecast\[parquet\]"):
        check_outputs([tmp_path / "a.parquet"])
