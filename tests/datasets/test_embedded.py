"""Embedded data: the files are those of their cards, and every index is the one promised."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecast.datasets as datasets

FOLDER = Path(__file__).parents[2] / "datasets"
NAMES = list(datasets.catalogue().index)


@pytest.mark.parametrize("name", NAMES)
def test_the_hash_on_the_card_is_that_of_the_file(name: str) -> None:
    digest = hashlib.sha256((FOLDER / f"{name}.csv").read_bytes()).hexdigest()
    assert datasets.catalogue().loc[name, "sha256"] == digest


@pytest.mark.parametrize("name", NAMES)
def test_the_card_names_the_loader_and_the_length(name: str) -> None:
    card = datasets.catalogue().loc[name]
    data = getattr(datasets, card["loader"])()
    assert card["length"].split()[0].rstrip(",") == str(len(data))
    pd.testing.assert_index_equal(datasets.load_dataset(name).index, data.index)


def test_no_card_lacks_a_field() -> None:
    cards = datasets.catalogue()
    assert set(cards.columns) >= {
        "loader",
        "columns",
        "unit",
        "frequency",
        "length",
        "source",
        "licence",
        "sha256",
    }
    assert not cards.isna().any(axis=None) and (cards.map(len) > 2).all(axis=None)


def test_every_card_names_a_licence_that_lets_others_pass_the_data_on() -> None:
    named = r"(?:public domain|MIT|BSD-3-Clause|Apache-2\.0), as stated by \w+"
    assert datasets.catalogue()["licence"].str.match(named).all()


def test_files_cards_and_the_list_of_them_agree() -> None:
    listed = {
        line.split("[")[1].split("]")[0]
        for line in (FOLDER / "README.md").read_text().splitlines()
        if "](" in line
    }
    assert {path.stem for path in FOLDER.glob("*.csv")} == set(NAMES) == listed
    assert {path.stem for path in FOLDER.glob("*.md")} - {"README"} == set(NAMES)


def test_all_data_are_under_600_kilobytes() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 600_000


@pytest.mark.parametrize(
    ("load", "kind", "freq", "first", "last", "name"),
    [
        (datasets.load_air_passengers, pd.PeriodIndex, "M", "1949-01", "1960-12", "passengers"),
        (datasets.load_sunspots, pd.PeriodIndex, "Y-DEC", "1700", "2008", "sunspots"),
        (datasets.load_sunspots_monthly, pd.PeriodIndex, "M", "1749-01", "1983-12", "sunspots"),
        (datasets.load_lynx, pd.PeriodIndex, "Y-DEC", "1821", "1934", "lynx"),
        (datasets.load_co2, pd.DatetimeIndex, "W-SAT", "1958-03-29 00:00:00", "2001-12-29 00:00:00", "co2"),
    ],
)
def test_series_have_regular_calendars(load, kind, freq, first, last, name) -> None:
    y = load()
    assert isinstance(y.index, kind) and y.index.freqstr == freq and y.index.name == "ds"
    assert (str(y.index[0]), str(y.index[-1]), y.name, y.dtype) == (first, last, name, np.dtype("float64"))
    assert y.index.is_unique and y.index.is_monotonic_increasing


def test_co2_keeps_its_missing_weeks() -> None:
    y = datasets.load_co2()
    assert y.isna().sum() == 59 and y.dropna().between(310, 375).all()
    assert np.isnan(y.loc["1964-02-29"])


def test_demand_crosses_the_end_of_daylight_saving() -> None:
    frame = datasets.load_demand()
    assert str(frame.index.tz) == "Australia/Melbourne" and frame.index.freqstr == "30min"
    per_day = frame.groupby(frame.index.date).size()
    assert per_day.value_counts().to_dict() == {48: 83, 50: 1}
    assert str(per_day.idxmax()) == "2014-04-06"
    days_off = {str(day) for day in frame.index[frame["holiday"] == 1.0].date}
    assert days_off == {"2014-01-27", "2014-03-10", "2014-04-18"}
    assert not frame.isna().any(axis=None)


def test_laser_and_gas_furnace_are_numbered() -> None:
    assert datasets.load_laser().index.equals(pd.RangeIndex(10093))
    furnace = datasets.load_gas_furnace()
    assert furnace.columns.tolist() == ["u", "y"] and furnace.index.equals(pd.RangeIndex(296))


def test_gas_furnace_answers_after_five_samples() -> None:
    """Box and Jenkins: the output follows the input negatively, most strongly five samples later."""
    u, y = (datasets.load_gas_furnace()[name].to_numpy() for name in "uy")
    correlations = [np.corrcoef(u[: len(u) - lag], y[lag:])[0, 1] for lag in range(10)]
    assert int(np.argmin(correlations)) == 5


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="name: must be one of 'air_passengers', .*received .?airpassengers"):
        datasets.load_dataset("airpassengers")


def test_loaders_give_fresh_objects() -> None:
    y = datasets.load_lynx()
    y.iloc[0] = -1.0
    assert datasets.load_lynx().iloc[0] == 269.0
