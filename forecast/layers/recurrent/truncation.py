"""Truncated backpropagation through time: blocks of a sequence that restart from a state without gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from forecast._checks import check_count, explain


class Blocks:
    """T steps in blocks of k1 outputs, each recomputed from the state k2 steps before its end.

    Equation:
        block n holds the outputs of the steps e_n - k1 + 1, ..., e_n;   e_N = T, e_{n-1} = e_n - k1
        it restarts from s_{e_n - k2}, held constant, or from the initial state where e_n <= k2

    Symbols:
        k1, k2: `every`, `reach`; an output reaches k2 - k1 + 1 to k2 steps back.
        T: `steps`; N: `count` blocks, or the last block alone when `last`.

    Sequences are padded in front to whole blocks; a padded step must leave the state as it is.
    """

    def __init__(self, steps: int, every: int, reach: int, *, last: bool = False) -> None:
        self.steps, self.reach = steps, min(reach, steps)
        self.every = min(every, self.reach)
        count = -(-steps // self.every)
        self.pad = count * self.every - steps + self.reach - self.every
        self.begins = np.arange(count - 1 if last else 0, count) * self.every  # padded row of the first step
        self.count = len(self.begins)

    def cut(self, sequence: Any, fill: float = 0.0) -> Any:
        """(B, T, F) -> the steps of the blocks (B*N, k2, F); `fill` stands in the padded steps."""
        if self.pad:
            front = ops.full_like(sequence[:, :1], fill)
            sequence = ops.concatenate([ops.repeat(front, self.pad, axis=1), sequence], axis=1)
        rows = (self.begins[:, None] + np.arange(self.reach)).ravel()
        return ops.reshape(ops.take(sequence, rows, axis=1), (-1, self.reach, sequence.shape[2]))

    def starts(self, initial: Any, states: Any) -> Any:
        """Initial state (B, S) and the states (B, T, S) after each step -> (B*N, S) before each block."""
        all_states = ops.concatenate([ops.expand_dims(initial, 1), ops.stop_gradient(states)], axis=1)
        rows = np.maximum(self.begins - self.pad, 0)
        return ops.reshape(ops.take(all_states, rows, axis=1), (-1, initial.shape[1]))

    def join(self, blocks: Any) -> Any:
        """Outputs (B*N, k2, U) of the blocks -> (B, T, U), or the steps of the last block alone."""
        kept = blocks[:, -self.every :]
        rows = ops.reshape(kept, (-1, self.count * self.every, blocks.shape[2]))
        return rows[:, -self.steps :]

    def final(self, states: Any) -> Any:
        """States (B*N, S) at the end of the blocks -> (B, S) at the end of the sequence."""
        return ops.reshape(states, (-1, self.count, states.shape[1]))[:, -1]


def check_truncate(truncate: Any) -> tuple[int, int] | None:
    """(k1, k2) with k1 <= k2, or None."""
    if truncate is None:
        return None
    allowed, remedy = "two whole numbers (k1, k2) with 1 <= k1 <= k2, or None", "Pass truncate=(4, 24)"
    if not isinstance(truncate, (tuple, list)) or len(truncate) != 2:
        raise ValueError(explain("truncate", allowed, truncate, remedy))
    every, reach = (check_count("truncate", number) for number in truncate)
    if every > reach:
        raise ValueError(explain("truncate", allowed, tuple(truncate), remedy))
    return every, reach
