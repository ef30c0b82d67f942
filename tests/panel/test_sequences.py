"""Sequences of every form become one buffer, and come back right-aligned."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.panel.sequences import Sequences, split_symbols

PARTS = [np.arange(6.0).reshape(3, 2), np.arange(10.0, 12.0).reshape(1, 2), np.arange(8.0).reshape(4, 2)]


def test_padding_stands_in_front_and_is_zero() -> None:
    sequences = Sequences.from_data(PARTS)
    padded = sequences.padded([2, 0], 5)
    assert padded.shape == (2, 5, 3)
    np.testing.assert_array_equal(padded[:, :, 0], [[0, 1, 1, 1, 1], [0, 0, 1, 1, 1]])
    np.testing.assert_array_equal(padded[0, 1:, 1:], PARTS[2])
    np.testing.assert_array_equal(padded[1, 2:, 1:], PARTS[0])
    assert not padded[1, :2].any()


def test_unpadded_is_the_inverse() -> None:
    sequences = Sequences.from_data(PARTS)
    order = np.array([1, 0, 2])
    rows = sequences.unpadded(order, sequences.padded(order, 7)[:, :, 1:])
    np.testing.assert_array_equal(rows, np.concatenate([PARTS[k] for k in order]))


def test_all_forms_agree() -> None:
    values = np.arange(24.0).reshape(2, 4, 3)
    index = pd.MultiIndex.from_product([["b", "a"], range(4)])
    frame = pd.DataFrame(values.reshape(8, 3), index=index)
    for form in (values, list(values), values.tolist(), frame):
        found = Sequences.from_data(form)
        np.testing.assert_array_equal(found.values, values.reshape(8, 3))
        np.testing.assert_array_equal(found.offsets, [0, 4, 8])
    one = [np.array([1.0, 2.0]), np.array([3.0])]
    np.testing.assert_array_equal(Sequences.from_data(one).values, [[1.0], [2.0], [3.0]])
    np.testing.assert_array_equal(
        Sequences.from_data(pd.DataFrame(values[0])).padded([0], 3)[0, :, 1], values[0, 0]
    )


def test_symbols_are_their_positions_and_unknown_ones_minus_one() -> None:
    found = Sequences.from_symbols(["abz", ["b"]], np.array(["a", "b"]))
    np.testing.assert_array_equal(found.values, [[0], [1], [-1], [1]])
    assert [part.tolist() for part in split_symbols([[3, 1], np.array([[2]])])] == [[3, 1], [2]]


@pytest.mark.parametrize(
    ("X", "error", "words"),
    [
        ([], ValueError, "X: must be at least one sequence"),
        ("abc", TypeError, "X: must be a list of sequences"),
        (3.0, TypeError, "X: must be a list of sequences"),
        ([[1.0], [np.nan]], ValueError, r"X\[1\]: must be finite numbers"),
        ([[1.0], []], ValueError, r"X\[1\]: must be finite numbers"),
        ([1.0, 2.0], ValueError, r"X\[0\]: must be finite numbers"),
        (["ab"], ValueError, r"X\[0\]: must be finite numbers .* Pass embedding=8"),
        (
            [np.ones((2, 1)), np.ones((2, 3))],
            ValueError,
            r"same number of columns; received \[1, 3\] columns",
        ),
    ],
)
def test_errors(X, error, words) -> None:
    with pytest.raises(error, match=words):
        Sequences.from_data(X)


def test_a_sequence_without_a_symbol_is_refused() -> None:
    with pytest.raises(ValueError, match=r"X\[1\]: must be a sequence of at least one symbol"):
        split_symbols(["a", ""])


def panel_frame() -> pd.DataFrame:
    index = pd.MultiIndex.from_product([["a", "b"], range(4)])
    return pd.DataFrame({"v": np.arange(8.0)}, index)


def test_frame_of_sequences_in_turn_is_read_by_sequence() -> None:
    X = panel_frame()
    in_turn = X.iloc[[0, 4, 1, 5, 2, 6, 3, 7]]
    np.testing.assert_array_equal(Sequences.from_data(in_turn).values, Sequences.from_data(X).values)


@pytest.mark.parametrize(
    "rows", [[1, 0, 2, 3, 4, 5, 6, 7], [7, 6, 5, 4, 3, 2, 1, 0], [0, 1, 2, 3, 4, 6, 5, 7]]
)
def test_frame_out_of_time_is_refused(rows: list[int]) -> None:
    with pytest.raises(ValueError, match=r"rows of sequence '[ab]': must be sorted in time.*sort_index\(\)"):
        Sequences.from_data(panel_frame().iloc[rows])


def test_two_rows_of_one_time_or_none_are_refused() -> None:
    with pytest.raises(ValueError, match="two rows of one time"):
        Sequences.from_data(panel_frame().iloc[[0, 0, 1, 2]])
    times = [pd.Timestamp("2024-01-01"), pd.NaT]
    for index in (
        pd.MultiIndex.from_arrays([["a", "a"], times]),
        pd.MultiIndex.from_arrays([["a", None], [0, 1]]),
    ):
        with pytest.raises(ValueError, match="index of X: must be known in every row"):
            Sequences.from_data(pd.DataFrame({"v": [1.0, 2.0]}, index))


def test_masked_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        Sequences.from_data([np.ma.masked_equal([1.0, -9.0], -9.0)])
