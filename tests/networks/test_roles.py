"""Roles of layers: each family names its own, and no other module knows a name of a layer."""

from __future__ import annotations

import ast
import pathlib

import pytest

import forecast
from forecast.networks import DelayLayer, GraphConfig, NARXConfig, SequenceConfig, TDNNConfig
from forecast.networks.roles import Role, numbered

pytestmark = pytest.mark.backend
ROOT = pathlib.Path(forecast.__file__).parent
NAMES = {"linear/kernel", "output/bias", "output/kernel", "hidden_1", "delay_1", "hidden_", "delay_"}
NAMES |= {"recurrent_kernel", "candidate_kernel", "update_kernel"}


def test_each_family_names_the_layers_it_has() -> None:
    both = {"linear": Role.LINEAR, "ahead": Role.LINEAR, "output": Role.OUTPUT}
    assert GraphConfig(targets=2).roles == both
    hidden = {"hidden_1": Role.FIRST, "hidden_2": Role.HIDDEN}
    assert NARXConfig(hidden=(3, 2)).roles == {**both, **hidden}
    delays = {"delay_1": Role.FIRST, "delay_2": Role.HIDDEN}
    assert TDNNConfig(layers=(DelayLayer(2), DelayLayer(3))).roles == {**both, **delays}
    assert SequenceConfig().roles == {"output": Role.OUTPUT}
    assert numbered("hidden", 0) == {}


@pytest.mark.parametrize("room", ["training", "estimators", "evaluation"])
def test_nothing_outside_the_networks_knows_the_name_of_a_layer(room: str) -> None:
    found = []
    for path in sorted((ROOT / room).rglob("*.py")):
        tree = ast.parse(path.read_text())
        strings = {
            n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)
        }
        alone = {"linear", "output"} if room == "training" else set()
        found += [(path.name, name) for name in strings & (NAMES | alone)]
    assert found == []
