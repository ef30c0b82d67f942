"""The table of gradients over distance, of cells, networks and a fitted forecaster, and its picture."""

from __future__ import annotations

import keras
import numpy as np
import pandas as pd
import pytest

from forecast import RNN
from forecast.evaluation import gradient_flow, plot_gradient_flow
from forecast.layers import RecurrentStack, make_cell
from tests.checks import normal
from tests.checks_forecaster import monthly

pytestmark = pytest.mark.backend


def test_a_linear_cell_loses_half_a_step_and_a_residual_cell_nothing() -> None:
    half = keras.initializers.Constant(0.5)
    cell = keras.layers.SimpleRNNCell(1, activation=None, recurrent_initializer=half)
    flow = gradient_flow(cell, normal((3, 9, 1)), normal((3, 1), seed=1))
    assert flow.index.name == "distance" and list(flow.columns) == ["norm", "relative", "least", "greatest"]
    np.testing.assert_allclose(flow["relative"], 0.5 ** np.arange(9), rtol=1e-6)
    assert (flow["least"] <= flow["norm"]).all() and (flow["norm"] <= flow["greatest"]).all()
    residual = make_cell("residual", 3)
    residual.build((None, 1))
    residual.kernel.assign(np.zeros((1, 3)))
    flow = gradient_flow(residual, normal((3, 50, 1)), normal((3, 3), seed=1))
    np.testing.assert_array_equal(flow["relative"], np.ones(50))


def test_a_large_recurrent_matrix_explodes() -> None:
    cell = keras.layers.SimpleRNNCell(
        4, activation=None, recurrent_initializer=keras.initializers.Identity(2.0)
    )
    flow = gradient_flow(cell, normal((2, 20, 1)), normal((2, 4), seed=1))
    np.testing.assert_allclose(flow["relative"], 2.0 ** np.arange(20), rtol=1e-5)


@pytest.mark.slow
def test_a_fitted_forecaster_is_its_network_on_its_windows() -> None:
    y = monthly(40)
    model = RNN(cell="lstm", units=2, window=6, lags=2, epochs=2, jit_compile=False, random_state=0).fit(y)
    model.theta_ = model.theta_ + 0.3  # no layer is silent
    flow = gradient_flow(model, y)
    windows, targets = model.windows(y)
    assert windows.shape == (34, 6, 1) and targets.shape == (34, 1, 1)
    scaled = (y.to_numpy() - model.scaler_.center[0, 0]) / model.scaler_.spread[0, 0]
    np.testing.assert_allclose(windows[3, :, 0], scaled[3:9])
    np.testing.assert_allclose(targets[:, 0, 0], scaled[6:])
    pd.testing.assert_frame_equal(flow, gradient_flow(model.network_, windows, targets))
    assert len(flow) == 6 and flow["norm"].gt(0).all()


def test_a_stack_of_layers_shows_each_of_them() -> None:
    stack = RecurrentStack((3, 2), cell="gru")
    x, y = normal((2, 8, 1)), normal((2, 2), seed=1)
    deep, last = (gradient_flow(stack, x, y, layer=layer) for layer in ("layer_1", None))
    assert deep["norm"].gt(0).all() and last["norm"].gt(0).all()
    assert not np.allclose(deep["norm"], last["norm"])


def test_the_picture_shows_every_flow_on_a_logarithmic_axis() -> None:
    flows = {
        name: pd.DataFrame({"relative": rate ** np.arange(9.0)}, index=pd.RangeIndex(9, name="distance"))
        for name, rate in {"vanishes": 0.5, "stays": 1.0, "dies": 0.0}.items()
    }
    ax = plot_gradient_flow(flows)
    assert ax.get_yscale() == "log" and len(ax.lines) == 3
    np.testing.assert_allclose(ax.lines[0].get_ydata(), 0.5 ** np.arange(9.0))
    assert np.isnan(ax.lines[2].get_ydata()[1:]).all()  # zero has no logarithm
    assert {text.get_text() for text in ax.texts} == set(flows)
    assert plot_gradient_flow(flows["stays"], ax=ax) is ax
    with pytest.raises(ValueError, match="column: must be one of 'norm'"):
        plot_gradient_flow(flows, column="size")
    with pytest.raises(ValueError, match="flows: must be at least one frame"):
        plot_gradient_flow({})


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"step": "last"}, TypeError, "step: must be a whole number"),
        ({"X": np.zeros((4, 1))}, ValueError, r"X: must be sequences \(B, T, F\).*shape \(4, 1\)"),
        ({"X": np.zeros((2, 4, 1))}, ValueError, r"X: must be sequences .* and y of shape \(1, 1\)"),
        ({"y": None}, TypeError, "y: must be an array of numbers; received an object of type NoneType"),
        ({"X": "abc"}, TypeError, "X: must be an array of numbers"),
    ],
)
def test_arguments_are_checked(change: dict, error: type[Exception], words: str) -> None:
    arguments = {"X": np.zeros((1, 4, 1)), "y": np.ones((1, 1)), **change}
    with pytest.raises(error, match=words):
        gradient_flow(keras.layers.SimpleRNNCell(1), **arguments)


@pytest.mark.parametrize("flows", [{}, 5, pd.DataFrame({"a": [1.0]}), {"a": pd.DataFrame({"norm": [1.0]})}])
def test_what_is_no_flow_is_not_drawn(flows: object) -> None:
    with pytest.raises(ValueError, match="flows: must be at least one frame with the column 'relative'"):
        plot_gradient_flow(flows)
