"""Where training starts: a silent nonlinear branch, a linear path at AR; what it is pulled to."""

from __future__ import annotations

import numpy as np

from forecast.training.initial_weights import is_drawn
from forecast.training.levenberg_marquardt import Prior
from forecast.training.node_start import node_layer, node_start
from forecast.training.problem import OneStep
from forecast.training.window_program import Array, Program

FIRST = ("hidden_1", "delay_1")  # layers whose inputs each have a prior of their own
START_ROWS = 200_000  # forecasts that determine the linear start; more add nothing but time


def linear_members(program: Program) -> Array:
    """(P,) True for the linear path and the intercept: the parameters in which a start network is linear."""
    members = np.zeros(program.size, bool)
    names = {path: path.rsplit("/", 2)[-2:] for path in program.paths}
    for path, part in program.slices().items():
        if names[path][0] == "linear" or names[path] == ["output", "bias"]:
            members[part] = True
    return members


def linear_start(problem: OneStep, theta: Array) -> Array:
    """theta with its linear path and intercept at the weighted least-squares AR/ARX solution.

    With a silent nonlinear branch the network is linear in these parameters, so that one Gauss-Newton step,

        theta_lin <- theta_lin + argmin_d || sqrt(w) (y - f(theta) - J_lin d) ||^2,

    is the ordinary least-squares fit, solved by the singular value decomposition. A linear path with weights
    of their own for every node is solved node by node (`node_start`). A network without a layer named
    "linear" is returned as it came.
    """
    nodes = node_layer(problem.program)
    if nodes is not None:
        return node_start(problem, theta, nodes)
    members = linear_members(problem.program)
    if not any(path.rsplit("/", 2)[-2] == "linear" for path in problem.program.paths):
        return theta
    count, most, block = len(problem), START_ROWS // problem.program.steps, problem.program.block
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


def silent(program: Program, theta: Array) -> Array:
    """theta with the output layer of the nonlinear branch at zero."""
    theta = theta.copy()
    for path, part in program.slices().items():
        if path.rsplit("/", 2)[-2:] == ["output", "kernel"]:
            theta[part] = 0.0
    return theta


def prior_at(program: Program, center: Array, *, decay: float | None) -> Prior:
    """A prior with one group a variable: the linear path pulled to `center` (AR), others to zero or their start.

    What is drawn at random is pulled to zero, what is not to the value it starts at: a gain to one, the bias
    of a forget gate to one.

    Each input of the first hidden layer has a group of its own (automatic relevance determination, MacKay
    1994), so that the evidence can switch off a single lag. The intercept of the output is free.
    """
    groups, where = np.full(program.size, -1), np.zeros(program.size)
    number = 0
    for path, part in program.slices().items():
        owner, name = path.rsplit("/", 2)[-2:]
        if owner == "output" and name == "bias":
            continue
        if owner == "linear":
            if name == "bias":
                continue
            where[part] = center[part]
        elif not is_drawn(program, path):
            where[part] = program.template[part]
        inputs = program.shapes[program.paths.index(path)][0] if owner in FIRST and name == "kernel" else 1
        size = (part.stop - part.start) // inputs
        groups[part] = number + np.repeat(np.arange(inputs), size)
        number += inputs
    return Prior(groups, where, decay)
