"""A competition as it lies in a folder: what may be learned from, what is forecast, and how it is scored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

import pandas as pd

from forecast._checks import check_horizon, explain
from forecast.datasets.readers import read_long, read_tsf
from forecast.datasets.wide_files import M5_DAYS, read_m3, read_m4, read_m5

_ENDINGS = (".csv", ".csv.gz", ".parquet")


class Rules(NamedTuple):
    """Steps to forecast, the season of MASE and Naive2, and the step of time of rows that are numbered."""

    horizon: int | None
    season: int
    freq: str | None


_GROUPS = {
    "Yearly": Rules(6, 1, "YS"),
    "Quarterly": Rules(8, 4, "QS"),
    "Monthly": Rules(18, 12, "MS"),
    "Weekly": Rules(13, 1, "W"),
    "Daily": Rules(14, 1, "D"),
    "Hourly": Rules(48, 24, "h"),
    "Other": Rules(8, 1, None),
}
_M3_SHEETS = {"Yearly": "M3Year", "Quarterly": "M3Quart", "Monthly": "M3Month", "Other": "M3Other"}
_M5 = Rules(M5_DAYS, 1, "D")
_MONASH = {
    "yearly": Rules(None, 1, "YS"),
    "quarterly": Rules(None, 4, "QS"),
    "monthly": Rules(None, 12, "MS"),
    "weekly": Rules(None, 52, "W"),
    "daily": Rules(None, 7, "D"),
    "hourly": Rules(None, 24, "h"),
    "half_hourly": Rules(None, 48, "30min"),
    "10_minutes": Rules(None, 144, "10min"),
    "minutely": Rules(None, 1440, "min"),
    "4_seconds": Rules(None, 21600, "4s"),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Competition:
    """One group of a competition.

    Args:
        layout: of its files, "m3", "m4", "m5" or "tsf".
        group: its name.
        train: long frame `unique_id, ds, y`, where `ds` may be numbers.
        test: the rows after it, or None where they are not known.
        horizon: steps to forecast.
        season: m of MASE and Naive2.
        freq: step of time of rows that are numbered, or None.
    """

    layout: Literal["m3", "m4", "m5", "tsf"]
    group: str
    train: pd.DataFrame
    test: pd.DataFrame | None
    horizon: int
    season: int
    freq: str | None

    def dated(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows whose numbers are replaced by timestamps that lie `freq` apart, so that models know the season."""
        return rows if self.freq is None else dated(rows, self.freq)


def dated(rows: pd.DataFrame, freq: str) -> pd.DataFrame:
    """Rows whose numbers are replaced by timestamps `freq` apart, from a year before which no record reaches."""
    if not pd.api.types.is_integer_dtype(rows["ds"].dtype):
        return rows
    stamps = pd.date_range("1000-01-01", periods=int(rows["ds"].max()) + 1, freq=freq, unit="s")
    return rows.assign(ds=stamps[rows["ds"].to_numpy()])


def read_competition(folder: str | Path, group: str, *, horizon: int | None = None) -> Competition:
    """Read one group of a competition from the files of its organisers.

    M4: `<group>-train.csv` and `<group>-test.csv`, also in `Train/` and `Test/`; or `.parquet` in long form.
    M3: the sheets of M3C as `M3Year.csv`, `M3Quart.csv`, `M3Month.csv`, `M3Other.csv`; their last NF values.
    Monash: `<group>.tsf`; the last steps are forecast, as many as its `@horizon` says.
    M5: `sales_train_evaluation.csv`, `calendar.csv`, `sell_prices.csv`; `sales_test_evaluation.csv` is forecast, or
    without it the last 28 days of the training file, the validation phase.

    Args:
        folder: where the files lie.
        group: Yearly, Quarterly, Monthly, Weekly, Daily, Hourly, Other; M5; or the name of a `.tsf` file.
        horizon: steps to forecast; None means as the competition has it.

    Raises:
        FileNotFoundError: the folder has no files of this group.
        ValueError: a file that does not fit; it is named, and the line.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "Weekly-train.csv").write_text("V1,V2,V3\\nW1,1,2\\n")
        ...     weekly = read_competition(folder, "Weekly")
        >>> weekly.layout, weekly.horizon, weekly.season, weekly.test is None
        ('m4', 13, 1, True)
    """
    folder = Path(folder)
    found = next(_readings(folder, group, None if horizon is None else check_horizon(horizon)), None)
    if found is None:
        files = f"{group}-train.csv, {group}.tsf or {_M3_SHEETS.get(group, 'sales_train_evaluation')}.csv"
        remedy = f"Name a folder with the files of the group {group}"
        raise FileNotFoundError(explain("folder", f"a folder that has {files}", str(folder), remedy))
    if found.test is not None:
        unknown = found.test.loc[
            ~found.test["unique_id"].isin(found.train["unique_id"].unique()), "unique_id"
        ]
        if len(unknown):
            received = f"{unknown.iloc[0]!r} in the test part alone"
            remedy = "Check that both parts are of one group"
            raise ValueError(explain(str(folder), "series that have a training part", received, remedy))
    return found if horizon is None else replace(found, horizon=horizon)


def _readings(folder: Path, group: str, horizon: int | None) -> Iterator[Competition]:
    rules = _GROUPS.get(group, Rules(horizon, 1, None))
    train, test = (_part(folder, group, part) for part in ("train", "test"))
    if train is not None:
        known = _read(train)
        ahead = None if test is None else _read(test, known)
        yield _competition("m4", group, known, ahead, _told(rules, horizon, str(train)))
    sheet = folder / f"{_M3_SHEETS.get(group)}.csv"
    if sheet.exists():
        yield _competition("m3", group, read_m3(sheet), read_m3(sheet, part="test"), rules)
    series = folder / f"{group}.tsf"
    if series.exists():
        yield _monash(series, horizon)
    if group == "M5" and (folder / "sales_train_evaluation.csv").exists():
        yield _m5(folder)


def _competition(
    layout: Literal["m3", "m4", "m5", "tsf"],
    group: str,
    train: pd.DataFrame,
    test: pd.DataFrame | None,
    rules: Rules,
) -> Competition:
    assert rules.horizon is not None
    return Competition(
        layout=layout,
        group=group,
        train=train,
        test=test,
        horizon=rules.horizon,
        season=rules.season,
        freq=rules.freq,
    )


def _told(rules: Rules, horizon: int | None, source: str) -> Rules:
    """The rules with a horizon, of the caller before that of the competition."""
    if horizon is None and rules.horizon is None:
        remedy = "Pass for example horizon=12"
        raise ValueError(explain("horizon", f"given for {source}, which has none", "None", remedy))
    return rules._replace(horizon=horizon or rules.horizon)


def _part(folder: Path, group: str, part: str) -> Path | None:
    names = [f"{group}-{part}{ending}" for ending in _ENDINGS]
    paths = [place / name for place in (folder, folder / part.capitalize()) for name in names]
    return next((path for path in paths if path.exists()), None)


def _read(path: Path, after: pd.DataFrame | None = None) -> pd.DataFrame:
    return read_long(path) if path.suffix == ".parquet" else read_m4(path, after=after)


def _monash(path: Path, horizon: int | None) -> Competition:
    frame = read_tsf(path)
    rules = _MONASH.get(frame.attrs.get("frequency", ""), Rules(None, 1, None))
    own = frame.attrs.get("horizon", "")
    rules = _told(rules._replace(horizon=int(own) if own.isdecimal() else None), horizon, str(path))
    return _competition("tsf", path.stem, *_split(frame[["unique_id", "ds", "y"]], rules.horizon or 0), rules)


def _m5(folder: Path) -> Competition:
    calendar, prices = (folder / name for name in ("calendar.csv", "sell_prices.csv"))
    extra = {"calendar": calendar if calendar.exists() else None}
    train = read_m5(
        folder / "sales_train_evaluation.csv", prices=prices if prices.exists() else None, **extra
    )
    after = folder / "sales_test_evaluation.csv"
    if after.exists():
        test = read_m5(after, **extra)
    else:
        train, test = _split(train, _M5.horizon or 0)
        train, test = (
            part.assign(unique_id=part["unique_id"].str.replace("_evaluation", "_validation"))
            for part in (train, test)
        )
    return _competition("m5", "M5", train, test[["unique_id", "ds", "y"]], _M5)


def _split(frame: pd.DataFrame, horizon: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of each series but the last `horizon`, and these."""
    last = frame.groupby("unique_id", observed=True).cumcount(ascending=False) < horizon
    return frame[~last].reset_index(drop=True), frame[last].reset_index(drop=True)
