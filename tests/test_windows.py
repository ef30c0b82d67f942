"""Windows against plain loops and pandas shift; nothing crosses a series, nothing leaks into training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from forecast.panel import Panel
from forecast.windows import Batch, Windows

LENGTHS = (12, 3, 7, 5, 20)
MONTHS = pd.period_range("2020-01", periods=20, freq="M", name="month")


def panel_of(targets: int = 1, exog: int = 0, lengths: tuple[int, ...] = LENGTHS) -> Panel:
    """Series 0, 1, ...; y and x count up, so that every number tells its series, row and column."""
    index = pd.MultiIndex.from_tuples(
        [(f"s{i}", month) for i, n in enumerate(lengths) for month in MONTHS[:n]], names=["id", "month"]
    )
    rows = np.arange(len(index), dtype=float)[:, None]
    y = pd.DataFrame(1000 * np.arange(targets) + rows, index, [f"y{k}" for k in range(targets)])
    x = pd.DataFrame(-1 - 1000 * np.arange(exog) - rows, index, [f"x{k}" for k in range(exog)])
    return Panel.from_data(x, y)


def loop(panel: Panel, length: int, horizon: int, stride: int) -> list[tuple[int, int]]:
    """(series, start row) of every window, by a plain loop back from the end of each series."""
    found = []
    for i in range(panel.n_series):
        begin, end = panel.offsets[i], panel.offsets[i + 1]
        starts = list(range(int(end) - length - horizon, int(begin) - 1, -stride))
        found += [(i, start) for start in reversed(starts)]
    return found


@pytest.mark.parametrize("targets", [1, 2])
@pytest.mark.parametrize("exog", [0, 1, 3])
@pytest.mark.parametrize(
    ("length", "horizon", "stride"), [(1, 1, 1), (4, 1, 1), (3, 2, 1), (2, 3, 2), (4, 4, 5)]
)
def test_gather_is_a_plain_loop(targets: int, exog: int, length: int, horizon: int, stride: int) -> None:
    panel = panel_of(targets, exog)
    windows = Windows(panel, length=length, horizon=horizon, stride=stride)
    expected = loop(panel, length, horizon, stride)
    assert len(windows) == len(expected)
    assert_array_equal(windows.series_of(), [i for i, _ in expected])
    assert_array_equal(windows.starts, [start for _, start in expected])
    batch = windows.gather()
    assert batch.mask is None and batch.y.flags.c_contiguous and batch.x.flags.c_contiguous
    for k, (series, start) in enumerate(expected):
        assert_array_equal(batch.y[k], panel.y[start : start + length + horizon])
        assert_array_equal(batch.x[k], panel.x[start : start + length + horizon])
        assert panel.offsets[series] <= start and start + length + horizon <= panel.offsets[series + 1]
    some = np.array([len(expected) - 1, 0, 0])
    assert_array_equal(windows.gather(some).y, batch.y[some])
    assert_array_equal(windows.gather([1]).x, batch.x[1:2])
    assert_array_equal(windows.gather(slice(1, 3)).y, batch.y[1:3])


def test_panel_of_short_series_has_no_windows() -> None:
    windows = Windows(panel_of(2, 1), length=30)
    assert len(windows) == 0
    batch = windows.gather()
    assert batch.y.shape == (0, 31, 2) and batch.x.shape == (0, 31, 1)


def test_paired_rows_by_hand() -> None:
    y, x = np.array([1.0, 2, 3, 4, 5]), np.array([[10.0], [20], [30], [40], [50]])
    windows = Windows(Panel.from_data(x, y), length=2, horizon=2)
    window, target, future = windows.paired(windows.gather())
    assert_array_equal(window, [[[1, 20], [2, 30]], [[2, 30], [3, 40]]])
    assert_array_equal(target[..., 0], [[3, 4], [4, 5]])
    assert_array_equal(future[..., 0], [[30, 40], [40, 50]])


def test_lags_in_the_paired_window() -> None:
    windows = Windows(panel_of(2, 2), length=4)
    batch = windows.gather()
    window, target, _ = windows.paired(batch)
    for k, start in enumerate(windows.starts):
        t = start + 4
        for lag in range(1, 5):
            assert_array_equal(window[k, 4 - lag, :2], windows.panel.y[t - lag])
        for lag in range(4):
            assert_array_equal(window[k, 3 - lag, 2:], windows.panel.x[t - lag])
        assert_array_equal(target[k, 0], windows.panel.y[t])


def test_rows_read_are_those_of_the_paired_window() -> None:
    windows, which = Windows(panel_of(2, 2), length=4), np.array([3, 0])
    window, target, _ = windows.paired(windows.gather(which))
    rows, now = windows.read(which, (0, 3, 2))
    assert_array_equal(rows, window[:, [0, 1, 3]])
    assert_array_equal(now, target)


def test_without_covariates_the_parts_are_empty() -> None:
    windows = Windows(panel_of(), length=3, horizon=2)
    window, target, future = windows.paired(windows.gather())
    assert window.shape[1:] == (3, 1) and target.shape[1:] == (2, 1) and future.shape[1:] == (2, 0)


# ---------------------------------------------------------------------- padding


def test_padded_windows_are_the_ends_of_the_short_series() -> None:
    panel = panel_of(1, 1)
    plain, padded = Windows(panel, length=6), Windows(panel, length=6, pad=True)
    short = np.isin(padded.series_of(), [1, 3])  # 3 and 5 rows: below 6 + 1
    assert_array_equal(padded.starts[~short], plain.starts)
    batch = padded.gather(np.flatnonzero(short))
    assert batch.mask is not None
    assert_array_equal(batch.mask.sum(axis=1), [2, 3, 2, 3, 4, 5])
    ends = [panel.offsets[1] + n for n in (2, 3)] + [panel.offsets[3] + n for n in (2, 3, 4, 5)]
    for k, end in enumerate(ends):
        real = int(batch.mask[k].sum())
        assert_array_equal(batch.mask[k], np.arange(7) >= 7 - real)
        assert_array_equal(batch.y[k, 7 - real :], panel.y[end - real : end])
        assert_array_equal(batch.x[k, 7 - real :], panel.x[end - real : end])
        assert not batch.y[k, : 7 - real].any() and not batch.x[k, : 7 - real].any()
    assert Windows(panel, length=6, pad=True).gather().mask is not None


def test_padding_of_the_first_series_reaches_before_the_buffer() -> None:
    windows = Windows(Panel.from_data(np.array([np.nan, 5.0, 6.0]), allow_missing=True), length=4, pad=True)
    batch = windows.gather()
    assert_array_equal(batch.y[..., 0], [[0, 0, 0, np.nan, 5], [0, 0, np.nan, 5, 6]])
    assert_array_equal(windows.finite(), [False, False])
    assert len(Windows(Panel.from_data(np.array([1.0])), length=4, pad=True)) == 0


# ---------------------------------------------------------------------- missing values


@pytest.mark.parametrize("pad", [False, True])
def test_finite_says_which_windows_use_only_known_values(pad: bool) -> None:
    panel = panel_of(2, 1)
    y, x = panel.y.copy(), panel.x.copy()
    y[[4, 14, 40], [0, 1, 0]] = np.nan
    x[[8, 25], 0] = np.inf
    windows = Windows(panel, length=3, horizon=2, values=(y, x), pad=pad)
    batch = windows.gather()
    window, target, future = windows.paired(batch)
    real = np.ones(batch.y.shape[:2], bool) if batch.mask is None else batch.mask
    used_x = np.concatenate([window[..., 2:], future[:, 1:]], axis=1)
    used_y = np.where(real[..., None], batch.y, 0.0)
    expected = np.isfinite(used_y).all(axis=(1, 2)) & np.isfinite(used_x).all(axis=(1, 2))
    assert_array_equal(windows.finite(), expected)
    assert 0 < expected.sum() < len(expected)
    assert_array_equal(windows.finite([0, 5]), expected[[0, 5]])
    assert Windows(panel, length=3).finite().all()


# ---------------------------------------------------------------------- splitting


@pytest.mark.parametrize("validation", [1, 2, 4, 0.2, 0.5])
@pytest.mark.parametrize(("length", "horizon", "stride"), [(2, 1, 1), (3, 2, 1), (2, 2, 2)])
@pytest.mark.parametrize("pad", [False, True])
def test_split_never_leaks(validation: float, length: int, horizon: int, stride: int, pad: bool) -> None:
    panel = panel_of(lengths=(*LENGTHS, 2))
    windows = Windows(panel, length=length, horizon=horizon, stride=stride, pad=pad)
    if isinstance(validation, int) and validation < horizon:
        with pytest.raises(ValueError, match="validation: must be at least 2 steps"):
            windows.split(validation)
        return
    train, tail = windows.split(validation)
    assert len(train) and len(tail)
    assert set(train.starts) | set(tail.starts) <= set(windows.starts)
    for i in range(panel.n_series):
        of_train, of_tail = (part.target_rows()[part.series_of() == i] for part in (train, tail))
        if len(of_tail):
            assert len(of_train)
            assert of_train.max() + horizon - 1 < of_tail.min()
            assert of_tail.max() == windows.target_rows()[windows.series_of() == i].max()
        known = set(range(panel.offsets[i], panel.offsets[i + 1]))
        assert {row + h for row in of_train for h in range(horizon)} <= known
    assert set(train.series_of()) == set(windows.series_of())
    assert train.y is windows.y


def test_split_counts_steps_or_a_part_of_the_targets() -> None:
    windows = Windows(Panel.from_data(np.arange(13.0)), length=3)
    assert [len(part) for part in windows.split(4)] == [6, 4]
    assert [len(part) for part in windows.split(0.2)] == [8, 2]
    wide = Windows(Panel.from_data(np.arange(13.0)), length=3, horizon=2)
    train, tail = wide.split(4)
    assert_array_equal(train.target_rows(), [3, 4, 5, 6, 7])
    assert_array_equal(tail.target_rows(), [9, 10, 11])


@pytest.mark.parametrize(
    ("validation", "kind", "words"),
    [
        (0, ValueError, ["validation", "at least 1", "received 0"]),
        (0.0, ValueError, ["validation", "between 0 and 1", "received 0.0"]),
        (1.0, ValueError, ["validation", "between 0 and 1", "0.2"]),
        (-1, ValueError, ["validation", "received -1"]),
        ("end", TypeError, ["validation", "'end' of type str"]),
        (100, ValueError, ["validation", "100 of 17 targets", "smaller fraction"]),
    ],
)
def test_split_refuses_what_leaves_a_part_empty(
    validation: Any, kind: type[Exception], words: list[str]
) -> None:
    with pytest.raises(kind) as caught:
        Windows(panel_of(), length=3).split(validation)
    for word in words:
        assert word in str(caught.value)


# ---------------------------------------------------------------------- lag tables


def test_table_is_pandas_shift() -> None:
    y = pd.Series(np.arange(20.0) ** 2, MONTHS, name="sales")
    x = pd.DataFrame({"temp": np.arange(20.0), "rain": -np.arange(20.0)}, MONTHS)
    table = Windows(Panel.from_data(x, y), length=12).to_frame(lags=[1, 12], exog_lags=[0, 2])
    columns = {"sales": y, "sales.lag1": y.shift(1), "sales.lag12": y.shift(12)}
    for lag in (0, 2):
        columns |= {f"{name}.lag{lag}": x[name].shift(lag) for name in ("temp", "rain")}
    pd.testing.assert_frame_equal(table, pd.DataFrame(columns).iloc[12:])


def test_table_of_a_panel_is_grouped_shift() -> None:
    panel = panel_of(2, 1)
    data = pd.DataFrame(np.hstack([panel.y, panel.x]), panel.user_index(), ["y0", "y1", "x0"])
    groups = data.groupby(level=0, sort=False)
    columns: dict[str, pd.Series] = {"y0": data["y0"], "y1": data["y1"]}
    columns |= {f"{name}.lag{lag}": groups[name].shift(lag) for lag in (1, 2, 3) for name in ("y0", "y1")}
    columns |= {f"x0.lag{lag}": groups["x0"].shift(lag) for lag in (0, 1)}
    table = Windows(panel, length=3).to_frame(lags=3, exog_lags=1)
    pd.testing.assert_frame_equal(table, pd.DataFrame(columns)[groups.cumcount() >= 3])


def test_table_of_a_long_frame_names_series_and_time() -> None:
    long = pd.DataFrame({"unique_id": list("aaabbb"), "ds": [1, 2, 3] * 2, "y": np.arange(6.0)})
    table = Windows(Panel.from_data(long), length=1, horizon=2).to_frame(lags=[1])
    assert table.index.names == ["unique_id", "ds"] and table.index.tolist() == [("a", 2), ("b", 2)]
    assert table.columns.tolist() == ["y", "y.lead1", "y.lag1"]
    assert_array_equal(table, [[1, 2, 0], [4, 5, 3]])


def test_lags_keep_the_order_given() -> None:
    windows = Windows(panel_of(2, 1), length=3)
    features = windows.lagged(windows.gather([0]), lags=[3, 1], exog_lags=[0])
    y, x = windows.panel.y, windows.panel.x
    assert_array_equal(features[0], [*y[0], *y[2], *x[3]])
    assert windows.lagged(windows.gather(), lags=(), exog_lags=()).shape == (len(windows), 0)


@pytest.mark.parametrize(
    ("lags", "exog_lags", "words"),
    [
        ([4], (), "at most length=3"),
        ([1], [4], "at most length=3"),
        ([0], (), "lags"),
        ([1], [-1], "exog_lags"),
    ],
)
def test_lags_outside_the_window_are_refused(lags: list[int], exog_lags: list[int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Windows(panel_of(1, 1), length=3).to_frame(lags, exog_lags)


# ---------------------------------------------------------------------- arguments


@pytest.mark.parametrize("words", [{"length": 0}, {"length": 2, "horizon": 0}, {"length": 2, "stride": -1}])
def test_sizes_below_one_are_refused(words: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Windows(panel_of(), **words)


def test_a_series_is_no_panel() -> None:
    with pytest.raises(TypeError, match="panel: must be a Panel; received a Series. Pass Panel.from_data"):
        Windows(pd.Series([1.0, 2.0, 3.0]), length=1)  # type: ignore[arg-type]


def test_other_values_are_gathered_and_must_fit() -> None:
    panel = panel_of(1, 1)
    windows = Windows(panel, length=2, values=(panel.y * 2, panel.x.astype("float32")))
    batch: Batch = windows.gather()
    assert_array_equal(batch.y, Windows(panel, length=2).gather().y * 2)
    assert batch.x.dtype == np.float32
    wider = np.column_stack([panel.x, np.arange(len(panel.y))])
    assert Windows(panel, length=2, values=(panel.y, wider)).gather([0]).x[0, :, -1].tolist() == [0, 1, 2]
    for values in ((panel.y[1:], panel.x), (panel.y, wider[1:])):
        with pytest.raises(ValueError, match=r"values: must be of the shapes .*received"):
            Windows(panel, length=2, values=values)


def test_memory_of_many_series_stays_below_twice_the_values() -> None:
    values = np.zeros((100, 263), np.float32)
    long = pd.DataFrame(
        {"unique_id": np.repeat(np.arange(100), 263), "ds": np.tile(np.arange(263), 100), "y": values.ravel()}
    )
    panel = Panel.from_data(long)
    windows = Windows(panel, length=24)
    assert windows.starts.dtype == np.int32 and panel.y.dtype == np.float32 and panel.order is None
    held = panel.y.nbytes + panel.x.nbytes + panel.offsets.nbytes + panel.timeline.starts.nbytes
    assert held + windows.starts.nbytes <= 2.2 * values.nbytes


def test_a_missing_covariate_in_the_first_row_of_a_window_is_not_used() -> None:
    """Of windows of 3 rows, NaN in row 2 of x spoils those that start at 0 and 1, not the one that starts there."""
    x = np.arange(7.0)[:, None]
    x[2] = np.nan
    windows = Windows(
        Panel.from_data(np.arange(7.0), allow_missing=True), length=2, values=(np.arange(7.0)[:, None], x)
    )
    assert windows.starts.tolist() == [0, 1, 2, 3, 4]
    assert windows.finite().tolist() == [False, False, True, True, True]
    assert np.isfinite(np.concatenate(windows.paired(windows.gather([2]))[:1])).all()
