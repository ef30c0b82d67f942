"""The few shared checks of arguments; every message names argument, allowed, received and remedy."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")


def explain(argument: str, allowed: str, received: object, remedy: str) -> str:
    """One error message in the house form: argument, what is allowed, what came, what to do.

    Example:
        >>> explain("horizon", "a whole number of at least 1", 0, "Pass predict(12) for twelve steps")
        'horizon: must be a whole number of at least 1; received 0. Pass predict(12) for twelve steps.'
    """
    shown = received if isinstance(received, str) else repr(received)
    if len(shown) > 200:
        shown = shown[:197] + "..."
    return f"{argument}: must be {allowed}; received {shown}. {remedy.rstrip('.')}."


def check_count(name: str, value: object, minimum: int = 1) -> int:
    """A whole number of at least `minimum`; floats, booleans and strings are refused.

    Example:
        >>> check_count("lags", 12)
        12
    """
    allowed = f"a whole number of at least {minimum}"
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise TypeError(
            explain(name, allowed, _typed(value), f"Pass an int such as {name}={max(minimum, 1)}")
        )
    if value < minimum:
        raise ValueError(explain(name, allowed, int(value), f"Pass an int such as {name}={max(minimum, 1)}"))
    return int(value)


def check_horizon(value: object) -> int:
    """Number of steps to forecast, at least 1.

    Example:
        >>> check_horizon(12)
        12
    """
    allowed, remedy = "a whole number of at least 1", "Pass predict(12) for twelve steps"
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise TypeError(explain("horizon", allowed, _typed(value), remedy))
    if value < 1:
        raise ValueError(explain("horizon", allowed, int(value), remedy))
    return int(value)


def check_lags(name: str, value: object, minimum: int = 1) -> tuple[int, ...]:
    """Lags as a sorted tuple: an int n means minimum..n, an iterable names each lag.

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
        if lag < minimum:
            raise ValueError(explain(name, allowed, value, remedy))
    if isinstance(value, Integral):
        return tuple(range(minimum, int(value) + 1))
    return tuple(sorted({int(lag) for lag in lags}))


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


def check_positive(name: str, value: object) -> float:
    """A finite real number greater than 0.

    Example:
        >>> check_positive("learning_rate", 0.01)
        0.01
    """
    allowed, remedy = "a finite number greater than 0", f"Pass a float such as {name}=0.1"
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        raise TypeError(explain(name, allowed, _typed(value), remedy))
    if not np.isfinite(float(value)) or value <= 0:
        raise ValueError(explain(name, allowed, value, remedy))
    return float(value)


def check_share(name: str, value: object) -> float:
    """A number of at least 0 and below 1.

    Example:
        >>> check_share("dropout", 0.1)
        0.1
    """
    allowed, remedy = "a number of at least 0 and below 1", f"Pass a float such as {name}=0.1"
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        raise TypeError(explain(name, allowed, _typed(value), remedy))
    if not 0 <= float(value) < 1:
        raise ValueError(explain(name, allowed, value, remedy))
    return float(value)


def _same(value: object, choice: object) -> bool:
    alike = isinstance(value, type(choice)) and isinstance(value, bool) == isinstance(choice, bool)
    return alike and value == choice


def _typed(value: object) -> str:
    return f"{value!r} of type {type(value).__name__}"
