"""Training by `keras.Model.fit`, for a user's model with dropout, batch statistics or its own loss."""

from __future__ import annotations

import contextlib
import random
import warnings
from collections.abc import Iterator

import keras
import numpy as np

from forecast.training.flat_network import Array
from forecast.training.monitor import lost_message
from forecast.training.options import Options
from forecast.training.problem import OneStep
from forecast.training.window_program import WindowProgram


class _Batches(keras.utils.PyDataset):
    """Random batches of windows, gathered when asked for."""

    def __init__(self, problem: OneStep, size: int, rng: np.random.Generator | None):
        super().__init__()
        self.problem, self.size, self.rng = problem, size, rng
        self.order = np.arange(len(problem))
        self.on_epoch_end()

    def __len__(self) -> int:
        return -(-len(self.order) // self.size)

    def __getitem__(self, index: int) -> tuple[Array, Array, Array]:
        window, target, weight = self.problem.take(self.order[index * self.size : (index + 1) * self.size])
        return window, target, weight.min(axis=2)  # Keras has one weight for all targets of a step

    def on_epoch_end(self) -> None:
        if self.rng is not None:
            self.rng.shuffle(self.order)


class _Best(keras.callbacks.Callback):
    """Keeps the weights of the best epoch, and stops when the loss or a weight is no longer finite.

    Args:
        patience: epochs without a better validation loss before stopping.
        held_out: whether there is a validation loss; without one the last finite epoch counts as the best.
    """

    def __init__(self, patience: int, held_out: bool):
        super().__init__()
        self.patience, self.held_out = patience, held_out
        self.score, self.epoch, self.waited, self.lost = np.inf, 0, 0, False

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self.best = self.model.get_weights()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        losses = logs or {}
        score = losses.get("val_loss", losses["loss"])
        weights = self.model.get_weights()
        if not (np.isfinite([score, losses["loss"]]).all() and all(np.isfinite(w).all() for w in weights)):
            self.lost = self.model.stop_training = True
            warnings.warn(lost_message(losses["loss"], epoch + 1, self.epoch), RuntimeWarning, stacklevel=2)
        elif score < self.score or not self.held_out:
            self.best, self.score, self.epoch, self.waited = weights, score, epoch + 1, 0
        else:
            self.waited += 1
            self.model.stop_training = self.model.stop_training or self.waited >= self.patience

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        if self.held_out or self.lost:
            self.model.set_weights(self.best)


def keras_fit(
    program: WindowProgram,
    problem: OneStep,
    held_out: OneStep | None,
    theta: Array,
    options: Options,
    rng: np.random.Generator,
) -> tuple[Array, list[dict[str, float]]]:
    """Compile and fit the program's network from theta: (theta, loss of every epoch).

    Args:
        held_out: validation windows for early stopping with the best weights restored, or None.
        options: `loss`, a Keras name or a keras.losses.Loss, and the limits of the neural estimators.
    """
    network, size = program.assign(theta, program.network), options.batch_size
    network.compile(optimizer=keras.optimizers.Adam(options.learning_rate), loss=options.loss)
    record = network.fit(
        _Batches(problem, size, rng),
        epochs=options.epochs,
        verbose=options.verbose,
        callbacks=[_Best(options.patience, held_out is not None), *options.callbacks],
        validation_data=None if held_out is None else _Batches(held_out, size, None),
    )
    columns = {name: values for name, values in record.history.items()}
    history = [{name: float(values[k]) for name, values in columns.items()} for k in range(len(record.epoch))]
    return program.read(network), history


@contextlib.contextmanager
def seeded(seed: int | None) -> Iterator[None]:
    """A context with Keras, numpy and Python seeded; numpy's and Python's generators are restored afterwards."""
    if seed is None:
        yield
        return
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002  (Keras seeds the old one too)
    keras.utils.set_random_seed(seed)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
