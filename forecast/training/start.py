"""Where training starts: random hidden weights, a silent nonlinear branch, a linear path at AR."""

from __future__ import annotations

import numpy as np

from forecast.training.levenberg_marquardt import Prior
from forecast.training.problem import OneStep
from forecast.training.program import CHUNK, Array, Program

DRAWN = ("hidden", "delay")  # layers whose biases are drawn
FIRST = ("hidden_1", "delay_1")  # layers whose inputs each have a prior of their own
START_ROWS = 200_000  # windows that determine the linear start; more add nothing but time


def random_theta(program: Program, rng: np.random.Generator) -> Array:
    """theta (P,) with kernels drawn anew, the rest as the network was built.

    Kernels are drawn from U(-a, a), a^2 = 6 / (fan in + fan out) (Glorot and Bengio 2010), the biases of
    hidden and delay layers from U(-1, 1), so that the units' slopes lie apart, the recurrence of a diagonal
    cell from U(0, 1). Every other variable (the linear path, kernels that start at zero, the biases of
    recurrent cells, gains) keeps its value.
    """
    theta = program.template.copy()
    for (path, part), shape in zip(program.slices().items(), program.shapes, strict=True):
        if not _is_drawn(program, path, shape):
            continue
        if len(shape) >= 2:
            fan_in, fan_out = int(np.prod(shape[:-1])), shape[-1]
            limit = np.sqrt(6.0 / (fan_in + fan_out))
            theta[part] = rng.uniform(-limit, limit, part.stop - part.start)
        else:
            low = -1.0 if path.endswith("/bias") else 0.0
            theta[part] = rng.uniform(low, 1.0, part.stop - part.start)
    return theta


def _is_drawn(program: Program, path: str, shape: tuple[int, ...]) -> bool:
    """Whether a variable starts at random."""
    owner, name = path.rsplit("/", 2)[-2:]
    if owner in ("linear", "output"):
        return False
    if len(shape) >= 2:
        return bool(program.template[program.slices()[path]].any())
    return name == "recurrent_kernel" or (name == "bias" and owner.startswith(DRAWN))


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

    is the ordinary least-squares fit, solved by the singular value decomposition. A network without a layer
    named "linear" is returned as it came.
    """
    members = linear_members(problem.program)
    if not any(path.rsplit("/", 2)[-2] == "linear" for path in problem.program.paths):
        return theta
    count = len(problem)
    which = np.arange(count) if count <= START_ROWS else np.linspace(0, count - 1, START_ROWS).astype(int)
    blocks = [problem.rows(theta, which[start : start + CHUNK]) for start in range(0, len(which), CHUNK)]
    design = np.concatenate([jacobian[:, members] for jacobian, _ in blocks])
    residual = np.concatenate([residual for _, residual in blocks])
    solution = np.linalg.lstsq(design, residual, rcond=None)[0]
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
        elif not _is_drawn(program, path, program.shapes[program.paths.index(path)]):
            where[part] = program.template[part]
        inputs = program.shapes[program.paths.index(path)][0] if owner in FIRST and name == "kernel" else 1
        size = (part.stop - part.start) // inputs
        groups[part] = number + np.repeat(np.arange(inputs), size)
        number += inputs
    return Prior(groups, where, decay)
