"""Keras callbacks on the solvers of the package: what they see, what they may change, and in which order."""

from __future__ import annotations

import csv
import pathlib

import keras
import numpy as np
import pytest

from forecast.training.backend import precision
from forecast.training.fit import solve
from forecast.training.options import Options, Solution
from forecast.training.start import prior_at
from tests.training.cases import one_step, program, theta

pytestmark = pytest.mark.backend


def fitted(*callbacks, solver: str = "adam", validation: bool = False, **options) -> tuple[Solution, list]:
    given = {"epochs": 4, "batch_size": 16, "learning_rate": 0.02, **options}
    held = one_step(rows=30) if validation else None
    prior = prior_at(program(), theta(), decay=0.0)
    settings = Options(solver=solver, callbacks=callbacks, **given)
    return solve(one_step(), held, theta(), prior, settings, np.random.default_rng(0))


class Diary(keras.callbacks.Callback):
    """Notes every hook, the rate and the weights."""

    def __init__(self, stop_at: int = 99) -> None:
        super().__init__()
        self.entries, self.rates, self.seen, self.stop_at = [], [], [], stop_at

    def on_train_begin(self, logs=None):
        self.entries.append("train")

    def on_epoch_begin(self, epoch, logs=None):
        self.entries.append(f"epoch {epoch}")

    def on_train_batch_begin(self, batch, logs=None):
        self.entries.append("batch")

    def on_train_batch_end(self, batch, logs=None):
        assert np.isfinite(logs["loss"])
        self.entries.append("batch end")

    def on_epoch_end(self, epoch, logs=None):
        self.entries.append(f"epoch {epoch} end")
        self.seen.append((np.concatenate([w.ravel() for w in self.model.get_weights()]), logs))
        if epoch == self.stop_at:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        self.entries.append("end")


@pytest.mark.parametrize("solver", ["adam", "lbfgs", "lm"])
def test_hooks_come_in_the_order_of_keras_and_may_stop(solver: str) -> None:
    diary = Diary(stop_at=1)
    solution, history = fitted(diary, solver=solver, epochs=20)
    epoch = ["batch", "batch end"]
    assert diary.entries == [
        "train", "epoch 0", *epoch, "epoch 0 end", "epoch 1", *epoch, "epoch 1 end", "end",
    ]  # fmt: skip
    assert len(history) == 3  # the start, which is no epoch, and the two
    assert [logs["loss"] for _, logs in diary.seen] == [logs["loss"] for logs in history[1:]]
    if solver != "adam":
        np.testing.assert_array_equal(diary.seen[-1][0], solution.theta)


@pytest.mark.parametrize("solver", ["adam", "lbfgs", "lm"])
def test_callbacks_that_only_look_change_nothing(solver: str) -> None:
    (seen, history), (alone, expected) = fitted(Diary(), solver=solver), fitted(solver=solver)
    np.testing.assert_array_equal(seen.theta, alone.theta)
    assert history == expected


def test_a_rate_that_a_callback_sets_is_the_rate_of_the_next_step() -> None:
    still, _ = fitted(keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.0), epochs=3)
    np.testing.assert_array_equal(still.theta, theta())
    rates = []
    watch = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: rates.append(float(watch.model.optimizer.learning_rate))
    )
    fitted(keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5), watch)
    np.testing.assert_allclose(rates, [0.01, 0.005, 0.0025, 0.00125], rtol=1e-6)


def test_without_such_a_callback_the_rate_falls_on_a_cosine() -> None:
    rates = []
    watch = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: rates.append(float(watch.model.optimizer.learning_rate))
    )
    fitted(watch)
    np.testing.assert_allclose(rates, 0.01 * (1 + np.cos(np.pi * np.arange(4) / 4)), rtol=1e-6)


def test_reduce_on_plateau_reduces() -> None:
    plateau = keras.callbacks.ReduceLROnPlateau("loss", factor=0.1, patience=1, min_delta=1e9)
    diary = Diary()
    fitted(plateau, diary, epochs=5)
    rates = [logs["learning_rate"] for _, logs in diary.seen]
    assert rates[-1] < 0.1 * rates[1] and rates[-1] > 0


@pytest.mark.parametrize("solver", ["lm", "lbfgs"])
@pytest.mark.parametrize(
    "callback",
    [
        lambda: keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate),
        lambda: keras.callbacks.ReduceLROnPlateau("loss"),
    ],
    ids=["scheduler", "plateau"],
)
def test_a_solver_without_a_rate_says_so(solver: str, callback) -> None:
    with pytest.raises(ValueError, match=f'callbacks.*solver={solver!r} does not have.*solver="adam"'):
        fitted(callback(), solver=solver)


@pytest.mark.parametrize("solver", ["adam", "lbfgs", "lm"])
def test_early_stopping_stops_and_restores(solver: str) -> None:
    diary = Diary()
    stop = keras.callbacks.EarlyStopping("loss", patience=2, min_delta=0.05, restore_best_weights=True)
    solution, history = fitted(stop, diary, solver=solver, epochs=30)
    losses = [logs["loss"] for logs in history[1:]]
    best = 0
    for epoch, loss in enumerate(losses):
        best = epoch if loss < losses[best] - 0.05 else best
    assert len(losses) < 30 and best < len(losses) - 1
    np.testing.assert_array_equal(solution.theta, diary.seen[best][0])


def test_early_stopping_goes_by_the_validation_loss_too() -> None:
    stop = keras.callbacks.EarlyStopping("val_loss", patience=1, mode="max", min_delta=1e9)
    _, history = fitted(stop, validation=True, epochs=30, patience=99)
    assert len(history) == 3


def test_checkpoints_hold_the_weights_of_their_epoch(tmp_path: pathlib.Path) -> None:
    diary = Diary()
    whole = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch:02d}.keras")
    alone = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch:02d}.weights.h5", save_weights_only=True)
    often = keras.callbacks.ModelCheckpoint(tmp_path / "often.keras", save_freq=1)
    fitted(whole, alone, often, diary, epochs=2)
    with precision("float64"):
        loaded = keras.models.load_model(tmp_path / "02.keras", compile=False)
        found = np.concatenate([weight.ravel() for weight in loaded.get_weights()])
    np.testing.assert_allclose(found, diary.seen[1][0], rtol=1e-12)
    assert {path.name for path in tmp_path.iterdir()} == {
        "01.keras", "02.keras", "01.weights.h5", "02.weights.h5", "often.keras",
    }  # fmt: skip


def test_a_log_has_one_row_per_epoch(tmp_path: pathlib.Path) -> None:
    _, history = fitted(keras.callbacks.CSVLogger(str(tmp_path / "log.csv")), validation=True)
    rows = list(csv.DictReader((tmp_path / "log.csv").read_text().splitlines()))
    assert [int(row["epoch"]) for row in rows] == [0, 1, 2, 3]
    np.testing.assert_allclose([float(row["val_loss"]) for row in rows], [h["val_loss"] for h in history[1:]])


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorBoard writes by TensorFlow")
@pytest.mark.parametrize("solver", ["adam", "lm"])
def test_tensorboard_writes_its_events(solver: str, tmp_path: pathlib.Path) -> None:
    pytest.importorskip("tensorboard")
    fitted(keras.callbacks.TensorBoard(str(tmp_path), write_graph=False), solver=solver)
    assert list(tmp_path.rglob("events*"))


def test_terminate_on_nan_looks_at_every_batch() -> None:
    stop = keras.callbacks.TerminateOnNaN()
    with pytest.warns(RuntimeWarning, match="loss became"), np.errstate(over="ignore"):
        solution, _ = fitted(stop, keras.callbacks.LearningRateScheduler(lambda epoch, rate: 1e300))
    assert np.isfinite(solution.theta).all()


def test_a_backup_is_where_training_goes_on(tmp_path: pathlib.Path) -> None:
    class Interrupted(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    diary, backup = Diary(), str(tmp_path / "backup")
    with pytest.raises(KeyboardInterrupt):
        fitted(keras.callbacks.BackupAndRestore(backup), diary, Interrupted())
    _, history = fitted(keras.callbacks.BackupAndRestore(backup))
    problem = one_step()
    assert history[0]["loss"] == pytest.approx(problem.error(diary.seen[1][0]) / problem.count)


def test_weights_that_a_callback_changes_are_those_adam_goes_on_from() -> None:
    class Zero(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.set_weights([0 * weight for weight in self.model.get_weights()])

    diary = Diary()
    fitted(Zero(), keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.0), diary, epochs=2)
    np.testing.assert_array_equal(diary.seen[0][0], 0.0)


def test_each_fit_has_a_model_of_its_own() -> None:
    first, second = Diary(stop_at=0), Diary()
    fitted(first)
    fitted(second)
    assert first.model is not second.model and first.model.stop_training and not second.model.stop_training
    assert not hasattr(program().network, "stop_training") or not program().network.stop_training
