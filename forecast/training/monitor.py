"""What happens after each step of a solver: validation, best weights so far, progress, Keras callbacks."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import keras
import numpy as np
from tqdm import tqdm

from forecast.training.flat_network import Array
from forecast.training.problem import Problem


def lost_message(loss: float, epoch: int, best: int) -> str:
    """What to tell when the loss is not a number any more."""
    return (
        f"training: the loss became {loss} at epoch {epoch}; kept the best weights so far (epoch {best}). "
        'Try a smaller learning_rate, or scale="series".'
    )


class Monitor:
    """Keeps the best theta, epoch 0 included, and says when to stop.

    Args:
        problem: the training problem.
        validation: a problem on the held-out tail of each series, or None: the training error decides.
        start: theta at epoch 0, the AR solution.
        patience: stop after this many epochs without a better validation error.
        total: epochs at most, for the progress bar.
        verbose: 0 silent, 1 a progress bar, 2 a line an epoch (as in Keras).
        callbacks: keras.callbacks.Callback objects; they see logs `loss` and `val_loss` and may set
            `model.stop_training`.
    """

    def __init__(
        self,
        problem: Problem,
        validation: Problem | None,
        start: Array,
        *,
        patience: int,
        total: int,
        verbose: int = 0,
        callbacks: Sequence[keras.callbacks.Callback] = (),
    ):
        self.problem, self.validation, self.patience, self.verbose = problem, validation, patience, verbose
        self.best, self.best_score, self.best_epoch, self.waited = start, np.inf, 0, 0
        self.start, self.history = start, list[dict[str, float]]()
        self.network = problem.program.network
        self.callbacks = (
            keras.callbacks.CallbackList(list(callbacks), model=self.network) if callbacks else None
        )
        self.bar = tqdm(total=total, disable=verbose != 1, leave=False, unit="epoch")
        self.network.stop_training = False
        if self.callbacks:
            self.callbacks.on_train_begin()
        self._record(start, problem.error(start))

    def __call__(self, theta: Array, error: float) -> bool:
        """Record an epoch; True stops the solver."""
        if not (np.isfinite(error) and np.all(np.isfinite(theta))):
            self._distrust_running_loss()
            message = lost_message(error, len(self.history), self.best_epoch)
            warnings.warn(message, RuntimeWarning, stacklevel=2)
            return True
        self._record(theta, error)
        self.bar.update()
        return self.waited >= self.patience or bool(self.network.stop_training)

    def _distrust_running_loss(self) -> None:
        """Back to the start if the best weights are none: a loss measured along an epoch is older than its end."""
        if self.validation is None and not self.problem.error(self.best) <= self.problem.error(self.start):
            self.best, self.best_epoch = self.start, 0

    def _record(self, theta: Array, error: float) -> None:
        logs = {"loss": error / self.problem.count}
        if self.validation is not None:
            logs["val_loss"] = self.validation.error(theta) / self.validation.count
        score = logs.get("val_loss", logs["loss"])
        if score < self.best_score:
            self.best, self.best_score, self.waited = theta, score, 0
            self.best_epoch = len(self.history)
        elif self.validation is not None:
            self.waited += 1
        self._tell(theta, logs)
        self.history.append(logs)

    def _tell(self, theta: Array, logs: dict[str, float]) -> None:
        epoch = len(self.history)
        self.bar.set_postfix({name: f"{value:.4g}" for name, value in logs.items()}, refresh=False)
        if self.verbose == 2:
            tqdm.write(f"epoch {epoch}: " + ", ".join(f"{name} {value:.6g}" for name, value in logs.items()))
        if self.callbacks:
            self.problem.program.assign(theta, self.network)
            self.callbacks.on_epoch_begin(epoch)
            self.callbacks.on_epoch_end(epoch, dict(logs))

    def close(self) -> list[dict[str, float]]:
        """End the progress bar and the callbacks; returns the history, epoch 0 first."""
        self.bar.close()
        if self.callbacks:
            self.callbacks.on_train_end()
        return self.history
