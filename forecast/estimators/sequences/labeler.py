"""One class for every time step: the synchronous sequence-to-sequence use of a recurrent network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d, validate_data

from forecast._checks import explain
from forecast.estimators.sequences.base import SequenceModel
from forecast.estimators.validation import refit
from forecast.panel.sequences import is_matrix, is_panel_frame, is_table, split


@dataclass(kw_only=True, eq=False, repr=False)
class SequenceLabeler(SequenceModel):
    """A recurrent network that gives a class to every time step of a sequence.

    Equation:
        h_t = cell(h_{t-1}, x_t),   t = 1, ..., T
        P(class k at t) = exp(C h_t + c)_k / sum_j exp(C h_t + c)_j

    Symbols:
        x_t: the time steps of a sequence, F numbers each, or one symbol with its learned vector.
        cell: `cell`, in layers of `units`.
        C, c: the output layer; training starts with C = 0, at the frequencies of the classes.

    A label depends on no later time step, unless the recurrence is `bidirectional`: then on all of them. The
    network is fitted to the cross-entropy of all steps; sequences are padded in front and masked.

    Sequences come as a list of arrays (T,) or (T, F) of any lengths with a list of labels (T,), as an array
    (S, T, F) with labels (S, T), or as a frame indexed by (sequence, time) with one label per row. An array or
    a frame (T, F) with labels (T,) is one sequence. With `embedding` they are sequences of symbols, in a
    list; a symbol not seen in `fit` gets the mean of all vectors.

    References:
        Graves, A. (2012). Supervised Sequence Labelling with Recurrent Neural Networks. Springer.

    Example:
        >>> model = SequenceLabeler(embedding=2, units=(4,), random_state=0)
        >>> model = model.fit(["abab", "aabb", "bba"], [[0, 0, 1, 1], [0, 1, 1, 1], [0, 0, 0]])
        >>> [labels.tolist() for labels in model.predict(["aab"])]          # 1 once an a has come before
        [[0, 1, 1]]
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from sequences X and their labels y, one per time step."""
        self._check_options()
        with refit(self):
            if self._is_one(X) or (is_table(X) and np.ndim(y[0]) == 0):
                X, y = validate_data(self, X, y, dtype=float)
                X = [X]
            else:
                y = _labels(X, y)
            self._learn(X, self._classes(y), None)
        return self

    def predict_proba(self, X: Any) -> Any:
        """Probabilities of the classes in the order of `classes_`: (T, K) for each sequence, as in `predict`."""
        steps = self._by_step(X)
        if is_panel_frame(X):
            return pd.DataFrame(steps, index=X.index, columns=self.classes_)
        return self._in_form(X, steps)

    def predict(self, X: Any) -> Any:
        """The most probable class of each step.

        Returns:
            a list of arrays (T,); for one array or frame (T, F) an array (T,), for an array (S, T, F) an
            array (S, T), for a frame indexed by (sequence, time) a Series on its index.
        """
        best = self._by_step(X).argmax(axis=1)
        if is_panel_frame(X):
            return pd.Series(self.classes_[best], index=X.index, name=type(self).__name__)
        return self._in_form(X, self.classes_[best])

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Fraction of all steps whose label is right; `sample_weight` has one weight per step."""
        labels, truth = self.predict(X), y
        if isinstance(labels, list):
            labels, truth = np.concatenate(labels), _labels(X, y)
        return float(accuracy_score(np.ravel(truth), np.ravel(labels), sample_weight=sample_weight))

    def _is_one(self, X: Any) -> bool:
        """Whether X is the rows of one sequence of numbers, as an array or in the form known from `fit`."""
        return not self.embedding and (is_matrix(X) or (self._knows_tables() and is_table(X)))

    def _by_step(self, X: Any) -> np.ndarray:
        """Probabilities (N, K) of the steps, in the order of the rows of X."""
        check_is_fitted(self, "theta_")
        if self._is_one(X):
            if self._knows_tables():
                X = validate_data(self, X, dtype=float, reset=False)
            X = [np.asarray(X)]
        steps = self._probabilities(self._read(X))
        return steps[np.argsort(_order(X))] if is_panel_frame(X) else steps

    def _in_form(self, X: Any, steps: np.ndarray) -> Any:
        if self._is_one(X):
            return steps
        if getattr(X, "ndim", 0) == 3:
            return steps.reshape(*X.shape[:2], *steps.shape[1:])
        return np.split(steps, np.cumsum([len(part) for part in split(X)])[:-1])


def _order(X: pd.DataFrame) -> np.ndarray:
    """The rows (N,) of a panel frame, sequence by sequence."""
    return np.argsort(pd.factorize(X.index.get_level_values(0))[0], kind="stable")


def _labels(X: Any, y: Any) -> np.ndarray:
    """The labels of all steps (N,), sequence by sequence."""
    if y is None:
        raise ValueError(explain("y", "the labels of each step", "None", "Pass fit(X, y)"))
    if is_panel_frame(X):
        check_consistent_length(X, y)
        return column_or_1d(y)[_order(X)]
    parts = [np.asarray(list(part) if isinstance(part, str) else part) for part in y]
    found, lengths = [len(part) for part in parts], [len(part) for part in split(X)]
    if found != lengths:
        allowed, remedy = f"one label per step, {_shown(lengths)} of them", "Give y the lengths of X"
        raise ValueError(explain("y", allowed, _shown(found), remedy))
    return np.concatenate([column_or_1d(part) for part in parts])


def _shown(lengths: list[int]) -> str:
    return ", ".join(map(str, lengths[:5])) + (", ..." if len(lengths) > 5 else "")
