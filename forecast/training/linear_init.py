"""The linear start of training: a silent nonlinear branch, the linear path at its least-squares AR solution."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from forecast.layers.graph import NodeDense
from forecast.networks.roles import Role
from forecast.training.backend import precision, to_numpy
from forecast.training.flat_network import Array, FlatNetwork
from forecast.training.problem import OneStep
from forecast.training.window_program import Program

START_ROWS = 200_000  # forecasts that determine the linear start; more add nothing but time
NODE_ROWS = 1024  # windows at a time: bounds the memory of the features of all nodes


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

    is the ordinary least-squares fit, solved by the singular value decomposition. A linear path with weights
    of its own for every node is solved node by node (`node_start`). A network without a linear path is returned
    as it came.
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


def node_layer(program: Program) -> NodeDense | None:
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
