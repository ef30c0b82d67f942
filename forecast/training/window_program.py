"""A window network compiled for training: functions of one flat parameter vector `theta` (P,).

A `Program` owns no fitted state. The estimator keeps `theta` as a numpy vector, so that fitting many models
of one shape compiles once and a fitted model is pickled, copied and saved as plain arrays.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from forecast.layers.feedback import FeedbackCell
from forecast.layers.saturation import Saturation
from forecast.training.adam_update import adam_move
from forecast.training.backend import (
    compiled,
    loop,
    precision,
    row_jacobian,
    to_numpy,
    value_and_gradient,
)

Array = np.ndarray
CHUNK = 8192  # rows of one compiled call
JACOBIAN_VALUES = 16_000_000  # float64 values of one block of a Jacobian: 128 MB
RUN_CHUNK = 65_536  # series of one compiled closed loop
LEAST_ROWS, LEAST_STEPS = 64, 8  # smaller calls are padded to this: one compilation serves them all


class Program:
    """Compiled functions of a window network `(B, L + lead, O + E) -> (B, H, O)`.

    Args:
        build: returns the uncompiled keras.Model; called once.
        targets: O, the number of target columns, the first O features of a window.
        lead: rows of the network's input after the window, see `led`.
        dtype: "float32" or "float64", of every computation.
        jit: compile by XLA on TensorFlow.
        noisy: whether each step of Adam draws the network's dropout anew; all else runs without.
        loss: "squared" or "absolute", what training minimises.
    """

    def __init__(
        self,
        build: Callable[[], keras.Model],
        *,
        targets: int,
        lead: int = 0,
        dtype: str = "float64",
        jit: bool = True,
        noisy: bool = False,
        loss: str = "squared",
    ):
        self.targets, self.lead, self.dtype, self.jit = targets, lead, dtype, jit
        self.noisy, self.loss = noisy, loss
        with precision(dtype):
            self.network = build()
            variables = self.network.trainable_variables
            self.shapes = [tuple(v.shape) for v in variables]
            self.paths = _distinct([v.path for v in variables])
            self.template = self._flat(variables)
        self._read_shapes()
        self.ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes])
        self.size = int(self.ends[-1])

    def _read_shapes(self) -> None:
        rows, self.features = (int(n) for n in self.network.inputs[0].shape[1:])
        self.window = rows - self.lead
        self.steps = int(self.network.outputs[0].shape[1])

    @property
    def block(self) -> int:
        """Rows of one compiled call of the Jacobian: at most CHUNK, fewer for a large network."""
        return max(1, min(CHUNK, JACOBIAN_VALUES // (self.slopes * self.steps * self.targets)))

    @property
    def slopes(self) -> int:
        """Values of the larger derivative of one output: that by the weights, or by the rows of the window."""
        return max(self.size, (self.window + self.lead) * self.features)

    @property
    def exog(self) -> int:
        """E, the number of exogenous columns of a window."""
        return self.features - self.targets

    # ------------------------------------------------------------ parameters

    def _flat(self, variables: list[Any]) -> Array:
        values = [np.asarray(keras.ops.convert_to_numpy(v)).ravel() for v in variables]
        return np.concatenate(values).astype(self.dtype)

    def slices(self) -> dict[str, slice]:
        """Where each variable lies in theta, by its Keras path."""
        starts = np.concatenate([[0], self.ends[:-1]])
        return {path: slice(int(a), int(b)) for path, a, b in zip(self.paths, starts, self.ends, strict=True)}

    def unpack(self, theta: Any) -> list[Any]:
        """theta (P,) -> the network's trainable variables, in order."""
        parts = [theta[part] for part in self.slices().values()]
        return [keras.ops.reshape(part, shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def assign(self, theta: Array, network: keras.Model | None = None) -> keras.Model:
        """Write theta into the variables of `network` (default: the program's own)."""
        network = network or self.network
        with precision(self.dtype):
            for variable, value in zip(network.trainable_variables, self._split(theta), strict=True):
                variable.assign(value)
        return network

    def copy(self, theta: Array) -> keras.Model:
        """A network of its own with the weights theta, which later fits leave alone."""
        with precision(self.dtype):
            network = keras.models.clone_model(self.network)
            pairs = zip(network.non_trainable_variables, self.network.non_trainable_variables, strict=True)
            for variable, own in pairs:
                variable.assign(own.value)
        return self.assign(theta, network)

    def read(self) -> Array:
        """theta from the variables of the network."""
        return self._flat(self.network.trainable_variables)

    def _split(self, theta: Array) -> list[Array]:
        return [theta[part].reshape(s) for part, s in zip(self.slices().values(), self.shapes, strict=True)]

    # ------------------------------------------------------------ traced functions

    def _constants(self, draw: Any = None) -> list[Any]:
        """What the network keeps beside theta, random states with `draw` as their count."""
        variables = self.network.non_trainable_variables
        return [v.value if draw is None or not _is_seed(v) else _counted(v, draw) for v in variables]

    def _apply(self, theta: Any, windows: Any, draw: Any = None) -> Any:
        noise = self._constants(draw), windows
        return self.network.stateless_call(self.unpack(theta), *noise, training=draw is not None)[0]

    def _row(self, theta: Any, window: Any) -> Any:
        return keras.ops.reshape(self._apply(theta, window[None]), (-1,))

    def _loss(self, theta: Any, windows: Any, targets: Any, weights: Any, draw: Any = None) -> Any:
        return keras.ops.sum(weights * self.cost(targets - self._apply(theta, windows, draw)))

    def cost(self, error: Any) -> Any:
        """What each error counts, of numpy or of the backend: its square, or its absolute value."""
        return abs(error) if self.loss == "absolute" else error * error

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
            bounded = self._saturation(self.network(window))
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

    def _run_loss(self, theta: Any, history: Any, future: Any, targets: Any, weights: Any) -> Any:
        free = keras.ops.full(
            (2, self.targets), float("inf"), dtype=self.dtype
        ) * keras.ops.convert_to_tensor([[-1.0], [1.0]], dtype=self.dtype)
        return keras.ops.sum(weights * self.cost(targets - self._run(theta, free, history, future)))

    def _adam(
        self, theta: Any, m: Any, v: Any, count: Any, rate: Any, pull: Any, center: Any, *batches: Any
    ) -> Any:
        """Adam (Kingma and Ba 2015), decay decoupled: theta <- theta - rate (move + pull * (theta - center)).

        A whole stack of batches (K, B, ...) in one call; `pull` (P,) is the decay of each parameter.
        """
        objective = value_and_gradient(self._loss if len(batches) == 3 else self._run_loss)

        def step(carry: tuple[Any, ...], batch: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
            theta, m, v, count = carry
            scale = 1.0 / (keras.ops.sum(batch[-1]) + 1e-12)
            loss, gradient = objective(theta, *batch, *([1024 * count] if self.noisy else []))
            gradient = gradient * scale
            move, m, v, count = adam_move(gradient, m, v, count)
            return (theta - rate * (move + pull * (theta - center)), m, v, count), loss * scale

        (theta, m, v, count), losses = loop(step, (theta, m, v, count), tuple(batches))
        return theta, m, v, count, losses

    @functools.cached_property
    def functions(self) -> dict[str, Callable[..., Any]]:
        """The compiled functions by name, each compiled at its first call."""
        traced: dict[str, Callable[..., Any]] = {
            "apply": self._apply,
            "run": self._run,
            "jacobian": row_jacobian(self._row, self.steps * self.targets),
            "gradient": value_and_gradient(self._loss),
            "run_gradient": value_and_gradient(self._run_loss),
            "adam": self._adam,
        }
        return {name: compiled(function, jit=self.jit) for name, function in traced.items()}

    def forget(self) -> None:
        """Compile anew when called again: what the network keeps beside theta has changed."""
        self.__dict__.pop("functions", None)

    # ------------------------------------------------------------ numpy in, numpy out

    def call(self, name: str, *arrays: Any) -> Any:
        """Run the compiled function `name` on arrays cast to the program's dtype."""
        if self.steps == 1 and name in ("run", "run_gradient", "adam"):
            self._closed_network  # noqa: B018  built outside any trace
        with precision(self.dtype):
            return to_numpy(self.functions[name](*(np.asarray(a, self.dtype) for a in arrays)))

    def chunked(
        self,
        name: str,
        theta: Array,
        *arrays: Array,
        fixed: tuple[Array, ...] = (),
        least: int = LEAST_ROWS,
        chunk: int = CHUNK,
    ) -> Iterator[tuple[int, Any]]:
        """Call a compiled function on blocks of rows; short ones are padded with zeros to a few sizes.

        Yields:
            (rows of the block, what the function gives for the padded block).
        """
        for start in range(0, len(arrays[0]), chunk):
            parts = [array[start : start + chunk] for array in arrays]
            count = len(parts[0])
            size = min(_bucket(count, least), chunk)
            yield count, self.call(name, theta, *fixed, *(_pad(part, size) for part in parts))

    def led(self, windows: Array, future: Array | None = None, known: Array | None = None) -> Array:
        """The windows (B, L, O+E) with the lead rows after them, which go on as the window does.

        Args:
            windows: paired windows.
            future: covariates x_{t+1}, ..., (B, lead, E); None is zero.
            known: targets y_t, ..., (B, lead, O), NaN where not known; None is nowhere.
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

        T is rounded up to one of a few lengths, so that another horizon seldom compiles anew. `limits` (2, O)
        bounds every value that is fed back; None leaves the loop free.
        """
        horizon = future.shape[1]
        length = _bucket(horizon, LEAST_STEPS)
        future = np.concatenate([future, np.zeros((len(future), length - horizon, future.shape[2]))], axis=1)
        if not self.exog:
            future = np.zeros((len(future), length, 1), self.dtype)
        if limits is None:
            limits = np.array([[-np.inf], [np.inf]]) * np.ones(self.targets)
        blocks = self.chunked("run", theta, history, future, fixed=(limits,), least=1, chunk=RUN_CHUNK)
        return np.concatenate([values[:count, :horizon] for count, values in blocks])


def _is_seed(variable: Any) -> bool:
    return variable.path.endswith("seed_generator_state")


def _counted(variable: Any, draw: Any) -> Any:
    """[seed, count] of a random generator of Keras."""
    return keras.ops.stack([variable.value[0], keras.ops.cast(draw, variable.dtype)])


def _distinct(paths: list[str]) -> list[str]:
    """The paths, numbered where a path occurs twice, as in a model made of models."""
    return [path if paths.count(path) == 1 else f"{path}#{number}" for number, path in enumerate(paths)]


def _bucket(count: int, least: int) -> int:
    """At least `least`: the next of 1, 2, 3, 4, 6, 8, 12, ..., 1024, then of the multiples of 1024."""
    if count > 1024:
        return -(-count // 1024) * 1024
    power = 1 << max(count - 1, 0).bit_length()
    return max(power * 3 // 4 if count <= power * 3 // 4 and power > 2 else power, least)


def _pad(part: Array, rows: int) -> Array:
    if len(part) == rows:
        return part
    return np.concatenate([part, np.zeros((rows - len(part), *part.shape[1:]), part.dtype)])
