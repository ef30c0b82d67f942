"""`forecast fit` and `forecast predict` give what the library gives."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast import AR, Naive, Pretrained
from forecast.cli import main
from forecast.datasets import load_air_passengers, load_gas_furnace

PNG = b"\x89PNG\r\n\x1a\n"


def call(*arguments: object) -> None:
    assert main([str(argument) for argument in arguments]) == 0


def months(y: pd.Series) -> pd.Series:
    return y.set_axis(y.index.to_timestamp().rename("month"))


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    path = tmp_path / "sales.csv"
    months(load_air_passengers()).to_csv(path)
    return path


def test_a_table_of_two_columns_needs_no_options(sales: Path, tmp_path: Path, capsys) -> None:
    call("fit", sales, "--model", "AR", "--set", "lags=12", "-o", tmp_path / "m.forecast")
    assert "fitted AR on sales (144 rows)" in capsys.readouterr().out
    call("predict", tmp_path / "m.forecast", "-o", tmp_path / "out.csv")
    table = pd.read_csv(tmp_path / "out.csv", parse_dates=["month"])
    expected = AR(lags=12).fit(months(load_air_passengers())).predict(12)  # one season
    assert table.columns.tolist() == ["month", "AR"]
    assert table["month"].tolist() == expected.index.tolist()
    np.testing.assert_allclose(table["AR"], expected, rtol=1e-12)


def test_without_output_the_table_is_shown(sales: Path, tmp_path: Path, capsys) -> None:
    call("fit", sales, "--model", "Naive", "-o", tmp_path / "m.forecast")
    capsys.readouterr()
    call("predict", tmp_path / "m.forecast", "--horizon", 2)
    assert capsys.readouterr().out == "month,Naive\n1961-01-01,432.0\n1961-02-01,432.0\n"


def test_embedded_data_keep_their_index(tmp_path: Path, capsys) -> None:
    call("fit", "air_passengers", "--model", "Naive", "-o", tmp_path / "m.forecast")
    capsys.readouterr()
    call("predict", tmp_path / "m.forecast", "--horizon", 1)
    assert capsys.readouterr().out == "ds,Naive\n1961-01,432.0\n"


def test_tables_and_pictures_are_written_at_once(sales: Path, tmp_path: Path) -> None:
    call("fit", sales, "--model", "AR", "-o", tmp_path / "m.forecast")
    outputs = [tmp_path / name for name in ("out.parquet", "out.png")]
    call("predict", tmp_path / "m.forecast", "--horizon", 6, "--level", 80, 95, "-o", *outputs)
    table = pd.read_parquet(outputs[0])
    names = ["month", "AR", "AR-lo-80", "AR-hi-80", "AR-lo-95", "AR-hi-95"]
    assert sorted(table.columns) == sorted(names) and len(table) == 6
    assert (table["AR-lo-95"] <= table["AR-lo-80"]).all() and (table["AR-hi-80"] <= table["AR-hi-95"]).all()
    assert outputs[1].read_bytes().startswith(PNG)


def test_covariates_come_from_a_table_of_the_future(tmp_path: Path) -> None:
    record = load_gas_furnace().rename_axis("t")
    past, future = record[:250], record[250:]
    past.reset_index().to_csv(tmp_path / "past.csv", index=False)
    future.drop(columns="y").reset_index().to_csv(tmp_path / "future.csv", index=False)
    model = tmp_path / "m.forecast"
    call(
        "fit", tmp_path / "past.csv", "--time", "t", "--covariates", "u",
        "--model", "AR", "--set", "lags=3", "exog_lags=[3,4,5]", "-o", model,
    )  # fmt: skip
    call("predict", model, "--future", tmp_path / "future.csv", "-o", tmp_path / "out.csv")
    past = past.set_axis(pd.Index(past.index.to_numpy(), name="t"))
    expected = (
        AR(lags=3, exog_lags=[3, 4, 5])
        .fit(past[["u"]], past["y"])
        .predict(future[["u"]].set_axis(pd.Index(future.index.to_numpy(), name="t")))
    )
    np.testing.assert_allclose(pd.read_csv(tmp_path / "out.csv")["AR"], expected, rtol=1e-9)


def test_many_series_make_one_model(tmp_path: Path) -> None:
    weeks = pd.date_range("2024-01-07", periods=8, freq="W")
    shops = {"north": np.arange(8.0), "south": np.arange(8.0, 0.0, -1.0)}
    table = pd.concat([pd.DataFrame({"shop": name, "week": weeks, "sold": y}) for name, y in shops.items()])
    table.to_csv(tmp_path / "shops.csv", index=False)
    columns = ("--series", "shop", "--time", "week", "--target", "sold")
    call("fit", tmp_path / "shops.csv", *columns, "--model", "Naive", "-o", tmp_path / "m.forecast")
    outputs = [tmp_path / name for name in ("out.csv", "out.png")]
    call("predict", tmp_path / "m.forecast", "--horizon", 2, "-o", *outputs)
    long = table.rename(columns={"shop": "unique_id", "week": "ds", "sold": "y"})
    expected = Naive().fit(long).predict(2)
    given = pd.read_csv(outputs[0], parse_dates=["ds"])
    assert given.to_dict("list") == expected.to_dict("list")
    assert outputs[1].read_bytes().startswith(PNG)


@pytest.mark.backend
def test_an_ensemble_is_named_by_its_models(sales: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.forecast"
    settings = ("--set", "combine=mean", "estimators=AR, Naive", "ar__lags=3")
    call("fit", sales, "--model", "Ensemble", *settings, "-o", model)
    call("predict", model, "--horizon", 3, "-o", tmp_path / "out.csv")
    y = months(load_air_passengers())
    expected = (AR(lags=3).fit(y).predict(3) + Naive().fit(y).predict(3)) / 2
    np.testing.assert_allclose(pd.read_csv(tmp_path / "out.csv")["Ensemble"], expected)


def test_a_transform_is_an_option_of_the_model(sales: Path, tmp_path: Path) -> None:
    settings = ["transform=log,seasonal_difference", "nonnegative=true"]
    call("fit", sales, "--model", "AR", "--set", *settings, "-o", tmp_path / "m.forecast")
    call("predict", tmp_path / "m.forecast", "-o", tmp_path / "out.csv", tmp_path / "out.png")
    model = AR(transform=["log", "seasonal_difference"], nonnegative=True)
    expected = model.fit(months(load_air_passengers())).predict(12)
    np.testing.assert_allclose(pd.read_csv(tmp_path / "out.csv")["AR"], expected, rtol=1e-12)
    pd.testing.assert_series_equal(model._history().to_user()[1], months(load_air_passengers()).astype(float))


def test_a_network_is_fitted_and_read_back(sales: Path, tmp_path: Path) -> None:
    options = ("--set", "lags=12", "hidden=2,", "random_state=0", "verbose=0")
    call("fit", sales, "--model", "NARX", *options, "-o", tmp_path / "m.forecast")
    call("predict", tmp_path / "m.forecast", "-o", tmp_path / "out.csv")
    forecasts = pd.read_csv(tmp_path / "out.csv")["NARX"]
    assert len(forecasts) == 12 and forecasts.between(350, 800).all()


@pytest.mark.backend
def test_a_network_learns_from_categories(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    weather = np.where(rng.random(60) < 0.5, "1E5", "007")
    days = pd.date_range("2024-01-01", periods=60)
    y = 10 + 5 * (weather == "1E5") + 0.1 * rng.normal(size=60)
    pd.DataFrame({"ds": days, "y": y, "weather": weather}).to_csv(tmp_path / "s.csv", index=False)
    future = pd.DataFrame({"ds": pd.date_range("2024-03-01", periods=2), "weather": ["1E5", "007"]})
    future.to_csv(tmp_path / "f.csv", index=False)
    options = ("--set", "lags=2", "hidden=2,", "random_state=0", "verbose=0")
    call("fit", tmp_path / "s.csv", "--categories", "weather=1", *options, "-o", tmp_path / "m")
    call("predict", tmp_path / "m", "--future", tmp_path / "f.csv", "-o", tmp_path / "out.csv")
    np.testing.assert_allclose(pd.read_csv(tmp_path / "out.csv")["NARX"], [15.0, 10.0], atol=1.0)


def test_a_model_that_learns_nothing_needs_no_fit(sales: Path, tmp_path: Path, capsys) -> None:
    call("predict", "--model", "Pretrained", sales, "--level", 80, "-o", tmp_path / "out.csv")
    table = pd.read_csv(tmp_path / "out.csv")
    expected = Pretrained().fit(months(load_air_passengers())).predict_interval(12, level=80)
    assert table.columns.tolist() == ["month", *expected.columns]
    np.testing.assert_allclose(table.iloc[:, 1:], expected, rtol=1e-12)
    call("predict", "--model", "Naive", "air_passengers", "--horizon", 1)
    assert capsys.readouterr().out.endswith("ds,Naive\n1961-01,432.0\n")
    assert main(["predict", "--model", "AR", str(sales)]) == 2
    assert "Pretrained" in capsys.readouterr().err
