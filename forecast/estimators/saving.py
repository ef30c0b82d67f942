"""One file for a fitted model: a zip of JSON and plain arrays, without pickle.

Members: `config.json` (format version, class name, parameters, learned values, SHA-256 of the arrays) and
`arrays.npz`; the comment of the zip holds the SHA-256 of `config.json`. Loading parses JSON and numeric
arrays and looks the class up in the closed list of `forecast.estimators.registry`; nothing in the file is
executed. The sums reveal damage, not a forger, who can compute them too.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast._checks import explain
from forecast.estimators.conformal import Calibration
from forecast.estimators.registry import MODULES, estimator_class
from forecast.panel import Panel

FORMAT_VERSION = 1
_UNREADABLE = (
    AttributeError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    KeyError,
    IndexError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
)


def save(model: Any, path: str | Path) -> None:
    """Write a fitted estimator to `path`.

    Args:
        model: a fitted estimator of this package.
        path: file to write.

    Raises:
        ValueError: the class is not part of the package, or a parameter has no plain form.
    """
    name = type(model).__name__
    if name not in MODULES or type(model) is not estimator_class(name):
        raise ValueError(
            explain(
                "save",
                "called on an estimator of the package",
                type(model).__qualname__,
                "Use joblib.dump for files you trust",
            )
        )
    plain, arrays = model._state()
    panel, panel_arrays = model.panel_.to_state() if hasattr(model, "panel_") else (None, {})
    groups = {"state": arrays, "panel": panel_arrays, "conformal": _calibration_arrays(model)}
    data = _pack(
        {f"{group}/{key}": value for group, members in groups.items() for key, value in members.items()}
    )
    config = {
        "format_version": FORMAT_VERSION,
        "class": name,
        "params": {key: encode(value, key) for key, value in model.get_params(deep=False).items()},
        "state": {key: encode(value, key) for key, value in plain.items()},
        "panel": encode(panel, "panel"),
        "sha256": {"arrays.npz": hashlib.sha256(data).hexdigest()},
    }
    text = json.dumps(config, indent=1).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("config.json", text)
        file.writestr("arrays.npz", data)
        file.comment = hashlib.sha256(text).hexdigest().encode()


def load(path: str | Path) -> Any:
    """Read a fitted estimator written by its `save`; nothing in the file is executed.

    Args:
        path: file to read.

    Returns:
        The estimator, a forecaster with its history.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged, names a class that is not part of the package, or was written by a
            newer version of it.

    Example:
        >>> import tempfile, pathlib
        >>> from forecast import AR
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = pathlib.Path(folder) / "model.zip"
        ...     AR(lags=1, trend="n").fit([1.0, 2.0, 4.0]).save(file)
        ...     load(file).predict(1)
        array([8.])
    """
    if not Path(path).exists():
        raise FileNotFoundError(explain("path", "an existing model file", str(path), "Check the name"))
    with _readable(path):
        config, text = _read_config(path)
    _check_known(config)
    with _readable(path):
        arrays = _read_arrays(path, config, text)
        model = estimator_class(config["class"])()
        model.set_params(**{key: decode(value) for key, value in config["params"].items()})
        model._restore(
            {key: decode(value) for key, value in config["state"].items()}, _group(arrays, "state")
        )
        if config["panel"] is not None:
            model.panel_ = Panel.from_state(decode(config["panel"]), _group(arrays, "panel"))
            errors = _group(arrays, "conformal")
            model.conformal_ = Calibration(**errors) if errors else None
    return model


def split_state(model: Any, skip: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Learned attributes (names ending in `_`) as plain values and numeric or text arrays."""
    learned = {
        name: value
        for name, value in vars(model).items()
        if name.endswith("_") and not name.startswith("_") and name not in skip
    }
    arrays = {name: value for name, value in learned.items() if _is_plain_array(value)}
    return {name: value for name, value in learned.items() if name not in arrays}, arrays


def restore(model: Any, plain: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Set the learned attributes that `split_state` returned.

    Raises:
        ValueError: a name that is not one of a learned attribute.
    """
    for name, value in {**plain, **arrays}.items():
        if not name.endswith("_") or name.startswith("_"):
            raise ValueError(f"{name!r} is not the name of a learned attribute")
        setattr(model, name, value)


def encode(value: Any, name: str) -> Any:
    """A JSON form of None, bool, int, float, str, list, tuple, dict with text keys, array and table of such.

    Raises:
        ValueError: another type.
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (np.bool_, np.integer, np.floating)):
        return encode(value.item(), name)
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else {"float": repr(value)}
    if isinstance(value, list):
        return [encode(item, name) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [encode(item, name) for item in value]}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {"dict": {key: encode(item, name) for key, item in value.items()}}
    if isinstance(value, np.ndarray):
        return {
            "objects" if value.dtype == object else "array": [encode(item, name) for item in value.tolist()]
        }
    if isinstance(value, pd.DataFrame) and all(isinstance(column, str) for column in value.columns):
        return {"table": {column: encode(value[column].tolist(), name) for column in value.columns}}
    raise ValueError(
        explain(
            name,
            "made of None, bool, int, float, str, list, tuple or dict to be saved",
            f"{value!r} of type {type(value).__name__}",
            "Use joblib.dump for files you trust",
        )
    )


def decode(value: Any) -> Any:
    """The value whose `encode` gave this JSON form."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    ((kind, inside),) = value.items()
    if kind == "dict":
        return {key: decode(item) for key, item in inside.items()}
    if kind == "float":
        return float(inside)
    if kind == "table":
        return pd.DataFrame({column: decode(values) for column, values in inside.items()})
    items = [decode(item) for item in inside]
    if kind == "tuple":
        return tuple(items)
    return np.array(items, dtype=object if kind == "objects" else None)


def _is_plain_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "biufU"


def _calibration_arrays(model: Any) -> dict[str, np.ndarray]:
    found = getattr(model, "conformal_", None)
    return {} if found is None else {"errors": found.errors, "scale": found.scale}


def _pack(arrays: dict[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, array in arrays.items():
            with file.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
    return buffer.getvalue()


@contextmanager
def _readable(path: str | Path) -> Iterator[None]:
    """Turn whatever a damaged file provokes into one clear error."""
    try:
        yield
    except _UNREADABLE as error:
        raise ValueError(
            explain("path", "an undamaged model file", f"{str(path)!r} ({error})", "Copy or save it again")
        ) from error


def _read_config(path: str | Path) -> tuple[dict[str, Any], bytes]:
    with zipfile.ZipFile(path) as file:
        text = file.read("config.json")
    config = json.loads(text)
    if not isinstance(config["format_version"], int) or not isinstance(config["class"], str):
        raise ValueError("format_version or class is not of its type")
    return config, text


def _read_arrays(path: str | Path, config: dict[str, Any], text: bytes) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(path) as file:
        data, mark = file.read("arrays.npz"), file.comment
    if hashlib.sha256(text).hexdigest().encode() != mark:
        raise ValueError("the sum of config.json differs")
    if hashlib.sha256(data).hexdigest() != config["sha256"]["arrays.npz"]:
        raise ValueError("the sum of arrays.npz differs")
    with np.load(io.BytesIO(data), allow_pickle=False) as members:
        return {name: members[name] for name in members.files}


def _check_known(config: dict[str, Any]) -> None:
    if config["format_version"] > FORMAT_VERSION:
        raise ValueError(
            explain(
                "format_version",
                f"at most {FORMAT_VERSION}",
                config["format_version"],
                "Install a newer keras-forecast, which wrote this file",
            )
        )
    if config["class"] not in MODULES:
        raise ValueError(
            explain(
                "class",
                f"one of {', '.join(sorted(MODULES))}",
                config["class"],
                "Load files written by this package only",
            )
        )


def _group(arrays: dict[str, np.ndarray], group: str) -> dict[str, np.ndarray]:
    return {name.partition("/")[2]: value for name, value in arrays.items() if name.startswith(group + "/")}
