"""A one-step network run on its own forecasts, as one compiled graph."""

from __future__ import annotations

import keras
from keras import ops

from forecast._checks import check_horizon, explain
from forecast.layers.feedback import FeedbackCell


def closed_loop(network: keras.Model, *, targets: int, exog: int, horizon: int) -> keras.Model:
    """A model that forecasts `horizon` steps by feeding back the network's output; the weights are shared.

    Equation:
        yhat_{t+h} = f([y_{t+h-L}, x_{t+h-L+1}], ..., [y_{t+h-1}, x_{t+h}]),   h = 0, ..., H-1
        with y_{t+i} = yhat_{t+i} for i >= 0

    Symbols:
        f: `network`, paired window (B, L, O+E) -> (B, 1, O).
        O: `targets`, at least 1; E: `exog`, at least 0; H: `horizon`, at least 1.

    Returns:
        A model from [history, future_x] to yhat_t, ..., yhat_{t+H-1}, shape (B, H, O).
        history (B, L, O+E) holds the raw rows (y_tau, x_tau), tau = t-L, ..., t-1; future_x (B, H, max(E, 1))
        holds x_t, ..., x_{t+H-1}, or one column that is not used when E = 0.

    Raises:
        ValueError: the network does not take windows of O+E columns, or `horizon` is below 1.

    References:
        Narendra, K. S. and Parthasarathy, K. (1990). Identification and control of dynamical systems using
        neural networks. IEEE Transactions on Neural Networks 1(1), 4-27.

    Example:
        >>> import keras, numpy as np
        >>> from forecast.networks import closed_loop
        >>> window = keras.Input((1, 1))
        >>> double = keras.Model(window, 2 * window)                      # yhat_t = 2 y_{t-1}
        >>> model = closed_loop(double, targets=1, exog=0, horizon=3)
        >>> y = model([np.ones((1, 1, 1), "float32"), np.zeros((1, 3, 1), "float32")])
        >>> keras.ops.convert_to_numpy(y).ravel().tolist()
        [2.0, 4.0, 8.0]
    """
    check_horizon(horizon)
    cell = FeedbackCell(network, targets=targets)
    if cell.exog != exog:
        allowed = f"{cell.exog}, the columns of the window beside {targets} targets"
        raise ValueError(
            explain("exog", allowed, exog, "Pass the numbers of columns the network was built with")
        )
    dtype = network.inputs[0].dtype
    history = keras.Input((cell.length, targets + exog), dtype=dtype, name="history")
    future_x = keras.Input((horizon, max(exog, 1)), dtype=dtype, name="future_x")
    state = ops.reshape(history, (-1, cell.state_size))
    run = keras.layers.RNN(cell, return_sequences=True, dtype=dtype, name="closed_loop")
    return keras.Model([history, future_x], run(future_x, initial_state=state))
