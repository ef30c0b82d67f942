"""What the pretrained networks learn from holds no window of the sets they are measured on."""

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from forecast.datasets import random_series
from forecast.estimators.pretrained.network import read

FOLDER = Path(__file__).parents[2] / "examples" / "pretraining"
EMBEDDED = sorted((Path(__file__).parents[2] / "datasets").glob("*.csv"))  # most are quoted as zero-shot
QUOTED = ("nn5", "tourism_au", "aus_retail")
WIDE = ("ett/ETTh1", "exchange_rate/exchange_rate")


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(FOLDER)
    yield importlib.import_module("train")
    for path in FOLDER.glob("*.py"):
        sys.modules.pop(path.stem, None)


def long(series: list[np.ndarray]) -> pd.DataFrame:
    ids = np.repeat(np.arange(len(series)), [len(each) for each in series]).astype(str)
    return pd.DataFrame({"unique_id": ids, "ds": np.arange(len(ids)), "y": np.concatenate(series)})


def write_quoted(folder: Path, series: list[np.ndarray]) -> None:
    """A folder of all sets that are quoted as zero-shot, made of some series, the first two of which are M3."""
    for name in ("m3", "m4", "classics", *QUOTED, *(Path(name).parent for name in WIDE)):
        (folder / name).mkdir()
    for part in ("train", "test"):
        long(series[:2]).to_parquet(folder / "m3" / f"Quarterly-{part}.parquet")
    for name in QUOTED:
        long(series[2:]).to_parquet(folder / name / f"{name}.parquet")
    for name in WIDE:
        long(series[2:])[["ds", "y"]].to_parquet(folder / f"{name}.parquet")


@pytest.mark.slow
@pytest.mark.backend
def test_a_family_is_trained_and_written(train: ModuleType, tmp_path: Path) -> None:
    """On random data; a series of M4 that is also in M3, in other units, is left out."""
    quoted = list(random_series(4, season=4, length=40, random_state=1))
    write_quoted(tmp_path, quoted)
    own = [*random_series(60, season=4, length=50, random_state=2), 3 * quoted[0] + 1]
    for group in ("Quarterly", "Hourly"):
        long(own).to_parquet(tmp_path / "m4" / f"{group}-train.parquet")
    train.main([str(tmp_path), "--families", "season_4", "--steps", "10", "--out", str(tmp_path)])
    about = json.loads((tmp_path / "season_4.json").read_text())
    assert about["held_out"]["M4 Quarterly"]["series"] == 60
    network = read(tmp_path / "season_4.npz")
    assert len(network.members) == 2 and (np.diff(network.scores) > 0).all()
    assert "M4 Quarterly" in (tmp_path / "README.md").read_text()


@pytest.fixture
def overlap(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(FOLDER)
    import overlap

    return overlap


def test_a_window_is_known_in_other_units(overlap: ModuleType) -> None:
    rng = np.random.default_rng(0)
    quoted = [rng.normal(size=40) for _ in range(5)]
    others = overlap.all_fingerprints(quoted)
    copy = np.r_[rng.normal(size=5), 3 + 7 * quoted[2][10:18], rng.normal(size=5)]
    short = np.r_[rng.normal(size=5), 3 + 7 * quoted[2][10:17], rng.normal(size=5)]
    assert overlap.without([copy, short, rng.normal(size=30), rng.normal(size=4)], others)[0] is short


def test_shapes_that_recur_by_chance_do_not_count(overlap: ModuleType) -> None:
    step = np.r_[np.zeros(7), 1.0]
    others = overlap.all_fingerprints([step])
    assert len(overlap.without([5 * step], others)) == 1 and (overlap.fingerprints(step) == 0).all()


def embedded() -> dict[str, np.ndarray]:
    """The series that come with the package."""
    return {path.stem: pd.read_csv(path).filter(["y", "demand"]).to_numpy(float)[:, 0] for path in EMBEDDED}


@pytest.mark.parametrize("family", ["season_1", "season_4", "season_12", "any_season"])
def test_no_window_of_the_embedded_sets_was_learned(overlap: ModuleType, family: str) -> None:
    """By one in 128 hashes of what the weights learned from, kept beside the script that makes them."""
    with np.load(FOLDER / "learned_windows.npz") as record:
        learned = record[family]
    assert len(learned) > 2_000
    for name, y in embedded().items():
        assert not np.isin(overlap.sampled(overlap.fingerprints(y)), learned).any(), name


def test_the_record_is_that_of_what_is_learned(overlap: ModuleType) -> None:
    """The random series of a family, drawn again, are in it."""
    with np.load(FOLDER / "learned_windows.npz") as record:
        learned = record["season_4"]
    keep = np.random.default_rng(0).integers(14, 160, 5_000)
    whole = random_series(5_000, season=4, length=160, random_state=4)
    own = [each[-rows:] for each, rows in zip(whole[:500], keep, strict=False)]
    found = overlap.sampled(overlap.all_fingerprints(own))
    assert len(found) > 100 and np.isin(found, learned).all()


@pytest.mark.parametrize("family", ["season_1", "season_4", "season_12", "any_season"])
def test_an_embedded_set_in_disguise_is_left_out(
    overlap: ModuleType, family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each under another name, in other units, and one as the means of a longer series."""
    import sources

    monkeypatch.setattr(sources, "random_series", lambda count, length, **_: np.zeros((3, length)))
    monkeypatch.setattr(sources.np.random, "default_rng", lambda seed: Lengths())
    real = list(embedded().values())
    write_quoted(tmp_path, real[:3])
    for number, y in enumerate(real[3:]):
        pd.DataFrame({"ds": np.arange(len(y)), "y": y}).to_csv(
            tmp_path / "classics" / f"{number}.csv", index=False
        )
    own = [np.sin(np.arange(300) * (1 + number)) + number for number in range(5)]
    hidden = [np.repeat(real[0], 4)]
    for group in ("Yearly", "Quarterly", "Monthly-partial", "Weekly", "Hourly"):
        disguised = [7 * y[: len(y) // 2 + 10] - 3 for y in real]
        long([*own, *disguised, *hidden]).to_parquet(tmp_path / "m4" / f"{group}-train.parquet")
    others = overlap.all_fingerprints(real)
    for source in sources.sources(tmp_path, family):
        assert len(overlap.without(source.series, others)) == len(source.series), source.name
        if source.name.startswith("M4"):
            expected = len(real) + (source.name == "M4 Weekly, means of 4")
            assert source.left_out == expected and len(source.series) == len(own) + len(real) + 1 - expected


class Lengths:
    """In the place of a generator: every series whole."""

    def integers(self, low: int, high: int, count: int) -> np.ndarray:
        return np.full(3, high)
