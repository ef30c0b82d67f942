"""The simple recurrent cell is that of Keras, and its gradients are those written out by hand."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from forecast.layers import ElmanCell
from tests.checks import float64, gradient, normal, randomize, same, to_numpy
from tests.layers.recurrent.equations import UNITS, random_cell, record, run

pytestmark = pytest.mark.backend


def test_equals_the_simple_rnn_of_keras() -> None:
    cell, theirs = random_cell(ElmanCell(UNITS)), keras.layers.SimpleRNN(UNITS, return_sequences=True)
    theirs.build((None, None, 2))
    theirs.set_weights(cell.get_weights())
    same(run(cell, record()), run(theirs, record()))


def backpropagation(x: np.ndarray, labels: np.ndarray, weights: list[np.ndarray]) -> list[np.ndarray]:
    """dL/dW, dL/dU, dL/db, dL/dV, dL/dc of h = tanh(W x + U h + b), softmax(V h + c), L = -sum log p_label.

    delta_t = (p_t - e_label) V^T + alpha_{t+1} U^T,   alpha_t = delta_t * (1 - h_t^2)
    """
    W, U, b, V, c = weights
    steps = x.shape[1]
    h = np.zeros((steps + 1, len(x), len(U)))  # h[t + 1] is the state after step t
    for t in range(steps):
        h[t + 1] = np.tanh(x[:, t] @ W + h[t] @ U + b)
    odds = np.exp(h[1:] @ V + c)
    error = odds / odds.sum(axis=-1, keepdims=True) - np.eye(len(c))[labels.T]  # (T, B, classes)
    slopes = [np.zeros_like(weight) for weight in weights]
    alpha = np.zeros_like(h[0])
    for t in reversed(range(steps)):
        alpha = (error[t] @ V.T + alpha @ U.T) * (1 - h[t + 1] ** 2)
        parts = x[:, t].T @ alpha, h[t].T @ alpha, alpha.sum(0), h[t + 1].T @ error[t], error[t].sum(0)
        slopes = [slope + part for slope, part in zip(slopes, parts, strict=True)]
    return slopes


def test_backpropagation_through_time_by_hand_is_that_of_autodiff() -> None:
    x, labels = normal((3, 12, 2)), np.random.default_rng(0).integers(0, 5, (3, 12))
    with float64():
        symbol = keras.Input((12, 2), dtype="float64")
        cell = ElmanCell(4, dtype="float64")
        states = keras.layers.RNN(cell, return_sequences=True, dtype="float64")(symbol)
        model = keras.Model(symbol, keras.layers.Dense(5, dtype="float64")(states))
        randomize(model)
        wanted = np.eye(5)[labels]

        def loss(scores):
            return -ops.sum(ops.multiply(wanted, ops.log_softmax(scores)))

        found = gradient(model, x, loss)
    by_hand = backpropagation(x, labels, [to_numpy(weight) for weight in model.trainable_variables])
    for slope, ours in zip(found, by_hand, strict=True):
        np.testing.assert_allclose(slope, ours, rtol=1e-10, atol=1e-10)
