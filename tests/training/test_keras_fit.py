"""Training by model.fit: what it learns, what it restores, what callbacks hear."""

from __future__ import annotations

import random

import keras
import numpy as np
import pytest

from forecast.training.fit import train
from forecast.training.keras_fit import seeded
from forecast.training.options import Options
from forecast.training.window_program import WindowProgram
from tests.training.cases import windows

pytestmark = pytest.mark.backend


def build() -> keras.Model:
    rows = keras.Input((2, 1))
    hidden = keras.layers.Dropout(0.1)(keras.layers.Dense(6, "tanh")(keras.layers.Flatten()(rows)))
    return keras.Model(rows, keras.layers.Reshape((1, 1))(keras.layers.Dense(1)(hidden)))


def fit(seed: int = 0, build=build, **options):
    given = {"solver": "keras", "loss": "mean_squared_error", "epochs": 6, "batch_size": 16, **options}
    with seeded(seed):
        program = WindowProgram(build, targets=1, dtype="float32")
        given = Options(learning_rate=given.pop("learning_rate", 0.02), **given)
        theta = program.template
        rng = np.random.default_rng(seed)
        return train(program, windows(), np.ones(60), options=given, rng=rng, theta=theta), program


class Diary(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.entries: list = []

    def on_train_begin(self, logs=None):
        self.entries.append("begin")

    def on_epoch_end(self, epoch, logs=None):
        self.entries.append(sorted(logs))

    def on_train_end(self, logs=None):
        self.entries.append("end")


def test_it_learns_and_callbacks_hear_every_epoch_once(capfd: pytest.CaptureFixture[str]) -> None:
    diary = Diary()
    fitted, _ = fit(validation=0.2, callbacks=[diary], patience=50)
    assert diary.entries == ["begin", *[["loss", "val_loss"]] * 6, "end"]
    assert len(fitted.history) == 6
    assert fitted.history[-1]["loss"] < 0.9 * fitted.history[0]["loss"]
    assert capfd.readouterr().out == ""


def test_the_best_epoch_by_validation_is_restored() -> None:
    fitted, program = fit(validation=0.2, learning_rate=0.5, patience=2, epochs=30)
    scores = [logs["val_loss"] for logs in fitted.history]
    assert len(scores) - 1 - int(np.argmin(scores)) <= 2
    window, target, _ = (tail := windows().split(0.2)[1]).paired(tail.gather())
    error = np.mean((target - program.apply(fitted.theta, window)) ** 2)
    assert error == pytest.approx(min(scores), rel=1e-4)


def test_a_lost_loss_keeps_the_best_weights_and_says_so() -> None:
    with pytest.warns(RuntimeWarning, match="loss became .* kept the best weights so far"):
        fitted, _ = fit(learning_rate=1e30)
    assert np.isfinite(fitted.theta).all()


def test_the_same_seed_gives_the_same_weights() -> None:
    first, again, other = (fit(seed, epochs=2)[0].theta for seed in (0, 0, 1))
    np.testing.assert_allclose(first, again, rtol=1e-6)
    assert not np.allclose(first, other)


def test_seeding_leaves_the_generators_of_others_alone() -> None:
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    expected = random.random(), np.random.random()  # noqa: NPY002
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    with seeded(5):
        drawn = random.random(), float(np.random.random())  # noqa: NPY002
    assert (random.random(), np.random.random()) == expected  # noqa: NPY002
    with seeded(5):
        assert (random.random(), float(np.random.random())) == drawn  # noqa: NPY002
