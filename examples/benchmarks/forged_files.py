"""python examples/benchmarks/forged_files.py --count 1000 --seed 0

Damaged and forged model files: each must be refused by the one error that names the file, or be a model that works.

Half of the files are damaged at random (bits, bytes, length, fields of the zip); the other half are forgeries whose
checksums are right (values, keys and types of the settings, shapes, types and values of the arrays, members, their
compression and declared sizes). A file that loads must also predict, forecast intervals, take new rows and print.
Exits with 1 if any file ends in another error.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
import struct
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import forecast

MONTHS = pd.period_range("2015-01", periods=48, freq="M")
NET: dict[str, Any] = {"epochs": 2, "random_state": 0}
Contents = tuple[dict[str, Any], dict[str, bytes]]


def single(seed: int = 0) -> pd.Series:
    noise = np.random.default_rng(seed).normal(size=48)
    return pd.Series(10 + np.sin(np.arange(48) * np.pi / 6) + 0.1 * noise, MONTHS, name="y")


def covariates() -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(1).normal(size=(48, 2)), MONTHS, ["a", "b"])


def panel() -> pd.DataFrame:
    days = pd.date_range("2024-01-01", periods=40, freq="D")
    parts = [
        pd.DataFrame({"unique_id": name, "ds": days[:rows], "y": single(seed).to_numpy()[:rows]})
        for seed, (name, rows) in enumerate({"p": 40, "q": 36}.items())
    ]
    return pd.concat(parts, ignore_index=True)


def with_interval(model: Any) -> Any:
    model.predict_interval(2, level=80)
    return model


MODELS: dict[str, Callable[[], Any]] = {
    "Naive": lambda: forecast.Naive().fit(panel()),
    "AR": lambda: with_interval(forecast.AR(lags=[1, 12]).fit(single())),
    "AR panel": lambda: forecast.AR().fit(panel(), sample_weight=np.ones(76)),
    "ETS": lambda: forecast.ETS().fit(single()),
    "Naive2": lambda: forecast.Naive2(season=7).fit(panel()),
    "Theta": lambda: with_interval(forecast.Theta().fit(single())),
    "SARIMAX": lambda: forecast.SARIMAX(order=(1, 0, 1)).fit(covariates(), single()),
    "MarkovSwitching": lambda: forecast.MarkovSwitching().fit(single()),
    "NARX": lambda: forecast.NARX(lags=3, hidden=(3,), members=2, **NET).fit(covariates(), single()),
    "NARX panel": lambda: forecast.NARX(lags=2, hidden=(2,), embed_series=2, **NET).fit(panel()),
    "RNN": lambda: forecast.RNN(lags=2, units=2, solver="lbfgs", **NET).fit(single()),
    "Seq2Seq": lambda: forecast.Seq2Seq(window=6, units=2, horizon=2, solver="lbfgs", **NET).fit(single()),
    "OnlineRNN": lambda: forecast.OnlineRNN(lags=2, units=2, random_state=0).fit(panel()),
    "Ensemble": lambda: with_interval(
        forecast.Ensemble(
            {"ar": forecast.AR(lags=2), "in": forecast.Ensemble([forecast.Naive(), forecast.Drift()])},
            combine="weights",
        ).fit(single())
    ),
    "GraphRNN": lambda: forecast.GraphRNN(
        lags=2, units=2, edges=pd.DataFrame({"source": ["a"], "target": ["b"]}), **NET
    ).fit(covariates()),
    "SequenceClassifier": lambda: forecast.SequenceClassifier(
        cell="elman", units=(2,), embedding=2, **NET
    ).fit(["ab", "aab", "ba", "bba"], ["x", "x", "y", "y"]),
    "SequenceLabeler": lambda: forecast.SequenceLabeler(cell="elman", units=(2,), **NET).fit(
        [np.arange(4.0), np.ones(3)], [[0, 1, 0, 1], [1, 1, 0]]
    ),
    "MarkovChain": lambda: forecast.MarkovChain(order=2).fit(["aab", "abb", "ba"]),
}

# ---------------------------------------------------------------------- files


def contents(data: bytes, path: Path) -> Contents:
    path.write_bytes(data)
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    return json.loads(members.pop("config.json")), members


def write(path: Path, config: Any, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> None:
    """A file with right checksums, whatever it holds."""
    text = config if isinstance(config, bytes) else json.dumps(config).encode()
    with zipfile.ZipFile(path, "w", method) as file:
        file.writestr("config.json", text)
        for name, data in members.items():
            file.writestr(name, data)
        file.comment = hashlib.sha256(text).hexdigest().encode()


def damage(data: bytes, rng: np.random.Generator) -> bytes:
    """A file with flipped bits, a lost or additional piece, or another value in a field of the zip."""
    raw, place = bytearray(data), int(rng.integers(len(data)))
    match int(rng.integers(5)):
        case 0:
            for _ in range(int(rng.integers(1, 4))):
                raw[int(rng.integers(len(raw)))] ^= 1 << int(rng.integers(8))
        case 1:
            del raw[place:]
        case 2:
            raw[place:place] = rng.bytes(int(rng.integers(1, 40)))
        case 3:
            del raw[place : place + int(rng.integers(1, 40))]
        case _:
            marks = [b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"]
            starts = [at for at in range(len(raw)) if bytes(raw[at : at + 4]) in marks]
            at = int(rng.choice(starts)) + int(rng.integers(4, 46))
            raw[at : at + 2] = rng.bytes(2)
    return bytes(raw)


# ---------------------------------------------------------------------- forgeries with right checksums

ODD: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        2,
        3,
        7,
        10**6,
        10**9,
        2**63,
        -(2**40),
        0.0,
        0.5,
        -1.5,
        1e300,
        "",
        "x",
        "auto",
    ),
    *("add", "mul", "window", "adam", "lstm", "n", "float32", [], [1], ["a"], [[1, 2]], {}, {"a": 1}),
    *({"tuple": []}, {"tuple": [1, 2]}, {"dict": [["a", 1]]}, {"float": "nan"}, {"float": "inf"}),
    *({"range": [0, 10**9, 1]}, {"array": ["<f8", [2], [1.0, 2.0]]}, {"array": ["O", [1], [None]]}),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all values inside a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, inner in items for place in places(inner, (*path, key)))]


def change_settings(config: dict[str, Any], rng: np.random.Generator) -> None:
    """One value, key or type of the settings; half of the times among the options and the network."""
    area = ("params", "state", "panel")[int(rng.integers(3))]
    found = [place for place in places(config[area], (area,)) if len(place) > 1] or [("class",)]
    *path, key = found[int(rng.integers(len(found)))]
    inside = config
    for step in path:
        inside = inside[step]
    match int(rng.integers(8)):
        case 0:
            del inside[key]
        case 1 if isinstance(inside, dict):
            inside[str(ODD[int(rng.integers(len(ODD)))])] = inside.pop(key)
        case 2 if isinstance(inside, list):
            inside.append(copy.deepcopy(inside[key]))
        case 3 if type(inside[key]) in (int, float):
            inside[key] = type(inside[key])(inside[key] * [-1, 2, 10, 1000][int(rng.integers(4))] + 1)
        case 4 if isinstance(inside[key], str):
            inside[key] = inside[key][::-1] + "\u0000\ud800"[: int(rng.integers(3))]
        case _:
            inside[key] = copy.deepcopy(ODD[int(rng.integers(len(ODD)))])


def change_array(config: dict[str, Any], members: dict[str, bytes], rng: np.random.Generator) -> None:
    """Shape, type or values of one array, declared as they are."""
    if not config["arrays"]:
        return
    name = list(config["arrays"])[int(rng.integers(len(config["arrays"])))]
    form = config["arrays"][name]
    array = np.frombuffer(members[f"arrays/{name}"], form["dtype"]).reshape(form["shape"]).copy()
    values = [np.nan, np.inf, -np.inf, 0, -1, 1, 1e308, 1e-308, 2**31, 2**62, -(2**63), 3]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        match int(rng.integers(8)):
            case 0:
                array = array.astype(["<f4", "<f8", "<i8", "|b1", "|u1", "<f2"][int(rng.integers(6))])
            case 1:
                array = array.reshape(-1)
            case 2:
                array = array[None] if rng.random() < 0.5 else array[..., None]
            case 3:
                array = array[: int(rng.integers(len(array) + 1))] if array.ndim else array[None]
            case 4:
                array = np.concatenate([array, array]) if array.ndim else array
            case 5:
                array = np.array(values[int(rng.integers(len(values)))]).astype(array.dtype) + np.zeros_like(
                    array
                )
            case _ if array.size:
                value = np.array(values[int(rng.integers(len(values)))]).astype(array.dtype)
                array.reshape(-1)[int(rng.integers(array.size))] = value
    declare(config, members, name, array)


def declare(config: dict[str, Any], members: dict[str, bytes], name: str, array: np.ndarray) -> None:
    data = np.ascontiguousarray(array).tobytes()
    digest = hashlib.sha256(data).hexdigest()
    config["arrays"][name] = {"dtype": array.dtype.str, "shape": list(array.shape), "sha256": digest}
    members[f"arrays/{name}"] = data


def change_members(config: dict[str, Any], members: dict[str, bytes], rng: np.random.Generator) -> None:
    """A member too many, missing, renamed, exchanged, or with other declarations than it has."""
    names = list(config["arrays"])
    if not names:
        return
    name, other = (names[int(rng.integers(len(names)))] for _ in range(2))
    form = config["arrays"][name]
    match int(rng.integers(6)):
        case 0:
            declare(
                config,
                members,
                f"state/{['more', 'coef_', 'predict', '__class__'][int(rng.integers(4))]}",
                np.ones(2),
            )
        case 1:
            del config["arrays"][name], members[f"arrays/{name}"]
        case 2:
            config["arrays"][name + "_"] = config["arrays"].pop(name)
            members[f"arrays/{name}_"] = members.pop(f"arrays/{name}")
        case 3:
            config["arrays"][name] = config["arrays"][other]
            members[f"arrays/{name}"] = members[f"arrays/{other}"]
        case 4:
            form["shape"] = [[2**40], [-1], [], [0], ["1"], [1] * 70, None][int(rng.integers(7))]
        case _:
            form["dtype"] = ["|O", "<U9", "<c16", "(9,)f8", "f8,f8", "<M8[s]", None, 8][int(rng.integers(8))]


def other_text(text: bytes, rng: np.random.Generator) -> bytes:
    """Settings that are no JSON, nest without end, hold NaN, endless numbers, or one key twice."""
    odd = [
        b"NaN",
        b"-Infinity",
        b"9" * 5000,
        b"1e999",
        b"[" * 50_000,
        b'{"a":' * 50_000,
        b'{"a": 1, "a": 1}',
        b"\xff",
    ]
    value, marks = (
        odd[int(rng.integers(len(odd)))],
        [at for at in range(len(text)) if text[at : at + 2] == b": "],
    )
    at = marks[int(rng.integers(len(marks)))] + 2
    return text[:at] + value + (b", " if rng.random() < 0.5 else b"") + text[at:]


def forge(data: bytes, path: Path, rng: np.random.Generator) -> None:
    """Write a changed file with right checksums to `path`."""
    config, members = contents(data, path)
    method = zipfile.ZIP_DEFLATED
    match int(rng.integers(10)):
        case 0 | 1 | 2 | 3:
            change_settings(config, rng)
        case 4 | 5 | 6:
            change_array(config, members, rng)
        case 7:
            change_members(config, members, rng)
        case 8:
            write(path, other_text(json.dumps(config).encode(), rng), members)
            return
        case _:
            method = [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_DEFLATED][int(rng.integers(3))]
            if method == zipfile.ZIP_DEFLATED:
                config["class"] = ["Popen", "AR", "NARX", "MarkovChain", "KerasForecaster", 3][
                    int(rng.integers(6))
                ]
    write(path, config, members, method)
    if rng.random() < 0.1:  # declared size of a member
        raw = bytearray(path.read_bytes())
        at = raw.rindex(b"PK\x01\x02")
        struct.pack_into("<I", raw, at + 24, int(rng.integers(2**32)))
        path.write_bytes(raw)


# ---------------------------------------------------------------------- verdict


def use(model: Any) -> None:
    """What a user may do with a model that loaded."""
    repr(model)
    if not hasattr(model, "panel_"):
        X: Any = [[0.0, 1.0]] if isinstance(model, forecast.SequenceLabeler) else [list(model.symbols_[:2])]
        model.predict(X)
        return
    ahead = model.make_future_frame(2)
    repr(ahead)
    asked: Any = ahead.fillna(0.0) if model.panel_.n_exog else 2
    model.predict(asked)
    if model.conformal_ is not None and model.conformal_.horizon >= 2:
        model.predict_interval(asked, level=80)
    new = model.predict(asked)
    if model.panel_.layout.form == "single":
        new[:] = 10.0
        model.update(new)


def verdict(path: Path) -> str:
    """ "refused" or "works", or the error that must not be."""
    try:
        model = forecast.load(path)
    except ValueError as error:
        named = str(error).startswith("path: must be ") and path.name in str(error)
        return "refused" if named else f"load: {error!r}"[:300]
    except BaseException as error:  # MemoryError and RecursionError count as well
        return f"load: {error!r}"[:300]
    try:
        use(model)
    except BaseException as error:
        return f"{type(model).__name__}: {error!r}"[:300]
    return "works"


def run(names: Sequence[str], count: int, seed: int, folder: Path) -> Counter[tuple[str, str]]:
    """Verdicts on `count` damages and `count` forgeries, taking the models `names` in turn."""
    rng, path, files = np.random.default_rng(seed), folder / "model.zip", {}
    for name in names:
        MODELS[name]().save(path)
        files[name] = path.read_bytes()
    found: Counter[tuple[str, str]] = Counter()
    for number in range(count):
        data = files[names[number % len(names)]]
        path.write_bytes(damage(data, rng))
        found["damages", verdict(path)] += 1
        forge(data, path, rng)
        found["forgeries", verdict(path)] += 1
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", choices=MODELS, default=list(MODELS))
    options = parser.parse_args(arguments)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = run(options.only, options.count, options.seed, Path(folder))
    failures = {key: times for key, times in found.items() if key[1] not in ("refused", "works")}
    for kind in ("damages", "forgeries"):
        bad = sum(times for key, times in failures.items() if key[0] == kind)
        print(
            f"{kind:10s} refused {found[kind, 'refused']:5d}  works {found[kind, 'works']:5d}  anything else {bad:5d}"
        )
    for (kind, what), times in failures.items():
        print(f"  {kind} {times}x {what}")
    print(f"{len(options.only)} models, {time.perf_counter() - start:.0f} s")
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
