"""Rolling forecast origins: where a history is cut, for single series and for panels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import narwhals as nw
import numpy as np
import pandas as pd
from sklearn.model_selection import BaseCrossValidator

from forecast._checks import check_choice, check_count, explain
from forecast.panel.long import Names, is_long
from forecast.panel.naming import names_of, refuse_other_names

Window = Literal["expanding"] | int
Align = Literal["time", "end"]


class Cut(NamedTuple):
    """One window of a rolling origin, as masks over the rows."""

    origin: int
    known: np.ndarray
    test: np.ndarray


class RollingOrigin(BaseCrossValidator):
    """Cut a history at several origins: what is known before each, the next `horizon` steps after it.

    The rows are numbered by a clock t = 0..n-1. Window k = 1..K has the origin

        c_k = n - 1 - h - (K - k) s

    and holds the rows t <= c_k - g for training (t > c_k - g - w as well when the window slides) and the rows
    c_k < t <= c_k + h for testing. In a panel the clock is common to all series: nothing measured after the
    origin, in any series, is in the training part, and every series with rows after the origin is tested. When
    passed to scikit-learn as cv=, every series of a panel must reach into the last window, because the
    forecasters expect rows of every series they were fitted on; `backtest` has no such limit.

    Args:
        horizon: h, number of steps tested after each origin, at least 1.
        windows: K, number of origins, at least 1; the last tests the last `horizon` steps.
        step: s, steps between two origins, at least 1; None means `horizon`, so no row is tested twice.
        gap: g, number of steps before the origin that are not yet known (a publication delay), at least 0.
            These rows are neither trained on nor tested: a model forecasts through them.
        window: "expanding" to train on everything that is known, or w, the number of steps to train on.
        align: "time" numbers the distinct timestamps of all series together. "end" counts each series back
            from its own last row; use it when the series end at different times, or when `ds` numbers the rows of each
            series separately, as in the M4 competition.
        partition: True makes `split` test every row once, as `cross_val_predict` and `StackingRegressor` require: the
            first window also tests the rows that it trains on, which a forecaster answers one step ahead. Such
            answers are better than those of the other rows; many windows leave few of them.
        series, time: columns of a long frame that are not called unique_id and ds, as for `fit`.

    Raises:
        ValueError: An argument outside its range, or a history too short for all windows.

    References:
        L. J. Tashman (2000), Out-of-sample tests of forecasting accuracy: an analysis and review.
        International Journal of Forecasting 16, 437-450.

    Example:
        >>> import pandas as pd
        >>> y = pd.Series(range(8), dtype=float)
        >>> for train, test in RollingOrigin(horizon=2, windows=2, gap=1).split(y):
        ...     print(train, test)
        [0 1 2] [4 5]
        [0 1 2 3 4] [6 7]
    """

    def __init__(
        self,
        horizon: int = 1,
        *,
        windows: int = 5,
        step: int | None = None,
        gap: int = 0,
        window: Window = "expanding",
        align: Align = "time",
        partition: bool = False,
        series: Any = None,
        time: Any = None,
    ) -> None:
        self.horizon = horizon
        self.windows = windows
        self.step = step
        self.gap = gap
        self.window = window
        self.align = align
        self.partition = partition
        self.series = series
        self.time = time

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Number of windows, whatever the data."""
        return check_count("windows", self.windows)

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the row numbers of the training and the test part, oldest window first.

        Args:
            X: a Series or a frame on its timestamps; a frame or Series on a MultiIndex (series, time); a long
                frame with the columns `unique_id` and `ds` (pandas or polars); or an array in time order. Rows
                with timestamps may lie in any order; those of each part come sorted in time.
            y: used in place of X when X is None; its index is used when X is an array.
            groups: ignored, there for scikit-learn.

        Raises:
            ValueError: a row without its time; a frame whose times are in a column that is not named; an array when
                there is a gap, since a forecaster cannot see the gap before the rows of an array.
        """
        data = y if X is None else X
        names = names_of(data, None, self.series, self.time, None, valued=False)
        if y is None and not is_long(data, names):
            refuse_other_names(data, "X")
        times, ids = read_timeline(data, names)
        if times is None:
            times, ids = read_timeline(y, names) if y is not None and len(y) == len(ids) else (None, ids)
        if times is None and check_count("gap", self.gap, minimum=0):
            raise ValueError(
                explain(
                    "X",
                    "a Series or frame on its timestamps when there is a gap",
                    "an array, whose rows tell a forecaster nothing about the gap before them",
                    "Pass for example pd.Series(y), whose index numbers the rows",
                )
            )
        ticks = clock(pd.RangeIndex(len(ids)) if times is None else times, ids, self.align)
        order = _time_order(ticks, ids)
        for number, cut in enumerate(self.cuts(ticks)):
            test = cut.test | cut.known if self.partition and number == 0 else cut.test
            yield order[cut.known[order]], order[test[order]]

    def cuts(self, ticks: np.ndarray) -> Iterator[Cut]:
        """Yield each window as masks over rows that carry the clock values `ticks`."""
        for origin in self._origins(int(ticks.max()) + 1 if len(ticks) else 0):
            last = origin - self.gap
            known = ticks <= last
            if not isinstance(self.window, str):
                known &= ticks > last - self.window
            yield Cut(origin, known, (ticks > origin) & (ticks <= origin + self.horizon))

    def _origins(self, length: int) -> list[int]:
        horizon, windows, step = self._checked()
        origins = [length - 1 - horizon - back * step for back in range(windows - 1, -1, -1)]
        first_train = origins[0] - self.gap + 1
        needed = 1 if isinstance(self.window, str) else self.window
        if first_train < needed:
            required = length + needed - first_train
            raise ValueError(
                explain(
                    "windows",
                    f"so few that the history of {length} steps holds all of them",
                    f"windows={windows} with horizon={horizon}, step={step}, gap={self.gap}, "
                    f"window={self.window!r}, which need {required} steps",
                    "Pass fewer windows, a smaller step or a shorter horizon",
                )
            )
        return origins

    def _checked(self) -> tuple[int, int, int]:
        horizon = check_count("horizon", self.horizon)
        windows = check_count("windows", self.windows)
        step = horizon if self.step is None else check_count("step", self.step)
        check_count("gap", self.gap, minimum=0)
        check_choice("align", self.align, ("time", "end"))
        if isinstance(self.window, str):
            check_choice("window", self.window, ("expanding",))
        else:
            check_count("window", self.window)
        if self.partition and (step != horizon or self.gap or not isinstance(self.window, str)):
            allowed = "False where step, gap or window leave rows untested, or test them twice"
            received = f"True with horizon={horizon}, step={step}, gap={self.gap}, window={self.window!r}"
            raise ValueError(explain("partition", allowed, received, "Leave step, gap and window out"))
        return horizon, windows, step


def read_timeline(data: Any, names: Names) -> tuple[pd.Index | None, np.ndarray]:
    """Timestamp and series code of every row of `data`; no timestamps (None) for an array.

    Raises:
        ValueError: a row without its time or its series. TypeError: times as text.
    """
    frame = nw.from_native(data, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame) and is_long(data, names):
        *keys, times = (
            pd.Index(data[n] if isinstance(data, pd.DataFrame) else frame[str(n)].to_numpy())
            for n in names.keys
        )
        ids = pd.factorize(_known(keys[0], str(names.series)))[0] if keys else np.zeros(len(times), np.intp)
        return _known(times, str(names.time), timed=True), ids
    index = getattr(data, "index", None)
    if isinstance(index, pd.MultiIndex):
        times, keys = index.get_level_values(-1), index.droplevel(-1)
        return _known(times, "timestamps", timed=True), pd.factorize(_known(keys, "series"))[0]
    length = len(frame) if hasattr(frame, "__len__") else 0
    single = np.zeros(length, dtype=np.intp)
    if not isinstance(index, pd.Index):
        return None, single
    return (pd.RangeIndex(length) if _is_text(index) else _known(index, "index")), single


def _is_text(values: pd.Index) -> bool:
    return pd.api.types.infer_dtype(values) == "string"


def _known(values: pd.Index, name: str, *, timed: bool = False) -> pd.Index:
    missing = values.isna() if values.nlevels == 1 else np.array([any(map(pd.isna, key)) for key in values])
    if missing.any():
        received = f"a missing value in row {int(np.argmax(missing))}"
        raise ValueError(explain(name, "known in every row", received, "Drop these rows or fill them in"))
    if timed and _is_text(values):
        remedy = "Parse it with pd.to_datetime, since text is sorted alphabetically"
        raise TypeError(
            explain(name, "timestamps, periods or numbers", f"text such as {values[0]!r}", remedy)
        )
    return values


def _time_order(ticks: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Row numbers: as they stand where each series is sorted in time, else sorted in time."""
    by_series = np.argsort(ids, kind="stable")
    rises = np.diff(ticks[by_series]) >= 0
    if rises[np.diff(ids[by_series]) == 0].all():
        return np.arange(len(ticks))
    return np.argsort(ticks, kind="stable")


def clock(times: pd.Index, ids: np.ndarray, align: Align = "time") -> np.ndarray:
    """Whole number t of every row: 0 for the first step, equal for the same moment in every series."""
    if align == "time":
        return pd.factorize(times, sort=True)[0]
    ranks = pd.Series(pd.factorize(times, sort=True)[0]).groupby(ids)
    from_end = ranks.rank(ascending=False, method="first").to_numpy(
        dtype=np.intp
    )  # 1 is the last row of a series
    return (from_end.max(initial=0) - from_end).astype(np.intp)
