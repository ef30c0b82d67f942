"""Random weights: which variables of a network start at random, and how; the seed alone decides."""

from __future__ import annotations

import numpy as np

from forecast.networks.roles import Role
from forecast.training.flat_network import Array, FlatNetwork, Weight


def initial_weights(network: FlatNetwork, rng: np.random.Generator) -> Array:
    """theta (P,): the linear path zero, the variables of `is_random` at random, the rest as the network was built.

    Kernels are drawn from U(-a, a), a^2 = 6 / (fan in + fan out) (Glorot and Bengio 2010); the matrices that
    the state of a recurrent cell goes through are orthogonal gate by gate (Saxe, McClelland and Ganguli 2014),
    the recurrence of a diagonal cell is from U(0, 1) (Li et al. 2018). Biases of hidden and delay layers are
    from U(-1, 1), so that the units' slopes lie apart; vectors of symbols are normal, with variance 1 over
    their size.
    """
    theta = network.template.copy()
    for weight in network.weights:
        if weight.role is Role.LINEAR:
            theta[weight.part] = 0.0
        elif is_random(network, weight):
            theta[weight.part] = _values(weight, rng).ravel()
    return theta


def is_random(network: FlatNetwork, weight: Weight) -> bool:
    """Whether a variable starts at random.

    The linear path, the output layer, kernels that start at zero, the biases of recurrent cells and gains are not
    drawn; they keep their initial values.
    """
    if weight.role in (Role.LINEAR, Role.OUTPUT):
        return False
    if len(weight.shape) >= 2:
        return bool(network.template[weight.part].any())
    return weight.memory or (weight.bias and weight.role in (Role.FIRST, Role.HIDDEN))


def _values(weight: Weight, rng: np.random.Generator) -> Array:
    shape = weight.shape
    if weight.name == "embeddings":
        return rng.normal(size=shape) / np.sqrt(shape[1])
    if len(shape) == 1:
        return rng.uniform(0.0 if weight.memory else -1.0, 1.0, shape)
    if weight.orthogonal and shape[1] % shape[0] == 0:
        return np.concatenate([_orthogonal(shape[0], rng) for _ in range(shape[1] // shape[0])], axis=1)
    limit = np.sqrt(6.0 / (int(np.prod(shape[:-1])) + shape[-1]))
    return rng.uniform(-limit, limit, shape)


def _orthogonal(size: int, rng: np.random.Generator) -> Array:
    """An orthogonal matrix, every one as likely as any other."""
    basis, upper = np.linalg.qr(rng.normal(size=(size, size)))
    return basis * np.sign(np.diag(upper))
