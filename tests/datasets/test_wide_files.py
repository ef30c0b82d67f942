"""Wide files of M3, M4 and M5: small files come back as the long frame they mean, and errors name the line."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.datasets import read_m3, read_m4, read_m5
from tests.datasets.miniatures import m5

M4 = '"V1","V2","V3","V4","V5"\n"H1",1.5,NA,3.5,\n"H2",7.0,8.0,9.0,10.0\n'
M3 = "Series,N,NF,Category,Starting Year,Starting Quarter,1,2,3,4,5\n"
M3 += "N   1,4,1,MICRO       ,1975,1,940.66,1084.86,1244.98,1445.02,\n"
M3 += "N   2,5,2,INDUSTRY    ,1980,2,5,6,7,8,9\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


class TestM3:
    def test_the_last_values_are_the_test_part(self) -> None:
        train, test = (read_m3(io.StringIO(M3), part=part) for part in ("train", "test"))
        assert train["unique_id"].tolist() == ["N   1"] * 3 + ["N   2"] * 3
        assert train["ds"].tolist() == [1, 2, 3, 1, 2, 3] and train["y"].tolist()[:2] == [940.66, 1084.86]
        assert test.to_dict("list") == {
            "unique_id": ["N   1", "N   2", "N   2"], "ds": [4, 4, 5], "y": [1445.02, 8.0, 9.0]
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            (
                M3.replace("Series", "Name"),
                "M3Year.csv: must be a table with the columns Series.*without Series",
            ),
            (M3.replace("1244.98", "many"), "M3Year.csv, column '3'.*'many' in line 2"),
            (M3.replace("N   2,5", "N   2,4"), "M3Year.csv: .*N 4, NF 2 and 5 values in line 3"),
            (M3.replace("N   2,5,2", "N   2,5,5"), "NF 5 and 5 values in line 3"),
        ],
    )
    def test_an_error_names_file_and_line(self, tmp_path: Path, text: str, told: str) -> None:
        with pytest.raises(ValueError, match=told):
            read_m3(write(tmp_path, "M3Year.csv", text))


class TestM4:
    def test_inner_gaps_stay_and_the_empty_end_goes(self, tmp_path: Path) -> None:
        long = read_m4(write(tmp_path, "Hourly-train.csv", M4))
        assert long["unique_id"].tolist() == ["H1"] * 3 + ["H2"] * 4
        assert long["ds"].tolist() == [1, 2, 3, 1, 2, 3, 4]
        np.testing.assert_array_equal(long["y"], [1.5, np.nan, 3.5, 7.0, 8.0, 9.0, 10.0])

    def test_ids_stay_text(self, tmp_path: Path) -> None:
        path = write(tmp_path, "train.csv", "V1,V2\n007,1\nNA,2\n1E5,3\n")
        assert read_m4(path)["unique_id"].tolist() == ["007", "NA", "1E5"]

    def test_marks_and_short_rows(self, tmp_path: Path) -> None:
        path = write(tmp_path, "train.csv", "\ufeffV1;V2;V3\nA;1,5;2\nB;3\n")
        long = read_m4(path, separator=";", decimal=",")
        assert long["unique_id"].tolist() == ["A", "A", "B"] and long["y"].tolist() == [1.5, 2.0, 3.0]

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("", "0 columns"),
            ("V1,V2\nA,1\nB,many\n", "'many' in line 3"),
            ("V1;V2\nA;1\n", "1 columns"),
            ('V1,V2\nA,"1,5"\n', "'1,5' in line 2"),
            ("V1,V2\nA,1\nB,1,2,3\n", "line 3, saw 4"),
        ],
    )
    def test_an_error_names_the_file_and_the_line(self, tmp_path: Path, text: str, told: str) -> None:
        with pytest.raises(ValueError, match=rf"train.csv: must be .*{told}.* separator"):
            read_m4(write(tmp_path, "train.csv", text))

    def test_the_test_part_counts_on(self, tmp_path: Path) -> None:
        train = read_m4(write(tmp_path, "train.csv", M4))
        path = write(tmp_path, "test.csv", '"V1","V2","V3"\n"H2",11,12\n"H1",4.5,5.5\n')
        assert read_m4(path, after=train)["ds"].tolist() == [5, 6, 4, 5]

    def test_a_series_that_training_lacks_is_named(self, tmp_path: Path) -> None:
        train = read_m4(write(tmp_path, "train.csv", M4))
        path = write(tmp_path, "test.csv", '"V1","V2"\n"H1",1\n"H3",1\n')
        with pytest.raises(ValueError, match=r"after: .*none for \['H3'\]"):
            read_m4(path, after=train)


class TestM5:
    def test_days_become_dates_and_units_sales(self, tmp_path: Path) -> None:
        sales = m5(tmp_path, days=60).set_index("id")
        files = {"calendar": tmp_path / "calendar.csv", "prices": tmp_path / "sell_prices.csv"}
        long = read_m5(tmp_path / "sales_train_evaluation.csv", **files)
        prices = pd.read_csv(files["prices"]).set_index(["item_id", "store_id", "wm_yr_wk"])["sell_price"]
        for name, rows in long.groupby("unique_id"):
            units = sales.loc[name].filter(regex=r"^d_\d").to_numpy(dtype=float)
            first = int(np.flatnonzero(units)[0])
            np.testing.assert_array_equal(rows["y"], units[first:])
            days = pd.date_range("2011-01-29", periods=60)[first:]
            assert rows["ds"].tolist() == list(days)
            item, store = rows[["item_id", "store_id"]].iloc[0]
            assert store == sales.loc[name, "store_id"] and rows["dept_id"].iloc[0] == item[:-4]
            price = [prices[item, store, 11101 + (first + day) // 7] for day in range(len(rows))]
            np.testing.assert_allclose(rows["sales"], rows["y"] * price)
        numbered = read_m5(tmp_path / "sales_train_evaluation.csv")
        assert numbered["ds"].max() == 60 and "sales" not in numbered
        assert len(numbered) == len(long) < 6 * 60

    def test_an_error_names_file_and_line(self, tmp_path: Path) -> None:
        m5(tmp_path, days=40)
        path = tmp_path / "sales_train_evaluation.csv"
        text = path.read_text()
        with pytest.raises(ValueError, match="prices: must be given with a calendar"):
            read_m5(path, prices=tmp_path / "sell_prices.csv")
        with pytest.raises(ValueError, match="a.csv: must be a table with the columns id.*without state_id"):
            read_m5(write(tmp_path, "a.csv", text.replace("state_id", "state")))
        with pytest.raises(ValueError, match="a.csv: must be days d_1.*'day_3'"):
            read_m5(write(tmp_path, "a.csv", text.replace("d_3,", "day_3,")))
        with pytest.raises(ValueError, match="a.csv: must be ids and numbers; received 'x' in line 3"):
            lines = text.splitlines()
            lines[2] = lines[2].rpartition(",")[0] + ",x"
            read_m5(write(tmp_path, "a.csv", "\n".join(lines)))
        calendar = write(tmp_path, "b.csv", "date,wm_yr_wk,d\n2011-01-29,11101,d_1\n")
        with pytest.raises(ValueError, match="b.csv: must be a row for each day; received none of d_2"):
            read_m5(path, calendar=calendar)
