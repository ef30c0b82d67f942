"""Least squares of a linear layer with weights of their own for every node, one node after another."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from forecast.layers.graph import NodeDense
from forecast.training.backend import precision, to_numpy
from forecast.training.problem import OneStep
from forecast.training.window_program import Array, Program

ROWS = 1024  # windows at a time: bounds the memory of the features


def node_layer(program: Program) -> NodeDense | None:
    """The layer of the network whose weights belong to the nodes one by one, if it has one."""
    return next((layer for layer in program.network.layers if isinstance(layer, NodeDense)), None)


def node_start(problem: OneStep, theta: Array, layer: NodeDense) -> Array:
    """theta with the layer "linear" at its weighted least-squares solution, each node from its own errors.

    Where the nonlinear branch is silent, y_i = r_i [u_i, 1] [A_i; a_i], with r_i the response of the output
    to a_i: 1, or the scale of a normalised window. So every node (all nodes together when the weights are
    shared) has normal equations of its own,

        (sum r^2 w u u') d = sum r w u (y - f(theta)),

    summed over the windows. The Jacobian of all nodes by all weights, nearly all of it zero, is never made.
    """
    program = problem.program
    place = {tuple(path.rsplit("/", 2)[-2:]): part for path, part in program.slices().items()}
    kernel, bias = place["linear", "kernel"], place["linear", "bias"]
    raised = theta.copy()
    raised[bias] += 1.0
    features = keras.Model(program.network.input, layer.input)
    columns = list(layer.columns or range(program.targets))
    products: Any = 0.0
    moments: Any = 0.0
    for start in range(0, len(problem), ROWS):
        window, target, weight = problem.take(np.arange(start, min(start + ROWS, len(problem))))
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
    theta[kernel] += solution[:, :-1].ravel()
    theta[bias] += solution[:, -1].ravel()
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
