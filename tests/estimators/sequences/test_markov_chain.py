"""Markov chains: counts by hand, the likelihood as a product, the truth of a known chain."""

from __future__ import annotations

import pickle
from itertools import pairwise

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

import forecast
from forecast import MarkovChain
from tests.checks_tools import check_sklearn

WORDS = ["aab", "abb", "b"]


def test_first_order_counts_by_hand() -> None:
    chain = MarkovChain().fit(WORDS)  # aa, ab, ab, bb
    assert chain.counts_.tolist() == [[1, 2], [0, 1]]
    assert chain.transition_.loc["a"].tolist() == pytest.approx([1 / 3, 2 / 3])
    assert chain.transition_.loc["b"].tolist() == [0.0, 1.0]
    smooth = MarkovChain(smoothing=1.0).fit(WORDS)
    assert smooth.transition_.to_numpy().ravel() == pytest.approx([2 / 5, 3 / 5, 1 / 3, 2 / 3])


def test_check_estimator() -> None:
    excused = {
        "check_n_features_in_after_fitting": "rows are sequences: the next symbol follows one of any length"
    }
    check_sklearn(MarkovChain(), excused)


def test_rows_of_an_array_are_sequences() -> None:
    rows = np.random.default_rng(0).integers(0, 3, size=(5, 8))
    chain, listed = MarkovChain(order=2).fit(rows), MarkovChain(order=2).fit(rows.tolist())
    np.testing.assert_array_equal(chain.transition_, listed.transition_)
    assert chain.n_features_in_ == 8 and not hasattr(listed, "n_features_in_")
    np.testing.assert_array_equal(chain.predict(rows[:, -2:]), listed.predict(rows.tolist()))
    with pytest.raises(ValueError, match="contains NaN"):
        chain.fit(np.where(rows == 0, np.nan, rows))
    np.testing.assert_array_equal(chain.transition_, listed.transition_)  # a refused fit changes nothing


def test_second_order_counts_by_hand() -> None:
    chain = MarkovChain(order=2).fit(["aabab", "ab"])  # aa->b, ab->a, ba->b
    assert list(chain.transition_.index) == [("a", "a"), ("a", "b"), ("b", "a")]
    assert chain.transition_.loc[("a", "b")].tolist() == [1.0, 0.0]
    assert chain.predict(["ba", "aab"]).tolist() == ["b", "a"]
    assert chain.predict_proba(["bb"]).tolist() == [[0.5, 0.5]]  # a context never seen


@pytest.mark.parametrize("order", [1, 2])
def test_rows_add_up_to_one_and_numbers_are_symbols_too(order: int) -> None:
    rng = np.random.default_rng(0)
    sequences = [rng.integers(0, 4, size=length) for length in (1, 2, 3, 30)]
    for smoothing in (0.0, 0.5):
        chain = MarkovChain(order=order, smoothing=smoothing).fit(sequences)
        np.testing.assert_allclose(chain.transition_.sum(axis=1), 1.0)
        np.testing.assert_allclose(chain.predict_proba(sequences[1:]).sum(axis=1), 1.0)
    words = ["".join("abcd"[code] for code in sequence) for sequence in sequences]
    same = clone(chain).fit(words)
    np.testing.assert_array_equal(same.transition_, chain.transition_)


def test_likelihood_is_the_product_of_the_transitions() -> None:
    chain = MarkovChain(smoothing=0.5).fit(WORDS)
    table = chain.transition_
    expected = [sum(np.log(table.loc[a, b]) for a, b in pairwise(word)) for word in ("abba", "b", "aa")]
    np.testing.assert_allclose(chain.log_likelihood(["abba", "b", "aa"]), expected)
    assert chain.score(["abba", "b", "aa"]) == pytest.approx(sum(expected) / 4)
    assert chain.perplexity(["abba", "b", "aa"]) == pytest.approx(np.exp(-sum(expected) / 4))
    assert chain.log_likelihood(["b"])[0] == 0.0


def test_perplexity_of_a_fair_coin_is_two_and_of_a_cycle_one() -> None:
    assert MarkovChain().fit(["aabba"]).perplexity(["aabba"]) == pytest.approx(2.0)
    assert MarkovChain().fit(["abcabca"]).perplexity(["bcabc"]) == pytest.approx(1.0)
    with np.errstate(all="raise"):
        assert MarkovChain().fit(["abab"]).perplexity(["aa"]) == np.inf


def test_a_known_chain_is_found_and_the_right_order_has_the_best_score() -> None:
    rng, truth = np.random.default_rng(0), np.array([[0.9, 0.1], [0.4, 0.6]])
    states = [0]
    for _ in range(5000):
        states.append(int(rng.random() < truth[states[-1], 1]))
    np.testing.assert_allclose(MarkovChain().fit([states]).transition_, truth, atol=0.03)
    second = [0, 1]  # the next symbol is the sum of the last two, in nine of ten cases
    for _ in range(3000):
        second.append((second[-1] + second[-2] + int(rng.random() < 0.1)) % 2)
    parts = np.split(np.array(second[:3000]), 30)
    search = GridSearchCV(MarkovChain(smoothing=1.0), {"order": [1, 2]}, cv=3).fit(parts)
    assert search.best_params_ == {"order": 2}
    entropy = -(0.9 * np.log(0.9) + 0.1 * np.log(0.1))
    assert search.best_score_ == pytest.approx(-entropy, abs=0.02)


def test_an_alphabet_given_in_advance_makes_room_for_the_unseen() -> None:
    chain = MarkovChain(smoothing=1.0, symbols="abc").fit(WORDS)
    assert chain.symbols_.tolist() == ["a", "b", "c"]
    assert chain.predict_proba(["c"]) == pytest.approx(np.full((1, 3), 1 / 3))
    assert np.isfinite(chain.score(["cab"]))


def test_copies_are_the_same(tmp_path) -> None:
    chain = MarkovChain(order=2, smoothing=0.1).fit(WORDS)
    chain.save(tmp_path / "chain.zip")
    for copy in (forecast.load(tmp_path / "chain.zip"), pickle.loads(pickle.dumps(chain))):
        assert copy.transition_.equals(chain.transition_) and copy.get_params() == chain.get_params()


@pytest.mark.parametrize(
    ("options", "X", "words"),
    [
        (dict(order=3), WORDS, "order: must be one of 1, 2"),
        (dict(smoothing=-1.0), WORDS, "smoothing: must be a finite number of at least 0"),
        (dict(symbols="a"), WORDS, "X: must be made of the symbols seen in fit; received 'b'"),
        (dict(), [], "X: must be at least one sequence"),
    ],
)
def test_errors(options: dict, X, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        MarkovChain(**options).fit(X)


def test_errors_after_fit() -> None:
    chain = MarkovChain(order=2).fit(WORDS)
    with pytest.raises(ValueError, match=r"X\[1\]: must be at least order=2 symbols long; received 1"):
        chain.predict(["ab", "a"])
    with pytest.raises(ValueError, match="X: must be longer than order=2 somewhere"):
        chain.score(["ab"])
    with pytest.raises(NotFittedError):
        MarkovChain().predict(WORDS)
