"""A Keras network as functions of one flat parameter vector `theta` (P,): packing, roles of weights, compiled calls.

A compiled network owns no fitted state. The estimator keeps `theta` as a numpy vector, so that fitting many models
of one shape compiles once and a fitted model is pickled, copied and saved as plain arrays.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import keras
import numpy as np

from forecast.layers.recurrent.cell import RecurrentCell, state_matrices
from forecast.networks.roles import Role
from forecast.training.backend import compiled, precision, to_numpy
from forecast.training.objective import SQUARED, Objective

Array = np.ndarray
CHUNK = 8192  # rows of one compiled call
Made = TypeVar("Made")
LEAST_ROWS = 64  # smaller calls are padded to this: one compilation serves them all


@dataclass(frozen=True)
class Weight:
    """One trainable variable of a network.

    Args:
        path: its path in Keras, numbered where two variables share one.
        shape: its shape.
        part: its slice of theta.
        role: that of its layer, or None.
        orthogonal: whether it is a matrix that multiplies the state of a cell.
        memory: whether it is the vector through which each unit of an elementwise cell feeds back to itself.
    """

    path: str
    shape: tuple[int, ...]
    part: slice
    role: Role | None = None
    orthogonal: bool = False
    memory: bool = False

    @property
    def name(self) -> str:
        """What its layer calls it, such as "kernel"."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def bias(self) -> bool:
        """Whether it is the bias of its layer."""
        return self.name == "bias"


class FlatNetwork:
    """A network whose trainable variables are parts of one vector theta, with compiled functions of it.

    Args:
        build: returns the uncompiled keras.Model; called once.
        objective: what training minimises.
        roles: layers with a role in training, by name, as the config of the network gives them; a user's model has
            none, whatever its layers are called.
        dtype: "float32" or "float64", of every computation.
        jit: compile by XLA on TensorFlow.
        noisy: whether each step of Adam draws the network's dropout; all else runs without dropout.
    """

    def __init__(
        self,
        build: Callable[[], keras.Model],
        *,
        objective: Objective = SQUARED,
        roles: Mapping[str, Role] | None = None,
        dtype: str = "float64",
        jit: bool = True,
        noisy: bool = False,
    ):
        self.objective, self.dtype, self.jit, self.noisy = objective, dtype, jit, noisy
        self.lock = threading.RLock()  # held while something that all fits share is made
        with precision(dtype):
            self.network = build()
            self.template = self._flat(self.network.trainable_variables)
        self.weights = tuple(_weights(self.network, roles))
        self.size = self.template.size

    def traced(self) -> dict[str, Callable[..., Any]]:
        """The functions to compile, by name."""
        raise NotImplementedError

    # ------------------------------------------------------------ parameters

    def slices(self) -> dict[str, slice]:
        """Where each variable lies in theta, by its path."""
        return {weight.path: weight.part for weight in self.weights}

    def members(self, *roles: Role) -> Array:
        """(P,) True for the weights of layers with one of these roles."""
        found = np.zeros(self.size, bool)
        for weight in self.weights:
            found[weight.part] = weight.role in roles
        return found

    def _flat(self, variables: list[Any]) -> Array:
        values = [np.asarray(keras.ops.convert_to_numpy(v)).ravel() for v in variables]
        return np.concatenate(values).astype(self.dtype)

    def unpack(self, theta: Any) -> list[Any]:
        """theta (P,) -> the network's trainable variables, in order."""
        return [keras.ops.reshape(theta[weight.part], weight.shape) for weight in self.weights]

    def assign(self, theta: Array, network: keras.Model) -> keras.Model:
        """Write theta into the variables of `network`, a network of this shape that belongs to the caller."""
        with precision(self.dtype):
            for variable, weight in zip(network.trainable_variables, self.weights, strict=True):
                variable.assign(theta[weight.part].reshape(weight.shape))
        return network

    def copy(self, theta: Array) -> keras.Model:
        """A separate network with the weights theta, unaffected by later fits."""
        with precision(self.dtype):
            network = keras.models.clone_model(self.network)
            pairs = zip(network.non_trainable_variables, self.network.non_trainable_variables, strict=True)
            for variable, own in pairs:
                variable.assign(own.value)
        return self.assign(theta, network)

    def read(self, network: keras.Model) -> Array:
        """theta from the variables of a network of this shape."""
        return self._flat(network.trainable_variables)

    # ------------------------------------------------------------ traced functions

    @functools.cached_property
    def _seeds(self) -> set[int]:
        """Identities of the states of the network's random generators."""
        parts = [part for layer in layers_within(self.network) for part in vars(layer).values()]
        return {id(part.state) for part in parts if isinstance(part, keras.random.SeedGenerator)}

    def _constants(self, draw: Any = None) -> list[Any]:
        """The variables of the network besides theta, random states with `draw` as their count."""
        variables = self.network.non_trainable_variables
        return [v.value if draw is None or id(v) not in self._seeds else _counted(v, draw) for v in variables]

    def _apply(self, theta: Any, inputs: Any, draw: Any = None) -> Any:
        noise = self._constants(draw), inputs
        return self.network.stateless_call(self.unpack(theta), *noise, training=draw is not None)[0]

    def _loss(self, theta: Any, inputs: Any, targets: Any, weights: Any, draw: Any = None) -> Any:
        """The weighted cost of all outputs."""
        return keras.ops.sum(weights * self.objective.cost(targets, self._apply(theta, inputs, draw)))

    def _plain(self, theta: Any, inputs: Any) -> Any:
        """`_apply` without noise; TensorFlow is slow to call a function with an argument left out."""
        return self._apply(theta, inputs)

    # ------------------------------------------------------------ numpy in, numpy out

    @functools.cached_property
    def functions(self) -> dict[str, Callable[..., Any]]:
        """The compiled functions by name, each compiled at its first call."""
        return {name: compiled(function, jit=self.jit) for name, function in self.traced().items()}

    def forget(self) -> None:
        """Recompile at the next call: variables of the network besides theta have changed."""
        self.__dict__.pop("functions", None)

    def call(self, name: str, *arrays: Any) -> Any:
        """Run the compiled function `name` on arrays cast to the network's dtype."""
        with self.lock:
            function = self.functions[name]
        with precision(self.dtype):
            return to_numpy(function(*(np.asarray(a, self.dtype) for a in arrays)))

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
            size = min(padded(count, least), chunk)
            yield count, self.call(name, theta, *fixed, *(_pad(part, size) for part in parts))


def layers_within(layer: Any) -> list[keras.layers.Layer]:
    """The layer and all layers inside it, at any depth, each once, in the order in which they were made."""
    found: dict[int, keras.layers.Layer] = {id(layer): layer}
    pending = [layer]
    while pending:
        owner = pending.pop(0)
        parts = (
            owner.layers if isinstance(owner, keras.Model) else keras.tree.flatten(list(vars(owner).values()))
        )
        inside = [part for part in parts if isinstance(part, keras.layers.Layer) and id(part) not in found]
        found.update({id(part): part for part in inside})
        pending[:0] = inside
    return list(found.values())


def _weights(network: keras.Model, roles: Mapping[str, Role] | None) -> Iterator[Weight]:
    """The trainable variables of the network in order; without `roles`, as for a user's network, none has a role."""
    layers = list(layers_within(network))
    states = [(layer, name) for layer in layers for name in state_matrices(layer)]
    orthogonal = {id(getattr(layer, name, None)) for layer, name in states}
    cells = [layer for layer in layers if isinstance(layer, RecurrentCell) and layer.elementwise]
    memory = {id(cell.recurrent_kernel) for cell in cells}
    paths, start = [variable.path for variable in network.trainable_variables], 0
    for number, variable in enumerate(network.trainable_variables):
        path, shape = variable.path, tuple(variable.shape)
        stop = start + int(np.prod(shape))
        yield Weight(
            path if paths.count(path) == 1 else f"{path}#{number}",
            shape,
            slice(start, stop),
            (roles or {}).get(f"/{path}".rsplit("/", 2)[-2]),
            id(variable) in orthogonal,
            id(variable) in memory,
        )
        start = stop


def _counted(variable: Any, draw: Any) -> Any:
    """[seed, count], the state of a random generator of Keras."""
    return keras.ops.stack([variable.value[0], keras.ops.cast(draw, variable.dtype)])


def padded(count: int, least: int) -> int:
    """At least `least`: the next of 1, 2, 3, 4, 6, 8, 12, ..., 1024, then of the multiples of 1024."""
    if count > 1024:
        return -(-count // 1024) * 1024
    power = 1 << max(count - 1, 0).bit_length()
    return max(power * 3 // 4 if count <= power * 3 // 4 and power > 2 else power, least)


def _pad(part: Array, rows: int) -> Array:
    if len(part) == rows:
        return part
    return np.concatenate([part, np.zeros((rows - len(part), *part.shape[1:]), part.dtype)])


def made_once(maxsize: int) -> Callable[[Callable[..., Made]], Callable[..., Made]]:
    """A cache of the last `maxsize` results of a function; threads that ask for the same one wait for the first."""

    def decorate(function: Callable[..., Made]) -> Callable[..., Made]:
        cached, lock = functools.lru_cache(maxsize=maxsize)(function), threading.RLock()

        @functools.wraps(function)
        def ask(*arguments: Any, **named: Any) -> Made:
            with lock:
                return cached(*arguments, **named)

        return ask

    return decorate
