"""Training of networks that score classes of padded sequences: masked cross-entropy, start, solver."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import keras
import numpy as np

from forecast.networks.roles import Role
from forecast.networks.sequences import SequenceConfig
from forecast.panel.sequences import Sequences
from forecast.training.adam_update import adam_steps
from forecast.training.backend import value_and_gradient
from forecast.training.fit import solve
from forecast.training.flat_network import CHUNK, Array, FlatNetwork, padded
from forecast.training.objective import CrossEntropy
from forecast.training.options import Options
from forecast.training.start import initial_weights, kernel_prior

LEAST_TIME = 8  # shorter sequences are padded to this: one compilation serves them all
CALL_STEPS = 262_144  # time steps of all sequences in one compiled call
SMALL, STEPS = 20_000, 400_000  # parameters and time steps up to which "auto" is L-BFGS


class SequenceProgram(FlatNetwork):
    """Compiled functions of a network (B, T, 1+F) -> class scores (B, K) or (B, T, K), for any T.

    Args:
        classes: K, at least 1.
        build, roles, dtype, jit, noisy: those of `FlatNetwork`.
    """

    def __init__(
        self,
        build: Callable[[], keras.Model],
        *,
        classes: int,
        roles: Mapping[str, Role] | None = None,
        dtype: str = "float64",
        jit: bool = True,
        noisy: bool = False,
    ):
        super().__init__(build, objective=CrossEntropy(), roles=roles, dtype=dtype, jit=jit, noisy=noisy)
        self.classes = classes

    @classmethod
    def of(cls, config: SequenceConfig, *, jit: bool = True) -> Self:
        """The compiled network of a config."""
        return cls(
            config.build,
            classes=config.classes,
            roles=config.roles,
            dtype=config.dtype,
            jit=jit,
            noisy=config.dropout > 0,
        )

    def traced(self) -> dict[str, Callable[..., Any]]:
        """The functions to compile, by name."""
        return {
            "apply": self._plain,
            "gradient": value_and_gradient(self._loss),
            "adam": adam_steps(self._loss, noisy=self.noisy),
        }


@dataclass(frozen=True, eq=False)
class Labelled:
    """Sequences with a class each, or one at every step: the cross-entropy as a problem for the solvers.

    Args:
        program: the network.
        sequences: S sequences of N rows.
        codes: class numbers, one per sequence (S,) or one per row (N,).
        keep: (n,) the sequences that count.
    """

    update: ClassVar[str] = "adam"
    program: SequenceProgram
    sequences: Sequences
    codes: Array
    keep: Array

    @functools.cached_property
    def per_step(self) -> bool:
        """Whether every row has a class of its own."""
        return self.program.network.output_shape[1:-1] != ()

    @functools.cached_property
    def length(self) -> int:
        """T, to which all sequences are padded."""
        return padded_length(self.sequences, self.keep)

    @property
    def count(self) -> float:
        """The number of classes to learn."""
        return float(self.sequences.lengths[self.keep].sum()) if self.per_step else float(len(self.keep))

    def __len__(self) -> int:
        return len(self.keep)

    def take(self, which: Array) -> tuple[Array, Array, Array]:
        """rows (B, T, 1+F), targets (B, K) or (B, T, K) and weights (B, 1) or (B, T, 1) of some sequences."""
        chosen, dtype = self.keep[which], self.program.dtype
        rows = self.sequences.padded(chosen, self.length).astype(dtype)
        unit = np.eye(self.program.classes, dtype=dtype)
        if not self.per_step:
            return rows, unit[self.codes[chosen]], np.ones((len(chosen), 1), dtype)
        codes = Sequences(self.codes[:, None], self.sequences.offsets).padded(chosen, self.length)
        return rows, unit[codes[..., 1]], rows[..., :1]

    def error(self, theta: Array) -> float:
        """The cross-entropy of all classes."""
        return self.gradient(theta)[0]

    def gradient(self, theta: Array) -> tuple[float, Array]:
        """(the cross-entropy, its gradient (P,))."""
        error, total = 0.0, np.zeros(self.program.size)
        for block in blocks(np.arange(len(self)), self.length):
            for _, (part, gradient) in _chunked(self.program, "gradient", theta, *self.take(block)):
                error, total = error + float(part), total + gradient
        return error, total


def padded_length(sequences: Sequences, which: Array) -> int:
    """The length of the longest of these sequences, rounded up so that new lengths seldom need a compilation."""
    return padded(int(sequences.lengths[which].max()), LEAST_TIME)


def blocks(which: Array, length: int) -> Iterator[Array]:
    """Parts of `which` that fit into one compiled call."""
    size = max(1, min(CHUNK, CALL_STEPS // length))
    for start in range(0, len(which), size):
        yield which[start : start + size]


def _chunked(program: SequenceProgram, name: str, theta: Array, *arrays: Array) -> Iterator[tuple[int, Any]]:
    """The compiled call on a block, its rows padded to one of a few counts: more of them when T is small."""
    least = max(1, min(64, 1024 // arrays[0].shape[1]))
    return program.chunked(name, theta, *arrays, least=least)


def scores(program: SequenceProgram, theta: Array, sequences: Sequences) -> Array:
    """Class scores (S, K), or (N, K) of every row, of sequences in their own order, a few lengths at a time."""
    per_step = program.network.output_shape[1:-1] != ()
    order = np.argsort(sequences.lengths, kind="stable")
    values = np.empty((len(sequences.values) if per_step else len(sequences), program.classes))
    lengths = np.array([padded(int(length), LEAST_TIME) for length in sequences.lengths[order]])
    for length in np.unique(lengths):
        for which in blocks(order[lengths == length], int(length)):
            rows = sequences.padded(which, int(length)).astype(program.dtype)
            ((count, block),) = _chunked(program, "apply", theta, rows)
            if per_step:
                places = np.concatenate([np.arange(*sequences.offsets[k : k + 2]) for k in which])
                values[places] = sequences.unpadded(which, block[:count])
            else:
                values[which] = block[:count]
    return values


def start(program: SequenceProgram, codes: Array, rng: np.random.Generator) -> Array:
    """theta (P,) newly drawn: the classes at their frequencies, whatever the sequence.

    The output kernel is zero and its bias the logarithm of the frequencies.
    """
    theta = initial_weights(program, rng)
    frequency = np.bincount(codes, minlength=program.classes) / len(codes)
    (bias,) = (weight for weight in program.weights if weight.role is Role.OUTPUT and weight.bias)
    theta[bias.part] = np.log(np.maximum(frequency, 1e-12))
    return theta


def choose_sequence_solver(solver: str, parameters: int, steps: int, *, noisy: bool = False) -> str:
    """L-BFGS for small networks on small data, else Adam, which alone draws dropout."""
    if solver != "auto":
        return solver
    return "lbfgs" if not noisy and parameters <= SMALL and steps <= STEPS else "adam"


def train_sequences(
    program: SequenceProgram,
    sequences: Sequences,
    codes: Array,
    *,
    options: Options,
    rng: np.random.Generator,
) -> tuple[Array, list[dict[str, float]]]:
    """Fit `program` to sequences and their classes.

    Args:
        program: the compiled network.
        sequences: S scaled sequences of N rows.
        codes: class numbers (S,), or (N,) when the network has one output per step.
        options: solver and limits; the solver is "lbfgs" or "adam".
        rng: draws the initial weights, the sequences held out and the batches.

    Returns:
        theta (P,) and the loss of every epoch, epoch 0 first.
    """
    order = rng.permutation(len(sequences))
    held = round(float(options.validation) * len(sequences))
    if options.validation:
        held = min(max(held, 1), len(sequences) - 1)
    problem = Labelled(program, sequences, codes, np.sort(order[held:]))
    rest = Labelled(program, sequences, codes, order[:held]) if held else None
    theta = start(program, codes, rng)
    prior = kernel_prior(program, options.weight_decay or 0.0)
    solution, history = solve(problem, rest, theta, prior, options, rng)
    return solution.theta, history
