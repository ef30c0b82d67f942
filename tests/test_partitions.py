"""A folder of parquet files is forecast as one panel would be, wherever its rows lie and whatever stops the run."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast import AR, Naive, Pretrained, partitions, predict_partitions

SERIES, MONTHS, NAMES = 12, 30, ("unique_id", "ds", "y")


def table(series: int = SERIES) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    names = [f"s{k:03d}" for k in range(series)]
    index = pd.MultiIndex.from_product([names, pd.date_range("2020-01", periods=MONTHS, freq="MS")])
    season = 5 * np.sin(np.arange(len(index)) * np.pi / 6)
    y = pd.Series(20 + season + rng.normal(size=len(index)), index)
    return y.rename_axis(["unique_id", "ds"]).rename("y").reset_index()


def write(folder: Path, parts: Iterable[pd.DataFrame]) -> Path:
    folder.mkdir()
    for number, part in enumerate(parts):
        part.to_parquet(folder / f"{number}.parquet", index=False)
    return folder


def by_series(long: pd.DataFrame) -> list[pd.DataFrame]:
    return [part for _, part in long.groupby(np.arange(len(long)) // (3 * MONTHS))]


def by_date(long: pd.DataFrame) -> list[pd.DataFrame]:
    """The files of later dates come first, their rows in no order."""
    return [part.sample(frac=1, random_state=0) for _, part in long.groupby(-(long["ds"].dt.year))]


@pytest.mark.parametrize("model", [Pretrained(), AR(lags=2)], ids=["Pretrained", "AR"])
@pytest.mark.parametrize("split", [by_series, by_date])
def test_forecasts_are_those_of_the_whole_panel(split, model, tmp_path: Path) -> None:
    long = table()
    data = write(tmp_path / "data", split(long))
    files = predict_partitions(model, data, tmp_path / "out", horizon=3, level=80, rows=4 * MONTHS)
    assert len(files) >= 3 and {path.parent for path in files} == {tmp_path / "out"}
    found = pd.concat(map(pd.read_parquet, files)).sort_values(["unique_id", "ds"], ignore_index=True)
    # Processors may round a product in float32 otherwise where it has other rows beside it.
    near: dict[str, Any] = {"check_exact": True} if isinstance(model, AR) else {"rtol": 1e-6}
    if not isinstance(model, AR):  # its intervals are calibrated on the errors of all series of a partition
        whole = model.fit(long).predict_interval(3, level=80)
        pd.testing.assert_frame_equal(found, whole, **near)
    whole = model.fit(long).predict(3)
    pd.testing.assert_frame_equal(found[whole.columns], whole, **near)
    assert len(pd.read_parquet(tmp_path / "out")) == len(whole)  # nothing else is read from the folder
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *(path.name for path in files),
        "_run.json",
        "_files.json",
    }


def test_names_numbers_and_row_groups(tmp_path: Path) -> None:
    long = table().assign(unique_id=lambda rows: rows["unique_id"].str[1:].astype(int))
    long["ds"] = long.groupby("unique_id").cumcount() + 1
    names = {"unique_id": "shop", "ds": "day", "y": "sold"}
    long.assign(other="x").rename(columns=names).to_parquet(
        tmp_path / "one.parquet", row_group_size=3 * MONTHS
    )
    options = {"series": "shop", "time": "day", "target": "sold", "rows": 100, "horizon": 2}
    files = predict_partitions(Naive(), tmp_path / "one.parquet", tmp_path / "out", n_jobs=1, **options)
    assert len(files) == SERIES // 3
    found = pd.concat(map(pd.read_parquet, files), ignore_index=True)
    pd.testing.assert_frame_equal(found, Naive().fit(long).predict(2))


def test_a_shuffle_divides_no_series_and_loses_no_row(tmp_path: Path) -> None:
    long = table()
    pieces = partitions._pieces(partitions._files(write(tmp_path / "data", by_date(long))), NAMES, 100)
    (tmp_path / "out").mkdir()
    found = partitions._shuffled(pieces, tmp_path / "out", 100, partitions._Work(None, 0))
    parts = [piece.read_sorted().astype({"unique_id": str}) for piece in found if piece.rows]
    assert [len(part) for part in parts] == [piece.rows for piece in found if piece.rows]
    assert sum(part["unique_id"].nunique() for part in parts) == SERIES
    whole = pd.concat(parts).sort_values(["unique_id", "ds"], ignore_index=True)
    pd.testing.assert_frame_equal(whole, long, check_dtype=False)


def test_without_pyarrow_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: str) -> None:
        raise ImportError(name)

    data = write(tmp_path / "data", by_series(table()))
    monkeypatch.setattr(partitions, "import_module", none)
    with pytest.raises(ImportError, match=r"data: must be read with pyarrow; .*\[parquet\]"):
        predict_partitions(Naive(), data, tmp_path / "out")


def test_a_run_goes_on_with_the_partitions_that_are_missing(tmp_path: Path) -> None:
    data, out = write(tmp_path / "data", by_series(table())), tmp_path / "out"
    files = predict_partitions(Naive(), data, out, horizon=2, rows=100)
    whole = pd.read_parquet(out)
    (out / "_files.json").unlink()
    files[1].unlink()
    (out / ".part-00001-x.parquet").touch()
    kept = {path: path.stat().st_mtime_ns for path in files if path.exists()}
    assert predict_partitions(Naive(), data, out, horizon=2, rows=100) == files
    pd.testing.assert_frame_equal(pd.read_parquet(out), whole)
    assert all(path.stat().st_mtime_ns == then for path, then in kept.items())
    assert not [*out.glob(".*")]
    with pytest.raises(ValueError, match=r"output: must be a new folder; .* a run with horizon 2 where .* 3"):
        predict_partitions(Naive(), data, out, horizon=3, rows=100)


def test_mistakes_are_told(tmp_path: Path) -> None:
    data = write(tmp_path / "data", [table().drop(index=5)])
    for where, options, words in (
        (tmp_path / "no", {}, "data: must be a folder of parquet files"),
        (
            data,
            {"series": "shop"},
            "data: must be files with the columns shop, ds, y; received 0.parquet without",
        ),
        (data, {"series": None}, "series: must be the name of a column; received None"),
        (data, {"horizon": 0}, "horizon: must be"),
        (data, {"rows": 0}, "rows: must be"),
        (data, {"n_jobs": 0}, "n_jobs: must be"),
        (data, {"level": 120}, "level: must be"),
    ):
        with pytest.raises(ValueError, match=words):
            predict_partitions(Naive(), where, tmp_path / "out", **options)
    with pytest.raises(ValueError, match="output: must be outside the folder of the data"):
        predict_partitions(Naive(), data, data / "out")
    with pytest.raises(ValueError, match="without missing timestamps") as caught:
        predict_partitions(Naive(), data, tmp_path / "out")
    assert caught.value.__notes__ == ["Raised in part-00000.parquet, read from 0.parquet."]


@pytest.mark.slow
def test_killed_three_times_it_ends_with_the_same_files(tmp_path: Path) -> None:
    data = write(tmp_path / "data", by_date(table(series=48)))
    code = "import sys; from forecast import Theta, predict_partitions as run; "
    code += f"run(Theta(), {str(data)!r}, sys.argv[1], horizon=12, rows={2 * MONTHS})"
    whole, disturbed, moments = tmp_path / "whole", tmp_path / "disturbed", random.Random(0)
    subprocess.run([sys.executable, "-c", code, whole], check=True)
    done = [0]
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", code, disturbed])
        while len([*disturbed.glob("part-*")]) <= done[-1]:
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 0.1))
        process.kill()
        process.wait()
        done.append(len([*disturbed.glob("part-*")]))
    assert 0 < done[1] < done[2] < done[3] < len([*whole.glob("part-*")])
    subprocess.run([sys.executable, "-c", code, disturbed], check=True)
    files = {path.name: path.read_bytes() for path in whole.glob("*")}
    assert files == {path.name: path.read_bytes() for path in disturbed.glob("*")}
    assert not [*disturbed.glob(".*")]
