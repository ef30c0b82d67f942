"""Checks that every layer passes, and what they need of the backends: double precision and gradients."""

from __future__ import annotations

import contextlib
import inspect
import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import keras
import numpy as np

from forecast.training.backend import precision, value_and_gradient

Array = np.ndarray
TOLERANCES = {  # of an output near 1, by dtype policy: a few times the precision's resolution
    "float16": 0.01,
    "mixed_float16": 0.01,
    "bfloat16": 0.08,
    "mixed_bfloat16": 0.08,
    "float64": 1e-5,  # float32 is what it is held against
}
# JAX compiles every layer anew for each policy: off TensorFlow, one narrow policy and the wide one.
POLICIES = TOLERANCES if keras.backend.backend() == "tensorflow" else ("mixed_float16", "float64")


def some(cases: Iterable[Any], *elsewhere: Any) -> list[Any]:
    """All cases on TensorFlow; under another backend, which needs each program once and not each option, these."""
    return list(cases) if keras.backend.backend() == "tensorflow" else list(elsewhere)


def check_layer(
    make: Callable[..., keras.layers.Layer],
    *,
    input_shape: tuple[int, ...],
    output_shape: tuple[int, ...] | list[tuple[int, ...]],
    folder: Path,
    masks: bool = True,
    legal: Callable[[Array], Array] = np.asarray,
) -> None:
    """Output shape, symbolic = eager, config round trip, .keras file, one training step, masking, every precision.

    `make(dtype=...)` builds the layer anew (for a cell: `keras.layers.RNN` around it); the first axis of the
    shapes is the batch. `output_shape` is a list when the layer returns several tensors. `legal` turns the
    inputs of the precision check, of any size, into ones that the layer allows.
    """
    inputs = normal(input_shape, dtype="float32")
    shapes = output_shape if isinstance(output_shape, list) else [output_shape]
    layer = make(dtype="float32")
    model = _model(layer, inputs)
    _check_outputs(layer, model, inputs, shapes)
    check_precision(make, legal(hard_inputs(inputs)), masks=masks)
    _check_config(make(dtype="float32"))
    _check_saving(model, inputs, folder)
    _check_training(model, inputs)
    if masks:
        _check_masking(layer, inputs)


def _check_outputs(
    layer: keras.layers.Layer, model: keras.Model, inputs: Array, shapes: list[tuple[int, ...]]
) -> None:
    eager = keras.tree.flatten(layer(inputs))
    _check_dtypes(layer, eager)
    assert [tuple(tensor.shape) for tensor in eager] == shapes
    assert [tuple(tensor.shape[1:]) for tensor in model.outputs] == [shape[1:] for shape in shapes]
    same(keras.tree.flatten(evaluate(model, inputs)), eager)


def hard_inputs(inputs: Array) -> Array:
    """The inputs, zeros, tiny numbers, and a level of 1000 with a deviation of 400, behind each other in the batch."""
    return np.concatenate([inputs, 0 * inputs, 1e-4 * inputs, 1000 + 400 * inputs])


def check_precision(make: Callable[..., Any], *inputs: Array, masks: bool = False) -> None:
    """Outputs in every dtype policy are finite and near those of float32; double precision is kept throughout.

    The last quarter of the batch, at level 1000, is held to the median error, since units that switch there
    switch elsewhere after rounding. `masks` cuts the records to three steps and asks for finite gradients of
    records of which all, some or no steps may be read.
    """
    inputs = tuple(x[:, :3] for x in inputs) if masks else inputs
    shapes = [x.shape for x in inputs]
    plain = make(dtype="float32")
    plain.build(*shapes)
    randomize(plain)
    expected = _first(_called(plain, *inputs))
    for policy in POLICIES:
        with float64() if policy == "float64" else contextlib.nullcontext():
            layer = make(dtype=policy)
            layer.build(*shapes)
            layer.set_weights(plain.get_weights())
            if policy == "float64":
                inputs = tuple(x.astype("float64") for x in inputs)
                _check_smooth(layer, *inputs)
            outputs = _called(layer, *inputs)
            _check_dtypes(layer, outputs)
            _check_near(_first(outputs), expected, TOLERANCES[policy], policy)
        if policy == "mixed_float16":
            mask = {"mask": np.arange(3) >= np.arange(len(inputs[0]))[:, None] % 4} if masks else {}
            _check_slopes(layer, inputs, mask)


def _first(outputs: Any) -> Array:
    """The first of the outputs in double precision; numpy has no bfloat16."""
    first = keras.tree.flatten(outputs)[0]
    wide = "float64" if keras.backend.standardize_dtype(first.dtype) == "float64" else "float32"
    return to_numpy(keras.ops.cast(first, wide)).astype("float64")


def _check_dtypes(layer: keras.layers.Layer, outputs: list[Any]) -> None:
    """The first output has the compute dtype, the others at least float32 or it, the weights the variable dtype."""
    first, *others = (keras.backend.standardize_dtype(tensor.dtype) for tensor in outputs)
    assert first == layer.compute_dtype
    assert set(others) <= {layer.compute_dtype, "float64" if first == "float64" else "float32"}
    assert {variable.dtype for variable in layer.weights} <= {layer.variable_dtype}


def _check_near(found: Array, expected: Array, tolerance: float, policy: str) -> None:
    assert np.isfinite(found).all(), policy
    ordinary = len(found) * 3 // 4
    error = np.abs(found - expected) / (1 + np.abs(expected))
    assert error[:ordinary].max() < tolerance, (policy, error[:ordinary].max())
    scale = np.abs(expected[ordinary:]).max() + 1e-30
    assert np.median(np.abs(found - expected)[ordinary:]) / scale < tolerance, (policy, "level 1000")


def _check_smooth(layer: keras.layers.Layer, *inputs: Array) -> None:
    """Equal steps of 1e-9 change the output by equal amounts, which float32 anywhere between would round away."""
    rows = [x[: len(x) // 4] for x in inputs]
    ends = _called(layer, *(np.concatenate([x + n * 1e-9 * np.sign(x) for n in range(3)]) for x in rows))
    first, second = np.diff(np.stack(np.split(_first(ends), 3)), axis=0)
    np.testing.assert_allclose(second, first, rtol=1e-3, atol=1e-13)


def _check_slopes(layer: keras.layers.Layer, inputs: Sequence[Array], mask: dict[str, Array]) -> None:
    outputs = _with_weights(layer, mask)

    def total(weights: Any, values: Any) -> Any:
        return sum(keras.ops.mean(keras.ops.cast(part, "float32")) for part in outputs(weights, values))

    weights = [variable.value for variable in layer.trainable_variables]
    if weights:
        slopes = _differentiated(total)
        run = _compiled(slopes) if keras.backend.backend() == "jax" else slopes
        for slope in run(weights, _tensors(list(inputs))):
            assert np.isfinite(to_numpy(keras.ops.cast(slope, "float32"))).all()


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


def _check_saving(model: keras.Model, inputs: Array, folder: Path) -> None:
    randomize(model)
    same(evaluate(reload(model, folder), inputs), evaluate(model, inputs))


def _check_training(both: keras.Model, inputs: Array) -> None:
    outputs = keras.tree.flatten(both.output)
    model = keras.Model(both.input, outputs)
    randomize(model)
    if not model.trainable_variables:
        return
    before = [to_numpy(variable) for variable in model.trainable_variables]
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss=["mse"] * len(outputs))
    targets = [normal((len(inputs), *output.shape[1:]), seed=3) for output in outputs]
    assert np.isfinite(model.train_on_batch(inputs, targets)).all()
    for old, variable in zip(before, model.trainable_variables, strict=True):
        assert np.abs(to_numpy(variable) - old).max() > 0, variable.path


def _check_masking(layer: keras.layers.Layer, inputs: Array) -> None:
    """What stands in masked steps changes nothing at the others."""
    mask = np.ones(inputs.shape[:2], bool)
    mask[:, :2] = False
    spoiled = np.where(mask[..., None], inputs, np.float32(1e3))
    both = _called(layer, np.concatenate([inputs, spoiled]), mask=np.concatenate([mask, mask]))
    clean, other = np.split(to_numpy(both[0])[:, 2 - inputs.shape[1] :], 2)
    same(clean, other)


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


def _called(layer: keras.layers.Layer, *inputs: Array, **options: Any) -> list[Any]:
    """The outputs of layer(*inputs); one compiled call on JAX, where each operation else costs a compilation."""
    if keras.backend.backend() != "jax":
        return keras.tree.flatten(layer(*inputs, **options))
    run = _compiled(_with_weights(layer, options))
    return run([variable.value for variable in layer.trainable_variables], _tensors(list(inputs)))


def _with_weights(layer: keras.layers.Layer, options: dict[str, Any]) -> Callable[[Any, Any], list[Any]]:
    """(weights, inputs) -> outputs of the layer with these weights, cast as its policy says."""

    def run(weights: Any, values: Any) -> list[Any]:
        with keras.StatelessScope(zip(layer.trainable_variables, weights, strict=True)):
            return keras.tree.flatten(layer(*values, **options))

    return run


def evaluate(model: keras.Model, inputs: Any) -> Any:
    """model(inputs) as numbers; one compiled call on JAX."""
    if keras.backend.backend() != "jax":
        return keras.tree.map_structure(to_numpy, model(inputs))
    outputs = _compiled(_output_of(model))(_values(model), _tensors(inputs))
    return keras.tree.map_structure(to_numpy, outputs)


def gradient(model: keras.Model, inputs: Any, loss: Callable[[Any], Any]) -> list[Array]:
    """Gradient of loss(model(inputs)) with respect to the trainable weights, compiled."""
    run = _compiled(_differentiated(_output_of(model, loss)))
    return [to_numpy(slope) for slope in run(_values(model), _tensors(inputs))]


def check_all_matter(network: keras.Model, inputs: Array, *, shape: tuple[int, ...]) -> None:
    """The output is finite and of this shape, and every weight moves it; nothing is compiled."""
    randomize(network)
    weights, fixed = network.trainable_variables, [v.value for v in network.non_trainable_variables]
    theta = np.concatenate([to_numpy(weight).ravel() for weight in weights])
    ends = np.cumsum([int(np.prod(weight.shape)) for weight in weights])[:-1]

    def total(theta: Any, inputs: Any) -> Any:
        parts = keras.ops.split(theta, ends.tolist())
        values = [keras.ops.reshape(p, w.shape) for p, w in zip(parts, weights, strict=True)]
        output, _ = network.stateless_call(values, fixed, inputs)
        assert tuple(output.shape) == shape
        return keras.ops.sum(output * output)

    value, slope = value_and_gradient(total)(_tensors(theta), _tensors(inputs))
    assert np.isfinite(to_numpy(value))
    for weight, part in zip(weights, np.split(to_numpy(slope), ends), strict=True):
        assert np.isfinite(part).all() and part.any(), weight.path


def row_gradients(network: keras.Model, windows: Array) -> list[Array]:
    """Gradient of the one output of each window, vectorised over windows: arrays (B, *weight shape)."""
    value = _output_of(network, lambda output: output[0, 0, 0])
    run = _compiled(_vectorised(_differentiated(lambda weights, window: value(weights, window[None]))))
    return [to_numpy(slope) for slope in run(_values(network), _tensors(windows))]


def check_gradient(
    model: keras.Model, inputs: Any, loss: Callable[[Any], Any], *, rtol: float = 1e-7
) -> None:
    """The gradient times a direction is the central difference along it: six directions, in float64."""
    slopes, start = gradient(model, inputs, loss), _values(model)
    run = _compiled(_output_of(model, loss))
    for seed in range(6):
        direction = [normal(values.shape, seed=seed) for values in start]
        ends = []
        for step in (-1e-5, 1e-5):
            moved = [values + step * part for values, part in zip(start, direction, strict=True)]
            ends.append(float(to_numpy(run(moved, _tensors(inputs)))))
        along = sum(np.sum(slope * part) for slope, part in zip(slopes, direction, strict=True))
        np.testing.assert_allclose(along, (ends[1] - ends[0]) / 2e-5, rtol=rtol, atol=rtol)


def _output_of(model: keras.Model, loss: Callable[[Any], Any] | None = None) -> Callable[[Any, Any], Any]:
    """(weights, inputs) -> loss(output of the model with these weights), or the output itself."""

    def run(weights: Any, inputs: Any) -> Any:
        fixed = [variable.value for variable in model.non_trainable_variables]
        output, _ = model.stateless_call(weights, fixed, inputs)
        return output if loss is None else loss(output)

    return run


def _values(model: keras.Model) -> list[Array]:
    return [to_numpy(variable) for variable in model.trainable_variables]


def _tensors(values: Any) -> Any:
    return keras.tree.map_structure(keras.ops.convert_to_tensor, values)


def _compiled(function: Callable[[Any, Any], Any]) -> Callable[[list[Array], Any], Any]:
    """function(weights, values) under XLA on TensorFlow and jit on JAX; torch runs as it is."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        function = tf.function(function, jit_compile=True)
    elif keras.backend.backend() == "jax":
        import jax

        function = jax.jit(function)
    return lambda weights, values: function(_tensors(weights), values)


def _differentiated(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The gradient of function(weights, values) with respect to the weights."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.grad(function)
    if keras.backend.backend() == "torch":
        import torch

        return torch.func.grad(function)
    import tensorflow as tf

    def run(weights: Any, values: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(weights)
            value = function(weights, values)
        return tape.gradient(value, weights)

    return run


def _vectorised(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """function(weights, row) over the rows of the second argument."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.vmap(function, (None, 0))
    if keras.backend.backend() == "torch":
        import torch

        return torch.func.vmap(function, (None, 0))
    import tensorflow as tf

    def run(weights: Any, rows: Any) -> Any:
        return tf.vectorized_map(lambda row: function(weights, row), rows, fallback_to_while_loop=False)

    return run
