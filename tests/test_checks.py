"""Every message names argument, allowed, received and remedy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from forecast._checks import (
    check_auto,
    check_choice,
    check_count,
    check_horizon,
    check_lags,
    check_positive,
    check_seed,
    check_share,
    explain,
)


def test_explain_has_four_parts() -> None:
    message = explain("horizon", "a whole number of at least 1", 0, "Pass predict(12) for twelve steps.")
    assert message == (
        "horizon: must be a whole number of at least 1; received 0. Pass predict(12) for twelve steps."
    )


def test_auto_names_the_other_choice() -> None:
    check_auto("lags", "auto")
    with pytest.raises(ValueError, match="lags: must be 'auto', a whole number .*; received '12'.*lags=12"):
        check_auto("lags", "12")


def test_explain_shortens_what_came() -> None:
    assert len(explain("y", "short", "x" * 5000, "Cut it")) < 260


@pytest.mark.parametrize(
    ("check", "value", "result"),
    [
        (check_horizon, np.int64(3), 3),
        (lambda v: check_count("stride", v), 1, 1),
        (lambda v: check_count("gap", v, 0), 0, 0),
        (lambda v: check_lags("lags", v), 3, (1, 2, 3)),
        (lambda v: check_lags("lags", v), np.int64(2), (1, 2)),
        (lambda v: check_lags("lags", v), [12, 1, 12], (1, 12)),
        (lambda v: check_lags("lags", v), np.array([2, 1]), (1, 2)),
        (lambda v: check_lags("lags", v), range(1, 4), (1, 2, 3)),
        (lambda v: check_lags("exog_lags", v, 0), 2, (0, 1, 2)),
        (lambda v: check_lags("exog_lags", v, 0), 0, (0,)),
        (lambda v: check_choice("solver", v, ("lm", None, 1)), None, None),
        (lambda v: check_choice("solver", v, ("lm", "adam")), np.str_("adam"), np.str_("adam")),
        (lambda v: check_positive("rate", v), 2, 2.0),
        (check_seed, None, None),
    ],
)
def test_good_values_pass(check: Callable[[Any], Any], value: Any, result: Any) -> None:
    assert check(value) == result
    assert type(check(value)) is type(result)


@pytest.mark.parametrize(
    ("check", "value", "kind", "words"),
    [
        (check_horizon, 0, ValueError, ["horizon", "at least 1", "received 0", "predict(12)"]),
        (check_horizon, -2, ValueError, ["horizon", "received -2"]),
        (check_horizon, 10**7 + 1, ValueError, ["horizon", "at most 10000000", "received 10000001"]),
        (lambda v: check_count("stride", v), 10**20, ValueError, ["stride", "at most 10000000"]),
        (lambda v: check_lags("lags", v), [1, 10**20], ValueError, ["lags", "at most 10000000"]),
        (check_seed, -1, ValueError, ["random_state", "at least 0", "received -1"]),
        (check_horizon, 2.0, TypeError, ["horizon", "2.0 of type float"]),
        (check_horizon, True, TypeError, ["horizon", "bool"]),
        (check_horizon, "3", TypeError, ["horizon", "'3' of type str"]),
        (
            lambda v: check_count("stride", v),
            0,
            ValueError,
            ["stride", "at least 1", "received 0", "stride=1"],
        ),
        (lambda v: check_count("stride", v), 1.5, TypeError, ["stride", "1.5 of type float"]),
        (lambda v: check_lags("lags", v), 0, ValueError, ["lags", "at least 1", "received 0", "lags=12"]),
        (lambda v: check_lags("lags", v), [0, 1], ValueError, ["lags", "received [0, 1]", "lags=[1, 12]"]),
        (lambda v: check_lags("lags", v), [-1], ValueError, ["lags", "received [-1]"]),
        (lambda v: check_lags("exog_lags", v, 0), -1, ValueError, ["exog_lags", "at least 0", "received -1"]),
        (lambda v: check_lags("lags", v), [], ValueError, ["lags", "an empty list"]),
        (lambda v: check_lags("lags", v), [1.5], TypeError, ["lags", "1.5 of type float"]),
        (lambda v: check_lags("lags", v), 3.0, TypeError, ["lags", "3.0 of type float"]),
        (lambda v: check_lags("lags", v), "auto", TypeError, ["lags", "'auto' of type str"]),
        (lambda v: check_lags("lags", v), [True], TypeError, ["lags", "bool"]),
        (
            lambda v: check_choice("solver", v, ("lm", "adam")),
            "sgd",
            ValueError,
            ["solver", "'lm', 'adam'", "'sgd'"],
        ),
        (lambda v: check_choice("flag", v, (1,)), True, ValueError, ["flag", "received True"]),
        (lambda v: check_positive("rate", v), 0.0, ValueError, ["rate", "greater than 0", "received 0.0"]),
        (lambda v: check_positive("rate", v), float("nan"), ValueError, ["rate", "finite", "nan"]),
        (lambda v: check_positive("rate", v), "1", TypeError, ["rate", "'1' of type str", "rate=0.1"]),
        (lambda v: check_share("dropout", v), 1.0, ValueError, ["dropout", "below 1", "received 1.0"]),
        (lambda v: check_share("dropout", v), True, TypeError, ["dropout", "True of type bool", "=0.1"]),
    ],
)
def test_bad_values_are_refused_with_help(
    check: Callable[[Any], Any], value: Any, kind: type[Exception], words: list[str]
) -> None:
    with pytest.raises(kind) as caught:
        check(value)
    for word in words:
        assert word in str(caught.value)
