"""What the estimators on sequences share: options, symbols, scaling, training, saving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from forecast._checks import check_choice, check_count, check_positive, check_seed, check_verbose, explain
from forecast.estimators import saving
from forecast.estimators.documentation import Documented
from forecast.estimators.neural.options import check_units
from forecast.estimators.validation import check_types, learned
from forecast.networks import SequenceConfig
from forecast.panel.sequences import Sequences, split_symbols
from forecast.training.flat_network import made_once
from forecast.training.options import Options
from forecast.training.sequence_program import (
    SequenceProgram,
    choose_sequence_solver,
    scores,
    train_sequences,
)


@made_once(32)
def program_of(config: SequenceConfig, jit: bool) -> SequenceProgram:
    """The compiled network of a config; fits of one shape share it, and only the first one compiles."""
    return SequenceProgram.of(config, jit=jit)


@dataclass(kw_only=True, eq=False, repr=False)
class SequenceModel(Documented, ClassifierMixin, BaseEstimator):
    """A recurrent network that gives classes to sequences, behind the scikit-learn interface.

    A family reads its data and chooses the pooling; the options below are the same for all.

    Args:
        cell: name of the recurrent cell, one of `forecast.layers.CELLS`.
        units: units of each recurrent layer.
        bidirectional: how a forward and a backward recurrence are combined: "concat", "sum", or None for
            forward only.
        embedding: units of a learned vector for each symbol, when sequences are symbols (text or whole
            numbers); 0 when they are numbers.
        dropout: fraction of each layer's output dropped in training, at least 0 and below 1; for "adam" only.
        scale: whether numbers are standardised by mean and deviation over all steps of all sequences.
        solver: "lbfgs", "adam", or "auto": by number of parameters and steps.
        epochs: most passes over the data, or iterations of "lbfgs".
        batch_size: sequences per step of "adam".
        learning_rate: the first rate of "adam"; it falls to zero along a cosine.
        weight_decay: strength of the pull of kernels towards zero, at least 0.
        validation: fraction of the sequences, at least 0 and below 1, held out at random to stop early.
        patience: epochs without a better validation loss before stopping.
        tolerance: "lbfgs" stops when an iteration lowers the loss by less than a hundredth of this fraction.
        jit_compile: compile by XLA on TensorFlow.
        verbose: 0 silent, 1 or "auto" a progress bar, 2 one line per epoch.
        random_state: seed of the random start, the sequences held out and the batches.

    Attributes:
        classes_: the classes, sorted, shape (K,).
        symbols_: the symbols seen in `fit`, when `embedding` is not 0.
        theta_: the weights, shape (P,); `network_` is a keras.Model that carries them.
        history_: training and validation loss of every epoch, that of the class frequencies first.
        solver_: the solver used.

    Raises:
        ValueError, TypeError: an argument or the data cannot be used.
    """

    cell: str = "gru"
    units: Sequence[int] = (16,)
    bidirectional: str | None = None
    embedding: int = 0
    dropout: float = 0.0
    scale: bool = True
    solver: str = "auto"
    epochs: int = 200
    batch_size: int = 32
    learning_rate: float = 1e-2
    weight_decay: float = 1e-3
    validation: float = 0.0
    patience: int = 20
    tolerance: float = 1e-4
    jit_compile: bool = True
    verbose: bool | int | str = 0
    random_state: int | None = None

    _config: ClassVar[type[SequenceConfig]] = SequenceConfig

    # ---------------------------------------------------------------- learning

    def _learn(self, X: Any, codes: np.ndarray, pooling: str | None) -> None:
        """Fit the network to raw sequences X and class numbers."""
        sequences = self._measured(X)
        if self.validation and len(sequences) < 2:
            remedy = "Pass validation=0, or more sequences"
            raise ValueError(explain("X", "at least two sequences with validation", "one", remedy))
        config = SequenceConfig(
            features=sequences.values.shape[1],
            classes=len(self.classes_),
            cell=self.cell,
            units=tuple(self.units),
            bidirectional=self.bidirectional,
            pooling=pooling,
            categories=len(self.symbols_) if self.embedding else 0,
            embedding=self.embedding,
            dropout=self.dropout,
            dtype="float32" if self.solver == "adam" or self.dropout else "float64",
        )
        self.config_ = config.to_dict()
        program = program_of(config, self.jit_compile)
        self.solver_ = choose_sequence_solver(
            self.solver, program.size, len(sequences.values), noisy=program.noisy
        )
        options = Options(
            solver=self.solver_,
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            validation=self.validation,
            patience=self.patience,
            tolerance=self.tolerance,
            verbose=check_verbose(self.verbose),
        )
        rng = np.random.default_rng(self.random_state)
        self.theta_, self.history_ = train_sequences(program, sequences, codes, options=options, rng=rng)

    def _classes(self, y: np.ndarray) -> np.ndarray:
        """Class numbers (n,) of labels (n,); sets `classes_`."""
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        return codes

    def _measured(self, X: Any) -> Sequences:
        """The sequences in the network's units, which are learned here."""
        if self.embedding:
            self.symbols_ = np.unique(np.concatenate(split_symbols(X)))
            return Sequences.from_symbols(X, self.symbols_)
        sequences = Sequences.from_data(X)
        width = sequences.values.shape[1]
        self.center_, self.spread_ = np.zeros(width), np.ones(width)
        if self.scale:
            spread = sequences.values.std(axis=0)
            self.center_ = sequences.values.mean(axis=0)
            self.spread_ = np.where(spread > 1e-12 * np.abs(self.center_), spread, 1.0)
        return self._scaled(sequences)

    def _scaled(self, sequences: Sequences) -> Sequences:
        return Sequences((sequences.values - self.center_) / self.spread_, sequences.offsets)

    # ---------------------------------------------------------------- predicting

    def _read(self, X: Any) -> Sequences:
        """New sequences in the network's units."""
        if self.embedding:
            return Sequences.from_symbols(X, self.symbols_)
        sequences = Sequences.from_data(X)
        width = sequences.values.shape[1]
        if width != len(self.center_):
            allowed = f"sequences of {len(self.center_)} columns, as in fit"
            raise ValueError(explain("X", allowed, f"{width} columns", "Give every step the same features"))
        return self._scaled(sequences)

    def _probabilities(self, sequences: Sequences) -> np.ndarray:
        """P(class) (S, K), or (N, K) of every row."""
        values = scores(self._program(), self.theta_, sequences)
        odds = np.exp(values - values.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    def _program(self) -> SequenceProgram:
        return program_of(SequenceConfig.from_dict(self.config_), self.jit_compile)

    @property
    def network_(self) -> keras.Model:
        """A copy of the network, single precision, (B, T, 1+F) -> class scores; see `sequence_network`."""
        check_is_fitted(self, "theta_")
        config = SequenceConfig.from_dict({**self.config_, "dtype": "float32"})
        return self._program().assign(self.theta_, config.build())

    # ---------------------------------------------------------------- inside

    def save(self, path: str | Path) -> None:
        """Write the fitted model to one file that `forecast.load` reads back without executing anything."""
        check_is_fitted(self, "theta_")
        saving.save(self, path)

    def _state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        return saving.split_state(self, skip=())

    def _restore(self, plain: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        saving.restore(self, plain, arrays)

    def _check_options(self) -> None:
        check_choice("solver", self.solver, ("auto", "lbfgs", "adam"))
        if self.solver == "lbfgs" and self.dropout:
            remedy = "Pass solver='adam' or dropout=0"
            raise ValueError(explain("solver", "'adam' or 'auto' with dropout", "'lbfgs'", remedy))
        check_count("embedding", self.embedding, minimum=0)
        for name in ("epochs", "batch_size", "patience"):
            check_count(name, getattr(self, name))
        for name in ("learning_rate", "tolerance"):
            check_positive(name, getattr(self, name))
        if self.weight_decay != 0:
            check_positive("weight_decay", self.weight_decay)
        if self.validation != 0 and check_positive("validation", self.validation) >= 1:
            remedy = "Pass for example validation=0.2"
            raise ValueError(explain("validation", "at least 0 and below 1", self.validation, remedy))
        check_seed(self.random_state)
        check_verbose(self.verbose)
        check_units("units", self.units)
        check_types(self)

    def _knows_tables(self) -> bool:
        """Whether `fit` was given the table of one sequence, or a table of sequences."""
        return "n_features_in_" in learned(self)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.string = tags.input_tags.categorical = bool(self.embedding)
        return tags
