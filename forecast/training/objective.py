"""What training minimises, and what the outputs of a network mean."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops
from scipy.special import gammaln, ndtri, stdtrit

from forecast._checks import check_choice, explain

ALL = ("lm", "lbfgs", "adam")


@dataclass(frozen=True)
class Objective:
    """The cost of an output, and the forecast that it means.

    Training minimises sum w cost(target, output). Subclasses are plain values: two of the same fields are equal and
    share their compiled networks. Outputs (..., O * K) hold the K numbers of the first target, then of the next.
    """

    head: ClassVar[str] = "point"
    """What the network makes of its last layer: "point", "quantiles" or "scale" (`forecast.networks.head`)."""

    solvers: ClassVar[tuple[str, ...]] = ("lbfgs", "adam")
    """Solvers that can minimise it."""

    unit: ClassVar[str | None] = "any"
    """The unit of an error for a network whose windows have their own units: "any", the naive error of the "series", or
    None for a cost without a unit."""

    absolute: ClassVar[bool] = False
    """Whether the cost depends on where zero lies."""

    levels: ClassVar[tuple[float, ...]] = ()
    """Probabilities of the quantiles that the outputs give; () for none."""

    @property
    def outputs(self) -> int:
        """K, the number of outputs of a network per target."""
        return 1

    def cost(self, target: Any, output: Any) -> Any:
        """Cost of each target, for arrays of numpy or of the backend, in a shape to which weights broadcast."""
        raise NotImplementedError

    def cost_in(self, target: Any, output: Any, zero: Any, unit: Any) -> Any:
        """The cost where a window has its own zero (B, 1, O) and units (B, H, O)."""
        both = (
            ops.repeat(part, self.outputs, axis=-1) if self.outputs > 1 else part for part in (zero, unit)
        )
        zeros, units = both
        return self.cost((target - zero) / unit, (output - zeros) / units)

    def curvature(self, error: Any) -> Any:
        """w such that w e^2 + constant is the cost, or a parabola above it that touches it at errors e; for "lm"."""
        raise NotImplementedError

    def point(self, output: Any) -> Any:
        """Outputs (..., O * K) -> the forecasts (..., O) that are reported and fed back in closed loop."""
        return output

    def quantiles(self, output: Any) -> Any:
        """Outputs (..., O * K) -> the quantiles (..., O, Q) of `levels`."""
        raise NotImplementedError


@dataclass(frozen=True)
class Squared(Objective):
    """(y - f)^2: the outputs are conditional means. The one objective with normal equations of its own."""

    solvers: ClassVar[tuple[str, ...]] = ALL

    def cost(self, target: Any, output: Any) -> Any:
        """The squared errors."""
        error = target - output
        return error * error

    def curvature(self, error: Any) -> Any:
        """1."""
        return np.ones_like(error)


@dataclass(frozen=True)
class Absolute(Objective):
    """|y - f|: the outputs are conditional medians. Its slope jumps at zero, which L-BFGS cannot handle.

    Levenberg-Marquardt minimises it by squares reweighted at every step (Schlossmacher 1973).
    """

    solvers: ClassVar[tuple[str, ...]] = ("lm", "adam")

    def cost(self, target: Any, output: Any) -> Any:
        """The absolute errors."""
        return abs(target - output)

    def curvature(self, error: Any) -> Any:
        """1 / (2 |e|), the parabola that touches |e|; errors below 1e-3 in size count as 1e-3."""
        return 0.5 / np.maximum(np.abs(error), 1e-3)


@dataclass(frozen=True)
class Scaled(Absolute):
    """|y - f| / mean |y_t - y_{t-m}| of its series (MASE; Hyndman and Koehler 2006): the outputs are medians."""

    unit: ClassVar[str | None] = "series"


@dataclass(frozen=True)
class Huber(Objective):
    """e^2 up to |e| = `delta`, delta (2 |e| - delta) beyond: means that outliers affect little (Huber 1964)."""

    delta: float = 1.0
    solvers: ClassVar[tuple[str, ...]] = ALL

    def cost(self, target: Any, output: Any) -> Any:
        """Squares of small errors, linear beyond."""
        error = abs(target - output)
        near = 0.5 * (error + self.delta - abs(error - self.delta))  # the smaller of the two
        return near * (2.0 * error - near)

    def curvature(self, error: Any) -> Any:
        """1 within `delta`, delta / |e| beyond."""
        return self.delta / np.maximum(np.abs(error), self.delta)


@dataclass(frozen=True)
class SMAPE(Objective):
    """2 |y - f| / (|y| + |f|), which depends on where zero lies: the outputs are forecasts of positive values."""

    solvers: ClassVar[tuple[str, ...]] = ("adam",)
    unit: ClassVar[str | None] = None
    absolute: ClassVar[bool] = True

    def cost(self, target: Any, output: Any) -> Any:
        """Errors relative to the mean of target and forecast."""
        return 2.0 * abs(target - output) / (abs(target) + abs(output) + 1e-6)


@dataclass(frozen=True)
class Quantiles(Objective):
    """The pinball cost, summed over `levels`: the outputs are quantiles, which never cross.

    cost = sum_q 2 max(q (y - f_q), (q - 1) (y - f_q)), |y - f| for the median alone (Koenker and Bassett 1978).
    """

    levels: tuple[float, ...] = (0.1, 0.5, 0.9)  # type: ignore[misc]  # a field here
    head: ClassVar[str] = "quantiles"
    solvers: ClassVar[tuple[str, ...]] = ("adam",)

    @property
    def outputs(self) -> int:
        return len(self.levels)

    def cost(self, target: Any, output: Any) -> Any:
        """The pinball costs of all levels."""
        error = target[..., None] - _parted(output, self.outputs)
        return sum(
            abs(error[..., k]) + (2.0 * level - 1.0) * error[..., k] for k, level in enumerate(self.levels)
        ) / len(self.levels)

    def point(self, output: Any) -> Any:
        """The quantile nearest to the median."""
        return _parted(output, self.outputs)[..., self.middle]

    def quantiles(self, output: Any) -> Any:
        """The quantiles (..., O, Q) of `levels`."""
        return _parted(output, self.outputs)

    @property
    def middle(self) -> int:
        """Place of the level nearest to one half."""
        return int(np.argmin([abs(level - 0.5) for level in self.levels]))


@dataclass(frozen=True)
class Likelihood(Objective):
    """-log p(y) of a location and scale family: the outputs of a target are its mean m and log scale s."""

    head: ClassVar[str] = "scale"
    levels: ClassVar[tuple[float, ...]] = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
    unit: ClassVar[str | None] = None

    @property
    def outputs(self) -> int:
        return 2

    def cost(self, target: Any, output: Any) -> Any:
        """Negative log densities."""
        parts = _parted(output, 2)
        error = (target - parts[..., 0]) * _exp(-parts[..., 1])
        return parts[..., 1] + self.surprise(error)

    def surprise(self, error: Any) -> Any:
        """-log density of a standardised error."""
        raise NotImplementedError

    def standard(self) -> Any:
        """Quantiles (Q,) of the standardised error, at `levels`."""
        raise NotImplementedError

    def quantiles(self, output: Any) -> Any:
        """m + exp(s) z_q."""
        parts = _parted(output, 2)
        return parts[..., :1] + np.exp(parts[..., 1:]) * self.standard()

    def point(self, output: Any) -> Any:
        """The means."""
        return _parted(output, 2)[..., 0]


@dataclass(frozen=True)
class Gaussian(Likelihood):
    """-log N(y; m, exp(s)^2)."""

    def surprise(self, error: Any) -> Any:
        """e^2 / 2 + log(2 pi) / 2."""
        return 0.5 * error * error + 0.5 * float(np.log(2 * np.pi))

    def standard(self) -> Any:
        """Of the normal distribution."""
        return ndtri(np.array(self.levels))


@dataclass(frozen=True)
class StudentT(Likelihood):
    """-log of Student's t density with `degrees` of freedom: outliers weigh little (Lange et al. 1989)."""

    degrees: float = 5.0

    def surprise(self, error: Any) -> Any:
        """(v + 1) / 2 log(1 + e^2 / v) + log of the constant."""
        half = 0.5 * (self.degrees + 1)
        constant = gammaln(0.5 * self.degrees) - gammaln(half) + 0.5 * np.log(self.degrees * np.pi)
        return half * _log(1.0 + error * error / self.degrees) + float(constant)

    def standard(self) -> Any:
        """Of Student's distribution."""
        return stdtrit(self.degrees, np.array(self.levels))


@dataclass(frozen=True)
class KerasLoss(Objective):
    """A loss of Keras, by its name or as a `keras.losses.Loss`, applied to each target separately."""

    loss: Any = "log_cosh"
    solvers: ClassVar[tuple[str, ...]] = ("adam",)

    def cost(self, target: Any, output: Any) -> Any:
        """The loss of each target."""
        function = self.loss if isinstance(self.loss, keras.losses.Loss) else keras.losses.get(self.loss)
        call = function.call if isinstance(function, keras.losses.Loss) else function
        values = call(*(ops.expand_dims(ops.convert_to_tensor(part), -1) for part in (target, output)))
        return ops.convert_to_numpy(values) if isinstance(target, np.ndarray) else values


@dataclass(frozen=True)
class CrossEntropy(Objective):
    """-q_k log P(k), summed over k the cross-entropy: the outputs are scores, P their softmax, q the targets."""

    def cost(self, target: Any, output: Any) -> Any:
        """The term of each class in the cross-entropy."""
        score = output - ops.max(output, axis=-1, keepdims=True)
        return -target * (score - ops.log(ops.sum(ops.exp(score), axis=-1, keepdims=True)))


def _parted(output: Any, count: int) -> Any:
    """(..., O * K) -> (..., O, K)."""
    shape = (*output.shape[:-1], output.shape[-1] // count, count)
    return output.reshape(shape) if isinstance(output, np.ndarray) else ops.reshape(output, _known(shape))


def _known(shape: tuple[int | None, ...]) -> tuple[int, ...]:
    return tuple(-1 if size is None else size for size in shape)


def _exp(values: Any) -> Any:
    return np.exp(values) if isinstance(values, np.ndarray) else ops.exp(values)


def _log(values: Any) -> Any:
    return np.log(values) if isinstance(values, np.ndarray) else ops.log(values)


SQUARED = Squared()
OBJECTIVES: dict[str, Objective] = {
    "squared": SQUARED,
    "absolute": Absolute(),
    "mase": Scaled(),
    "huber": Huber(),
    "smape": SMAPE(),
    "gaussian": Gaussian(),
    "student-t": StudentT(),
}
"""The objectives of the forecasters, by the name of their `loss`."""


def objective_of(loss: Any) -> Objective:
    """The objective that `loss` names.

    Args:
        loss: a name in OBJECTIVES or of Keras, a `keras.losses.Loss`, or a list of levels for quantiles.

    Raises:
        TypeError, ValueError: `loss` is none of these.

    Example:
        >>> objective_of("absolute"), objective_of([0.9, 0.1, 0.5]).levels
        (Absolute(), (0.1, 0.5, 0.9))
    """
    if isinstance(loss, Objective):
        return loss
    if isinstance(loss, keras.losses.Loss):
        return KerasLoss(loss)
    if isinstance(loss, str):
        if loss in OBJECTIVES:
            return OBJECTIVES[loss]
        try:
            keras.losses.get(loss)
        except ValueError:
            check_choice("loss", loss, tuple(OBJECTIVES))
        return KerasLoss(loss)
    levels = tuple(loss) if isinstance(loss, Iterable) else ()
    if not levels or not all(isinstance(level, float) and 0 < level < 1 for level in levels):
        allowed = f"one of {', '.join(map(repr, OBJECTIVES))}, a loss of Keras, or levels between 0 and 1"
        raise ValueError(explain("loss", allowed, repr(loss), "Pass for example loss=[0.1, 0.5, 0.9]"))
    return Quantiles(tuple(sorted({float(level) for level in levels})))
