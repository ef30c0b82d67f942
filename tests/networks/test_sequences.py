"""The network over sequences: its equation, and that padding changes nothing."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from forecast.networks import SequenceConfig, sequence_network
from tests.checks import evaluate, normal, randomize, same, to_numpy

pytestmark = pytest.mark.backend

POOLED = list(product(("last", "mean", None), (None, "sum", "concat")))


def padded(values: np.ndarray, length: int) -> np.ndarray:
    """One sequence (T, F) right-aligned, (1, length, 1 + F)."""
    rows = np.zeros((1, length, 1 + values.shape[1]), "float32")
    rows[0, length - len(values) :] = np.hstack([np.ones((len(values), 1)), values])
    return rows


def equation(network, config: SequenceConfig, x: np.ndarray) -> np.ndarray:
    """h_t = tanh(W x_t + U h_{t-1} + b) forward and backward, pooled, z = C p + c."""
    weights = {variable.path: to_numpy(variable) for variable in network.trainable_variables}
    runs = []
    for direction, steps in (("layer_1", x), ("layer_1_backward", x[::-1])):
        if f"recurrent/{direction}/cell/kernel" not in weights:
            continue
        kernel, recurrent, bias = (
            weights[f"recurrent/{direction}/cell/{name}"] for name in ("kernel", "recurrent_kernel", "bias")
        )
        h, states = np.zeros(len(recurrent)), []
        for row in steps:
            h = np.tanh(row @ kernel + h @ recurrent + bias)
            states.append(h)
        runs.append(np.array(states))
    if config.pooling == "last":
        pooled = [run[-1] for run in runs]
    elif config.pooling == "mean":
        pooled = [run.mean(axis=0) for run in runs]
    else:
        pooled = [runs[0], *(run[::-1] for run in runs[1:])]
    both = np.concatenate(pooled, axis=-1) if config.bidirectional == "concat" else sum(pooled)
    return both @ weights["output/kernel"] + weights["output/bias"]


@pytest.mark.parametrize(("pooling", "bidirectional"), POOLED)
def test_network_is_its_equation_whatever_the_padding(pooling, bidirectional) -> None:
    config = SequenceConfig(
        features=2, classes=3, cell="elman", units=(4,), bidirectional=bidirectional, pooling=pooling
    )
    network = config.build()
    randomize(network)
    x = normal((5, 2), dtype="float32")
    both = np.concatenate([padded(x, 9), padded(normal((9, 2), seed=1), 9)])
    scores = evaluate(network, both)[0]
    same(scores[4:] if pooling is None else scores, equation(network, config, x), rtol=1e-5, atol=1e-5)


def test_a_later_step_changes_no_earlier_label_unless_bidirectional() -> None:
    x, other = normal((6, 1), dtype="float32"), normal((6, 1), dtype="float32")
    other[4:] += 1.0
    for bidirectional, causal in ((None, True), ("sum", False)):
        network = SequenceConfig(units=(3,), bidirectional=bidirectional, pooling=None).build()
        randomize(network)
        scores = evaluate(network, np.concatenate([padded(x, 6), padded(other, 6)]))
        assert np.allclose(scores[0, :4], scores[1, :4], atol=1e-6) == causal
        assert not np.allclose(scores[0, 4:], scores[1, 4:], atol=1e-3)


def test_classes_are_equally_likely_at_the_start() -> None:
    network = sequence_network(SequenceConfig(categories=3, embedding=2, classes=4, units=(3, 2)))
    same(evaluate(network, padded(np.array([[0.0], [2.0], [-1.0]]), 4)), np.zeros((1, 4)))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(cell="abacus"), "cell: must be one of"),
        (dict(units=()), "units: must be at least one layer"),
        (dict(units=(0,)), "units: must be a whole number"),
        (dict(pooling="max"), "pooling: must be one of 'last', 'mean', None"),
        (dict(bidirectional="mul"), "bidirectional: must be one of None, 'concat', 'sum'"),
        (dict(categories=2), "embedding: must be a whole number of at least 1"),
    ],
)
def test_errors(options: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        SequenceConfig(**options)
