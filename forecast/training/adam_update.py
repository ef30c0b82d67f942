"""The update of Adam as a function of arrays, and many steps of it in one compiled loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import ops

from forecast.training.backend import loop, value_and_gradient


def adam_update(gradient: Any, m: Any, v: Any, count: Any) -> tuple[Any, Any, Any, Any]:
    """(update, m, v, count) after a gradient (P,); the parameters then move by minus the learning rate times update.

    Equation:
        g <- g / max(|g|, 1)
        m <- 0.9 m + 0.1 g,   v <- 0.999 v + 0.001 g^2,   k <- k + 1
        update = (m / (1 - 0.9^k)) / (sqrt(v / (1 - 0.999^k)) + 1e-8)

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


def adam_steps(loss: Callable[..., Any], *, noisy: bool = False) -> Callable[..., Any]:
    """Steps of Adam on the mean of `loss(theta, *batch)`, with decoupled decay, for a stack of batches (K, B, ...).

    Equation:
        theta <- theta - rate (update + pull * (theta - center))

    Symbols:
        rate: learning rate; pull (P,): the decay of each parameter towards `center` (P,).

    Args:
        loss: weighted sum over a batch whose last array holds the weights.
        noisy: whether `loss` takes one more argument, a count that seeds a new draw of dropout.

    Returns:
        (theta, m, v, count, rate, pull, center, *batches) -> (theta, m, v, count, mean loss of each batch (K,)).
    """
    objective = value_and_gradient(loss)

    def steps(
        theta: Any, m: Any, v: Any, count: Any, rate: Any, pull: Any, center: Any, *batches: Any
    ) -> tuple[Any, ...]:
        def step(carry: tuple[Any, ...], batch: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
            theta, m, v, count = carry
            scale = 1.0 / (ops.sum(batch[-1]) + 1e-12)
            value, gradient = objective(theta, *batch, *([1024 * count] if noisy else []))
            update, m, v, count = adam_update(gradient * scale, m, v, count)
            return (theta - rate * (update + pull * (theta - center)), m, v, count), value * scale

        carry, losses = loop(step, (theta, m, v, count), tuple(batches))
        return (*carry, losses)

    return steps
