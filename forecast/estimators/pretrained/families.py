"""Which network forecasts which season."""

from __future__ import annotations

from typing import NamedTuple

LONGEST = 24
"""The longest season that a network reads by itself."""
QUARTER = 13  # rows of the season that a network is told of weeks, whose year is taken off first
_OWN = {1: ("season_1", 1), 2: ("season_4", 4), 3: ("season_12", 12), 4: ("season_4", 4)}
_OWN |= {6: ("season_12", 12), 12: ("season_12", 12)}


class Family(NamedTuple):
    """A file of weights, the season that it is told, and the season whose profile is taken off first (1 for none)."""

    name: str
    season: int
    profile: int


def family_of(season: int) -> Family:
    """The family for a season m: its own, one of which it is a part, or that of any season.

    Example:
        >>> family_of(6)
        Family(name='season_12', season=12, profile=1)
        >>> family_of(52)
        Family(name='any_season', season=13, profile=52)
    """
    if season in _OWN:
        return Family(*_OWN[season], 1)
    if season <= LONGEST:
        return Family("any_season", season, 1)
    return Family("any_season", LONGEST if season % LONGEST == 0 else QUARTER, season)
