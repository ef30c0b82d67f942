"""The network that is trained once for many series: doubly residual blocks over a window in units of its own."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from forecast.layers.residual import DoublyResidual


def pretrained(
    inputs: int, steps: int, *, blocks: int = 4, units: int = 256, skip: Sequence[int] | None = None
) -> keras.Model:
    """The network, not compiled: a window (B, 2 I) -> three numbers of each step (B, 3 H).

    Equation:
        v, a, b = stack(z; known) + (z_skip, 0, 0)
        quantile p = level + spread sinh(v + softplus(a) s),   s = Phi^-1(p) < 0; with b for a where s > 0

    Symbols:
        z: I values of the window relative to its last one, in units of its mean absolute seasonal difference, after
            arcsinh, 0 where missing; known: 1 where they are known.
        stack: `DoublyResidual`, the layer "blocks".

    Args:
        inputs: I; steps: H.
        blocks: number of residual blocks; units: of each of the two hidden layers of a block.
        skip: the input of each step from which its median starts, the same phase one season ago; None = the last value.

    References:
        Oreshkin, B. N., Carpov, D., Chapados, N. and Bengio, Y. (2021). Meta-learning framework with
        applications to zero-shot time-series forecasting. AAAI.

    Example:
        >>> pretrained(24, 8, units=4).output_shape
        (None, 24)
    """
    window = keras.Input((2 * inputs,), name="window")
    stack = DoublyResidual(blocks, (units, units), 3 * steps, past=inputs, name="blocks")
    numbers, _ = stack(window)
    stack.blocks[-1].backcast.trainable = False  # nothing reads what is left
    if skip is not None:
        start = ops.take(window, np.asarray(skip), axis=1)[..., None]
        numbers = numbers + ops.reshape(ops.pad(start, ((0, 0), (0, 0), (0, 2))), (-1, 3 * steps))
    return keras.Model(window, numbers, name="pretrained")


def block_maps(network: keras.Model) -> list[tuple[keras.Variable, ...]]:
    """The variables of each block: kernel and bias of both hidden layers, the map to the backcast, that to the output.

    Example:
        >>> [tuple(variable.shape) for variable in block_maps(pretrained(3, 2, blocks=1, units=4))[0]]
        [(6, 4), (4,), (4, 4), (4,), (4, 3), (4, 6)]
    """
    found = []
    for block in network.get_layer("blocks").blocks:
        hidden = [variable for layer in block.hidden for variable in (layer.kernel, layer.bias)]
        found.append((*hidden, block.backcast.kernel, block.forecast.kernel))
    return found
