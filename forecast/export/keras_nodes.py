"""A Keras network as nodes of ONNX, from the operations that Keras itself records when it is called on symbols."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from forecast._checks import explain
from forecast.export.graph import Graph, arcsinh
from forecast.layers.recurrent.stack import RecurrentStack
from forecast.layers.recurrent.states import initial_states

Convert = Callable[..., Any]
Given = tuple[str, Sequence[int | None], str]
"""Name in a graph, shape and dtype of an argument."""


def nodes_of(graph: Graph, function: Callable[..., Any], *inputs: Given) -> Any:
    """Add a function of tensors to a graph, and return the names of its outputs as the function structures them.

    Args:
        function: written in `keras.ops` and layers, such as a network.
        inputs: (name in the graph, shape, dtype) of each argument.

    Raises:
        ValueError: an operation has no counterpart in ONNX here.
    """
    try:
        return _traced(graph, function, *inputs)
    except (AttributeError, NotImplementedError, TypeError, ValueError) as error:
        allowed = "a network of operations that have a counterpart in ONNX"
        received = "one with options that cannot be traced"  # it reads more than symbols tell
        if isinstance(error, NotImplementedError):
            received = str(error)
        raise ValueError(
            explain("export", allowed, received, "Use model.save, which takes every model")
        ) from error


def _traced(graph: Graph, function: Callable[..., Any], *inputs: Given) -> Any:
    """`nodes_of` with the errors as they come."""
    symbols = [keras.KerasTensor(shape, dtype) for _, shape, dtype in inputs]
    names = {id(symbol): name for symbol, (name, *_) in zip(symbols, inputs, strict=True)}
    return Tracer(graph, names, symbols).structure(function(*symbols))


class Tracer:
    """Walks from a result back through what Keras recorded.

    Args:
        graph: to which nodes are added.
        names: names in the graph of symbols, by their identity; symbols: which they are.
    """

    def __init__(self, graph: Graph, names: dict[int, str], symbols: Sequence[Any]) -> None:
        self.graph, self.names, self.symbols = graph, names, list(symbols)

    def structure(self, value: Any) -> Any:
        """Names in the place of symbols, in lists as they stand; other values as they are."""
        if isinstance(value, list | tuple):
            return type(value)(self.structure(part) for part in value)
        return self.name(value) if isinstance(value, keras.KerasTensor) else value

    def name(self, symbol: Any) -> str:
        """Name of a symbol in the graph, after the nodes that make it."""
        if id(symbol) not in self.names:
            operation, number, _ = symbol._keras_history
            record = operation._inbound_nodes[number]
            results = self._results(operation, record.arguments.args, record.arguments.kwargs)
            for output, name in zip(record.output_tensors, results, strict=True):
                self._remember(output, name)
        return self.names[id(symbol)]

    def _remember(self, symbol: Any, name: str) -> None:
        self.names[id(symbol)] = name
        self.symbols.append(symbol)  # held, so that no other has its identity

    def _results(self, operation: Any, arguments: Any, named: Any) -> list[str]:
        if isinstance(operation, keras.layers.RNN):
            return self._loop(operation, *arguments, **named)
        if isinstance(operation, keras.layers.Layer):
            return self._inside(operation, arguments, named)
        if type(operation).__name__ not in OPERATIONS:
            raise NotImplementedError(f"the operation {type(operation).__name__}")
        values = [self._value(value) for value in self.structure(arguments)]
        results = OPERATIONS[type(operation).__name__](self.graph, operation, *values, **named)
        return results if isinstance(results, list) else [results]

    def _value(self, value: Any) -> Any:
        """Variables and tensors as constants."""
        if isinstance(value, list | tuple):
            return type(value)(self._value(part) for part in value)
        if isinstance(value, keras.Variable):
            return self.graph.weights(keras.ops.convert_to_numpy(value), value)
        if keras.ops.is_tensor(value):
            return self.graph.constant(keras.ops.convert_to_numpy(value))
        return value

    def _inside(self, layer: Any, arguments: Any, named: Any) -> list[str]:
        """A layer by the operations inside it."""
        outer = [
            part for part in keras.tree.flatten((arguments, named)) if isinstance(part, keras.KerasTensor)
        ]
        inner = {id(part): keras.KerasTensor(part.shape, part.dtype) for part in outer}
        for part in outer:
            self._remember(inner[id(part)], self.name(part))

        def renewed(value: Any) -> Any:
            return inner.get(id(value), value)

        given, options = keras.tree.map_structure(renewed, (list(arguments), dict(named)))
        if isinstance(layer, RecurrentStack) and "initial_state" not in options:
            options["initial_state"] = self._starts(layer, given[0])
        options = {key: value for key, value in options.items() if value is not None}
        if isinstance(layer, keras.Model):
            return [self.name(part) for part in self._network(layer, given)]
        return [self.name(part) for part in keras.tree.flatten(layer.call(*given, **options))]

    def _network(self, network: Any, given: list[Any]) -> list[Any]:
        """The outputs of a network of layers, whose inputs have the names of those given."""
        inside = Tracer(self.graph, {}, [])
        for symbol, value in zip(network.inputs, keras.tree.flatten(given), strict=True):
            inside._remember(symbol, self.name(value))
        for output in network.outputs:
            self._remember(output, inside.name(output))
        return list(network.outputs)

    def _starts(self, stack: RecurrentStack, sequences: Any) -> list[Any]:
        """Symbols of the states (B, U) from which each loop of a stack starts."""
        batch = self.graph.Shape(self.name(sequences), start=0, end=1)
        found = []
        for level in range(stack.depth):
            for loop in stack._loops(level):
                for state in initial_states(loop.cell, 1):
                    start = keras.ops.convert_to_numpy(state)
                    symbol = keras.KerasTensor((None, start.shape[1]), stack.compute_dtype)
                    shape = self.graph.Concat(batch, [start.shape[1]], axis=0)
                    self._remember(symbol, self.graph.Expand(start, shape))
                    found.append(symbol)
        return found

    def _loop(
        self, layer: Any, sequences: Any, initial_state: Any = None, mask: Any = None, training: Any = False
    ) -> list[str]:
        """A layer that runs a cell over time."""
        if mask is not None:
            raise NotImplementedError("a mask")
        states = list(keras.tree.flatten(initial_state))
        columns = sequences.shape[2]

        def step(body: Graph, before: list[str], now: list[str]) -> tuple[list[str], list[str]]:
            shapes = [(name, state.shape, state.dtype) for name, state in zip(before, states, strict=True)]

            def run(x: Any, *last: Any) -> Any:
                output, new = layer.cell.call(x, list(last))
                return [output], list(keras.tree.flatten(new))

            told, after = _traced(body, run, (now[0], (None, columns), sequences.dtype), *shapes)
            return after, told

        rows = self.name(sequences)
        rows = self.graph.part(rows, 1, -1, None, -1) if layer.go_backwards else rows
        last, outputs = self.graph.scan(step, [self.name(state) for state in states], [rows])
        told = outputs[0] if layer.return_sequences else self.graph.Gather(outputs[0], -1, axis=1)
        return [told, *last] if layer.return_state else [told]


# ---------------------------------------------------------------- operations of Keras by the names of their classes


def _same(operator: str) -> Convert:
    """An operation with the same operands; numbers stand as floats beside tensors."""

    def convert(graph: Graph, operation: Any, *values: Any) -> Any:
        return graph.node(
            operator, *(value if isinstance(value, str) else np.asarray(value, float) for value in values)
        )

    return convert


def _reduced(operator: str) -> Convert:
    def convert(graph: Graph, operation: Any, value: str) -> Any:
        axes = [operation.axis] if isinstance(operation.axis, int) else operation.axis
        more = () if axes is None else (list(axes),)
        return graph.node(operator, value, *more, keepdims=int(operation.keepdims))

    return convert


def _item(graph: Graph, operation: Any, value: str, key: Any) -> Any:
    """value[key] of slices, numbers, None, and an ellipsis in front."""
    keys = list(key) if isinstance(key, tuple) else [key]
    behind = keys[0] is Ellipsis
    keys, dropped, added = keys[behind:], [], []
    for place, each in enumerate(keys):
        axis = sum(part is not None for part in keys[:place]) - behind * sum(
            part is not None for part in keys
        )
        if each is None:
            added.append(place - behind * len(keys))
        elif isinstance(each, int):
            value = graph.part(value, axis, each, None if each == -1 else each + 1)
            dropped.append(axis)
        elif each != slice(None):
            step = each.step or 1
            value = graph.part(
                value, axis, (0 if step > 0 else -1) if each.start is None else each.start, each.stop, step
            )
    if dropped and added:
        raise NotImplementedError(f"the slice {key}")
    value = graph.Squeeze(value, dropped) if dropped else value
    return graph.Unsqueeze(value, added) if added else value


def _split(graph: Graph, operation: Any, value: str) -> Any:
    count = operation.indices_or_sections
    return graph.node("Split", value, results=count, axis=operation.axis, num_outputs=count)


def _cast(graph: Graph, operation: Any, value: str) -> Any:
    kind = "DOUBLE" if "float" in operation.dtype else "BOOL" if operation.dtype == "bool" else "INT64"
    return graph.Cast(value, to=getattr(graph.onnx.TensorProto, kind))


def _filled(number: float) -> Convert:
    """The shape of a tensor, filled with a number."""

    def convert(graph: Graph, operation: Any, value: str, *rest: Any, **options: Any) -> Any:
        return graph.Expand(float(rest[0]) if rest else number, graph.Shape(value))

    return convert


def _pad(graph: Graph, operation: Any, value: str, constant: Any = None) -> Any:
    before, after = zip(*operation.pad_width, strict=True)
    return graph.Pad(value, [*before, *after], float(constant or 0.0))


def _stack(graph: Graph, operation: Any, values: Sequence[str]) -> Any:
    return graph.join(*(graph.Unsqueeze(value, [operation.axis]) for value in values), axis=operation.axis)


def _repeat(graph: Graph, operation: Any, value: str) -> Any:
    """Of an axis of length one."""
    return graph.join(*[value] * operation.repeats, axis=operation.axis)


def _flip(graph: Graph, operation: Any, value: str) -> Any:
    return graph.part(value, operation.axis, -1, None, -1)


def _layer_norm(
    graph: Graph, operation: Any, value: str, scale: str | None = None, shift: str | None = None
) -> Any:
    axes = [operation.axis] if isinstance(operation.axis, int) else list(operation.axis)
    rest = graph.Sub(value, graph.ReduceMean(value, axes))
    variance = graph.ReduceMean(graph.Mul(rest, rest), axes)
    found = graph.Div(rest, graph.Sqrt(graph.Add(variance, operation.epsilon)))
    found = found if scale is None else graph.Mul(found, scale)
    return found if shift is None else graph.Add(found, shift)


SELU = 1.6732632423543772, 1.0507009873554805  # alpha and scale (Klambauer et al. 2017)


def _elu(graph: Graph, value: str, alpha: float, scale: float) -> Any:
    """scale x, below zero scale alpha (exp x - 1)."""
    below = graph.Mul(graph.Sub(graph.Exp(graph.Min(value, 0.0)), 1.0), alpha)
    return graph.Mul(graph.Where(graph.Greater(value, 0.0), value, below), scale)


OPERATIONS: dict[str, Convert] = {
    name: _same(operator)
    for name, operator in {
        "Add": "Add",
        "Subtract": "Sub",
        "Multiply": "Mul",
        "Divide": "Div",
        "TrueDivide": "Div",
        "Matmul": "MatMul",
        "Maximum": "Max",
        "Minimum": "Min",
        "Power": "Pow",
        "Equal": "Equal",
        "Greater": "Greater",
        "GreaterEqual": "GreaterOrEqual",
        "Less": "Less",
        "LessEqual": "LessOrEqual",
        "LogicalNot": "Not",
        "LogicalAnd": "And",
        "LogicalOr": "Or",
        "Isnan": "IsNaN",
        "Where": "Where",
        "Negative": "Neg",
        "Absolute": "Abs",
        "Sqrt": "Sqrt",
        "Exp": "Exp",
        "Log": "Log",
        "Tanh": "Tanh",
        "Sigmoid": "Sigmoid",
        "Relu": "Relu",
        "ReLU": "Relu",
        "Softplus": "Softplus",
        "Softsign": "Softsign",
        "Sin": "Sin",
        "Cos": "Cos",
    }.items()
}
OPERATIONS |= {
    "Sum": _reduced("ReduceSum"),
    "Mean": _reduced("ReduceMean"),
    "Max": _reduced("ReduceMax"),
    "Min": _reduced("ReduceMin"),
    "GetItem": _item,
    "Split": _split,
    "Cast": _cast,
    "ZerosLike": _filled(0.0),
    "OnesLike": _filled(1.0),
    "FullLike": _filled(0.0),
    "Pad": _pad,
    "Stack": _stack,
    "Repeat": _repeat,
    "Flip": _flip,
    "LayerNorm": _layer_norm,
    "Arcsinh": lambda graph, operation, value: arcsinh(graph, value),
    "Silu": lambda graph, operation, value: graph.Mul(value, graph.Sigmoid(value)),
    "Elu": lambda graph, operation, value: _elu(graph, value, operation.alpha, 1.0),
    "Selu": lambda graph, operation, value: _elu(graph, value, SELU[0], SELU[1]),
    "Square": lambda graph, operation, value: graph.Mul(value, value),
    "Reshape": lambda graph, operation, value: graph.Reshape(value, list(operation.newshape)),
    "Concatenate": lambda graph, operation, values: graph.join(*values, axis=operation.axis),
    "Cumsum": lambda graph, operation, value: graph.CumSum(value, operation.axis),
    "Take": lambda graph, operation, value, places: graph.Gather(value, places, axis=operation.axis),
    "ExpandDims": lambda graph, operation, value: graph.Unsqueeze(value, [operation.axis]),
    "Squeeze": lambda graph, operation, value: graph.Squeeze(value, [operation.axis]),
}
