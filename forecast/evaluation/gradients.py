"""Where the gradient of a recurrent network goes: its size over the distance in time, as a table and a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from forecast._checks import LARGEST, check_choice, check_count, explain
from forecast.evaluation.plots import PALETTE, _axes, _finish, _label_ends, _line
from forecast.training.gradient_flow import state_gradients

COLUMNS = ("norm", "relative", "least", "greatest")


def gradient_flow(
    model: Any,
    X: Any,
    y: Any = None,
    *,
    layer: str | None = None,
    loss: str | Callable[[Any, Any], Any] = "mse",
    step: int = -1,
) -> pd.DataFrame:
    """The size of dL_t / dh_k by the distance t - k: whether the gradient of a loss reaches back to early steps.

    Equation:
        norm(d) = mean over sequences of || dL_t / dh_{t-d} ||,   relative(d) = norm(d) / norm(0)

    Symbols:
        h_k: states of the recurrent layer `layer` after step k; L_t: `loss` of a sequence at its step t.
        relative falls towards 0 where the gradient vanishes, grows where it explodes.

    Args:
        model: a keras.Model on sequences (B, T, F), a recurrent layer, a stack of them, a cell, or a fitted
            forecaster with a recurrent `network_`.
        X: sequences (B, T, F), at least one; for a forecaster a history in any form that `fit` takes.
        y: targets of the model's output; for a forecaster what `fit` takes.
        layer: name of a recurrent layer that runs forwards; None means the last one.
        loss: Keras name of a loss, or a function (y, output) -> losses.
        step: t, for a model with outputs at every step; negative counts from the end.

    Returns:
        A frame by `distance` = 0, ..., t, in steps of the layer's input, with the columns norm, relative, least
        and greatest, the last two over sequences.

    Raises:
        TypeError: `model` is not a network.
        ValueError: no such recurrent layer, one that is trained with truncated backpropagation, or a loss that
            does not depend on its states.

    References:
        Pascanu, R., Mikolov, T. and Bengio, Y. (2013). On the difficulty of training recurrent neural networks.
        International Conference on Machine Learning.

    Example:
        >>> import keras, numpy as np
        >>> half = keras.initializers.Constant(0.5)
        >>> cell = keras.layers.SimpleRNNCell(1, activation=None, recurrent_initializer=half)
        >>> x, y = np.zeros((1, 4, 1), "float32"), np.ones((1, 1), "float32")
        >>> gradient_flow(cell, x, y)["relative"].tolist()                   # h_t = h_{t-1} / 2 + W x_t
        [1.0, 0.5, 0.25, 0.125]
    """
    check_count("step", step, minimum=-LARGEST)
    if hasattr(model, "network_"):
        X, y = model.windows(X, y)
        model = model.network_
    sequences, targets = _numbers("X", X), _numbers("y", y)
    if sequences.ndim != 3 or not len(sequences) or len(targets) != len(sequences):
        received = f"X of shape {sequences.shape} and y of shape {targets.shape}"
        remedy = "Reshape one sequence of one feature with x.reshape(1, -1, 1)"
        raise ValueError(explain("X", "sequences (B, T, F), and y as many targets", received, remedy))
    gradients = state_gradients(model, sequences, targets, layer=layer, loss=loss, step=step)
    norms = np.linalg.norm(gradients.astype("float64"), axis=2)[:, ::-1]  # (B, distance)
    norm = norms.mean(axis=0)
    with np.errstate(invalid="ignore"):  # a gradient that overflowed has no relative size
        relative = norm / (norm[0] or np.nan)
    values = [norm, relative, norms.min(axis=0), norms.max(axis=0)]
    index = pd.RangeIndex(len(norm), name="distance")
    return pd.DataFrame(dict(zip(COLUMNS, values, strict=True)), index=index)


def _numbers(name: str, values: Any) -> np.ndarray:
    array = np.asarray(values)
    if array.dtype.kind not in "iufb" or not array.ndim:
        received = f"an object of type {type(values).__name__}"
        raise TypeError(explain(name, "an array of numbers", received, "Pass gradient_flow(model, X, y)"))
    return array


def plot_gradient_flow(
    flows: pd.DataFrame | Mapping[str, pd.DataFrame], *, column: str = "relative", ax: Axes | None = None
) -> Axes:
    """Draw the size of gradients over the distance in time, on a logarithmic axis.

    Args:
        flows: what `gradient_flow` returned, or several of them by name.
        column: "relative", "norm", "least" or "greatest".
        ax: where to draw; None makes a new figure.

    Returns:
        The axes; sizes of zero are left out.

    Raises:
        ValueError, TypeError: no frame with that column, or `ax` is not axes of matplotlib.

    Example:
        >>> import pandas as pd
        >>> flow = pd.DataFrame({"relative": [1.0, 0.5, 0.25]}, index=pd.RangeIndex(3, name="distance"))
        >>> plot_gradient_flow({"half": flow}).get_yscale()
        'log'
    """
    check_choice("column", column, COLUMNS)
    named = dict(flows) if isinstance(flows, Mapping) else {"": flows}
    if not named or not all(isinstance(f, pd.DataFrame) and column in f for f in named.values()):
        received = (
            f"{flows!r}"
            if isinstance(flows, Mapping) and not flows
            else f"one of type {type(flows).__name__}"
        )
        remedy = "Pass what gradient_flow returned, or several of them by name"
        raise ValueError(explain("flows", f"at least one frame with the column {column!r}", received, remedy))
    ax = _axes(ax)
    ax.set_yscale("log")
    ends = []
    for number, (name, flow) in enumerate(named.items()):
        curve = flow[column].where(flow[column] > 0)
        ends.append(_line(ax, curve, name, PALETTE[number % len(PALETTE)], 1.6))
    _finish(ax, next(iter(named.values())).index)
    ax.set_xlabel("distance t - k in steps")
    ax.set_ylabel("size of dL_t / dh_k" + (", 1 at distance 0" if column == "relative" else ""))
    _label_ends(ax, ends)
    return ax
