"""How much of the gradient of a loss at one step reaches the states before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import keras
import numpy as np
from keras import ops

from forecast._checks import explain
from forecast.training.backend import compiled, precision, to_numpy, value_and_gradient

Array = np.ndarray
Loss = str | Callable[[Any, Any], Any]


def state_gradients(
    model: Any, X: Array, y: Array, *, layer: str | None = None, loss: Loss = "mse", step: int = -1
) -> Array:
    """dL_t / dh_k of every sequence for k = 0, ..., t, shape (B, t+1, n), exact by automatic differentiation.

    Equation:
        (output_k, h_k) = cell(x_k, h_{k-1}) + e_k,   dL_t / dh_k = dL_t / de_k at e = 0

    Symbols:
        h_k: all states of the layer after step k side by side, n numbers; the gradient is the total one, through
            all later steps and through the output of step k, where that is a state.
        e: zeros (B, T, n), added to the states, and to the output where it is one of them.
        L_t: `loss` of each sequence, at step t = `step` when there is an output at every step, else at the last.

    Args:
        model: a keras.Model on sequences (B, T, F); a layer that runs recurrent ones; or a cell.
        X: sequences (B, T, F); T in the equation is the number of steps that reach the recurrent layer.
        y: targets of the model's output.
        layer: name of a recurrent layer that runs forwards; None means the last one.
        loss: Keras name of a loss, or a function (y, output) -> losses (B,) or (B, T).
        step: t, when there is an output at every step; negative counts from the end.

    Raises:
        ValueError: there is no such recurrent layer, it runs more than once (truncated backpropagation), or no
            gradient reaches it.

    References:
        Bengio, Y., Simard, P. and Frasconi, P. (1994). Learning long-term dependencies with gradient descent is
        difficult. IEEE Transactions on Neural Networks 5(2), 157-166.

    Example:
        >>> import keras, numpy as np
        >>> cell = keras.layers.SimpleRNNCell(1, activation=None, recurrent_initializer="ones")
        >>> x, y = np.zeros((1, 4, 1), "float32"), np.ones((1, 1), "float32")
        >>> bool((abs(state_gradients(cell, x, y)) == 2.0).all())            # h_t = h_{t-1} + W x_t keeps all
        True
    """
    network = _network(model, X)
    rnn = _chosen(network, layer)
    steps = _steps(network, rnn, X)
    values = [
        [v.value for v in network.trainable_variables],
        [v.value for v in network.non_trainable_variables],
    ]
    error = keras.losses.get(loss)

    def total(noise: Any, X: Any, y: Any) -> Any:
        with _disturbed(rnn, noise):
            output = network.stateless_call(*values, X, training=False)[0]
        losses = error(y, output)
        return ops.sum(losses[:, step] if len(losses.shape) > 1 else losses)

    dtype = rnn.compute_dtype
    noise = np.zeros((len(X), steps, sum(keras.tree.flatten(rnn.cell.state_size))), dtype)
    y = y if y.dtype.kind in "iu" else y.astype(dtype)  # class codes stay integers
    with precision(dtype):
        run = compiled(value_and_gradient(total), jit=False)
        gradient = to_numpy(run(noise, X.astype(network.inputs[0].dtype), y)[1])
    if not gradient.any():
        remedy = "Pass targets that differ from the output, and a network that uses this layer"
        raise ValueError(
            explain("y", "such that the loss depends on the states", "a gradient of zero", remedy)
        )
    return gradient[:, : _last_step(network, steps, step) + 1]


def _last_step(network: keras.Model, steps: int, step: int) -> int:
    """t: the step asked for where there is an output at every step, else the last one."""
    shape = network.output_shape
    return step % steps if len(shape) > 2 and shape[1] in (None, steps) else steps - 1


def recurrent_layers(layer: Any) -> list[keras.layers.RNN]:
    """All layers that run a cell over time, in the order in which they were made, at any depth of `layer`."""
    if isinstance(layer, keras.layers.RNN):
        return [layer]
    parts = layer.layers if isinstance(layer, keras.Model) else keras.tree.flatten(list(vars(layer).values()))
    inside = [part for part in parts if isinstance(part, keras.layers.Layer) and part is not layer]
    found = [rnn for part in inside for rnn in recurrent_layers(part)]
    return list({id(rnn): rnn for rnn in found}.values())


def _network(model: Any, X: Array) -> keras.Model:
    """The model itself, or one around a layer or a cell."""
    if isinstance(model, keras.Model):
        return model
    if not isinstance(model, keras.layers.Layer):
        allowed = "a keras.Model, a layer, a cell or a fitted recurrent forecaster"
        raise TypeError(explain("model", allowed, type(model).__name__, "Pass for example model.network_"))
    layer = model
    if not recurrent_layers(model) and hasattr(model, "state_size"):
        layer = keras.layers.RNN(model, dtype=model.dtype_policy)
    sequences = keras.Input(X.shape[1:], dtype=model.compute_dtype)
    return keras.Model(sequences, layer(sequences))


def _chosen(network: keras.Model, name: str | None) -> keras.layers.RNN:
    found = [rnn for rnn in recurrent_layers(network) if not rnn.go_backwards]
    named = [rnn for rnn in found if name in (None, rnn.name)]
    if not named:
        allowed = f"the name of a recurrent layer that runs forwards, one of {[rnn.name for rnn in found]}"
        remedy = "Pass a network that runs a cell with keras.layers.RNN"
        raise ValueError(explain("layer", allowed, repr(name), remedy))
    return named[-1]


def _steps(network: keras.Model, rnn: keras.layers.RNN, X: Array) -> int:
    """T, the steps over which the layer runs."""
    runs = []

    def inner_loop(sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        runs.append(sequences.shape)
        return type(rnn).inner_loop(rnn, sequences, initial_state, mask, training)

    with _looping(rnn, inner_loop):
        network(X[:1].astype(network.inputs[0].dtype))
    if len(runs) != 1:
        allowed = "a network whose recurrent layer runs once over each sequence"
        remedy = "Leave truncate out: with truncate=(k1, k2) the gradient ends after k2 steps"
        raise ValueError(explain("model", allowed, f"{rnn.name!r}, which runs {len(runs)} times", remedy))
    return int(runs[0][1])


class _Disturbed:
    """A recurrent layer whose last input columns are added to its states, and to its output where that is a state.

    All else is that of the layer; `step` is a step of its cell.
    """

    def __init__(self, rnn: keras.layers.RNN, width: int):
        self.rnn, self.width, self.cell = rnn, width, self.step

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rnn, name)

    def step(self, inputs: Any, states: Any) -> tuple[Any, Any]:
        output, after = self.rnn.cell(inputs[:, : -self.width], states)
        moved, end = [], -self.width
        for state in keras.tree.flatten(after):
            start, end = end, end + state.shape[-1]
            disturbed = state + inputs[:, start : end or None]
            output = disturbed if output is state else output
            moved.append(disturbed)
        return output, keras.tree.pack_sequence_as(after, moved)


def _disturbed(rnn: keras.layers.RNN, noise: Any) -> AbstractContextManager[None]:
    """A context in which noise (B, T, n) is added to the layer's states."""

    def inner_loop(sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        wide = ops.concatenate([sequences, ops.cast(noise, sequences.dtype)], axis=-1)
        layer = _Disturbed(rnn, noise.shape[-1])
        return keras.layers.RNN.inner_loop(layer, wide, initial_state, mask, training)

    return _looping(rnn, inner_loop)


@contextmanager
def _looping(rnn: keras.layers.RNN, inner_loop: Callable[..., Any]) -> Iterator[None]:
    """A context in which the layer runs this loop in place of its own."""
    rnn.inner_loop = inner_loop
    try:
        yield
    finally:
        del rnn.inner_loop
