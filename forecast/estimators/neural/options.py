"""Options of the neural forecasters: what each may be, and the lags and windows that "auto" stands for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import keras

from forecast._checks import check_auto, check_choice, check_count, check_lags, explain
from forecast.estimators.baselines.order_selection import autoregression_order
from forecast.panel import Panel

Lags = int | Sequence[int] | str


def resolve_lags(lags: Lags, exog_lags: Lags, panel: Panel) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(lags, exog_lags): "auto" is the AR order by BIC, capped by the data, plus the season; 0 for covariates."""
    if isinstance(lags, str):
        check_auto("lags", lags)
        order, season = autoregression_order(panel), panel.season_length
        longest = _third(panel)
        extra = (season,) if 1 < season <= longest else ()
        own = tuple(sorted({*range(1, min(order, longest) + 1), *extra}))
    else:
        own = check_lags("lags", lags)
    if isinstance(exog_lags, str):
        check_auto("exog_lags", exog_lags)
        other: tuple[int, ...] = (0,)
    else:
        other = check_lags("exog_lags", exog_lags, minimum=0)
    return own, other if panel.n_exog else ()


def resolve_window(window: int | str, panel: Panel) -> int:
    """L: a whole number, or "auto", the AR order by BIC or the season if longer, at most a third of a series."""
    if not isinstance(window, str):
        return check_count("window", window)
    check_auto("window", window)
    return max(1, min(_third(panel), max(autoregression_order(panel), panel.season_length)))


def window_over(
    lags: tuple[int, ...], exog_lags: tuple[int, ...], window: int | str, panel: Panel, least: int
) -> int:
    """L: a whole number, or "auto", the longest lag, and at least `least` as far as a third of a series reaches."""
    if not isinstance(window, str):
        return check_count("window", window)
    check_auto("window", window)
    return max(*lags, *(lag + 1 for lag in exog_lags), 1, min(least, int(panel.lengths.min()) // 3))


def _third(panel: Panel) -> int:
    return max(1, int(panel.lengths.min()) // 3)


def check_units(name: str, value: Any, minimum: int = 0) -> tuple[int, ...]:
    """Units of each layer, at least `minimum` layers."""
    check_listed(
        name, value, "a list of the units of each layer", f"Pass {name}=(8,) for one layer of eight units"
    )
    units = tuple(check_count(f"{name}[{place}]", number) for place, number in enumerate(value))
    if len(units) < minimum:
        allowed = f"a list of at least {minimum} numbers of units"
        raise ValueError(explain(name, allowed, units, f"Pass {name}=(8,), or use NARX(hidden=())"))
    return units


def check_listed(name: str, value: Any, allowed: str, remedy: str) -> None:
    """A list, tuple or other sequence, no text."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(explain(name, allowed, f"{value!r} of type {type(value).__name__}", remedy))


def check_strategy(strategy: str, horizon: int, training: str) -> None:
    """One step again and again, or all steps of the horizon at once, which cannot be trained in closed loop."""
    check_choice("strategy", strategy, ("recursive", "direct"))
    if strategy == "direct" and horizon == 1:
        allowed, remedy = 'above 1 with strategy="direct"', "Pass for example horizon=12"
        raise ValueError(explain("horizon", allowed, horizon, remedy))
    if strategy == "direct" and training != "one-step":
        allowed, remedy = (
            '"one-step" with strategy="direct"',
            'Leave training out, or pass strategy="recursive"',
        )
        raise ValueError(explain("training", allowed, repr(training), remedy))


def check_activation(activation: Any) -> str | None:
    """A name that Keras knows; None is linear."""
    try:
        keras.activations.get(activation)
    except (TypeError, ValueError) as error:
        allowed = "the Keras name of an activation"
        remedy = "Pass for example activation='tanh'"
        raise ValueError(explain("activation", allowed, repr(activation), remedy)) from error
    return activation if activation is None else str(activation)
