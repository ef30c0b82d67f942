"""Truncated backpropagation through time: the same values, the gradient of its definition."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from forecast.layers import RecurrentStack
from tests.checks import evaluate, float64, gradient, normal, randomize, same, to_numpy

pytestmark = pytest.mark.backend
STEPS = 9
X, LOSS = normal((2, STEPS, 2)), normal((2, STEPS, 3), seed=5)


def model_of(truncate: tuple[int, int] | None, *, padded: bool = False, **options) -> keras.Model:
    """The stack with random weights; where `padded`, steps whose first column is below -0.5 are masked."""
    symbol = keras.Input((STEPS, 2), dtype="float64")
    options = {"units": (4, 3), "cell": "gru", "return_sequences": True, **options}
    stack = RecurrentStack(**options, truncate=truncate, dtype="float64")
    model = keras.Model(symbol, stack(symbol, mask=symbol[:, :, 0] > -0.5 if padded else None))
    randomize(model)
    return model


def loss(outputs):
    return ops.sum(outputs * ops.convert_to_tensor(LOSS))


@pytest.mark.parametrize("truncate", [(1, 1), (2, 5), (4, 30)])
def test_the_values_are_those_of_the_whole_run(truncate: tuple[int, int]) -> None:
    with float64():
        model, plain = model_of(truncate), model_of(None)
        same(evaluate(model, X), evaluate(plain, X), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("truncate", "options"),
    [((1, 9), {}), ((4, 30), {"cell": "lstm", "units": 3}), ((4, 9), {"units": 3, "padded": True})],
    ids=["gru", "lstm", "masked"],
)
@pytest.mark.slow
def test_a_reach_of_the_whole_run_is_full_backpropagation(truncate: tuple[int, int], options: dict) -> None:
    with float64():
        short, full = (gradient(model_of(k, **options), X, loss) for k in (truncate, None))
        same(short, full, rtol=1e-10, atol=1e-10)
        assert min(np.abs(slope).max() for slope in full) > 1e-3


def test_one_and_one_is_the_gradient_of_a_single_step() -> None:
    """dL/dU of the simple network by hand: sum over t of h_{t-1}' (dL/dh_t * (1 - h_t^2)), no further back."""
    with float64():
        model = model_of((1, 1), units=3, cell="elman")
        h = evaluate(model, X)
        before = np.concatenate([np.zeros((2, 1, 3)), h[:, :-1]], axis=1)
        delta = LOSS * (1 - h**2)
        found = dict(
            zip(
                [v.path.rsplit("/", 1)[1] for v in model.trainable_variables],
                gradient(model, X, loss),
                strict=True,
            )
        )
        same(found["kernel"], np.einsum("btf,btu->fu", X, delta), rtol=1e-10, atol=1e-10)
        same(found["recurrent_kernel"], np.einsum("btv,btu->vu", before, delta), rtol=1e-10, atol=1e-10)
        same(found["bias"], delta.sum(axis=(0, 1)), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("truncate", [(2, 5)])
@pytest.mark.slow
def test_the_gradient_is_the_sum_over_blocks_of_short_runs(truncate: tuple[int, int]) -> None:
    """Each block is differentiated by itself, by a plain stack started in a state that is a constant."""
    every, reach = truncate
    with float64():
        model = model_of(truncate)
        plain = RecurrentStack((4, 3), cell="gru", return_sequences=True, return_state=True, dtype="float64")
        plain.build((None, STEPS, 2))
        plain.set_weights(model.get_weights())
        total = [np.zeros(variable.shape) for variable in model.trainable_variables]
        for end in range(STEPS, 0, -every):
            begin, first = max(end - reach, 0), max(end - every, 0)
            states = [to_numpy(s) for s in plain(X[:, :begin])[1:]] if begin else None
            short = block_of(plain, end - begin, states)

            def part(outputs, end=end, first=first):
                return ops.sum(outputs[:, first - end :] * ops.convert_to_tensor(LOSS[:, first:end]))

            for slot, slope in zip(total, gradient(short, X[:, begin:end], part), strict=True):
                slot += slope
        same(gradient(model, X, loss), total, rtol=1e-9, atol=1e-9)


def block_of(stack: RecurrentStack, steps: int, states: list[np.ndarray] | None) -> keras.Model:
    symbol = keras.Input(batch_shape=(2, steps, 2), dtype="float64")
    constants = None if states is None else [ops.convert_to_tensor(state) for state in states]
    return keras.Model(symbol, stack(symbol, initial_state=constants)[0])


@pytest.mark.slow
def test_the_last_output_alone_reaches_as_far_as_a_run_of_the_last_steps() -> None:
    with float64():
        model = model_of((1, 4), return_sequences=False)
        slopes = input_gradient(model)
        assert np.abs(slopes[:, :-4]).max() == 0 and (np.abs(slopes[:, -4:]).max(axis=(0, 2)) > 0).all()
        full = input_gradient(model_of(None, return_sequences=False))
        assert (np.abs(full).max(axis=(0, 2)) > 0).all()
        same(slopes[:, -1], full[:, -1], rtol=1e-10, atol=1e-10)


def input_gradient(model: keras.Model) -> np.ndarray:
    """d sum(output) / d input, as the gradient of a weight added to the input."""
    symbol = keras.Input((STEPS, 2), dtype="float64")
    shift = Shift(dtype="float64")
    shifted = keras.Model(symbol, model(shift(symbol)))
    names = [variable.path for variable in shifted.trainable_variables]
    return gradient(shifted, X, ops.sum)[names.index(shift.shift.path)]


class Shift(keras.layers.Layer):
    """x + a weight for each step and column."""

    def build(self, shape):
        self.shift = self.add_weight(name="shift", shape=(1, STEPS, 2), initializer="zeros")

    def call(self, x):
        return x + self.shift
