"""What happens after each epoch of a solver: validation, best weights so far, progress, Keras callbacks."""

from __future__ import annotations

import warnings

import numpy as np
from tqdm import tqdm

from forecast.training.callbacks import CallbackRun
from forecast.training.flat_network import Array
from forecast.training.options import Options
from forecast.training.problem import Problem


def lost_message(loss: float, epoch: int, best: int) -> str:
    """The warning for a loss that is no longer finite."""
    return (
        f"training: the loss became {loss} at epoch {epoch}; kept the best weights so far (epoch {best}). "
        'Try a smaller learning_rate, or scale="series".'
    )


class Monitor:
    """Keeps the best theta, epoch 0 (the start) included, and says when to stop.

    A solver calls `begin` before an epoch, `rate` and `batch` around each of its batches if it has any, and the
    monitor itself after the epoch. `theta` are then the weights to continue from.

    Args:
        problem: the training problem.
        validation: a problem on the held-out tail of each series, or None: the training error decides.
        start: theta at epoch 0, the AR solution.
        options: solver, epochs, patience, verbosity and callbacks.
    """

    def __init__(self, problem: Problem, validation: Problem | None, start: Array, options: Options):
        self.problem, self.validation, self.options = problem, validation, options
        self.best_score, self.best_epoch, self.waited = np.inf, 0, 0
        self.history = list[dict[str, float]]()
        self.run, self.open, self.batches = None, False, 0
        if options.callbacks:
            rate = options.learning_rate if options.solver == "adam" else None
            self.run = CallbackRun(
                options.callbacks,
                problem.program,
                start,
                solver=options.solver,
                epochs=options.epochs,
                rate=rate,
            )
            start = self.run.tell("on_train_begin", start)
        self.start = self.best = self.theta = start
        self.restored: Array | None = None
        self.bar = tqdm(total=options.epochs, disable=options.verbose != 1, leave=False, unit="epoch")
        self._record(start, problem.error(start))

    def begin(self) -> None:
        """An epoch begins, unless it has begun already."""
        if self.run and not self.open:
            self.theta = self.run.tell("on_epoch_begin", self.theta, len(self.history) - 1)
            self.open, self.batches = True, 0
            if self.options.solver != "adam":  # all rows are one batch
                self.rate(0.0)

    def rate(self, planned: float) -> float:
        """A batch begins: the learning rate to train it with."""
        if not self.run:
            return planned
        self.theta = self.run.tell("on_train_batch_begin", self.theta, self.batches)
        return self.run.learning_rate(planned) if self.options.solver == "adam" else planned

    def batch(self, theta: Array, loss: float, steps: int) -> Array:
        """A batch of `steps` steps ends: the weights to continue from."""
        if self.run:
            self.batches += steps
            theta = self.run.tell("on_train_batch_end", theta, self.batches - 1, {"loss": loss})
        self.theta = theta
        return theta

    def __call__(self, theta: Array, error: float) -> bool:
        """Record an epoch; True stops the solver."""
        self.begin()
        if not self.batches:
            self.batch(theta, error / self.problem.count, 1)
        self.theta = theta
        if not (np.isfinite(error) and np.all(np.isfinite(theta))):
            self._distrust_running_loss()
            message = lost_message(error, len(self.history), self.best_epoch)
            warnings.warn(message, RuntimeWarning, stacklevel=2)
            self._tell(theta, {"loss": error / self.problem.count})
            return True
        self._tell(theta, self._record(theta, error))
        self.bar.update()
        return self.waited >= self.options.patience or bool(self.run and self.run.stopped)

    def _distrust_running_loss(self) -> None:
        """Fall back to the start when the "best" weights are no better.

        Adam's running loss lags behind the weights at the end of its epoch.
        """
        if self.validation is None and not self.problem.error(self.best) <= self.problem.error(self.start):
            self.best, self.best_epoch = self.start, 0

    def _record(self, theta: Array, error: float) -> dict[str, float]:
        logs = {"loss": error / self.problem.count}
        if self.validation is not None:
            logs["val_loss"] = self.validation.error(theta) / self.validation.count
        score = logs.get("val_loss", logs["loss"])
        if score < self.best_score:
            self.best, self.best_score, self.waited = theta, score, 0
            self.best_epoch = len(self.history)
        elif self.validation is not None:
            self.waited += 1
        self.bar.set_postfix({name: f"{value:.4g}" for name, value in logs.items()}, refresh=False)
        if self.options.verbose == 2:
            line = ", ".join(f"{name} {value:.6g}" for name, value in logs.items())
            tqdm.write(f"epoch {len(self.history)}: {line}")
        self.history.append(logs)
        return logs

    def _tell(self, theta: Array, logs: dict[str, float]) -> None:
        if self.run:
            self.theta, self.open = (
                self.run.tell("on_epoch_end", theta, len(self.history) - 2, dict(logs)),
                False,
            )

    def close(self, theta: Array) -> list[dict[str, float]]:
        """End the progress bar and the callbacks with the solver's theta; returns the history, epoch 0 first.

        `restored` are then the weights that a callback put in their place at the end, or None.
        """
        self.bar.close()
        if self.run:
            last = self.run.tell("on_train_end", theta)
            self.restored = None if last is theta else last
        return self.history
