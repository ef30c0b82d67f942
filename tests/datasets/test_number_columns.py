"""Numbers as they are spelled, exactly; a table of whole forms is in test_readers.py."""

import io

import numpy as np
import pytest

from forecast.datasets.number_columns import MISSING, numbers, text_or_numbers
from forecast.datasets.table_files import Spelling, Table, read_table


def column(cells: list[str], separator: str = ";", **told: str) -> Table:
    text = f"y{separator}z\n" + "".join(f"{cell}{separator}0\n" for cell in cells)
    return read_table(io.StringIO(text), Spelling(separator=separator, **told))


@pytest.mark.parametrize("decimal", [".", ","])
def test_numbers_read_back_exactly(decimal: str) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=500) * 10.0 ** rng.integers(-30, 30, 500)
    cells = [repr(float(value)).replace(".", decimal) for value in values]
    np.testing.assert_array_equal(numbers(column(cells), ["y"])["y"], values)


@pytest.mark.parametrize("thousands", [",", " ", "'", "_"])
def test_groups(thousands: str) -> None:
    values = [1.0, 999.0, 1000.0, 1234567.25, -45678.0]
    cells = [f"{value:,}".replace(",", thousands) for value in values]
    assert numbers(column(cells, thousands=thousands), ["y"])["y"].tolist() == values


def test_words_for_missing_values() -> None:
    cells = ["1.5", *MISSING]
    found = numbers(column(cells), ["y"])["y"]
    assert found.isna().tolist() == [False] + [True] * len(MISSING)
    found = numbers(column([cell.replace(".", ",") if cell == "1.5" else cell for cell in cells]), ["y"])["y"]
    assert found.isna().tolist() == [False] + [True] * len(MISSING)


def test_whole_numbers_stay_whole() -> None:
    found = numbers(column(["9007199254740993", "1"]), ["y"])["y"]
    assert found.tolist() == [9007199254740993, 1] and found.dtype == np.int64


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "NA"], "float"),
        (["1", "x"], "text"),
        (["1.2.3"], "text"),
        (["NA", ""], "text"),
        (["True"], "float"),
    ],
)
def test_a_column_nobody_named_is_numbers_or_text(cells: list[str], kind: str) -> None:
    found = text_or_numbers(column(cells), "y")
    assert (found.dtype.kind == "f") == (kind == "float")
    if kind == "text":
        assert found.fillna("").tolist() == cells
