"""Data that cannot be used: the type of the error, and words for argument, allowed, received and remedy."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from forecast.estimators.baselines.naive import Naive
from forecast.panel import Panel, build_request, future_frame

DAYS = pd.date_range("2024-01-01", periods=10, freq="D")
Y = pd.Series(np.arange(10.0), DAYS, name="sales")
X = pd.DataFrame({"temp": np.arange(10.0), "rain": 1.0}, DAYS)
ARRAY = np.arange(20.0).reshape(10, 2)
LEVELS = pd.MultiIndex.from_product([["a", "b"], DAYS], names=["shop", "day"])
PANEL = pd.Series(np.arange(20.0), LEVELS, name="sales")
LONG = pd.DataFrame({"unique_id": ["a", "a", "b", "b"], "ds": [1, 2, 1, 2], "y": [1.0, 2.0, 3.0, 4.0]})


def put(data: Any, value: Any, row: int = 3) -> Any:
    changed = data.copy()
    if isinstance(changed, np.ndarray):
        changed[row, 0] = value
    elif isinstance(changed, pd.DataFrame):
        changed.iloc[row, changed.columns.get_loc("temp" if "temp" in changed else "y")] = value
    else:
        changed.iloc[row] = value
    return changed


def without(data: Any, *rows: int) -> Any:
    return data[~np.isin(np.arange(len(data)), rows)]


CASES: dict[str, tuple[tuple[Any, ...], type[Exception], list[str]]] = {
    # numbers
    "NaN in y": ((put(Y, np.nan),), ValueError, ["y:", "NaN in column 'sales' at 2024-01-04", "interpolate"]),
    "infinity in y": ((put(Y, np.inf),), ValueError, ["y:", "infinity", "2024-01-04", "Replace"]),
    "NaN in X": ((put(X, np.nan), Y), ValueError, ["X:", "NaN in column 'temp' at 2024-01-04", "Fill"]),
    "infinity in X": ((put(X, -np.inf), Y), ValueError, ["X:", "infinity in column 'temp'", "Replace"]),
    "NaN in an array": ((put(ARRAY, np.nan), np.arange(10)), ValueError, ["X:", "NaN", "row 3", "Fill"]),
    "NaN in one series": ((put(PANEL, np.nan, 13),), ValueError, ["NaN", "2024-01-04", "of series 'b'"]),
    "NaN in a long frame": ((put(LONG, np.nan, 1),), ValueError, ["y:", "NaN", "2 of series 'a'"]),
    "complex series": ((Y + 1j,), ValueError, ["Complex data not supported", "y:", "two columns"]),
    "complex array": ((ARRAY + 1j, np.arange(10)), ValueError, ["Complex data not supported"]),
    "complex y": ((ARRAY, np.arange(10) + 1j), ValueError, ["Complex data not supported"]),
    "strings in y": ((Y.astype(str),), TypeError, ["y:", "real numbers", "column 'sales'", "float"]),
    "strings in an object column": (
        (X.assign(temp=[1.0, *["wet"] * 9]).astype(object), Y),
        TypeError,
        ["X:", "strings", "'temp'"],
    ),
    "array of strings": ((np.array(["1", "2"]),), TypeError, ["y:", "real numbers", "float"]),
    "object array of strings": ((np.array(["1", "2"], object),), TypeError, ["y:", "strings"]),
    "objects": ((put(ARRAY.astype(object), {}), np.arange(10)), TypeError, ["X:", "not 'dict'", "Convert"]),
    "objects in a frame": ((X.assign(temp=[{}] * 10), Y), TypeError, ["X:", "not 'dict'", "'temp'"]),
    "dates as values": ((pd.Series(DAYS),), TypeError, ["y:", "datetime64", "dates to the index"]),
    "array of dates": ((DAYS.to_numpy(),), TypeError, ["y:", "datetime64", "dates to the index"]),
    "numbers as text": ((X.assign(day=["1.5", "?"] * 5), Y), TypeError, ["'day'", "strings", "categories="]),
    "too many categories": (
        (pd.DataFrame({"id": [f"n{k}" for k in range(101)]}), np.arange(101)),
        ValueError,
        ["X['id']", "1 to 100", "101 of them"],
    ),
    "sparse array": ((sparse.csr_array(ARRAY), np.arange(10)), TypeError, ["parse", "X"]),
    "sparse matrix": ((sparse.csr_matrix(ARRAY), np.arange(10)), TypeError, ["parse", "X"]),
    "sparse column": ((X.astype(pd.SparseDtype(float)), Y), TypeError, ["X:", "Sparse", "'temp'"]),
    # shapes
    "nothing": ((None,), ValueError, ["X:", "requires y to be passed, but the target y is None", "fit(y)"]),
    "y without X": ((None, Y), ValueError, ["X:", "None", "fit(y)"]),
    "empty series": ((Y.iloc[:0],), ValueError, ["y:", "at least one row", "0 sample(s)", "Check"]),
    "empty list": (([],), ValueError, ["0 sample(s)"]),
    "empty frame": ((X.iloc[:0], Y.iloc[:0]), ValueError, ["0 sample(s)", "shape=(0, "]),
    "no rows and y": ((np.empty((0, 3)), []), ValueError, ["0 sample(s)"]),
    "empty long frame": ((LONG.iloc[:0],), ValueError, ["y:", "0 sample(s)"]),
    "no columns": ((np.empty((12, 0)), np.arange(12)), ValueError, ["0 feature(s) (shape=(12, 0)) while a"]),
    "frame without columns alone": ((X[[]],), ValueError, ["y:", "without columns", "fit(X, y)"]),
    "one-dimensional X": ((np.arange(10), np.arange(10)), ValueError, ["Reshape your data"]),
    "Series as X": ((Y, Y), ValueError, ["X:", "Reshape your data", "to_frame()"]),
    "ragged rows": (([[1.0, 2.0], [3.0]],), ValueError, ["y:", "rows that differ", "same number"]),
    "three dimensions": ((np.zeros((4, 3, 2)),), ValueError, ["dim 3"]),
    "other lengths": (
        (ARRAY, np.arange(9)),
        ValueError,
        ["inconsistent numbers of samples: [10, 9]", "X.loc"],
    ),
    "other timestamps": ((X, Y.set_axis(DAYS.shift(2))), ValueError, ["aligned", "y at 2024-01-11", "X.loc"]),
    "other order": ((X, Y.iloc[::-1]), ValueError, ["aligned", "another order", "X.loc[y.index]"]),
    "columns twice": ((X.set_axis(["t", "t"], axis=1), Y), ValueError, ["X:", "unique", "'t'", "Rename"]),
    "levels of columns": ((pd.concat({"a": X}, axis=1), Y), ValueError, ["one level", "Join the levels"]),
    "levels of the index": ((pd.concat({0: PANEL}),), ValueError, ["two levels", "3 levels", "Join"]),
    "long frame with y apart": ((LONG, Y), ValueError, ["X:", "long frame", "fit(long)"]),
    "long frame without y": ((LONG.drop(columns="y"),), ValueError, ["unique_id, ds, y", "without 'y'"]),
    "polars without keys": ((pl.DataFrame({"y": [1.0]}),), ValueError, ["unique_id, ds, y", "without"]),
    "ds without unique_id": ((pd.DataFrame({"ds": DAYS, "y": 1.0}),), ValueError, ["set_index('ds')"]),
    "unknown series": ((LONG.assign(unique_id=["a", "a", None, "b"]),), ValueError, ["unique_id", "row 2"]),
    # time
    "unsorted": (
        (Y.iloc[[0, 2, 1, 3]],),
        ValueError,
        ["sorted", "2024-01-02 after 2024-01-03", "sort_index"],
    ),
    "duplicate": ((Y.iloc[[0, 1, 1, 2]],), ValueError, ["duplicate timestamps 2024-01-02", "duplicated()"]),
    "several series": ((Y.iloc[[0, 0, 1, 1]],), ValueError, ["duplicate", "in the column unique_id"]),
    "missing day": (
        (without(Y, 3, 4),),
        ValueError,
        ["2 missing timestamps: 2024-01-04, 2024-01-05", "fill_gaps(y, freq='D')", "missing_rows"],
    ),
    "missing hour": (
        (without(pd.Series(1.0, pd.date_range("2024", periods=99, freq="h", tz="Europe/Berlin")), 50),),
        ValueError,
        ["1 missing timestamp: 2024-01-03 02:00:00+01:00", "fill_gaps(y, freq='h')"],
    ),
    "missing month": (
        (without(pd.Series(1.0, pd.date_range("2024", periods=24, freq="MS")), 7),),
        ValueError,
        ["1 missing timestamp: 2024-08-01", "fill_gaps(y, freq='MS')"],
    ),
    "missing period": (
        (without(pd.Series(1.0, pd.period_range("2024", periods=24, freq="M")), 7, 8),),
        ValueError,
        ["2 missing timestamps: 2024-08, 2024-09", "fill_gaps(y)"],
    ),
    "missing year": (
        (without(pd.Series(1.0, range(1900, 1950)), 7),),
        ValueError,
        ["1 missing timestamp: 1907"],
    ),
    "missing day of one series": (
        (without(PANEL, 14),),
        ValueError,
        ["of series 'b'", "1 missing timestamp: 2024-01-05"],
    ),
    "missing step of a long frame": (
        (pd.DataFrame({"unique_id": "a", "ds": [1, 2, 4], "y": 1.0}),),
        ValueError,
        ["of series 'a'", "1 missing timestamp: 3"],
    ),
    "irregular": (
        (pd.Series(1.0, pd.to_datetime(["2024-01-01 03:11", "2024-01-07 08:00", "2024-02-03 01:02"])),),
        ValueError,
        ["missing timestamps", "irregular steps between", "resample"],
    ),
    "days in the middle of months": (
        (pd.Series(1.0, pd.to_datetime(["2024-01-13", "2024-02-17", "2024-03-11", "2024-04-20"])),),
        ValueError,
        ["to_period('M')"],
    ),
    "unsorted long frame": (
        (LONG.iloc[[1, 0, 2, 3]],),
        ValueError,
        ["of series 'a'", "unsorted", "sort_values"],
    ),
    "duplicate in one series": ((PANEL.iloc[[0, 1, 10, 10]],), ValueError, ["of series 'b'", "duplicate"]),
    "NaT": ((Y.set_axis(DAYS.where(DAYS != DAYS[4])),), ValueError, ["NaT in row 4", "Drop"]),
    "index of texts": (
        (Y.set_axis(DAYS.astype(str)),),
        TypeError,
        ["index:", "DatetimeIndex", "to_datetime"],
    ),
    "index of floats": ((Y.set_axis(np.arange(10) / 2),), TypeError, ["index:", "float64", "reset_index"]),
    "y before X": ((Y, Y.to_frame("x")), ValueError, ["two-dimensional", "fit(X, y), not fit(y, X)"]),
    "texts as ds": ((LONG.assign(ds=list("abab")),), TypeError, ["ds:", "to_datetime"]),
}


@pytest.mark.parametrize(("data", "kind", "words"), CASES.values(), ids=CASES.keys())
def test_bad_data_is_refused_with_help(
    data: tuple[Any, ...], kind: type[Exception], words: list[str]
) -> None:
    with pytest.raises(kind) as caught:
        Panel.from_data(*data)
    for word in words:
        assert word in str(caught.value)


def test_nothing_is_changed_in_place() -> None:
    frames = [X.copy(), Y.copy(), LONG.copy()]
    panel = Panel.from_data(X, Y)
    future_frame(panel, 3)
    Panel.from_data(LONG)
    for before, after in zip(frames, [X, Y, LONG], strict=True):
        assert before.equals(after)
    read_only = np.arange(10.0)
    read_only.flags.writeable = False
    assert Panel.from_data(read_only).n_series == 1


def test_nan_passes_where_allowed_but_infinity_never() -> None:
    panel = Panel.from_data(put(X, np.nan), put(Y, np.nan), allow_missing=True)
    assert np.isnan(panel.x[3, 0]) and np.isnan(panel.y[3, 0])
    with pytest.raises(ValueError, match="infinity"):
        Panel.from_data(put(Y, np.inf), allow_missing=True)


def test_numbers_as_objects_are_numbers() -> None:
    assert Panel.from_data(ARRAY.astype(object), np.arange(10).astype(object)).x.dtype == np.float64
    assert Panel.from_data(X.astype(object), Y.astype(object)).x.dtype == np.float64


class Wrapped:
    """Something that only converts to an array."""

    def __init__(self, data: np.ndarray) -> None:
        self.data = data

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.data

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        raise TypeError(f"{func} was called before the conversion")


def test_whatever_converts_to_an_array_is_one() -> None:
    panel = Panel.from_data(Wrapped(ARRAY), Wrapped(np.arange(10)))
    np.testing.assert_array_equal(panel.x, ARRAY)
    assert build_request(panel, Wrapped(ARRAY + 20.0), horizon=1).horizon == 10
    assert Panel.from_data(Wrapped(np.arange(3.0))).lengths.tolist() == [3]
    np.testing.assert_array_equal(Panel.from_data(ARRAY.tolist(), list(range(10))).y[:, 0], np.arange(10))


def test_masked_values_are_missing() -> None:
    y = np.ma.masked_equal([1, 2, -999, 4], -999)
    for data in (y, list(y.reshape(4, 1)), y.astype("float32"), y.astype(object)):
        panel = Panel.from_data(data, allow_missing=True)
        np.testing.assert_array_equal(panel.y[:, 0], [1.0, 2.0, np.nan, 4.0])
    with pytest.raises(ValueError, match="y: must be free of NaN"):
        Panel.from_data(y)
    x = Panel.from_data(np.ma.masked_less([[1.0], [-5.0]], 0.0), [1.0, 2.0], allow_missing=True).x
    np.testing.assert_array_equal(x[:, 0], [1.0, np.nan])


NUMBERS: dict[str, Any] = {
    "arrow": pd.Series([1.0, 2.0, 4.0], dtype="double[pyarrow]"),
    "nullable": pd.Series([1.0, 2.0, 4.0], dtype="Float64"),
    "decimals": pd.Series([Decimal(1), Decimal(2), Decimal(4)]),
    "list of decimals": [Decimal(1), Decimal(2), Decimal(4)],
    "arrow decimals": pd.Series([Decimal(1), Decimal(2), Decimal(4)]).convert_dtypes(dtype_backend="pyarrow"),
    "objects": pd.Series([1, 2.0, np.int8(4)], dtype=object),
    "half precision": np.array([1.0, 2.0, 4.0], np.float16),
    "long double": np.array([1.0, 2.0, 4.0], np.longdouble),
    "large whole numbers": np.array([10**30, 2 * 10**30, 4 * 10**30], object) / 10**30,
    "truth values": pd.Series([True, False, True]) * 1,
}


@pytest.mark.parametrize("data", NUMBERS.values(), ids=NUMBERS.keys())
def test_numbers_of_any_type_are_doubles(data: Any) -> None:
    panel = Panel.from_data(data)
    assert panel.y.dtype == np.float64
    np.testing.assert_array_equal(panel.y[:, 0], [float(value) for value in data])


def test_numbers_beyond_a_double_are_refused() -> None:
    with pytest.raises(ValueError, match="free of infinity"):
        Panel.from_data(np.array([np.longdouble("1e4000"), np.longdouble(1)]))
    for data in ([10**400, 1], pd.Series([10**400, 1], dtype=object)):
        with pytest.raises(TypeError, match="y: must be real numbers.*too large"):
            Panel.from_data(data)


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_arrow_timestamps_are_timestamps(zone: str | None) -> None:
    days = pd.date_range("2024-03-25", periods=12, tz=zone)
    long = pd.DataFrame({"unique_id": "a", "ds": days, "y": np.arange(12.0)})
    panel = Panel.from_data(long.convert_dtypes(dtype_backend="pyarrow"))
    assert panel.index(0).equals(days)
    indexed = long.convert_dtypes(dtype_backend="pyarrow").set_index("ds")["y"]
    assert isinstance(indexed.index.dtype, pd.ArrowDtype)
    panel = Panel.from_data(indexed.iloc[:9])
    assert build_request(panel, indexed.index[9:]).position.tolist() == [9, 10, 11]
    levels = Panel.from_data(long.convert_dtypes(dtype_backend="pyarrow").set_index(["unique_id", "ds"]))
    assert levels.index(0).equals(days)
    with pytest.raises(ValueError, match="timestamps of series 'a': must be all known"):
        Panel.from_data(
            long.assign(ds=long["ds"].where(long.index != 5)).convert_dtypes(dtype_backend="pyarrow")
        )


@pytest.mark.parametrize("text", [True, False], ids=["text", "dates"])
def test_ds_that_is_no_timestamp_is_named(text: bool) -> None:
    days = pd.date_range("2024-03-25", periods=12)
    ds = days.astype(str) if text else days.date
    long = pd.DataFrame({"unique_id": "a", "ds": ds, "y": np.arange(12.0)})
    with pytest.raises(TypeError, match=r"ds: must be timestamps.*long\['ds'\] = pd.to_datetime"):
        Panel.from_data(long)
    good = Panel.from_data(long.assign(ds=days))
    with pytest.raises(TypeError, match="ds of X: must be timestamps"):
        build_request(good, long[["unique_id", "ds"]])


def test_lazy_frames_ask_to_be_collected() -> None:
    lazy = pl.DataFrame({"unique_id": ["a"], "ds": [1], "y": [1.0]}).lazy()
    for data in ((lazy,), (lazy, np.ones(1))):
        with pytest.raises(TypeError, match=r"a lazy frame of polars. Call collect\(\) first"):
            Panel.from_data(*data)


SALES = pd.DataFrame(
    {"store": ["a", "a", "b", "b"], "date": [*DAYS[:2]] * 2, "sales": [1.0, 2.0, 3.0, 4.0], "price": 1.0}
)
NAMED = "fit(frame, series='store', time='date', target='sales')"


@pytest.mark.parametrize(
    ("frame", "remedy"),
    [
        (SALES, f"Name its columns: {NAMED}; others are covariates"),
        (SALES.assign(date=SALES["date"].astype(str)), f"{NAMED}, after pd.to_datetime"),
        (SALES.assign(store=[1, 1, 2, 2]), NAMED),
        (SALES.rename(columns={"sales": "y"}), "fit(frame, series='store', time='date')"),
        (SALES.rename(columns={"store": "unique_id", "date": "ds"}), "frame.rename(columns={'sales': 'y'})"),
        (SALES[["date", "sales"]][:2], "fit(frame, time='date', target='sales')"),
        (pl.from_pandas(SALES), NAMED),
        (SALES[:0], NAMED),
    ],
    ids=["sales", "text", "numbers", "y", "long", "alone", "polars", "empty"],
)
def test_columns_of_other_names_are_to_be_named(frame: Any, remedy: str) -> None:
    with pytest.raises(ValueError) as caught:
        Panel.from_data(frame)
    assert remedy in str(caught.value)
    call = str(caught.value).partition("Name its columns: ")[2].partition(";")[0].partition(", after")[0]
    if len(frame) and call:  # the remedy works
        data = frame if isinstance(frame, pl.DataFrame) else frame.assign(date=SALES["date"])
        assert eval(call, {"frame": data, "fit": Naive().fit}).panel_.n_series == len(data) // 2
