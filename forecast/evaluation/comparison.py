"""Is one forecast better than another, or was it luck: the Diebold-Mariano test on a backtest frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import pandas as pd

from forecast._checks import check_choice, check_count, explain
from forecast.evaluation.frames import add_step, check_frame

Criterion = Literal["mse", "mae", "mape"]
_LOSS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "mse": lambda y, f: (y - f) ** 2,
    "mae": lambda y, f: np.abs(y - f),
    "mape": lambda y, f: np.abs((y - f) / y),
}


def compare(
    frame: pd.DataFrame,
    a: str,
    b: str,
    horizon: int | None = None,
    *,
    criterion: Criterion = "mse",
    lags: int | None = None,
) -> pd.DataFrame:
    """Diebold-Mariano test that two models of a backtest forecast equally well, for each series.

        d_t = g(y_t, a_t) - g(y_t, b_t),    DM = mean(d) / sqrt(avar(mean(d)))

    with g the squared, absolute or absolute percentage error and avar the Newey-West variance. The statistic
    carries the small-sample factor of Harvey, Leybourne and Newbold and is compared with Student's t of n - 1
    degrees of freedom; `statsmodels.tsa.stattools.diebold_mariano_test` computes it.

    Args:
        frame: what `backtest` returned.
        a: column of the first model.
        b: column of the second model.
        horizon: the step ahead to compare, 1 for the first row after each cutoff: one row per window, so it
            needs many windows (`backtest(..., step=1)`). None takes all rows in time order, with the longest
            step as the reach of the autocorrelation; then no moment may be forecast by two windows.
        criterion: g, "mse", "mae" or "mape".
        lags: autocorrelations in avar, at least 0; None counts the later windows that begin before the
            forecast falls due (horizon - 1 when step=1, 0 when windows do not overlap). After a backtest with
            a gap, add it.

    Returns:
        One row per series: n rows, the mean loss of a and of b under their names, the statistic (negative: a
        is better), the two-sided pvalue, and the lags. Equal losses have the statistic 0 and the pvalue 1.

    Raises:
        ValueError, TypeError: No backtest frame, an unknown model or step, a missing forecast, overlapping
            windows without a horizon, or too few rows for the lags.

    References:
        F. X. Diebold, R. S. Mariano (1995), Comparing predictive accuracy. Journal of Business & Economic
        Statistics 13, 253-263.
        D. Harvey, S. Leybourne, P. Newbold (1997), Testing the equality of prediction mean squared errors.
        International Journal of Forecasting 13, 281-291.

    Example:
        >>> import numpy as np, pandas as pd
        >>> rng = np.random.default_rng(0)
        >>> y = rng.normal(size=40)
        >>> frame = pd.DataFrame({"unique_id": "s", "ds": np.arange(1, 41), "cutoff": np.arange(40), "y": y,
        ...                       "good": y + 0.1 * rng.normal(size=40), "bad": y + rng.normal(size=40)})
        >>> result = compare(frame, "good", "bad", 1).loc["s"]
        >>> bool(result["statistic"] < 0), bool(result["pvalue"] < 0.01)
        (True, True)
    """
    known = check_frame(frame)
    for argument, name in (("a", a), ("b", b)):
        check_choice(argument, name, known)
    check_choice("criterion", criterion, tuple(_LOSS))
    if lags is not None:
        check_count("lags", lags, minimum=0)
    rows = add_step(frame).dropna(subset=["y"])
    if rows.empty:
        remedy = "Compare on rows whose target is known"
        raise ValueError(explain("frame", "rows with a value of y", "none", remedy))
    if horizon is not None:
        rows = _at_step(rows, check_count("horizon", horizon))
    elif rows.duplicated(["unique_id", "ds"]).any():
        remedy = "Pass horizon=1 to compare the first step, or backtest with step=horizon"
        raise ValueError(explain("horizon", "a step ahead when windows overlap", None, remedy))
    _check_errors(rows, (a, b), criterion)
    tests = {
        series: _test(part, (a, b), criterion, lags)
        for series, part in rows.groupby("unique_id", sort=True, observed=True)
    }
    return pd.DataFrame.from_dict(tests, orient="index").rename_axis("unique_id")


def _check_errors(rows: pd.DataFrame, pair: tuple[str, str], criterion: Criterion) -> None:
    """Refuse rows whose loss is not known: no forecast, or a percentage of zero."""
    for name in pair:
        unknown = ~np.isfinite(rows[name].to_numpy(dtype=float))
        if unknown.any():
            row = rows.iloc[int(np.argmax(unknown))]
            received = f"{row[name]} for {row['unique_id']!r}, {row['ds']}"
            remedy = "Leave out the windows in which a model failed"
            raise ValueError(explain(f"forecasts of {name}", "finite", received, remedy))
    if criterion == "mape" and (rows["y"] == 0).any():
        remedy = "Pass criterion='mae'"
        raise ValueError(explain("criterion", "no percentage where y is 0", criterion, remedy))


def _at_step(rows: pd.DataFrame, horizon: int) -> pd.DataFrame:
    chosen = rows[rows["step"] == horizon]
    if chosen.empty:
        allowed = f"a step ahead of at most {int(rows['step'].max())}"
        raise ValueError(explain("horizon", allowed, horizon, "Backtest with a longer horizon, or pass less"))
    return chosen


def _test(
    rows: pd.DataFrame, pair: tuple[str, str], criterion: Criterion, lags: int | None
) -> dict[str, float]:
    from statsmodels.tsa.stattools import diebold_mariano_test  # heavy: loaded when a test is asked for

    rows = rows.sort_values(["ds", "cutoff"])
    count, reach = len(rows), _overlap(rows) if lags is None else lags
    needed = max(reach + 2, 3)
    if count < needed:
        received = f"{count} rows of series {rows['unique_id'].iloc[0]!r} with {reach} lags"
        remedy = "Backtest with more windows, or compare a shorter horizon"
        raise ValueError(explain("frame", f"at least {needed} rows per series", received, remedy))
    y, first, second = (rows[column].to_numpy(dtype=float) for column in ("y", *pair))
    losses = {name: _LOSS[criterion](y, f) for name, f in zip(pair, (first, second), strict=True)}
    means = {name: float(loss.mean()) for name, loss in losses.items()}
    statistic, pvalue = 0.0, 1.0
    if not np.array_equal(losses[pair[0]], losses[pair[1]]):
        statistic, pvalue = diebold_mariano_test(
            y, first, second, criterion=criterion, lags=reach, horizon=reach + 1, harvey_adj=True
        )
    return {"n": count, **means, "statistic": statistic, "pvalue": pvalue, "lags": reach}


def _overlap(rows: pd.DataFrame) -> int:
    """Number of rows over which errors may be correlated: forecasts made before this one fell due."""
    if rows["step"].nunique() > 1:
        return int(rows["step"].max()) - 1
    ticks = pd.factorize(pd.concat([rows["cutoff"], rows["ds"]], ignore_index=True), sort=True)[0]
    made, due = ticks[: len(rows)], ticks[len(rows) :]
    later = np.searchsorted(made, due, side="left") - np.searchsorted(made, made, side="right")
    return max(0, int(later.max()))
