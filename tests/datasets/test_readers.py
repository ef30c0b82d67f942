"""Readers: small files written by hand come back as the long frame they mean."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.datasets import read_long, read_m4, read_tsf

M4 = '"V1","V2","V3","V4","V5"\n"H1",1.5,NA,3.5,\n"H2",7.0,8.0,9.0,10.0\n'
TSF = """# a comment
@relation demo
@attribute series_name string
@attribute start_timestamp date
@attribute scale numeric
@frequency {frequency}
@horizon 8
@missing true
@equallength false
@data
T1:2012-01-31 00-30-00:2.5:1,2,?
T2:2013-05-06 00-00-00:3:4.5,5.5
"""


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_text(text, encoding=encoding)
    return path


class TestM4:
    def test_inner_gaps_stay_and_the_empty_end_goes(self, tmp_path: Path) -> None:
        long = read_m4(write(tmp_path, "Hourly-train.csv", M4))
        assert long["unique_id"].tolist() == ["H1"] * 3 + ["H2"] * 4
        assert long["ds"].tolist() == [1, 2, 3, 1, 2, 3, 4]
        np.testing.assert_array_equal(long["y"], [1.5, np.nan, 3.5, 7.0, 8.0, 9.0, 10.0])

    def test_the_test_part_counts_on(self, tmp_path: Path) -> None:
        train = read_m4(write(tmp_path, "train.csv", M4))
        path = write(tmp_path, "test.csv", '"V1","V2","V3"\n"H2",11,12\n"H1",4.5,5.5\n')
        assert read_m4(path, after=train)["ds"].tolist() == [5, 6, 4, 5]

    def test_a_series_that_training_lacks_is_named(self, tmp_path: Path) -> None:
        train = read_m4(write(tmp_path, "train.csv", M4))
        path = write(tmp_path, "test.csv", '"V1","V2"\n"H1",1\n"H3",1\n')
        with pytest.raises(ValueError, match=r"after: .*none for \['H3'\]"):
            read_m4(path, after=train)


class TestTsf:
    @pytest.mark.parametrize(
        ("frequency", "second", "third"),
        [
            ("half_hourly", "2012-01-31 01:00", "2012-01-31 01:30"),
            ("daily", "2012-02-01 00:30", "2012-02-02 00:30"),
            ("weekly", "2012-02-07 00:30", "2012-02-14 00:30"),
            ("yearly", "2013-01-31 00:30", "2014-01-31 00:30"),
        ],
    )
    def test_timestamps_follow_start_and_frequency(self, tmp_path: Path, frequency, second, third) -> None:
        frame = read_tsf(write(tmp_path, "demo.tsf", TSF.format(frequency=frequency)))
        assert frame["unique_id"].tolist() == ["T1"] * 3 + ["T2"] * 2
        assert frame["ds"].tolist()[:3] == [pd.Timestamp(t) for t in ("2012-01-31 00:30", second, third)]
        np.testing.assert_array_equal(frame["y"], [1.0, 2.0, np.nan, 4.5, 5.5])
        assert frame["scale"].tolist() == [2.5] * 3 + [3.0] * 2
        facts = {"frequency": frequency, "horizon": "8", "missing": "true", "equallength": "false"}
        assert facts.items() <= frame.attrs.items()

    def test_without_frequency_steps_are_counted(self, tmp_path: Path) -> None:
        text = TSF.replace("@frequency {frequency}\n", "")
        assert read_tsf(write(tmp_path, "demo.tsf", text))["ds"].tolist() == [1, 2, 3, 1, 2]

    def test_the_archive_is_not_utf8(self, tmp_path: Path) -> None:
        path = write(
            tmp_path, "demo.tsf", "@attribute series_name string\n@data\nZürich:1,2\n", encoding="cp1252"
        )
        assert read_tsf(path)["unique_id"].unique().tolist() == ["Zürich"]

    @pytest.mark.parametrize(
        ("line", "words"),
        [
            ("T3:1,2", "line 13: must be 3 attributes"),
            ("T3:2012-01-31:1:1,2", "line 13: must be attributes of the types declared"),
            ("T3:2012-01-31 00-30-00:1:1,x", "line 13: must be attributes of the types declared"),
        ],
    )
    def test_a_broken_line_is_named(self, tmp_path: Path, line: str, words: str) -> None:
        path = write(tmp_path, "demo.tsf", TSF.format(frequency="daily") + line + "\n")
        with pytest.raises(ValueError, match=words):
            read_tsf(path)

    def test_a_file_without_data_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"below @data; received .*empty.tsf"):
            read_tsf(write(tmp_path, "empty.tsf", "@frequency daily\n"))

    def test_text_above_data_must_be_a_description(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="line 1: must be a description"):
            read_tsf(write(tmp_path, "odd.tsf", "1,2,3\n@data\n"))


class TestLong:
    FRAME = pd.DataFrame(
        {
            "price": [3, 2, 1],
            "y": [30.0, 20.0, 10.0],
            "unique_id": ["b", "a", "a"],
            "ds": ["2024-01-01"] + ["2024-01-02", "2024-01-01"],
        }
    )

    @pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
    def test_files_of_each_kind_agree(self, tmp_path: Path, ending: str) -> None:
        path = tmp_path / f"long.{ending}"
        self.FRAME.to_parquet(path) if ending == "parquet" else self.FRAME.to_csv(path, index=False)
        long = read_long(path)
        assert long.columns.tolist() == ["unique_id", "ds", "y", "price"]
        assert long["y"].tolist() == [10.0, 20.0, 30.0] and long["price"].tolist() == [1, 2, 3]
        assert long["ds"].tolist() == [pd.Timestamp(f"2024-01-0{day}") for day in (1, 2, 1)]

    def test_a_missing_column_is_named_with_those_there(self, tmp_path: Path) -> None:
        path = tmp_path / "long.csv"
        self.FRAME.to_csv(path, index=False)
        with pytest.raises(ValueError, match=r"target_column: .*\['price', 'y', .*received 'sales'"):
            read_long(path, target_column="sales")

    def test_text_that_is_no_date_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "long.csv"
        self.FRAME.assign(ds="tomorrow").to_csv(path, index=False)
        with pytest.raises(ValueError, match="column 'ds': must be ISO dates or numbers"):
            read_long(path)

    def test_another_ending_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"path: must be a file that ends in .csv"):
            read_long("data.xlsx")
