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


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(FOLDER)
    yield importlib.import_module("train")
    for path in FOLDER.glob("*.py"):
        sys.modules.pop(path.stem, None)


def long(series: list[np.ndarray]) -> pd.DataFrame:
    ids = np.repeat(np.arange(len(series)), [len(each) for each in series]).astype(str)
    return pd.DataFrame({"unique_id": ids, "ds": np.arange(len(ids)), "y": np.concatenate(series)})


@pytest.mark.slow
@pytest.mark.backend
def test_a_family_is_trained_and_written(train: ModuleType, tmp_path: Path) -> None:
    """On random data; a series of M4 that is also in M3, in other units, is left out."""
    for name in ("m3", "m4", "nn5", "tourism_au", "aus_retail", "ett", "exchange_rate", "classics"):
        (tmp_path / name).mkdir()
    quoted = list(random_series(4, season=4, length=40, random_state=1))
    for part in ("train", "test"):
        long(quoted[:2]).to_parquet(tmp_path / "m3" / f"Quarterly-{part}.parquet")
    for name in ("nn5", "tourism_au", "aus_retail"):
        long(quoted[2:]).to_parquet(tmp_path / name / f"{name}.parquet")
    for name in ("ett/ETTh1", "exchange_rate/exchange_rate"):
        long(quoted[2:])[["ds", "y"]].to_parquet(tmp_path / f"{name}.parquet")
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
