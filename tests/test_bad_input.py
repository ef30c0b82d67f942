"""Bad input gets a clear error: every row names the argument, what is allowed, what came and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from forecast.estimators.baselines.ar import AR
from forecast.estimators.neural.narx import NARX
from tests.checks_forecaster import covariates, long_frame, monthly

pytestmark = pytest.mark.backend

Y = monthly(48)
X = covariates(Y.index)
DATES = Y.set_axis(Y.index.to_timestamp())
LONG = long_frame((48, 40))
FUTURE = covariates(pd.period_range(Y.index[-1] + 1, periods=6, freq="M"))


def narx(**options: Any) -> NARX:
    return NARX(**{"lags": 2, "hidden": (2,), "epochs": 2, "jit_compile": False, **options})


@cache
def single() -> AR:
    return AR(lags=2).fit(X, Y)


@cache
def panel() -> AR:
    return AR(lags=2).fit(LONG.assign(price=1.0 * np.arange(88)))


def put(data: Any, value: Any, row: int = 5) -> Any:
    """The data with one value replaced."""
    copy = data.astype(object) if isinstance(value, str) else data.copy()
    copy.iloc[(row,) if data.ndim == 1 else (row, 0)] = value
    return copy


def without(data: Any, row: int) -> Any:
    return data.drop(index=data.index[row])


def rows_of(name: str, rename: str | None = None) -> pd.DataFrame:
    frame = panel().make_future_frame(3).assign(price=1.0)
    return (
        frame[frame["unique_id"] == name] if rename is None else frame.replace({"unique_id": {name: rename}})
    )


def fit(*data: Any, **options: Any) -> Callable[[], Any]:
    return lambda: narx(**options).fit(*data)


def predict(rows: Any) -> Callable[[], Any]:
    return lambda: single().predict(rows)


def predict_panel(rows: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: panel().predict(rows())


GAP, LAGS = "without a gap after the history", "a whole number of at least 1, or a list"
NUMBERS, CONVERT = "real numbers", "Convert to float"
ROWS, LONGER = "at least 13 rows long", "Give a longer history"
STEPS, TWELVE = "a whole number of at least 1", "Pass predict(12) for twelve steps"

# name: (call, exception, argument, allowed, received, remedy)
CASES: dict[str, tuple[Callable[[], Any], type[Exception], str, str, str, str]] = {
    "NaN alone in y": (fit(np.nan * Y), ValueError, "y", "observed at least once", "NaN in every row", "Leave"),
    "infinity in y": (fit(put(Y, np.inf)), ValueError, "y", "free of infinity", "'sales' at 2015-06", "Replace"),
    "NaN alone in X": (
        fit(X.assign(price=np.nan), Y), ValueError, "X['price']", "known at least once", "NaN in every row", "fillna",
    ),
    "infinity in X": (fit(put(X, -np.inf), Y), ValueError, "X", "free of infinity", "'price' at 2015-06", "Replace"),
    "NaN in future X": (predict(put(FUTURE, np.nan)), ValueError, "X", "free of NaN", "'price' at 2019-06", "Fill"),
    "duplicate timestamps": (
        fit(DATES.iloc[[0, 1, 2, 2, 3, 4]]), ValueError,
        "timestamps", "unique in each series", "duplicate timestamps 2015-03-01", "Keep one row",
    ),
    "unsorted timestamps": (
        fit(DATES.iloc[[0, 1, 3, 2, 4, 5]]), ValueError,
        "timestamps", "sorted in time", "2015-03-01 after 2015-04-01", "sort_index()",
    ),
    "missing timestamps": (
        fit(without(DATES, 7)), ValueError,
        "timestamps", "without missing timestamps", "1 missing timestamp: 2015-08-01", "fill_gaps(y, freq='MS')",
    ),
    "missing timestamps of a series": (
        fit(without(LONG, 50)), ValueError,
        "timestamps of series 's1'", "without missing timestamps", "2015-03-01", "missing_rows='fill'",
    ),
    "short series": (fit(Y[:8], lags=12), ValueError, "y", ROWS, "n_samples=8", LONGER),
    "short series of a panel": (
        lambda: AR(lags=12).fit(long_frame((40, 9))), ValueError, "y of series 's1'", ROWS, "n_samples=9", LONGER,
    ),
    "short for lags and horizon": (
        lambda: AR(lags=12).fit(Y[:20]).predict_interval(9), ValueError,
        "horizon", "at most 7 for an interval", "9", "fewer steps or fit on a longer history",
    ),
    "short for closed-loop training": (
        fit(Y[:20], training="free-run", steps=30), ValueError,
        "steps", "at most", "30", "Use fewer steps, fewer lags or a longer series",
    ),
    "strings in y": (fit(put(Y, "many")), TypeError, "y", NUMBERS, "strings in column 'sales'", CONVERT),
    "strings in X": (fit(put(X, "many"), Y), TypeError, "X", NUMBERS, "strings in column 'price'", CONVERT),
    "objects": (fit(np.array([object()] * 9)), TypeError, "y", NUMBERS, "objects", CONVERT),
    "complex y": (fit(Y + 1j), ValueError, "y", NUMBERS, "complex numbers", "two columns"),
    "complex X": (fit(X + 1j, Y), ValueError, "X", NUMBERS, "complex numbers", "two columns"),
    "empty frame": (fit(pd.DataFrame({"y": []})), ValueError, "y", "at least one row", "0 sample(s)", "Check"),
    "empty X and y": (fit(X[:0], Y[:0]), ValueError, "y", "at least one row", "0 sample(s)", "Check"),
    "y not aligned with X": (
        fit(X, Y.shift(1, freq="M")), ValueError,
        "y", "on the same index as X", "y at 2019-01, where X has no row", "X.loc[y.index]",
    ),
    "y shorter than X": (
        fit(X, Y[:40]), ValueError, "y", "as long as X", "48 rows of X and 40 of y", "X.loc[y.index]",
    ),
    "missing column": (
        predict(FUTURE[["price"]]), ValueError,
        "X", "the columns ['price', 'heat']", "['price']", "X[list(model.feature_names_in_)]",
    ),
    "extra column": (
        predict(FUTURE.assign(wind=1.0)), ValueError,
        "X", "the columns ['price', 'heat']", "['price', 'heat', 'wind']", "X[list(model.feature_names_in_)]",
    ),
    "reordered columns": (
        predict(FUTURE[["heat", "price"]]), ValueError,
        "X", "the columns ['price', 'heat']", "['heat', 'price']", "X[list(model.feature_names_in_)]",
    ),
    "no future covariates": (
        predict(3), ValueError,
        "X", "a frame of the future covariates 'price', 'heat'", "3 future steps", "make_future_frame(3)",
    ),
    "gap in future covariates": (
        predict(without(FUTURE, 2)), ValueError,
        "future rows of X", GAP, "1 missing timestamp: 2019-03", "make_future_frame(horizon)",
    ),
    "array for timestamps": (
        lambda: AR(lags=1).fit(X.to_numpy(), Y).predict(FUTURE.to_numpy() + 1), ValueError,
        "X", "a Series or frame", "which has no index", 'set_output(transform="pandas")',
    ),
    "horizon 0": (lambda: AR(lags=1).fit(Y).predict(0), ValueError, "horizon", STEPS, "0", TWELVE),
    "negative horizon": (lambda: AR(lags=1).fit(Y).predict(-3), ValueError, "horizon", STEPS, "-3", TWELVE),
    "horizon of type float": (
        lambda: AR(lags=1).fit(Y).predict(1.5), TypeError, "horizon", STEPS, "1.5 of type float", TWELVE,
    ),
    "horizon 0 from the start": (fit(Y, horizon=0), ValueError, "horizon", STEPS, "0", TWELVE),
    "lags 0": (fit(Y, lags=0), ValueError, "lags", LAGS, "0", "Pass lags=12"),
    "lags with 0": (fit(Y, lags=[1, 0]), ValueError, "lags", LAGS, "[1, 0]", "lags=[1, 12]"),
    "negative lags": (fit(Y, lags=[-2]), ValueError, "lags", LAGS, "[-2]", "lags=[1, 12]"),
    "lags of type float": (fit(Y, lags=2.5), TypeError, "lags", LAGS, "2.5 of type float", "lags=[1, 12]"),
    "negative lags of X": (
        fit(X, Y, exog_lags=[-1]), ValueError, "exog_lags", "at least 0", "[-1]", "exog_lags=[0, 12]",
    ),
    "unknown solver": (
        fit(Y, solver="sgd"), ValueError, "solver", "one of 'auto', 'lm', 'lbfgs', 'adam'", "'sgd'", "solver='auto'",
    ),
    "series missing": (
        predict_panel(lambda: rows_of("s0")), ValueError,
        "X", "rows of every series of the panel", "no row of s1", "make_future_frame(horizon)",
    ),
    "series unknown": (
        predict_panel(lambda: rows_of("s1", rename="s9")), ValueError,
        "X", "of the series known: s0, s1", "the unknown series s9", "Fit with all series",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", list(CASES.values()), ids=list(CASES))
def test_bad_input(case: tuple[Callable[[], Any], type[Exception], str, str, str, str]) -> None:
    call, error, argument, allowed, received, remedy = case
    with pytest.raises(error) as caught:
        call()
    parts = [f"{argument}: must be ", allowed, "; received ", received, ". ", remedy]
    assert re.search(".*".join(map(re.escape, parts)), str(caught.value), re.DOTALL), caught.value


def test_predict_before_fit() -> None:
    with pytest.raises(NotFittedError, match="This NARX instance is not fitted yet. Call 'fit'"):
        narx().predict(3)


def test_rows_with_a_missing_target_are_left_out() -> None:
    """Of the rows that are complete, AR and the linear network are one model."""
    y = put(Y, np.nan, row=20)
    rows = [t for t in range(1, 48) if t not in (20, 21)]
    design = np.column_stack([np.ones(len(rows)), Y.to_numpy()[np.array(rows) - 1]])
    expected = np.linalg.lstsq(design, Y.to_numpy()[rows], rcond=None)[0]
    model = AR(lags=1).fit(y)
    np.testing.assert_allclose([model.trend_coef_[0, 0, 0], model.coef_[0, 0, 0]], expected, rtol=1e-8)
    assert np.isfinite(model.predict(5)).all()
    pd.testing.assert_series_equal(narx(lags=1, hidden=()).fit(y).predict(5), model.predict(5))


REFUSED: dict[str, Callable[[Any], Any]] = {
    "no horizon": lambda model: model.predict(0),
    "known rows": lambda model: model.update(Y.iloc[-1:]),
    "gap to learn on from": lambda model: model.partial_fit(LATER.iloc[1:]),
    "infinity": lambda model: model.fit(put(Y, np.inf)),
    "short": lambda model: model.fit(Y[:2]),
    "no value": lambda model: model.fit(np.nan * Y),
    "bad lags": lambda model: model.set_params(lags=-1).fit(Y),
    "bad weights": lambda model: model.fit(Y, sample_weight=0 * Y),
}
REFUSED_BY_NETWORKS: dict[str, Callable[[Any], Any]] = {
    "bad solver": lambda model: model.set_params(solver="sgd").fit(Y),
    "nothing left to learn on from": lambda model: model.set_params(validation=0.99).partial_fit(LATER),
    "long segments": lambda model: model.set_params(training="free-run", steps=60).fit(Y),
}
LATER = pd.Series([60.0, 61.0, 62.0], pd.period_range(Y.index[-1] + 1, periods=3, freq="M"), name="sales")


@pytest.mark.parametrize(
    ("model", "call"),
    [
        pytest.param(model, call, id=f"{type(model).__name__}-{name}")
        for model, calls in ((AR(lags=2), REFUSED), (narx(), REFUSED | REFUSED_BY_NETWORKS))
        for name, call in calls.items()
    ],
)
def test_nothing_is_lost_by_an_error(model: Any, call: Callable[[Any], Any]) -> None:
    """After a refused call the model forecasts as before, and knows what it knew."""
    fitted = clone(model).fit(Y)
    before, known = fitted.predict(6), {name: vars(fitted)[name] for name in vars(fitted) if name[-1] == "_"}
    with pytest.raises(ValueError):
        call(fitted)
    assert known == {name: vars(fitted)[name] for name in vars(fitted) if name[-1] == "_"}
    pd.testing.assert_series_equal(fitted.predict(6), before)
