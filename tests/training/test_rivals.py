"""Linear models in numpy are those of a linear network, in every way to scale a window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecast.networks import NARXConfig
from forecast.training.fit import linear_fit
from forecast.training.rivals import Linear, decide
from forecast.training.selection import LINEAR, HeldOut, choose_scale, joined
from forecast.windows import Windows
from tests.training.cases import BOTH, program, windows

pytestmark = pytest.mark.backend
FREE = np.array([[-np.inf] * 2, [np.inf] * 2])
CONFIG: NARXConfig = replace(BOTH, hidden=())


@pytest.mark.parametrize("scale", ["series", "window", "level"])
def test_coefficients_and_closed_loop_are_those_of_the_linear_network(scale: str) -> None:
    config = replace(CONFIG, window_norm=scale == "window", window_level=scale == "level")
    own, linear = windows(config, rows=80), Linear.of(config)
    held = HeldOut.of(own, np.ones(80), horizon=5, season=1, limits=FREE)
    assert held is not None and (linear.scale or "series") == scale
    net = program(config)
    theta = linear_fit(net, held.before, held.weights, np.zeros(net.size)).theta
    np.testing.assert_allclose(held.errors_of_linear(linear), held.errors(net, theta), rtol=1e-5)


def test_a_series_that_grows_is_told_by_its_level() -> None:
    walk = np.random.default_rng(7).normal(0.3, 1.0, size=(300, 2)).cumsum(axis=0)
    plain = windows(CONFIG, rows=300)
    own = Windows(plain.panel, length=plain.length, values=(walk / walk.std(), plain.x))
    held = HeldOut.of(own, np.ones(300), horizon=10, season=1, limits=FREE)
    assert held is not None
    scale, table = choose_scale(held, CONFIG)
    assert scale == "level" and table["candidate"].tolist() == [
        LINEAR,
        f"{LINEAR}, level",
        f"{LINEAR}, window",
    ]
    later = table.iloc[[1]].assign(candidate=LINEAR, kept=False)
    network = later.assign(candidate="network", kept=True)
    whole = joined(table, pd.concat([later, network]))
    assert whole["candidate"].tolist() == [*table["candidate"], "network"]
    assert whole["kept"].tolist() == [False, False, False, True]


def test_a_candidate_must_be_better_by_more_than_noise() -> None:
    base = np.array([1.0, 2.0, 3.0, 4.0])
    assert decide({"linear": base, "network": base - [0.5, 0.4, 0.5, 0.4]})["kept"].tolist() == [False, True]
    assert decide({"linear": base, "network": base - [2.0, -1.8, 0, 0]})["kept"].tolist() == [True, False]
    better, best = base - 0.5, base - 0.503  # less than one percent apart
    three = {"linear": base, "network": better, "mean": best}
    assert decide(three)["kept"].tolist() == [False, True, False]
    assert decide(three, in_turn=False)["kept"].tolist() == [False, False, True]
    assert decide({"linear": base, "network": base + 1, "mean": base}, in_turn=False)["kept"].tolist() == [
        True,
        False,
        False,
    ]
    table = decide({"linear": base, "network": base})
    assert table["kept"].tolist() == [True, False] and table["spread"].tolist() == [0.0, 0.0]
