"""Models by name, with options as text."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from forecast._checks import check_choice, explain
from forecast.estimators.registry import MODULES, ON_SEQUENCES, estimator_class

# A network to build is code, which a command line cannot carry; the regressor of a LagRegressor has no file.
NAMES = tuple(sorted(set(MODULES) - {"KerasForecaster", *ON_SEQUENCES}))
SAVED = tuple(name for name in NAMES if name != "LagRegressor")
_WORDS = {"true": True, "false": False, "none": None}


def check_name(name: str, allowed: Sequence[str] = NAMES) -> None:
    """Refuse what is no model; nothing is imported to know it."""
    check_choice("model", name, allowed)


def build(
    name: str,
    settings: Sequence[str] = (),
    *,
    categories: Mapping[str, int] | None = None,
    verbose: int = 0,
) -> Any:
    """The estimator `name` with settings such as "lags=12" or "hidden=8,4", and its columns of categories.

    Args:
        name: one of `NAMES`.
        settings: pairs NAME=VALUE; of an Ensemble also "estimators=NARX,Theta" and then "narx__lags=12".
        categories: column -> length of its learned vectors, of a model that learns some.
        verbose: of the estimator, unless the settings give it.
    """
    check_name(name)
    model = estimator_class(name)()
    if name == "Ensemble":
        settings = _with_models(model, settings)
    known = model.get_params()
    values = dict(_setting(text, name, known) for text in settings)
    if verbose and "verbose" in known:
        values.setdefault("verbose", verbose)
    if categories:
        values["categories"] = dict(categories)
    return model.set_params(**values)


def _with_models(model: Any, settings: Sequence[str]) -> list[str]:
    """Give an ensemble the models of a setting such as "estimators=NARX,Theta"; returns the other settings."""
    named = [text for text in settings if text.startswith("estimators=")]
    for text in named:
        model.set_params(estimators=[build(each.strip()) for each in text.partition("=")[2].split(",")])
    return [text for text in settings if text not in named]


def benchmark_settings(name: str, season: int) -> list[str]:
    """Settings of a model in the benchmark: a fixed seed, and orders for SARIMAX, which does not select its own.

    The airline model where there is a season statsmodels can hold in its state, else an ARMA(2, 1). The ensemble
    weighs a network and two baselines by forecasts of the last rows of the history.
    """
    if name in ("TDNN", "NARX"):
        return ["random_state=0"]
    if name == "Ensemble":
        return ["estimators=NARX,AR,Theta", "narx__random_state=0", "combine=weights"]
    if name != "SARIMAX":
        return []
    return ["order=0,1,1", "seasonal_order=0,1,1"] if 1 < season <= 24 else ["order=2,0,1", "trend=c"]


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
        return text.split(",") if "," in text else text
