"""Keras callbacks during a fit by a solver of this package, on a model that only the fit uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from forecast._checks import explain
from forecast.training.backend import precision
from forecast.training.flat_network import Array, FlatNetwork


class _NoRate:
    """The optimizer that callbacks find where the solver has no learning rate."""

    built = True

    def __init__(self, solver: str):
        self.solver = solver

    @property
    def learning_rate(self) -> Any:
        allowed = f"without one that needs a learning rate, which solver={self.solver!r} does not have"
        remedy = 'Pass solver="adam", or leave LearningRateScheduler and ReduceLROnPlateau out'
        raise ValueError(explain("callbacks", allowed, "one that asked for it", remedy))


class CallbackRun:
    """The callbacks of one fit, with a model of its own that carries the weights of the epoch.

    Hooks come in the order of `keras.Model.fit`; a batch is what one compiled call trains, as with
    `steps_per_execution`. Weights that a callback changes in `model` become those of the fit.

    Args:
        callbacks: keras.callbacks.Callback objects.
        network: the compiled network.
        theta: (P,) weights at the start.
        solver: its name, for errors.
        epochs: the largest number of epochs.
        rate: the first learning rate; None for a solver without one.
    """

    def __init__(
        self,
        callbacks: Sequence[keras.callbacks.Callback],
        network: FlatNetwork,
        theta: Array,
        *,
        solver: str,
        epochs: int,
        rate: float | None = None,
    ):
        self.network, self.model = network, network.copy(theta)
        self.model.stop_training = False
        if rate is None:
            self.model.optimizer = _NoRate(solver)
        else:
            self.model.compile(optimizer=keras.optimizers.Adam(rate), loss="mse")
            with precision(network.dtype):
                self.model.optimizer.build(self.model.trainable_variables)
            self.planned, self.taken_over = self._rate(), False
        self.told = keras.callbacks.CallbackList(
            list(callbacks), model=self.model, epochs=epochs, verbose=0, steps=None
        )

    @property
    def stopped(self) -> bool:
        """Whether a callback asked to stop."""
        return bool(self.model.stop_training)

    def tell(self, hook: str, theta: Array, *arguments: Any) -> Array:
        """Call a hook of all callbacks with the weights theta in the model; returns the weights afterwards."""
        self.network.assign(theta, self.model)
        before = self.network.read(self.model)
        with precision(self.network.dtype):  # a callback may evaluate the model
            getattr(self.told, hook)(*arguments)
        after = self.network.read(self.model)
        return theta if np.array_equal(before, after, equal_nan=True) else after

    def _rate(self) -> float:
        return float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))

    def learning_rate(self, planned: float) -> float:
        """The planned rate until a callback sets one, from then on the rate of the callbacks."""
        if self.taken_over or self._rate() != self.planned:
            self.taken_over = True
            return self._rate()
        self.model.optimizer.learning_rate = planned
        self.planned = self._rate()
        return planned
