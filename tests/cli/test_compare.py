"""`forecast backtest` and `forecast benchmark` print the leaderboard of the library and write forecasts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config

from forecast import backtest
from forecast.cli import main
from forecast.cli.models import build
from forecast.cli.tables import Data
from forecast.datasets import load_air_passengers
from forecast.evaluation.baselines import BASELINES

PNG = b"\x89PNG\r\n\x1a\n"


def test_a_backtest_is_that_of_the_library(tmp_path: Path, capsys) -> None:
    outputs = [tmp_path / "forecasts.csv", tmp_path / "picture.png"]
    line = "backtest air_passengers --models Drift --horizon 6 --windows 3 --output".split()
    with parallel_config(backend="threading"):
        assert main([*line, *map(str, outputs), "--jobs", "2"]) == 0
    shown = capsys.readouterr().out
    assert "air_passengers: 144 rows; 6 steps ahead from 3 origins" in shown
    assert all(word in shown for word in ("Drift", "AR", "SeasonalNaive", "MASE", "skill_AR"))
    given = pd.read_csv(outputs[0])
    models = {name: build(name) for name in ("Drift", "AR", "SeasonalNaive")}
    expected = backtest(models, load_air_passengers(), horizon=6, windows=3)
    for name in ("y", *models):
        pd.testing.assert_series_equal(given[name], expected[name])
    assert outputs[1].read_bytes().startswith(PNG)


def test_without_refit_learning_happens_once(capsys) -> None:
    assert main("backtest lynx --models Naive --horizon 2 --windows 2 --no-refit --gap 1".split()) == 0
    assert "lynx: 114 rows; 2 steps ahead from 2 origins" in capsys.readouterr().out


def test_a_benchmark_uses_the_covariates_that_come_along(tmp_path: Path, capsys) -> None:
    line = f"benchmark gas_furnace --models Naive --windows 2 --output {tmp_path / 'b.png'}"
    assert main(line.split()) == 0
    assert "gas_furnace: 296 rows, covariates u; 10 steps ahead" in capsys.readouterr().out
    assert (tmp_path / "b.png").read_bytes().startswith(PNG)


def test_the_last_rows_alone(tmp_path: Path, capsys) -> None:
    line = f"benchmark lynx --models Naive --windows 2 --last 60 --output {tmp_path / 'b.csv'}"
    assert main(line.split()) == 0
    assert "lynx: last 60 of 114 rows; 10 steps ahead from 2 origins" in capsys.readouterr().out
    assert main(f"benchmark lynx --last 0 --output {tmp_path / 'b.csv'}".split()) == 2
    assert "--last: must be" in capsys.readouterr().err
    frame = pd.DataFrame({"unique_id": ["a"] * 4 + ["b"] * 2, "y": range(6)})
    assert Data("long", frame, None).last(3).y["y"].tolist() == [1, 2, 3, 4, 5]


def test_each_of_several_data_has_its_table_and_picture(tmp_path: Path, capsys) -> None:
    line = f"benchmark lynx sunspots_yearly --models Naive --windows 1 --output {tmp_path / 'b.png'}"
    assert main(line.split()) == 0
    shown = capsys.readouterr().out
    assert shown.index("lynx: 114 rows") < shown.index("sunspots_yearly: 309 rows")
    assert {path.name for path in tmp_path.iterdir()} == {"b-lynx.png", "b-sunspots_yearly.png"}


def test_every_model_learns_from_categories(tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    weather = np.random.default_rng(0).choice(["sun", "rain"], 60)
    y = 10.0 + 5 * (weather == "sun")
    table = pd.DataFrame({"ds": range(60), "y": y, "price": 1.0 * np.arange(60), "weather": weather})
    table.to_csv(tmp_path / "s.csv", index=False)
    line = ["backtest", str(tmp_path / "s.csv"), "--horizon", "2", "--windows", "1", "--covariates", "price"]
    line += ["--categories", "weather=3", "-o", str(tmp_path / "b.csv"), "--models"]
    assert main([*line, "Drift", "AR"]) == 0
    given = pd.read_csv(tmp_path / "b.csv")
    np.testing.assert_allclose(given["AR"], given["y"])  # the weather tells all
    reference = backtest(build("Drift"), table["y"], table[["price"]], horizon=2, windows=1)
    np.testing.assert_allclose(given["Drift"], reference["Drift"])


@pytest.mark.backend
@pytest.mark.slow
def test_the_benchmark_has_networks_and_all_baselines(tmp_path: Path, capsys) -> None:
    line = f"benchmark lynx --windows 1 --horizon 3 --output {tmp_path / 'b.png'}"
    assert main(line.split()) == 0
    shown = capsys.readouterr().out
    assert all(f"\n{name} " in shown for name in ("TDNN", "NARX", "Ensemble", *BASELINES))
    assert (tmp_path / "b.png").read_bytes().startswith(PNG)
