"""One file for a fitted model: plain values and arrays, without pickle (see `saving_format`).

Loading looks the class up in the closed list of `forecast.estimators.registry`, checks every value against what
the class learns, and executes nothing of the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone

from forecast._checks import check_count, explain
from forecast.estimators import saving_format
from forecast.estimators.conformal import Calibration
from forecast.estimators.registry import ON_SEQUENCES, estimator_class
from forecast.estimators.saved_checks import check_learned, check_params, check_usable
from forecast.estimators.saved_members import MEMBERS
from forecast.estimators.saving_values import decode, encode
from forecast.panel import Panel, panel_from_state, panel_state

NOT_SAVED = ("callbacks",)
"""Parameters that belong to a fit, and are None after `load`."""
COMPOSED = {"Ensemble": "estimators"}
"""Estimators that hold others, and the parameter that names them, which is read from the fitted ones."""
SHARED = "shared"
"""In place of a history: that of the enclosing model."""


def save(model: Any, path: str | Path) -> None:
    """Write a fitted estimator to `path`; after an error the file is as before.

    Args:
        model: a fitted estimator of this package.
        path: file to write.

    Raises:
        ValueError: the class is not part of the package, or a parameter has no plain form.
    """
    config, arrays = _contents(model)
    saving_format.write(path, config, arrays)


def _contents(model: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Plain values and arrays of a model, those of the models inside it under their number."""
    name = type(model).__name__
    if name not in MEMBERS or type(model) is not estimator_class(name):
        received, remedy = type(model).__qualname__, "Use joblib.dump for files you trust"
        raise ValueError(explain("save", "called on an estimator of the package", received, remedy))
    parts = {} if name in ON_SEQUENCES else model._parts()
    params = {key: value for key, value in model.get_params(deep=False).items() if key not in NOT_SAVED}
    plain, arrays = model._state()
    if unknown := sorted({**plain, **arrays}.keys() - MEMBERS[name].keys()):
        allowed = f"called on a model whose attributes ending in '_' are those that {name} learns"
        raise ValueError(explain("save", allowed, ", ".join(unknown), "Delete the others before saving"))
    panel, panel_arrays = panel_state(model.panel_) if name not in ON_SEQUENCES else (None, {})
    config = {
        "class": name,
        "params": {key: encode(value, key) for key, value in params.items() if key != COMPOSED.get(name)},
        "state": {key: encode(value, key) for key, value in plain.items()},
        "panel": encode(panel, "panel"),
    }
    errors = model.conformal_ if name not in ON_SEQUENCES else None
    conformal = {} if errors is None else {"errors": errors.errors}
    groups = {"state": arrays, "panel": panel_arrays, "conformal": conformal}
    for number, (label, part) in enumerate(parts.items()):
        inside, groups[f"parts/{number}"] = _part(label, part, model)
        config.setdefault("parts", []).append([label, inside])
    return config, {
        f"{group}/{key}": value for group, found in groups.items() for key, value in found.items()
    }


def _part(label: str, part: Any, model: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Plain values and arrays of a model inside another one, without the history that both share."""
    try:
        config, arrays = _contents(part)
    except ValueError as error:
        raise ValueError(f"model {label!r} of the ensemble: {error}") from error
    if part.panel_ is not model.panel_:
        return config, arrays
    return {**config, "panel": SHARED}, {k: v for k, v in arrays.items() if not k.startswith("panel/")}


def load(path: str | Path, *, max_bytes: int | None = None) -> Any:
    """Read a fitted estimator written by its `save`; nothing in the file is executed.

    Args:
        path: file to read.
        max_bytes: memory that its values may take; None = 256 MB, or 4 times the size of the file if that is
            more.

    Returns:
        The estimator, a forecaster with its history; its `callbacks`, if it had any, are None.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged, too large, not a model of this package, or of another format version.

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
    limit = None if max_bytes is None else check_count("max_bytes", max_bytes, maximum=2**63)
    try:
        return _model(*saving_format.read(path, limit))
    except saving_format.Refused as error:
        raise ValueError(
            explain("path", error.allowed, f"{str(path)!r} {error.found}", error.remedy)
        ) from error
    except Exception as error:  # whatever a damaged or forged file provokes
        what = str(error) if isinstance(error, ValueError) and str(error) else repr(error)
        found = f"{str(path)!r} ({what})"
        raise ValueError(
            explain("path", "an undamaged model file", found, "Copy or save it again")
        ) from error


def split_state(model: Any, skip: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Learned attributes (names ending in `_`) as plain values and arrays of numbers."""
    learned = {
        name: value
        for name, value in vars(model).items()
        if name.endswith("_") and not name.startswith("_") and name not in skip
    }
    arrays = {name: value for name, value in learned.items() if _is_numbers(value)}
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


def _model(config: dict[str, Any], arrays: dict[str, np.ndarray], around: Panel | None = None) -> Any:
    """The model of these contents, inside one with the history `around`, or on its own."""
    name = config["class"]
    if name not in MEMBERS or (around is not None and name in ON_SEQUENCES):
        allowed = f"a model of one of the classes {', '.join(sorted(MEMBERS))}"
        found = f"of class {name!r}"
        raise saving_format.Refused(allowed, found, "Load files written by this package only")
    model = estimator_class(name)()
    if (config["panel"] is None) != (name in ON_SEQUENCES):
        raise ValueError("a history that the class does not have, or none")
    if config["panel"] == SHARED and around is not None:
        model.panel_ = around
    elif config["panel"] is not None:
        model.panel_ = panel_from_state(decode(config["panel"]), _group(arrays, "panel"))
    params = {key: decode(value) for key, value in config["params"].items()}
    if name in COMPOSED or "parts" in config:
        parts = _parts(config["parts"], arrays, model.panel_)
        model._take_parts(parts)
        if name in COMPOSED:
            params[COMPOSED[name]] = {label: clone(part) for label, part in parts.items()}
    model.set_params(**params)
    check_params(model)
    plain = {key: decode(value) for key, value in config["state"].items()}
    state, errors = _group(arrays, "state"), _group(arrays, "conformal")
    check_learned(model, {**plain, **state}, errors)
    model._restore(plain, state)
    if config["panel"] is not None:
        model.conformal_ = Calibration(**errors) if errors else None
    check_usable(model)
    return model


def _parts(given: list[Any], arrays: dict[str, np.ndarray], panel: Panel) -> dict[str, Any]:
    """The models inside another one by name."""
    parts = {
        label: _model(config, _group(arrays, f"parts/{number}"), panel)
        for number, (label, config) in enumerate(given)
    }
    if len(parts) < len(given):
        raise ValueError("two models of one name")
    return parts


def _is_numbers(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "biuf" and value.dtype.itemsize <= 8


def _group(arrays: dict[str, np.ndarray], group: str) -> dict[str, np.ndarray]:
    return {name[len(group) + 1 :]: value for name, value in arrays.items() if name.startswith(group + "/")}
