"""Rolling forecast origins: where a history is cut, for single series and for panels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import narwhals as nw
import numpy as np
import pandas as pd
from sklearn.model_selection import BaseCrossValidator

from forecast._checks import check_choice, check_count, explain

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
    origin, in any series, is in the training part, and every series with rows after the origin is tested. As
    cv= of scikit-learn the forecasters of this package want rows of every series they learned, so there all
    series of a panel must reach the last window; `backtest` has no such limit.

    Args:
        horizon: h, number of steps tested after each origin, at least 1.
        windows: K, number of origins, at least 1; the last tests the last `horizon` steps.
        step: s, steps between two origins, at least 1; None means `horizon`, so that no row is tested twice.
        gap: g, number of steps before the origin that nobody knows yet (a publication delay), at least 0.
            These rows are neither trained on nor tested: a model forecasts through them.
        window: "expanding" to train on everything that is known, or w, the number of steps to train on.
        align: "time" numbers the distinct timestamps of all series together. "end" counts each series back
            from its own last row; use it when `ds` is a row number of its own in each series, as in the M4
            competition.

    Raises:
        ValueError: An argument outside its range, or a history too short for all windows.

    References:
        L. J. Tashman (2000), Out-of-sample tests of forecasting accuracy: an analysis and review.
        International Journal of Forecasting 16, 437-450.

    Example:
        >>> import numpy as np
        >>> for train, test in RollingOrigin(horizon=2, windows=2, gap=1).split(np.arange(8.0)):
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
    ) -> None:
        self.horizon = horizon
        self.windows = windows
        self.step = step
        self.gap = gap
        self.window = window
        self.align = align

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Number of windows, whatever the data."""
        return check_count("windows", self.windows)

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the row numbers of the training and the test part, oldest window first.

        Args:
            X: a Series, a frame or an array in time order; a frame or Series on a MultiIndex (series, time);
                or a long frame with the columns `unique_id` and `ds` (pandas or polars). Rows of a panel may
                lie in any order.
            y: used in place of X when X is None.
            groups: ignored, there for scikit-learn.
        """
        times, ids = read_timeline(y if X is None else X)
        for cut in self.cuts(clock(times, ids, self.align)):
            yield np.flatnonzero(cut.known), np.flatnonzero(cut.test)

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
        return horizon, windows, step


def read_timeline(data: Any) -> tuple[pd.Index, np.ndarray]:
    """Timestamp and series code of every row of `data`."""
    frame = nw.from_native(data, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame) and {"unique_id", "ds"} <= set(frame.columns):
        if isinstance(data, pd.DataFrame):
            return pd.Index(data["ds"]), pd.factorize(data["unique_id"])[0]
        return pd.Index(frame["ds"].to_numpy()), pd.factorize(frame["unique_id"].to_numpy())[0]
    index = getattr(data, "index", None)
    if isinstance(index, pd.MultiIndex):
        return index.get_level_values(-1), pd.factorize(index.droplevel(-1))[0]
    length = len(frame) if hasattr(frame, "__len__") else 0
    return pd.RangeIndex(length), np.zeros(length, dtype=np.intp)


def clock(times: pd.Index, ids: np.ndarray, align: Align = "time") -> np.ndarray:
    """Whole number t of every row: 0 for the first step, equal for the same moment in every series."""
    if align == "time":
        return pd.factorize(times, sort=True)[0]
    ranks = pd.Series(pd.factorize(times, sort=True)[0]).groupby(ids)
    from_end = ranks.rank(ascending=False, method="first").to_numpy(
        dtype=np.intp
    )  # 1 is the last row of a series
    return (from_end.max(initial=0) - from_end).astype(np.intp)
