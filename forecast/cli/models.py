"""Models by name, with options as text."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from forecast._checks import check_choice, explain
from forecast.estimators.registry import MODULES, estimator_class

# A network to build is code, which a command line cannot carry; the regressor of a LagRegressor has no file.
NAMES = tuple(sorted(set(MODULES) - {"KerasForecaster"}))
SAVED = tuple(name for name in NAMES if name != "LagRegressor")
BASELINES = ("AR", "ETS", "Theta", "SARIMAX", "SeasonalNaive", "Drift", "Naive")
_WORDS = {"true": True, "false": False, "none": None}


def build(
    name: str, settings: Sequence[str] = (), *, allowed: Sequence[str] = NAMES, verbose: int = 0
) -> Any:
    """The estimator `name` with settings such as "lags=12" or "hidden=8,4"."""
    model = estimator_class(check_choice("model", name, allowed))()
    known = model.get_params(deep=False)
    values = dict(_setting(text, name, known) for text in settings)
    if verbose and "verbose" in known:
        values.setdefault("verbose", verbose)
    return model.set_params(**values)


def _setting(text: str, model: str, known: dict[str, Any]) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise ValueError(explain("--set", "pairs such as lags=12", text, "Write NAME=VALUE without spaces"))
    if key not in known:
        remedy = f"Take one of them, or see the documentation of {model}"
        raise ValueError(explain("--set", f"one of the options {', '.join(sorted(known))}", key, remedy))
    return key, _value(value)


def _value(text: str) -> Any:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
