"""How many rows of history a model looks back that reads all rows of its window."""

from __future__ import annotations

from forecast._checks import check_auto, check_count
from forecast.estimators.autoregression import autoregression_order
from forecast.panel import Panel


def resolve_window(window: int | str, panel: Panel) -> int:
    """L: a whole number, or "auto", the AR order by BIC or the season if longer, at most a third of a series."""
    if not isinstance(window, str):
        return check_count("window", window)
    check_auto("window", window)
    longest = max(1, int(panel.lengths.min()) // 3)
    return max(1, min(longest, max(autoregression_order(panel), panel.season_length)))
