"""Compiling, differentiating, looping and double precision, each against numpy."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops
from keras.src.backend.common import dtypes

from forecast.training import backend
from tests.training.cases import differences

pytestmark = pytest.mark.backend


def double(array: np.ndarray) -> np.ndarray:
    return np.asarray(array, "float64")


def run(function, *arrays: np.ndarray, jit: bool = True):
    with backend.precision("float64"):
        return backend.to_numpy(backend.compiled(function, jit=jit)(*map(double, arrays)))


def network(theta, row):
    """Two outputs of a row (3, 2): tanh of a bilinear form, and a product."""
    return ops.stack([ops.tanh(ops.sum(row * ops.reshape(theta[:6], (3, 2)))), theta[6] * row[0, 1] ** 3])


@pytest.mark.parametrize("jit", [True, False])
def test_compiled_equals_numpy_in_double_precision(jit: bool) -> None:
    values = np.random.default_rng(0).normal(size=(4, 3))
    total, halves = run(lambda a, b: (ops.sum(ops.tanh(ops.matmul(a, b))), a / 2), values, values.T, jit=jit)
    assert total.dtype == np.float64 and halves.dtype == np.float64
    np.testing.assert_allclose(total, np.tanh(values @ values.T).sum(), rtol=1e-14)
    np.testing.assert_allclose(halves, values / 2, rtol=0)


def test_one_function_serves_several_shapes() -> None:
    twice = backend.compiled(lambda a: 2 * a)
    for rows in (1, 5, 1):
        ones = np.ones((rows, 2), "float32")
        np.testing.assert_array_equal(backend.to_numpy(twice(ones)), 2 * ones)


def test_value_and_gradient() -> None:
    theta, row = np.random.default_rng(1).normal(size=(2, 6))

    def squares(theta, row):
        return ops.sum((theta * row - 1.0) ** 2)

    value, gradient = run(backend.value_and_gradient(squares), theta, row)
    np.testing.assert_allclose(value, np.sum((theta * row - 1) ** 2), rtol=1e-14)
    np.testing.assert_allclose(gradient, 2 * row * (theta * row - 1), rtol=1e-13)


def test_row_jacobian_equals_differences() -> None:
    rng = np.random.default_rng(2)
    theta, rows = 0.4 * rng.normal(size=7), rng.normal(size=(5, 3, 2))
    values, by_theta, by_row = run(backend.row_jacobian(network, 2), theta, rows)
    assert values.shape == (5, 2) and by_theta.shape == (5, 2, 7) and by_row.shape == (5, 2, 3, 2)

    def plain(theta: np.ndarray, row: np.ndarray) -> np.ndarray:
        return np.array([np.tanh(np.sum(row * theta[:6].reshape(3, 2))), theta[6] * row[0, 1] ** 3])

    for number, row in enumerate(rows):
        np.testing.assert_allclose(values[number], plain(theta, row), rtol=1e-13)
        expected = differences(lambda at, row=row: plain(at, row), theta)
        np.testing.assert_allclose(by_theta[number], expected, rtol=1e-7, atol=1e-9)
        flat = differences(lambda at: plain(theta, at.reshape(3, 2)), row.ravel())
        np.testing.assert_allclose(by_row[number].reshape(2, 6), flat, rtol=1e-7, atol=1e-9)


def test_loop_folds_over_the_first_axis() -> None:
    numbers = np.random.default_rng(3).normal(size=(9, 2))

    def fold(start, numbers):
        def step(carry, row):
            state, count = carry
            state = 0.5 * state + row[0]
            return (state, count + 1.0), ops.sum(state)

        (state, count), sums = backend.loop(step, (start, ops.sum(0.0 * start)), (numbers,))
        return state, count, sums

    state, count, sums = run(fold, np.ones(2), numbers)
    expected, trace = np.ones(2), []
    for row in numbers:
        expected = 0.5 * expected + row
        trace.append(expected.sum())
    np.testing.assert_allclose(state, expected, rtol=1e-13)
    np.testing.assert_allclose(sums, trace, rtol=1e-12, atol=1e-14)
    assert count == 9


def test_loop_keeps_arrays_of_a_given_shape() -> None:
    numbers = np.random.default_rng(4).normal(size=(5, 3, 2))

    def sums(numbers):
        def step(carry, row):
            return (carry[0] + row[0],), carry[0] + row[0]

        return backend.loop(step, (0.0 * numbers[0],), (numbers,), (3, 2))[1]

    np.testing.assert_allclose(run(sums, numbers), numbers.cumsum(axis=0), rtol=1e-13)


def test_precision_holds_inside_and_is_put_back() -> None:
    before = dict(getattr(dtypes, "BIT64_TO_BIT32_DTYPE", {}))
    third = np.array([1.0, 3.0]) / 3.0
    with pytest.raises(KeyError), backend.precision("float64"):
        with backend.precision("float64"):
            pass
        inside = ops.tanh(ops.convert_to_tensor(third, dtype="float64"))
        assert keras.backend.standardize_dtype(inside.dtype) == "float64"
        np.testing.assert_allclose(backend.to_numpy(inside), np.tanh(third), rtol=1e-15)
        raise KeyError
    assert dict(getattr(dtypes, "BIT64_TO_BIT32_DTYPE", {})) == before
    with backend.precision("float32"):
        assert dict(getattr(dtypes, "BIT64_TO_BIT32_DTYPE", {})) == before


def test_to_numpy_of_nested_results() -> None:
    one = ops.ones((2,))
    (first, (second,)) = backend.to_numpy((one, [one + 1]))
    assert isinstance(first, np.ndarray) and second.tolist() == [2.0, 2.0]
