"""One class for a whole sequence: the sequence-to-one use of a recurrent network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d, validate_data

from forecast._checks import check_choice, explain
from forecast.estimators.sequences.base import SequenceModel
from forecast.estimators.validation import refit
from forecast.panel.sequences import is_panel_frame, is_table


@dataclass(kw_only=True, eq=False, repr=False)
class SequenceClassifier(SequenceModel):
    """A recurrent network that gives one class to a sequence of any length.

    Equation:
        h_t = cell(h_{t-1}, x_t),   t = 1, ..., T
        p = h_T,   or the mean of h_1, ..., h_T
        P(class k | x_1, ..., x_T) = exp(C p + c)_k / sum_j exp(C p + c)_j

    Symbols:
        x_t: the time steps of a sequence, F numbers each, or one symbol with its learned vector.
        cell: `cell`, in layers of `units`; p: `pooling`.
        C, c: the output layer; training starts with C = 0, at the frequencies of the classes.

    The network is fitted to the cross-entropy of the classes. Sequences are padded in front up to the longest
    one and masked: the class of a sequence does not depend on the others.

    Sequences come as a list of arrays (T,) or (T, F) of any lengths, as an array (S, T, F), as an array or
    frame (S, T) whose rows are sequences of one feature, or as a frame indexed by (sequence, time), whose
    sequences stand in order of their first row. With `embedding` they are sequences of symbols; a word is the
    sequence of its letters, and a symbol not seen in `fit` gets the mean of all vectors.

    Args:
        pooling: "last" state or "mean" of the states; with `bidirectional`, "last" is the end of both directions.

    References:
        Graves, A. (2012). Supervised Sequence Labelling with Recurrent Neural Networks. Springer.

    Example:
        >>> words, first = ["ab", "aab", "abb", "ba", "bba", "baa"], ["a", "a", "a", "b", "b", "b"]
        >>> model = SequenceClassifier(cell="elman", units=(3,), embedding=2, epochs=40, random_state=0)
        >>> model.fit(words, first).predict(["aaab", "bbbba"]).tolist()
        ['a', 'b']
    """

    pooling: str = "last"

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from sequences X and their classes y, shape (S,).

        A Series y beside a frame indexed by (sequence, time) is matched by its index.
        """
        self._check_options()
        check_choice("pooling", self.pooling, ("last", "mean"))
        with refit(self):
            if is_table(X) and not self.embedding:
                X, y = validate_data(self, X, y, dtype=float)
            else:
                y = _labels(X, y)
            self._learn(X, self._classes(y), self.pooling)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities (S, K) of the classes in the order of `classes_`."""
        check_is_fitted(self, "theta_")
        if is_table(X) and not self.embedding:
            X = validate_data(self, X, dtype=float, reset=False) if self._knows_tables() else X
        return self._probabilities(self._read(X))

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each sequence, shape (S,)."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]


def _labels(X: Any, y: Any) -> np.ndarray:
    """One label per sequence, shape (S,)."""
    if y is None:
        raise ValueError(explain("y", "the class of each sequence", "None", "Pass fit(X, y)"))
    if is_panel_frame(X):
        ids = X.index.get_level_values(0).unique()
        if isinstance(y, pd.Series):
            missing = ids.difference(y.index)
            if len(missing) or len(y) != len(ids):
                allowed, remedy = "indexed by the sequences of X", "Give one label for every sequence"
                raise ValueError(explain("y", allowed, f"{len(y)} labels, {len(missing)} missing", remedy))
            y = y[ids]
        check_consistent_length(ids, y)
    else:
        check_consistent_length(X, y)
    return column_or_1d(y, warn=True)
