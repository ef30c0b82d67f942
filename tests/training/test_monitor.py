"""The best weights, early stopping, callbacks and what is printed."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from forecast.training.monitor import Monitor
from tests.training.cases import Squares, program

pytestmark = pytest.mark.backend
START = np.array([3.0])


def problem(target: float) -> Squares:
    """(target - theta)^2."""
    return Squares(lambda at: target - at, lambda at: -np.eye(1), 1, program())


def monitor(validation: Squares | None = None, **options) -> Monitor:
    given = {"patience": 2, "total": 9, **options}
    return Monitor(problem(0.0), validation, START, **given)


def visit(watch: Monitor, *values: float) -> list[bool]:
    return [watch(np.array([value]), value**2) for value in values]


def test_epoch_0_is_a_candidate() -> None:
    watch = monitor(problem(3.0))
    assert visit(watch, 2.0, 1.0) == [False, True]
    np.testing.assert_array_equal(watch.best, START)
    assert watch.close() == [
        {"loss": 9.0, "val_loss": 0.0},
        {"loss": 4.0, "val_loss": 1.0},
        {"loss": 1.0, "val_loss": 4.0},
    ]


def test_patience_counts_from_the_best_validation() -> None:
    watch = monitor(problem(1.0))
    assert visit(watch, 2.0, 1.5, 0.2, 0.9, 0.1, 0.0) == [False, False, False, False, False, True]
    np.testing.assert_array_equal(watch.best, [0.9])


def test_without_validation_the_loss_decides_and_nothing_stops() -> None:
    watch = monitor()
    assert visit(watch, 2.0, 5.0, 5.0, 5.0, 5.0) == [False] * 5
    np.testing.assert_array_equal(watch.best, [2.0])
    assert watch.close()[0] == {"loss": 9.0}


@pytest.mark.parametrize(("theta", "error"), [(np.nan, 1.0), (1.0, np.nan), (1.0, np.inf)])
def test_a_lost_loss_stops_and_says_what_was_kept(theta: float, error: float) -> None:
    watch = monitor()
    visit(watch, 2.0, 2.5)
    with pytest.warns(RuntimeWarning, match=r"loss became .* at epoch 3; kept the best weights .*epoch 1"):
        assert watch(np.array([theta]), error)
    np.testing.assert_array_equal(watch.best, [2.0])
    assert len(watch.close()) == 3


class Diary(keras.callbacks.Callback):
    def __init__(self, stop_at: int = 99) -> None:
        super().__init__()
        self.entries, self.stop_at = [], stop_at

    def on_train_begin(self, logs=None):
        self.entries.append("begin")

    def on_epoch_end(self, epoch, logs=None):
        self.entries.append((epoch, logs))
        self.model.stop_training = epoch == self.stop_at

    def on_train_end(self, logs=None):
        self.entries.append("end")


def test_callbacks_are_told_and_may_stop() -> None:
    diary = Diary(stop_at=2)
    watch = Monitor(
        Squares(lambda at: at[:1], lambda at: np.eye(1, at.size), 1, program()),
        None,
        np.ones(program().size),
        patience=1,
        total=9,
        callbacks=[diary],
    )
    assert [watch(np.full(program().size, value), value**2) for value in (2.0, 3.0)] == [False, True]
    np.testing.assert_allclose(
        program().read(program().network), 3.0
    )  # the network the callbacks see carries the weights
    watch.close()
    expected = ["begin", (0, {"loss": 1.0}), (1, {"loss": 4.0}), (2, {"loss": 9.0}), "end"]
    assert diary.entries == expected
    assert not Monitor(problem(0.0), None, START, patience=1, total=1).network.stop_training


def test_verbosity(capfd: pytest.CaptureFixture[str]) -> None:
    for verbose in (0, 1, 2):
        watch = monitor(verbose=verbose)
        visit(watch, 2.0)
        watch.close()
        out, err = capfd.readouterr()
        assert bool(out) == (verbose == 2) and ("epoch" in err) == (verbose == 1)
        assert "epoch 1: loss 4" in out or verbose != 2
