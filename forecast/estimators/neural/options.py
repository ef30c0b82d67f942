"""Options of the neural forecasters: what each may be, and the lags and windows that "auto" stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import keras

from forecast._checks import check_auto, check_choice, check_count, check_lags, explain
from forecast.estimators.baselines.delays import Pairs, named_pairs, shared_pairs
from forecast.estimators.baselines.order_selection import (
    autoregression_lags,
    seasons_of,
    typical_length,
)
from forecast.panel import Panel

Lags = int | Sequence[int] | str
ExogLags = int | Sequence[int] | dict[Any, int | Sequence[int]] | str
Season = int | Sequence[int] | str | None


class Delays(NamedTuple):
    """Lags of the targets, lags of the covariates, and the positions of those that are inputs; () for all."""

    lags: tuple[int, ...]
    exog_lags: tuple[int, ...]
    exog_kept: tuple[int, ...]


def resolve_lags(lags: Lags, exog_lags: ExogLags, panel: Panel, season: Season = "auto") -> Delays:
    """What "auto" stands for: the lags of one linear autoregression of all series, and the delays that it shows.

    The lags are those of `autoregression_lags`, with the first season, up to a third of a typical series; the delays
    of the covariates those of `find_pairs`, over the series and targets.
    """
    given = None if isinstance(lags, str) else check_lags("lags", lags)
    if isinstance(lags, str):
        check_auto("lags", lags)
    if not panel.n_exog and given:
        check_exog_lags(exog_lags)
        return Delays(given, (), ())
    seasons = seasons_of(season, panel, told=given is None)
    pairs = named_pairs(exog_lags, panel)
    now = tuple((0, column) for column in range(panel.n_exog))
    own = given or _own_lags(panel, now if pairs is None else pairs, seasons)
    if pairs is None:
        pairs = shared_pairs(panel, own, seasons)
        own = given or _own_lags(panel, pairs, seasons)
    every = tuple(sorted({lag for lag, _ in pairs}))
    if len(pairs) == len(every) * panel.n_exog:
        return Delays(own, every, ())
    return Delays(own, every, tuple(every.index(lag) * panel.n_exog + column for lag, column in pairs))


def check_exog_lags(exog_lags: ExogLags) -> None:
    """The option `exog_lags`, as far as it can be checked without the covariates."""
    if isinstance(exog_lags, str):
        check_auto("exog_lags", exog_lags)
    elif not isinstance(exog_lags, Mapping):
        check_lags("exog_lags", exog_lags, minimum=0)


def _own_lags(panel: Panel, pairs: Pairs, seasons: tuple[int, ...]) -> tuple[int, ...]:
    found = autoregression_lags(panel, pairs=pairs, seasons=seasons)
    season = [m for m in seasons[:1] if m <= _third(panel)]
    return tuple(sorted({*found, *season}))


def lags_within(window: int, panel: Panel, season: Season) -> Delays:
    """The automatic lags as far as a window reaches."""
    lags, exog_lags, kept = resolve_lags("auto", "auto", panel, season)
    own, every = tuple(lag for lag in lags if lag <= window), tuple(lag for lag in exog_lags if lag < window)
    return Delays(own or (1,), every, tuple(place for place in kept if place < len(every) * panel.n_exog))


def resolve_window(window: int | str, panel: Panel, season: Season = "auto") -> int:
    """L: a whole number, or "auto", the AR order or the season if longer, at most a third of a typical series."""
    if not isinstance(window, str):
        return check_count("window", window)
    check_auto("window", window)
    seasons = seasons_of(season, panel, told=True)
    order = max(autoregression_lags(panel, seasons=seasons[:1]))
    return max(1, min(_third(panel), max(order, *seasons[:1], 1)))


def window_over(
    lags: tuple[int, ...], exog_lags: tuple[int, ...], window: int | str, panel: Panel, least: int
) -> int:
    """L: a whole number, or "auto", the longest lag, and at least `least` or a third of a typical series if less."""
    if not isinstance(window, str):
        return check_count("window", window)
    check_auto("window", window)
    return max(*lags, *(lag + 1 for lag in exog_lags), 1, min(least, _third(panel)))


def _third(panel: Panel) -> int:
    return max(1, typical_length(panel) // 3)


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
    """One step at a time, or all steps of the horizon at once, which cannot be trained in closed loop."""
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
