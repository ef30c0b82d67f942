"""Floor 1: pandas, numpy and long frames in, one ragged float buffer inside, the user's own form out."""

from forecast.panel.frequency import season_length
from forecast.panel.layout import Layout
from forecast.panel.panel import Panel
from forecast.panel.request import Request

__all__ = ["Layout", "Panel", "Request", "season_length"]
