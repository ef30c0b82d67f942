"""The equations of the cells in numpy, step by step, and what the tests need to hold a cell against them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from tests.checks import evaluate, normal, randomize, to_numpy

Array = np.ndarray
Weights = dict[str, Array]
BATCH, TIME, FEATURES, UNITS = 3, 6, 2, 4


def record(features: int = FEATURES) -> Array:
    """Inputs (B, T, F)."""
    return normal((BATCH, TIME, features), dtype="float32")


def random_cell(cell: Any, features: int = FEATURES) -> Any:
    """The cell built, with no weight left at its start."""
    cell.build((None, features))
    cell.built = True
    randomize(cell)
    return cell


def run(layer: Any, x: Array) -> Array:
    """The outputs (B, T, U) of a cell, or of a recurrent layer of Keras, over a record."""
    if not isinstance(layer, keras.layers.RNN):
        layer = keras.layers.RNN(layer, return_sequences=True)
    symbol = keras.Input(x.shape[1:], dtype=str(x.dtype))
    return to_numpy(evaluate(keras.Model(symbol, layer(symbol)), x))


def weights(cell: Any) -> Weights:
    """The weights of a cell by name, in double precision."""
    return {weight.name: to_numpy(weight).astype("float64") for weight in cell.weights}


def unroll(step: Callable[..., tuple[Array, ...]], x: Array, *sizes: int) -> Array:
    """The first state after each step (B, T, U), from states of zeros; step(x_t, *states) -> states."""
    states: tuple[Array, ...] = tuple(np.zeros((len(x), size)) for size in sizes)
    outputs = []
    for t in range(x.shape[1]):
        states = step(x[:, t].astype("float64"), *states)
        outputs.append(states[0])
    return np.stack(outputs, axis=1)


def by_gate(packed: Array, names: str) -> Weights:
    """Blocks of the last axis under one letter each."""
    return dict(zip(names, np.split(packed, len(names), axis=-1), strict=True))


def sigma(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def identity(z: Array) -> Array:
    return z


def lstm(
    w: Weights,
    *,
    learned: str = "ifgo",
    coupled: str | None = None,
    peepholes: str | None = None,
    recurrent_gates: bool = False,
    phi: Callable[[Array], Array] = np.tanh,
    psi: Callable[[Array], Array] = np.tanh,
    below: Callable[[Array, Array], Array] | None = None,
) -> Callable[..., tuple[Array, ...]]:
    """One step of long short-term memory: (x, h, c[, gates]) -> (h, c[, gates]).

    `learned` names the gates (and g) that exist, the others are 1; `below(x, c)` also enters the memory.
    """
    W, U, b = (by_gate(w[name], learned) for name in ("kernel", "recurrent_kernel", "bias"))
    gates = learned.replace("g", "")

    def step(x: Array, h: Array, c: Array, old: Array | None = None) -> tuple[Array, ...]:
        z = {gate: x @ W[gate] + h @ U[gate] + b[gate] for gate in learned}
        if recurrent_gates:
            for gate, part in by_gate(old @ w["gate_kernel"], gates).items():
                z[gate] = z[gate] + part

        def value(gate: str, memory: Array) -> Array:
            if gate not in learned:
                return np.ones_like(c)
            return sigma(z[gate] + w.get(f"peephole_{gate}", 0.0) * memory)

        i, f = value("i", c), value("f", c)
        f = 1 - i if coupled == "input" else f
        i = 1 - f if coupled == "forget" else i
        new = f * c + i * phi(z["g"]) + (0 if below is None else below(x, c))
        o = value("o", new if peepholes == "current" else c)
        all_gates = {"i": i, "f": f, "o": o}
        after = (o * psi(new), new)
        return (*after, np.concatenate([all_gates[g] for g in gates], -1)) if recurrent_gates else after

    return step


def gru(w: Weights, *, update: str = "keep", reset: str = "after") -> Callable[..., tuple[Array, ...]]:
    """One step of the gated recurrent unit: (x, h) -> (h,)."""
    W, b = by_gate(w["kernel"], "zrn"), by_gate(w["bias"], "zrn")
    U = by_gate(w["recurrent_kernel"], "zrn" if reset == "after" else "zr")

    def step(x: Array, h: Array) -> tuple[Array, ...]:
        z, r = (sigma(x @ W[gate] + h @ U[gate] + b[gate]) for gate in "zr")
        if reset == "after":
            past = r * (h @ U["n"] + w["candidate_bias"])
        else:
            past = (r * h) @ w["candidate_kernel"]
        n = np.tanh(x @ W["n"] + b["n"] + past)
        share = z if update == "keep" else 1 - z
        return (share * h + (1 - share) * n,)

    return step


def mut(w: Weights, *, variant: int, bare: bool) -> Callable[..., tuple[Array, ...]]:
    """One step of MUT1, MUT2 or MUT3: (x, h) -> (h,); `bare` when the paper's bare x has no projection."""
    names = {1: "zr", 2: "zn"}[variant] if bare and variant < 3 else "zrn"
    W, b, U_r, U_n = (
        by_gate(w["kernel"], names),
        by_gate(w["bias"], "zrn"),
        "recurrent_kernel",
        "candidate_kernel",
    )

    def step(x: Array, h: Array) -> tuple[Array, ...]:
        seen = {gate: x @ W[gate] if gate in W else x for gate in "zrn"}
        r = sigma(seen["r"] + h @ w[U_r] + b["r"])
        past = (r * h) @ w[U_n]
        if variant == 1:
            z = sigma(seen["z"] + b["z"])
            n = np.tanh(past + np.tanh(seen["n"]) + b["n"])
        else:
            z = sigma(seen["z"] + (h if variant == 2 else np.tanh(h)) @ w["update_kernel"] + b["z"])
            n = np.tanh(past + seen["n"] + b["n"])
        return (n * z + h * (1 - z),)

    return step
