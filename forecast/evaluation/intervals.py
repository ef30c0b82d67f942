"""Scores of prediction intervals in a backtest frame, computed by utilsforecast.

The interval of a model at a level lies in the columns `<model>-lo-<level>` and `<model>-hi-<level>`. As in
`forecast.evaluation.metrics`, rows of a group are pooled, rows without y are left out, and a missing bound
makes the value of its group missing.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from utilsforecast import losses

from forecast._checks import explain
from forecast.estimators.conformal import bound_names, check_level, plain_level, read_bound
from forecast.evaluation.frames import check_by, check_frame
from forecast.evaluation.metrics import GROUP, Loss, grouped, pooled, scaled


def coverage(frame: pd.DataFrame, *, level: float, by: Sequence[str] = ("unique_id",)) -> pd.DataFrame:
    """Fraction of the rows that lie inside the interval, 0 to 1; it should be level / 100.

        coverage = 1/n sum_i [lo_i <= y_i <= hi_i]

    Args:
        frame: a backtest frame with the columns `<model>-lo-<level>` and `<model>-hi-<level>`.
        level: nominal coverage in percent, between 0 and 100.
        by: columns that name a group, of `unique_id`, `cutoff`, `ds` and `step`.

    Returns:
        One row per group, one column per model that has this interval.

    Raises:
        ValueError, TypeError: no backtest frame, no interval of that level, or an unknown name in `by`.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"unique_id": "a", "ds": [3, 4], "cutoff": 2, "y": [1.0, 3.0],
        ...                       "AR": [1.0, 1.0], "AR-lo-80": [0.0, 0.0], "AR-hi-80": [2.0, 2.0]})
        >>> float(coverage(frame, level=80).loc["a", "AR"])
        0.5
    """
    return _interval(
        frame, level, by, lambda rows, names: losses.coverage(rows, names, plain_level(level), id_col=GROUP)
    )


def interval_width(frame: pd.DataFrame, *, level: float, by: Sequence[str] = ("unique_id",)) -> pd.DataFrame:
    """Mean width of the interval, in the unit of y.

        width = 1/n sum_i (hi_i - lo_i)

    Args:
        frame: a backtest frame with the columns `<model>-lo-<level>` and `<model>-hi-<level>`.
        level: nominal coverage in percent, between 0 and 100.
        by: columns that name a group, of `unique_id`, `cutoff`, `ds` and `step`.

    Returns:
        One row per group, one column per model that has this interval; narrower is better at equal coverage.

    Raises:
        ValueError, TypeError: no backtest frame, no interval of that level, or an unknown name in `by`.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"unique_id": "a", "ds": [3, 4], "cutoff": 2, "y": [1.0, 3.0],
        ...                       "AR": [1.0, 1.0], "AR-lo-80": [0.0, 0.0], "AR-hi-80": [2.0, 4.0]})
        >>> float(interval_width(frame, level=80).loc["a", "AR"])
        3.0
    """

    def width(rows: pd.DataFrame, models: list[str]) -> pd.DataFrame:
        columns = [
            losses.mae(rows, [high], id_col=GROUP, target_col=low)
            for low, high in (bound_names(m, level) for m in models)
        ]
        return pd.concat(
            [c.set_index(GROUP).set_axis([m], axis=1) for m, c in zip(models, columns, strict=True)], axis=1
        ).reset_index()

    return _interval(frame, level, by, width)


def winkler(frame: pd.DataFrame, *, level: float, by: Sequence[str] = ("unique_id",)) -> pd.DataFrame:
    """Winkler score of the interval: its width plus a penalty for each miss, in the unit of y.

        W = 1/n sum_i (hi_i - lo_i) + 2/a max(0, lo_i - y_i, y_i - hi_i),    a = 1 - level / 100

    Args:
        frame: a backtest frame with the columns `<model>-lo-<level>` and `<model>-hi-<level>`.
        level: nominal coverage in percent, between 0 and 100.
        by: columns that name a group, of `unique_id`, `cutoff`, `ds` and `step`.

    Returns:
        One row per group, one column per model that has this interval; lower is better.

    Raises:
        ValueError, TypeError: no backtest frame, no interval of that level, or an unknown name in `by`.

    References:
        R. L. Winkler (1972), A decision-theoretic approach to interval estimation. Journal of the American
        Statistical Association 67, 187-191.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"unique_id": "a", "ds": [3, 4], "cutoff": 2, "y": [1.0, 3.0],
        ...                       "AR": [1.0, 1.0], "AR-lo-80": [0.0, 0.0], "AR-hi-80": [2.0, 2.0]})
        >>> round(float(winkler(frame, level=80).loc["a", "AR"]), 6)
        7.0
    """
    return _interval(frame, level, by, _score(level))


def msis(
    frame: pd.DataFrame,
    history: pd.DataFrame,
    *,
    level: float = 95,
    season_length: int = 1,
    by: Sequence[str] = ("unique_id",),
) -> pd.DataFrame:
    """Mean scaled interval score: the Winkler score over the scale of MASE, without a unit, as in M4.

        MSIS = 1/n sum_i (hi_i - lo_i + 2/a max(0, lo_i - y_i, y_i - hi_i)) / q_i,    a = 1 - level / 100

    with q of `forecast.evaluation.mase`.

    Args:
        frame: a backtest frame with the columns `<model>-lo-<level>` and `<model>-hi-<level>`.
        history: long frame `unique_id, ds, y` that reaches back before the first cutoff, in any order.
        level: nominal coverage in percent, between 0 and 100.
        season_length: m, steps in a season, at least 1.
        by: columns that name a group, of `unique_id`, `cutoff`, `ds` and `step`.

    Returns:
        One row per group, one column per model that has this interval; less is better. Rows without a scale
        are left out.

    References:
        S. Makridakis, E. Spiliotis, V. Assimakopoulos (2020), The M4 competition. International Journal of
        Forecasting 36, 54-74.

    Example:
        >>> import pandas as pd
        >>> history = pd.DataFrame({"unique_id": "a", "ds": [0, 1, 2], "y": [0.0, 2.0, 0.0]})
        >>> frame = pd.DataFrame({"unique_id": "a", "ds": [3, 4], "cutoff": 2, "y": [1.0, 3.0],
        ...                       "AR": [1.0, 1.0], "AR-lo-80": [0.0, 0.0], "AR-hi-80": [2.0, 2.0]})
        >>> round(float(msis(frame, history, level=80).loc["a", "AR"]), 6)
        3.5
    """
    pairs = _bounds(frame, level)
    rows = scaled(frame, history, season_length, losses.mase)
    return grouped(rows, check_by(by), _score(level), pairs)


def _score(level: float) -> Loss:
    return lambda rows, names: losses.winkler_score(rows, names, plain_level(level), id_col=GROUP)


def _bounds(frame: pd.DataFrame, level: float) -> dict[str, list[str]]:
    """For each model that has this interval its two columns."""
    check_level(level)
    pairs = {name: list(bound_names(name, level)) for name in check_frame(frame)}
    present = {name: pair for name, pair in pairs.items() if set(pair) <= set(frame.columns)}
    if not present:
        found = [c for c in frame.columns if read_bound(c)] or "no interval columns"
        remedy = "Call backtest(..., level=[80, 95]) and score one of these levels"
        raise ValueError(
            explain("level", "a level that the frame has columns for", f"{level!r}, with {found}", remedy)
        )
    return present


def _interval(frame: pd.DataFrame, level: float, by: Sequence[str], loss: Loss) -> pd.DataFrame:
    return pooled(frame, by, loss, _bounds(frame, level))
