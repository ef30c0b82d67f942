"""What a cell that runs another cell inside it passes on: the dropout masks of a sequence."""

from __future__ import annotations

from typing import Any

from forecast.layers.recurrent.cell import DropoutMasks


class AroundCell(DropoutMasks):
    """Draws the masks of `cell` where `keras.layers.RNN` asks for them: once per sequence, before its loop.

    Masks drawn inside a compiled loop cannot be used outside it. A subclass gives in `inner_inputs` and
    `inner_state` the shapes of the inputs and of the first state that `cell` receives.
    """

    cell: Any

    def inner_inputs(self, inputs: Any) -> Any:
        """A tensor of the shape that `cell` receives when the inputs are (B, F)."""
        raise NotImplementedError

    def inner_state(self, state: Any) -> Any:
        """A tensor of the shape of the first state of `cell`, from the first state here."""
        return state

    def get_dropout_mask(self, step_input: Any) -> Any:
        if isinstance(self.cell, DropoutMasks):
            self.cell.get_dropout_mask(self.inner_inputs(step_input))

    def get_recurrent_dropout_mask(self, step_input: Any) -> Any:
        if isinstance(self.cell, DropoutMasks):
            self.cell.get_recurrent_dropout_mask(self.inner_state(step_input))

    def reset_dropout_mask(self) -> None:
        if isinstance(self.cell, DropoutMasks):
            self.cell.reset_dropout_mask()

    def reset_recurrent_dropout_mask(self) -> None:
        if isinstance(self.cell, DropoutMasks):
            self.cell.reset_recurrent_dropout_mask()
