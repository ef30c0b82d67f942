"""Tables of edges and parents become numbers, or an error that says what is wrong with them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from forecast.estimators.neural.edges import check_sums, numbered_edges, numbered_parents

NODES = ["a", "b", "sum"]
EDGES = pd.DataFrame({"source": ["a", "b"], "target": ["b", "sum"], "weight": [2, 0.5]})
TREE = pd.DataFrame({"node": ["a", "b", "sum"], "parent": ["sum", "sum", None]})


def test_rows_become_numbers() -> None:
    assert numbered_edges(EDGES, NODES) == ((0, 1, 2.0), (1, 2, 0.5))
    assert numbered_edges(EDGES[["source", "target"]], NODES) == ((0, 1, 1.0), (1, 2, 1.0))
    assert numbered_edges(None, NODES) == () and numbered_parents(None, NODES) == ()
    assert numbered_parents(TREE, NODES) == (2, 2, -1)
    assert numbered_parents(TREE.iloc[:2], NODES) == (2, 2, -1)  # a root needs no row of its own
    numbers = EDGES.assign(source=[7, 8], target=[8, 9])
    assert numbered_edges(numbers, [7, 8, 9]) == numbered_edges(EDGES, NODES)


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        (EDGES.drop(columns="target"), "edges: must be .*source, target, weight.*Rename or add 'target'"),
        (
            EDGES.replace("a", "z"),
            "edges: must be between the nodes 'a', 'b', 'sum'.*unknown 'z' in column 'source'",
        ),
        (
            EDGES.replace("a", "b"),
            "edges: must be between two different nodes; received 'b' to itself in 1 rows",
        ),
        (EDGES.assign(weight=[1.0, -2.0]), "finite numbers of at least 0; received -2 in row 1"),
        (EDGES.assign(weight=[np.nan, 2.0]), "finite numbers of at least 0; received nan in row 0"),
        (EDGES.assign(weight=["much", "little"]), "weight.*numbers"),
    ],
)
def test_wrong_edges_are_named(edges: pd.DataFrame, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        numbered_edges(edges, NODES)


@pytest.mark.parametrize(
    ("parents", "message"),
    [
        (TREE.rename(columns={"parent": "up"}), "parents: must be a DataFrame with the columns node, parent"),
        (TREE.replace("a", "z"), "unknown 'z' in column 'node'"),
        (TREE.iloc[1:], "a row for every series; received no row for 'a'"),
        (pd.concat([TREE, TREE.iloc[:1]]), "one parent per node; received several for 'a'"),
        (TREE.assign(parent=["sum", "sum", "a"]), "cycle"),
    ],
)
def test_wrong_parents_are_named(parents: pd.DataFrame, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        numbered_parents(parents, NODES)


def test_tables_are_frames() -> None:
    with pytest.raises(TypeError, match="edges: must be a DataFrame"):
        numbered_edges([("a", "b")], NODES)
    with pytest.raises(
        TypeError, match=r"received a polars DataFrame.*pandas DataFrame.*edges.to_pandas\(\)"
    ):
        numbered_edges(pl.DataFrame({"source": ["a"], "target": ["b"]}), NODES)
    with pytest.raises(TypeError, match="parents: must be a DataFrame"):
        numbered_parents({"a": "sum"}, NODES)


def test_a_node_that_is_not_the_sum_of_its_children_is_named() -> None:
    y = np.random.default_rng(0).normal(size=(9, 3))
    y[:, 2] = y[:, 0] + y[:, 1]
    check_sums(y, (2, 2, -1), NODES)
    y[4, 2] += 0.01
    with pytest.raises(
        ValueError, match=r"y of 'sum': must be the sum of its children; received .* in row 4"
    ):
        check_sums(y, (2, 2, -1), NODES)
