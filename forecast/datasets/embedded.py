"""Loaders of the series that come with the package; each has a card beside its CSV in `datasets/`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from forecast._checks import check_choice

_ROW = re.compile(r"^\| (?P<field>[a-z0-9]+) \| (?P<value>.+) \|$", re.MULTILINE)


def _folder() -> Path:
    """Where the files are: `forecast/_data` when installed, `datasets/` in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "_data"
    return installed if installed.is_dir() else package.parent / "datasets"


def _read(name: str) -> pd.DataFrame:
    return pd.read_csv(_folder() / f"{name}.csv", dtype={"ds": str})


def _series(frame: pd.DataFrame, index: pd.Index, name: str) -> pd.Series:
    return pd.Series(frame["y"].to_numpy("float64"), index=index.rename("ds"), name=name)


def load_air_passengers() -> pd.Series:
    """Monthly international airline passengers, in thousands, 1949 to 1960 (144 values).

    Trend, and a season of 12 months that grows with the level.

    Returns:
        Series `passengers` on a monthly PeriodIndex.

    References:
        Box, Jenkins and Reinsel (1976), Time Series Analysis, Forecasting and Control, Series G.

    Example:
        >>> y = load_air_passengers()
        >>> y["1960-11":].tolist(), y.index.freqstr
        ([390.0, 432.0], 'M')
    """
    frame = _read("air_passengers")
    return _series(frame, pd.PeriodIndex(frame["ds"], freq="M"), "passengers")


def load_sunspots() -> pd.Series:
    """Yearly mean of the sunspot number, 1700 to 2008 (309 values).

    Returns:
        Series `sunspots` on a yearly PeriodIndex.

    References:
        Yule (1927), On a method of investigating periodicities in disturbed series.

    Example:
        >>> y = load_sunspots()
        >>> len(y), y.idxmax().year
        (309, 1957)
    """
    frame = _read("sunspots_yearly")
    return _series(frame, pd.PeriodIndex(frame["ds"], freq="Y"), "sunspots")


def load_sunspots_monthly() -> pd.Series:
    """Monthly mean of the sunspot number, 1749 to 1983 (2820 values).

    Returns:
        Series `sunspots` on a monthly PeriodIndex.

    References:
        Andrews and Herzberg (1985), Data.

    Example:
        >>> len(load_sunspots_monthly())
        2820
    """
    frame = _read("sunspots_monthly")
    return _series(frame, pd.PeriodIndex(frame["ds"], freq="M"), "sunspots")


def load_lynx() -> pd.Series:
    """Lynx trapped each year in the Mackenzie River district, 1821 to 1934 (114 values).

    Returns:
        Series `lynx` (animals) on a yearly PeriodIndex; usually modelled after a logarithm.

    References:
        Campbell and Walker (1977), A survey of statistical work on the Mackenzie River series.

    Example:
        >>> load_lynx().head(3).tolist()
        [269.0, 321.0, 585.0]
    """
    frame = _read("lynx")
    return _series(frame, pd.PeriodIndex(frame["ds"], freq="Y"), "lynx")


def load_co2() -> pd.Series:
    """Weekly CO2 at Mauna Loa, parts per million by volume, 1958 to 2001 (2284 weeks, 59 of them NaN).

    Returns:
        Series `co2` on a DatetimeIndex of Saturdays with freq W-SAT; missing weeks are NaN, not left out.

    References:
        Keeling and Whorf (2004), Atmospheric CO2 concentrations from sites in the SIO network.

    Example:
        >>> y = load_co2()
        >>> len(y), int(y.isna().sum()), y.index.freqstr
        (2284, 59, 'W-SAT')
    """
    frame = _read("co2_weekly")
    return _series(frame, pd.DatetimeIndex(frame["ds"], freq="W-SAT"), "co2")


def load_gas_furnace() -> pd.DataFrame:
    """Input and output of a gas furnace, one sample every 9 seconds (296 rows).

    Returns:
        DataFrame on a RangeIndex: `u`, gas feed in cubic feet per minute as deviation from its mean;
        `y`, CO2 in the outlet gas in percent.

    References:
        Box and Jenkins (1970), Time Series Analysis, Forecasting and Control, Series J.

    Example:
        >>> load_gas_furnace().shape
        (296, 2)
    """
    return _read("gas_furnace").astype("float64")


def load_demand() -> pd.DataFrame:
    """Half-hourly electricity demand of Victoria with its drivers, 27 January to 20 April 2014 (4034 rows).

    Daily (48) and weekly (336) season; daylight saving ends on 6 April, a day of 50 half hours.

    Returns:
        DataFrame on a DatetimeIndex in the zone Australia/Melbourne with freq 30min: `demand` (megawatts),
        `temperature` (degrees Celsius, Melbourne) and `holiday` (1.0 on a public holiday, else 0.0).

    References:
        Hyndman and Athanasopoulos (2021), Forecasting: Principles and Practice, third edition.

    Example:
        >>> frame = load_demand()
        >>> frame.columns.tolist(), str(frame.index.tz), frame.index.freqstr
        (['demand', 'temperature', 'holiday'], 'Australia/Melbourne', '30min')
    """
    frame = _read("demand_half_hourly")
    utc = pd.DatetimeIndex(pd.to_datetime(frame.pop("ds"), utc=True), freq="30min", name="ds")
    return frame.set_index(utc.tz_convert("Australia/Melbourne")).astype("float64")


def load_laser() -> pd.Series:
    """Intensity of a chaotic laser, Santa Fe competition data set A with its continuation (10093 values).

    The first 1000 values were given to the competitors; the next 100 were to be forecast.

    Returns:
        Series `laser` (8-bit counts, 0 to 255) on a RangeIndex.

    References:
        Weigend and Gershenfeld, eds. (1993), Time Series Prediction.

    Example:
        >>> y = load_laser()
        >>> len(y), y.head(3).tolist()
        (10093, [86.0, 141.0, 95.0])
    """
    frame = _read("santa_fe_laser")
    return _series(frame, frame.index, "laser").rename_axis(None)


_LOADERS: dict[str, Callable[[], pd.Series] | Callable[[], pd.DataFrame]] = {
    "air_passengers": load_air_passengers,
    "co2_weekly": load_co2,
    "demand_half_hourly": load_demand,
    "gas_furnace": load_gas_furnace,
    "lynx": load_lynx,
    "santa_fe_laser": load_laser,
    "sunspots_monthly": load_sunspots_monthly,
    "sunspots_yearly": load_sunspots,
}


def load_dataset(name: str) -> pd.Series | pd.DataFrame:
    """An embedded data set by the name of its file.

    Args:
        name: one of the names `catalogue()` lists.

    Raises:
        ValueError: no data set has that name.

    Example:
        >>> load_dataset("lynx").equals(load_lynx())
        True
    """
    return _LOADERS[check_choice("name", name, tuple(_LOADERS))]()


def catalogue() -> pd.DataFrame:
    """The embedded data sets: the facts on every card, one row per data set.

    Returns:
        DataFrame indexed by name, all text: `title`, `loader`, `columns`, `unit`, `frequency`, `length`,
        `source`, `licence` and `sha256`.

    Example:
        >>> catalogue().loc["lynx", "length"]
        '114, 1821 to 1934'
    """
    return pd.DataFrame({name: _card(name) for name in _LOADERS}).T.rename_axis("name")


def _card(name: str) -> dict[str, str]:
    text = (_folder() / f"{name}.md").read_text(encoding="utf-8")
    fields = {row["field"]: row["value"].replace("`", "") for row in _ROW.finditer(text)}
    fields.pop("field")  # the heading of the table
    return {"title": text.partition("\n")[0].removeprefix("# "), **fields}
