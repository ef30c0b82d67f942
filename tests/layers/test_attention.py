"""Attention is its equation, what Keras computes, and blind to what is masked or ahead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from forecast.layers import AdditiveAttention, MultiHeadAttention, MultiplicativeAttention
from tests.checks import check_layer, normal, randomize, same, to_numpy

pytestmark = pytest.mark.backend

LAYERS: dict[str, Callable[..., keras.layers.Layer]] = {
    "additive": lambda **o: AdditiveAttention(4, **o),
    "general": lambda **o: MultiplicativeAttention(**o),
    "dot": lambda **o: MultiplicativeAttention(form="dot", **o),
    "scaled": lambda **o: MultiplicativeAttention(form="scaled", **o),
    "heads": lambda **o: MultiHeadAttention(heads=2, **o),
    "causal heads": lambda **o: MultiHeadAttention(heads=2, head_units=3, causal=True, **o),
}
EACH = pytest.mark.parametrize("make", LAYERS.values(), ids=list(LAYERS))
QUERY = normal((3, 5, 4), dtype="float32")
MEMORY = normal((3, 7, 4), seed=1, dtype="float32")


def built(make: Callable[..., keras.layers.Layer]) -> keras.layers.Layer:
    layer = make()
    layer(QUERY, QUERY)
    randomize(layer)
    return layer


def scores_of(layer: keras.layers.Layer, query: np.ndarray, memory: np.ndarray) -> np.ndarray:
    """e_ij pair by pair, with plain loops."""
    weights = {variable.name: to_numpy(variable) for variable in layer.weights}
    scores = np.empty((len(query), query.shape[1], memory.shape[1]))
    for b, i, j in np.ndindex(*scores.shape):
        q, m = query[b, i], memory[b, j]
        if isinstance(layer, AdditiveAttention):
            hidden = np.tanh(q @ weights["query_kernel"] + m @ weights["key_kernel"])
            scores[b, i, j] = (hidden @ weights["score_kernel"])[0]
        else:
            scores[b, i, j] = m @ weights["kernel"] @ q if layer.form == "general" else m @ q
            scores[b, i, j] /= np.sqrt(4) if layer.form == "scaled" else 1.0
    return scores


@pytest.mark.parametrize("name", ["additive", "general", "dot", "scaled"])
def test_layer_is_its_equation(name: str) -> None:
    layer = built(LAYERS[name])
    scores = scores_of(layer, QUERY, MEMORY)
    weights = np.exp(scores) / np.exp(scores).sum(axis=2, keepdims=True)
    context, given = layer(QUERY, MEMORY, return_attention_scores=True)
    same(given, weights, rtol=1e-5, atol=1e-6)
    same(context, np.einsum("bij,bjm->bim", weights, MEMORY), rtol=1e-5, atol=1e-5)


def test_additive_attention_without_projections_is_that_of_keras() -> None:
    layer, theirs = built(LAYERS["additive"]), keras.layers.AdditiveAttention()
    theirs.build([QUERY.shape, MEMORY.shape])
    v = normal((4,), seed=2, dtype="float32")
    theirs.set_weights([v])
    layer.set_weights([np.eye(4), np.eye(4), v[:, None]])
    mask = np.arange(7) > np.array([[0], [3], [-1]])
    expected = theirs([QUERY, MEMORY], mask=[None, mask], return_attention_scores=True)
    same(layer(QUERY, MEMORY, mask=mask, return_attention_scores=True), expected)


def test_dot_attention_is_that_of_keras() -> None:
    expected = keras.layers.Attention()([QUERY, MEMORY], return_attention_scores=True)
    same(LAYERS["dot"]()(QUERY, MEMORY, return_attention_scores=True), expected)


@pytest.mark.parametrize("causal", [False, True])
def test_multi_head_attention_is_that_of_keras(causal: bool) -> None:
    theirs = keras.layers.MultiHeadAttention(2, 3, use_bias=False)
    layer = MultiHeadAttention(heads=2, head_units=3, causal=causal)
    memory = QUERY if causal else MEMORY
    theirs(QUERY, memory), layer(QUERY, memory)
    kernels = [normal(shape, seed=k, dtype="float32") for k, shape in enumerate([(4, 6)] * 3 + [(6, 4)])]
    layer.set_weights(kernels)
    query, key, value, out = kernels
    theirs.set_weights([*(w.reshape(4, 2, 3) for w in (query, key, value)), out.reshape(2, 3, 4)])
    mask = np.ones(memory.shape[:2], bool)
    mask[1, 4:] = False
    expected = theirs(
        QUERY, memory, attention_mask=mask[:, None], use_causal_mask=causal, return_attention_scores=True
    )
    same(layer(QUERY, memory, mask=mask, return_attention_scores=True), expected, rtol=1e-5, atol=1e-5)


@EACH
def test_weights_of_a_row_are_positive_and_sum_to_one(make) -> None:
    _, weights = built(make)(QUERY, return_attention_scores=True)
    assert (to_numpy(weights) >= 0).all()
    same(keras.ops.sum(weights, axis=-1), np.ones(weights.shape[:-1]))


@EACH
def test_a_masked_memory_is_the_trimmed_memory(make) -> None:
    layer, mask = built(make), np.arange(5) < np.full((3, 1), 4)
    masked, weights = layer(QUERY, mask=mask, return_attention_scores=True)
    same(masked[:, :4], layer(QUERY[:, :4]))
    assert not to_numpy(weights)[..., 4:].any()


@EACH
def test_a_memory_of_which_nothing_may_be_read_gives_zero(make) -> None:
    assert not to_numpy(built(make)(QUERY, mask=np.zeros((3, 5), bool))).any()


def test_nothing_after_t_touches_a_causal_output_at_t() -> None:
    layer = built(LAYERS["causal heads"])
    spoiled = QUERY.copy()
    spoiled[:, 3:] = 100.0
    before, after = to_numpy(layer(QUERY)), to_numpy(layer(spoiled))
    np.testing.assert_array_equal(before[:, :3], after[:, :3])
    assert np.abs(before[:, 3:] - after[:, 3:]).max() > 1


@pytest.mark.parametrize("name", ["additive", "general", "dot", "scaled", "causal heads"])
def test_check_layer(name: str, tmp_path) -> None:
    check_layer(LAYERS[name], input_shape=(3, 5, 4), output_shape=(3, 5, 4), folder=tmp_path)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: AdditiveAttention(0), ValueError, "units: must be a whole number of at least 1"),
        (lambda: MultiplicativeAttention(form="cosine"), ValueError, "form: must be one of 'general', 'dot'"),
        (lambda: MultiplicativeAttention(form="dot")(QUERY, MEMORY[..., :2]), ValueError, "as wide as the"),
        (lambda: MultiHeadAttention(heads=1.5), TypeError, "heads: .*1.5 of type float"),
        (
            lambda: MultiHeadAttention(heads=3)(QUERY),
            ValueError,
            "heads: must be a divisor of the 4 features",
        ),
    ],
)
def test_errors_name_argument_allowed_and_received(call, error, words) -> None:
    with pytest.raises(error, match=words):
        call()


def wide(tensors: Any) -> list[np.ndarray]:
    return [to_numpy(keras.ops.cast(tensor, "float32")) for tensor in keras.tree.flatten(tensors)]


@EACH
@pytest.mark.parametrize("dtype", ["mixed_float16", "bfloat16"])
def test_half_precision_compares_large_rows_and_long_memories(make, dtype: str) -> None:
    """Products of numbers around 1000 overflow in float16, and bfloat16 cannot count 600 rows."""
    x = np.float32(1000) + 400 * normal((1, 600, 4), dtype="float32")
    layer, single = make(dtype=dtype), built(make)
    layer.build(x.shape)
    layer.set_weights(single.get_weights())
    y, weights = wide(layer(x, return_attention_scores=True))
    assert np.isfinite(y).all() and (np.abs(y) < 1e4).all()
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=0.02)


@EACH
def test_a_record_of_which_nothing_may_be_read_has_no_weights(make) -> None:
    mask = np.zeros(QUERY.shape[:2], bool)
    for dtype in ("float32", "mixed_float16"):
        _, weights = wide(make(dtype=dtype)(QUERY, mask=mask, return_attention_scores=True))
        assert not weights.any()


def test_masked_rows_stay_unread_beside_scores_of_any_size() -> None:
    x = np.array([[[-1e6], [1e6], [1e6]]], "float32")
    _, weights = LAYERS["dot"]()(
        x[:, :1], x, mask=np.array([[False, True, True]]), return_attention_scores=True
    )
    same(weights, np.array([[[0.0, 0.5, 0.5]]]))
