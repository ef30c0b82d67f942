"""Checks that every layer passes, and what they need of the backends: double precision and gradients."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import keras
import numpy as np

from forecast.training.backend import precision

Array = np.ndarray


def check_layer(
    make: Callable[..., keras.layers.Layer],
    *,
    input_shape: tuple[int, ...],
    output_shape: tuple[int, ...] | list[tuple[int, ...]],
    folder: Path,
    masks: bool = True,
) -> None:
    """Output shape, symbolic = eager, config round trip, .keras file, one training step, masking, dtype.

    `make(dtype=...)` builds the layer anew (for a cell: `keras.layers.RNN` around it); the first axis of the
    shapes is the batch. `output_shape` is a list when the layer returns several tensors.
    """
    inputs = normal(input_shape, dtype="float32")
    _check_shapes(make(dtype="float32"), inputs, output_shape)
    _check_config(make(dtype="float32"))
    _check_saving(make(dtype="float32"), inputs, folder)
    _check_training(make(dtype="float32"), inputs)
    _check_dtype(make, inputs)
    if masks:
        _check_masking(make(dtype="float32"), inputs)


def _check_shapes(layer: keras.layers.Layer, inputs: Array, expected: Any) -> None:
    eager = [tensor.shape for tensor in keras.tree.flatten(layer(inputs))]
    shapes = expected if isinstance(expected, list) else [expected]
    assert [tuple(shape) for shape in eager] == shapes
    model = _model(layer, inputs)
    assert [tensor.shape[1:] for tensor in keras.tree.flatten(model.output)] == [
        shape[1:] for shape in shapes
    ]
    same(model(inputs), layer(inputs))


def _check_config(layer: keras.layers.Layer) -> None:
    subject = layer.cell if isinstance(layer, keras.layers.RNN) else layer
    parameters = inspect.signature(type(subject).__init__).parameters.values()
    assert not [p for p in parameters if p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    config = subject.get_config()
    assert set(config) == {p.name for p in parameters} - {"self"}
    copy = type(subject).from_config(config)
    assert plain(copy.get_config()) == plain(config)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(subject))
    assert plain(again.get_config()) == plain(config)
    subject.trainable = False
    assert type(subject).from_config(subject.get_config()).trainable is False


def _check_saving(layer: keras.layers.Layer, inputs: Array, folder: Path) -> None:
    model = _model(layer, inputs)
    randomize(model)
    same(reload(model, folder)(inputs), model(inputs))


def _check_training(layer: keras.layers.Layer, inputs: Array) -> None:
    both = _model(layer, inputs)
    model = keras.Model(both.input, keras.tree.flatten(both.output)[0])
    randomize(model)
    if not model.trainable_variables:
        return
    before = [to_numpy(variable) for variable in model.trainable_variables]
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
    loss = model.train_on_batch(inputs, normal((len(inputs), *model.output_shape[1:]), seed=3))
    assert np.isfinite(loss)
    for old, variable in zip(before, model.trainable_variables, strict=True):
        assert np.abs(to_numpy(variable) - old).max() > 0, variable.path


def _check_dtype(make: Callable[..., keras.layers.Layer], inputs: Array) -> None:
    for dtype in ("float32", "float64"):
        with float64():
            layer = make(dtype=dtype)
            outputs = keras.tree.flatten(layer(inputs.astype(dtype)))
            assert {keras.backend.standardize_dtype(tensor.dtype) for tensor in outputs} == {dtype}
            assert {variable.dtype for variable in layer.weights} <= {dtype}


def _check_masking(layer: keras.layers.Layer, inputs: Array) -> None:
    """What stands in masked steps changes nothing at the others."""
    mask = np.ones(inputs.shape[:2], bool)
    mask[:, :2] = False
    spoiled = np.where(mask[..., None], inputs, np.float32(1e3))
    clean, other = (to_numpy(keras.tree.flatten(layer(x, mask=mask))[0]) for x in (inputs, spoiled))
    np.testing.assert_allclose(clean[:, 2 - inputs.shape[1] :], other[:, 2 - inputs.shape[1] :], rtol=1e-6)


def _model(layer: keras.layers.Layer, inputs: Array) -> keras.Model:
    symbol = keras.Input(inputs.shape[1:], dtype=str(inputs.dtype))
    return keras.Model(symbol, layer(symbol))


def normal(shape: Sequence[int], *, seed: int = 0, dtype: str = "float64") -> Array:
    """Standard normal numbers, the same for the same seed."""
    return np.random.default_rng(seed).normal(size=tuple(shape)).astype(dtype)


def randomize(model: Any, *, seed: int = 1, scale: float = 0.4) -> None:
    """Weights drawn anew, so that nothing is zero by initialisation."""
    rng = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        variable.assign(rng.normal(scale=scale, size=variable.shape).astype(variable.dtype))


def reload(model: keras.Model, folder: Path) -> keras.Model:
    """The model written to a .keras file and read back."""
    model.save(folder / "model.keras")
    return keras.models.load_model(folder / "model.keras")


def to_numpy(tensor: Any) -> Array:
    """The numbers of a tensor or variable, copied."""
    return np.array(keras.ops.convert_to_numpy(tensor))


def same(left: Any, right: Any, *, rtol: float = 2e-6, atol: float = 2e-6) -> None:
    """Two tensors, or structures of tensors, are equal up to rounding."""
    for a, b in zip(keras.tree.flatten(left), keras.tree.flatten(right), strict=True):
        np.testing.assert_allclose(to_numpy(a), to_numpy(b), rtol=rtol, atol=atol)


def plain(config: Any) -> Any:
    """A configuration as it looks after JSON."""
    return json.loads(json.dumps(config))


def float64() -> AbstractContextManager[Any]:
    """Double precision, which JAX gives only on request, and Keras on JAX and torch not by itself."""
    return precision("float64")


def gradient(
    model: keras.Model, inputs: Any, loss: Callable[[Any], Any], *, compiled: bool = False
) -> list[Array]:
    """Gradient of loss(model(inputs)) with respect to the trainable weights, by the backend's own autodiff.

    `compiled` asks for XLA on TensorFlow and jit on JAX; torch runs as it is.
    """
    gradients = {"tensorflow": _gradient_tensorflow, "jax": _gradient_jax, "torch": _gradient_torch}
    inputs = keras.tree.map_structure(keras.ops.convert_to_tensor, inputs)
    return [to_numpy(value) for value in gradients[keras.backend.backend()](model, inputs, loss, compiled)]


def _gradient_tensorflow(
    model: keras.Model, inputs: Any, loss: Callable[[Any], Any], compiled: bool
) -> list[Any]:
    import tensorflow as tf

    def run(values: Any) -> list[Any]:
        with tf.GradientTape() as tape:
            value = loss(model(values))
        return tape.gradient(value, model.trainable_variables)

    return tf.function(run, jit_compile=True)(inputs) if compiled else run(inputs)


def _gradient_jax(model: keras.Model, inputs: Any, loss: Callable[[Any], Any], compiled: bool) -> list[Any]:
    import jax

    def value(weights: list[Any], values: Any) -> Any:
        return loss(model.stateless_call(weights, [], values)[0])

    run = jax.jit(jax.grad(value)) if compiled else jax.grad(value)
    return run([variable.value for variable in model.trainable_variables], inputs)


def _gradient_torch(model: keras.Model, inputs: Any, loss: Callable[[Any], Any], compiled: bool) -> list[Any]:
    import torch

    return list(torch.autograd.grad(loss(model(inputs)), [v.value for v in model.trainable_variables]))


def row_gradients(network: keras.Model, windows: Array) -> list[Array]:
    """Gradient of the one output of each window, vectorised over windows: arrays (B, *weight shape)."""
    rows = {"tensorflow": _rows_tensorflow, "jax": _rows_jax, "torch": _rows_torch}
    values = rows[keras.backend.backend()](network, keras.ops.convert_to_tensor(windows))
    return [to_numpy(value) for value in values]


def _rows_tensorflow(network: keras.Model, windows: Any) -> list[Any]:
    import tensorflow as tf

    def row(window: Any) -> list[Any]:
        with tf.GradientTape() as tape:
            value = network(window[None])[0, 0, 0]
        return tape.gradient(value, network.trainable_variables)

    return tf.function(lambda x: tf.vectorized_map(row, x, fallback_to_while_loop=False), jit_compile=True)(
        windows
    )


def _rows_jax(network: keras.Model, windows: Any) -> list[Any]:
    import jax

    def value(weights: list[Any], window: Any) -> Any:
        return network.stateless_call(weights, [], window[None])[0][0, 0, 0]

    weights = [variable.value for variable in network.trainable_variables]
    return jax.jit(jax.vmap(jax.grad(value), in_axes=(None, 0)))(weights, windows)


def _rows_torch(network: keras.Model, windows: Any) -> list[Any]:
    import torch

    def value(weights: list[Any], window: Any) -> Any:
        return network.stateless_call(weights, [], window[None])[0][0, 0, 0]

    weights = [variable.value.detach() for variable in network.trainable_variables]
    return torch.func.vmap(torch.func.grad(value), in_dims=(None, 0))(weights, windows)


def check_gradient(
    model: keras.Model, inputs: Any, loss: Callable[[Any], Any], *, compiled: bool = False, rtol: float = 1e-7
) -> None:
    """The gradient times a direction is the central difference along it, in six random directions; in float64."""
    slopes = gradient(model, inputs, loss, compiled=compiled)
    start = [to_numpy(variable) for variable in model.trainable_variables]
    for seed in range(6):
        direction = [normal(values.shape, seed=seed) for values in start]
        ends = [_value_at(model, inputs, loss, start, direction, step) for step in (-1e-5, 1e-5)]
        expected = (ends[1] - ends[0]) / 2e-5
        along = sum(np.sum(slope * part) for slope, part in zip(slopes, direction, strict=True))
        np.testing.assert_allclose(along, expected, rtol=rtol, atol=rtol)
    _assign(model, start)


def _value_at(
    model: keras.Model,
    inputs: Any,
    loss: Callable[[Any], Any],
    start: list[Array],
    direction: list[Array],
    step: float,
) -> float:
    _assign(model, [values + step * part for values, part in zip(start, direction, strict=True)])
    return float(to_numpy(loss(model(inputs))))


def _assign(model: keras.Model, values: list[Array]) -> None:
    for variable, value in zip(model.trainable_variables, values, strict=True):
        variable.assign(value)
