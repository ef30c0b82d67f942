"""Markov chains on symbols: the next symbol from the one or two before it, by counting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from forecast._checks import check_choice, explain
from forecast.estimators import saving
from forecast.estimators.validation import check_types, refit
from forecast.panel.sequences import Sequences, is_matrix, split_symbols


@dataclass(kw_only=True, eq=False, repr=False)
class MarkovChain(BaseEstimator):
    """The distribution of the next symbol given the last one (first order) or the last two (second order).

    Equation:
        P(b | a) = (n_ab + alpha) / (sum_b' n_ab' + alpha V)
        log L(x) = sum_{t > k} log P(x_t | x_{t-k}, ..., x_{t-1})
        perplexity = exp(-log L / number of transitions)

    Symbols:
        n_ab: how often the symbol b followed the context a, the last k = `order` symbols.
        alpha: `smoothing`, a count added to every transition; V: number of symbols.
        A context that was never seen gives every symbol 1 / V, the limit of a vanishing alpha.

    Sequences come as a list of lists, arrays or words of any lengths, or as the rows of an array, which may be
    longer or shorter in `predict` than in `fit`. A sequence of k symbols or fewer has no transition: nothing is
    learned from it.

    Args:
        order: k, 1 or 2.
        smoothing: alpha, at least 0; 1 is Laplace's rule. At 0 a transition never seen is impossible.
        symbols: the whole alphabet; None = the symbols seen in `fit`.

    Attributes:
        symbols_: the symbols, sorted, shape (V,).
        counts_: n_ab of the contexts seen, shape (C, V).
        contexts_: their symbols as positions in `symbols_`, oldest first, shape (C, k); all V for k = 1.

    Raises:
        ValueError, TypeError: an argument or the data cannot be used.

    References:
        Markov, A. A. (1913). An example of statistical investigation of the text Eugene Onegin concerning the
        connection of samples in chains. English translation: Science in Context 19(4), 591-600 (2006).
        Shannon, C. E. (1948). A mathematical theory of communication. Bell System Technical Journal 27.

    Example:
        >>> chain = MarkovChain().fit(["aab", "abb"])
        >>> chain.transition_.round(2)
              a     b
        a  0.33  0.67
        b  0.00  1.00
        >>> chain.predict(["ba"]), round(chain.perplexity(["aab"]), 3)    # 1 / sqrt(1/3 * 2/3)
        (array(['b'], dtype='<U1'), 2.121)
    """

    order: int = 1
    smoothing: float = 0.0
    symbols: Sequence[Any] | None = None

    def fit(self, X: Any, y: Any = None) -> Self:
        """Count the transitions of the sequences X; y is not used."""
        check_choice("order", self.order, (1, 2))
        known = isinstance(self.smoothing, Real) and np.isfinite(self.smoothing) and self.smoothing >= 0
        if not known:
            allowed, remedy = "a finite number of at least 0", "Pass smoothing=0 or smoothing=1"
            raise ValueError(explain("smoothing", allowed, self.smoothing, remedy))
        check_types(self)
        if self.symbols is not None and not isinstance(self.symbols, Iterable):
            received = f"{self.symbols!r} of type {type(self.symbols).__name__}"
            raise TypeError(explain("symbols", "a list of symbols, or None", received, "Pass symbols=[0, 1]"))
        with refit(self):
            self._count(validate_data(self, X, dtype=None) if _is_array(X) else X)
        return self

    @property
    def transition_(self) -> pd.DataFrame:
        """P(b | a), one row per context, one column per symbol; a context of two symbols is a pair of labels."""
        check_is_fitted(self, "counts_")
        labels = [pd.Index(self.symbols_[column]) for column in self.contexts_.T]
        index = labels[0] if self.order == 1 else pd.MultiIndex.from_arrays(labels)
        return pd.DataFrame(self._rows(self.contexts_), index=index, columns=pd.Index(self.symbols_))

    def predict_proba(self, X: Any) -> np.ndarray:
        """Distribution (S, V) of the symbol after the end of each sequence, in the order of `symbols_`."""
        check_is_fitted(self, "counts_")
        sequences = self._codes(X)
        short = np.flatnonzero(sequences.lengths < self.order)
        if len(short):
            allowed = f"at least order={self.order} symbols long"
            received, remedy = f"{sequences.lengths[short[0]]}", "Leave out shorter sequences"
            raise ValueError(explain(f"X[{short[0]}]", allowed, received, remedy))
        rows = sequences.offsets[1:, None] + np.arange(-self.order, 0)
        return self._rows(sequences.values[rows, 0].astype(int))

    def predict(self, X: Any) -> np.ndarray:
        """The most probable next symbol of each sequence, shape (S,)."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.symbols_[best]

    def log_likelihood(self, X: Any) -> np.ndarray:
        """log L of each sequence given its first k symbols, shape (S,); 0 without a transition."""
        check_is_fitted(self, "counts_")
        sequences = self._codes(X)
        contexts, following, owner = self._transitions(sequences)
        with np.errstate(divide="ignore"):
            logarithms = np.log(self._rows(contexts)[np.arange(len(following)), following])
        return np.bincount(owner, weights=logarithms, minlength=len(sequences))

    def score(self, X: Any, y: Any = None) -> float:
        """Mean log P of a transition; y is not used."""
        logarithms = self.log_likelihood(X)
        count = np.maximum(self._codes(X).lengths - self.order, 0).sum()
        if not count:
            allowed, remedy = f"longer than order={self.order} somewhere", "Give longer sequences"
            raise ValueError(explain("X", allowed, "shorter sequences only", remedy))
        return float(logarithms.sum() / count)

    def perplexity(self, X: Any) -> float:
        """exp(-score): the number of equally likely symbols among which the next would be as hard to guess."""
        return float(np.exp(-self.score(X)))

    def save(self, path: str | Path) -> None:
        """Write the fitted model to one file that `forecast.load` reads back without executing anything."""
        check_is_fitted(self, "counts_")
        saving.save(self, path)

    # ---------------------------------------------------------------- inside

    def _count(self, X: Any) -> None:
        alphabet = split_symbols(X) if self.symbols is None else [np.asarray(list(self.symbols))]
        self.symbols_ = np.unique(np.concatenate(alphabet))
        contexts, following = self._transitions(self._codes(X))[:2]
        size = len(self.symbols_)
        seen = np.arange(size) if self.order == 1 else np.unique(self._key(contexts))
        self.contexts_ = np.stack(np.unravel_index(seen, (size,) * self.order), axis=1)
        self.counts_ = np.zeros((len(seen), size), dtype=np.int64)
        np.add.at(self.counts_, (np.searchsorted(seen, self._key(contexts)), following), 1)

    def _codes(self, X: Any) -> Sequences:
        """Positions of the symbols in `symbols_`."""
        X = check_array(X, dtype=None) if _is_array(X) else X
        sequences = Sequences.from_symbols(X, self.symbols_)
        unknown = np.flatnonzero(sequences.values[:, 0] < 0)
        if len(unknown):
            symbol = np.concatenate([part.astype(object) for part in split_symbols(X)])[unknown[0]]
            allowed, remedy = "made of the symbols seen in fit", "Pass the whole alphabet as symbols=[...]"
            raise ValueError(explain("X", allowed, repr(symbol), remedy))
        return sequences

    def _transitions(self, sequences: Sequences) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Contexts (n, k), the symbols (n,) that follow them and the sequence (n,) of each."""
        owner = np.repeat(np.arange(len(sequences)), sequences.lengths)
        rows = np.flatnonzero(np.arange(len(owner)) - sequences.offsets[owner] >= self.order)
        codes = sequences.values[:, 0].astype(int)
        return codes[rows[:, None] + np.arange(-self.order, 0)], codes[rows], owner[rows]

    def _key(self, contexts: np.ndarray) -> np.ndarray:
        """One number for each context (n, k)."""
        return np.ravel_multi_index(tuple(contexts.T), (len(self.symbols_),) * self.order)

    def _rows(self, contexts: np.ndarray) -> np.ndarray:
        """P(. | context) (n, V) of contexts (n, k)."""
        known, wanted, size = self._key(self.contexts_), self._key(contexts), len(self.symbols_)
        place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        counts = np.where((known[place] == wanted)[:, None], self.counts_[place], 0) + float(self.smoothing)
        total = counts.sum(axis=1, keepdims=True)
        return np.where(total > 0, counts / np.where(total > 0, total, 1.0), 1.0 / size)

    def _state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        return saving.split_state(self, skip=())

    def _restore(self, plain: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        saving.restore(self, plain, arrays)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = tags.input_tags.categorical = True
        return tags


def _is_array(X: Any) -> bool:
    """Rows that are sequences of numbers; no list, no text."""
    return is_matrix(X) and np.asarray(X).dtype.kind not in "SUT"
