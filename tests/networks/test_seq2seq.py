"""Sequence to sequence: linear at the start, causal in what it is told, one network for both ways of decoding."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from forecast.layers import CELLS, DirectLinear
from forecast.networks import Seq2SeqConfig, attention_reader
from tests.checks import check_all_matter, evaluate, normal, randomize, reload, same, some, to_numpy

pytestmark = pytest.mark.backend

CONFIGS = {
    "one step": Seq2SeqConfig(length=4, units=3),
    "first": Seq2SeqConfig(length=4, horizon=3, exog=2, units=3, cell="lstm"),
    "every, no linear path": Seq2SeqConfig(
        length=4, horizon=3, targets=2, units=3, context="every", linear=False
    ),
    "additive": Seq2SeqConfig(length=4, horizon=3, exog=1, units=3, attention="additive", window_norm=True),
    "multiplicative": Seq2SeqConfig(
        length=4, horizon=3, targets=2, exog=1, units=3, attention="multiplicative", context="every"
    ),
}
EACH = pytest.mark.parametrize("config", CONFIGS.values(), ids=list(CONFIGS))
AHEAD = pytest.mark.parametrize("config", list(CONFIGS.values())[1:], ids=list(CONFIGS)[1:])


def rows(config: Seq2SeqConfig, *, told: bool) -> np.ndarray:
    values = normal((5, config.length + config.lead, config.targets + config.exog), dtype="float32")
    if not told:
        values[:, config.length :, : config.targets] = np.nan
    return values


@EACH
def test_shapes_and_config_round_trip(config: Seq2SeqConfig) -> None:
    network = config.build()
    assert network.input_shape == (None, config.window + config.lead, config.targets + config.exog)
    assert network.output_shape == (None, config.steps, config.targets)
    assert Seq2SeqConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@EACH
def test_network_starts_at_its_linear_path(config: Seq2SeqConfig) -> None:
    if config.window_norm or not config.linear:
        config = replace(config, window_norm=False, linear=True)
    network, inputs = config.build(), rows(config, told=False)
    linear = DirectLinear(config.horizon, targets=config.targets)
    linear.build(inputs.shape)
    linear.set_weights([to_numpy(w) for w in network.get_layer("linear").weights])
    same(evaluate(network, inputs), linear(inputs), rtol=1e-5)


@AHEAD
@pytest.mark.parametrize("told", [True, False])
def test_a_step_sees_what_is_known_by_then_and_nothing_later(config: Seq2SeqConfig, told: bool) -> None:
    """Row L-1+h holds (y_{t+h-1}, x_{t+h}): changing it leaves the steps before h as they were."""
    network, inputs = config.build(), rows(config, told=told)
    randomize(network)
    before = evaluate(network, inputs)
    for step in range(1, config.horizon):
        changed = inputs.copy()
        changed[:, config.length - 1 + step] += 1.0
        after = evaluate(network, changed)
        np.testing.assert_array_equal(after[:, :step], before[:, :step])
        if told or config.exog:
            assert np.abs(after[:, step] - before[:, step]).min() > 0


@AHEAD
def test_a_free_run_is_teacher_forcing_with_its_own_forecasts(config: Seq2SeqConfig) -> None:
    network, free = config.build(), rows(config, told=False)
    randomize(network)
    run = evaluate(network, free)
    told = free.copy()
    told[:, config.length :, : config.targets] = run[:, :-1]
    same(evaluate(network, told), run, rtol=1e-5, atol=1e-5)
    assert np.abs(evaluate(network, rows(config, told=True)) - run).max() > 1e-3


def test_normalised_windows_follow_shift_and_scale() -> None:
    config = replace(CONFIGS["additive"], exog=0)
    network = config.build()
    randomize(network)
    y = 10 * rows(config, told=True)
    same(evaluate(network, 500 + 20 * y), 500 + 20 * evaluate(network, y), rtol=1e-4)


@pytest.mark.parametrize("name", ["additive", "multiplicative"])
def test_the_reader_gives_the_weights_of_the_window(name: str) -> None:
    config = CONFIGS[name]
    network = config.build()
    randomize(network)
    weights = evaluate(attention_reader(network, config.targets), rows(config, told=False))
    assert weights.shape == (5, config.horizon, config.length) and (weights > 0).all()
    same(weights.sum(axis=2), np.ones((5, config.horizon)))


def test_a_file_gives_the_same_network(tmp_path) -> None:
    config = CONFIGS["additive"]
    network, inputs = config.build(), rows(config, told=False)
    randomize(network)
    same(evaluate(reload(network, tmp_path), inputs), evaluate(network, inputs))


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (dict(cell="grü"), ValueError, "cell: must be one of .*'gru'"),
        (dict(attention="self"), ValueError, "attention: must be one of None, 'additive', 'multiplicative'"),
        (dict(context="last"), ValueError, "context: must be one of 'first', 'every'"),
        (dict(horizon=0), ValueError, "horizon: must be a whole number of at least 1; received 0"),
    ],
)
def test_errors_name_argument_allowed_and_received(options, error, words) -> None:
    with pytest.raises(error, match=words):
        Seq2SeqConfig(**options)


@pytest.mark.parametrize("cell", some(CELLS, "gru", "lstm"))
def test_every_cell_encodes_and_decodes(cell: str) -> None:
    config = Seq2SeqConfig(length=2, horizon=2, units=2, cell=cell, attention="multiplicative")
    check_all_matter(config.build(), rows(config, told=False), shape=(5, 2, 1))
