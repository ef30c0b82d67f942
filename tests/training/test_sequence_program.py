"""Cross-entropy over padded sequences: numpy's value, the gradient of differences, the start, the solvers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecast.networks import SequenceConfig
from forecast.panel.sequences import Sequences
from forecast.training.options import Options
from forecast.training.sequence_program import (
    Labelled,
    SequenceProgram,
    choose_sequence_solver,
    scores,
    start,
    train_sequences,
)
from forecast.training.start import kernel_prior

pytestmark = pytest.mark.backend

RNG = np.random.default_rng(0)
PARTS = [RNG.normal(size=(length, 1)) for length in (3, 6, 2, 11, 5, 4)]
X = Sequences.joined(PARTS)
SIGNS = np.array([int(part.sum() > 0) for part in PARTS])  # a class each
STEPS = (X.values[:, 0] > 0).astype(int)  # a class for every step


def program(pooling: str | None = "last", cell: str = "gru", dtype: str = "float64") -> SequenceProgram:
    config = SequenceConfig(cell=cell, units=(3,), pooling=pooling, dtype=dtype)
    return SequenceProgram.of(config, jit=False)


POOLED = program()
LABELS = program(None)


def entropy(network: SequenceProgram, theta: np.ndarray, codes: np.ndarray) -> float:
    """-sum log P(class) from the class scores, one sequence after the other, without padding."""
    total = 0.0
    for place, part in enumerate(PARTS):
        z = scores(network, theta, Sequences.joined([part]))
        truth = (
            codes[X.offsets[place] : X.offsets[place + 1]] if len(codes) == len(X.values) else codes[[place]]
        )
        chances = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        total -= np.log(chances[np.arange(len(truth)), truth]).sum()
    return total


@pytest.mark.parametrize(("network", "codes"), [(POOLED, SIGNS), (LABELS, STEPS)], ids=["one", "each step"])
def test_loss_is_the_cross_entropy_and_its_gradient_that_of_differences(network, codes) -> None:
    problem = Labelled(network, X, codes, np.arange(6))
    theta = np.random.default_rng(1).normal(scale=0.5, size=network.size)
    error, slope = problem.gradient(theta)
    assert error == pytest.approx(entropy(network, theta, codes), rel=1e-10)
    assert problem.count == len(codes)
    along = np.random.default_rng(2).normal(size=network.size)
    ends = [problem.error(theta + step * along) for step in (-1e-5, 1e-5)]
    assert slope @ along == pytest.approx((ends[1] - ends[0]) / 2e-5, rel=1e-7)


def test_scores_come_in_the_order_of_the_sequences_and_do_not_depend_on_the_others() -> None:
    theta = np.random.default_rng(1).normal(size=POOLED.size)
    alone = np.concatenate([scores(POOLED, theta, Sequences.joined([part])) for part in PARTS])
    np.testing.assert_allclose(scores(POOLED, theta, X), alone, rtol=0, atol=1e-13)


def test_training_starts_at_the_frequencies_of_the_classes() -> None:
    theta = start(POOLED, SIGNS, np.random.default_rng(0))
    share = SIGNS.mean()
    entropy_of_share = -share * np.log(share) - (1 - share) * np.log(1 - share)
    assert Labelled(POOLED, X, SIGNS, np.arange(6)).error(theta) / 6 == pytest.approx(entropy_of_share)


def test_decay_leaves_biases_alone() -> None:
    groups = kernel_prior(POOLED, 0.1).groups
    for path, part in POOLED.slices().items():
        assert (groups[part] == (-1 if path.endswith("bias") else 0)).all()


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_both_solvers_learn_the_sign_of_every_step(solver: str) -> None:
    options = Options(solver=solver, epochs=60, learning_rate=0.1, batch_size=4)
    theta, history = train_sequences(LABELS, X, STEPS, options=options, rng=np.random.default_rng(0))
    assert (scores(LABELS, theta, X).argmax(axis=1) == STEPS).all()
    assert history[-1]["loss"] < 0.2 * history[0]["loss"]


def test_with_validation_the_best_epoch_is_kept() -> None:
    noise = np.array([0, 1, 0, 1, 1, 0])  # nothing to learn
    options = Options(solver="lbfgs", epochs=40, validation=0.34, patience=5)
    theta, history = train_sequences(POOLED, X, noise, options=options, rng=np.random.default_rng(0))
    held = np.random.default_rng(0).permutation(6)[:2]
    best = min(epoch["val_loss"] for epoch in history)
    assert Labelled(POOLED, X, noise, held).error(theta) / 2 == pytest.approx(best)
    alone = replace(options, validation=0.0)
    assert (
        "val_loss" not in train_sequences(POOLED, X, noise, options=alone, rng=np.random.default_rng(0))[1][0]
    )


def test_the_solver_follows_the_size() -> None:
    assert [choose_sequence_solver("auto", *size) for size in ((100, 100), (10**6, 100), (100, 10**7))] == [
        "lbfgs",
        "adam",
        "adam",
    ]
    assert choose_sequence_solver("adam", 100, 100) == "adam"
