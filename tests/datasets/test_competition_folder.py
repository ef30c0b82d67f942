"""Folders of four competitions: which rows may be learned from, which are forecast, and by what rules."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.datasets import read_competition
from tests.datasets.miniatures import m4, m5, nn5


@pytest.mark.parametrize("folders", [("", ""), ("Train", "Test")])
def test_m4(tmp_path: Path, folders: tuple[str, str]) -> None:
    train, test = m4(tmp_path, "Hourly", series=2)
    for part, folder in zip(("train", "test"), folders, strict=True):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / f"Hourly-{part}.csv").rename(tmp_path / folder / f"Hourly-{part}.csv")
    found = read_competition(tmp_path, "Hourly")
    assert (found.layout, found.horizon, found.season, found.freq) == ("m4", 48, 24, "h")
    pd.testing.assert_frame_equal(found.train, train)
    pd.testing.assert_frame_equal(found.test, test)
    dated = found.dated(found.train)
    assert (dated["ds"].diff().mode() == pd.Timedelta(hours=1)).all()
    assert read_competition(tmp_path, "Hourly", horizon=3).horizon == 3


def test_long_tables_of_another_name(tmp_path: Path) -> None:
    rows = pd.DataFrame({"unique_id": "a", "ds": [1, 2, 3], "y": [1.0, 2.0, 3.0]})
    rows.to_parquet(tmp_path / "sales-train.parquet")
    rows.assign(ds=[4, 5, 6]).to_parquet(tmp_path / "sales-test.parquet")
    found = read_competition(tmp_path, "sales", horizon=3)
    assert (found.horizon, found.season, found.test["ds"].tolist()) == (3, 1, [4, 5, 6])
    assert found.dated(found.train) is found.train
    with pytest.raises(ValueError, match=r"horizon: must be given for .*sales-train.parquet, which has none"):
        read_competition(tmp_path, "sales")
    rows.assign(unique_id="b").to_parquet(tmp_path / "sales-test.parquet")
    with pytest.raises(ValueError, match="'b' in the test part alone"):
        read_competition(tmp_path, "sales", horizon=3)


def test_m3(tmp_path: Path) -> None:
    sheet = "Series,N,NF,1,2,3,4,5\nN 1,5,2,1,2,3,4,5\n"
    (tmp_path / "M3Other.csv").write_text(sheet)
    found = read_competition(tmp_path, "Other")
    assert (found.layout, found.horizon, found.season) == ("m3", 8, 1)
    assert found.train["y"].tolist() == [1, 2, 3] and found.test["ds"].tolist() == [4, 5]


def test_monash(tmp_path: Path) -> None:
    nn5(tmp_path)
    found = read_competition(tmp_path, "nn5_daily")
    assert (found.layout, found.horizon, found.season) == ("tsf", 14, 7)
    assert found.train.groupby("unique_id").size().tolist() == [26, 26] and found.train["y"].isna().sum() == 2
    assert found.test["ds"].min() == pd.Timestamp("1996-04-13")
    assert len(read_competition(tmp_path, "nn5_daily", horizon=10).test) == 20


def test_m5_forecasts_the_validation_phase_unless_the_other_is_known(tmp_path: Path) -> None:
    sales = m5(tmp_path, days=88)
    found = read_competition(tmp_path, "M5")
    assert found.horizon == 28 and found.test.groupby("unique_id").size().tolist() == [28] * 6
    assert found.train["unique_id"].str.endswith("_validation").all() and "sales" in found.train
    assert found.train["ds"].max() < found.test["ds"].min()
    after = sales.filter(regex="id$").assign(**{f"d_{day}": 0 for day in range(89, 117)})
    after.to_csv(tmp_path / "sales_test_evaluation.csv", index=False)
    last = read_competition(tmp_path, "M5")
    assert last.train["unique_id"].str.endswith("_evaluation").all()
    assert len(last.test) == 6 * 28 and not np.any(last.test["y"])
    assert last.test["ds"].min() - last.train["ds"].max() == pd.Timedelta(days=1)


def test_a_folder_without_the_group(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="folder: must be a folder that has Daily-train.csv"):
        read_competition(tmp_path, "Daily")
