"""Backtests, metrics, comparison tests and pictures; a model is known by its fit, predict and update."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from forecast.evaluation.backtest import backtest
from forecast.evaluation.comparison import compare
from forecast.evaluation.competitions import M5_LEVELS, owa, wrmsse
from forecast.evaluation.intervals import coverage, interval_width, msis, winkler
from forecast.evaluation.leaderboard import leaderboard
from forecast.evaluation.metrics import mae, mape, mase, rmse, rmsse, smape
from forecast.evaluation.splits import RollingOrigin

if TYPE_CHECKING:
    from forecast.evaluation.gradients import gradient_flow, plot_gradient_flow
    from forecast.evaluation.plots import plot_backtest, plot_forecast, plot_leaderboard

__all__ = [
    "M5_LEVELS",
    "RollingOrigin",
    "backtest",
    "compare",
    "coverage",
    "gradient_flow",
    "interval_width",
    "leaderboard",
    "mae",
    "mape",
    "mase",
    "msis",
    "owa",
    "plot_backtest",
    "plot_forecast",
    "plot_gradient_flow",
    "plot_leaderboard",
    "rmse",
    "rmsse",
    "smape",
    "winkler",
    "wrmsse",
]


_LATE = {
    "gradient_flow": "gradients",
    "plot_backtest": "plots",
    "plot_forecast": "plots",
    "plot_gradient_flow": "gradients",
    "plot_leaderboard": "plots",
}


def __getattr__(name: str) -> Any:
    """Load matplotlib and Keras only when a picture or a gradient is asked for."""
    if name not in _LATE:
        raise AttributeError(f"module 'forecast.evaluation' has no attribute {name!r}")
    return getattr(import_module(f"forecast.evaluation.{_LATE[name]}"), name)
