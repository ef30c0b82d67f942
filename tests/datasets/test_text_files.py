"""Text is decoded by its mark, the encoding told, or UTF-8; a table of whole forms is in test_readers.py."""

import gzip
import io
from pathlib import Path

import pytest

from forecast.datasets.text_files import read_text

TEXT = "Zürich,1\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("told", [None, "cp1252"])
def test_a_mark_tells_the_encoding(tmp_path: Path, encoding: str, told: str | None) -> None:
    (tmp_path / "a.csv").write_text(TEXT, encoding=encoding)
    expected = TEXT.encode().decode("cp1252") if (encoding, told) == ("utf-8", "cp1252") else TEXT
    assert read_text(tmp_path / "a.csv", encoding=told) == expected


def test_gzip_and_opened_files(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(gzip.compress(TEXT.encode("latin-1")))
    assert read_text(tmp_path / "a.csv", encoding="latin-1") == TEXT
    assert read_text(io.StringIO(TEXT)) == TEXT


def test_the_first_byte_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"a,1\nb,2\n" + TEXT.encode("latin-1"))
    with pytest.raises(ValueError, match=r"a.csv: must be text in utf-8; received the byte 0xfc in line 3"):
        read_text(tmp_path / "a.csv")
