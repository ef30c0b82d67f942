"""Every argument of every public estimator is explained where `help` shows it."""

from __future__ import annotations

from dataclasses import fields

import pytest
from sklearn.base import BaseEstimator

from forecast.estimators.documentation import Documented, entries
from forecast.estimators.registry import MODULES, estimator_class


@pytest.mark.parametrize("name", MODULES)
def test_every_argument_is_explained_once(name: str) -> None:
    kind: type[BaseEstimator] = estimator_class(name)
    explained = [arg for names in entries(kind.__doc__ or "", "Args") for arg in names]
    assert sorted(explained) == sorted(item.name for item in fields(kind) if item.init)  # type: ignore[arg-type]
    assert "other arguments are those" not in (kind.__doc__ or "")


def test_a_class_has_the_last_word_and_bases_fill_in() -> None:
    class First(Documented):
        """One.

        Args:
            a: of the first,
                in two lines.
            b: of the first.

        Attributes:
            a_: found.
        """

    class Second(First):
        """Two.

        Equation:
            a = b

        Args:
            b: of the second.

        Raises:
            ValueError: never.
        """

    class Third(Second):
        """Three."""

    expected = {
        ("b",): "    b: of the second.",
        ("a",): "    a: of the first,\n        in two lines.",
    }
    assert entries(Second.__doc__ or "", "Args") == entries(Third.__doc__ or "", "Args") == expected
    assert "    a_: found.\n\nRaises:\n    ValueError: never." in (Second.__doc__ or "")
    assert (Third.__doc__ or "").startswith("Three.\n\nArgs:\n")
