"""Where training starts and what it is pulled to: random weights, a linear path at AR, the prior around both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from forecast.layers.graph import NodeDense
from forecast.networks.roles import Role
from forecast.training.backend import precision, to_numpy
from forecast.training.flat_network import Array, FlatNetwork, Weight
from forecast.training.problem import OneStep
from forecast.training.window_program import WindowProgram

START_ROWS = 200_000  # forecasts that determine the linear start; more add nothing but time
NODE_ROWS = 1024  # windows at a time: bounds the memory of the features of all nodes
SMALLEST, LARGEST = 1e-9, 1e9  # bounds of a prior precision relative to the noise precision
STRIDE = 10.0  # an update of a prior precision changes it by at most this factor
FIRST_PRECISION = 0.01  # weak: a strong first prior would silence a branch whose gain is still small


def initial_weights(network: FlatNetwork, rng: np.random.Generator) -> Array:
    """theta (P,): the linear path zero, the variables of `is_random` at random, the rest as the network was built.

    Kernels are drawn from U(-a, a), a^2 = 6 / (fan in + fan out) (Glorot and Bengio 2010); the matrices that
    multiply the state of a recurrent cell are orthogonal gate by gate (Saxe, McClelland and Ganguli 2014), the
    recurrent weights of a diagonal cell are from U(0, 1) (Li et al. 2018). Biases of hidden and delay layers are from
    U(-1, 1), so that the units are steep at different inputs; vectors of symbols are normal with variance 1 / size.
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
    """A random orthogonal matrix, uniformly distributed."""
    basis, upper = np.linalg.qr(rng.normal(size=(size, size)))
    return basis * np.sign(np.diag(upper))


def linear_members(network: FlatNetwork) -> Array:
    """(P,) True for the linear path and the intercept: the parameters in which a start network is linear."""
    members = network.members(Role.LINEAR)
    for weight in network.weights:
        if weight.role is Role.OUTPUT and weight.bias:
            members[weight.part] = True
    return members


def silent(network: FlatNetwork, theta: Array) -> Array:
    """theta with the output layer of the nonlinear branch at zero."""
    theta = theta.copy()
    for weight in network.weights:
        if weight.role is Role.OUTPUT and not weight.bias:
            theta[weight.part] = 0.0
    return theta


def linear_start(problem: OneStep, theta: Array) -> Array:
    """theta with its linear path and intercept at the weighted least-squares AR/ARX solution.

    With a silent nonlinear branch the network is linear in these parameters, so one Gauss-Newton step,

        theta_lin <- theta_lin + argmin_d || sqrt(w) (y - f(theta) - J_lin d) ||^2,

    is the ordinary least-squares fit, solved by the singular value decomposition. A linear path with separate
    weights for every node is solved node by node (`node_start`). Without a linear path theta is returned
    unchanged.
    """
    program = problem.program
    if not program.members(Role.LINEAR).any():
        return theta
    nodes = node_layer(program)
    if nodes is not None:
        return node_start(problem, theta, nodes)
    members = linear_members(program)
    count, most, block = len(problem), START_ROWS // program.steps, program.block
    which = np.arange(count) if count <= most else np.linspace(0, count - 1, most).astype(int)
    design, residual = [], []
    for start in range(0, len(which), block):
        jacobian, error = problem.rows(theta, which[start : start + block])
        design.append(jacobian[:, members])
        residual.append(error)
    solution = np.linalg.lstsq(np.concatenate(design), np.concatenate(residual), rcond=None)[0]
    theta = theta.copy()
    theta[members] += solution
    return theta


def node_layer(program: WindowProgram) -> NodeDense | None:
    """The layer of the network whose weights belong to the nodes one by one, if it has one."""
    return next((layer for layer in program.network.layers if isinstance(layer, NodeDense)), None)


def node_start(problem: OneStep, theta: Array, layer: NodeDense) -> Array:
    """theta with the linear path at its weighted least-squares solution, each node from its own errors.

    Where the nonlinear branch is silent, y_i = r_i [u_i, 1] [A_i; a_i], with r_i the response of the output
    to a_i: 1, or the scale of a normalised window. So every node (all nodes together when the weights are
    shared) has normal equations of its own,

        (sum r^2 w u u') d = sum r w u (y - f(theta)),

    summed over the windows. The Jacobian of all nodes by all weights, nearly all of it zero, is never made.
    """
    program = problem.program
    bias, kernel = sorted((w for w in program.weights if w.role is Role.LINEAR), key=lambda w: not w.bias)
    raised = theta.copy()
    raised[bias.part] += 1.0
    features = keras.Model(program.network.input, layer.input)
    columns = list(layer.columns or range(program.targets))
    products: Any = 0.0
    moments: Any = 0.0
    for start in range(0, len(problem), NODE_ROWS):
        window, target, weight = problem.take(np.arange(start, min(start + NODE_ROWS, len(problem))))
        with precision(program.dtype):
            u = to_numpy(features(window.astype(program.dtype))).astype(float)  # (B, n, P)
        now = program.apply(theta, window).astype(float)
        response = (program.apply(raised, window) - now)[:, :, columns]  # (B, H, n)
        error = (target - now)[:, :, columns]
        more = _normal(u, response, error, weight[:, :, columns], layer.shared)
        products, moments = products + more[0], moments + more[1]
    solution = np.linalg.pinv(products, rcond=1e-12, hermitian=True) @ moments[..., None]  # (n, H, P+1, 1)
    solution = solution[..., 0].swapaxes(1, 2)  # (n, P+1, H)
    theta = theta.copy()
    theta[kernel.part] += solution[:, :-1].ravel()
    theta[bias.part] += solution[:, -1].ravel()
    return theta


def _normal(u: Array, response: Array, error: Array, weight: Array, shared: bool) -> tuple[Array, Array]:
    """Sums over windows of r^2 w u u' (n, H, P+1, P+1) and r w u e (n, H, P+1); n = 1 when shared."""
    u = np.concatenate([u, np.ones_like(u[:, :, :1])], axis=2).swapaxes(0, 1)  # (n, B, P+1)
    if shared:
        u = u.reshape(1, -1, u.shape[2])
        response, error, weight = (
            v.transpose(2, 0, 1).reshape(-1, v.shape[1], 1) for v in (response, error, weight)
        )
    products, moments = [], []
    for step in range(error.shape[1]):
        scale = (response[:, step] * weight[:, step]).T[..., None]  # (n, B, 1)
        products.append((u * scale * response[:, step].T[..., None]).swapaxes(1, 2) @ u)
        moments.append(((u * scale).swapaxes(1, 2) @ error[:, step].T[..., None])[..., 0])
    return np.stack(products, axis=1), np.stack(moments, axis=1)


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
        """(decay ||theta - center||^2, its gradient), for the solvers without evidence; zero where decay is None."""
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
