"""Which days are holidays of a country or of a part of it, by the package `holidays`."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pandas as pd

from forecast._checks import explain

PREFIX = "holiday:"
"""A feature of the calendar such as "holiday:AU-VIC": code of the country, and of its subdivision if any."""


def check_place(feature: str) -> None:
    """Refuse a feature whose country or subdivision is not known, or the lack of the package."""
    _table(feature, [2000])


def is_holiday(feature: str, times: pd.DatetimeIndex) -> np.ndarray:
    """Whether timestamps (R,) lie in a public holiday of their local day.

    Example:
        >>> is_holiday("holiday:AU-VIC", pd.to_datetime(["2012-03-12 10:00", "2012-03-13 10:00"]))
        array([ True, False])
    """
    days = times.tz_localize(None).normalize()
    return np.asarray(days.isin(pd.DatetimeIndex(list(_table(feature, sorted(set(days.year)))))))


def _table(feature: str, years: list[int]) -> Any:
    country, _, subdivision = feature.removeprefix(PREFIX).partition("-")
    try:
        library = importlib.import_module("holidays")
    except ImportError as error:
        raise ImportError(f"calendar={feature!r} needs the package holidays: pip install holidays") from error
    try:
        return library.country_holidays(country, subdiv=subdivision or None, years=years)
    except NotImplementedError as error:
        allowed = "a country and a subdivision that the package holidays knows"
        remedy = "Pass codes such as 'holiday:AU' or 'holiday:AU-VIC'"
        raise ValueError(explain("calendar", allowed, f"{feature!r}: {error}", remedy)) from error
