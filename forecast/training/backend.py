"""What differs between the Keras backends, in one file: compiling, differentiating, looping, precision.

Everything else in `forecast.training` is written once, on a flat parameter vector `theta` and `keras.ops`.
Functions given to this module take arrays and return arrays (or tuples of arrays) of the active backend.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
from keras.src.backend.common import dtypes

BACKEND = keras.backend.backend()
if BACKEND == "tensorflow":
    import tensorflow as tf
elif BACKEND == "jax":
    import jax
elif BACKEND == "torch":
    import torch
else:
    raise ImportError(
        "Keras backend: must be 'tensorflow', 'jax' or 'torch' to train forecast networks; "
        f"received {BACKEND!r}. Set the environment variable KERAS_BACKEND before Python starts."
    )

Function = Callable[..., Any]


class _Promotion(dict[str, str]):
    """The table by which Keras narrows dtypes, without float64 in the threads that compute in float64."""

    wide = threading.local()

    def get(self, key: str, default: Any = None) -> Any:
        return key if key == "float64" and getattr(self.wide, "on", False) else super().get(key, default)


# Keras demotes float64 to float32, in tanh on JAX and in every product on torch; there is no public switch.
# `precision` lifts that rule while float64 work lasts, in its own thread (ARCHITECTURE.md).
if BACKEND != "tensorflow":
    dtypes.BIT64_TO_BIT32_DTYPE = _Promotion(dtypes.BIT64_TO_BIT32_DTYPE)


@contextlib.contextmanager
def precision(dtype: str) -> Iterator[None]:
    """A context in which arrays of `dtype` keep their precision; float32 needs nothing."""
    if dtype != "float64" or BACKEND == "tensorflow":
        yield
        return
    before = getattr(_Promotion.wide, "on", False)
    with jax.enable_x64(True) if BACKEND == "jax" else contextlib.nullcontext():
        _Promotion.wide.on = True
        try:
            yield
        finally:
            _Promotion.wide.on = before


def compiled(function: Function, *, jit: bool = True) -> Function:
    """`function` compiled once per set of argument shapes; numpy arrays in, backend arrays out.

    On TensorFlow without a GPU Keras resolves `jit_compile="auto"` to no XLA; here XLA is on unless
    `jit=False`.
    """
    if BACKEND == "tensorflow":
        return _compiled_on_tensorflow(tf.function(function, jit_compile=jit, autograph=False))
    if BACKEND == "jax":
        return jax.jit(function)

    def on_torch(*arrays: np.ndarray) -> Any:
        return function(*(torch.as_tensor(array) for array in arrays))

    return on_torch


def _compiled_on_tensorflow(function: Any) -> Function:
    """A concrete function for each set of shapes: a `tf.function` warns of more than a few of them."""
    traced: dict[tuple[tuple[int, ...], ...], Any] = {}
    lock = threading.Lock()

    def on_tensorflow(*arrays: np.ndarray) -> Any:
        shapes = tuple(array.shape for array in arrays)
        with lock:  # threads that ask for the same shapes wait for the first
            if shapes not in traced:
                traced[shapes] = function.get_concrete_function(
                    *(tf.TensorSpec(a.shape, a.dtype) for a in arrays)
                )
        return traced[shapes](*(tf.convert_to_tensor(array) for array in arrays))

    return on_tensorflow


def to_numpy(values: Any) -> Any:
    """Backend arrays, or a tuple of them, as numpy arrays that may be read-only; TensorFlow's are not copied."""
    if isinstance(values, (tuple, list)):
        return tuple(to_numpy(value) for value in values)
    return np.asarray(values) if BACKEND == "tensorflow" else np.asarray(keras.ops.convert_to_numpy(values))


def value_and_gradient(function: Function) -> Function:
    """(theta, *data) -> (value, d value / d theta) of a scalar `function(theta, *data)`."""
    if BACKEND == "jax":
        return jax.value_and_grad(function)
    if BACKEND == "torch":
        return _torch_value_and_gradient(function)

    def on_tensorflow(theta: Any, *data: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch(theta)
            value = function(theta, *data)
        return value, tape.gradient(value, theta)

    return on_tensorflow


def _torch_value_and_gradient(function: Function) -> Function:
    def on_torch(theta: Any, *data: Any) -> tuple[Any, Any]:
        with torch.enable_grad():
            theta = theta.detach().requires_grad_(True)
            value = function(theta, *data)
            (gradient,) = torch.autograd.grad(value, theta)
        return value.detach(), gradient

    return on_torch


def row_jacobian(function: Function, outputs: int) -> Function:
    """(theta, rows) -> (values (B, O), d/d theta (B, O, P), d/d row (B, O, *row)), vectorised over rows.

    `function(theta, row)` returns the O outputs of one row. A vectorised per-row gradient costs about a
    hundredth of a tape Jacobian, which treats all B*O outputs as functions of all rows. TensorFlow cannot
    vectorise the gradient of a loop: recurrent networks go row by row there, inside the compiled function.
    """
    if BACKEND == "jax":
        one = jax.jacrev(lambda theta, row: (function(theta, row),) * 2, (0, 1), has_aux=True)

        def on_jax(theta: Any, rows: Any) -> tuple[Any, Any, Any]:
            (by_theta, by_row), values = jax.vmap(one, (None, 0))(theta, rows)
            return values, by_theta, by_row

        return on_jax
    if BACKEND == "torch":
        return _torch_row_jacobian(function)
    return _tensorflow_row_jacobian(function, outputs)


def _tensorflow_row_jacobian(function: Function, outputs: int) -> Function:
    """Each output of each row separately: vectorised, or one after the other where the network holds a loop.

    Vectorised outputs keep the graph at the size of one gradient, whatever their number. TensorFlow cannot
    vectorise a loop, and outside XLA each row costs twenty times more, so loops are always compiled, whatever `jit`
    says.
    """

    def one_output(theta: Any, row: Any, chosen: Any) -> tuple[Any, Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch([theta, row])
            value = tf.tensordot(function(theta, row), chosen, 1)
        return (value, *tape.gradient(value, [theta, row]))

    def pairs(rows: Any) -> tuple[Any, Any]:
        chosen = tf.tile(tf.eye(outputs, dtype=rows.dtype), [rows.shape[0], 1])
        return tf.repeat(rows, outputs, axis=0), chosen  # (B*O, *row), (B*O, O)

    @tf.function(jit_compile=True, autograph=False)
    def in_turn(theta: Any, rows: Any) -> Any:
        shapes = [tf.TensorSpec(shape, rows.dtype) for shape in ((), theta.shape, rows.shape[1:])]
        return tf.map_fn(
            lambda pair: one_output(theta, *pair), pairs(rows), fn_output_signature=tuple(shapes)
        )

    def at_once(theta: Any, rows: Any) -> Any:
        return tf.vectorized_map(lambda pair: one_output(theta, *pair), pairs(rows))

    def on_tensorflow(theta: Any, rows: Any) -> tuple[Any, Any, Any]:
        graph = tf.function(function, autograph=False).get_concrete_function(theta, rows[0]).graph
        loops = any(operation.type in ("While", "StatelessWhile") for operation in graph.get_operations())
        parts = (in_turn if loops else at_once)(theta, rows)
        return tuple(tf.reshape(part, [rows.shape[0], outputs, *part.shape[1:]]) for part in parts)

    return on_tensorflow


def _torch_row_jacobian(function: Function) -> Function:
    def twice(theta: Any, row: Any) -> tuple[Any, Any]:
        values = function(theta, row)
        return values, values

    one = torch.func.jacrev(twice, (0, 1), has_aux=True)

    def on_torch(theta: Any, rows: Any) -> tuple[Any, Any, Any]:
        (by_theta, by_row), values = torch.func.vmap(one, (None, 0))(theta, rows)
        return values.detach(), by_theta.detach(), by_row.detach()

    return on_torch


def loop(
    step: Function, carry: tuple[Any, ...], inputs: tuple[Any, ...], shape: tuple[int, ...] = ()
) -> tuple[tuple[Any, ...], Any]:
    """Fold `step(carry, slice) -> (carry, value)` over the first axis of `inputs`; returns (carry, values).

    Each value is of `shape`, by default a scalar. Many steps in one compiled call: `lax.scan` on JAX, a
    `while_loop` on TensorFlow, Python on torch.
    (`keras.ops.scan` has no gradient under XLA on TensorFlow and a quadratic backward pass on torch.)
    """
    if BACKEND == "jax":
        return jax.lax.scan(step, carry, inputs)
    steps = int(inputs[0].shape[0])
    if BACKEND == "torch":
        values = []
        for k in range(steps):
            carry, value = step(carry, tuple(x[k] for x in inputs))
            values.append(value)
        return carry, torch.stack(values)

    def body(k: Any, carry: tuple[Any, ...], total: Any) -> tuple[Any, tuple[Any, ...], Any]:
        carry, value = step(carry, tuple(tf.gather(x, k) for x in inputs))
        return k + 1, carry, tf.tensor_scatter_nd_update(total, [[k]], [value])

    start = (tf.constant(0), carry, tf.zeros((steps, *shape), inputs[0].dtype))
    _, carry, values = tf.while_loop(lambda k, *_: k < steps, body, start, maximum_iterations=steps)
    return carry, values
