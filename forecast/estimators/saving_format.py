"""The file of a model: a zip of `config.json` and one member of raw numbers for each array.

`config.json` holds plain values and, under "arrays", the dtype, shape and SHA-256 of every array; the member
`arrays/NAME` its numbers, little-endian, in C order. The comment of the zip is the SHA-256 of `config.json`.
Reading checks every declared size before it takes memory, and accepts only the declared members.
The checksums reveal damage, not forgery: a forger can compute them too.
"""

from __future__ import annotations

import hashlib
import json
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from forecast._checks import explain
from forecast._files import replacing

FORMAT_VERSION = 2
CONFIG = "config.json"
DTYPES = ("|b1", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8")
LEAST_LIMIT = 256 * 2**20
"""Bytes that any file may take in memory; a larger file may take `GROWTH` times its size."""
GROWTH = 4
MOST_MEMBERS = 1000
_TEXT_WEIGHT = 16  # bytes of memory for one byte of JSON, at least
_CHUNK = 2**20
_END, _SUM = 22, 64  # bytes of the end record of a zip, and of its comment


class Unreadable(ValueError):
    """A file that is no model file, or no longer one."""


class Refused(ValueError):
    """A whole file that is not to be read: what is allowed, what was found, and what to do."""

    def __init__(self, allowed: str, found: str, remedy: str) -> None:
        super().__init__(found)
        self.allowed, self.found, self.remedy = allowed, found, remedy


def write(path: str | Path, config: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write plain values and arrays to `path`, which holds the old file or the whole new one, also after an error."""
    plain = {name: np.ascontiguousarray(array).reshape(array.shape) for name, array in arrays.items()}
    plain = {name: array.astype(array.dtype.newbyteorder("<"), copy=False) for name, array in plain.items()}
    declared = {name: _declared(array) for name, array in plain.items()}
    text = json.dumps(_whole_text({"format_version": FORMAT_VERSION, **config, "arrays": declared})).encode()
    with replacing(path) as new, zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(CONFIG, text)
        for name, array in plain.items():
            file.writestr(_member(name), array.tobytes())
        file.comment = hashlib.sha256(text).hexdigest().encode()


def read(path: str | Path, max_bytes: int | None = None) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The plain values and arrays of a file, whoever wrote it.

    Raises:
        Unreadable: damaged, or not as `write` writes it. Refused: of another version, or more than `max_bytes` in
            memory, by default 256 MB or 4 times the size of the file. Other errors of zipfile and zlib for
            damaged files.
    """
    size = Path(path).stat().st_size
    limit = max(LEAST_LIMIT, GROWTH * size) if max_bytes is None else max_bytes
    with Path(path).open("rb") as raw:
        _check_end(raw, size)
        with zipfile.ZipFile(raw) as file:
            return _read_members(file, limit)


def parse(text: bytes) -> Any:
    """Strict JSON: no NaN, no key twice, no nesting without end, no half characters."""
    return _whole_text(
        json.loads(
            text, object_pairs_hook=_pairs, parse_constant=_no_constant, parse_float=_finite, parse_int=_whole
        )
    )


def _declared(array: np.ndarray) -> dict[str, Any]:
    digest = hashlib.sha256(array.tobytes()).hexdigest()
    return {"dtype": array.dtype.str, "shape": list(array.shape), "sha256": digest}


def _member(name: str) -> str:
    return f"arrays/{name}"


def _check_end(raw: IO[bytes], size: int) -> None:
    """Refuse a list of members that would itself take much memory, before `zipfile` reads it."""
    raw.seek(max(size - _END - _SUM - 20, 0))
    locator, end = raw.read(20), raw.read(_END)
    if end[:4] != b"PK\x05\x06" or int.from_bytes(end[20:22], "little") != _SUM:
        raise Unreadable("its end is missing")
    members, length = int.from_bytes(end[10:12], "little"), int.from_bytes(end[12:16], "little")
    if size < 2**32 and (members > MOST_MEMBERS or length > _CHUNK or locator[:4] == b"PK\x06\x07"):
        raise Unreadable(f"it lists {members} members")
    raw.seek(0)


def _read_members(file: zipfile.ZipFile, limit: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    members = {info.filename: info for info in file.infolist()}
    if len(members) < len(file.infolist()) or CONFIG not in members:
        raise Unreadable(f"a member twice, or no {CONFIG}")
    total = sum(info.file_size for info in members.values()) + _TEXT_WEIGHT * members[CONFIG].file_size
    if total > limit:
        allowed = f"a model file of at most {limit} bytes in memory"
        remedy = f"Pass load(path, max_bytes={total}) if you trust it"
        raise Refused(allowed, f"of {total} bytes", remedy)
    text = _content(file, members[CONFIG])
    if hashlib.sha256(text).hexdigest().encode() != file.comment:
        raise Unreadable(f"the sum of {CONFIG} differs")
    config = parse(text)
    if not isinstance(config, dict) or type(config.get("format_version")) is not int:
        raise Unreadable(f"{CONFIG} names no version of the format")
    if (version := config.pop("format_version")) != FORMAT_VERSION:
        remedy = "Install the version of keras-forecast that wrote it, or fit and save the model again"
        raise Refused(f"a model file of format {FORMAT_VERSION}", f"of format {version}", remedy)
    declared = config.pop("arrays", None)
    if not isinstance(declared, dict) or {CONFIG, *map(_member, declared)} != members.keys():
        raise Unreadable("its members are not those it declares")
    arrays = {name: _array(file, members[_member(name)], name, form) for name, form in declared.items()}
    return config, arrays


def _array(file: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, form: Any) -> np.ndarray:
    if (
        not isinstance(form, dict)
        or form.keys() != {"dtype", "shape", "sha256"}
        or form["dtype"] not in DTYPES
    ):
        raise Unreadable(f"the form of {name} is not one of an array")
    dtype, shape = np.dtype(form["dtype"]), form["shape"]
    if (
        not isinstance(shape, list)
        or len(shape) > 8
        or not all(type(side) is int and side >= 0 for side in shape)
    ):
        raise Unreadable(f"the shape of {name} is not one of an array")
    if math.prod(shape) * dtype.itemsize != info.file_size or any(side > 2**62 for side in shape):
        raise Unreadable(f"the size of {name} is not that of its shape")
    data = _content(file, info)
    if hashlib.sha256(data).hexdigest() != form["sha256"]:
        raise Unreadable(f"the sum of {name} differs")
    if dtype.kind == "b" and data.translate(None, b"\x00\x01"):
        raise Unreadable(f"{name} holds other values than true and false")
    return np.frombuffer(bytearray(data), dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _content(file: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """All bytes of a member, never more than it declares, even if it unpacks to more."""
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Unreadable(f"{info.filename} is compressed in another way")
    with file.open(info) as member:
        data = b"".join(iter(lambda: member.read(_CHUNK), b""))
    if len(data) != info.file_size:
        raise Unreadable(f"{info.filename} is cut short")
    return data


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _whole_text(values: Any) -> Any:
    """The values; refuse half of a surrogate pair, which JSON can hold and no output can."""
    try:
        json.dumps(values, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        received, remedy = repr(error.object[error.start]), "Rename the series, columns or symbols before fit"
        raise ValueError(explain("text of a model", "of whole characters", received, remedy)) from None
    return values


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _finite(text: str) -> float:
    if math.isinf(number := float(text)):
        raise ValueError(f"{text} is out of range")
    return number


def _whole(text: str) -> int:
    if abs(number := int(text[:25])) >= 2**64 or len(text) > 25:
        raise ValueError(f"{text[:30]} is out of range")
    return number
