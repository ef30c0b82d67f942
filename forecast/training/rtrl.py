"""Real-time recurrent learning: the exact gradient carried forward in time, one observation per step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import keras
import numpy as np
from keras import ops

from forecast.layers.feedback import pair
from forecast.layers.recurrent.cell import RecurrentCell
from forecast.networks.online import OnlineConfig
from forecast.networks.roles import Role
from forecast.training.adam_update import adam_update
from forecast.training.backend import loop, row_jacobian, value_and_gradient
from forecast.training.flat_network import Array, FlatNetwork, Weight, layers_within

BLOCK, FEW = 64, 4  # rows of one compiled call; up to FEW rows go one by one, and more are filled up to BLOCK
Step = Callable[[Any, Any], Any]


class Influence(Protocol):
    """How the derivative of the state with respect to the parameters is stored and carried forward."""

    shape: tuple[int, ...]

    def push(self, step: Step, theta: Any, rows: Any, influence: Any) -> Any:
        """The influence after the step from rows (S, n + inputs), [h_{t-1}, u_t]."""

    def pull(self, slope: Any, influence: Any) -> Any:
        """A slope with respect to the states (S, n) as one with respect to the parameters (P,)."""


class Dense:
    """The derivative of every state with respect to every parameter.

    Equation:
        S_t = dh_t / dtheta = F_theta + F_h S_{t-1},   h_t = F(theta, h_{t-1}, u_t),   S_0 = 0

    Symbols:
        h: state (n,); theta: parameters (P,); u: input; S: influence (n, P) of each series.

    A step costs n products of the size of the network and n * n * P more.
    """

    def __init__(self, states: int, parameters: int):
        self.shape: tuple[int, ...] = (states, parameters)

    def push(self, step: Step, theta: Any, rows: Any, influence: Any) -> Any:
        states = self.shape[0]
        _, by_theta, by_row = row_jacobian(step, states)(theta, rows)
        return by_theta + ops.matmul(by_row[:, :, :states], influence)

    def pull(self, slope: Any, influence: Any) -> Any:
        return ops.sum(ops.expand_dims(slope, 2) * influence, axis=(0, 1))


class Elementwise:
    """The derivative of every unit with respect to its own parameters, where a unit feeds back only to itself.

    Equation:
        s_t^j[p] = F_theta^j[p] + sum_l D^{jl}[u(p)] s_{t-1}^l[p]
        F_theta^j = d(sum_u h_t^j[u]) / dtheta,   D^{jl} = d(sum_u h_t^j[u]) / dh_{t-1}^l

    Symbols:
        h^j: the j-th of k state vectors (U,); a sum over units mixes nothing, since each has its own terms.
        u(p): the unit of parameter p, `owner` (P,); s: influence (k, P) of each series.

    A step costs k products of the size of the network and k * k * P more.
    """

    def __init__(self, states: int, owner: Array):
        self.units = int(owner.max()) + 1
        self.owner = owner
        self.shape: tuple[int, ...] = (states // self.units, len(owner))

    def push(self, step: Step, theta: Any, rows: Any, influence: Any) -> Any:
        parts = self.shape[0]

        def sums(theta: Any, row: Any) -> Any:
            return ops.sum(ops.reshape(step(theta, row), (parts, self.units)), axis=1)

        _, by_theta, by_row = row_jacobian(sums, parts)(theta, rows)
        own = self._by_parameter(by_row[:, :, : parts * self.units])  # (S, k, k, P)
        return by_theta + ops.sum(own * ops.expand_dims(influence, 1), axis=2)

    def pull(self, slope: Any, influence: Any) -> Any:
        own = self._by_parameter(ops.expand_dims(slope, 1))[:, 0]  # (S, k, P)
        return ops.sum(own * influence, axis=(0, 1))

    def _by_parameter(self, values: Any) -> Any:
        """(S, j, n) -> (S, j, k, P): of each state vector the unit that owns the parameter."""
        by_unit = ops.reshape(values, (-1, values.shape[1], self.shape[0], self.units))
        return ops.take(by_unit, self.owner, axis=3)


class Nothing:
    """No influence of earlier steps: the gradient of the present step only, as Elman (1990) trained."""

    def __init__(self, parameters: int):
        self.shape: tuple[int, ...] = (0, parameters)

    def push(self, step: Step, theta: Any, rows: Any, influence: Any) -> Any:
        return influence

    def pull(self, slope: Any, influence: Any) -> Any:
        return ops.sum(influence, axis=(0, 1))


@dataclass
class Moments:
    """What learning changes: parameters (P,), the two moments of Adam (P,), and the steps made."""

    theta: Array
    m: Array
    v: Array
    count: Array

    @classmethod
    def start(cls, theta: Array) -> Moments:
        """No step made yet."""
        return cls(theta, np.zeros_like(theta), np.zeros_like(theta), np.zeros(()))


@dataclass
class Memory:
    """All that is known of S series: states (S, n), influence, last L raw rows [y, x] (S, L, O+E)."""

    hidden: Array
    influence: Array
    past: Array


class OnlineProgram(FlatNetwork):
    """A recurrent network compiled for learning one observation at a time.

    Equation:
        yhat_t, h_t = f(theta; window_t, h_{t-1}),   e_t = y_t - yhat_t
        d|e_t|^2 / dtheta = partial + (d|e_t|^2 / dh_{t-1}) S_{t-1},   S_t as in `Dense` or `Elementwise`

    Symbols:
        f: the network of `build`, [window (B, L, O+E), state (B, n)] -> [forecast (B, 1, O), state (B, n)];
            the paired window ends with (y_{t-1}, x_t).
        S: the influence; with theta held, the gradients of all steps add up to that of backpropagation
            through time. While theta moves, S is that of the path taken (Williams and Zipser 1989).

    Args:
        build: returns the network; called once.
        targets: O.
        exact: whether the gradient reaches back to earlier steps; for an `elementwise` cell, whose units feed back
            only to themselves, at a cost that grows with its weights alone.
        roles, dtype, jit: those of `FlatNetwork`.

    References:
        Williams, R. J. and Zipser, D. (1989). A learning algorithm for continually running fully recurrent
        neural networks. Neural Computation 1(2), 270-280.
        Mozer, M. C. (1989). A focused backpropagation algorithm for temporal pattern recognition. Complex
        Systems 3(4), 349-381.
    """

    def __init__(
        self,
        build: Callable[[], keras.Model],
        *,
        targets: int,
        exact: bool = True,
        roles: Mapping[str, Role] | None = None,
        dtype: str = "float64",
        jit: bool = True,
    ):
        super().__init__(build, roles=roles, dtype=dtype, jit=jit)
        self.targets = targets
        self.window, self.features = (int(n) for n in self.network.inputs[0].shape[1:])
        self.states = int(self.network.inputs[1].shape[1])
        cell = next(layer for layer in layers_within(self.network) if isinstance(layer, RecurrentCell))
        self.influence: Influence = Nothing(self.size)
        if exact and cell.elementwise:
            self.influence = Elementwise(self.states, _owners(self.weights, cell.units))
        elif exact:
            self.influence = Dense(self.states, self.size)

    @classmethod
    def of(cls, config: OnlineConfig, *, exact: bool = True, jit: bool = True) -> Self:
        """The compiled network of a config."""
        return cls(
            config.build,
            targets=config.targets,
            exact=exact,
            roles=config.roles,
            dtype=config.dtype,
            jit=jit,
        )

    # ------------------------------------------------------------ traced functions

    def _step(self, theta: Any, window: Any, hidden: Any) -> tuple[Any, Any]:
        """Windows (S, L, O+E) and states (S, n) -> forecasts (S, O) and the next states."""
        both = self.network.stateless_call(self.unpack(theta), self._constants(), [window, hidden])[0]
        return both[0][:, 0], both[1]

    def _next(self, theta: Any, row: Any) -> Any:
        """[h, window] of one series, flat, -> the next h (n,)."""
        window = ops.reshape(row[self.states :], (1, self.window, self.features))
        return self._step(theta, window, ops.reshape(row[: self.states], (1, -1)))[1][0]

    def _present(self, both: Any, window: Any, target: Any, here: Any) -> Any:
        """Mean squared error of the series that are `here` (S,); `both` is theta, then all states."""
        hidden = ops.reshape(both[self.size :], (-1, self.states))
        error = target - self._step(both[: self.size], window, hidden)[0]
        return ops.sum(ops.expand_dims(here, 1) * error * error) / ops.maximum(ops.sum(here), 1.0)

    def _gradient(
        self, theta: Any, hidden: Any, influence: Any, window: Any, target: Any, here: Any
    ) -> tuple[Any, Any]:
        """Loss of this step and its whole gradient (P,), past steps included."""
        both = ops.concatenate([theta, ops.reshape(hidden, (-1,))])
        loss, slope = value_and_gradient(self._present)(both, window, target, here)
        by_state = ops.reshape(slope[self.size :], (-1, self.states))
        return loss, slope[: self.size] + self.influence.pull(by_state, influence)

    def _push(self, theta: Any, hidden: Any, influence: Any, window: Any) -> tuple[Any, Any]:
        """States (S, n) and their influence after this step."""
        flat = ops.reshape(window, (-1, self.window * self.features))
        rows = ops.concatenate([hidden, flat], axis=1)
        after = self._step(theta, window, hidden)[1]
        return after, self.influence.push(self._next, theta, rows, influence)

    def _learn(
        self, theta: Any, m: Any, v: Any, count: Any, rate: Any, active: Any, *memory_and_rows: Any
    ) -> tuple[Any, ...]:
        """Rows in order: forecast, learn where `active`, move on; see `learn`."""
        *memory, y, x, here = memory_and_rows

        def step(carry: tuple[Any, ...], row: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
            learner, (hidden, influence, past) = carry[:4], carry[4:]
            y, x, here = row
            window = pair(past, ops.expand_dims(x, 1), targets=self.targets)
            forecast, _ = self._step(learner[0], window, hidden)
            _, gradient = self._gradient(learner[0], hidden, influence, window, y, here)
            update, *moved = adam_update(gradient, *learner[1:])
            learned = _where(active * ops.max(here), (learner[0] - rate * update, *moved), learner)
            follow = (*self._push(learner[0], hidden, influence, window), _shifted(past, y, x))
            return (*learned, *_where(here, follow, (hidden, influence, past))), forecast

        carry, forecasts = loop(step, (theta, m, v, count, *memory), (y, x, here), tuple(y.shape[1:]))
        return (*carry, forecasts)

    def _follow(self, theta: Any, limits: Any, hidden: Any, past: Any, *rows: Any) -> tuple[Any, ...]:
        """Rows in order with theta held, a forecast in place of a y that is not `known`; see `follow`."""

        def step(carry: tuple[Any, ...], row: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
            hidden, past = carry
            y, x, here, known = row
            forecast, after = self._step(
                theta, pair(past, ops.expand_dims(x, 1), targets=self.targets), hidden
            )
            measured = ops.expand_dims(known, 1) > 0
            held = ops.minimum(ops.maximum(forecast, limits[0]), limits[1])
            bounded = ops.where(measured, forecast, held)
            follow = (after, _shifted(past, ops.where(measured, y, bounded), x))
            return _where(here, follow, carry), bounded

        carry, forecasts = loop(step, (hidden, past), rows, tuple(rows[0].shape[1:]))
        return (*carry, forecasts)

    def traced(self) -> dict[str, Callable[..., Any]]:
        """The functions to compile, by name."""
        return {
            "gradient": self._gradient,
            "push": self._push,
            "learn": self._learn,
            "follow": self._follow,
        }

    # ------------------------------------------------------------ numpy in, numpy out

    def begin(self, past: Array) -> Memory:
        """Nothing seen yet but the first L raw rows (S, L, O+E)."""
        series = len(past)
        return Memory(np.zeros((series, self.states)), np.zeros((series, *self.influence.shape)), past)

    def learn(
        self, learner: Moments, memory: Memory, rows: tuple[Array, ...], *, rate: float
    ) -> tuple[Moments, Memory, Array]:
        """Forecast each row, then learn from it; one compiled call per row or block of rows.

        Args:
            learner: parameters and moments.
            memory: what is known of the series so far.
            rows: y (T, S, O), x (T, S, E), and (T, S) 1 where a series has a row, else 0.
            rate: learning rate; 0 moves the memory on and leaves the parameters.

        Returns:
            the learner and the memory after the rows, and the forecasts made before learning (T, S, O).
        """
        state = [learner.theta, learner.m, learner.v, learner.count]
        carry = [*state, memory.hidden, memory.influence, memory.past]
        forecasts = [np.empty((0, *rows[0].shape[1:]))]
        for count, block in _blocks(rows):
            *carry, values = self.call("learn", *carry[:4], rate, float(rate > 0), *carry[4:], *block)
            forecasts.append(values[:count])
        return Moments(*carry[:4]), Memory(*carry[4:]), np.concatenate(forecasts)

    def follow(self, theta: Array, limits: Array, memory: Memory, rows: tuple[Array, ...]) -> Array:
        """Forecasts (T, S, O) with the parameters held, open loop where y is known and closed loop elsewhere.

        Args:
            theta: (P,) parameters.
            limits: (2, O) bounds of what is fed back.
            memory: what is known of the series so far; not changed.
            rows: as in `learn`, and (T, S) 1 where y is known, else 0.
        """
        hidden, past = memory.hidden, memory.past
        forecasts = [np.empty((0, *rows[0].shape[1:]))]
        for count, block in _blocks(rows):
            hidden, past, values = self.call("follow", theta, limits, hidden, past, *block)
            forecasts.append(values[:count])
        return np.concatenate(forecasts)


def _owners(weights: Sequence[Weight], units: int) -> Array:
    """(P,) the unit of each parameter: the place in its weight's last axis, which holds blocks of units."""
    places = [np.arange(np.prod(weight.shape)) % weight.shape[-1] % units for weight in weights]
    return np.concatenate(places).astype(int)


def _shifted(past: Any, y: Any, x: Any) -> Any:
    """The last L raw rows after the row [y, x] is appended."""
    return ops.concatenate([past[:, 1:], ops.expand_dims(ops.concatenate([y, x], axis=1), 1)], axis=1)


def _where(condition: Any, new: tuple[Any, ...], old: tuple[Any, ...]) -> tuple[Any, ...]:
    """The new values where the condition, one number or one per series, is above zero, else the old ones."""

    def choose(new: Any, old: Any) -> Any:
        extra = (1,) * (len(old.shape) - len(condition.shape))
        return ops.where(ops.reshape(condition, (*condition.shape, *extra)) > 0, new, old)

    return tuple(choose(*pair) for pair in zip(new, old, strict=True))


def _blocks(rows: tuple[Array, ...]) -> list[tuple[int, tuple[Array, ...]]]:
    """Rows cut for compiled calls of two lengths, the last one padded with rows that count as absent."""
    total = len(rows[0])
    size = 1 if total <= FEW else BLOCK
    blocks = []
    for start in range(0, total, size):
        parts = [part[start : start + size] for part in rows]
        count = len(parts[0])
        padded = tuple(np.concatenate([p, np.zeros((size - count, *p.shape[1:]))]) for p in parts)
        blocks.append((count, padded))
    return blocks
