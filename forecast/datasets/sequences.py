"""Tasks that test how far back a network remembers: sequences whose right answer is known, as arrays (B, T, F)."""

from __future__ import annotations

import numpy as np

from forecast._checks import check_count, explain
from forecast.datasets.generators import Seed

Array = np.ndarray


def adding_problem(
    *, samples: int = 1000, length: int = 100, random_state: Seed = None
) -> tuple[Array, Array]:
    """Two of T numbers are marked; the answer after the last step is their sum.

        x_t = (u_t, m_t),    y = sum_t m_t u_t,    u_t ~ U(0, 1)

    m is 1 at one step drawn from the first half, at one drawn from the second, and 0 elsewhere. A model
    that has learned nothing answers 1, with a mean squared error of 1/6.

    Args:
        samples: B, number of sequences, at least 1.
        length: T, number of steps, at least 2.
        random_state: seed or numpy Generator.

    Returns:
        inputs (B, T, 2) and answers (B, 1), float32.

    Raises:
        TypeError, ValueError: a number that is not whole, or out of range.

    References:
        Hochreiter and Schmidhuber (1997), Long short-term memory.
        Arjovsky, Shah and Bengio (2016), Unitary evolution recurrent neural networks (this form of it).

    Example:
        >>> x, y = adding_problem(samples=5, length=50, random_state=0)
        >>> x.shape, y.shape, bool(np.allclose((x[..., 0] * x[..., 1]).sum(axis=1), y[:, 0]))
        ((5, 50, 2), (5, 1), True)
    """
    check_count("samples", samples), check_count("length", length, minimum=2)
    rng, half = np.random.default_rng(random_state), length // 2
    x = np.zeros((samples, length, 2), "float32")
    x[..., 0] = rng.random((samples, length))
    every = np.arange(samples)
    x[every, rng.integers(0, half, samples), 1] = 1.0
    x[every, rng.integers(half, length, samples), 1] = 1.0
    return x, (x[..., 0] * x[..., 1]).sum(axis=1, keepdims=True)


def copy_task(
    *,
    samples: int = 1000,
    lengths: tuple[int, int] = (1, 10),
    bits: int = 4,
    pause: int = 0,
    steps: int | None = None,
    random_state: Seed = None,
) -> tuple[Array, Array, Array]:
    """A sequence of random words is shown; after a signal it is to be repeated.

        inputs    word_1 ... word_n  (pause)  signal  nothing ... nothing
        answers   -      ... -       -        -       word_1  ... word_n

    Words are `bits` fair coins each; the signal is a 1 in a column of its own. A model that has learned
    nothing gets half of the bits right.

    Args:
        samples: B, number of sequences, at least 1.
        lengths: the least and the greatest n; each sequence draws its own.
        bits: bits of a word, at least 1.
        pause: empty steps between the last word and the signal.
        steps: T; later steps are empty. None means as few as the greatest n needs, 2 n + pause + 1.
        random_state: seed or numpy Generator.

    Returns:
        inputs (B, T, bits + 1), answers (B, T, bits) and weights (B, T), 1 where an answer is due and else 0;
        all float32.

    Raises:
        TypeError, ValueError: a number that is not whole, or out of range.

    References:
        Graves, Wayne and Danihelka (2014), Neural Turing machines.

    Example:
        >>> x, y, due = copy_task(samples=1, lengths=(3, 3), bits=2, random_state=0)
        >>> x.shape, due[0].tolist(), bool((x[0, :3, :2] == y[0, 4:]).all())
        ((1, 7, 3), [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0], True)
    """
    shortest, longest = (check_count("lengths", number) for number in lengths)
    check_count("samples", samples), check_count("bits", bits), check_count("pause", pause, minimum=0)
    if shortest > longest:
        raise ValueError(explain("lengths", "(least, greatest)", lengths, "Pass lengths=(1, 10)"))
    total = check_count("steps", 2 * longest + pause + 1 if steps is None else steps, 2 * longest + pause + 1)
    rng = np.random.default_rng(random_state)
    count = rng.integers(shortest, longest + 1, samples)
    words = rng.integers(0, 2, (samples, longest, bits)).astype("float32")
    row, place = np.nonzero(np.arange(longest) < count[:, None])
    signal = count + pause
    x, y = np.zeros((samples, total, bits + 1), "float32"), np.zeros((samples, total, bits), "float32")
    due = np.zeros((samples, total), "float32")
    x[row, place, :bits] = words[row, place]
    x[np.arange(samples), signal, bits] = 1.0
    y[row, signal[row] + 1 + place] = words[row, place]
    due[row, signal[row] + 1 + place] = 1.0
    return x, y, due
