"""Which rows of a history a pretrained network reads, and which of its outputs stand for which step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NONE = -1
"""In the place of a row that is not read."""


@dataclass(frozen=True)
class Layout:
    """The inputs and outputs of a family of networks.

    The inputs are the last `recent` rows, and, where seasons are read by `slots`, the last `cycles` seasons, each
    from the phase of the first forecast on, with room for `slots` rows: so one network reads seasons of any length up
    to `slots`. The outputs are the next `ahead` rows, or as many seasons of `slots` rows.

    Args:
        recent: rows read back from the last one.
        ahead: steps, or seasons where `slots` is not 0, that are forecast at once.
        slots: the longest season, 0 for a network of one season alone.
        cycles: seasons that are read.

    Example:
        >>> Layout(recent=3, ahead=2).back(4), Layout(recent=3, ahead=2).outputs(4)
        (array([2, 1, 0]), array([0, 1]))
        >>> Layout(recent=2, ahead=1, slots=4, cycles=2).back(3)          # the last slot of each season is empty
        array([ 1,  0,  2,  1,  0, -1,  5,  4,  3, -1])
    """

    recent: int
    ahead: int
    slots: int = 0
    cycles: int = 0

    @property
    def inputs(self) -> int:
        """Rows that are read."""
        return self.recent + self.cycles * self.slots

    @property
    def width(self) -> int:
        """Steps that the network forecasts at once."""
        return self.ahead * max(self.slots, 1)

    def back(self, season: int) -> np.ndarray:
        """How far back each input lies (inputs,), 0 for the last row, NONE where a season has no such row."""
        recent = np.arange(self.recent)[::-1]
        if not self.slots:
            return recent
        slot = np.arange(self.slots)
        cycles = (np.arange(self.cycles)[:, None] + 1) * season - 1 - slot
        return np.concatenate([recent, np.where(slot < season, cycles, NONE).ravel()])

    def skip(self, season: int) -> np.ndarray:
        """The input (width,) from which the median of each output starts: its phase one season ago."""
        if self.slots:
            return self.recent + np.arange(self.width) % self.slots
        return self.recent - season + np.arange(self.width) % season

    def outputs(self, season: int) -> np.ndarray:
        """The output of each step of one block."""
        if not self.slots:
            return np.arange(self.ahead)
        return (np.arange(self.ahead)[:, None] * self.slots + np.arange(season)).ravel()

    def reach(self, season: int) -> int:
        """Rows of the history that are read."""
        return int(self.back(season).max()) + 1
