"""Nodes of ONNX, written one by one: a graph, its loops, and the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from forecast._files import replacing

OPSET = 19  # the first that compares texts
Step = Callable[["Graph", list[str], list[str]], tuple[list[str], list[str]]]
"""The body of a loop: its graph, states (B, ...) and what each sequence holds now -> new states, outputs."""


def library() -> Any:
    """The package onnx."""
    try:
        import onnx
    except ImportError as error:
        raise ImportError(
            "export needs the package onnx; install it with: pip install 'keras-forecast[onnx]'"
        ) from error
    return onnx


class Graph:
    """Nodes in order, each named by its output; every number is in double precision.

    An attribute is a node: `graph.Add(a, 1.0)` adds an Add and returns the name of its output. Inputs are names, or
    numbers and arrays, which become constants.

    Args:
        root: the graph around this one, the body of a loop; its values can be read here.
    """

    def __init__(self, root: Graph | None = None) -> None:
        self.onnx = library()
        self.root = self if root is None else root
        self.nodes: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        if root is None:
            self.constants: dict[str, Any] = {}
            self.kept: dict[
                int, tuple[Any, str]
            ] = {}  # owners of weights, held so that no other has their id
            self.count = 0

    def __getattr__(self, operator: str) -> Callable[..., Any]:
        if operator.startswith("_"):
            raise AttributeError(operator)
        return partial(self.node, operator)

    def node(self, operator: str, *inputs: Any, results: int = 1, **attributes: Any) -> Any:
        """Add a node; the name of its output, or a list of `results` names."""
        names = [value if isinstance(value, str) else self.constant(value) for value in inputs]
        made = [self.fresh(operator) for _ in range(results)]
        self.nodes.append(self.onnx.helper.make_node(operator, names, made, **attributes))
        return made[0] if results == 1 else made

    def fresh(self, name: str) -> str:
        """A name that no other value has."""
        self.root.count += 1
        return f"{name}_{self.root.count}"

    def constant(self, value: Any) -> str:
        """A number or an array."""
        array = np.asarray(value)
        wide = {"f": np.float64, "i": np.int64, "u": np.int64}
        return self._stored(array.astype(wide.get(array.dtype.kind, array.dtype)))

    def weights(self, values: np.ndarray, owner: Any = None) -> str:
        """Weights, stored once for all uses of their `owner`, and in the narrowest type that holds them exactly."""
        root, owner = self.root, values if owner is None else owner
        if id(owner) not in root.kept:
            types = (np.float16, np.float32, np.float64)
            with np.errstate(over="ignore"):
                narrow = next(kind for kind in types if np.array_equal(values.astype(kind), values))
            root.kept[id(owner)] = owner, self._stored(values.astype(narrow))
        return self.number(root.kept[id(owner)][1])

    def _stored(self, array: np.ndarray) -> str:
        name = self.fresh("constant")
        self.root.constants[name] = self.onnx.numpy_helper.from_array(array, name)
        return name

    # ------------------------------------------------------------ what is used often

    def part(self, value: str, axis: int, start: int, stop: int | None = None, step: int = 1) -> str:
        """value[..., start:stop:step] along an axis."""
        last = (np.iinfo(np.int64).max if step > 0 else np.iinfo(np.int64).min) if stop is None else stop
        return str(self.Slice(value, [start], [last], [axis], [step]))

    def number(self, value: str) -> str:
        """A mask, or numbers of another type, in double precision."""
        return str(self.Cast(value, to=self.onnx.TensorProto.DOUBLE))

    def join(self, *values: str, axis: int) -> str:
        """The values side by side."""
        return values[0] if len(values) == 1 else str(self.Concat(*values, axis=axis))

    def scan(
        self, step: Step, states: Sequence[str], sequences: Sequence[Any]
    ) -> tuple[list[str], list[str]]:
        """Run a step along axis 1 of sequences (B, T, F): the last states, and the outputs (B, T, U) of all steps."""
        body, helper = Graph(self.root), self.onnx.helper
        before = [self.fresh("state") for _ in states]
        now = [self.fresh("now") for _ in sequences]
        after, told = step(body, before, now)
        ends = [body.Identity(name) for name in (*after, *told)]  # an output is made inside
        graph = helper.make_graph(
            body.nodes,
            self.fresh("step"),
            [self._typed(n) for n in (*before, *now)],
            [self._typed(n) for n in ends],
        )
        turned = [self.Transpose(sequence, perm=[1, 0, 2]) for sequence in sequences]
        names = self.node(
            "Scan", *states, *turned, results=len(ends), body=graph, num_scan_inputs=len(turned)
        )
        return names[: len(states)], [self.Transpose(name, perm=[1, 0, 2]) for name in names[len(states) :]]

    # ------------------------------------------------------------ the file

    def input(self, name: str, shape: Sequence[str | int], *, kind: str = "DOUBLE") -> str:
        """Declare an input, of a `kind` of ONNX such as "INT64" or "STRING"; axes of any length have names."""
        self.inputs.append(self._typed(name, shape, kind))
        return name

    def output(self, value: str, name: str, shape: Sequence[str | int]) -> None:
        """Declare an output."""
        self.nodes.append(self.onnx.helper.make_node("Identity", [value], [name]))
        self.outputs.append(self._typed(name, shape))

    def _typed(self, name: str, shape: Sequence[str | int] | None = None, kind: str = "DOUBLE") -> Any:
        type_of = self.onnx.TensorProto.DataType.Value(kind)
        return self.onnx.helper.make_tensor_value_info(name, type_of, shape)

    def model(self, about: Mapping[str, str], name: str, version: str) -> Any:
        """The checked model with texts `about` it."""
        helper = self.onnx.helper
        graph = helper.make_graph(self.nodes, name, self.inputs, self.outputs, [*self.constants.values()])
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=10,
            producer_name="keras-forecast",
            producer_version=version,
        )
        helper.set_model_props(model, dict(about))
        self.onnx.checker.check_model(model)
        return model


def arcsinh(graph: Graph, value: str) -> str:
    """sign(x) log(|x| + sqrt(x^2 + 1)); few runtimes have Asinh in double precision."""
    root = graph.Sqrt(graph.Add(graph.Mul(value, value), 1.0))
    return str(graph.Mul(graph.Sign(value), graph.Log(graph.Add(graph.Abs(value), root))))


def answer(model: Any, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """What a model answers, by the reference implementation in numpy that comes with onnx."""
    from onnx.reference import ReferenceEvaluator

    with np.errstate(all="ignore"):
        told: Any = ReferenceEvaluator(model).run(None, dict(inputs))
    value: np.ndarray = told[0]
    return value


def write(model: Any, path: str | Path) -> None:
    """Write a model, whole or not at all."""
    with replacing(path) as new:
        new.write_bytes(model.SerializeToString())
