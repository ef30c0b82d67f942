"""The user's tables of edges and parents as numbers of nodes."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from forecast._checks import explain
from forecast.layers.graph import Edge
from forecast.layers.tree import ROOT, check_parents, heights

TOLERANCE = 1e-6  # of the largest value of a node: how far its children may miss it


def numbered_edges(edges: Any, nodes: Sequence[Hashable]) -> tuple[Edge, ...]:
    """Rows source, target, weight (1 without that column) as (number, number, weight).

    Raises:
        TypeError: not a frame. ValueError: a column missing, an unknown node, a self loop, a weight that is
            negative or not a number.
    """
    if edges is None:
        return ()
    _check_table("edges", edges, ("source", "target"))
    ends = [_numbers("edges", edges[column], nodes) for column in ("source", "target")]
    weights = _weights(edges)
    loops = ends[0] == ends[1]
    if loops.any():
        received = f"{nodes[int(ends[0][loops][0])]!r} to itself in {int(loops.sum())} rows"
        remedy = "Drop them, edges[edges.source != edges.target]: a node always sees itself"
        raise ValueError(explain("edges", "between two different nodes", received, remedy))
    return tuple(zip(ends[0].tolist(), ends[1].tolist(), weights.tolist(), strict=True))


def numbered_parents(parents: Any, nodes: Sequence[Hashable]) -> tuple[int, ...]:
    """Rows node, parent (missing for a root) as the number of each node's parent, -1 for a root; () for None.

    Raises:
        TypeError: not a frame. ValueError: a column missing, an unknown or forgotten node, two parents of
            one node, a cycle.
    """
    if parents is None:
        return ()
    _check_table("parents", parents, ("node", "parent"))
    inner = parents[parents["parent"].notna()]
    child, parent = (_numbers("parents", part, nodes) for part in (inner["node"], inner["parent"]))
    named = {*child.tolist(), *parent.tolist(), *_numbers("parents", parents["node"], nodes).tolist()}
    lost = [name for number, name in enumerate(nodes) if number not in named]
    if lost:
        received = f"no row for {lost[0]!r} ({len(lost)} such)"
        raise ValueError(explain("parents", "a row for every series", received, "Add it, or drop the series"))
    twice = np.flatnonzero(np.bincount(child, minlength=len(nodes)) > 1)
    if len(twice):
        received = f"several for {nodes[int(twice[0])]!r}"
        raise ValueError(explain("parents", "one parent per node", received, "Keep one of them"))
    tree = np.full(len(nodes), ROOT)
    tree[child] = parent
    return check_parents(tree.tolist())


def check_sums(y: np.ndarray, parents: Sequence[int], nodes: Sequence[Hashable]) -> None:
    """Refuse values (T, S) in which a node is not the sum of its children."""
    for node in np.flatnonzero(heights(parents) > 0).tolist():
        children = np.flatnonzero(np.array(parents) == node)
        gap = np.abs(y[:, node] - y[:, children].sum(axis=1))
        if gap.max() > TOLERANCE * max(np.abs(y[:, children]).sum(axis=1).max(), np.abs(y[:, node]).max()):
            row = int(gap.argmax())
            received = f"{y[row, node]:g} in row {row}, where its {len(children)} children sum to "
            received += f"{y[row, children].sum():g}"
            remedy = "Compute the upper levels as sums of the leaves"
            raise ValueError(explain(f"y of {nodes[node]!r}", "the sum of its children", received, remedy))


def _check_table(name: str, table: Any, needed: tuple[str, ...]) -> None:
    allowed = f"a DataFrame with the columns {', '.join(needed)}" + (", weight" if name == "edges" else "")
    if not isinstance(table, pd.DataFrame):
        library = type(table).__module__.split(".")[0].replace("builtins", "")
        received = f"a {library} {type(table).__name__}".replace("  ", " ")
        remedy = f"Pass a pandas DataFrame, for example {name}.to_pandas()"
        raise TypeError(explain(name, allowed, received, remedy))
    missing = [column for column in needed if column not in table.columns]
    if missing:
        received = f"the columns {[str(column) for column in table.columns]}"
        raise ValueError(explain(name, allowed, received, f"Rename or add {missing[0]!r}"))


def _numbers(name: str, labels: pd.Series, nodes: Sequence[Hashable]) -> np.ndarray:
    numbers = pd.Index(nodes).get_indexer(pd.Index(labels))
    if (numbers < 0).any():
        unknown = labels.to_numpy()[numbers < 0][0]
        known = ", ".join(repr(node) for node in list(nodes)[:5]) + (", ..." if len(nodes) > 5 else "")
        received = f"the unknown {unknown!r} in column {labels.name!r}"
        remedy = "Name series of the panel, or target columns of the frame, by labels of the same type"
        raise ValueError(explain(name, f"between the nodes {known}", received, remedy))
    return np.asarray(numbers)


def _weights(edges: pd.DataFrame) -> np.ndarray:
    if "weight" not in edges.columns:
        return np.ones(len(edges))
    try:
        weights = edges["weight"].to_numpy(dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(
            explain("edges['weight']", "numbers of at least 0", str(error), "Convert the column to float")
        ) from error
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        received = f"{weights[wrong][0]:g} in row {int(np.flatnonzero(wrong)[0])}"
        remedy = "Drop these edges or correct them"
        raise ValueError(explain("edges['weight']", "finite numbers of at least 0", received, remedy))
    return weights
