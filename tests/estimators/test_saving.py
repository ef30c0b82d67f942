"""Model files: exact round trips, and clear errors for anything damaged, foreign or newer."""

from __future__ import annotations

import hashlib
import json
import re
import tracemalloc
import zipfile
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from forecast.estimators import saving_format
from forecast.estimators.base import Forecaster
from forecast.estimators.baselines.ar import AR
from forecast.estimators.baselines.naive import Naive
from forecast.estimators.registry import MODULES, ON_SEQUENCES, estimator_class
from forecast.estimators.saving import load
from forecast.estimators.saving_values import decode, encode
from forecast.estimators.sequences.classifier import SequenceClassifier
from forecast.estimators.sequences.markov_chain import MarkovChain
from tests.checks_forecaster import long_frame, monthly


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.zip"
    AR(lags=2).fit(monthly()).save(path)
    return path


def contents(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    return json.loads(members.pop("config.json")), members


def forge(
    path: Path, config: Any, members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED
) -> None:
    """A file with these contents and right sums: what a forger would write."""
    text = config if isinstance(config, bytes) else json.dumps(config).encode()
    with zipfile.ZipFile(path, "w", compression) as file:
        file.writestr("config.json", text)
        for name, data in members.items():
            file.writestr(name, data)
        file.comment = hashlib.sha256(text).hexdigest().encode()


def array(path: Path, name: str, value: np.ndarray) -> None:
    """Put another array in the place of one of the file."""
    config, members = contents(path)
    data = np.ascontiguousarray(value).tobytes()
    digest = hashlib.sha256(data).hexdigest()
    config["arrays"][name] = {"dtype": value.dtype.str, "shape": list(value.shape), "sha256": digest}
    forge(path, config, {**members, f"arrays/{name}": data})


def refused(path: Path, why: str = "") -> None:
    """`load` ends in the one error, which names the file."""
    with pytest.raises(ValueError, match=f"path: must be .*{re.escape(path.name)}.*{why}"):
        load(path)


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
        {"a": (1,), 3: None},
        {},
        range(1, 9, 2),
        {1, 2},
        np.array([[1.5], [np.nan]], dtype=np.float32),
        np.array(["a", "bc"]),
        np.array(["a", None], dtype=object),
    ],
    ids=repr,
)
def test_values_come_back_with_their_types(value: Any) -> None:
    back = decode(json.loads(json.dumps(encode(value, "value"), allow_nan=False)))
    assert type(back) is type(value)
    if isinstance(value, np.ndarray):
        np.testing.assert_array_equal(back, value)
        assert back.dtype == value.dtype
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
            assert str(error).startswith("path: must be ") and file.name in str(error)
        else:
            assert loaded.predict(3).equals(expected)


def test_exchanged_arrays(file: Path) -> None:
    config, members = contents(file)
    name = "arrays/state/coef_"
    forge(file, config, {**members, name: bytes(len(members[name]))})
    refused(file, "the sum of state/coef_ differs")


def test_edited_settings(file: Path) -> None:
    config, members = contents(file)
    with zipfile.ZipFile(file) as old:
        mark = old.comment
    forge(file, {**config, "params": {**config["params"], "lags": 3}}, members)
    with zipfile.ZipFile(file, "a") as new:
        new.comment = mark
    refused(file, "the sum of config.json differs")


@pytest.mark.parametrize("version", [1, 3])
def test_other_version(file: Path, version: int) -> None:
    config, members = contents(file)
    forge(file, {**config, "format_version": version}, members)
    refused(file, f"of format {version}. Install the version of keras-forecast that wrote it")


@pytest.mark.parametrize("name", ["Popen", "os.system", "Forecaster", "sklearn.linear_model.Ridge"])
def test_unknown_class(file: Path, name: str) -> None:
    config, members = contents(file)
    forge(file, {**config, "class": name}, members)
    refused(file, f"of class '{name}'")


@pytest.mark.parametrize(
    "change",
    [
        {"class": 3},
        {"class": []},
        {"params": {"no_such": 1}},
        {"params": []},
        {"state": {"predict": 1, "lags_": {"unknown": [1], "two": 2}}},
        {"state": {"predict": "text"}},
        {"panel": {"dict": []}},
        {"panel": None},
        {"format_version": "2"},
        {"format_version": None},
        {"arrays": {}},
        {"arrays": None},
    ],
    ids=repr,
)
def test_nonsense_with_right_sums(file: Path, change: dict[str, Any]) -> None:
    config, members = contents(file)
    forge(file, {**config, **change}, members)
    refused(file)


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b"null", b"[" * 100_000, b'{"a":' * 100_000, b'{"a": NaN}', b'{"a": 1e999}'],
    ids=lambda text: text[:12].decode(),
)
def test_settings_that_are_no_settings(file: Path, text: bytes) -> None:
    forge(file, text, contents(file)[1])
    refused(file)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"lags": 2', b'"lags": 2, "lags": 2'), (b'"lags": 2', b'"lags": ' + b"9" * 5000)],
    ids=["a key twice", "a number without end"],
)
def test_settings_that_python_would_read(file: Path, old: bytes, new: bytes) -> None:
    config, members = contents(file)
    forge(file, json.dumps(config).encode().replace(old, new), members)
    refused(file)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions(file: Path, method: int) -> None:
    forge(file, *contents(file), compression=method)
    refused(file, "compressed in another way")


@pytest.mark.parametrize("dtype", ["|O", "<U4", "<c16", "<M8[ns]", "f8,f8", "(100000000,)f8", 3, None])
def test_arrays_of_other_types(file: Path, dtype: Any) -> None:
    config, members = contents(file)
    config["arrays"]["state/coef_"]["dtype"] = dtype
    forge(file, config, members)
    refused(file, "the form of state/coef_")


@pytest.mark.parametrize("shape", [[2**61], [-1, -2], [1, 1, 1.0], "11", [True], [0, 2**63], [1] * 40, {}])
def test_arrays_of_impossible_shapes(file: Path, shape: Any) -> None:
    config, members = contents(file)
    config["arrays"]["state/coef_"]["shape"] = shape
    forge(file, config, members)
    refused(file, "state/coef_")


@pytest.mark.parametrize("change", ["one more", "one less"])
def test_other_members(file: Path, change: str) -> None:
    config, members = contents(file)
    if change == "one less":
        members.popitem()
    forge(file, config, {**members, "arrays/more": b""} if change == "one more" else members)
    refused(file, "its members are not those it declares")


def test_a_file_that_unpacks_to_much_more_is_not_unpacked(file: Path) -> None:
    array(file, "state/coef_", np.zeros((1, 1, 36_000_000)))  # 288 MB in 0.3 MB
    refused(file, "Pass load")
    tracemalloc.start()
    with pytest.raises(ValueError, match="of at most 268435456 bytes in memory"):
        load(file)
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()


def test_a_member_that_unpacks_to_more_than_it_declares(file: Path) -> None:
    config, members = contents(file)
    forge(file, config, {**members, "arrays/state/coef_": bytes(2**26)})
    data = file.read_bytes().replace((2**26).to_bytes(4, "little"), (16).to_bytes(4, "little"))
    file.write_bytes(data)
    tracemalloc.start()
    refused(file)
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()


def test_max_bytes(file: Path) -> None:
    with pytest.raises(ValueError, match="at most 1000 bytes in memory; received .* Pass load"):
        load(file, max_bytes=1000)
    assert load(file, max_bytes=100_000).lags == 2
    with pytest.raises(TypeError, match="max_bytes"):
        load(file, max_bytes="1 GB")  # type: ignore[arg-type]


def test_a_directory_of_too_many_members(file: Path) -> None:
    config, members = contents(file)
    forge(file, config, {**members, **{f"arrays/{number}": b"" for number in range(1000)}})
    refused(file, f"it lists {len(members) + 1001} members")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state/coef_", np.full((1, 1, 2), np.nan)),
        ("state/coef_", np.ones((1, 1, 3))),
        ("state/coef_", np.ones((1, 1, 2), dtype=np.int64)),
        ("state/lags_", np.array([1, 10**9])),
        ("state/lags_", np.array([2, 1])),
        ("panel/offsets", np.array([0, 1, 60])),
        ("panel/offsets", np.array([0, 10**12])),
        ("panel/starts", np.array([2**62])),
        ("panel/y", np.full((60, 1), np.inf)),
        ("panel/y", np.zeros((59, 1))),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value.shape),
)
def test_arrays_that_no_fit_makes(file: Path, name: str, value: np.ndarray) -> None:
    array(file, name, value)
    refused(file)


@pytest.mark.parametrize(
    "change",
    [{"lags": "x"}, {"trend": 3}, {"horizon": 0}, {"lags": {"range": [1, 10**9, 1]}}, {"exog_lags": None}],
    ids=repr,
)
def test_arguments_that_fit_refuses(file: Path, change: dict[str, Any]) -> None:
    config, members = contents(file)
    forge(file, {**config, "params": {**config["params"], **change}}, members)
    refused(file)


@pytest.mark.parametrize("zone", ["dateutil//etc/passwd", "/etc/passwd", "../../etc/passwd", "No/Where", 3])
def test_a_time_zone_is_a_name_and_no_file(tmp_path: Path, zone: Any) -> None:
    days = pd.date_range("2024-01-01", periods=20, freq="D", tz="Europe/Berlin")
    Naive().fit(pd.Series(np.arange(20.0), days)).save(tmp_path / "model.zip")
    config, members = contents(tmp_path / "model.zip")
    text = json.dumps(config).replace('"Europe/Berlin"', json.dumps(zone))
    assert text != json.dumps(config)
    forge(tmp_path / "model.zip", text.encode(), members)
    refused(tmp_path / "model.zip")


@pytest.mark.parametrize(
    "change",
    [
        {"series": None},
        {"series": "ds"},
        {"target": "unique_id"},
        {"time": "when"},
        {"time": ["ds"]},
        {"more": 1},
    ],
    ids=str,
)
def test_names_of_a_long_frame_that_no_fit_makes(tmp_path: Path, change: dict[str, Any]) -> None:
    AR(lags=2).fit(long_frame((30, 20))).save(tmp_path / "model.zip")
    config, members = contents(tmp_path / "model.zip")
    panel = decode(config["panel"])
    panel["layout"]["names"] |= change
    forge(tmp_path / "model.zip", {**config, "panel": encode(panel, "panel")}, members)
    refused(tmp_path / "model.zip")
    del panel["layout"]["names"]  # as in files that are older than this field
    forge(tmp_path / "model.zip", {**config, "panel": encode(panel, "panel")}, members)
    assert list(load(tmp_path / "model.zip").predict(1).columns) == ["unique_id", "ds", "AR"]


def test_a_huge_network_is_counted_and_not_built(tmp_path: Path) -> None:
    SequenceClassifier(units=(2,), embedding=2, epochs=1).fit(["ab", "ba"], [0, 1]).save(
        tmp_path / "model.zip"
    )
    config, members = contents(tmp_path / "model.zip")
    text = json.dumps(config)
    huge = text.replace('["units", {"tuple": [2]}]', '["units", {"tuple": [200000, 200000]}]')
    assert huge != text
    forge(tmp_path / "model.zip", huge.encode(), members)
    refused(tmp_path / "model.zip", "theta_ is missing or not of the form")


def test_save_names_an_attribute_that_the_class_does_not_learn(tmp_path: Path) -> None:
    model = AR(lags=2).fit(monthly())
    model.note_ = "mine"
    with pytest.raises(ValueError, match="save: must be called on a model whose attributes.*received note_"):
        model.save(tmp_path / "model.zip")


def test_half_a_character_is_neither_saved_nor_read(tmp_path: Path) -> None:
    path, half = tmp_path / "model.zip", "\ud800"
    with pytest.raises(ValueError, match=r"text of a model: must be of whole characters; received '\\ud800'"):
        saving_format.write(path, {"name": ["a", half]}, {})
    MarkovChain().fit([["a", "b", "a"]]).save(path)
    config, members = contents(path)
    text = json.dumps(config).replace('"b"', '"\\ud800"')
    for forged in (text.encode(), text.replace("\\ud800", half).encode("utf-8", "surrogatepass")):
        forge(path, forged, members)
        refused(path, "of whole characters")
    MarkovChain().fit([["a", "\U0001f600", "a"]]).save(path)
    assert list(load(path).symbols_) == ["a", "\U0001f600"]


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="path: must be an existing model file"):
        load(tmp_path / "none.zip")


def test_foreign_class_and_parameter_are_refused(tmp_path: Path) -> None:
    class Mine(Naive):
        pass

    with pytest.raises(ValueError, match=r"received .*Mine.*joblib"):
        Mine().fit([1.0, 2.0]).save(tmp_path / "mine.zip")
    with pytest.raises(ValueError, match=r"season: must be made of None.*joblib"):
        AR(lags=2).fit(monthly()).set_params(season=object()).save(tmp_path / "odd.zip")


@pytest.mark.parametrize(
    "lags",
    [
        range(1, 4),
        np.int32(3),
        np.array([1, 2, 3], dtype=np.uint8),
        pd.Index([1, 2, 3]),
        pd.Series([1, 2, 3]),
        {1, 2, 3},
        frozenset({1, 2, 3}),
        (1, np.int64(2), 3),
        {1: "a", 2: "b", 3: "c"}.keys(),
        deque([1, 2, 3]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_form_that_fit_takes_comes_back(tmp_path: Path, lags: Any) -> None:
    model = AR(lags=lags, seasonal_lags=np.int8(0), trend=np.str_("c")).fit(monthly())
    model.save(tmp_path / "model.zip")
    loaded = load(tmp_path / "model.zip")
    assert loaded.predict(3).equals(model.predict(3))
    assert loaded.predict(3).equals(AR(lags=3).fit(monthly()).predict(3))
    if isinstance(lags, (range, set, frozenset, np.ndarray, pd.Index, tuple)):
        assert type(loaded.lags) is type(lags) and list(loaded.lags) == list(lags)


def test_a_failed_save_leaves_the_old_model(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, expected = file.read_bytes(), load(file).predict(3)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        AR(lags=3).fit(monthly()).save(file)
    assert file.read_bytes() == before and load(file).predict(3).equals(expected)
    assert [entry.name for entry in file.parent.iterdir()] == [file.name]


def test_registry_names_every_estimator() -> None:
    for name in MODULES:
        base = BaseEstimator if name in ON_SEQUENCES else Forecaster
        assert issubclass(estimator_class(name), base) and estimator_class(name).__name__ == name


def test_two_rows_without_a_frequency_come_back(tmp_path: Path) -> None:
    y = pd.Series([1.0, 2.0], pd.to_datetime(["2024-01-01", "2024-01-02"]))
    Naive().fit(y).save(tmp_path / "model.zip")
    assert load(tmp_path / "model.zip").panel_.index(0).equals(y.index)
