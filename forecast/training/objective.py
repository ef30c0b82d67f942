"""What training minimises, and what the outputs of a network mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from keras import ops


@dataclass(frozen=True)
class Objective:
    """The cost of an output, and the forecast that it stands for.

    Training minimises sum w cost(target, output). Subclasses are plain values: two of the same fields are equal and
    share their compiled networks.
    """

    outputs: ClassVar[int] = 1
    """Numbers that a network puts out for each target."""

    solvers: ClassVar[tuple[str, ...]] = ("lbfgs", "adam")
    """Solvers that can minimise it."""

    def cost(self, target: Any, output: Any) -> Any:
        """Cost of each output, of numpy or of the backend, in a shape to which weights broadcast."""
        raise NotImplementedError

    def point(self, output: Any) -> Any:
        """Outputs (..., O * outputs) -> the forecasts (..., O) that are reported and fed back in closed loop."""
        return output


@dataclass(frozen=True)
class Squared(Objective):
    """(y - f)^2: the outputs are conditional means. The one objective with normal equations."""

    solvers: ClassVar[tuple[str, ...]] = ("lm", "lbfgs", "adam")

    def cost(self, target: Any, output: Any) -> Any:
        """The squared errors."""
        error = target - output
        return error * error


@dataclass(frozen=True)
class Absolute(Objective):
    """|y - f|: the outputs are conditional medians. Its slope jumps at zero, which L-BFGS does not bear."""

    solvers: ClassVar[tuple[str, ...]] = ("adam",)

    def cost(self, target: Any, output: Any) -> Any:
        """The absolute errors."""
        return abs(target - output)


@dataclass(frozen=True)
class CrossEntropy(Objective):
    """-q_k log P(k), summed over k the cross-entropy: the outputs are scores, P their softmax, q the targets."""

    def cost(self, target: Any, output: Any) -> Any:
        """The share of each class in the cross-entropy."""
        score = output - ops.max(output, axis=-1, keepdims=True)
        return -target * (score - ops.log(ops.sum(ops.exp(score), axis=-1, keepdims=True)))


SQUARED = Squared()
OBJECTIVES: dict[str, Objective] = {"squared": SQUARED, "absolute": Absolute()}
"""Of the forecasters, by the name of their `loss`."""
