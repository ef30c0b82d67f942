"""The Gaussian prior on the weights: what they are pulled to, how strongly, and how evidence sets the strength."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.networks.roles import Role
from forecast.training.flat_network import Array, FlatNetwork
from forecast.training.initial_weights import is_random

SMALLEST, LARGEST = 1e-9, 1e9  # bounds of a prior precision relative to the noise precision
STRIDE = 10.0  # an update of a prior precision changes it by at most this factor
FIRST_PRECISION = 0.01  # weak: a strong first prior would silence a branch whose gain is still small


@dataclass(frozen=True, eq=False)
class Prior:
    """A Gaussian prior on theta: precision alpha_g for each group g of parameters, around `center`.

    Args:
        groups: (P,) group number of each parameter; -1 leaves a parameter free.
        center: (P,) where the prior pulls to: the linear AR solution, zero for the nonlinear branch.
        decay: a fixed strength, the penalty decay * ||theta - center||^2 beside the mean squared error, or
            None: from the evidence.
    """

    groups: Array
    center: Array
    decay: float | None = None

    def initial(self, count: float) -> Array:
        """(P,) precisions to start from: unit variance in the units of scaled data, or the fixed decay."""
        return np.where(self.groups < 0, 0.0, FIRST_PRECISION if self.decay is None else self.decay * count)

    def penalty(self, theta: Array) -> tuple[float, Array]:
        """(decay ||theta - center||^2, its gradient), for the solvers that know no evidence (None: zero)."""
        pull = np.where(self.groups < 0, 0.0, (self.decay or 0.0) * (theta - self.center))
        return float(pull @ (theta - self.center)), 2.0 * pull

    def cost(self, theta: Array, precision: Array) -> float:
        """1/2 sum_p alpha_p (theta_p - center_p)^2."""
        return 0.5 * float(np.sum(precision * (theta - self.center) ** 2))

    def evidence(self, theta: Array, precision: Array, inverse: Array, beta: float) -> tuple[Array, float]:
        """New precisions and gamma, the number of well-determined parameters (MacKay 1992)."""
        updated, gamma = precision.copy(), float(np.sum(self.groups < 0))
        for group in range(int(self.groups.max()) + 1):
            members = self.groups == group
            size, alpha = int(members.sum()), float(precision[members][0])
            determined = float(np.clip(size - alpha * np.sum(np.diag(inverse)[members]), 0.0, size))
            spread = float(np.sum((theta[members] - self.center[members]) ** 2))
            value = np.clip((determined + 1e-12) / (spread + 1e-12), alpha / STRIDE, alpha * STRIDE)
            updated[members] = np.clip(value, SMALLEST * beta, LARGEST * beta)
            gamma += determined
        return updated, gamma


def prior_at(network: FlatNetwork, center: Array, *, decay: float | None) -> Prior:
    """A prior with one group per variable: the linear path pulled to `center` (AR), others to zero or their start.

    Randomly drawn parameters are pulled to zero, all others to their initial value (a gain to one, a forget-gate
    bias to one).

    Each input of the first hidden layer has a group of its own (automatic relevance determination, MacKay
    1994), so that the evidence can switch off a single lag. The intercept of the output is free.
    """
    groups, where, number = np.full(network.size, -1), np.zeros(network.size), 0
    for weight in network.weights:
        if weight.bias and weight.role in (Role.LINEAR, Role.OUTPUT):
            continue
        if weight.role is Role.LINEAR:
            where[weight.part] = center[weight.part]
        elif not is_random(network, weight):
            where[weight.part] = network.template[weight.part]
        inputs = weight.shape[0] if weight.role is Role.FIRST and not weight.bias else 1
        size = (weight.part.stop - weight.part.start) // inputs
        groups[weight.part] = number + np.repeat(np.arange(inputs), size)
        number += inputs
    return Prior(groups, where, decay)


def kernel_prior(network: FlatNetwork, decay: float) -> Prior:
    """Weight decay on all kernels and vectors of symbols; biases are free."""
    groups = np.full(network.size, -1)
    for weight in network.weights:
        if len(weight.shape) >= 2 and not weight.path.endswith("bias"):
            groups[weight.part] = 0
    return Prior(groups, np.zeros(network.size), decay)
