"""Sequence tasks: the answers are what the inputs say, and a seed fixes both."""

import numpy as np
import pytest

from forecast.datasets import adding_problem, copy_task

SEEDED = [
    lambda seed: adding_problem(samples=20, length=9, random_state=seed),
    lambda seed: copy_task(samples=20, random_state=seed),
]


@pytest.mark.parametrize("make", SEEDED)
def test_a_seed_fixes_the_sequences(make) -> None:
    one, again, drawn, other = make(1), make(1), make(np.random.default_rng(1)), make(2)
    assert all(
        np.array_equal(a, b) and np.array_equal(a, c) for a, b, c in zip(one, again, drawn, strict=True)
    )
    assert not np.array_equal(one[0], other[0])
    assert {part.dtype for part in one} == {np.dtype("float32")}


def test_adding_marks_one_number_in_each_half() -> None:
    x, y = adding_problem(samples=4000, length=7, random_state=0)
    marks = x[..., 1]
    assert (marks[:, :3].sum(axis=1) == 1).all() and (marks[:, 3:].sum(axis=1) == 1).all()
    assert set(np.unique(marks)) == {0.0, 1.0} and marks.any(axis=0).all()
    np.testing.assert_allclose(y[:, 0], [row[row[:, 1] == 1, 0].sum() for row in x], rtol=1e-6)
    assert np.mean((y - 1.0) ** 2) == pytest.approx(1 / 6, rel=0.05)


def test_copy_asks_for_the_words_after_the_signal() -> None:
    x, y, due = copy_task(samples=50, lengths=(2, 6), bits=3, pause=4, steps=20, random_state=0)
    assert x.shape == (50, 20, 4) and y.shape == (50, 20, 3) and due.shape == (50, 20)
    signals = [np.flatnonzero(row[:, 3]) for row in x]
    assert {len(signal) for signal in signals} == {1}
    counts = [int(signal[0]) - 4 for signal in signals]
    assert set(counts) == {2, 3, 4, 5, 6}
    for shown, said, asked, n in zip(x, y, due, counts, strict=True):
        np.testing.assert_array_equal(np.flatnonzero(asked), n + 5 + np.arange(n))
        np.testing.assert_array_equal(said[asked == 1], shown[:n, :3])
        assert not shown[n:, :3].any() and not said[asked == 0].any()


def test_copy_tosses_fair_coins() -> None:
    _, y, due = copy_task(samples=500, lengths=(8, 8), bits=2, random_state=0)
    np.testing.assert_allclose(y[due == 1].mean(axis=0), 0.5, atol=0.03)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: adding_problem(length=1), "length: must be a whole number of at least 2; received 1"),
        (lambda: copy_task(lengths=(3, 2)), r"lengths: must be \(least, greatest\); received \(3, 2\)"),
        (lambda: copy_task(lengths=(0, 2)), "lengths: must be a whole number of at least 1; received 0"),
        (lambda: copy_task(pause=-1), "pause: must be a whole number of at least 0"),
        (
            lambda: copy_task(lengths=(4, 4), steps=8),
            "steps: must be a whole number of at least 9; received 8",
        ),
    ],
)
def test_errors_name_argument_allowed_and_received(call, words) -> None:
    with pytest.raises(ValueError, match=words):
        call()
