"""Times: each form is the timestamp it means, or refused with the line and what to do."""

import io

import pandas as pd
import pytest

from forecast.datasets.table_files import Table, read_table
from forecast.datasets.time_columns import times


def table(*cells: str) -> Table:
    return read_table(io.StringIO("ds;y\n" + "".join(f"{cell};1\n" for cell in cells)))


READ: list[tuple[tuple[str, ...], dict[str, str], list]] = [
    (("2024-01-31", "2024-02-01"), {}, ["2024-01-31", "2024-02-01"]),
    (("2024-01", "2024-02"), {}, ["2024-01-01", "2024-02-01"]),
    ((" 2024-01-31T13:30 ",), {}, ["2024-01-31T13:30"]),
    (("20240131", "20240201"), {}, ["2024-01-31", "2024-02-01"]),
    (("202401", "202402"), {}, ["2024-01-01", "2024-02-01"]),
    (("174901",), {}, ["1749-01-01"]),
    (("2024013113", "2024013114"), {}, ["2024-01-31T13", "2024-01-31T14"]),
    (("202401311300",), {}, ["2024-01-31T13:00"]),
    (("20240131130000",), {}, ["2024-01-31T13:00"]),
    (("2024Q1", "2024-Q2"), {}, ["2024-01-01", "2024-04-01"]),
    (("2024-03-31T01:00+01:00",), {}, ["2024-03-31T01:00+01:00"]),
    (("2024-03-31T01:00Z",), {}, ["2024-03-31T01:00Z"]),
    (("31.01.2024",), {"date_format": "%d.%m.%Y"}, ["2024-01-31"]),
    (("Jan 2024",), {"date_format": "%b %Y"}, ["2024-01-01"]),
    (("2024-07-01",), {"time_zone": "Europe/Berlin"}, ["2024-07-01T00:00+02:00"]),
    # whole numbers count steps
    (("1", "2"), {}, [1, 2]),
    (("-1", "0"), {}, [-1, 0]),
    (("1.0", "2.0"), {}, [1, 2]),
    (("2023", "2024"), {}, [2023, 2024]),
    (("20000000", "20000001"), {}, [20000000, 20000001]),
    (("200013", "200014"), {}, [200013, 200014]),
    (("99990131",), {}, [99990131]),
    (("1704067200", "1704153600"), {}, [1704067200, 1704153600]),
]
REFUSED: list[tuple[tuple[str, ...], dict[str, str], str]] = [
    (("2024-01-31", ""), {}, "an empty cell in line 3"),
    (("2024-01-31", "NaT"), {}, "an empty cell in line 3"),
    (("2024-02-28", "2024-02-30"), {}, "'2024-02-30' in line 3"),
    (("20240130", "20240131", "20240132"), {}, "'20240132' in line 4"),
    (("202411", "202412", "202413"), {}, "'202413' in line 4"),
    (("1.5",), {}, "'1.5' in line 2"),
    (("1", "two"), {}, "'1' in line 2|'two' in line 3"),
    (("31.01.2024",), {}, "'31.01.2024' in line 2.*date_format='%d.%m.%Y'"),
    (("01/02/2024",), {}, "'%d/%m/%Y' if the day comes first, date_format='%m/%d/%Y' if the month does"),
    (("01/02/2024", "31/02/2024"), {}, "or pass date_format='%d/%m/%Y'"),
    (("01/02/24 10:30", "02/28/24 10:30"), {}, "or pass date_format='%m/%d/%y %H:%M'"),
    (("Jan 2024",), {}, "date_format='%b %Y'"),
    (("31.01.2024", "2024-02-01"), {"date_format": "%d.%m.%Y"}, "'2024-02-01' in line 3"),
    (("2024-01-01T00:00Z", "2024-01-01T01:00"), {}, "all have an offset.*'2024-01-01T01:00' in line 3"),
    (("2024-10-27T02:30",), {"time_zone": "Europe/Berlin"}, "02:30:00 in line 2. Write the times with"),
    (("2024-03-31T02:30",), {"time_zone": "Europe/Berlin"}, "exist exactly once in Europe/Berlin"),
    (("2024-10-27",), {"time_zone": "Europe/Atlantis"}, "time_zone: must be the name of a time zone"),
    (("2024-10-27Z00:00",), {}, "must be ISO dates"),
    (("1",), {"time_zone": "UTC"}, "Leave time_zone out"),
]


@pytest.mark.parametrize(("cells", "arguments", "expected"), READ, ids=lambda value: str(value))
def test_a_form_is_read(cells: tuple[str, ...], arguments: dict[str, str], expected: list) -> None:
    found = times(table(*cells), "ds", **arguments).tolist()
    assert found == [pd.Timestamp(time) if isinstance(time, str) else time for time in expected]


@pytest.mark.parametrize(("cells", "arguments", "words"), REFUSED, ids=lambda value: str(value))
def test_a_form_is_refused_with_the_remedy(
    cells: tuple[str, ...], arguments: dict[str, str], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        times(table(*cells), "ds", **arguments)


def test_hours_over_a_change_of_time_are_hours_in_utc() -> None:
    hours = pd.date_range("2024-03-30 22:00", periods=8, freq="h", tz="Europe/Berlin")
    cells = [hour.isoformat() for hour in hours]
    found = times(table(*cells), "ds")
    assert str(found.dt.tz) == "UTC" and found.tolist() == hours.tolist()
    local = times(table(*cells), "ds", time_zone="Europe/Berlin")
    assert str(local.dt.tz) == "Europe/Berlin" and local.tolist() == hours.tolist()


@pytest.mark.parametrize("dtype", ["int64", "float64", "str"])
def test_typed_columns_follow_the_same_rules(dtype: str) -> None:
    frame = pd.DataFrame({"ds": pd.Series([20240131, 20240201]).astype(dtype)})
    parquet = Table("long.parquet", frame, table("1").spelling)
    assert times(parquet, "ds").tolist() == [pd.Timestamp("2024-01-31"), pd.Timestamp("2024-02-01")]
