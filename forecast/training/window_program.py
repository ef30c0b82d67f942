"""A window network compiled for training: open loop, closed loop, their errors, gradients and Jacobians."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Self

import keras
import numpy as np

from forecast.layers.feedback import FeedbackCell
from forecast.layers.saturation import Saturation
from forecast.networks.config import NetworkConfig
from forecast.networks.roles import Role
from forecast.training.adam_update import adam_steps
from forecast.training.backend import precision, row_jacobian, value_and_gradient
from forecast.training.flat_network import Array, FlatNetwork, padded
from forecast.training.objective import SQUARED, Objective
from forecast.windows import pair

JACOBIAN_ROWS = (
    2048  # rows of one block of a Jacobian: a small one is still in the cache when it is multiplied
)
JACOBIAN_VALUES = 16_000_000  # float64 values of one block of a Jacobian: 128 MB
RUN_CHUNK = 65_536  # series of one compiled closed loop
LEAST_STEPS = 8  # shorter closed loops are padded to this: one compilation serves them all


class WindowProgram(FlatNetwork):
    """Compiled functions of a window network `(B, L + lead, O + E) -> (B, H, O)`.

    Args:
        targets: O, the number of target columns, the first O features of a window.
        lead: rows of the network's input after the window, see `with_lead`.
        build, objective, roles, dtype, jit, noisy: those of `FlatNetwork`.
    """

    def __init__(
        self,
        build: Callable[[], keras.Model],
        *,
        targets: int,
        lead: int = 0,
        objective: Objective = SQUARED,
        roles: Mapping[str, Role] | None = None,
        dtype: str = "float64",
        jit: bool = True,
        noisy: bool = False,
    ):
        super().__init__(build, objective=objective, roles=roles, dtype=dtype, jit=jit, noisy=noisy)
        self.targets, self.lead = targets, lead
        rows, self.features = (int(n) for n in self.network.inputs[0].shape[1:])
        self.window = rows - lead
        self.steps = int(self.network.outputs[0].shape[1])
        self.config: NetworkConfig | None = None

    @classmethod
    def of(cls, config: NetworkConfig, *, jit: bool = True, objective: Objective = SQUARED) -> Self:
        """The compiled network of a config."""
        program = cls(
            config.build,
            targets=config.targets,
            lead=config.lead,
            objective=objective,
            roles=config.roles,
            dtype=config.dtype,
            jit=jit,
            noisy=config.noisy,
        )
        program.config = config
        return program

    @property
    def compact(self) -> tuple[WindowProgram, tuple[int, ...]] | None:
        """The same network on only the rows that it reads, and these rows; None where they are most of the window."""
        with self.lock:
            return self._compact

    @functools.cached_property
    def _compact(self) -> tuple[WindowProgram, tuple[int, ...]] | None:
        found = self.config.compact if self.config else None
        if found is None or 2 * len(found[1]) > self.window:
            return None
        return WindowProgram.of(found[0], jit=self.jit, objective=self.objective), found[1]

    @property
    def block(self) -> int:
        """Rows of one compiled call of the Jacobian: at most JACOBIAN_ROWS, fewer for a large network."""
        return max(1, min(JACOBIAN_ROWS, JACOBIAN_VALUES // (self.slopes * self.steps * self.targets)))

    @property
    def slopes(self) -> int:
        """Values of the larger derivative of one output: that by the weights, or by the rows of the window."""
        return max(self.size, (self.window + self.lead) * self.features)

    @property
    def exog(self) -> int:
        """E, the number of exogenous columns of a window."""
        return self.features - self.targets

    # ------------------------------------------------------------ traced functions

    def _row(self, theta: Any, window: Any) -> Any:
        return keras.ops.reshape(self._apply(theta, window[None]), (-1,))

    @functools.cached_property
    def _saturation(self) -> Saturation:
        return Saturation(name="saturation", dtype=self.dtype)

    @functools.cached_property
    def _closed_network(self) -> keras.Model:
        """[history (B, L, O+E), future covariates (B, T, max(E, 1))] -> closed-loop values (B, T, O)."""
        with precision(self.dtype):
            history = keras.Input((self.window, self.features), dtype=self.dtype)
            future = keras.Input((None, max(self.exog, 1)), dtype=self.dtype)
            window = keras.Input((self.window, self.features), dtype=self.dtype)
            bounded = self._saturation(self.objective.point(self.network(window)))
            cell = FeedbackCell(keras.Model(window, bounded), targets=self.targets)
            rnn = keras.layers.RNN(cell, return_sequences=True, dtype=self.dtype)
            state = keras.ops.reshape(history, (-1, cell.state_size))
            return keras.Model([history, future], rnn(future, initial_state=state))

    def _run(self, theta: Any, limits: Any, history: Any, future: Any) -> Any:
        """Closed loop of a one-step network, each value kept within `limits` (2, O)."""
        model = self._closed_network
        own = [id(v) for v in self.network.trainable_variables]
        values = dict(zip(own, self.unpack(theta), strict=True))
        trained = [values[id(v)] for v in model.trainable_variables]
        bounds = self._saturation.limits
        fixed = [limits if v is bounds else v.value for v in model.non_trainable_variables]
        return model.stateless_call(trained, fixed, [history, future])[0]

    def _unit_loss(self, theta: Any, inputs: Any, targets: Any, zero: Any, unit: Any, weights: Any) -> Any:
        """The weighted cost where each window has its own zero (B, 1, O) and units (B, H, O)."""
        outputs = self._apply(theta, inputs)
        return keras.ops.sum(weights * self.objective.cost_in(targets, outputs, zero, unit))

    def _team_loss(self, thetas: Any, *batch: Any) -> Any:
        """The sum of `_unit_loss` over M members, thetas (M*P,) and arrays (B, M, ...)."""
        numbers = range(int(batch[0].shape[1]))
        parts = (thetas[k * self.size : (k + 1) * self.size] for k in numbers)
        return sum(self._unit_loss(part, *(each[:, k] for each in batch)) for k, part in enumerate(parts))

    def _run_loss(self, theta: Any, history: Any, future: Any, targets: Any, weights: Any) -> Any:
        free = keras.ops.full(
            (2, self.targets), float("inf"), dtype=self.dtype
        ) * keras.ops.convert_to_tensor([[-1.0], [1.0]], dtype=self.dtype)
        return keras.ops.sum(weights * self.objective.cost(targets, self._run(theta, free, history, future)))

    def traced(self) -> dict[str, Callable[..., Any]]:
        """The functions to compile, by name; the compiler drops the derivative that "weight_jacobian" leaves out."""
        jacobian = row_jacobian(self._row, self.steps * self.targets)
        return {
            "apply": self._plain,
            "run": self._run,
            "jacobian": jacobian,
            "weight_jacobian": lambda theta, rows: jacobian(theta, rows)[:2],
            "gradient": value_and_gradient(self._loss),
            "run_gradient": value_and_gradient(self._run_loss),
            "adam": adam_steps(self._loss, noisy=self.noisy),
            "team_adam": adam_steps(self._team_loss),
            "run_adam": adam_steps(self._run_loss),
        }

    # ------------------------------------------------------------ numpy in, numpy out

    def call(self, name: str, *arrays: Any) -> Any:
        """Run the compiled function `name` on arrays cast to the program's dtype."""
        if self.steps == 1 and name in ("run", "run_gradient", "run_adam"):
            with self.lock:
                self._closed_network  # noqa: B018  built outside any trace
        return super().call(name, *arrays)

    def with_lead(self, windows: Array, future: Array | None = None, known: Array | None = None) -> Array:
        """The windows (B, L, O+E) followed by the lead rows, which continue the window.

        Args:
            windows: paired windows.
            future: covariates x_{t+1}, ..., (B, lead, E); None means zero.
            known: targets y_t, ..., (B, lead, O), NaN where not known; None means none is known.
        """
        if not self.lead:
            return windows
        rows = np.zeros((len(windows), self.lead, self.features), windows.dtype)
        rows[:, :, : self.targets] = np.nan if known is None else known
        if future is not None:
            rows[:, :, self.targets :] = future
        return np.concatenate([windows, rows], axis=1)

    def apply(self, theta: Array, windows: Array) -> Array:
        """Open loop: paired windows (B, L + lead, O+E) -> (B, H, O)."""
        parts = [values[:count] for count, values in self.chunked("apply", theta, windows)]
        return np.concatenate(parts) if parts else np.empty((0, self.steps, self.targets))

    def run(self, theta: Array, history: Array, future: Array, limits: Array | None = None) -> Array:
        """Closed loop from raw history rows (B, L, O+E) over covariates (B, T, E): (B, T, O).

        T is rounded up to one of a few lengths, so that a new horizon seldom needs a compilation. `limits` (2, O)
        bounds every value that is fed back; None leaves the loop unbounded.
        """
        horizon = future.shape[1]
        length = padded(horizon, LEAST_STEPS)
        future = np.concatenate([future, np.zeros((len(future), length - horizon, future.shape[2]))], axis=1)
        if not self.exog:
            future = np.zeros((len(future), length, 1), self.dtype)
        if limits is None:
            limits = np.array([[-np.inf], [np.inf]]) * np.ones(self.targets)
        blocks = self.chunked("run", theta, history, future, fixed=(limits,), least=1, chunk=RUN_CHUNK)
        return np.concatenate([values[:count, :horizon] for count, values in blocks])

    def ahead(
        self,
        theta: Array,
        y: Array,
        x: Array,
        known: Array,
        limits: Array | None = None,
        reach: int | None = None,
    ) -> Array:
        """Outputs (B, T, O*K) after raw rows y (B, L, O), x (B, L, E) over the known covariates (B, T, E).

        A network of one step runs in closed loop; one of H steps in blocks, each fed back as history of the next.
        A block reads only the last `reach` rows; None means the whole window.
        """
        if self.steps == 1:
            return self.run(theta, np.concatenate([y, x], axis=2), known, limits)
        horizon, blocks = known.shape[1], list[Array]()
        for start in range(0, horizon, self.steps):
            block = self.apply(theta, shown(self.window_at(y, x, known, start), self, reach or self.window))
            blocks.append(block if limits is None else np.clip(block, *limits))
            y = np.concatenate([y, self.objective.point(blocks[-1])], axis=1)
        return np.concatenate(blocks, axis=1)[:, :horizon]

    def window_at(self, y: Array, x: Array, known: Array, start: int = 0) -> Array:
        """The network's input (B, L + lead, O+E) to forecast from step `start` after the history.

        Args:
            y: targets (B, L + start, O), those of the steps before `start` forecast.
            x: covariates (B, L, E) of the history.
            known: covariates (B, T, E) of the steps ahead; the last stands in for any later ones, which are not used.
        """
        record = np.concatenate([x, known, np.repeat(known[:, -1:], self.steps, axis=1)], axis=1)
        now = start + 1 + self.window
        window = pair(y[:, -self.window :], record[:, start:now])
        return self.with_lead(window, record[:, now : now + self.lead])


def shown(window: Array, program: WindowProgram, reach: int) -> Array:
    """The window (B, L + lead, O+E) without the targets more than `reach` rows back, which are NaN."""
    if reach >= program.window:
        return window
    window = window.copy()
    window[:, : program.window - reach, : program.targets] = np.nan
    return window
