"""Cells come as they are, and know where they stand; a table of whole forms is in test_readers.py."""

import io

import pandas as pd
import pytest

from forecast.datasets.table_files import SEPARATORS, Spelling, Table, read_table


def table(text: str, **told: str) -> Table:
    return read_table(io.StringIO(text), Spelling(**told))


@pytest.mark.parametrize("mark", SEPARATORS)
def test_every_cell_is_text(mark: str) -> None:
    rows = [("shop", "sold", "note"), ("007", "NA", ""), ("1E5", " 2", '"a b"')]
    found = table("\n".join(map(mark.join, rows)))
    assert found.spelling.separator == mark
    assert found.frame.to_dict("list") == {"shop": ["007", "1E5"], "sold": ["NA", " 2"], "note": ["", "a b"]}


def test_a_row_is_found_by_its_line() -> None:
    found = table('a,b\n\n"x\ny",1\n\n2,3\r\n4,5\n')
    assert [found.place(row) for row in range(3)] == ["line 4", "line 6", "line 7"]
    assert Table("p.parquet", found.frame, found.spelling).place(2) == "row 2"


def test_different_cells_keep_their_first_row() -> None:
    different, places = table("a,b\nx,1\ny,1\nx,1\nz,1\n").unique("a")
    assert different.frame["a"].tolist() == ["x", "y", "z"] and places.tolist() == [0, 1, 0, 2]
    assert different.place(2) == "line 5"


def test_rows_may_be_short_where_they_are_asked_to() -> None:
    text = "a,b,c\n1,2,3\n4\n"
    assert read_table(io.StringIO(text), short_rows=True).frame["c"].tolist() == ["3", ""]
    with pytest.raises(ValueError, match="1 in line 3, fewer than the 3 columns"):
        table(text)


def test_a_column_without_a_name_is_called_as_pandas_does() -> None:
    text = pd.Series([1.5, 2.5]).to_csv()
    assert table(text).frame.columns.tolist() == ["Unnamed: 0", "0"]
    assert table(text).frame.columns.tolist() == pd.read_csv(io.StringIO(text)).columns.tolist()


def test_many_rows_are_read_as_few_are() -> None:
    text = "a;b\n" + "".join(f"{k};{k},5\n" for k in range(5000))
    assert table(text).frame["b"].tolist() == [f"{k},5" for k in range(5000)]
    with pytest.raises(ValueError, match="3 in line 5002, more than the 2 columns"):
        table(text + "1;2;3\n")
