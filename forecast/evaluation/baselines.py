"""The statistical baselines by name; this is their only list."""

from __future__ import annotations

from collections.abc import Container

REFERENCES = ("AR", "SeasonalNaive")
"""The models that every leaderboard shows, and that skills are measured against."""

BASELINES = ("AR", "ETS", "Theta", "SARIMAX", "SeasonalNaive", "Drift", "Naive", "Naive2")
"""All statistical baselines, in the order in which a benchmark runs them; pictures draw them in grey."""


def baseline_name(name: str) -> str:
    """Name of the row of a baseline where one of the user's models has its name.

    Example:
        >>> baseline_name("AR")
        'AR (baseline)'
    """
    return f"{name} (baseline)"


def row_of(reference: str, names: Container[object]) -> str:
    """Which of the rows or columns `names` holds a baseline.

    Example:
        >>> row_of("AR", ["AR", "NARX"]), row_of("AR", ["AR", "AR (baseline)"])
        ('AR', 'AR (baseline)')
    """
    return baseline_name(reference) if baseline_name(reference) in names else reference


def is_baseline(name: object) -> bool:
    """Whether a row or column of this name is a statistical baseline.

    Example:
        >>> is_baseline("AR (baseline)"), is_baseline("NARX")
        (True, False)
    """
    return name in BASELINES or name in [baseline_name(reference) for reference in REFERENCES]
