"""The start: a silent branch, the linear path at least squares, and which weights share a prior."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecast.networks import DelayLayer, GraphConfig, NARXConfig, RecurrentConfig, TDNNConfig, TreeConfig
from forecast.networks.config import NetworkConfig
from forecast.panel import Panel
from forecast.training.fit import one_step_problem
from forecast.training.start import (
    initial_weights,
    linear_members,
    linear_start,
    node_layer,
    node_start,
    prior_at,
    silent,
)
from forecast.training.window_program import WindowProgram
from forecast.windows import Windows
from tests.checks import normal
from tests.training.cases import ALONE, BOTH, LINEAR, one_step, program

pytestmark = pytest.mark.backend
WEIGHTS = np.random.default_rng(5).uniform(0, 2, size=60)


def part_of(config: NARXConfig, theta: np.ndarray, name: str) -> np.ndarray:
    (part,) = (part for path, part in program(config).slices().items() if path.endswith(name))
    return theta[part]


@pytest.mark.parametrize("config", [ALONE, BOTH, LINEAR], ids=["alone", "both", "linear"])
def test_the_start_is_weighted_least_squares(config: NARXConfig) -> None:
    problem = one_step(config, weights=WEIGHTS)
    theta = linear_start(problem, initial_weights(program(config), np.random.default_rng(0)))
    window, target, weight = problem.take(np.arange(len(problem)))
    y, x = window[:, :, : config.targets], window[:, :, config.targets :]
    lagged = [y[:, config.window - lag] for lag in config.lags]
    lagged += [x[:, config.window - 1 - lag] for lag in config.exog_lags]
    design = np.hstack([*lagged, np.ones((len(y), 1))])
    root = np.sqrt(weight[:, 0, :1])
    expected = np.linalg.lstsq(design * root, target[:, 0] * root, rcond=None)[0]
    np.testing.assert_allclose(
        part_of(config, theta, "linear/kernel"), expected[:-1].ravel(), rtol=1e-7, atol=1e-9
    )
    bias = "linear/bias" if config is LINEAR else "output/bias"
    np.testing.assert_allclose(part_of(config, theta, bias), expected[-1], rtol=1e-7, atol=1e-9)
    fitted = program(config).apply(theta, window)[:, 0]
    np.testing.assert_allclose(fitted, design @ expected, rtol=1e-8, atol=1e-9)


def test_collinear_inputs_get_the_solution_of_smallest_norm() -> None:
    problem = one_step(NARXConfig(lags=(1, 2), hidden=(), dtype="float64"))
    same = np.ones_like(problem.windows.y)
    problem.windows.y = same * np.arange(60.0)[:, None]  # a straight line: both lags tell the same
    theta = linear_start(problem, program(LINEAR).template)
    assert problem.error(theta) < 1e-16 * len(problem) * 60**2
    assert np.abs(theta).max() < 2


def test_members_and_groups() -> None:
    own = program(BOTH)
    members = linear_members(own)
    theta = np.arange(1.0, own.size + 1)
    prior = prior_at(own, theta, decay=None)
    for path, part in own.slices().items():
        linear = path.endswith(("linear/kernel", "output/bias"))
        assert members[part].all() == linear and members[part].any() == linear
        groups = prior.groups[part]
        if path.endswith("output/bias"):
            assert (groups == -1).all()
        elif path.endswith("hidden_1/kernel"):
            rows = groups.reshape(6, 3)  # 2 targets at 2 lags, 1 covariate at 2 lags
            assert len(np.unique(rows)) == 6 and (rows == rows[:, :1]).all()
        else:
            assert len(np.unique(groups)) == 1
        center = theta[part] if path.endswith("linear/kernel") else 0.0
        np.testing.assert_array_equal(prior.center[part], center)
    used = prior.groups[prior.groups >= 0]
    assert sorted(set(used)) == list(range(used.max() + 1))
    assert linear_members(program(LINEAR)).all()


def test_a_network_without_linear_path_starts_as_it_came() -> None:
    config = TDNNConfig(layers=(DelayLayer(2, (0, 1)),), linear=False, dtype="float64")
    own = WindowProgram.of(config)
    theta = initial_weights(own, np.random.default_rng(0))
    assert linear_start(replace(one_step(), program=own), theta) is theta


def test_a_recurrent_cell_keeps_the_biases_it_starts_with_and_is_pulled_to_them() -> None:
    own = WindowProgram.of(RecurrentConfig(units=(2,), length=3, layer_norm=True, dtype="float64"))
    theta = initial_weights(own, np.random.default_rng(0))
    prior = prior_at(own, theta, decay=None)
    found = {path.rsplit("/", 1)[1]: part for path, part in own.slices().items() if "/stack/" in f"/{path}"}
    bias, gain = found["bias"], found["gamma"]
    assert sorted(theta[bias]) == [0.0] * 6 + [1.0] * 2 and (theta[gain] == 1).all()
    for part in (bias, gain):
        np.testing.assert_array_equal(prior.center[part], theta[part])
    for name in ("kernel", "recurrent_kernel"):
        assert (theta[found[name]] != own.template[found[name]]).all() and not prior.center[found[name]].any()


PARENTS = (3, 3, 3, -1)
GRAPH = GraphConfig(targets=4, edges=((0, 1, 1.0),), units=2, lags=(1, 2), outputs=2, dtype="float64")
TREE = TreeConfig(targets=4, parents=PARENTS, units=2, lags=(1, 2), outputs=2, dtype="float64")


def problem_of(config: NetworkConfig):
    y = normal((60, 3)).cumsum(axis=0) * 0.1 + 2.0
    panel = Panel.from_data(np.column_stack([y, y.sum(axis=1)]))
    program = WindowProgram.of(config)
    weights = np.random.default_rng(1).uniform(0.5, 2.0, size=60)
    windows = Windows(panel, length=program.window, horizon=program.steps)
    return one_step_problem(program, windows, weights), panel.y, weights


def linear_of(problem, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    parts = {
        path.rsplit("/", 2)[-2:][1]: part
        for path, part in problem.program.slices().items()
        if "linear/" in path
    }
    return theta[parts["kernel"]].reshape(-1, 2, 2), theta[parts["bias"]].reshape(-1, 2)


@pytest.mark.parametrize("config", [GRAPH, TREE], ids=["graph", "tree"])
def test_each_node_is_at_its_weighted_least_squares(config: NetworkConfig) -> None:
    problem, y, weights = problem_of(config)
    kernel, bias = linear_of(
        problem, linear_start(problem, silent(problem.program, problem.program.template))
    )
    for node in range(len(kernel)):
        for step in range(2):
            design = np.column_stack([y[1:-2, node], y[:-3, node], np.ones(57)])
            root = np.sqrt(weights[2 + step : 59 + step])
            target = y[2 + step : 59 + step, node]
            expected = np.linalg.lstsq(design * root[:, None], target * root, rcond=None)[0]
            np.testing.assert_allclose(
                [*kernel[node, :, step], bias[node, step]], expected, rtol=1e-6, atol=1e-8
            )


@pytest.mark.parametrize("options", [{"shared": True}, {"window_norm": True}], ids=str)
def test_shared_weights_and_normalised_windows_leave_no_slope(options: dict) -> None:
    config = GraphConfig(**{**GRAPH.to_dict(), **options})
    problem, _, _ = problem_of(config)
    theta = linear_start(problem, silent(problem.program, problem.program.template))
    _, slope = problem.gradient(theta)
    for path, part in problem.program.slices().items():
        if "linear/" in path:
            np.testing.assert_allclose(slope[part], 0.0, atol=1e-7 * problem.count)


def test_a_second_start_changes_nothing_and_other_weights_are_left_alone() -> None:
    problem, _, _ = problem_of(GRAPH)
    program = problem.program
    once = linear_start(problem, silent(program, program.template))
    np.testing.assert_allclose(node_start(problem, once, node_layer(program)), once, rtol=1e-7, atol=1e-9)
    others = np.ones(program.size, bool)
    for path, part in program.slices().items():
        others[part] = "linear/" not in path
    np.testing.assert_array_equal(once[others], silent(program, program.template)[others])
