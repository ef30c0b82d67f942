"""Readers: small files written by hand come back as the long frame they mean."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.datasets import read_long, read_m4, read_tsf

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

    def test_ids_stay_text_behind_a_byte_order_mark(self, tmp_path: Path) -> None:
        for kind in ("string", "numeric"):
            text = f"\ufeff@attribute series_name {kind}\n@data\n007:1\n1E5:2\n"
            assert read_tsf(write(tmp_path, "demo.tsf", text))["unique_id"].tolist() == ["007", "1E5"]

    @pytest.mark.parametrize(
        ("line", "words"),
        [
            ("T3:1,2", "demo.tsf, line 13: must be 3 attributes"),
            ("T3:2012-01-31:1:1,2", "demo.tsf, line 13: must be attributes of the types declared"),
            ("T3:2012-01-31 00-30-00:1:1_0,2", "demo.tsf, line 13: must be attributes of the types declared"),
            ("T3:2012-01-31 00-30-00:1:1,x", "demo.tsf, line 13: must be attributes of the types declared"),
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
        with pytest.raises(ValueError, match="odd.tsf, line 1: must be a description"):
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
        with pytest.raises(
            ValueError, match=r"path: must be a file that ends in .csv.*Save the sheet as CSV"
        ):
            read_long("data.xlsx")


KEYS = "unique_id,ds,y\n"
READ: dict[str, tuple[str | bytes, dict[str, str], list[str], list[float]]] = {
    # name: (the file, arguments, ids and values)
    "comma": (KEYS + "a,1,1.5\n", {}, ["a"], [1.5]),
    "semicolon, decimal comma": ("unique_id;ds;y\na;1;1,5\na;2;-,25\n", {}, ["a", "a"], [1.5, -0.25]),
    "semicolon, decimal point": ("unique_id;ds;y\na;1;1.5\n", {}, ["a"], [1.5]),
    "tab": ("unique_id\tds\ty\na\t1\t1,5\n", {}, ["a"], [1.5]),
    "bar": ("unique_id|ds|y\na|1|1.5\n", {}, ["a"], [1.5]),
    "space": ("unique_id ds y\na 1 1.5\n", {"separator": " "}, ["a"], [1.5]),
    "two marks": ("unique_id;ds;y\na,b;1;2,5\n", {}, ["a,b"], [2.5]),
    "quoted decimal comma": (KEYS + 'a,1,"1,5"\n', {"decimal": ","}, ["a"], [1.5]),
    "quoted thousands": (KEYS + 'a,1,"1,234.5"\n', {"thousands": ","}, ["a"], [1234.5]),
    "German": ("unique_id;ds;y\na;1;1.234,5\n", {"thousands": ".", "decimal": ","}, ["a"], [1234.5]),
    "Swiss": (KEYS + "a,1,1'234.5\n", {"thousands": "'"}, ["a"], [1234.5]),
    "French": ("unique_id;ds;y\na;1;1\u00a0234,5\n", {"thousands": " ", "decimal": ","}, ["a"], [1234.5]),
    "powers": (KEYS + "a,1,1e5\nb,1,-2E-1\n", {}, ["a", "b"], [1e5, -0.2]),
    "mark of UTF-8": ("\ufeff" + KEYS + "ä,1,1\n", {}, ["ä"], [1]),
    "UTF-16": ((KEYS + "ä,1,1\n").encode("utf-16"), {}, ["ä"], [1]),
    "UTF-32": ((KEYS + "ä,1,1\n").encode("utf-32"), {}, ["ä"], [1]),
    "mark before encoding": (("\ufeff" + KEYS + "ä,1,1\n").encode(), {"encoding": "cp1252"}, ["ä"], [1]),
    "Latin-1": ((KEYS + "ä,1,1\n").encode("latin-1"), {"encoding": "latin-1"}, ["ä"], [1]),
    "UTF-16 without mark": ((KEYS + "ä,1,1\n").encode("utf-16-le"), {"encoding": "utf-16-le"}, ["ä"], [1]),
    "gzip by content": (gzip.compress((KEYS + "a,1,1\n").encode()), {}, ["a"], [1]),
    "commas at the end of rows": (KEYS + "a,1,1,\na,2,2,\n", {}, ["a", "a"], [1, 2]),
    "commas at the end": ("unique_id,ds,y,\na,1,1,\n", {}, ["a"], [1]),
    "missing": (KEYS + "a,1,1\na,2,\na,3,NA\na,4,nan\n", {}, ["a"] * 4, [1, np.nan, np.nan, np.nan]),
    "a line for Excel": ("sep=|\nunique_id|ds|y\na|1|1,5\n", {}, ["a"], [1.5]),
    "blank lines": ("\n" + KEYS + "\na,1,1\n\n", {}, ["a"], [1]),
    "lines of Windows": (KEYS.replace("\n", "\r\n") + "a,1,1\r\n", {}, ["a"], [1]),
    "spaces behind commas": ("unique_id, ds, y\na, 1, 1\n", {}, ["a"], [1]),
    "quotes": (KEYS + '"a,b","1","1"\n"c""d",1,2\n"e\nf",1,3\n', {}, ["a,b", 'c"d', "e\nf"], [1, 2, 3]),
    "ids": (
        KEYS
        + "".join(
            f"{name},1,1\n" for name in sorted(("007", "1E5", "NA", "None", "nan", "1_0", " a", "1.0"))
        ),
        {},
        sorted(("007", "1E5", "NA", "None", "nan", "1_0", " a", "1.0")),
        [1] * 8,
    ),
    "True as an id": (KEYS + "True,1,1\nfalse,1,2\n", {}, ["True", "false"], [1, 2]),
}
REFUSED: dict[str, tuple[str | bytes, dict[str, str], str]] = {
    # name: (the file, arguments, words of the error)
    "comma as a decimal mark": (KEYS + 'a,1,"1,5"\n', {}, "column 'y'.*'1,5' in line 2. Pass decimal=','"),
    "one thousand or one": ("unique_id;ds;y\na;1;1,234\n", {}, "'1,234' in line 2. Pass thousands=',' if"),
    "both marks": ("unique_id;ds;y\na;1;1.234,5\n", {}, "Pass the marks of the file"),
    "point where the comma is told": ("unique_id;ds;y\na;1;1.5\n", {"decimal": ","}, "'1.5' in line 2"),
    "a line for Excel": ("sep=;\r\nunique_id;ds;y\r\na;1;x\r\n", {}, "'x' in line 3"),
    "groups of two": (KEYS + 'a,1,"1,23,4.5"\n', {"thousands": ","}, "'1,23,4.5' in line 2"),
    "underscore": (KEYS + "a,1,1_000\n", {}, "'1_000' in line 2"),
    "currency": (KEYS + "a,1,$5\n", {}, r"'\$5' in line 2. Correct that cell"),
    "words": (KEYS + "a,1,1\na,2,many\n", {}, "'many' in line 3"),
    "another separator": ("unique_id ds y\na 1 1\n", {}, "one column 'unique_id ds y'. Pass the separator"),
    "two separators": ("unique_id;ds;y, EUR\na;1;1,5\n", {}, "',' and ';', which both.*separator=','"),
    "Latin-1": ((KEYS + "ä,1,1\n").encode("latin-1"), {}, "byte 0xe4 in line 2. Pass the encoding"),
    "UTF-16 without mark": ((KEYS + "a,1,1\n").encode("utf-16-le"), {}, "NUL.*encoding='utf-16-le'"),
    "unknown encoding": (KEYS, {"encoding": "klingon"}, "encoding: must be an encoding"),
    "long separator": (KEYS, {"separator": ";;"}, "separator: must be one character"),
    "unknown decimal": (KEYS, {"decimal": "-"}, "decimal: must be one of"),
    "one mark twice": (KEYS, {"thousands": "."}, "thousands: must be another character than decimal"),
    "a workbook": (b"PK\x03\x04", {}, "a zip archive or an Excel workbook"),
    "broken gzip": (gzip.compress(KEYS.encode())[:-9], {}, "undamaged gzip file"),
    "long row": (KEYS + "a,1,1\na,2,2,3\n", {}, "4 in line 3, more than the 3 columns"),
    "longer row": (KEYS + "a,1,1\na,2,2,3,4\n", {}, "5 in line 3, more than the 3 columns"),
    "first row long": (KEYS + "a,1,1,9\na,2,2,9\n", {}, "4 in line 2, more than the 3 columns"),
    "short row": (KEYS + "a,1,1\n\na,2\n", {}, "2 in line 4, fewer than the 3 columns"),
    "open quote": (KEYS + '"a,1,1\na,2,2\n', {}, "a quotation mark may lack its end"),
    "empty": ("", {}, "an empty file"),
    "blank": (" \n\n", {}, "an empty file"),
    "names alone": (KEYS, {}, "at least one row"),
    "names alone, no line end": (KEYS.strip(), {}, "at least one row"),
    "one name twice": ("unique_id,ds,y,y\na,1,1,2\n", {}, "'y' more than once"),
    "no names": ("a,2024-01-01,1\na,2024-01-02,2\n", {}, "whose first line names the columns"),
    "no names, numbers": ("1,1,1\n1,2,2\n", {}, "whose first line names the columns"),
    "comment": ("# made by hand, twice\n" + KEYS + "a,1,1\n", {}, "Remove the lines of comment"),
    "comment at the end": (KEYS + "a,1,1\n# end\n", {}, "1 in line 3, fewer"),
    "no id": (KEYS + "a,1,1\n,1,2\n", {}, "column 'unique_id'.* an empty cell in line 3"),
    "no time": (KEYS + "a,1,1\na,,2\n", {}, "column 'ds'.* an empty cell in line 3"),
    "covariate with a comma": ('unique_id,ds,y,x\na,1,1,"2,5"\n', {}, "column 'x'.*'2,5'.*decimal=','"),
}


@pytest.mark.parametrize("form", READ)
def test_a_form_is_read(tmp_path: Path, form: str) -> None:
    content, arguments, names, values = READ[form]
    path = tmp_path / "long.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    long = read_long(path, **arguments)
    assert long["unique_id"].tolist() == names
    np.testing.assert_array_equal(long["y"], values)


@pytest.mark.parametrize("form", REFUSED)
def test_a_form_is_refused_with_the_remedy(tmp_path: Path, form: str) -> None:
    content, arguments, words = REFUSED[form]
    path = tmp_path / "long.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=words) as caught:
        read_long(path, **arguments)
    assert "long.csv" in str(caught.value) or next(iter(arguments)) in str(caught.value)


class TestCovariates:
    FILE = "unique_id,ds,y,price,code,flag,word,hole\na,1,1,2.5,007,True,NA,x\na,2,1,NA,012,False,1.2.3,\n"

    def test_numbers_are_numbers_and_text_is_text(self, tmp_path: Path) -> None:
        long = read_long(write(tmp_path, "long.csv", self.FILE), categories=["code"])
        np.testing.assert_array_equal(long["price"], [2.5, np.nan])
        assert long["code"].tolist() == ["007", "012"] and long["flag"].tolist() == [1.0, 0.0]
        assert long["word"].tolist() == ["NA", "1.2.3"] and long["hole"].isna().tolist() == [False, True]

    def test_one_decimal_mark_for_the_whole_table(self, tmp_path: Path) -> None:
        path = write(tmp_path, "long.csv", "unique_id;ds;y;price\na;1;1.234;2,5\n")
        with pytest.raises(ValueError, match=r"column 'y'.*'1.234'.*Pass the marks of the file"):
            read_long(path)  # 1.234 is a thousand and more where 2,5 is two and a half

    def test_a_covariate_has_a_name_of_its_own(self, tmp_path: Path) -> None:
        path = write(tmp_path, "long.csv", "shop,ds,y,unique_id\nA,1,1,2\n")
        with pytest.raises(ValueError, match=r"long.csv: .* received unique_id. Rename the column"):
            read_long(path, id_column="shop")

    def test_an_unknown_category_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"categories: must be one of the columns .*received 'colour'"):
            read_long(write(tmp_path, "long.csv", self.FILE), categories=["colour"])


def test_a_parquet_file_keeps_types_and_index(tmp_path: Path) -> None:
    days = pd.date_range("2024", periods=2, name="ds")
    frame = pd.DataFrame({"unique_id": [7, 7], "y": [1.0, 2.0]}, days)
    frame.to_parquet(tmp_path / "long.parquet")
    long = read_long(tmp_path / "long.parquet")
    assert long["unique_id"].tolist() == [7, 7] and long["ds"].tolist() == [*days]
    frame.rename_axis(index=None).to_parquet(tmp_path / "long.parquet")
    assert read_long(tmp_path / "long.parquet")["ds"].tolist() == [*days]
    (tmp_path / "long.parquet").write_bytes(b"PAR1")
    with pytest.raises(ValueError, match=r"long.parquet: must be a parquet file"):
        read_long(tmp_path / "long.parquet")


def test_a_typed_target_must_be_numbers(tmp_path: Path) -> None:
    days = pd.date_range("2024", periods=2)
    pd.DataFrame({"unique_id": "a", "ds": days, "y": days}).to_parquet(tmp_path / "long.parquet")
    with pytest.raises(
        ValueError, match=r"long.parquet, column 'y': must be numbers; received values of type date"
    ):
        read_long(tmp_path / "long.parquet")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for reader, name in (
        (read_long, "a.csv"),
        (read_long, "a.parquet"),
        (read_m4, "a.csv"),
        (read_tsf, "a.tsf"),
    ):
        with pytest.raises(FileNotFoundError, match=name):
            reader(tmp_path / name)
