"""What a table becomes: ids and categories as they stand, rows in the order of time; whole files or none."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast import AR
from forecast.cli import main
from forecast.cli.arguments import parse
from forecast.cli.tables import category_lengths, covariate_names, plain, read_data, read_future, write

DAYS = pd.date_range("2024-01-01", periods=30)
IDS = ("007", "1E5", "NA", "None", "nan", "true", "1_000", " a", "1.0")


def data(path: Path, *options: str):
    return read_data(parse(["fit", str(path), *options]))


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
def test_ids_come_out_of_predict_as_they_went_in(tmp_path: Path, ending: str) -> None:
    table = pd.DataFrame([(name, day, 1.0, 2.0) for name in IDS for day in DAYS])
    table.columns = ["store", "ds", "y", "price"]
    path, future, model = tmp_path / f"s.{ending}", tmp_path / f"f.{ending}", tmp_path / "m"
    ahead = table.assign(ds=table["ds"] + pd.Timedelta("30D")).drop(columns="y")
    for frame, name in ((table, path), (ahead, future)):
        frame.to_parquet(name) if ending == "parquet" else frame.to_csv(name, index=False)
    fit = ["fit", str(path), "--id", "store", "--model", "AR", "--covariates", "price", "-o", str(model)]
    assert main(fit) == 0
    out = tmp_path / "out.csv"
    assert main(["predict", str(model), "--future", str(future), "--id", "store", "-o", str(out)]) == 0
    rows = out.read_text().splitlines()[1:]
    assert list(dict.fromkeys(row.split(",")[0] for row in rows)) == [*IDS]


def test_numeric_ids_of_a_parquet_file_stay_numbers(tmp_path: Path) -> None:
    table = pd.DataFrame([(number, day, 1.0) for number in (8, 7) for day in DAYS])
    table.columns = ["unique_id", "ds", "y"]
    table.to_parquet(tmp_path / "s.parquet")
    assert data(tmp_path / "s.parquet").y["unique_id"].unique().tolist() == [8, 7]


def test_ids_of_a_csv_file_find_the_numbers_of_a_model(tmp_path: Path) -> None:
    index = pd.MultiIndex.from_product([[8, 7], pd.period_range("2024-01", periods=9, freq="M")])
    model = AR(lags=1).fit(pd.DataFrame({"price": 1.0}, index), pd.Series(np.arange(18.0), index))
    (tmp_path / "f.csv").write_text("shop,month,price\n8,2024-10,1\n7,2024-10,1\n")
    options = parse(["predict", "m", "--future", str(tmp_path / "f.csv"), "--id", "shop", "--time", "month"])
    future = read_future(options, model.panel_, {})
    assert future.index.tolist() == [(8, pd.Period("2024-10")), (7, pd.Period("2024-10"))]
    assert plain(model.predict(future).to_frame("AR")).columns.tolist() == ["unique_id", "ds", "AR"]


def test_rows_are_sorted_by_time_and_series_stay_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("ds,y\n2024-01-03,3\n2024-01-01,1\n2024-01-02,2\n")
    assert data(tmp_path / "one.csv").y.tolist() == [1, 2, 3]
    (tmp_path / "two.csv").write_text("unique_id,ds,y\nb,2,4\na,2,2\nb,1,3\na,1,1\n")
    assert data(tmp_path / "two.csv").y["y"].tolist() == [3, 4, 1, 2]


def test_a_table_of_another_spelling_is_the_same(tmp_path: Path) -> None:
    frame = pd.DataFrame({"Datum": DAYS, "Verkäufe": np.arange(30) + 0.5})
    frame.to_csv(tmp_path / "a.csv", index=False)
    expected = data(tmp_path / "a.csv").y
    frame.to_csv(tmp_path / "b.csv", index=False, sep=";", decimal=",", encoding="utf-16")
    pd.testing.assert_series_equal(data(tmp_path / "b.csv").y, expected)
    frame.to_csv(
        tmp_path / "c.csv", index=False, sep="\t", decimal=",", encoding="cp1252", date_format="%d.%m.%y"
    )
    told = ("--separator", "\\t", "--decimal", ",", "--encoding", "cp1252", "--date-format", "%d.%m.%y")
    pd.testing.assert_series_equal(data(tmp_path / "c.csv", *told).y, expected)


def test_the_index_of_a_parquet_file_holds_the_time(tmp_path: Path) -> None:
    for name in ("ds", "day", None):
        pd.DataFrame({"y": np.arange(30.0)}, DAYS.rename(name)).to_parquet(tmp_path / "p.parquet")
        assert data(tmp_path / "p.parquet").y.index.tolist() == [*DAYS]


def test_hours_over_a_change_of_time_go_on(tmp_path: Path) -> None:
    hours = pd.date_range("2024-03-30", periods=48, freq="h", tz="Europe/Berlin")
    rows = "".join(f"{hour.isoformat()},{k}\n" for k, hour in enumerate(hours))
    (tmp_path / "h.csv").write_text("ds,y\n" + rows)
    assert main(["fit", str(tmp_path / "h.csv"), "--model", "Naive", "-o", str(tmp_path / "m")]) == 0
    assert main(["predict", str(tmp_path / "m"), "--horizon", "1", "-o", str(tmp_path / "o.csv")]) == 0
    assert pd.Timestamp(pd.read_csv(tmp_path / "o.csv")["ds"][0]) == hours[-1] + pd.Timedelta("1h")


class TestCategories:
    FILE = "ds,y,weather,price\n" + "".join(f"{k},{k},{('sun', '007')[k % 2]},1\n" for k in range(30))

    def test_lengths(self) -> None:
        options = parse(
            ["fit", "s.csv", "--categories", "weather", "a=b=3", "--covariates", "price", "weather"]
        )
        assert category_lengths(options) == {"weather": 2, "a=b": 3}
        assert covariate_names(options) == ["price", "weather", "a=b"]

    def test_text_stays_text(self, tmp_path: Path) -> None:
        (tmp_path / "s.csv").write_text(self.FILE)
        found = data(tmp_path / "s.csv", "--categories", "weather", "--covariates", "price")
        assert found.X["weather"].tolist() == ["sun", "007"] * 15 and found.X["price"].tolist() == [1] * 30

    def test_in_a_long_frame(self, tmp_path: Path) -> None:
        (tmp_path / "s.csv").write_text(
            "unique_id" + self.FILE.replace("\n", "\nA,").removesuffix("A,").replace("ds", ",ds", 1)
        )
        found = data(tmp_path / "s.csv", "--categories", "weather", "--covariates", "price")
        assert found.y["weather"].tolist() == ["sun", "007"] * 15 and found.season == 1

    def test_a_covariate_has_a_name_of_its_own(self, tmp_path: Path) -> None:
        (tmp_path / "s.csv").write_text("shop,week,y,ds\nA,1,2,3\n")
        with pytest.raises(ValueError, match=r"s.csv: .* received ds. Rename the column"):
            data(tmp_path / "s.csv", "--id", "shop", "--time", "week", "--covariates", "ds")

    def test_a_missing_category_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "s.csv").write_text("ds,y,weather\n1,1,sun\n2,2,\n")
        with pytest.raises(ValueError, match=r"s.csv, column 'weather': .* an empty cell in line 3"):
            data(tmp_path / "s.csv", "--categories", "weather")


@pytest.mark.parametrize("name", ["out.csv", "out.parquet", "out.png"])
def test_a_failure_leaves_the_old_file(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Figure:
        def savefig(self, path: Path, **options: object) -> None:
            fail(self, path)

    def fail(self: object, path: Path, **options: object) -> None:
        Path(path).write_text("half of it")
        raise OSError("no space left")

    (tmp_path / name).write_text("the old one")
    monkeypatch.setattr(pd.DataFrame, "to_csv", fail)
    monkeypatch.setattr(pd.DataFrame, "to_parquet", fail)
    with pytest.raises(OSError, match="no space left"):
        write([tmp_path / name], pd.DataFrame({"y": [1.0]}), Figure)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["the old one"]


def test_a_model_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: object, path: Path) -> None:
        Path(path).write_text("half of it")
        raise OSError("no space left")

    (tmp_path / "m").write_text("the old one")
    monkeypatch.setattr("forecast.estimators.base.Forecaster.save", fail)
    assert main(["fit", "lynx", "--model", "Naive", "-o", str(tmp_path / "m")]) == 2
    assert [path.read_text() for path in tmp_path.iterdir()] == ["the old one"]


@pytest.mark.parametrize("series", ["store", None])
def test_a_model_fitted_under_other_names_reads_and_writes_them(tmp_path: Path, series: str | None) -> None:
    days = pd.date_range("2024-01-01", periods=33)
    frame = pd.DataFrame(
        {"store": ["b"] * 33 + ["a"] * 33, "date": [*days] * 2, "price": np.arange(66.0) % 5}
    )
    frame["sales"] = frame["price"] + np.sin(np.arange(66))
    frame = frame if series else frame[:33].drop(columns="store")
    past = frame["date"] < days[30]
    model = AR(lags=2, exog_lags=0).fit(frame[past], series=series, time="date", target="sales")
    model.save(tmp_path / "m")
    ahead = frame[~past].drop(columns="sales")
    ahead.to_csv(tmp_path / "f.csv", index=False)
    out, picture = tmp_path / "out.csv", tmp_path / "out.png"
    words = ["predict", str(tmp_path / "m"), "--future", str(tmp_path / "f.csv"), "--level", "50"]
    assert main([*words, "-o", str(out), str(picture)]) == 0 and picture.exists()
    found, expected = pd.read_csv(out, parse_dates=["date"]), model.predict_interval(ahead, level=50)
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)
