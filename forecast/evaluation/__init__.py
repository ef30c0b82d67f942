"""Backtests, metrics, comparison tests and pictures; a model is known by its fit, predict and update."""

from typing import TYPE_CHECKING, Any

from forecast.evaluation.backtest import backtest
from forecast.evaluation.comparison import compare
from forecast.evaluation.intervals import coverage, interval_width, winkler
from forecast.evaluation.leaderboard import leaderboard
from forecast.evaluation.metrics import mae, mase, rmse, rmsse, smape
from forecast.evaluation.splits import RollingOrigin

if TYPE_CHECKING:
    from forecast.evaluation.plots import plot_backtest, plot_forecast, plot_leaderboard

__all__ = [
    "RollingOrigin",
    "backtest",
    "compare",
    "coverage",
    "interval_width",
    "leaderboard",
    "mae",
    "mase",
    "plot_backtest",
    "plot_forecast",
    "plot_leaderboard",
    "rmse",
    "rmsse",
    "smape",
    "winkler",
]


def __getattr__(name: str) -> Any:
    """Load matplotlib only when a picture is asked for."""
    if name not in {"plot_backtest", "plot_forecast", "plot_leaderboard"}:
        raise AttributeError(f"module 'forecast.evaluation' has no attribute {name!r}")
    from forecast.evaluation import plots

    return getattr(plots, name)
