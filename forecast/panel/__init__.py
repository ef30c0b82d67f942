"""Floor 1: pandas, numpy and long frames in, one ragged float buffer inside, the user's own form out."""

from forecast.panel.coding import Coding
from forecast.panel.extend import extend_panel
from forecast.panel.frequency import season_length
from forecast.panel.panel import Panel, panel_from_state
from forecast.panel.read import Layout
from forecast.panel.request import Request, build_request, future_frame
from forecast.panel.state import panel_state

__all__ = [
    "Coding",
    "Layout",
    "Panel",
    "Request",
    "build_request",
    "extend_panel",
    "future_frame",
    "panel_from_state",
    "panel_state",
    "season_length",
]
