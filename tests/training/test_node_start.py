"""The least squares of a layer by nodes are those of all its weights together."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.networks import GraphConfig, TreeConfig
from forecast.networks.config import NetworkConfig
from forecast.panel import Panel
from forecast.training.fit import one_step_problem
from forecast.training.linear_init import linear_start, silent
from forecast.training.node_start import node_layer, node_start
from forecast.training.window_program import Program
from forecast.windows import Windows
from tests.checks import normal

pytestmark = pytest.mark.backend
PARENTS = (3, 3, 3, -1)
GRAPH = GraphConfig(targets=4, edges=((0, 1, 1.0),), units=2, lags=(1, 2), outputs=2, dtype="float64")
TREE = TreeConfig(targets=4, parents=PARENTS, units=2, lags=(1, 2), outputs=2, dtype="float64")


def problem_of(config: NetworkConfig):
    y = normal((60, 3)).cumsum(axis=0) * 0.1 + 2.0
    panel = Panel.from_data(np.column_stack([y, y.sum(axis=1)]))
    program = Program(config.build, targets=4, dtype="float64")
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
