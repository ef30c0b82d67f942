"""The step of Adam as a function of arrays, which compiled loops share."""

from __future__ import annotations

from typing import Any

from keras import ops


def adam_move(gradient: Any, m: Any, v: Any, count: Any) -> tuple[Any, Any, Any, Any]:
    """(move, m, v, count) after a gradient (P,); the parameters then go by minus the learning rate times move.

    Equation:
        g <- g / max(|g|, 1)
        m <- 0.9 m + 0.1 g,   v <- 0.999 v + 0.001 g^2,   k <- k + 1
        move = (m / (1 - 0.9^k)) / (sqrt(v / (1 - 0.999^k)) + 1e-8)

    Symbols:
        g: `gradient`; m, v: its moments (P,), zero at the start; k: `count` of the steps made.

    References:
        Kingma, D. P. and Ba, J. (2015). Adam: a method for stochastic optimization. ICLR.
        Pascanu, R., Mikolov, T. and Bengio, Y. (2013). On the difficulty of training recurrent neural
        networks. ICML.
    """
    gradient = gradient / ops.maximum(ops.sqrt(ops.sum(gradient * gradient)), 1.0)
    m, v, count = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient * gradient, count + 1.0
    return (m / (1.0 - 0.9**count)) / (ops.sqrt(v / (1.0 - 0.999**count)) + 1e-8), m, v, count
