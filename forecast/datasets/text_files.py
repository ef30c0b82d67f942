"""Text out of a file: compression, byte-order mark, encoding."""

from __future__ import annotations

import codecs
import gzip
import zlib
from pathlib import Path
from typing import TextIO

from forecast._checks import explain

Source = str | Path | TextIO
"""A file, by its path or opened as text."""

_MARKS = (  # the longer first: that of UTF-32 begins like that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"


def read_text(source: Source, *, encoding: str | None = None) -> str:
    """The text of a file: by its byte-order mark, else in `encoding`, else in UTF-8; gzip is unpacked.

    Raises:
        FileNotFoundError, OSError: there is no such file, or it cannot be opened.
        ValueError: an unknown encoding, or bytes that are no text in it.

    Example:
        >>> import io
        >>> read_text(io.StringIO("a,b"))
        'a,b'
    """
    if not isinstance(source, (str, Path)):
        return source.read()
    _check_encoding(encoding)
    data = _unpacked(source)
    if data.startswith(_ZIP):
        remedy = "Unpack it, or save the sheet as CSV"
        raise ValueError(explain(str(source), "a text file", "a zip archive or an Excel workbook", remedy))
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    text = _decoded(data, marked or encoding or "utf-8", source)
    if "\0" in text:
        remedy = "Pass its encoding, often encoding='utf-16-le'"
        raise ValueError(explain(str(source), "text", "a file with NUL characters", remedy))
    return text


def _check_encoding(encoding: str | None) -> None:
    try:
        codecs.lookup(encoding or "utf-8")
    except LookupError as error:
        remedy = "Pass for example encoding='cp1252'"
        raise ValueError(explain("encoding", "an encoding of Python", repr(encoding), remedy)) from error


def _unpacked(source: str | Path) -> bytes:
    data = Path(source).read_bytes()
    if not data.startswith(_GZIP):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        remedy = "Copy it again"
        raise ValueError(explain(str(source), "an undamaged gzip file", str(error), remedy)) from error


def _decoded(data: bytes, encoding: str, source: str | Path) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        received = f"the byte 0x{data[error.start]:02x} in line {line}"
        remedy = "Pass the encoding of the file, for example encoding='cp1252' or encoding='latin-1'"
        raise ValueError(explain(str(source), f"text in {encoding}", received, remedy)) from error
