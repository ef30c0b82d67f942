"""RecursiveNet: its levels add up on any hierarchy, and it starts at the autoregressions of the leaves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.estimators.baselines.ar import AR
from forecast.estimators.neural.recursive_net import RecursiveNet
from forecast.estimators.saving import load
from tests.checks import normal

pytestmark = pytest.mark.backend


def hierarchy(seed: int, nodes: int = 9, rows: int = 50) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A random forest of two trees and values that add up on it: (y, parents)."""
    rng = np.random.default_rng(seed)
    names = [f"n{number}" for number in range(nodes)]
    parents: list[str | None] = [None, None, *(names[rng.integers(k)] for k in range(2, nodes))]
    y = pd.DataFrame(rng.gamma(2.0, 3.0, size=(rows, nodes)), columns=names)
    y.iloc[1:] += 0.7 * y.iloc[:-1].to_numpy()
    for node in reversed(range(nodes)):  # children have greater numbers
        children = [name for name, parent in zip(names, parents, strict=True) if parent == names[node]]
        if children:
            y[names[node]] = y[children].sum(axis=1)
    return y, pd.DataFrame({"node": names, "parent": parents})


def small(**options) -> RecursiveNet:
    return RecursiveNet(
        **{"lags": 2, "units": 2, "epochs": 4, "jit_compile": False, "random_state": 0, **options}
    )


def check_sums_of(values: pd.DataFrame, parents: pd.DataFrame) -> None:
    for parent, children in parents.dropna().groupby("parent")["node"]:
        np.testing.assert_allclose(values[parent], values[list(children)].sum(axis=1), rtol=1e-12)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, marks=pytest.mark.slow),
        pytest.param({"scale": "window", "solver": "adam"}, marks=pytest.mark.slow),
        {"outputs": 2, "members": 2, "scale": None},
    ],
    ids=str,
)
def test_levels_add_up_on_a_random_hierarchy(options: dict) -> None:
    y, parents = hierarchy(seed=len(options))
    model = small(parents=parents, **options).fit(y)
    check_sums_of(model.predict(5), parents)
    check_sums_of(model.predict(y.index[-7:]), parents)
    model.update(pd.concat([y.iloc[-1:]] * 2).set_axis([50, 51]))
    check_sums_of(model.predict(3), parents)


@pytest.mark.slow
def test_it_starts_at_the_autoregressions_of_the_leaves() -> None:
    y, parents = hierarchy(seed=3)
    leaves = [name for name in y if name not in set(parents["parent"])]
    model = small(parents=parents, epochs=1, validation=0).fit(y)
    model.theta_ = model.linear_theta_
    expected = AR(lags=2, joint=False).fit(y[leaves]).predict(1)
    np.testing.assert_allclose(model.predict(1)[leaves], expected, rtol=1e-7)


@pytest.mark.slow
def test_long_panel_and_save(tmp_path: Path) -> None:
    y, parents = hierarchy(seed=5)
    days = pd.date_range("2024-01-01", periods=len(y))
    long = pd.concat([pd.DataFrame({"unique_id": name, "ds": days, "y": y[name]}) for name in y])
    model = small(parents=parents).fit(long)
    table = model.predict(3).pivot(index="ds", columns="unique_id", values="RecursiveNet")
    check_sums_of(table, parents)
    np.testing.assert_allclose(table[list(y)], small(parents=parents).fit(y).predict(3), rtol=1e-6)
    model.save(tmp_path / "tree.zip")
    pd.testing.assert_frame_equal(load(tmp_path / "tree.zip").predict(3), model.predict(3))


@pytest.mark.slow
def test_the_tree_tells_a_leaf_what_its_sibling_does() -> None:
    """b repeats a one step later, so two steps judge: the total, less b, is a."""
    noise = normal((201, 2), seed=6)
    y = pd.DataFrame({"a": noise[1:, 0], "b": noise[:-1, 0] + 0.1 * noise[1:, 1]})
    y["sum"] = y["a"] + y["b"]
    parents = pd.DataFrame({"node": ["a", "b"], "parent": "sum"})
    options = {"lags": 1, "units": 4, "epochs": 60, "horizon": 2}
    seen = small(parents=parents, **options).fit(y.iloc[:150]).update(y.iloc[150:])
    alone = small(**options).fit(y.iloc[:150]).update(y.iloc[150:])
    error, other = (
        float(((m.predict(y.index[150:]) - y.iloc[150:])["b"] ** 2).mean()) for m in (seen, alone)
    )
    assert error < 0.4 * other


def test_what_does_not_add_up_is_refused() -> None:
    y, parents = hierarchy(seed=1)
    with pytest.raises(ValueError, match="y of 'n0': must be the sum of its children"):
        small(parents=parents).fit(y.assign(n0=y["n0"] + 1.0))
    with pytest.raises(ValueError, match="a row for every series"):
        small(parents=parents).fit(y.assign(extra=y["n0"]))


def test_fits_of_one_shape_share_a_compiled_network() -> None:
    tree = pd.DataFrame({"node": ["a", "b", "t"], "parent": ["t", "t", None]})
    networks = set()
    for seed in range(2):
        frame = pd.DataFrame(np.random.default_rng(seed).normal(size=(40, 2)), columns=["a", "b"])
        frame["t"] = frame["a"] + frame["b"]
        model = RecursiveNet(parents=tree, units=2, lags=2, epochs=2, jit_compile=False, random_state=0)
        networks.add(id(model.fit(frame)._compiled()))
    assert len(networks) == 1
