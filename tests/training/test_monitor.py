"""The best weights, early stopping, callbacks and what is printed."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.training.monitor import Monitor
from forecast.training.options import Options
from tests.training.cases import Squares, program

pytestmark = pytest.mark.backend
START = np.array([3.0])


def problem(target: float) -> Squares:
    """(target - theta)^2."""
    return Squares(lambda at: target - at, lambda at: -np.eye(1), 1, program())


def monitor(validation: Squares | None = None, **options) -> Monitor:
    return Monitor(problem(0.0), validation, START, Options(**{"patience": 2, "epochs": 9, **options}))


def visit(watch: Monitor, *values: float) -> list[bool]:
    return [watch(np.array([value]), value**2) for value in values]


def test_epoch_0_is_a_candidate() -> None:
    watch = monitor(problem(3.0))
    assert visit(watch, 2.0, 1.0) == [False, True]
    np.testing.assert_array_equal(watch.best, START)
    assert watch.close(START) == [
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
    assert watch.close(START)[0] == {"loss": 9.0}


@pytest.mark.parametrize(("theta", "error"), [(np.nan, 1.0), (1.0, np.nan), (1.0, np.inf)])
def test_a_lost_loss_stops_and_says_what_was_kept(theta: float, error: float) -> None:
    watch = monitor()
    visit(watch, 2.0, 2.5)
    with pytest.warns(RuntimeWarning, match=r"loss became .* at epoch 3; kept the best weights .*epoch 1"):
        assert watch(np.array([theta]), error)
    np.testing.assert_array_equal(watch.best, [2.0])
    assert len(watch.close(START)) == 3


def test_verbosity(capfd: pytest.CaptureFixture[str]) -> None:
    for verbose in (0, 1, 2):
        watch = monitor(verbose=verbose)
        visit(watch, 2.0)
        watch.close(START)
        out, err = capfd.readouterr()
        assert bool(out) == (verbose == 2) and ("epoch" in err) == (verbose == 1)
        assert "epoch 1: loss 4" in out or verbose != 2
