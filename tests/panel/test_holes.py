"""`fill_gaps` for every kind of index: the rows that were there stay, the others are NaN."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from utilsforecast.preprocessing import fill_gaps as of_utilsforecast

from forecast import AR, NARX, fill_gaps

INDICES = {
    "hours": pd.date_range("2024", periods=60, freq="h"),
    "months": pd.date_range("2019", periods=60, freq="MS"),
    "days with a change of time": pd.date_range("2024-03-01", periods=60, freq="D", tz="Europe/Berlin"),
    "periods": pd.period_range("2019", periods=60, freq="M"),
    "numbers": pd.RangeIndex(10, 70),
    "even numbers": pd.Index(np.arange(0, 120, 2)),
}
KEPT = np.setdiff1d(np.arange(60), [7, 8, 30])


@pytest.mark.parametrize("name", list(INDICES))
def test_missing_rows_come_back(name: str) -> None:
    y = pd.Series(np.arange(60.0), INDICES[name], name="y")
    whole = fill_gaps(y.iloc[KEPT])
    expected = y.mask(~np.isin(np.arange(60), KEPT))
    pd.testing.assert_series_equal(whole, expected, check_freq=False, check_index_type=False)
    frame = fill_gaps(y.iloc[KEPT].to_frame("x").assign(z=1.0))
    assert frame["z"].isna().sum() == 3 and list(frame.columns) == ["x", "z"]
    assert fill_gaps(y) is y


def test_panels_and_long_frames_as_utilsforecast_does() -> None:
    days = pd.date_range("2024", periods=30, freq="D")
    parts = [
        pd.DataFrame({"unique_id": key, "ds": days[rows], "y": 1.0})
        for key, rows in (("a", KEPT[:27]), ("b", [3, 4, 9]))
    ]
    long = pd.concat(parts, ignore_index=True)
    for start, end in (("per_serie", "per_serie"), ("global", "global")):
        whole = fill_gaps(long, "D", start=start, end=end)
        pd.testing.assert_frame_equal(
            whole, of_utilsforecast(long, freq="D", start=start, end=end), check_dtype=False
        )
        stacked = fill_gaps(long.set_index(["unique_id", "ds"])["y"], start=start, end=end)
        np.testing.assert_array_equal(stacked, whole["y"])
    assert fill_gaps(pl.from_pandas(long)).shape == fill_gaps(long).shape


@pytest.mark.parametrize(
    ("y", "freq", "words"),
    [
        (pd.Series(1.0, INDICES["hours"][[0, 2, 1]]), None, "sorted"),
        (pd.Series(1.0, INDICES["hours"][[0, 1, 1, 2]]), "h", "duplicate"),
        (
            pd.Series(1.0, INDICES["hours"][:3].append(INDICES["hours"][3:6] + pd.Timedelta("7min"))),
            "h",
            r"resample\('h'\)",
        ),
        (pd.Series(1.0, pd.Index([1, 2, 3])), 2, "steps of 2"),
    ],
)
def test_what_is_no_hole_is_refused(y: Any, freq: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        fill_gaps(y, freq)


def test_data_without_timestamps_are_refused() -> None:
    with pytest.raises(TypeError, match="data with an index"):
        fill_gaps(np.arange(5.0))
    with pytest.raises(ValueError, match="start: must be one of"):
        fill_gaps(pd.Series(1.0, INDICES["hours"]), start="first")


def test_missing_rows_are_refused_with_the_call_or_filled() -> None:
    y = pd.Series(np.sin(np.arange(60.0)), INDICES["hours"], name="y")
    x = pd.DataFrame({"x": np.arange(60.0)}, y.index)
    with pytest.raises(ValueError, match=r"fill_gaps\(y, freq='h'\), or pass missing_rows='fill'"):
        AR().fit(y.iloc[KEPT])
    with pytest.raises(ValueError, match="missing_rows: must be one of"):
        AR(missing_rows="drop").fit(y)
    model, whole = AR(lags=3, missing_rows="fill"), AR(lags=3).fit(fill_gaps(y.iloc[KEPT[:50]]))
    pd.testing.assert_series_equal(model.fit(y.iloc[KEPT[:50]]).predict(3), whole.predict(3))
    pd.testing.assert_series_equal(
        model.update(y.iloc[[53, 54, 57]]).predict(1).index.to_series(),
        y.index[58:59].to_series(),
        check_freq=False,
    )
    both = AR(lags=3, missing_rows="fill").fit(x.iloc[KEPT[:50]], y.iloc[KEPT[:50]])
    bare = AR(lags=3, missing_rows="fill").fit(x.iloc[KEPT[:50]], y.to_numpy()[KEPT[:50]])
    np.testing.assert_array_equal(both.predict(x.iloc[53:55]), bare.predict(x.iloc[53:55]))


def test_hours_of_a_change_of_time_have_a_remedy() -> None:
    for night in ("2024-03-30", "2024-10-26"):
        local = pd.date_range(night, periods=72, freq="h", tz="Europe/Berlin").tz_localize(None)
        with pytest.raises(ValueError, match="tz_localize"):
            NARX().fit(pd.Series(1.0, local))
    with pytest.raises(ValueError) as caught:
        NARX().fit(pd.Series(1.0, INDICES["hours"][[0, 1, 2, 2, 3]]))
    assert "tz_localize" not in str(caught.value)


def test_irregular_sampling_is_refused_with_the_line_to_write() -> None:
    minutes = np.array([0, 10, 20, 31, 40, 50, 63, 70, 80.5])
    with pytest.raises(ValueError, match=r"irregular.*y\.resample\('10min'\)\.mean\(\)"):
        AR().fit(pd.Series(1.0, pd.Timestamp("2024") + pd.to_timedelta(minutes, unit="min")))


def test_holes_of_frames_with_other_names() -> None:
    long = pd.DataFrame(
        {"store": ["b"] * 9 + ["a"] * 9, "date": [*pd.date_range("2024", periods=9)] * 2, "z": 1.0}
    )
    long = long.drop(index=[3, 13]).reset_index(drop=True)
    usual = fill_gaps(long.rename(columns={"store": "unique_id", "date": "ds"}))
    for data in (long, pl.from_pandas(long)):
        found = fill_gaps(data, series="store", time="date")
        found = found.to_pandas() if isinstance(found, pl.DataFrame) else found
        pd.testing.assert_frame_equal(found.set_axis(usual.columns, axis=1), usual, check_dtype=False)
    alone = long[:8].drop(columns="store")
    found = fill_gaps(alone, time="date")
    pd.testing.assert_series_equal(
        found.set_index("date")["z"], fill_gaps(alone.set_index("date")["z"]), check_freq=False
    )
    with pytest.raises(ValueError, match="series: must be given where a time stands in several rows"):
        fill_gaps(long, time="date")
    for data in (long, pl.from_pandas(long)):
        with pytest.raises(ValueError, match="Name its columns: series='store', time='date'; others"):
            fill_gaps(data)


def test_a_text_in_an_inserted_row_of_polars_is_missing() -> None:
    frame = pl.DataFrame(
        {"unique_id": ["a"] * 3, "ds": [1, 2, 4], "y": [1.0, 2, 3], "sky": ["sun", "rain", "sun"]}
    )
    frame = frame.with_columns(open=pl.lit(True))
    whole = fill_gaps(frame, 1)
    assert whole["sky"].to_list() == ["sun", "rain", None, "sun"] and whole["open"].null_count() == 1
