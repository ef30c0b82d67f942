"""`forecast predict FOLDER -o FOLDER` gives what `predict_partitions` gives."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast import Naive, Pretrained
from forecast.cli import main


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two series of 30 months, each divided between two files."""
    long = pd.DataFrame(
        {
            "shop": ["a"] * 30 + ["b"] * 30,
            "ds": [*pd.date_range("2020-01", periods=30, freq="MS")] * 2,
            "y": np.random.default_rng(0).normal(20, 1, size=60),
        }
    )
    folder = tmp_path / "data"
    folder.mkdir()
    for year, part in long.groupby(long["ds"].dt.year):
        part.to_parquet(folder / f"{year}.parquet")
    return folder


def test_a_folder_becomes_a_folder(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["predict", str(data), "--series", "shop", "--rows", "35", "-o"]
    assert main([*words, str(tmp_path / "season")]) == 0
    shown = capsys.readouterr()
    assert shown.out == f"wrote 2 files to {tmp_path / 'season'}\n" and "partitions: 100%" in shown.err
    long = pd.concat(map(pd.read_parquet, sorted(data.iterdir()))).rename(columns={"shop": "unique_id"})
    long = long.sort_values(["unique_id", "ds"])
    found = pd.read_parquet(tmp_path / "season").sort_values(["unique_id", "ds"], ignore_index=True)
    pd.testing.assert_frame_equal(found, Pretrained().fit(long).predict(12))  # one season
    more = ["--model", "Naive", "--horizon", "2", "--jobs", "1"]
    assert main([*words, str(tmp_path / "steps"), *more]) == 0
    found = pd.read_parquet(tmp_path / "steps").sort_values(["unique_id", "ds"], ignore_index=True)
    pd.testing.assert_frame_equal(found, Naive().fit(long).predict(2))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ([], "--output: must be one folder for a folder; received 0 names"),
        (["-o", "{data}/2020.parquet"], "--output: must be a folder for a folder; received the file"),
        (["-o", "{data}/no/out"], "--output: must be in a folder that exists"),
        (["-o", "{data}/out"], "--output: must be outside the folder of the data"),
        (["-o", "{data}-out", "--model", "NARX"], "--model: must be one of"),
        (["-o", "{data}-out", "--decimal", ","], "--decimal: must be absent for a folder"),
        (["-o", "{data}-out", "--rows", "0"], "--rows: must be"),
        (["-o", "{data}-out", "--jobs", "0"], "--jobs: must be"),
        (["-o", "{data}-out", "--target", "sold"], "MODEL: must be files with the columns shop, ds, sold"),
    ],
)
def test_mistakes_are_told_in_one_line(
    more: list[str], words: str, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(data), "--series", "shop", *(each.format(data=data) for each in more)]) == 2
    assert capsys.readouterr().err.startswith(f"forecast predict: {words}")


def test_rows_that_do_not_tell_the_season(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in data.iterdir():
        pd.read_parquet(path).groupby("shop").head(1).to_parquet(path)
    assert main(["predict", str(data), "--series", "shop", "--rows", "2", "-o", f"{data}-out"]) == 2
    assert "--horizon: must be given for this folder" in capsys.readouterr().err
