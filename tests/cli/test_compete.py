"""`forecast compete`: from the organisers' files to scores and a submission, also after it was killed."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast import Naive2, SeasonalNaive
from forecast.cli import main
from forecast.evaluation import mase, smape
from tests.datasets.miniatures import m4, m5, nn5

ROOT = Path(__file__).parents[2]


def run(*words: object) -> int:
    return main(["compete", *map(str, words)])


def test_m4_from_files_to_a_scored_submission(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train, test = m4(tmp_path, "Quarterly", series=7, rows=60)
    out = tmp_path / "run"
    words = ("--data", tmp_path, "--group", "Quarterly", "--model", "SeasonalNaive", "-o", out)
    assert run(*words, "--partition", 3, "--level", 80) == 0
    assert len([*out.glob("part-*.csv")]) == 3
    model = SeasonalNaive(season=4).fit(train)
    point = model.predict(8)
    forecasts = pd.read_csv(out / "forecasts.csv")
    assert forecasts["ds"].tolist() == point["ds"].tolist() == test["ds"].tolist()
    np.testing.assert_array_equal(forecasts["SeasonalNaive"], point["SeasonalNaive"])
    submission = pd.read_csv(out / "submission.csv", index_col="id")
    np.testing.assert_array_equal(submission.to_numpy().ravel(), point["SeasonalNaive"])
    assert list(submission.columns) == [f"F{step}" for step in range(1, 9)]
    frame = test.assign(cutoff=test["ds"] - test.groupby("unique_id").cumcount() - 1)
    frame["SeasonalNaive"] = point["SeasonalNaive"]
    frame["Naive2"] = Naive2(season=4).fit(train).predict(8)["Naive2"]
    scores = {"sMAPE": smape(frame), "MASE": mase(frame, train, season_length=4)}
    series, report = (pd.read_csv(out / f"{name}.csv") for name in ("series", "report"))
    for name, table in scores.items():
        np.testing.assert_allclose(series[name], table["SeasonalNaive"])
        assert report[name].item() == pytest.approx(table["SeasonalNaive"].mean())
    ratios = [table.mean()["SeasonalNaive"] / table.mean()["Naive2"] for table in scores.values()]
    assert report["OWA"].item() == pytest.approx(np.mean(ratios))
    assert {"MSIS-80", "coverage-80", "MAPE", "RMSSE", "seconds"} <= set(report.columns)
    assert f"{report['OWA'].item():.4f}" in capsys.readouterr().out


def test_naive2_is_the_reference_itself(tmp_path: Path) -> None:
    """Weekly: the organisers take no season, although the calendar has one of 52 weeks."""
    m4(tmp_path, "Weekly", series=2, rows=200)
    out = tmp_path / "run"
    assert run("--data", tmp_path, "--group", "Weekly", "--model", "Naive2", "-o", out) == 0
    assert pd.read_csv(out / "report.csv")["OWA"].item() == 1.0


def test_a_run_goes_on_and_does_nothing_twice(tmp_path: Path) -> None:
    m4(tmp_path, "Yearly", series=5)
    out = tmp_path / "run"
    words = ("--data", tmp_path, "--group", "Yearly", "--model", "Drift", "--partition", 2, "-o", out)
    assert run(*words) == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    kept = out / "part-00000.csv"
    written = kept.stat().st_mtime_ns
    (out / "part-00001.csv").unlink()
    (out / ".part-00002-abc.csv").write_text("half a fi")
    assert run(*words) == 0
    assert kept.stat().st_mtime_ns == written
    after = {path.name: path.read_bytes() for path in out.iterdir()}
    assert after.keys() == before.keys() and after["series.csv"] == before["series.csv"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("--model", "Naive"), "a run with model 'Drift' where this one has 'Naive'"),
        (("--level", "80"), "a run with level None where this one has [80.0]"),
        (("--horizon", "3"), "a run with horizon 6 where this one has 3"),
        (("--group", "Monthly"), "--data: must be a folder that has Monthly-train.csv"),
        (("--partition", "0"), "--partition: must be"),
        (("--model", "Prophet"), "--model: must be"),
    ],
)
def test_another_run_needs_another_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: tuple[str, ...], told: str
) -> None:
    m4(tmp_path, "Yearly", series=2)
    words = ("--data", tmp_path, "--group", "Yearly", "--model", "Drift", "-o", tmp_path / "run")
    assert run(*words) == 0
    assert run(*words, *change) == 2
    assert told in capsys.readouterr().err


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    m4(tmp_path, "Yearly", series=2)
    assert run("--data", tmp_path, "--group", "Yearly", "--model", "Drift", "-o", tmp_path) == 2
    assert "--output: must be a new folder, or that of a run" in capsys.readouterr().err


def test_m5_is_scored_by_wrmsse(tmp_path: Path) -> None:
    m5(tmp_path, days=100)
    out = tmp_path / "run"
    assert run("--data", tmp_path, "--group", "M5", "--model", "SeasonalNaive", "-o", out) == 0
    assert 0 < pd.read_csv(out / "report.csv")["WRMSSE"].item() < 5
    submission = pd.read_csv(out / "submission.csv", index_col="id")
    assert submission.index.str.endswith("_validation").sum() == len(submission) / 2 == 6


def test_a_series_with_gaps_has_no_owa(tmp_path: Path) -> None:
    nn5(tmp_path)
    out = tmp_path / "run"
    assert run("--data", tmp_path, "--group", "nn5_daily", "--model", "SeasonalNaive", "-o", out) == 0
    report = pd.read_csv(out / "report.csv")
    assert "OWA" not in report and report["MASE"].item() > 0
    assert pd.read_csv(out / "forecasts.csv")["ds"][0] == "1996-04-13"


@pytest.mark.slow
def test_killed_three_times_it_ends_with_the_same_table(tmp_path: Path) -> None:
    m4(tmp_path, "Monthly", series=24)
    words = [sys.executable, "-m", "forecast", "compete", "--data", tmp_path, "--group", "Monthly"]
    words += ["--model", "ETS", "--partition", "2", "-o"]
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    began = time.monotonic()
    subprocess.run([*words, undisturbed], cwd=ROOT, check=True, capture_output=True)
    whole, moments = time.monotonic() - began, random.Random(0)
    done = [0]
    for _ in range(3):
        process = subprocess.Popen(
            [*words, disturbed], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while len([*disturbed.glob("part-*.csv")]) <= done[-1]:  # it has forecast something
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(moments.uniform(0, whole / 10))
        process.kill()
        process.wait()
        done.append(len([*disturbed.glob("part-*.csv")]))
    assert 0 < done[1] < done[2] < done[3] <= 12 and not (disturbed / "series.csv").exists()
    subprocess.run([*words, disturbed], cwd=ROOT, check=True, capture_output=True)
    for name in ("series.csv", "forecasts.csv", "submission.csv"):
        assert (disturbed / name).read_bytes() == (undisturbed / name).read_bytes()
    assert not [*disturbed.glob(".part-*")]
