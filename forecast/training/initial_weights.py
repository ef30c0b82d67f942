"""Random weights: which variables of a network start at random, and how; the seed alone decides."""

from __future__ import annotations

import numpy as np

from forecast.training.window_program import Array, Program

BIASED = ("hidden", "delay")  # layers whose biases are drawn
RECURRENT = ("recurrent_kernel", "candidate_kernel", "update_kernel")  # what a cell's state goes through


def draw(program: Program, rng: np.random.Generator) -> Array:
    """theta (P,): the linear path zero, the variables of `is_drawn` at random, the rest as the network was built.

    Kernels are drawn from U(-a, a), a^2 = 6 / (fan in + fan out) (Glorot and Bengio 2010); the matrices that
    the state of a recurrent cell goes through are orthogonal gate by gate (Saxe, McClelland and Ganguli 2014),
    the recurrence of a diagonal cell is from U(0, 1) (Li et al. 2018). Biases of hidden and delay layers are
    from U(-1, 1), so that the units' slopes lie apart; vectors of symbols are normal, with variance 1 over
    their size.
    """
    theta = program.template.copy()
    for (path, part), shape in zip(program.slices().items(), program.shapes, strict=True):
        if path.rsplit("/", 2)[-2] == "linear":
            theta[part] = 0.0
        elif is_drawn(program, path):
            theta[part] = _values(path.rsplit("/", 1)[-1], shape, rng).ravel()
    return theta


def is_drawn(program: Program, path: str) -> bool:
    """Whether a variable starts at random.

    The linear path, the output layer, kernels that start at zero, the biases of recurrent cells and gains do
    not.
    """
    owner, name = path.rsplit("/", 2)[-2:]
    if owner in ("linear", "output"):
        return False
    if len(program.shapes[program.paths.index(path)]) >= 2:
        return bool(program.template[program.slices()[path]].any())
    return name == "recurrent_kernel" or (name == "bias" and owner.startswith(BIASED))


def _values(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    if name == "embeddings":
        return rng.normal(size=shape) / np.sqrt(shape[1])
    if len(shape) == 1:
        return rng.uniform(-1.0 if name == "bias" else 0.0, 1.0, shape)
    if name in RECURRENT and shape[1] % shape[0] == 0:
        return np.concatenate([_orthogonal(shape[0], rng) for _ in range(shape[1] // shape[0])], axis=1)
    limit = np.sqrt(6.0 / (int(np.prod(shape[:-1])) + shape[-1]))
    return rng.uniform(-limit, limit, shape)


def _orthogonal(size: int, rng: np.random.Generator) -> Array:
    """An orthogonal matrix, every one as likely as any other."""
    basis, upper = np.linalg.qr(rng.normal(size=(size, size)))
    return basis * np.sign(np.diag(upper))
