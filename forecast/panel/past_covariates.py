"""Covariates that are known up to now alone: what stands for them in the steps ahead."""

from __future__ import annotations

from collections.abc import Collection, Hashable

import numpy as np

from forecast._checks import explain
from forecast.panel.panel import Panel


def columns_named(option: str, panel: Panel, names: Collection[Hashable]) -> np.ndarray:
    """Whether each column of x (E,) stands for one of the user's columns `names`, those of an `option`.

    Raises:
        ValueError: a name that is no covariate.
    """
    columns, found = panel.layout.covariates, np.zeros(panel.n_exog, dtype=bool)
    for name in names:
        if name not in columns:
            allowed, remedy = f"a list of the covariates {[*columns]}", "Name columns of X"
            raise ValueError(explain(option, allowed, repr(name), remedy))
        found[columns[name]] = True
    return found


def projected(panel: Panel, columns: np.ndarray, steps: int) -> np.ndarray:
    """Forecasts (S, steps, K) of some columns of x: their season, and what its last change leaves.

        x_{T+h} = x_{T+h-m} + phi^h (x_T - x_{T-m})

    m is the season that the frequency suggests, phi the first autocorrelation of the changes x_t - x_{t-m} over all
    series, within 0 and 1; a series of less than two seasons keeps its last value.

    Args:
        panel: the history; columns: which columns (E,); steps: H.

    Example:
        >>> import pandas as pd
        >>> hours = pd.date_range("2024-01-01", periods=72, freq="h")
        >>> X = pd.DataFrame({"heat": np.sin(np.arange(72) * np.pi / 12)}, hours)
        >>> panel = Panel.from_data(X, pd.Series(np.arange(72.0), hours))
        >>> bool(np.allclose(projected(panel, np.array([True]), 24)[0, :, 0], X["heat"][:24]))
        True
    """
    season, x = panel.season_length, panel.x[:, columns].astype(float)
    last = panel.offsets[1:] - 1
    ahead = np.repeat(x[last][:, None], steps, axis=1)
    long = panel.lengths >= 2 * season
    if season == 1 or not long.any():
        return ahead
    phi = persistence(panel, columns)
    step = np.arange(steps)
    same = x[
        last[long, None] + 1 - season + step % season
    ]  # (S, H, K) of the same phase, one season ago or more
    change = x[last[long]] - x[last[long] - season]
    ahead[long] = same + phi ** (step[:, None] + 1) * change[:, None]
    return ahead


def persistence(panel: Panel, columns: np.ndarray) -> np.ndarray:
    """phi (K,) of some columns of x: how much of a change over a season is left a step later, as in `projected`."""
    season, x = panel.season_length, panel.x[:, columns].astype(float)
    rows = np.flatnonzero(panel.position_of_rows() > season)
    now, before = x[rows] - x[rows - season], x[rows - 1] - x[rows - 1 - season]
    power = np.nansum(before**2, axis=0)
    phi: np.ndarray = np.clip(np.nansum(now * before, axis=0) / np.where(power > 0, power, 1.0), 0.0, 1.0)
    return phi
