"""The few shared checks of arguments; every message names argument, allowed, received and remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")
LARGEST = 10_000_000  # steps, lags, units, ...: beyond it memory ends, or the range of an index


def explain(argument: str, allowed: str, received: object, remedy: str) -> str:
    """One error message in the house form: argument, what is allowed, what was received, what to do.

    Example:
        >>> explain("horizon", "a whole number of at least 1", 0, "Pass predict(12) for twelve steps")
        'horizon: must be a whole number of at least 1; received 0. Pass predict(12) for twelve steps.'
    """
    shown = received if isinstance(received, str) else repr(received)
    if len(shown) > 200:
        shown = shown[:197] + "..."
    return f"{argument}: must be {allowed}; received {shown}. {remedy.rstrip('.')}."


def check_count(name: str, value: object, minimum: int = 1, maximum: int = LARGEST) -> int:
    """A whole number from `minimum` to `maximum`; floats, booleans and strings are refused.

    Example:
        >>> check_count("lags", 12)
        12
    """
    return _whole(name, value, minimum, maximum, f"Pass an int such as {name}={max(minimum, 1)}")


def check_jobs(value: object) -> None:
    """The `n_jobs` of joblib: None, -1 for all processors, or a whole number of at least 1.

    Example:
        >>> check_jobs(-1)
    """
    if value is not None and value != -1:
        check_count("n_jobs", value)


def check_seed(value: object) -> None:
    """The `random_state` of an estimator: None, or a whole number.

    Example:
        >>> check_seed(0)
    """
    if value is not None:
        check_count("random_state", value, minimum=0, maximum=2**64 - 1)


def check_horizon(value: object) -> int:
    """Number of steps to forecast, from 1 to 10 million.

    Example:
        >>> check_horizon(12)
        12
    """
    return _whole("horizon", value, 1, LARGEST, "Pass predict(12) for twelve steps")


def check_lags(name: str, value: object, minimum: int = 1) -> tuple[int, ...]:
    """Lags as a sorted tuple: an int n means minimum..n, an iterable names each lag; 10 million at most.

    Example:
        >>> check_lags("lags", 3), check_lags("lags", [12, 1]), check_lags("exog_lags", 2, minimum=0)
        ((1, 2, 3), (1, 12), (0, 1, 2))
    """
    allowed = f"a whole number of at least {minimum}, or a list of such numbers"
    remedy = f"Pass {name}=12 for the lags {minimum} to 12, or {name}=[{minimum}, 12] for these two"
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes, dict)):
        lags = list(value)
        if not lags:
            raise ValueError(explain(name, allowed, "an empty list", remedy))
    else:
        lags = [value]
    for lag in lags:
        if isinstance(lag, (bool, np.bool_)) or not isinstance(lag, Integral):
            raise TypeError(explain(name, allowed, _typed(lag), remedy))
        if not minimum <= int(lag) <= LARGEST:
            raise ValueError(explain(name, _up_to(LARGEST, allowed, int(lag)), value, remedy))
    if isinstance(value, Integral):
        return tuple(range(minimum, int(value) + 1))
    return tuple(sorted({int(lag) for lag in lags}))


def check_delays(name: str, delays: int | Iterable[int], minimum: int = 0) -> tuple[int, ...]:
    """Delays as a tuple in the order given; an int n means minimum, ..., n.

    Example:
        >>> check_delays("delays", 2), check_delays("delays", [3, 0])
        ((0, 1, 2), (3, 0))
    """
    if isinstance(delays, Iterable) and not isinstance(delays, (str, bytes, dict)):
        delays = tuple(delays)
    checked = check_lags(name, delays, minimum)
    if not isinstance(delays, tuple):
        return checked
    if len(checked) != len(delays):
        raise ValueError(explain(name, "different numbers", delays, f"Pass {name}={checked!r}"))
    return tuple(int(delay) for delay in delays)


def check_season(season: Any) -> tuple[int, ...] | None:
    """The seasons that the option names, without 1, which is none; None for "auto" and None.

    Example:
        >>> check_season(12), check_season([24, 168]), check_season(1), check_season("auto")
        ((12,), (24, 168), (), None)
    """
    if season is None:
        return None
    if isinstance(season, str):
        check_auto("season", season)
        return None
    return tuple(
        m for m in check_lags("season", [season] if isinstance(season, Integral) else season) if m > 1
    )


def check_auto(name: str, value: object) -> None:
    """The word "auto", where a whole number or a list of them is the other choice.

    Example:
        >>> check_auto("lags", "auto")
    """
    if value != "auto":
        allowed = "'auto', a whole number or a list of whole numbers"
        raise ValueError(explain(name, allowed, repr(value), f"Pass {name}='auto' or {name}=12"))


def check_choice(name: str, value: T, allowed: Iterable[Any]) -> T:
    """One of the `allowed` values.

    Example:
        >>> check_choice("solver", "lm", ("lm", "lbfgs", "adam"))
        'lm'
    """
    choices = list(allowed)
    if not any(_same(value, choice) for choice in choices):
        listed = ", ".join(repr(choice) for choice in choices)
        raise ValueError(
            explain(name, f"one of {listed}", repr(value), f"Pass for example {name}={choices[0]!r}")
        )
    return value


def check_verbose(value: int | str) -> int:
    """0, 1 or 2; "auto" and True are 1, False is 0, as in Keras.

    Example:
        >>> check_verbose("auto")
        1
    """
    value = check_choice("verbose", int(value) if isinstance(value, bool) else value, (0, 1, 2, "auto"))
    return 1 if isinstance(value, str) else value


def check_flag(name: str, value: object) -> bool:
    """True or False; numpy's booleans count, numbers and words do not.

    Example:
        >>> check_flag("linear", True)
        True
    """
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(explain(name, "True or False", _typed(value), f"Pass {name}=True or {name}=False"))
    return bool(value)


def check_positive(name: str, value: object) -> float:
    """A finite real number greater than 0.

    Example:
        >>> check_positive("learning_rate", 0.01)
        0.01
    """
    return _real(name, value, "a finite number greater than 0", lambda number: 0 < number < np.inf)


def check_share(name: str, value: object) -> float:
    """A number of at least 0 and below 1.

    Example:
        >>> check_share("dropout", 0.1)
        0.1
    """
    return _real(name, value, "a number of at least 0 and below 1", lambda number: 0 <= number < 1)


def _same(value: object, choice: object) -> bool:
    alike = isinstance(value, type(choice)) and isinstance(value, bool) == isinstance(choice, bool)
    return alike and value == choice


def _whole(name: str, value: object, minimum: int, maximum: int, remedy: str) -> int:
    allowed = f"a whole number of at least {minimum}"
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise TypeError(explain(name, allowed, _typed(value), remedy))
    number = int(value)
    if not minimum <= number <= maximum:
        raise ValueError(explain(name, _up_to(maximum, allowed, number), number, remedy))
    return number


def _real(name: str, value: object, allowed: str, holds: Callable[[float], bool]) -> float:
    remedy = f"Pass a float such as {name}=0.1"
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        raise TypeError(explain(name, allowed, _typed(value), remedy))
    if not holds(float(value)):
        raise ValueError(explain(name, allowed, value, remedy))
    return float(value)


def _up_to(maximum: int, allowed: str, value: int) -> str:
    """What is allowed, with the upper bound where it is the one in question."""
    return f"{allowed} and at most {maximum}" if value > maximum else allowed


def _typed(value: object) -> str:
    return f"{value!r} of type {type(value).__name__}"
