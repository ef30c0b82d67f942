"""Model files: exact round trips, and clear errors for anything damaged, foreign or newer."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from forecast.estimators.base import Forecaster
from forecast.estimators.baselines.ar import AR
from forecast.estimators.baselines.naive import Naive
from forecast.estimators.registry import MODULES, ON_SEQUENCES, estimator_class
from forecast.estimators.saving import decode, encode, load
from tests.checks_forecaster import long_frame, monthly


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.zip"
    AR(lags=2).fit(monthly()).save(path)
    return path


def rewrite(path: Path, change: dict[str, Any] | None = None, arrays: bytes | None = None) -> None:
    """The same file with changed settings or arrays and right sums: what a forger would write."""
    with zipfile.ZipFile(path) as old:
        config, data = json.loads(old.read("config.json")), old.read("arrays.npz")
    data = data if arrays is None else arrays
    config |= {"sha256": {"arrays.npz": hashlib.sha256(data).hexdigest()}, **(change or {})}
    text = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as new:
        new.writestr("config.json", text)
        new.writestr("arrays.npz", data)
        new.comment = hashlib.sha256(text).hexdigest().encode()


def test_panel_comes_back(tmp_path: Path) -> None:
    long = long_frame((30, 20))
    model = AR(lags=[1, 12]).fit(long, sample_weight=np.linspace(0, 1, 50))
    model.save(tmp_path / "panel.zip")
    loaded = load(tmp_path / "panel.zip")
    assert loaded.predict(3).equals(model.predict(3))
    np.testing.assert_array_equal(loaded.sample_weight_, model.sample_weight_)
    assert loaded.lags == [1, 12] and isinstance(loaded.lags, list)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        0.1,
        float("inf"),
        "a",
        [1, 2],
        (1, (2, [3])),
        {"a": (1,)},
        {},
        np.array(["a", None], dtype=object),
    ],
    ids=repr,
)
def test_values_come_back_with_their_types(value: Any) -> None:
    back = decode(json.loads(json.dumps(encode(value, "value"), allow_nan=False)))
    assert type(back) is type(value)
    if isinstance(value, np.ndarray):
        assert back.tolist() == value.tolist()
    else:
        assert back == value


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_truncated_file(file: Path, kept: float) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(
        ValueError, match="path: must be an undamaged model file; received .*Copy or save it again"
    ):
        load(file)


def test_any_flipped_byte_is_noticed_or_harmless(file: Path) -> None:
    data = file.read_bytes()
    expected = load(file).predict(3)
    for place in range(0, len(data), 7):
        file.write_bytes(data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :])
        try:
            loaded = load(file)
        except ValueError as error:
            assert "must be" in str(error)
        else:
            assert loaded.predict(3).equals(expected)


def test_exchanged_arrays(file: Path) -> None:
    with zipfile.ZipFile(file) as old:
        text, mark = old.read("config.json"), old.comment
    with zipfile.ZipFile(file, "w") as new:
        new.writestr("config.json", text)
        new.writestr("arrays.npz", b"other")
        new.comment = mark
    with pytest.raises(ValueError, match="sum of arrays.npz differs"):
        load(file)


def test_edited_settings(file: Path) -> None:
    with zipfile.ZipFile(file) as old:
        text, data, mark = old.read("config.json"), old.read("arrays.npz"), old.comment
    with zipfile.ZipFile(file, "w") as new:
        new.writestr("config.json", text.replace(b'"lags": 2', b'"lags": 3'))
        new.writestr("arrays.npz", data)
        new.comment = mark
    with pytest.raises(ValueError, match="sum of config.json differs"):
        load(file)


def test_newer_version(file: Path) -> None:
    rewrite(file, {"format_version": 2})
    with pytest.raises(ValueError, match="format_version: must be at most 1; received 2. Install a newer"):
        load(file)


@pytest.mark.parametrize("name", ["Popen", "os.system", "Forecaster", "sklearn.linear_model.Ridge"])
def test_unknown_class(file: Path, name: str) -> None:
    rewrite(file, {"class": name})
    with pytest.raises(ValueError, match="class: must be one of AR, Drift"):
        load(file)


@pytest.mark.parametrize(
    "change",
    [
        {"class": 3},
        {"params": {"no_such": 1}},
        {"params": []},
        {"state": {"predict": 1, "lags_": {"unknown": [1], "two": 2}}},
        {"panel": {"dict": {}}},
        {"format_version": "1"},
    ],
    ids=repr,
)
def test_nonsense_with_right_sums(file: Path, change: dict[str, Any]) -> None:
    rewrite(file, change)
    with pytest.raises(ValueError, match="undamaged model file"):
        load(file)


def test_pickled_array_is_not_opened(file: Path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **{"state/coef_": np.array([{"a": 1}], dtype=object)})
    rewrite(file, arrays=buffer.getvalue())
    with pytest.raises(ValueError, match="undamaged model file"):
        load(file)


def test_file_cannot_replace_methods(file: Path) -> None:
    rewrite(file, {"state": {"predict": "text"}})
    with pytest.raises(ValueError, match="undamaged model file"):
        load(file)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="path: must be an existing model file"):
        load(tmp_path / "none.zip")


def test_foreign_class_and_parameter_are_refused(tmp_path: Path) -> None:
    class Mine(Naive):
        pass

    with pytest.raises(ValueError, match=r"received .*Mine.*joblib"):
        Mine().fit([1.0, 2.0]).save(tmp_path / "mine.zip")
    with pytest.raises(ValueError, match=r"lags: must be made of None.*joblib"):
        AR(lags=range(1, 3)).fit(monthly()).save(tmp_path / "odd.zip")


def test_registry_names_every_estimator() -> None:
    for name in MODULES:
        base = BaseEstimator if name in ON_SEQUENCES else Forecaster
        assert issubclass(estimator_class(name), base) and estimator_class(name).__name__ == name
