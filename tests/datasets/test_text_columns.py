"""Ids and categories stay as they stand in the file."""

import io

import pandas as pd
import pytest

from forecast.datasets.table_files import Spelling, Table, read_table
from forecast.datasets.text_columns import categories, check_free, ids

NAMES = ["007", "1E5", "NA", "None", "nan", "true", "1_000", " a", "1.0", "2024-01-01"]


def test_text_is_not_parsed() -> None:
    table = read_table(io.StringIO("shop,y\n" + "".join(f"{name},1\n" for name in NAMES)))
    assert ids(table, "shop").tolist() == NAMES and categories(table, "shop").tolist() == NAMES


def test_typed_ids_stay_typed_and_categories_become_text() -> None:
    table = Table("p.parquet", pd.DataFrame({"shop": [7, 8]}), Spelling())
    assert ids(table, "shop").tolist() == [7, 8] and categories(table, "shop").tolist() == ["7", "8"]


@pytest.mark.parametrize("read", [ids, categories])
def test_an_empty_cell_is_refused(read) -> None:
    table = read_table(io.StringIO("shop,y\na,1\n,2\n"))
    with pytest.raises(ValueError, match="column 'shop': .* received an empty cell in line 3"):
        read(table, "shop")
    with pytest.raises(ValueError, match="received an empty cell in row 1"):
        read(Table("p.parquet", pd.DataFrame({"shop": ["a", None]}), Spelling()), "shop")


def test_names_of_a_long_frame_are_taken() -> None:
    check_free(["price"], "a.csv")
    with pytest.raises(ValueError, match=r"a.csv: .* received ds, y"):
        check_free(["price", "ds", "y"], "a.csv")
