"""`forecast datasets`: the list, a card, and a table that reads back as the data."""

from pathlib import Path

import pandas as pd
import pytest

from forecast.cli import main
from forecast.datasets import catalogue, load_air_passengers, load_demand


def test_the_list_has_every_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["datasets"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in catalogue().index)


def test_a_card_shows_source_and_licence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["datasets", "co2_weekly"]) == 0
    shown = capsys.readouterr().out
    assert "licence  public domain" in shown and "source  statsmodels" in shown


def test_an_export_reads_back(tmp_path: Path) -> None:
    assert main(["datasets", "air_passengers", "-o", str(tmp_path / "a.csv")]) == 0
    table = pd.read_csv(tmp_path / "a.csv")
    assert table.columns.tolist() == ["ds", "y"] and table["ds"].iloc[-1] == "1960-12"
    assert table["y"].tolist() == load_air_passengers().tolist()


def test_parquet_keeps_the_time_zone(tmp_path: Path) -> None:
    assert main(["datasets", "demand_half_hourly", "-o", str(tmp_path / "d.parquet")]) == 0
    table = pd.read_parquet(tmp_path / "d.parquet").set_index("ds")
    pd.testing.assert_frame_equal(table, load_demand(), check_freq=False, check_index_type=False)
