"""A panel as plain values and arrays, without pickle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from forecast.panel.panel import Panel


def panel_state(panel: Panel) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    raise NotImplementedError


def panel_fields(plain: dict[str, Any], arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    raise NotImplementedError
